"""Finds what moves, or came and rests, before a fixed camera: needs no weights and cannot name what it finds."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from core.colour import appearance
from core.media import Frame
from core.place import Box
from core.sight import THING, Detection
from models.detect.background import Background, Changed, Mask, Plane, Views

LEAST_AREA = 5e-4
"""The least part of the picture a thing must cover."""
MOST_AREA = 0.75
SEED_LOOKS = 24
"""At most this many pictures of the first call are used to learn the background."""


class MotionDetector:
    """Regions that differ from a learned background, as boxes with the label `thing`. Stateful, picklable.

    The first call's frames seed the background: handed a second or two of pictures at once, it knows what stood
    behind the things that were moving from the start. A scene cut needs `reset` or a fresh detector.
    """

    def __init__(self) -> None:
        self._background = Background()
        self._upset = False
        self.mask: Mask | None = None
        """What differs in the latest frame (0 or 255), shrunk; None before the first and while the view is upset."""
        self.strength: Plane | None = None
        """By how many thresholds each pixel of the latest frame differs, shrunk likewise."""

    @property
    def name(self) -> str:
        """The method and its version."""
        return "motion/1"

    @property
    def ready(self) -> bool:
        """Whether it has a background to compare with."""
        return self._background.ready

    @property
    def vocabulary(self) -> frozenset[str]:
        """It sees things and names none; while the camera or the light changes all over, it sees nothing."""
        return frozenset() if self._upset else frozenset({THING})

    @property
    def needs_fixed(self) -> frozenset[str]:
        """All: from a moving camera the whole scene moves."""
        return frozenset({THING})

    def reset(self) -> None:
        """Starts afresh, as after a scene cut."""
        self.__init__()  # type: ignore[misc]

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """Detections per frame; boxes in source pixels. The score tells how plainly the region differs (0.5 to 0.95)."""
        self.prepare(frames)
        return [self._detect(frame) for frame in frames]

    def prepare(self, frames: Sequence[Frame]) -> None:
        """Learns the background from frames about to be looked at, if it knows none yet."""
        if frames and not self._background.ready:
            step = max(1, len(frames) // SEED_LOOKS)
            self._background.seed([f.picture for f in frames[::step]], frames[0].at)

    def keep(self, boxes: Sequence[Box], frame: Frame) -> None:
        """Known things are in these boxes (source pixels) of the latest frame: their places are not learned."""
        self._background.keep(self._shrunk(boxes, frame))

    def forget(self, boxes: Sequence[Box], frame: Frame) -> None:
        """What was in these boxes (source pixels) has left: the latest frame shows what stood behind it."""
        self._background.forget(self._shrunk(boxes, frame))

    @property
    def views(self) -> Views | None:
        """The latest picture and the remembered one as they are compared; None while there is nothing to compare."""
        return None if self._upset else self._background.views

    def _shrunk(self, boxes: Sequence[Box], frame: Frame) -> list[Box]:
        """Boxes in source pixels as boxes in the picture compared."""
        if self.mask is None:
            return []
        across = self.mask.shape[1] / (frame.width * frame.scale)
        down = self.mask.shape[0] / (frame.height * frame.scale)
        return [Box(b.x1 * across, b.y1 * down, b.x2 * across, b.y2 * down) for b in boxes]

    def _detect(self, frame: Frame) -> list[Detection]:
        changed = self._background.compare(frame.picture, frame.at)
        self.mask = None if changed.upset else changed.mask
        self.strength = None if changed.upset else changed.strength
        self._upset = changed.upset
        boxes = joined(boxes_of(changed.mask))
        if len(boxes) > 120:
            return []
        return [d for box in boxes if (d := self._detection(frame, changed, box)) is not None]

    def _detection(self, frame: Frame, changed: Changed, box: tuple[int, int, int, int]) -> Detection | None:
        left, top, right, bottom = box
        inside = changed.mask[top:bottom, left:right] > 0
        count = int(np.count_nonzero(inside))
        part = count / changed.mask.size
        if not LEAST_AREA <= part <= MOST_AREA or min(right - left, bottom - top) < 3:
            return None
        plain = float(np.mean(np.minimum(changed.strength[top:bottom, left:right][inside], 4.0)))
        across = frame.width / changed.mask.shape[1]
        down = frame.height / changed.mask.shape[0]
        return Detection(
            label=THING,
            box=Box(left * across, top * down, right * across, bottom * down).scaled(frame.scale),
            score=float(np.clip(0.45 + plain / 8, 0.5, 0.95)),
            source="motion",
            appearance=appearance(changed.picture[top:bottom, left:right], inside),
        )


def boxes_of(mask: Mask) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of each connected region, specks left out."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    least = mask.size * LEAST_AREA / 4
    return [(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, area in stats[1:] if area >= least]


def joined(boxes: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """The boxes with the fragments of one thing put together: a much smaller piece right above, below or inside."""
    todo = sorted(boxes, key=lambda b: -(b[2] - b[0]) * (b[3] - b[1]))
    out: list[tuple[int, int, int, int]] = []
    for box in todo:
        for i, other in enumerate(out):
            if _belongs(box, other):
                out[i] = (
                    min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3])
                )  # fmt: skip
                break
        else:
            out.append(box)
    return out


def _belongs(small: tuple[int, int, int, int], large: tuple[int, int, int, int]) -> bool:
    area = (small[2] - small[0]) * (small[3] - small[1])
    big = (large[2] - large[0]) * (large[3] - large[1])
    across = min(small[2], large[2]) - max(small[0], large[0])
    down = min(small[3], large[3]) - max(small[1], large[1])
    if across > 0 and down > 0 and across * down > 0.6 * area:
        return True
    if area > 0.5 * big or across < 0.6 * (small[2] - small[0]):
        return False
    return -down <= 0.12 * (large[3] - large[1])
