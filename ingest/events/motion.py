"""Ways of moving: `turned`, `running`, `speeding`, `wrong_way`."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from core.clock import SECOND, Micros
from core.ground import Ground
from core.ids import EntityId
from core.labels import TWO_WHEELERS
from core.place import Layout, Point, Zone
from core.sight import Attributes
from ingest.events.book import Book, Draft, Part, Spell, over, sure
from ingest.events.labels import PEOPLE, VEHICLES, drives, is_known, upright
from ingest.events.surety import called, clear, edge_error, inside, place_error, there, told, well_clear
from ingest.events.thresholds import Thresholds
from ingest.events.trail import KEPT, SPEED_OVER, Step, Trail
from ingest.perception.presence import Visit

LEG_SHARE = 0.3
LEG_PX = 12.0
"""A leg is a piece of path of at least max(LEG_PX, LEG_SHARE of the diagonal): shorter ones have no direction."""
BACK_DEG = 150.0
"""From here on one who turned went back."""
LANE_WITHIN: Micros = 3 * SECOND
"""How long after a turn a lane may be reached that it led to."""
AGAINST_SHARE = 0.5
"""Who drives against his lane has come so many of his own diagonals that way before it is told."""
AT_ONCE = 0.5
"""Of that way at most so much from one look to the next: nobody leaps, but a track may go over to another car."""
SLOW_M = 1.0
"""Slower than this many metres a second nobody drives."""
UPRIGHT_SHARE = 0.75
"""Of his usual height somebody is seen at least so much whose feet are in sight …"""
LATELY: Micros = 3 * SECOND
"""… and what is usual these last moments show."""
SETTLED_DEG = 30.0
"""Two legs that differ by less than this go one way."""


@dataclass(frozen=True, slots=True)
class _Leg:
    start: Micros
    end: Micros
    heading: float


@dataclass(slots=True)
class _Course:
    """A thing's path as straight legs, the last few seconds of it."""

    at: Micros
    place: Point
    legs: list[_Leg] = field(default_factory=list)
    lanes: list[tuple[Micros, str]] = field(default_factory=list)
    turned: Draft | None = None
    since: Micros = 0


class TurnMaker:
    """Tells who changed direction by `turn_deg` or more.

    The path is cut into legs long enough to have a direction. Two legs in a row that agree are a settled direction; a
    turn is a settled direction that differs by `turn_deg` from the last settled one, taken at most `turn_within_s`
    before; where a scale is known, directions are those on the ground. Its moment is half-way between the two.
    Attributes: `angle` in degrees, `side` to which (seen on screen, as one who walks; `back` from 150° on), and where
    lanes are drawn `from` and `to`: the lane it came from and the one it got to within `LANE_WITHIN`. Confidence:
    `sure(score, how far past turn_deg)`.
    """

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._thresholds = book, thresholds
        self._ground, self._lanes = layout.scale, [lane.zone() for lane in layout.lanes]
        self._courses: dict[EntityId, _Course] = {}

    def step(self, step: Step) -> None:
        """Takes in one look."""
        for trail in step.present:
            if trail.points[-1].cut_off:
                self.forget(trail.entity_id)
                continue
            if _legs_hidden(trail):
                continue
            course = self._courses.setdefault(trail.entity_id, _Course(trail.at, trail.place))
            self._look(trail, course)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Forgets one who is gone."""
        self.forget(trail.entity_id)

    def forget(self, id: EntityId) -> None:
        """Begins its course anew: the picture's edge bends every path."""
        course = self._courses.pop(id, None)
        if course is not None:
            self._settle(course, None)

    def _look(self, trail: Trail, course: _Course) -> None:
        lane = next((zone.name for zone in self._lanes if zone.holds(trail.place)), None)
        if course.turned is not None and (lane is not None or trail.at - course.since > LANE_WITHIN):
            self._settle(course, lane)
        if lane is not None:
            course.lanes = [known for known in course.lanes if known[0] >= trail.at - KEPT] + [
                (trail.at, lane)
            ]
        dx, dy = trail.place[0] - course.place[0], trail.place[1] - course.place[1]
        if math.hypot(dx, dy) < max(LEG_PX, LEG_SHARE * trail.box.diagonal):
            if trail.rest is not None:
                course.at, course.place = trail.at, trail.place
            return
        leg = _Leg(course.at, trail.at, self._heading(course.place, trail.place))
        taken_up = course.legs[-1].start if course.legs else leg.start
        oldest = taken_up - self._thresholds.span("turn_within_s")
        course.legs = [known for known in course.legs if known.end >= oldest] + [leg]
        course.at, course.place = trail.at, trail.place
        self._judge(trail, course)

    def _judge(self, trail: Trail, course: _Course) -> None:
        legs = course.legs
        if len(legs) < 4 or abs(_angle(legs[-2], legs[-1])) >= SETTLED_DEG:
            return
        for before, last in zip(legs[-4::-1], legs[-3::-1], strict=False):
            if abs(_angle(before, last)) >= SETTLED_DEG:
                continue
            turn = _angle(last, legs[-1])
            if abs(turn) >= self._thresholds.turn_deg:
                self._write(trail, course, (last.end + legs[-2].start) // 2, turn)
                course.legs = legs[-2:]
                return

    def _heading(self, before: Point, after: Point) -> float:
        """The way from one place to the other, clockwise from the right as seen on screen: over the ground if known."""
        if self._ground is not None:
            a, b = self._ground.place(before), self._ground.place(after)
            right = self._ground.place((before[0] + 1.0, before[1]))
            below = self._ground.place((before[0], before[1] + 1.0))
            if a is not None and b is not None and right is not None and below is not None:
                turned = (right[0] - a[0]) * (below[1] - a[1]) - (right[1] - a[1]) * (below[0] - a[0])
                return math.atan2((b[1] - a[1]) * math.copysign(1.0, turned), b[0] - a[0])
        return math.atan2(after[1] - before[1], after[0] - before[0])

    def _write(self, trail: Trail, course: _Course, at: Micros, turn: float) -> None:
        self._settle(course, None)
        side = "back" if abs(turn) >= BACK_DEG else "right" if turn > 0 else "left"
        attributes: Attributes = {"angle": round(abs(turn)), "side": side}
        come = [name for when, name in course.lanes if when <= at] or [name for _, name in course.lanes[:1]]
        if come:
            attributes["from"] = come[-1]
        draft = self._book.open(
            "turned",
            at,
            [Part(trail.entity_id, trail.box_at(at))],
            confidence=sure(trail.score, over(abs(turn), self._thresholds.turn_deg)),
            attributes=attributes,
        )
        course.turned, course.since = draft, trail.at
        now = next((name for when, name in reversed(course.lanes) if when > at), None)
        if not self._lanes or now is not None:
            self._settle(course, now)

    def _settle(self, course: _Course, lane: str | None) -> None:
        """Closes a turn: it is known which lane it led to, or that it led to none."""
        if course.turned is not None:
            if lane is not None:
                course.turned.attributes = {**course.turned.attributes, "to": lane}
            self._book.close(course.turned, course.turned.start + 1)
            course.turned = None


def _legs_hidden(trail: Trail) -> bool:
    """Whether somebody is seen much less tall than a moment ago: what stands before him hides where his feet are."""
    if trail.label not in PEOPLE:
        return False
    lately = [point.box.height for point in trail.points if point.at >= trail.at - LATELY]
    return trail.box.height < UPRIGHT_SHARE * statistics.median(lately)


def _angle(one: _Leg, other: _Leg) -> float:
    """Degrees from one heading to the other, -180 to 180; positive is clockwise on screen, to the walker's right."""
    return (math.degrees(other.heading - one.heading) + 180.0) % 360.0 - 180.0


@dataclass(slots=True)
class _Going:
    spell: Spell
    draft: Draft | None = None
    fastest: float = 0.0
    sureties: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Manner:
    """One way of moving: `excess` says how far past its threshold a trail is (1 is at it; 0 does not apply), with the
    certainty that the trail is of the right kind.
    """

    kind: str
    zone: str | None
    need: Micros
    excess: Callable[[Trail], tuple[float, float]]
    surely: Callable[[Trail, Micros], bool] = lambda trail, since: True
    """Whether one who does so since then surely does: what is not sure is told when it is, or never."""


class MannerMaker:
    """Tells who moves in a way that counts: `running` (people), `speeding` (vehicles; takes a scale and a limit) and
    `wrong_way` (vehicles and two-wheelers, in a lane).

    Of `wrong_way` is told who surely does (`_Against.surely`). A span begins when the manner began to hold and ends when it no longer did; breaks under half a second do not
    end it. Nameless things count as vehicles at certainty 0.7 where they are not upright, never as runners. Confidence of
    `running`: `sure(score, how far past the threshold at the most, certainty)`; of the others how surely it is there, and in
    the mean of the looks how surely it drives, in that lane, past the limit by more than that errs (`surety`).
    """

    GRACE: Micros = SECOND // 2

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._layout, self._thresholds = book, layout, thresholds
        self._going: dict[EntityId, dict[tuple[str, str | None], _Going]] = {}

    def step(self, step: Step) -> None:
        """Takes in one look."""
        for trail in step.present:
            known = self._going.setdefault(trail.entity_id, {})
            for manner in self._manners():
                key = (manner.kind, manner.zone)
                going = known.setdefault(key, _Going(Spell(need=manner.need, grace=self.GRACE)))
                self._look(trail, manner, going)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Ends what one who is gone was doing."""
        for going in self._going.pop(trail.entity_id, {}).values():
            if going.draft is not None:
                self._book.close(going.draft, going.spell.over_by(visit.at))

    def _manners(self) -> list[_Manner]:
        t = self._thresholds
        out = [_Manner("running", None, t.span("running_s"), lambda trail: _running(trail, self._layout, t))]
        ground = self._layout.scale
        if ground is not None:
            for name, area, limit, own in self._limits():
                out.append(_Manner("speeding", name, own.span("speeding_s"), _Speeding(area, ground, limit)))
        for lane in self._layout.lanes:
            own = t.at(lane.name)
            against = _Against(lane.zone(), lane.direction, own, ground)
            need = own.span("wrong_way_s")
            out.append(_Manner("wrong_way", lane.name, need, against, against.surely))
        return out

    def _limits(self) -> list[tuple[str | None, Zone | None, float, Thresholds]]:
        """Where which limit holds (km/h): those drawn or set for lanes and zones, and the one set for everywhere else."""
        t = self._thresholds
        out: list[tuple[str | None, Zone | None, float, Thresholds]] = []
        for area in self._layout.lanes_first:
            own = t.at(area.name)
            limit = own.speed_limit_kmh if own is not t else area.limit_kmh
            if limit is not None:
                out.append((area.name, area, limit, own))
        if t.speed_limit_kmh is not None:
            out.append((None, None, t.speed_limit_kmh, t))
        return out

    def _look(self, trail: Trail, manner: _Manner, going: _Going) -> None:
        excess, certainty = manner.excess(trail)
        holds = excess >= 1.0
        if not holds and not going.spell.on:
            going.sureties.clear()
        elif holds:
            going.sureties.append(certainty)
        if not going.spell.on:
            going.fastest = excess if going.spell.since is None else max(going.fastest, excess)
            if not going.spell.begins(trail.at, holds):
                return
        since = going.spell.since
        if going.draft is None and holds and since is not None and manner.surely(trail, since):
            part = Part(trail.entity_id, trail.box_at(since))
            zone = manner.zone or self._layout.zone_at(part.box.foot)
            going.draft = self._book.open(manner.kind, since, [part], zone=zone)
        draft = going.draft
        if holds and draft is not None:
            going.fastest = max(going.fastest, excess)
            draft.show(trail.at, trail.box)
            draft.confidence = _confidence(trail, manner, going)
            draft.attributes = _speed(trail, self._layout)
        if going.spell.ends(trail.at, holds) and draft is not None:
            self._book.close(draft, going.spell.over_by(trail.at))
            going.draft = None


def _confidence(trail: Trail, manner: _Manner, going: _Going) -> float:
    if manner.kind == "running":
        return sure(trail.score, over(going.fastest, 1.0))
    mean = (
        statistics.fmean if manner.kind == "speeding" else min
    )  # who is once hardly in the lane is beside it
    return told(there(trail), mean(going.sureties))


def _in(zone: Zone | None, trail: Trail) -> float:
    return 1.0 if zone is None else clear(inside(zone, trail.place), edge_error(trail.box))


def _speed(trail: Trail, layout: Layout) -> Attributes:
    pace = _pace(trail, layout)
    if pace is not None:
        return {"speed": round(pace, 2), "speed_unit": "m/s"}
    return {"speed": round(trail.speed / trail.box.height, 2)}


def _pace(trail: Trail, layout: Layout) -> float | None:
    """Metres a second, None where no scale is known."""
    return None if layout.scale is None else trail.pace(layout.scale)


def _running(trail: Trail, layout: Layout, t: Thresholds) -> tuple[float, float]:
    """Only someone upright runs by box heights: seen from above, a walk would be one."""
    if trail.label not in PEOPLE:
        return 0.0, 0.0
    pace = _pace(trail, layout)
    if pace is not None:
        return pace / t.running_m, 1.0
    return (trail.speed / trail.box.height / t.running_share, 1.0) if upright(trail.box) else (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Speeding:
    zone: Zone | None
    ground: Ground
    limit_kmh: float

    def __call__(self, trail: Trail) -> tuple[float, float]:
        certainty = drives(trail)
        outside = self.zone is not None and not self.zone.holds(trail.place)
        if certainty == 0 or outside:
            return 0.0, 0.0
        pace, error = trail.pace(self.ground), place_error(trail.box, self.ground)
        if pace is None or error is None:
            return 0.0, 0.0
        fast = clear(pace - self.limit_kmh / 3.6, math.sqrt(2.0) * error * SECOND / SPEED_OVER)
        return pace * 3.6 / self.limit_kmh, called(trail, VEHICLES, certainty) * fast * _in(self.zone, trail)


@dataclass(frozen=True, slots=True)
class _Against:
    zone: Zone
    direction: Point
    thresholds: Thresholds
    ground: Ground | None

    def __call__(self, trail: Trail) -> tuple[float, float]:
        certainty = drives(trail)
        pace = None if self.ground is None else trail.pace(self.ground)
        slow = trail.speed < self.thresholds.moving_share * trail.box.diagonal or (pace or 9.0) < SLOW_M
        if certainty == 0 or slow or not self.zone.holds(trail.place):
            return 0.0, 0.0
        (vx, vy), (dx, dy) = trail.velocity, self.direction
        cosine = (vx * dx + vy * dy) / (trail.speed * math.hypot(dx, dy))
        away = math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
        within = well_clear(inside(self.zone, trail.place, self.direction), edge_error(trail.box))
        return away / self.thresholds.wrong_way_deg, called(
            trail, VEHICLES | TWO_WHEELERS, certainty
        ) * within

    def surely(self, trail: Trail, since: Micros) -> bool:
        """Whether it is known for something that drives and has gone its way, without a leap: its foot and its middle both,
        for a box that merges with another or comes apart moves but one of them.
        """
        before, now = trail.box_at(since), trail.box
        if self._leaps(trail, since) or not trail.as_tall(self.ground):
            return False
        (dx, dy), far = self.direction, AGAINST_SHARE * now.diagonal
        gone = (
            ((a[0] - b[0]) * dx + (a[1] - b[1]) * dy) / math.hypot(dx, dy)
            for a, b in ((before.foot, now.foot), (before.centre, now.centre))
        )
        return trail.whole and is_known(trail, VEHICLES | TWO_WHEELERS) and all(way >= far for way in gone)

    def _leaps(self, trail: Trail, since: Micros) -> bool:
        """Whether it went most of its way since then from one look to the next."""
        points = trail.since(since)
        steps = [math.dist(a.box.centre, b.box.centre) for a, b in pairwise(points)]
        return max(steps, default=0.0) > AT_ONCE * math.dist(points[0].box.centre, points[-1].box.centre)
