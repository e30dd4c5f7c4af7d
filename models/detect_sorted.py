"""Motion that is given names: what moves, or came and rests, sorted into a few kinds. The default without weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.media import Frame
from core.sight import THING, Detection
from models.detect_motion import MotionDetector
from models.sorter import LEAST_SIDE, Sorter, cut_out, own_sorter


class SortedDetector:
    """What the motion detector finds, called by its kind where the sorter is sure and `thing` where not.

    Stateful as the motion detector is, and picklable.
    """

    def __init__(self, motion: MotionDetector | None = None, sorter: Sorter | None = None) -> None:
        self._motion = motion or MotionDetector()
        self._sorter = sorter or own_sorter()

    @property
    def name(self) -> str:
        """Both methods and their versions."""
        return f"{self._motion.name}+{self._sorter.name}"

    @property
    def vocabulary(self) -> frozenset[str]:
        """The kinds it tells apart, and `thing`."""
        return (frozenset(self._sorter.classes) - {"other"}) | {THING}

    def reset(self) -> None:
        """Forgets the scene, as after a cut."""
        self._motion.reset()

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """Detections per frame; boxes in source pixels. A named one's score is the probability of its name."""
        self._motion.prepare(frames)
        return [self._named(frame, self._motion.detect([frame])[0]) for frame in frames]

    def _named(self, frame: Frame, found: list[Detection]) -> list[Detection]:
        boxes = [d.box.scaled(1 / frame.scale) for d in found]
        plain = [i for i, box in enumerate(boxes) if min(box.width, box.height) >= LEAST_SIDE]
        regions = [cut_out(frame.picture, self._motion.mask, boxes[i]) for i in plain]
        out = list(found)
        for i, kind in zip(plain, self._sorter.sort(regions), strict=True):
            if kind is not None:
                label, score = kind
                out[i] = replace(found[i], label=label, score=score, source="motion+sorter")
        return out

    def __getstate__(self) -> dict[str, Any]:
        shipped = self._sorter is own_sorter()
        return {"_motion": self._motion, "_sorter": None if shipped else self._sorter}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._sorter = state["_sorter"] or own_sorter()
