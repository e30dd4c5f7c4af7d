"""Which way a thing goes by what is drawn: along, against or across a lane, and from which zone to which."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean

from core.clock import SECOND, Micros
from core.place import EMPTY_LAYOUT, Box, Layout, Point, Zone
from core.sight import Attributes
from ingest.perception.attributes import MOVED

HOLD: Micros = SECOND // 2
"""How long a thing must be in a zone or lane to have come there: as for `entered_zone`."""
ALONG = 0.5
"""Cosine from which on a way goes along a lane (its negative: against it): within 60 degrees of its direction."""
ENDS = 3
"""So many places at each end of a way are averaged: boxes tremble."""
MOST = 8
"""A longer route keeps its first zone and its latest."""


@dataclass(slots=True)
class _Way:
    """The way within one lane: its first and its latest places, since when, until when, and how large the thing is."""

    since: Micros
    until: Micros = 0
    first: list[Point] = field(default_factory=list)
    last: list[Point] = field(default_factory=list)
    diagonal: float = 1.0

    def note(self, at: Micros, box: Box) -> None:
        self.until, self.diagonal = at, box.diagonal
        if len(self.first) < ENDS:
            self.first.append(box.foot)
        self.last = [*self.last[1 - ENDS :], box.foot]

    @property
    def leap(self) -> float:
        """From the first places to the latest, in the thing's own diagonals."""
        return math.dist(_mean(self.first), _mean(self.last)) / self.diagonal


class Course:
    """Follows one thing through the zones and lanes drawn. Picklable and bounded; without drawings it knows nothing."""

    def __init__(self, layout: Layout = EMPTY_LAYOUT) -> None:
        self._lanes = tuple((lane, lane.zone()) for lane in layout.lanes)
        self._areas = tuple(sorted((*layout.zones, *(zone for _, zone in self._lanes)), key=_size))
        self._ways: dict[str, _Way] = {}
        self._route: list[str] = []
        self._here: tuple[str, Micros] = ("", 0)

    def note(self, at: Micros, box: Box) -> None:
        """One sighting; of zones that lie in each other, the smallest is where it is."""
        for lane, zone in self._lanes:
            if zone.holds(box.foot):
                self._ways.setdefault(lane.name, _Way(at)).note(at, box)
        here = next((area.name for area in self._areas if area.holds(box.foot)), "")
        if here != self._here[0]:
            self._here = (here, at)
        elif here and at - self._here[1] >= HOLD and self._route[-1:] != [here]:
            self._route.append(here)
            del self._route[1 : len(self._route) - MOST + 1]

    def words(self) -> Attributes:
        """`course` (`along northbound`) for the lane in which it came farthest, and `route` (`from dock through aisle to
        shelf`); what is not known is not there.
        """
        out: Attributes = {}
        ways = [
            (way.leap, course_word(lane.name, lane.direction, _mean(way.first), _mean(way.last)))
            for lane, _ in self._lanes
            if (way := self._ways.get(lane.name)) and way.until - way.since >= HOLD and way.leap >= MOVED
        ]
        if ways:
            out["course"] = max(ways)[1]
        if len(self._route) > 1:
            first, *between, last = self._route
            through = f" through {' and '.join(between)}" if between else ""
            out["route"] = f"from {first}{through} to {last}"
        return out


def course_word(lane: str, direction: Point, start: Point, end: Point) -> str:
    """`along`, `against` or `across` the named lane, for a way from `start` to `end` in the picture; empty for no way."""
    (dx, dy), (wx, wy) = direction, (end[0] - start[0], end[1] - start[1])
    length = math.hypot(dx, dy) * math.hypot(wx, wy)
    if length == 0:
        return ""
    cosine = (dx * wx + dy * wy) / length
    return f"{'along' if cosine >= ALONG else 'against' if cosine <= -ALONG else 'across'} {lane}"


def _mean(places: list[Point]) -> Point:
    return fmean(x for x, _ in places), fmean(y for _, y in places)


def _size(zone: Zone) -> float:
    """Twice its area in square pixels (shoelace formula)."""
    around = zip(zone.polygon, zone.polygon[1:] + zone.polygon[:1], strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in around))
