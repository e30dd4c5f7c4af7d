"""Zones: `entered_zone`, `left_zone`, `dwelled`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.clock import Micros
from core.ids import EntityId
from core.place import Layout, Point, Zone
from core.sight import Attributes
from ingest.course import course_word
from ingest.events.book import Book, Draft, Part, Spell, over, sure
from ingest.events.thresholds import Thresholds
from ingest.events.trail import Step, Trail, TrailPoint
from ingest.perception.attributes import MOVED
from ingest.perception.presence import Visit


@dataclass(slots=True)
class _Stay:
    """One thing and one zone: whether it is in, and the stay being written."""

    spell: Spell
    looks: int = 0
    came_in: Point | None = None
    dwelled: Draft | None = None


class ZoneMaker:
    """Tells who is in which zone or lane, by place.

    A change counts once it has held `zone_hold_s`; its time is when a straight walk between the two looks meets the
    border. One who appears inside has entered (attribute `by` = appearing) unless it stood there from the start;
    one who leaves the picture from inside has left the zone (`by` = leaving the picture). Who leaves a lane went along,
    against or across it (`course`). `dwelled` spans the whole stay. Confidence: `sure(score, how long the change held past zone_hold_s, 0.85 for one who appeared or vanished
    inside)`; of a stay `sure(score, how far past dwell_s)`.
    """

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book = book
        self._zones = tuple((zone, thresholds.at(zone.name)) for zone in layout.areas)
        self._directions = layout.directions
        self._stays: dict[EntityId, dict[str, _Stay]] = {}

    def step(self, step: Step) -> None:
        """Takes in one look."""
        for trail in step.present:
            stays = self._stays.setdefault(trail.entity_id, {})
            for zone, t in self._zones:
                hold = t.span("zone_hold_s")
                stay = stays.setdefault(zone.name, _Stay(Spell(need=hold, grace=hold)))
                self._look(trail, zone, t, stay)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Takes in that a visit ended: whoever was inside is not any more."""
        stays = self._stays.pop(trail.entity_id, {})
        for zone, _ in self._zones:
            stay = stays.get(zone.name)
            if stay is None or not stay.spell.on:
                continue
            at = stay.spell.over_by(visit.at)
            by: Attributes = {"by": "leaving the picture"} if stay.spell.lapsed is None else {}
            self._note("left_zone", at, trail, zone, 0.0, by, self._course(zone, stay, trail, at))
            self._end_stay(stay, at, trail)

    def _look(self, trail: Trail, zone: Zone, t: Thresholds, stay: _Stay) -> None:
        inside = zone.holds(trail.place)
        stay.looks += 1
        if stay.spell.on:
            if stay.spell.ends(trail.at, inside, turned=_border(trail, zone)):
                at = stay.spell.over_by(trail.at)
                margin = over(trail.at - at, t.span("zone_hold_s"))
                self._note("left_zone", at, trail, zone, margin, course=self._course(zone, stay, trail, at))
                self._end_stay(stay, at, trail)
                return
        elif stay.spell.begins(trail.at, inside, turned=self._came_in(trail, zone, stay)):
            self._enter(trail, zone, t, stay)
        if stay.spell.on and stay.spell.lapsed is None:
            self._dwell(trail, zone, t, stay)

    def _came_in(self, trail: Trail, zone: Zone, stay: _Stay) -> Micros:
        return trail.born if stay.looks == 1 and zone.holds(trail.first_box.foot) else _border(trail, zone)

    def _enter(self, trail: Trail, zone: Zone, t: Thresholds, stay: _Stay) -> None:
        since = stay.spell.since
        at = trail.at if since is None else since
        stay.came_in = trail.box_at(at).foot
        from_the_first = at <= trail.born
        if from_the_first and trail.from_start:
            return
        by: Attributes = {"by": "appearing"} if from_the_first else {}
        self._note("entered_zone", at, trail, zone, over(trail.at - at, t.span("zone_hold_s")), by)

    def _course(self, zone: Zone, stay: _Stay, trail: Trail, at: Micros) -> Attributes:
        """Which way it went through a lane that it leaves; nothing where that is no lane, or it got nowhere in it."""
        direction, end = self._directions.get(zone.name), trail.box_at(at)
        if direction is None or stay.came_in is None:
            return {}
        if math.dist(stay.came_in, end.foot) < MOVED * end.diagonal:
            return {}
        return {"course": course_word(zone.name, direction, stay.came_in, end.foot)}

    def _note(
        self,
        kind: str,
        at: Micros,
        trail: Trail,
        zone: Zone,
        margin: float,
        by: Attributes | None = None,
        course: Attributes | None = None,
    ) -> None:
        self._book.note(
            kind,
            at,
            [Part(trail.entity_id, trail.box_at(at))],
            zone=zone.name,
            confidence=sure(trail.score, margin, 0.85 if by else 1.0),
            attributes={"zone_kind": zone.kind, **(by or {}), **(course or {})},
        )

    def _dwell(self, trail: Trail, zone: Zone, t: Thresholds, stay: _Stay) -> None:
        since = stay.spell.since
        if since is None or trail.at - since < t.span("dwell_s"):
            return
        if stay.dwelled is None:
            part = Part(trail.entity_id, trail.box_at(since))
            stay.dwelled = self._book.open(
                "dwelled", since, [part], zone=zone.name, attributes={"zone_kind": zone.kind}
            )
        stay.dwelled.show(trail.at, trail.box)
        stay.dwelled.confidence = sure(trail.score, over(trail.at - since, t.span("dwell_s")))

    def _end_stay(self, stay: _Stay, at: Micros, trail: Trail) -> None:
        if stay.dwelled is not None:
            stay.dwelled.show(at, trail.box_at(at))
            self._book.close(stay.dwelled, at)
            stay.dwelled = None


def _border(trail: Trail, zone: Zone) -> Micros:
    """When a straight walk between the last two looks met the zone's border; the last look's time if it did not."""
    if len(trail.points) < 2:
        return trail.at
    before, after = trail.points[-2], trail.points[-1]
    was = zone.holds(before.place)
    if was == zone.holds(after.place):
        return after.at
    low, high = 0.0, 1.0
    for _ in range(20):
        part = (low + high) / 2
        low, high = (part, high) if zone.holds(_between(before, after, part)) == was else (low, part)
    return before.at + round(high * (after.at - before.at))


def _between(before: TrailPoint, after: TrailPoint, part: float) -> tuple[float, float]:
    (ax, ay), (bx, by) = before.place, after.place
    return (ax + part * (bx - ax), ay + part * (by - ay))
