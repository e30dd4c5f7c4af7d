"""Two eyes together: a detector that names things, and motion for what it cannot name."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from core.clock import SECOND, Micros
from core.colour import appearance
from core.media import Frame
from core.place import Box
from core.sight import Detection
from models.background import Mask
from models.detect_motion import MotionDetector
from models.detect_naming import NamingDetector, Region

FULL_EVERY: Micros = 2 * SECOND
"""How often all tiles of a large picture are looked at, whether something moves in them or not."""
EXPLAINED = 0.4
"""A moving region of which named boxes cover this part is what they name; so is one that is mostly inside one."""
WITHIN = 0.6
"""A named box of which this part is in a region is in it."""
THEIRS = 0.5
"""A region round named boxes is theirs, too, where so much of what differs in it lies in them: between and beside them
lies what belongs to neither, such as shadows and where somebody stood when the background was learned."""
MOVING = 0.2
"""A named box of whose pixels this part differs from the background is a thing that came; its source then says motion too."""


class CombinedDetector:
    """What the naming detector finds, and besides every moving region that no named box explains, as a `thing`."""

    def __init__(self, naming: NamingDetector, motion: MotionDetector) -> None:
        self._naming, self._motion = naming, motion
        self._full_at: Micros | None = None
        self._named: list[Detection] = []
        self._beside: ThreadPoolExecutor | None = None

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self._naming.name}+{self._motion.name}"

    @property
    def vocabulary(self) -> frozenset[str]:
        """What either can say."""
        return self._naming.vocabulary | self._motion.vocabulary

    @property
    def needs_fixed(self) -> frozenset[str]:
        """What only motion can say."""
        return self._motion.needs_fixed - self._naming.vocabulary

    def reset(self) -> None:
        """Forgets the scene, as after a cut."""
        self._motion.reset()
        self._full_at, self._named = None, []

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """Detections per frame; named ones first."""
        self._motion.prepare(frames)
        return [self._look(frame) for frame in frames]

    def _look(self, frame: Frame) -> list[Detection]:
        regions = self._naming.regions(frame)
        if len(regions) > 1:
            (moving,) = self._motion.detect([frame])
            named = self._in_tiles(frame, regions, [d.box.scaled(1 / frame.scale) for d in moving])
        else:
            # both let go of the interpreter while they work, so a second core halves the wait
            if self._beside is None:
                self._beside = ThreadPoolExecutor(1, thread_name_prefix="naming")
            asked = self._beside.submit(self._naming.detect, [frame])
            (moving,) = self._motion.detect([frame])
            (named,) = asked.result()
        return [dressed(frame, d, self._motion.mask) for d in named] + unexplained(moving, named)

    def _in_tiles(self, frame: Frame, regions: Sequence[Region], moving: Sequence[Box]) -> list[Detection]:
        """Looks at the whole of a large picture and at the tiles in which something moves; at all of them after a cut and
        every so often. What was found in a tile that is left out is still there: nothing moved.
        """
        if self._full_at is None or frame.at - self._full_at >= FULL_EVERY:
            self._full_at = frame.at
            (named,) = self._naming.look_into([frame], [regions])
        else:
            whole, *tiles = regions
            chosen = [t for t in tiles if any(Box(*t).overlap(box) > 0 for box in moving)]
            looked = [Box(*t).scaled(frame.scale) for t in chosen]
            left_out = [Box(*t).scaled(frame.scale) for t in tiles if t not in chosen]
            (named,) = self._naming.look_into([frame], [[whole, *chosen]])
            still = [d for d in self._named if not _mostly_in(d.box, looked) and _mostly_in(d.box, left_out)]
            named = [d for d in named if _mostly_in(d.box, looked) or not _mostly_in(d.box, left_out)] + still
        self._named = named
        return named

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_beside": None}


def dressed(frame: Frame, found: Detection, moving: Mask | None) -> Detection:
    """The detection with its appearance, taken from its moving pixels where enough of the box moves; `moving` may be
    smaller than the picture.
    """
    box = found.box.scaled(1 / frame.scale)
    y, x = slice(int(box.y1), int(np.ceil(box.y2))), slice(int(box.x1), int(np.ceil(box.x2)))
    crop = frame.picture[y, x]
    if not crop.size:
        return found
    mask, source = None, found.source
    if moving is not None:
        inside = (
            cv2.resize(part_of(moving, box, frame), crop.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
        )
        if inside.mean() > MOVING:
            mask, source = inside, f"{found.source}+motion"
    return replace(found, source=source, appearance=appearance(crop, mask))


def part_of(plane: Mask, box: Box, frame: Frame) -> Mask:
    """The part of a plane, which may be smaller than the frame's picture, under a box in picture pixels."""
    across, down = plane.shape[1] / frame.width, plane.shape[0] / frame.height
    return plane[
        int(box.y1 * down) : int(np.ceil(box.y2 * down)), int(box.x1 * across) : int(np.ceil(box.x2 * across))
    ]


def _mostly_in(box: Box, tiles: Sequence[Box]) -> bool:
    return any(box.overlap(tile) > 0.5 * box.area for tile in tiles)


def unexplained(moving: Sequence[Detection], named: Sequence[Detection]) -> list[Detection]:
    """The moving regions that are nothing a named box shows: not covered by them, and no rim or shadow of one."""
    return [m for m in moving if not _explained(m.box, [n.box for n in named])]


def not_mostly(
    moving: Sequence[Detection], named: Sequence[Detection], differs: Mask | None, frame: Frame
) -> list[Detection]:
    """The moving regions, less those of which what `differs` is mostly in the boxes of named things within them."""
    return [
        m
        for m in moving
        if differs is None or not _mostly_theirs(m.box, [n.box for n in named], differs, frame)
    ]


def _mostly_theirs(region: Box, boxes: Sequence[Box], differs: Mask, frame: Frame) -> bool:
    inside = [b for b in boxes if b.overlap(region) > WITHIN * b.area]
    if not inside:
        return False
    rest = differs.copy()
    count = np.count_nonzero(part_of(differs, region.scaled(1 / frame.scale), frame))
    for box in inside:
        part_of(rest, box.scaled(1 / frame.scale), frame)[:] = 0
    left = np.count_nonzero(part_of(rest, region.scaled(1 / frame.scale), frame))
    return bool(left < (1 - THEIRS) * count)


def _explained(region: Box, boxes: Sequence[Box]) -> bool:
    near = [b for b in boxes if b.overlap(region) > 0]
    if not near:
        return False
    if sum(b.overlap(region) for b in near) > EXPLAINED * region.area:
        return True
    # a shadow, a reflection or a limb that sticks out touches its owner and is smaller than it
    return any(region.area < b.area and b.overlap(region) > 0.1 * region.area for b in near)
