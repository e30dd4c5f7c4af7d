"""Stand-ins for the eyes: they see what they are told, or what is plainly coloured, and follow it simply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.clock import Micros
from core.errors import Invalid
from core.media import Frame
from core.place import Box
from core.sight import Detection, Sighting


class FakeDetector:
    """Sees a script: at each frame, the detections written for its moment (none where nothing is written).

    Without a script it sees one thing per frame: whatever is brighter than mid-grey.
    """

    def __init__(
        self,
        script: Mapping[Micros, Sequence[Detection]] | None = None,
        *,
        labels: Sequence[str] = ("thing",),
    ) -> None:
        self._script = script
        self._labels = frozenset(labels) | {d.label for ds in (script or {}).values() for d in ds}

    @property
    def name(self) -> str:
        """Says that it is not real."""
        return "fake-detector/1"

    @property
    def vocabulary(self) -> frozenset[str]:
        """The labels of its script."""
        return frozenset(self._labels)

    @property
    def needs_fixed(self) -> frozenset[str]:
        """None: it judges each frame by itself."""
        return frozenset()

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """The script's detections, or the bright region."""
        if self._script is not None:
            return [list(self._script.get(frame.at, ())) for frame in frames]
        return [self._bright(frame) for frame in frames]

    def reset(self) -> None:
        """It remembers nothing of the scene."""

    def _bright(self, frame: Frame) -> list[Detection]:
        ys, xs = np.nonzero(frame.picture.mean(axis=2) > 128)
        if not len(xs):
            return []
        box = Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
        label = min(self._labels)
        return [Detection(label=label, box=box.scaled(frame.scale), score=0.9, source=self.name)]


class FakeFinder:
    """Finds whatever is brighter than mid-grey, under the first word asked for."""

    @property
    def name(self) -> str:
        """Says that it is not real."""
        return "fake-finder/1"

    def find(self, frames: Sequence[Frame], words: Sequence[str], /) -> list[list[Detection]]:
        """The bright region of each frame."""
        wanted = [word.strip().lower() for word in words if word.strip()]
        if not wanted:
            raise Invalid("nothing was asked for", next_step="say what to find")
        return [
            [replace(d, label=wanted[0], source=self.name) for d in found]
            for found in FakeDetector().detect(frames)
        ]


class FakeTracker:
    """Follows by overlap alone: a box is the track whose last box it overlaps most; else a new track, sure at once."""

    def __init__(self) -> None:
        self._last: dict[int, Box] = {}
        self._next = 1
        self._at: Micros = -1

    def update(self, detections: Sequence[Detection], at: Micros, /) -> list[Sighting]:
        """One sighting per detection; a moment that does not grow is passed over."""
        if at <= self._at:
            return []
        self._at = at
        free = dict(self._last)
        found = []
        for detection in detections:
            number = max(free, key=lambda n: free[n].iou(detection.box), default=0)
            if number == 0 or free[number].iou(detection.box) == 0:
                number, self._next = self._next, self._next + 1
            free.pop(number, None)
            self._last[number] = detection.box
            found.append(
                Sighting(
                    number=number, at=at, label=detection.label, box=detection.box, score=detection.score
                )
            )
        return sorted(found, key=lambda s: s.number)
