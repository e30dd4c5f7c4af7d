"""Finds the one ball of a game where no detector names it: small, round, often hidden at somebody's feet, and fast when it is not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from core.clock import SECOND, Micros
from core.place import Box
from ingest.ball_named import Spot
from ingest.foreground import Blob, Foreground, coloured
from ingest.pitch import PERSON_M, Pitch

Rgb = tuple[float, float, float]

LEAST_SIDE, MOST_SIDE = 0.075, 0.30
"""A ball's diameter over a player's height: 0.11 for a handball to 0.16 for a large one, seen a little smaller or larger."""
TALL = 0.55
"""A region at least this part of a player's height is people."""
KICK_MPS = 16.0
"""How far off it is looked for: as far as a hard ball flies in the time it was not seen."""
TRUST_AFTER = 3
"""Looks in which a small thing has to fly on its own, away from everyone, before it is taken for the ball …"""
FLOWN_M, STRAIGHT, SPEED_MPS = 1.2, 0.9, 3.5
"""… and how far, how straight and how fast: metres, way over path, metres a second."""
FLOWN_UNLIKE_M = 2.4
"""How far it has to fly if it does not have the colour that flights had so far."""
UNLIKE = 60.0
"""Distance of colours (of 442) from which on a thing is not the ball whose colour is known."""
COLOURS_KEPT = 15
CONTRAST = 35.0
"""How far its colour is at least from that of its surroundings (of 442)."""
ASIDE_M = 2.0
"""So far from the pitch, and it is no ball that anybody plays with."""
LOST_S = 6.0
"""So long unseen, and nothing is said of it any more."""


@dataclass(slots=True)
class Small:
    """A small thing at one look: its box, its colour where pixels were looked at, whether it stands clear of people."""

    box: Box
    rgb: Rgb | None = None
    clear: bool = True


@dataclass(slots=True)
class Flight:
    """A small thing that may be the ball: when and where it was, look by look."""

    spots: list[tuple[Micros, Small]]

    @property
    def at(self) -> Micros:
        """When it was last seen."""
        return self.spots[-1][0]

    @property
    def last(self) -> Small:
        """How it was last seen."""
        return self.spots[-1][1]


@dataclass(slots=True)
class BallFinder:
    """Tells at each look where the ball is. Picklable, and bounded: it keeps a second of small things.

    What flies far, straight and on its own is the ball; how it looks then tells it from shoes and hands when it is at
    somebody's feet. Where it is not seen at all, it is supposed to be where it was.
    """

    pitch: Pitch
    path: list[Spot] = field(default_factory=list)
    _colours: list[Rgb] = field(default_factory=list)
    _flights: list[Flight] = field(default_factory=list)
    _seen_at: Micros = -1

    def look(self, at: Micros, seen: Foreground | None) -> Spot | None:
        """Where the ball is at this look, given the foreground."""
        small = self._small(seen) if seen is not None and self.pitch.knows_people else []
        self._fly_on(at, small)
        found = self._flying(at) or self._next(at, small)
        if found is not None:
            self._seen_at = at
            return self._note(Spot(at, found.box, True))
        if not self.path or at - self._seen_at > LOST_S * SECOND:
            self.path = []
            return None
        return self._note(Spot(at, self._supposed(at), False))

    def reset(self) -> None:
        """Forgets the scene."""
        self.path, self._flights, self._colours, self._seen_at = [], [], [], -1

    @property
    def rgb(self) -> Rgb | None:
        """The ball's own colour: the median of how it looked in its flights; None before the first."""
        if not self._colours:
            return None
        r, g, b = (median(values) for values in zip(*self._colours, strict=True))
        return r, g, b

    def _note(self, spot: Spot) -> Spot:
        self.path = [*self.path[-40:], spot]
        return spot

    def _tall(self, box: Box) -> float:
        return max(self.pitch.person(box.y2), 8.0)

    # -- what may be a ball ----------------------------------------------------------------------------------------

    def _small(self, seen: Foreground) -> list[Small]:
        people = [b.box for b in seen.blobs if b.box.height >= TALL * self._tall(b.box)]
        out = [Small(b.box, b.rgb, self._clear(b.box, people)) for b in seen.blobs if self._like_a_ball(b)]
        rgb = self.rgb
        if rgb is not None:
            apart = [b for b in coloured(seen, rgb) if self._like_a_ball(b)]
            out += [Small(b.box, b.rgb, False) for b in apart if all(b.box.iou(s.box) < 0.2 for s in out)]
        return out

    def _like_a_ball(self, blob: Blob) -> bool:
        box, tall = blob.box, self._tall(blob.box)
        if self.pitch.outside(self.pitch.metres(box.foot)) > ASIDE_M:
            return False
        large, little = max(box.width, box.height), min(box.width, box.height)
        if not LEAST_SIDE * tall <= large <= MOST_SIDE * tall or little < 0.05 * tall:
            return False
        return 0.45 <= box.width / box.height <= 2.6 and blob.fill >= 0.5 and blob.contrast >= CONTRAST

    def _clear(self, box: Box, people: Sequence[Box]) -> bool:
        return all(box.gap(other) > 0.03 * self._tall(box) for other in people)

    def _fly_on(self, at: Micros, small: Sequence[Small]) -> None:
        """Hangs each small thing on the flight it goes on with, or begins one."""
        kept = [flight for flight in self._flights if at - flight.at < 0.3 * SECOND]
        for one in small:
            open_to = [(self._off(flight, at, one), i) for i, flight in enumerate(kept) if flight.at < at]
            off, best = min(open_to, default=(1.0, -1))
            if off < 1.0:
                kept[best].spots = [*kept[best].spots[-10:], (at, one)]
            else:
                kept.append(Flight([(at, one)]))
        self._flights = kept

    def _off(self, flight: Flight, at: Micros, one: Small) -> float:
        """How badly a small thing goes on with a flight: 0 exactly as expected, 1 and more not at all."""
        then, last = flight.spots[-1]
        passed = (at - then) / SECOND
        reach = (KICK_MPS * passed / PERSON_M + 0.1) * self._tall(last.box)
        expected = last.box.centre
        if len(flight.spots) > 1:
            before, old = flight.spots[-2]
            share = passed / max((then - before) / SECOND, 1e-3)
            (px, py), (qx, qy) = old.box.centre, last.box.centre
            expected = (qx + share * (qx - px), qy + share * (qy - py))
            reach *= 0.5
        off = math.dist(expected, one.box.centre) / reach
        if one.rgb is not None and last.rgb is not None:
            off += math.dist(one.rgb, last.rgb) / 300
        return off

    # -- which of them it is ---------------------------------------------------------------------------------------

    def _flying(self, at: Micros) -> Small | None:
        """What flies at this look as only a ball does, if anything."""
        best, most = None, 0.0
        for flight in self._flights:
            if flight.at != at:
                continue
            flown, sure = self._flown(flight)
            if sure and flown > most:
                best, most = flight, flown
        if best is None:
            return None
        if best.last.rgb is not None and best.last.clear:
            self._colours = [*self._colours[1 - COLOURS_KEPT :], best.last.rgb]
        return best.last

    def _flown(self, flight: Flight) -> tuple[float, bool]:
        """How far it flew in metres, and whether as only a ball does: clear of people, straight and fast."""
        clear = [(at, one) for at, one in flight.spots if one.clear]
        if len(clear) < TRUST_AFTER or not flight.last.clear:
            return 0.0, False
        (since, first), (until, last) = clear[0], clear[-1]
        flown = math.dist(first.box.centre, last.box.centre) * PERSON_M / self._tall(last.box)
        way = sum(math.dist(a[1].box.centre, b[1].box.centre) for a, b in pairwise(clear))
        straight = math.dist(first.box.centre, last.box.centre) / max(way, 1e-6)
        fast = flown / max((until - since) / SECOND, 1e-3)
        needed = FLOWN_M if self._alike(flight.last) else FLOWN_UNLIKE_M
        return flown, flown >= needed and straight >= STRAIGHT and fast >= SPEED_MPS

    def _alike(self, one: Small) -> bool:
        """Whether it has the ball's colour, as far as either is known."""
        rgb = self.rgb
        return rgb is None or one.rgb is None or math.dist(one.rgb, rgb) < UNLIKE

    def _next(self, at: Micros, small: Sequence[Small]) -> Small | None:
        """The small thing with which the ball's own path goes on."""
        if not self.path:
            return None
        passed = min((at - self._seen_at) / SECOND, 0.8)
        expected = self._supposed(at)
        reach = (0.4 + KICK_MPS * min(passed, 0.13) / PERSON_M + 1.2 * max(0.0, passed - 0.13)) * self._tall(
            expected
        )
        rgb = self.rgb
        best, least = None, 1.0
        for one in (one for one in small if self._alike(one)):
            off = math.dist(expected.centre, one.box.centre) / reach + (0.0 if one.clear else 0.15)
            if one.rgb is not None and rgb is not None:
                off += math.dist(one.rgb, rgb) / 100
            if off < least:
                best, least = one, off
        return best

    def _supposed(self, at: Micros) -> Box:
        """Where it should be by now: on the way it went, for a fifth of a second at most."""
        last = self.path[-1]
        moved = [spot for spot in self.path[-3:] if spot.seen]
        if len(moved) < 2 or not last.seen:
            return last.box
        a, b = moved[-2], moved[-1]
        ahead = min((at - b.at) / SECOND, 0.2) / max((b.at - a.at) / SECOND, 1e-3)
        dx, dy = (ahead * (q - p) for p, q in zip(a.box.centre, b.box.centre, strict=True))
        return Box(b.box.x1 + dx, b.box.y1 + dy, b.box.x2 + dx, b.box.y2 + dy)
