"""Who rests where it hinders: `blocked` ways and vehicles that have `stalled`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.clock import Micros
from core.ids import EntityId
from core.labels import TWO_WHEELERS
from core.place import Layout, Point, Zone
from ingest.events.book import Book, Draft, Part
from ingest.events.labels import (
    AGREED,
    UNNAMED,
    VEHICLES,
    drives,
    is_known,
    is_piece,
    person_likeness,
    travelled,
)
from ingest.events.surety import called, came, clear, edge_error, inside, longer_by, there, told
from ingest.events.thresholds import Thresholds
from ingest.events.trail import Rest, Step, Trail
from ingest.perception.presence import Visit

WAYS = frozenset({"aisle", "dock", "exit", "door", "doorway", "corridor", "fire_lane", "entrance"})
"""Kinds of zone that must stay free (`blocked`)."""
AISLES = frozenset({"aisle"})
ROADS = frozenset({"road", "crossing", "lane", "rails", "junction"})
"""Kinds of zone in which a vehicle that rests has stalled; so it has in an aisle."""
WAITING = frozenset({"waiting", "parking", "taxi", "bus_stop"})
"""Kinds of zone in which a vehicle may stand for long."""
AHEAD_COSINE = 0.77
"""In front of a vehicle is what lies within 40° of the way it came."""
WAY_SHARE = 0.2
"""How much of the way a vehicle came is that of the latest look."""
ROOM = 1.2
"""Mean diagonals of both boxes up to which a vehicle stands right behind another."""
UNSEEN_AHEAD = 0.5
"""How surely nobody stands ahead of a vehicle where he would stand outside the picture."""


@dataclass(frozen=True, slots=True)
class _Way:
    kind: str
    zone: Zone
    needed: Micros
    direction: Point | None = None

    def leads(self, heading: Point) -> bool:
        """Whether it is a lane that leads more that way than against it."""
        if self.direction is None:
            return False
        return heading[0] * self.direction[0] + heading[1] * self.direction[1] > 0


class HindranceMaker:
    """Tells who rests where it hinders: `blocked` by any thing but a person in a zone that must stay free, `stalled`
    by a vehicle on a road, which is told once, of the lane it is in if it is in one.

    Told after the needed time and what is unsure of it (`longer_by`), of what is known for what it is (`_surely`). Who waits has not stalled: in a zone for waiting or parking, or right behind another vehicle that rests. The span begins with the rest (or with the zone's first look at it there) and ends with it. Confidence:
    how surely it is there, is what hinders (less the more a nameless one resembles a person), and is within such a zone
    (`surety`); × `UNSEEN_AHEAD` where it may wait for one outside the picture, whose `size` is (width, height).
    """

    def __init__(
        self, book: Book, layout: Layout, thresholds: Thresholds, size: tuple[int, int] | None = None
    ) -> None:
        self._book, self._ground, self._size = book, layout.scale, size
        zones = layout.lanes_first
        self._waiting = [zone for zone in zones if zone.kind in WAITING]
        self._ahead: dict[EntityId, Point] = {}
        self._waits: dict[EntityId, Micros] = {}
        self._ways = [
            _Way("blocked", z, thresholds.at(z.name).span("blocked_s")) for z in zones if z.kind in WAYS
        ] + [
            _Way("stalled", z, thresholds.at(z.name).span("stalled_s"), layout.directions.get(z.name))
            for z in zones
            if z.kind in ROADS | AISLES
        ]
        self._drafts: dict[EntityId, dict[str, Draft]] = {}

    def step(self, step: Step) -> None:
        """Takes in one look."""
        for trail in step.present:
            if trail.rest is None:
                self._close(trail, trail.rested_until)
                if trail.moving:
                    self._note_way(trail)
            elif trail.rest.away is None:
                self._note_waiting(trail, trail.rest, step)
                for way in self._ways:
                    self._judge(trail, trail.rest, way, step)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Ends the hindrances of one who is gone."""
        self._ahead.pop(trail.entity_id, None)
        self._waits.pop(trail.entity_id, None)
        self._close(trail, trail.rested_until if trail.rested_until is not None else visit.at)

    def _judge(self, trail: Trail, rest: Rest, way: _Way, step: Step) -> None:
        certainty = _hinders(trail, way.kind)
        drafts = self._drafts.setdefault(trail.entity_id, {})
        key = way.kind if way.kind == "stalled" else f"{way.kind} {way.zone.name}"
        rested = trail.at - rest.since
        draft = drafts.get(key)
        if draft is not None and draft.zone != way.zone.name:
            return
        needed = way.needed + longer_by(rest, self._ground)
        if draft is None and (rested < needed or certainty == 0 or not self._is_in(trail, rest, way)):
            return
        if draft is None and not self._surely(trail, way.kind, step):
            return
        waited = self._waits.get(trail.entity_id, rest.since)
        if draft is None and way.kind == "stalled" and trail.at - max(rest.since, waited) < needed:
            return
        if draft is None:
            part = Part(trail.entity_id, trail.box_at(rest.since))
            draft = drafts[key] = self._book.open(way.kind, rest.since, [part], zone=way.zone.name)
        draft.confidence = self._confidence(trail, rest, way.kind, certainty)
        draft.show(trail.at, trail.box)

    def _is_in(self, trail: Trail, rest: Rest, way: _Way) -> bool:
        """Whether it rests in that zone. Where its box may as well stand in the lane beside, it is in the one that leads
        the way it came.
        """
        came = self._ahead.get(trail.entity_id)
        if came is None or way.direction is None:
            return way.zone.holds(rest.centre)
        error = edge_error(trail.box)
        if way.leads(came):
            return _about(way.zone, rest.centre, error)
        beside = (other for other in self._ways if other.leads(came))
        return way.zone.holds(rest.centre) and not any(
            _about(lane.zone, rest.centre, error) for lane in beside
        )

    def _confidence(self, trail: Trail, rest: Rest, kind: str, certainty: float) -> float:
        zones = [way.zone for way in self._ways if way.kind == kind]
        within = clear(max(inside(zone, rest.centre) for zone in zones), edge_error(trail.box))
        if kind == "blocked":
            return told(there(trail), 1.0 - trail.names.get("person", 0.0), certainty, within)
        seen_ahead = UNSEEN_AHEAD if self._next_is_outside(trail) else 1.0
        name = called(trail, VEHICLES | TWO_WHEELERS, certainty)
        return told(there(trail), came(trail), name, within, seen_ahead)

    def _surely(self, trail: Trail, kind: str, step: Step) -> bool:
        """Whether it is known for something that can be in the way so, and no piece of what was told of already. A vehicle
        comes from somewhere: what is one all at once is somebody who fell.
        """
        if kind == "blocked":
            drove_in = trail.from_start or trail.at_edge or travelled(trail)
            return trail.names.get("person", 0.0) <= 1.0 - AGREED and (
                trail.label not in VEHICLES or drove_in
            )
        known = (
            o for o in step.everyone if o is not trail and "stalled" in self._drafts.get(o.entity_id, {})
        )
        return is_known(trail, VEHICLES | TWO_WHEELERS) and not any(is_piece(trail, other) for other in known)

    def _note_way(self, trail: Trail) -> None:
        """Which way it goes, over about a second: where two boxes merge, a single look may say anything."""
        (x, y), (was_x, was_y) = trail.velocity, self._ahead.get(trail.entity_id, trail.velocity)
        self._ahead[trail.entity_id] = (was_x + WAY_SHARE * (x - was_x), was_y + WAY_SHARE * (y - was_y))

    def _note_waiting(self, trail: Trail, rest: Rest, step: Step) -> None:
        """Notes who waits: where waiting is meant, or right behind another vehicle that rests. What passes in between may
        hide the one ahead for a moment; when that has been away for the time that tells, the wait is over.
        """
        error = edge_error(trail.box)
        meant = any(_about(zone, rest.centre, error) for zone in self._waiting)
        if meant or self._stands_behind(trail, step):
            self._waits[trail.entity_id] = trail.at

    def _heading(self, trail: Trail) -> Point | None:
        """The way it came, or if nobody saw that, its lane's."""
        came = self._ahead.get(trail.entity_id)
        lanes = (lane for lane in self._ways if lane.direction is not None)
        return came or next((lane.direction for lane in lanes if lane.zone.holds(trail.place)), None)

    def _next_is_outside(self, trail: Trail) -> bool:
        """Whether who stands right ahead of it, and is as large, does so outside the picture."""
        heading = self._heading(trail)
        if self._size is None or heading is None or (speed := math.hypot(*heading)) == 0:
            return False
        far = trail.box.diagonal / speed
        x, y = trail.box.moved(far * heading[0], far * heading[1]).centre
        return not (0 <= x < self._size[0] and 0 <= y < self._size[1])

    def _stands_behind(self, trail: Trail, step: Step) -> bool:
        """Whether another vehicle rests right ahead of it."""
        heading = self._heading(trail)
        if heading is None:
            return False
        others = (o for o in step.everyone if o is not trail and o.rest is not None and drives(o) > 0)
        return any(_is_ahead(trail, other, heading) and not is_piece(trail, other) for other in others)

    def _close(self, trail: Trail, at: Micros | None) -> None:
        for draft in self._drafts.pop(trail.entity_id, {}).values():
            self._book.close(draft, trail.at if at is None else at)


def _about(zone: Zone, place: Point, error: float) -> bool:
    """Whether the place lies in the zone or at most so many pixels beside it."""
    return inside(zone, place) >= -error


def _is_ahead(trail: Trail, other: Trail, heading: Point) -> bool:
    """Whether the other stands in front of it, seen the way it came, with hardly room for one more in between."""
    (ax, ay), (bx, by) = trail.box.centre, other.box.centre
    along = (bx - ax) * heading[0] + (by - ay) * heading[1]
    far, speed = math.dist(trail.box.centre, other.box.centre), math.hypot(*heading)
    return (
        far > 0
        and along > AHEAD_COSINE * far * speed
        and trail.box.gap(other.box) <= ROOM * (trail.box.diagonal + other.box.diagonal) / 2
    )


def _hinders(trail: Trail, kind: str) -> float:
    if kind == "stalled":
        return 1.0 if trail.label in VEHICLES else drives(trail) if travelled(trail) else 0.0
    if trail.label not in UNNAMED:
        return 0.0 if trail.label == "person" else 1.0
    likeness = person_likeness(trail)
    return 0.0 if likeness >= 0.7 else 1.0 - likeness
