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

Grey = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]

SIDE = 320
"""Longest side of the pictures compared: a person 10 pixels wide in 640 is still 5 wide."""

SURROUNDINGS = 41
FLOOR = 5.0
"""Grey levels of change below which nothing counts, however quiet the picture is."""

OVER_NOISE = 4.0
"""A change counts beyond this many times a pixel's usual change; about 4 sigma, as the median is 0.67 sigma of 2."""

STEP = 0.15
"""Grey levels by which the noise floor follows per look."""

PATCH = 4
"""Changed pixels in a 3 × 3 neighbourhood that make it more than noise."""

SMALLEST = 4
"""Such pixels in the whole picture that make a movement."""

CUT_CHANGE = 0.35
"""Least share of structure that has to change at a cut (1 - correlation)."""

CUT_RATIO = 3.0
"""How many times larger than usual the change at a cut is (after PySceneDetect's adaptive detector)."""


class Change(NamedTuple):
    """What the gate saw: the share of the picture that moved (0 to 1), and whether the scene was cut."""

    moved: float
    cut: bool


def small(grey: Grey) -> Grey:
    """The picture with its longest side at most `SIDE`."""
    height, width = grey.shape
    by = SIDE / max(height, width)
    if by >= 1:
        return np.ascontiguousarray(grey)
    size = (max(1, round(width * by)), max(1, round(height * by)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


class Gate:
    """Remembers what it needs of one stream's past; fed every picture that may be looked at, in order."""

    def __init__(self) -> None:
        self._before: Field | None = None
        self._kept: Field | None = None
        self._noise: Field | None = None
        self._thumb: Field | None = None
        self._usual = 0.0

    def see(self, grey: Grey) -> Change:
        """How this small picture differs from those before; the first one counts as moved."""
        now = _structure(grey)
        if self._before is None or self._kept is None or self._before.shape != now.shape:
            self._restart(now)
            self._thumb = _thumb(grey)
            return Change(1.0, False)
        cut = self._cut(grey)
        step = np.abs(now - self._before)
        if cut:
            self._restart(now)
            return Change(1.0, True)
        moved = max(self._moved(step), self._moved(np.abs(now - self._kept)))
        self._learn(step)
        self._before = now
        return Change(moved, False)

    def keep(self) -> None:
        """Says that the picture just seen was handed on."""
        self._kept = self._before

    def _restart(self, now: Field) -> None:
        self._before = self._kept = now
        self._noise = np.full(now.shape, 1.0, np.float32)

    def _moved(self, change: Field) -> float:
        assert self._noise is not None  # noqa: S101 - set with the first picture
        over = (change > np.maximum(FLOOR, OVER_NOISE * self._noise)).astype(np.uint8)
        near = cv2.boxFilter(over, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
        count = int(np.count_nonzero(near[over > 0] >= PATCH))
        return count / change.size if count >= SMALLEST else 0.0

    def _learn(self, step: Field) -> None:
        """The noise floor creeps towards each pixel's median change: what passes through now and then leaves no trace."""
        assert self._noise is not None  # noqa: S101
        self._noise += np.where(step > self._noise, STEP, -STEP).astype(np.float32)
        np.clip(self._noise, 0.0, 12.0, out=self._noise)

    def _cut(self, grey: Grey) -> bool:
        thumb = _thumb(grey)
        before, self._thumb = self._thumb, thumb
        change = _unlike(before, thumb) if before is not None else 0.0
        cut = change > max(CUT_CHANGE, CUT_RATIO * self._usual)
        # a cut says nothing about how much this scene usually changes
        self._usual = 0.0 if cut else max(0.85 * self._usual, 0.85 * self._usual + 0.15 * change)
        return cut


def _structure(grey: Grey) -> Field:
    """Each pixel less the mean of its surroundings: light that changes over a wide area drops out."""
    values = cv2.GaussianBlur(grey.astype(np.float32), (3, 3), 0)
    side = min(SURROUNDINGS, min(grey.shape) // 2 * 2 - 1)
    if side < 3:
        return np.asarray(values - values.mean(), dtype=np.float32)
    return np.asarray(values - cv2.blur(values, (side, side)), dtype=np.float32)


def _thumb(grey: Grey) -> Field:
    return np.asarray(cv2.resize(grey, (32, 18), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _unlike(a: Field, b: Field) -> float:
    """1 - correlation of two thumbnails, 0 (same) to 2; 0 where either holds nothing to compare."""
    x, y = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    if min(float(x.std()), float(y.std())) < 2.0:  # black, fog, a covered lens: nothing to compare
        return 0.0 if max(float(x.std()), float(y.std())) < 4.0 else 1.0
    return 1.0 - float((x * y).sum()) / scale
