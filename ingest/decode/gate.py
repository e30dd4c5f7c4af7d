"""The gate: tells from small grey pictures whether anything moved and whether the scene was cut.

It compares with two pictures: the look before (what moves at a walk or faster) and the last picture that was handed on
(what creeps adds up until it shows). Each pixel has its own noise floor, the running median of its change, so sensor
noise and a flickering lamp do not count for ever; a change of brightness over the whole picture is taken out first by
comparing each pixel with its surroundings.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from core.media import Grey

Field = npt.NDArray[np.int16]
"""A plane of `UNIT`ths of a grey level: half the bytes of floats, and as good."""
Means = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

UNIT = 16
"""What the weights of a 3 × 3 blur in whole numbers add up to."""
BLUR = np.array([1, 2, 1], np.int32)

SIDE = 320
"""Longest side of the pictures compared: a person 10 pixels wide in 640 is still 5 wide."""

LARGE = 2
"""Of a picture that is handed on in tiles, the pictures compared are so many times as large: what is small there counts."""

SURROUNDINGS = 41
FLOOR = 6 * UNIT
"""Six grey levels of change below which nothing counts, however quiet the picture is."""

OVER_NOISE = 4
"""A change counts beyond this many times a pixel's median change, which for plain noise is about four sigma."""

OVER_USUAL_NOISE = 6
"""And beyond this many times the median change of all pixels: one pixel's own estimate is uncertain."""

STEP = 3
"""Three sixteenths of a grey level, by which the noise floor follows per look."""

BOUND_EVERY: Micros = SECOND // 4
"""How often it is drawn from the noise floor what counts as a change."""

MOST_NOISE = 12 * UNIT
"""Twelve grey levels, beyond which no pixel's noise floor grows."""

PATCH = 4
"""Changed pixels in a 3 × 3 neighbourhood that make it more than noise."""

SMALLEST = 4
"""Such pixels in the whole picture that make a movement."""

BLOCKS = (16, 9)
UNLIKE = 0.5
"""A block whose structure correlates less than this with the look before shows something else."""

CUT_SHARE = 0.83
"""Share of such blocks at a cut (5 in 6). Over our clips: 0.87 and more at true cuts, 0.81 at most elsewhere."""

CUT_ABOVE_USUAL = 0.3
"""How far above the usual share: a camera that is shaken all the time has no cuts."""

CELL = 8
HABIT_SECONDS = 20
HABIT = 0.4
"""A cell of `CELL` × `CELL` pixels that changes in this share of the last seconds is habitual …"""

HABIT_CELLS = 6
"""… and if there are at most this many of them it is a burnt-in clock or a blinking lamp: what changes only there has
not moved. More of them are a busy place, where everything counts."""


class Change(NamedTuple):
    """What the gate saw: the share of the picture that moved (0 to 1), and whether the scene was cut."""

    moved: float
    cut: bool


class Gate:
    """Remembers what it needs of one stream's past; fed every picture that may be looked at, in order.

    It is to cost little beside decoding, so what it compares is computed once, in whole planes of small numbers.
    """

    def __init__(self) -> None:
        self._before: _Sketch | None = None
        self._kept: _Sketch | None = None
        self._noise: Field = np.zeros((0, 0), np.int16)
        self._bounds: Field = np.zeros((0, 0), np.int16)
        self._bound_at = -1
        self._usual = 0.0
        self._habits = Habits((0, 0))
        self.changed: Mask | None = None
        """Where the picture seen last has changed; None where it began a scene."""

    def see(self, grey: Grey, at: Micros) -> Change:
        """How this small picture differs from those before; the first one counts as moved."""
        now = _Sketch(grey)
        before, kept = self._before, self._kept
        if before is None or kept is None or before.structure.shape != now.structure.shape:
            self._restart(now)
            return Change(1.0, False)
        share = _unlike(before, now)
        cut = share > max(CUT_SHARE, self._usual + CUT_ABOVE_USUAL)
        self._usual += 0.15 * (share - self._usual)
        if cut:
            self._restart(now)
            return Change(1.0, True)
        step = _between(now, before)
        changed = _over(step, self._bounds)
        if kept is not before:
            changed |= _over(_between(now, kept), self._bounds)
        self.changed = changed
        moved = self._habits.unusual(changed, at)
        self._learn(step)
        if at // BOUND_EVERY != self._bound_at:
            self._bound_at = at // BOUND_EVERY
            self._bound()
        self._before = now
        return Change(moved / changed.size if moved >= SMALLEST else 0.0, False)

    def keep(self) -> None:
        """Says that the picture just seen was handed on."""
        self._kept = self._before

    def _restart(self, now: _Sketch) -> None:
        self._before = self._kept = now
        self.changed = None
        shape = now.structure.shape
        self._noise = np.full(shape, UNIT, np.int16)
        self._habits = Habits((shape[0], shape[1]))
        self._bound()

    def _bound(self) -> None:
        """By how much each pixel has to change for it to be more than noise."""
        some = self._noise[::4, ::4].ravel()
        usual = int(np.partition(some, some.size // 2)[some.size // 2])
        bounds = self._noise * np.int16(OVER_NOISE)
        self._bounds = np.maximum(bounds, np.int16(max(FLOOR, OVER_USUAL_NOISE * usual)))

    def _learn(self, step: Field) -> None:
        """The noise floor creeps towards each pixel's median change: what passes now and then leaves no trace."""
        _, above = cv2.threshold(cv2.subtract(step, self._noise), 0.0, 2 * STEP, cv2.THRESH_BINARY)
        self._noise += np.asarray(above, dtype=np.int16)
        self._noise -= np.int16(STEP)
        np.clip(self._noise, np.int16(0), np.int16(MOST_NOISE), out=self._noise)


class _Sketch:
    """What is compared of a picture: each pixel less the mean of its surroundings, so that light which changes over a wide
    area drops out; and of every second row and column of that, the mean square in each block.
    """

    def __init__(self, grey: Grey) -> None:
        self.structure = _structure(grey)
        self.sparse: Field = np.ascontiguousarray(self.structure[::2, ::2])
        self.power = _block_means(self.sparse, self.sparse)


def _between(a: _Sketch, b: _Sketch) -> Field:
    return np.asarray(cv2.absdiff(a.structure, b.structure), dtype=np.int16)


def _over(change: Field, bounds: Field) -> Mask:
    """The pixels that changed beyond their bounds, together with their neighbours."""
    over = np.asarray(cv2.compare(change, bounds, cv2.CMP_GT), dtype=np.uint8)
    over >>= 7
    if not over.any():
        return over.view(np.bool_)
    near = cv2.boxFilter(over, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    over &= near >= PATCH
    return over.view(np.bool_)


class Habits:
    """Where something changes every second and never moves away: clocks that are burnt in, lamps that blink."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = (-(-shape[0] // CELL), -(-shape[1] // CELL))
        self._rate = np.zeros(self._shape, np.float32)
        self._now = np.zeros(self._shape, np.bool_)
        self._elsewhere: npt.NDArray[np.bool_] | None = None
        self._second = 0

    def unusual(self, changed: Mask, at: Micros) -> int:
        """How many pixels changed outside the habitual cells and those next to them."""
        count = int(np.count_nonzero(changed))
        second = at // SECOND
        if second != self._second:
            self._rate += (self._now - self._rate) / HABIT_SECONDS
            self._now[:], self._second = False, second
            self._elsewhere = self._unusual_cells()
        if not count:
            return 0
        cells = self._cells(changed)
        self._now |= cells > 0
        return count if self._elsewhere is None else int(cells[self._elsewhere].sum())

    def _unusual_cells(self) -> npt.NDArray[np.bool_] | None:
        """Neither habitual cells nor those next to them; None where all count."""
        habitual = (self._rate > HABIT).astype(np.uint8)
        if not 0 < int(habitual.sum()) <= HABIT_CELLS:
            return None
        return np.asarray(cv2.dilate(habitual, np.ones((3, 3), np.uint8)) == 0, dtype=np.bool_)

    def _cells(self, changed: Mask) -> npt.NDArray[np.int64]:
        rows, columns = self._shape
        whole = np.zeros((rows * CELL, columns * CELL), np.uint8)
        whole[: changed.shape[0], : changed.shape[1]] = changed
        # eight pixels of a row are the bytes of one number: rows are added as such, and a product adds up its bytes
        rows_of = whole.view(np.uint64).reshape(rows, CELL, columns).sum(axis=1)
        return np.asarray((rows_of * np.uint64(0x0101010101010101)) >> np.uint64(56), dtype=np.int64)


def _structure(grey: Grey) -> Field:
    blurred = np.asarray(cv2.sepFilter2D(grey, cv2.CV_16S, BLUR, BLUR), dtype=np.int16)
    side = min(SURROUNDINGS, min(grey.shape) // 2 * 2 - 1)
    if side < 3:
        return np.asarray(blurred - np.int16(blurred.mean()), dtype=np.int16)
    around = cv2.boxFilter(grey, cv2.CV_32F, (side, side)) * np.float32(UNIT)
    return np.asarray(cv2.subtract(blurred, around.astype(np.int16)), dtype=np.int16)


def _block_means(a: Field, b: Field) -> Means:
    """The mean of the product of two pictures in each block."""
    product = cv2.multiply(a, b, dtype=cv2.CV_32F)
    return np.asarray(cv2.resize(product, BLOCKS, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _unlike(one: _Sketch, other: _Sketch) -> float:
    """The share of blocks whose structure is another one; blocks with nothing in them count as alike."""
    # the constant stands for noise of two grey levels: where there is no more than that, nothing can be compared
    few = 8 * UNIT * UNIT
    alike = (2 * _block_means(one.sparse, other.sparse) + few) / (one.power + other.power + few)
    return float((alike < UNLIKE).mean())
