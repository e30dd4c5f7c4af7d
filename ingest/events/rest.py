"""Standing still: `stopped`, `started`, and the rests that are in somebody's way (`blocked`, `stalled`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

import cv2
import numpy as np

from core.clock import SECOND, Micros
from core.ids import EntityId
from core.labels import TWO_WHEELERS
from core.place import Layout, Point, Zone
from ingest.events.book import Book, Draft, Part, over, sure
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
from ingest.events.trail import Rest, Step, Trail, TrailPoint
from ingest.perception.attributes import direction_word
from ingest.perception.presence import Visit

WAYS = frozenset({"aisle", "dock", "exit", "door", "doorway", "corridor", "fire_lane", "entrance"})
"""Kinds of zone that must stay free (`blocked`)."""
AISLES = frozenset({"aisle"})
ROADS = frozenset({"road", "crossing", "lane", "rails", "junction"})
"""Kinds of zone in which a vehicle that rests has stalled; so it has in an aisle."""
WAITING = frozenset({"waiting", "parking", "taxi", "bus_stop"})
"""Kinds of zone in which a vehicle may stand for long."""
EVENED: Micros = 200_000
"""A rest is judged by places averaged over looks this near to either side: boxes tremble by more than a circle is wide."""
UNSEEN: Micros = SECOND
"""Two looks further apart than this leave open when a thing moved in between."""
AHEAD_COSINE = 0.77
"""In front of a vehicle is what lies within 40° of the way it came."""
WAY_SHARE = 0.2
"""How much of the way a vehicle came is that of the latest look."""
ROOM = 1.2
"""Mean diagonals of both boxes up to which a vehicle stands right behind another."""

UNSEEN_AHEAD = 0.5
"""How surely nobody stands ahead of a vehicle where he would stand outside the picture."""


class RestMaker:
    """Tells who rests. It keeps `Trail.rest` and `Trail.rested_until` for the other makers.

    A rest begins when the places of the last `rest_s` fit in a circle of the contract's radius; its start is the moment
    the thing came into that circle, between two looks by straight interpolation. Whoever shifts about rests on while all
    places since fit in such a circle, or those of the last `rest_s` do. It ends when the thing has stayed out of it for `rest_settle_s`, at the moment it
    left its last place by that radius. Places are evened out over neighbouring looks (`EVENED`). Who stood there from
    the start and is first seen when he moves has rested until then. A thing that vanishes while it rests ends its rest, but has not started. Confidence:
    `sure(score, how far past rest_s)`.
    """

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._layout, self._thresholds = book, layout, thresholds
        self._drafts: dict[EntityId, Draft] = {}

    def step(self, step: Step) -> None:
        """Takes in one look."""
        for _, trail in step.arrived:
            if trail.from_start and trail.rest is None and not trail.goods:
                self._stood_before(trail)
        for trail in step.present:
            if trail.rest is None:
                self._look_for_rest(trail)
            else:
                self._go_on(trail, trail.rest)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Ends the rest of one who is gone."""
        rest, draft = trail.rest, self._drafts.pop(trail.entity_id, None)
        if rest is None or draft is None:
            return
        end = min(visit.at, rest.away) if rest.away is not None else visit.at
        self._close(draft, trail, rest, end)

    def _look_for_rest(self, trail: Trail) -> None:
        t = self._thresholds
        points = trail.since(trail.at - t.span("rest_s"))
        if trail.at - points[0].at < t.span("rest_s") or not _steady_if_cut(points, self._radius(trail)):
            return
        places = _evened(points)
        around, needed = _circle(places)
        radius = self._radius(trail)
        if needed > radius:
            return
        centre = (median(x for x, _ in places), median(y for _, y in places))
        if any(math.dist(place, centre) > radius for place in places):
            centre = around
        since = max(
            _came_in(trail, points[0], centre, radius), trail.rested_until or 0
        )  # rests never overlap
        if trail.at - since < t.span("rest_s"):
            return
        self._begin(trail, since, centre, radius, places)

    def _stood_before(self, trail: Trail) -> None:
        """The rest of who stood there from the start and was first seen when he began to move."""
        if len(trail.points) < 2:
            return
        first, seen = trail.points[0], trail.points[1]
        centre, needed = _circle([first.place, seen.place])
        if seen.at - first.at >= self._thresholds.span("rest_s") and needed <= self._radius(trail):
            self._begin(trail, first.at, centre, self._radius(trail), [first.place, seen.place])

    def _begin(
        self, trail: Trail, since: Micros, centre: Point, radius: float, places: Sequence[Point]
    ) -> None:
        trail.rest = Rest(since=since, centre=centre, radius=radius, edge=_edge(places))
        part = Part(trail.entity_id, trail.box_at(since))
        zone = self._layout.zone_at(centre)
        draft = self._book.open("stopped", since, [part], zone=zone, confidence=sure(trail.score, 0.0))
        self._drafts[trail.entity_id] = draft
        self._show(draft, trail, trail.at)

    def _radius(self, trail: Trail) -> float:
        """The circle's radius for a thing of that size."""
        return max(self._thresholds.rest_px, self._thresholds.rest_share * trail.box.diagonal)

    def _go_on(self, trail: Trail, rest: Rest) -> None:
        draft = self._drafts[trail.entity_id]
        points = trail.since(trail.at - self._thresholds.span("rest_s"))
        lately = _evened(points)
        if _keeps(rest, _mean([p for p in points[-2:] if trail.at - p.at <= EVENED])) or _still_rests(
            rest, lately
        ):
            rest.away = None
            self._show(draft, trail, trail.at)
            return
        if rest.away is None:
            before = trail.points[-2].at
            rest.away = before if trail.at - before <= UNSEEN else trail.at
        if trail.at - rest.away < self._thresholds.span("rest_settle_s"):
            return
        rest.away = _went_out(trail, rest, rest.away - self._thresholds.span("rest_s"))
        trail.rest, trail.rested_until = None, rest.away
        del self._drafts[trail.entity_id]
        self._close(draft, trail, rest, rest.away)
        self._start(trail, rest, rest.away)

    def _show(self, draft: Draft, trail: Trail, at: Micros) -> None:
        draft.show(at, trail.box_at(at))
        draft.confidence = sure(trail.score, over((at - draft.start) / SECOND, self._thresholds.rest_s))

    def _close(self, draft: Draft, trail: Trail, rest: Rest, end: Micros) -> None:
        self._show(draft, trail, end)
        self._book.close(draft, end)
        trail.rest, trail.rested_until = None, end

    def _start(self, trail: Trail, rest: Rest, at: Micros) -> None:
        before = trail.box_at(at)
        way = direction_word(before, trail.box)
        moved = math.dist(before.foot, trail.place) / self._radius(trail)
        self._book.note(
            "started",
            at,
            [Part(trail.entity_id, before)],
            zone=self._layout.zone_at(rest.centre),
            confidence=sure(trail.score, over(moved, 1.0)),
            attributes={"direction": way} if way else {},
        )


def _steady_if_cut(points: list[TrailPoint], radius: float) -> bool:
    """Whether a box that the picture's edge cuts keeps all four sides: whoever walks out through the lower edge would
    else seem to stand there.
    """
    if not any(p.cut_off for p in points):
        return True
    sides = [(p.box.x1, p.box.y1, p.box.x2, p.box.y2) for p in points]
    return all(max(values) - min(values) <= 2 * radius for values in zip(*sides, strict=True))


def _came_in(trail: Trail, first: TrailPoint, centre: Point, radius: float) -> Micros:
    """When it came into the circle in which `first` lies and which it has not left since."""
    for before, after in trail.legs():
        if after.at > first.at:
            continue
        if math.dist(before.place, centre) > radius:
            return _crossing(before, after, centre, radius)
    return trail.points[0].at


def _went_out(trail: Trail, rest: Rest, lately: Micros) -> Micros:
    """When it left the circle about where it was last, from `lately` until it was found to be away.

    Where it was not seen for a while, it is taken to have left as late as it can have at the speed it has now.
    """
    points = trail.since(max(rest.since, lately))
    away = max(i for i, p in enumerate(points) if i == 0 or (rest.away or 0) >= p.at)
    x, y = (median(p.place[i] for p in points[: away + 1]) for i in (0, 1))
    kept = [i for i, p in enumerate(points[:-1]) if math.dist(p.place, (x, y)) <= rest.radius]
    last = kept[-1] if kept else away
    before, after = points[last], points[last + 1]
    if after.at - before.at > UNSEEN and (speed := _speed(points[last + 1 :])) > 0:
        late = after.at - round((math.dist(after.place, (x, y)) - rest.radius) / speed * SECOND)
        return min(max(late, before.at), after.at)
    return _crossing(after, before, (x, y), rest.radius)


def _speed(points: list[TrailPoint]) -> float:
    """Pixels a second from the first to the last; 0 for a single point."""
    took = (points[-1].at - points[0].at) / SECOND
    return math.dist(points[0].place, points[-1].place) / took if took > 0 else 0.0


def _keeps(rest: Rest, place: Point) -> bool:
    """Whether the place is in the rest's circle, or one as large holds it and all places before; then that is its circle."""
    if math.dist(place, rest.centre) <= rest.radius:
        rest.edge = _edge([*rest.edge, place])
        return True
    centre, needed = _circle([*rest.edge, place])
    if needed > rest.radius:
        return False
    rest.centre, rest.edge = centre, _edge([*rest.edge, place])
    return True


def _still_rests(rest: Rest, lately: Sequence[Point]) -> bool:
    """Whether it would rest by its latest places alone, as one does that creeps to a halt; then that is its circle."""
    centre, needed = _circle(lately)
    if needed > rest.radius:
        return False
    rest.centre, rest.edge = centre, _edge(lately)
    return True


def _evened(points: Sequence[TrailPoint]) -> list[Point]:
    """Each place averaged with those within `EVENED`, as many before it as after it."""
    out = []
    for i, point in enumerate(points):
        k = 0
        while (
            k < min(i, len(points) - 1 - i)
            and max(point.at - points[i - k - 1].at, points[i + k + 1].at - point.at) <= EVENED
        ):
            k += 1
        out.append(_mean(points[i - k : i + k + 1]))
    return out


def _mean(points: Sequence[TrailPoint]) -> Point:
    return fmean(p.place[0] for p in points), fmean(p.place[1] for p in points)


def _circle(places: Sequence[Point]) -> tuple[Point, float]:
    """The smallest circle around the places: its centre and radius."""
    (x, y), radius = cv2.minEnclosingCircle(np.array(places, np.float32))
    return (float(x), float(y)), float(radius)


def _edge(places: Sequence[Point]) -> tuple[Point, ...]:
    """The outermost of the places, to half a pixel."""
    rounded = np.round(np.array(places, np.float32) * 2) / 2
    return tuple((float(x), float(y)) for x, y in cv2.convexHull(rounded)[:, 0])


def _crossing(far: TrailPoint, near: TrailPoint, centre: Point, radius: float) -> Micros:
    """The moment at which a straight walk between the two points meets the circle."""
    low, high = 0.0, 1.0
    for _ in range(20):
        part = (low + high) / 2
        x = far.place[0] + part * (near.place[0] - far.place[0])
        y = far.place[1] + part * (near.place[1] - far.place[1])
        low, high = (low, part) if math.dist((x, y), centre) <= radius else (part, high)
    return far.at + round(high * (near.at - far.at))


@dataclass(frozen=True, slots=True)
class _Way:
    kind: str
    zone: Zone
    needed: Micros
    direction: Point | None = None

    def holds(self, place: Point, error: float) -> bool:
        """Whether the place lies in the zone or at most so many pixels beside it."""
        return self.zone.holds(place) or inside(self.zone, place) >= -error

    def leads(self, way: Point) -> bool:
        """Whether it is a lane that leads more that way than against it."""
        return self.direction is not None and way[0] * self.direction[0] + way[1] * self.direction[1] > 0


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
        self._lanes = [(lane.zone(), lane.direction) for lane in layout.lanes]
        leads = {lane.name: lane.direction for lane in layout.lanes}
        self._ahead: dict[EntityId, Point] = {}
        self._waits: dict[EntityId, Micros] = {}
        self._ways = [
            _Way("blocked", z, thresholds.at(z.name).span("blocked_s")) for z in zones if z.kind in WAYS
        ] + [
            _Way("stalled", z, thresholds.at(z.name).span("stalled_s"), leads.get(z.name))
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
            return way.holds(rest.centre, error)
        beside = (other for other in self._ways if other.leads(came))
        return way.zone.holds(rest.centre) and not any(lane.holds(rest.centre, error) for lane in beside)

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
        if self._stands_behind(trail, step) or any(zone.holds(rest.centre) for zone in self._waiting):
            self._waits[trail.entity_id] = trail.at

    def _way(self, trail: Trail) -> Point | None:
        """The way it came, or if nobody saw that, its lane's."""
        way = self._ahead.get(trail.entity_id)
        return way or next((to for zone, to in self._lanes if zone.holds(trail.place)), None)

    def _next_is_outside(self, trail: Trail) -> bool:
        """Whether who stands right ahead of it, and is as large, does so outside the picture."""
        way = self._way(trail)
        if self._size is None or way is None or (speed := math.hypot(*way)) == 0:
            return False
        far = trail.box.diagonal / speed
        x, y = trail.box.moved(far * way[0], far * way[1]).centre
        return not (0 <= x < self._size[0] and 0 <= y < self._size[1])

    def _stands_behind(self, trail: Trail, step: Step) -> bool:
        """Whether another vehicle rests right ahead of it."""
        way = self._way(trail)
        if way is None:
            return False
        others = (o for o in step.everyone if o is not trail and o.rest is not None and drives(o) > 0)
        return any(_is_ahead(trail, other, way) and not is_piece(trail, other) for other in others)

    def _close(self, trail: Trail, at: Micros | None) -> None:
        for draft in self._drafts.pop(trail.entity_id, {}).values():
            self._book.close(draft, trail.at if at is None else at)


def _is_ahead(trail: Trail, other: Trail, way: Point) -> bool:
    """Whether the other stands in front of it, seen the way it came, with hardly room for one more in between."""
    (ax, ay), (bx, by) = trail.box.centre, other.box.centre
    along = (bx - ax) * way[0] + (by - ay) * way[1]
    far, speed = math.dist(trail.box.centre, other.box.centre), math.hypot(*way)
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
