"""Tiles of large pictures: which parts are handed on finer than the look itself, so that what is small in them is not lost."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from ingest.decode.gate import SMALLEST
from ingest.decode.picture import fitted
from ingest.decode.sample import AFTERGLOW

FINER = 3
"""By how many times a tile is finer than the look, at most: of a 4K picture looked at in 640 pixels, half its own size."""
OVERLAP = 0.2
"""Which part of its side a tile shares with its neighbour: what is that small is whole in one of them."""
BEAT: Micros = 4 * SECOND
"""Every tile is handed on at least so often, moved or not: what stands behind things changes with the light."""

Mask = npt.NDArray[np.bool_]


class Part(NamedTuple):
    """A tile's place in the fine picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int


class Tiling:
    """The tiles of one stream: overlapping parts of its picture, each as large as a look, and when each is due."""

    def __init__(self, size: tuple[int, int], longest: int) -> None:
        self.size = fitted(size, FINER * longest)
        """Width and height of the fine picture that the tiles are cut out of."""
        self.scale = max(size) / max(self.size)
        """Source pixels a pixel of it."""
        width, height = fitted(self.size, longest)
        self.parts = [
            Part(left, top, width, height)
            for top in _starts(self.size[1], height)
            for left in _starts(self.size[0], width)
        ]
        self._stirred: list[Micros | None] = [None] * len(self.parts)
        self._given: list[Micros | None] = [None] * len(self.parts)

    def due(self, at: Micros, changed: Mask | None) -> list[int]:
        """The tiles to hand on with this look: those in which something moved or moved just now, and those whose turn it
        is; all where it is not known what changed. `changed` covers the whole picture, at any size.
        """
        out = []
        for number, part in enumerate(self.parts):
            if changed is None or self._is_stirred(part, changed):
                self._stirred[number] = at
            stirred, given = self._stirred[number], self._given[number]
            if given is None or at - given >= BEAT or (stirred is not None and at - stirred <= AFTERGLOW):
                out.append(number)
                self._given[number] = at
        return out

    def _is_stirred(self, part: Part, changed: Mask) -> bool:
        across, down = changed.shape[1] / self.size[0], changed.shape[0] / self.size[1]
        rows = slice(int(part.top * down), math.ceil((part.top + part.height) * down))
        columns = slice(int(part.left * across), math.ceil((part.left + part.width) * across))
        return int(np.count_nonzero(changed[rows, columns])) >= SMALLEST


def _starts(length: int, side: int) -> list[int]:
    """Where tiles of a side begin that cover the length evenly and overlap."""
    if length <= side:
        return [0]
    count = math.ceil((length - side) / (side * (1 - OVERLAP))) + 1
    return [round(n * (length - side) / (count - 1)) for n in range(count)]
