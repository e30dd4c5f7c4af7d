"""What all detectors that name things share: whole pictures, tiles of large ones, regions pointed at, and one box a thing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import cv2
import numpy as np

from core.media import Frame, Picture
from core.place import Box
from core.sight import Detection
from models.detect.onnx_families import Raw

Region = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the picture looked at."""

SAME_THING = 0.7
"""Overlap (IoU) from which on two boxes with different labels are one thing: the surer name stays."""
CUT = 2.0
"""A box that comes this near (pixels) to an edge where a region was cut out of the picture shows a part of a thing."""
USUAL = 0.35
"""Least score reported unless told otherwise."""
AT_ONCE = 8
"""Pictures handed to a network at once: what more of them would save is little, and memory is not."""


class NamingDetector(ABC):
    """A network that names things. Its subclasses say how pictures become boxes; it remembers nothing of the scene.

    `side` is the input's longest side, `threshold` the least score reported, `nms_iou` the overlap from which on two boxes
    of one label are one thing. A picture more than `tile_above` times as large as the input is looked at whole and in
    overlapping tiles, so that small things are not lost by shrinking.
    """

    def __init__(
        self,
        classes: tuple[str, ...],
        source: str,
        *,
        side: int,
        threshold: float = USUAL,
        nms_iou: float,
        tile_above: float,
    ) -> None:
        self._classes, self._source, self._side = classes, source, side
        self._threshold, self._nms_iou, self._tile_above = threshold, nms_iou, tile_above

    @property
    @abstractmethod
    def name(self) -> str:
        """Model and version."""

    @property
    def settings(self) -> str:
        """What was set otherwise than usual, as a part of the name: other settings see other things."""
        return "" if self._threshold == USUAL else f"/{self._threshold:g}"

    @abstractmethod
    def see(self, pictures: Sequence[Picture]) -> list[Raw]:
        """What is in each picture: boxes in its own pixels, scores from the threshold on, numbers into the classes."""

    @property
    def vocabulary(self) -> frozenset[str]:
        """The labels it was trained on."""
        return frozenset(name for name in self._classes if name)

    @property
    def needs_fixed(self) -> frozenset[str]:
        """None: it judges each picture by itself."""
        return frozenset()

    def reset(self) -> None:  # noqa: B027 - there is nothing to forget
        """It remembers nothing of the scene."""

    def __deepcopy__(self, memo: object) -> Self:
        """Itself: it remembers nothing that a copy would have to keep apart, and its network is large."""
        return self

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """Detections per frame, best first; boxes in source pixels, cut at the picture's edges."""
        return self.look_into(frames, [self.regions(frame) for frame in frames])

    def look_into(
        self, frames: Sequence[Frame], regions: Sequence[Sequence[Region]]
    ) -> list[list[Detection]]:
        """Detections per frame within its regions, each seen at full size and all together in as few runs as can be."""
        crops = [
            f.picture[y1:y2, x1:x2]
            for f, mine in zip(frames, regions, strict=True)
            for x1, y1, x2, y2 in mine
        ]
        seen: list[Raw] = []
        for start in range(0, len(crops), AT_ONCE):
            seen += self.see(crops[start : start + AT_ONCE])
        coming = iter(seen)
        return [
            self._merged(frame, [(region, next(coming)) for region in mine])
            for frame, mine in zip(frames, regions, strict=True)
        ]

    def regions(self, frame: Frame) -> list[Region]:
        """What a full look looks at: the whole picture first and, of a large one, its tiles."""
        whole: list[Region] = [(0, 0, frame.width, frame.height)]
        if max(frame.width, frame.height) > self._tile_above * self._side:
            whole += tiles(frame.width, frame.height, round(self._side * 1.5))
        return whole

    def _merged(self, frame: Frame, seen: Sequence[tuple[Region, Raw]]) -> list[Detection]:
        if not seen:
            return []
        placed = [_placed(raw, region, (frame.width, frame.height)) for region, raw in seen]
        boxes, scores, classes = (np.concatenate(part) for part in zip(*placed, strict=True))
        limit = np.array([frame.width, frame.height, frame.width, frame.height], np.float32)
        found = []
        for index in self._kept(Raw(boxes, scores, classes)):
            label = self._classes[classes[index]]
            x1, y1, x2, y2 = (float(v) for v in np.clip(boxes[index], 0, limit))
            if not label or x2 - x1 < 1 or y2 - y1 < 1:
                continue
            box = Box(x1, y1, x2, y2).scaled(frame.scale)
            score = min(1.0, float(scores[index]))
            found.append(Detection(label=label, box=box, score=score, source=self._source))
        return sorted(found, key=lambda d: -d.score)

    def _kept(self, raw: Raw) -> list[int]:
        """The boxes that are things of their own, by OpenCV's non-maximum suppression."""
        if not len(raw.boxes):
            return []
        sized = np.column_stack([raw.boxes[:, :2], raw.boxes[:, 2:] - raw.boxes[:, :2]])
        numbers = (raw.scores.tolist(), raw.classes.tolist())
        by_class = cv2.dnn.NMSBoxesBatched(sized.tolist(), *numbers, self._threshold, self._nms_iou)
        kept = np.asarray(by_class, dtype=int).ravel()
        # one thing called by two names is one thing
        alone = cv2.dnn.NMSBoxes(sized[kept].tolist(), raw.scores[kept].tolist(), self._threshold, SAME_THING)
        return [int(i) for i in kept[np.asarray(alone, dtype=int).ravel()]]


def _placed(raw: Raw, region: Region, size: tuple[int, int]) -> Raw:
    """The boxes in pixels of the picture; those cut off at an edge that is not the picture's own are left out."""
    left, top, right, bottom = region
    b = raw.boxes
    whole = np.ones(len(b), np.bool_)
    if left > 0:
        whole &= b[:, 0] > CUT
    if top > 0:
        whole &= b[:, 1] > CUT
    if right < size[0]:
        whole &= b[:, 2] < right - left - CUT
    if bottom < size[1]:
        whole &= b[:, 3] < bottom - top - CUT
    return Raw(b[whole] + np.array([left, top, left, top], np.float32), raw.scores[whole], raw.classes[whole])


def tiles(width: int, height: int, side: int, *, overlap: float = 0.2) -> list[Region]:
    """Squares of at most `side` pixels that cover the picture evenly, neighbours sharing `overlap` of their side."""

    def starts(length: int) -> list[int]:
        if length <= side:
            return [0]
        count = int(np.ceil((length - side) / (side * (1 - overlap)))) + 1
        return [round(i * (length - side) / (count - 1)) for i in range(count)]

    return [
        (x, y, min(x + side, width), min(y + side, height)) for y in starts(height) for x in starts(width)
    ]
