"""Large pictures as models can see them: once whole, and in overlapping parts at full size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.media import Picture
from core.place import Box

SIDE = 1024
"""Pixels of the longer side that models are sent: more is made smaller and lost."""
LARGE = 1.5
"""A picture is shown in parts from this many times `SIDE` on."""
OVERLAP = 0.15
"""Share of a part that its neighbour shows too: what one cuts through the other shows whole."""
MOST_PARTS = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A picture or a part of it: its pixels, and where in the whole picture it lies."""

    picture: Picture
    left: int = 0
    top: int = 0
    whole: bool = True

    def box_of(self, box: list[int], grid: int) -> Box | None:
        """A box in `grid`ths of this view as a box in pixels of the whole picture; None where it has no size."""
        height, width = self.picture.shape[:2]
        x1, x2 = sorted((box[0] * width / grid, box[2] * width / grid))
        y1, y2 = sorted((box[1] * height / grid, box[3] * height / grid))
        if x2 - x1 < 1 or y2 - y1 < 1:
            return None
        return Box(x1 + self.left, y1 + self.top, x2 + self.left, y2 + self.top)


def views_of(picture: Picture) -> list[View]:
    """The picture whole and, where it is large, its parts in reading order."""
    height, width = picture.shape[:2]
    views = [View(picture=picture)]
    if max(height, width) <= LARGE * SIDE:
        return views
    side = SIDE
    while _count(width, side) * _count(height, side) > MOST_PARTS:
        side = math.ceil(side * 1.1)
    for top in _starts(height, side):
        for left in _starts(width, side):
            part = np.ascontiguousarray(picture[top : top + side, left : left + side])
            views.append(View(picture=part, left=left, top=top, whole=False))
    return views


def _count(length: int, side: int) -> int:
    return 1 if length <= side else math.ceil((length - side) / (side * (1 - OVERLAP))) + 1


def _starts(length: int, side: int) -> list[int]:
    """Where parts begin: the first at 0, the last at the end, evenly between."""
    count = _count(length, side)
    return [round(n * (length - side) / (count - 1)) for n in range(count)] if count > 1 else [0]
