"""Decides at which moments to look, and at which of them a picture is worth handing on."""

from __future__ import annotations

import math
from enum import Enum

from core.clock import SECOND, Micros

HEARTBEAT: Micros = 2 * SECOND
"""In every stretch of this length a picture is handed on, so that a background model follows the light."""

AFTERGLOW: Micros = SECOND
"""For this long after movement stopped pictures are still handed on: what came to rest has to be seen at rest."""

NEARLY_ALL = 1.5
"""With at most this many pictures per wanted look, every picture is looked at: leaving out a third of few loses much."""


class Verdict(Enum):
    """What becomes of a moment."""

    SKIP = "skip"
    QUIET = "quiet"
    PICTURE = "picture"


class Sampler:
    """The looks of one stream: `looks_per_s` while things move, `idle_looks_per_s` while nothing does.

    Moments lie in slots of a grid from 0, whatever came before, so that a run that starts later looks at the same ones.
    """

    def __init__(self, looks_per_s: float, idle_looks_per_s: float, fps: float) -> None:
        self._all = 0 < fps <= looks_per_s * NEARLY_ALL
        self._step = SECOND / looks_per_s
        self._idle = SECOND / min(idle_looks_per_s, looks_per_s)
        self._slot = self._idle_slot = self._beat = -1
        self._moved: Micros | None = None

    def wants(self, before: Micros | None, at: Micros, after: Micros | None) -> bool:
        """Whether the picture at `at` may be looked at, given those before and after it: the first of its slot, the
        stream's first and last, and any of a slow stream.
        """
        return (
            self._all or before is None or after is None or int(before / self._step) != int(at / self._step)
        )

    def next(self, at: Micros) -> Micros:
        """The first moment after `at` whose picture may be looked at."""
        return at + 1 if self._all else math.ceil((int(at / self._step) + 1) * self._step)

    def due(self, at: Micros) -> bool:
        """Whether this picture may be looked at: the first in its slot of the grid, or any of a slow stream."""
        slot = int(at / self._step)
        if not self._all and slot == self._slot:
            return False
        self._slot = slot
        return True

    def decide(self, at: Micros, moved: bool) -> Verdict:
        """What becomes of a moment that was due, now that the gate has seen it."""
        if moved:
            self._moved = at
        awake = self._moved is not None and at - self._moved <= AFTERGLOW
        beat, idle_slot = at // HEARTBEAT, int(at / self._idle)
        if awake or beat != self._beat:
            self._beat, self._idle_slot = beat, idle_slot
            return Verdict.PICTURE
        if idle_slot != self._idle_slot:
            self._idle_slot = idle_slot
            return Verdict.QUIET
        return Verdict.SKIP
