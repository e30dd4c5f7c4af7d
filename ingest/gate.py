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

Field = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SIDE = 320
"""Longest side of the pictures compared: a person 10 pixels wide in 640 is still 5 wide."""

LARGE = 2
"""Of a picture that is handed on in tiles, the pictures compared are so many times as large: what is small there counts."""

SURROUNDINGS = 41
FLOOR = 6.0
"""Grey levels of change below which nothing counts, however quiet the picture is."""

OVER_NOISE = 4.0
"""A change counts beyond this many times a pixel's median change, which for plain noise is about four sigma."""

OVER_USUAL_NOISE = 6.0
"""And beyond this many times the median change of all pixels: one pixel's own estimate is uncertain."""

STEP = 0.15
"""Grey levels by which the noise floor follows per look."""

MOST_NOISE = 12.0
"""Grey levels beyond which no pixel's noise floor grows."""

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

    It is to cost little beside decoding, so what it compares is computed once and in whole planes.
    """

    def __init__(self) -> None:
        self._before: Field | None = None
        self._kept: Field | None = None
        self._power: Field = np.zeros((0, 0), np.float32)
        self._noise: Field = np.zeros((0, 0), np.float32)
        self._usual = 0.0
        self._habits = Habits((0, 0))
        self.changed: Mask | None = None
        """Where the picture seen last has changed; None where it began a scene."""

    def see(self, grey: Grey, at: Micros) -> Change:
        """How this small picture differs from those before; the first one counts as moved."""
        now = _structure(grey)
        power = _block_means(now, now)
        if self._before is None or self._kept is None or self._before.shape != now.shape:
            self._restart(now, power)
            return Change(1.0, False)
        share = _unlike(_block_means(self._before, now), self._power, power)
        cut = share > max(CUT_SHARE, self._usual + CUT_ABOVE_USUAL)
        self._usual += 0.15 * (share - self._usual)
        if cut:
            self._restart(now, power)
            return Change(1.0, True)
        step = _between(now, self._before)
        bounds = self._bounds()
        changed = _over(step, bounds)
        if self._kept is not self._before:
            changed |= _over(_between(now, self._kept), bounds)
        self.changed = changed
        moved = self._habits.unusual(changed, at)
        self._learn(step)
        self._before, self._power = now, power
        return Change(moved / changed.size if moved >= SMALLEST else 0.0, False)

    def keep(self) -> None:
        """Says that the picture just seen was handed on."""
        self._kept = self._before

    def _restart(self, now: Field, power: Field) -> None:
        self._before = self._kept = now
        self._power, self.changed = power, None
        self._noise = np.ones(now.shape, np.float32)
        self._habits = Habits((now.shape[0], now.shape[1]))

    def _bounds(self) -> Field:
        """By how much each pixel has to change for it to be more than its noise."""
        floor = max(FLOOR, OVER_USUAL_NOISE * float(np.median(self._noise[::4, ::4])))
        bounds: Field = np.maximum(self._noise * np.float32(OVER_NOISE), np.float32(floor))
        return bounds

    def _learn(self, step: Field) -> None:
        """The noise floor creeps towards each pixel's median change: what passes now and then leaves no trace."""
        _, above = cv2.threshold(step - self._noise, 0.0, 2 * STEP, cv2.THRESH_BINARY)
        noise = self._noise + above
        noise -= np.float32(STEP)
        self._noise = np.clip(noise, np.float32(0), np.float32(MOST_NOISE), out=noise)


def _between(a: Field, b: Field) -> Field:
    return np.asarray(cv2.absdiff(a, b), dtype=np.float32)


def _over(change: Field, bounds: Field) -> Mask:
    """The pixels that changed beyond their bounds, together with their neighbours."""
    over = np.asarray(cv2.compare(change, bounds, cv2.CMP_GT), dtype=np.uint8) >> 7
    near = cv2.boxFilter(over, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray((over > 0) & (near >= PATCH), dtype=np.bool_)


class Habits:
    """Where something changes every second and never moves away: clocks that are burnt in, lamps that blink."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = (-(-shape[0] // CELL), -(-shape[1] // CELL))
        self._rate = np.zeros(self._shape, np.float32)
        self._now = np.zeros(self._shape, np.bool_)
        self._second = 0

    def unusual(self, changed: Mask, at: Micros) -> int:
        """How many pixels changed outside the habitual cells and those next to them."""
        count = int(np.count_nonzero(changed))
        cells = self._cells(changed) if count else np.zeros(self._shape, np.int64)
        second = at // SECOND
        if second != self._second:
            self._rate += (self._now - self._rate) / HABIT_SECONDS
            self._now[:], self._second = False, second
        self._now |= cells > 0
        habitual = (self._rate > HABIT).astype(np.uint8)
        if not count or not 0 < int(habitual.sum()) <= HABIT_CELLS:
            return count
        around = np.asarray(cv2.dilate(habitual, np.ones((3, 3), np.uint8)))
        return int(cells[around == 0].sum())

    def _cells(self, changed: Mask) -> npt.NDArray[np.int64]:
        rows, columns = self._shape
        whole = np.zeros((rows * CELL, columns * CELL), np.int64)
        whole[: changed.shape[0], : changed.shape[1]] = changed
        return np.asarray(whole.reshape(rows, CELL, columns, CELL).sum(axis=(1, 3)), dtype=np.int64)


def _structure(grey: Grey) -> Field:
    """Each pixel less the mean of its surroundings: light that changes over a wide area drops out."""
    values = cv2.GaussianBlur(grey.astype(np.float32), (3, 3), 0)
    side = min(SURROUNDINGS, min(grey.shape) // 2 * 2 - 1)
    if side < 3:
        return np.asarray(values - values.mean(), dtype=np.float32)
    return np.asarray(values - cv2.blur(values, (side, side)), dtype=np.float32)


def _block_means(a: Field, b: Field) -> Field:
    """The mean of the product of two pictures in each block."""
    return np.asarray(cv2.resize(cv2.multiply(a, b), BLOCKS, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _unlike(both: Field, one: Field, other: Field) -> float:
    """The share of blocks whose structure is another one, given the mean products of two pictures and of each with itself;
    blocks with nothing in them count as alike.
    """
    # the constant stands for noise of two grey levels: where there is no more than that, nothing can be compared
    alike = (2 * both + 8) / (one + other + 8)
    return float((alike < UNLIKE).mean())
