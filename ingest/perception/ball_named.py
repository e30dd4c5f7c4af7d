"""Follows the one ball of a game by what the detector calls a ball: often missed, hidden at somebody's feet, and fast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.clock import SECOND, Micros
from core.labels import BALLS
from core.place import Box
from core.sight import Detection
from ingest.pitch import PERSON_M, Pitch

FLIES_MPS, FLIES_FOR = 14.0, 0.27
"""How fast a hard ball flies, and for how many seconds out of sight it is believed to fly on."""
ROLLS_MPS, ABOUT_M = 3.0, 0.5
"""How fast it moves when it is out of sight for longer, and how far off it may be anyway (metres)."""
ASIDE_M = 3.5
"""So far from the pitch, and it is no ball that anybody plays with; a ball in the air seems to lie behind where it is."""
MOST_SIDE = 0.4
"""A ball's diameter over a player's height at the most."""
AGREED = 0.6
"""Within so many seconds it has to be seen again elsewhere before it is believed to be there."""
LOST: Micros = 6 * SECOND
"""So long unseen, and nothing is said of it any more."""


@dataclass(frozen=True, slots=True)
class Spot:
    """The ball at one look: its box, and whether it was seen or is supposed to be there."""

    at: Micros
    box: Box
    seen: bool


class NamedBall:
    """Tells at each look where the game's ball is. Picklable, and bounded.

    A ball seen within reach of where it was last is it. One seen out of reach is something else, unless it is seen there
    again. Where none is seen it is supposed to be where it was, for `LOST` at the most.
    """

    def __init__(self, pitch: Pitch) -> None:
        self._pitch = pitch
        self._last: Spot | None = None
        self._before: Spot | None = None
        self._elsewhere: Spot | None = None

    def look(self, at: Micros, detections: Sequence[Detection]) -> Detection | None:
        """The one of the detections that is the ball, if it was seen."""
        self._pitch.learn([(d.box.y2, d.box.height) for d in detections if d.label == "person"])
        balls = [d for d in detections if d.label in BALLS and self._may_be(d.box)]
        if self._last is not None and at - self._last.at > LOST:
            self.reset()
        found = self._next(at, balls)
        if found is not None:
            self._before, self._last = self._last, Spot(at, found.box, True)
        return found

    def spot(self, at: Micros) -> Spot | None:
        """Where the ball is at the look that was taken in last, seen or not; None where nobody knows."""
        last = self._last
        if last is None or at - last.at > LOST:
            return None
        return last if last.at == at else Spot(at, last.box, False)

    def reset(self) -> None:
        """Forgets the scene."""
        self._last = self._before = self._elsewhere = None

    def _may_be(self, box: Box) -> bool:
        tall = self._pitch.person(box.y2)
        small = tall == 0 or max(box.width, box.height) <= MOST_SIDE * tall
        return small and self._pitch.outside(self._pitch.metres(box.foot)) <= ASIDE_M

    def _next(self, at: Micros, balls: Sequence[Detection]) -> Detection | None:
        if self._last is None:
            return max(balls, key=lambda d: d.score, default=None)
        near = min(balls, key=lambda d: self._off(at, d.box), default=None)
        if near is None:
            return None
        if self._off(at, near.box) <= 1.0:
            self._elsewhere = None
            return near
        there = self._elsewhere
        again = [d for d in balls if there is not None and self._beyond(there, at, d.box) <= 1.0]
        if there is not None and again and at - there.at <= AGREED * SECOND:
            self._elsewhere = None
            return min(again, key=lambda d: math.dist(d.box.centre, there.box.centre))
        self._elsewhere = Spot(at, near.box, True)
        return None

    def _off(self, at: Micros, box: Box) -> float:
        """How far a box is from where the ball may be, over how far it may have come: from 1 on it is out of reach."""
        assert self._last is not None  # noqa: S101 - asked only of a ball that was seen
        off = self._beyond(self._last, at, box)
        before, last = self._before, self._last
        if before is None or last.at - before.at > FLIES_FOR * SECOND:
            return off
        ahead = min((at - last.at) / SECOND, FLIES_FOR) / ((last.at - before.at) / SECOND)
        dx, dy = (ahead * (q - p) for p, q in zip(before.box.centre, last.box.centre, strict=True))
        on = Box(last.box.x1 + dx, last.box.y1 + dy, last.box.x2 + dx, last.box.y2 + dy)
        return min(off, self._beyond(Spot(last.at, on, True), at, box))

    def _beyond(self, spot: Spot, at: Micros, box: Box) -> float:
        passed = (at - spot.at) / SECOND
        metres = ABOUT_M + FLIES_MPS * min(passed, FLIES_FOR) + ROLLS_MPS * max(0.0, passed - FLIES_FOR)
        tall = self._pitch.person(spot.box.y2) or 8 * spot.box.diagonal
        return math.dist(spot.box.centre, box.centre) / (metres * tall / PERSON_M)
