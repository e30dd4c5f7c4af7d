"""Ways of moving: `turned`, `running`, `speeding`, `wrong_way`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from core.clock import SECOND, Micros
from core.ground import Ground
from core.ids import EntityId
from core.place import Layout, Point, Zone
from core.sight import Attributes
from ingest.events_book import Book, Draft, Part, Spell, over, sure
from ingest.events_labels import PEOPLE, TWO_WHEELERS, UNNAMED, VEHICLES, upright
from ingest.events_trail import Step, Trail
from ingest.presence import Visit
from ingest.thresholds import Thresholds

LEG_SHARE = 0.3
LEG_PX = 12.0
"""A leg is a piece of path of at least max(LEG_PX, LEG_SHARE of the diagonal): shorter ones have no direction."""
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


class TurnMaker:
    """Tells who changed direction by `turn_deg` or more.

    The path is cut into legs long enough to have a direction. Two legs in a row that agree are a settled direction; a
    turn is a settled direction that differs by `turn_deg` from the last settled one, taken at most `turn_within_s`
    before. Its moment is half-way between the two. Attributes: `angle` in degrees, `side` to which (seen on screen, as
    one who walks). Confidence: `sure(score, how far past turn_deg)`.
    """

    def __init__(self, book: Book, thresholds: Thresholds) -> None:
        self._book, self._thresholds = book, thresholds
        self._courses: dict[EntityId, _Course] = {}

    def step(self, step: Step) -> None:
        """Takes in one look."""
        for trail in step.present:
            if trail.points[-1].cut_off:
                self._courses.pop(trail.entity_id, None)
                continue
            course = self._courses.setdefault(trail.entity_id, _Course(trail.at, trail.place))
            self._look(trail, course)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Forgets one who is gone."""
        self._courses.pop(trail.entity_id, None)

    def _look(self, trail: Trail, course: _Course) -> None:
        dx, dy = trail.place[0] - course.place[0], trail.place[1] - course.place[1]
        if math.hypot(dx, dy) < max(LEG_PX, LEG_SHARE * trail.box.diagonal):
            if trail.rest is not None:
                course.at, course.place = trail.at, trail.place
            return
        leg = _Leg(course.at, trail.at, math.atan2(dy, dx))
        oldest = trail.at - self._thresholds.span("turn_within_s")
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
                self._write(trail, (last.end + legs[-2].start) // 2, turn)
                course.legs = legs[-2:]
                return

    def _write(self, trail: Trail, at: Micros, turn: float) -> None:
        self._book.note(
            "turned",
            at,
            [Part(trail.entity_id, trail.box_at(at))],
            confidence=sure(trail.score, over(abs(turn), self._thresholds.turn_deg)),
            attributes={"angle": round(abs(turn)), "side": "right" if turn > 0 else "left"},
        )


def _angle(one: _Leg, other: _Leg) -> float:
    """Degrees from one heading to the other, -180 to 180; positive is clockwise on screen, to the walker's right."""
    return (math.degrees(other.heading - one.heading) + 180.0) % 360.0 - 180.0


@dataclass(slots=True)
class _Going:
    spell: Spell
    draft: Draft | None = None
    fastest: float = 0.0


@dataclass(frozen=True, slots=True)
class _Manner:
    """One way of moving: `excess` says how far past its threshold a trail is (1 is at it; 0 does not apply), with the
    certainty that the trail is of the right kind.
    """

    kind: str
    zone: str | None
    need: Micros
    excess: Callable[[Trail], tuple[float, float]]


class MannerMaker:
    """Tells who moves in a way that counts: `running` (people), `speeding` (vehicles; takes a scale and a limit) and
    `wrong_way` (vehicles and two-wheelers, in a lane).

    A span begins when the manner began to hold and ends when it no longer did; breaks under half a second do not
    end it. Nameless things count as vehicles at certainty 0.7 where they are not upright, never as runners. Confidence:
    `sure(score, how far past the threshold at the most, certainty)`.
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
                lapsed = going.spell.lapsed
                self._book.close(going.draft, visit.at if lapsed is None else min(lapsed, visit.at))

    def _manners(self) -> list[_Manner]:
        t = self._thresholds
        out = [_Manner("running", None, t.span("running_s"), lambda trail: _running(trail, self._layout, t))]
        ground = self._layout.scale
        if ground is not None:
            areas: list[tuple[str | None, Zone | None, Thresholds]] = [(None, None, t)]
            areas += [(lane.name, lane.zone(), t.at(lane.name)) for lane in self._layout.lanes]
            for name, area, own in areas:
                if own.speed_limit_kmh is not None and (name is None or own is not t):
                    out.append(
                        _Manner("speeding", name, own.span("speeding_s"), _Speeding(area, ground, own))
                    )
        for lane in self._layout.lanes:
            own = t.at(lane.name)
            out.append(
                _Manner(
                    "wrong_way",
                    lane.name,
                    own.span("wrong_way_s"),
                    _Against(lane.zone(), lane.direction, own),
                )
            )
        return out

    def _look(self, trail: Trail, manner: _Manner, going: _Going) -> None:
        excess, certainty = manner.excess(trail)
        holds = excess >= 1.0
        if not going.spell.on:
            going.fastest = excess if going.spell.since is None else max(going.fastest, excess)
            if not going.spell.begins(trail.at, holds) or going.spell.since is None:
                return
            part = Part(trail.entity_id, trail.box_at(going.spell.since))
            going.draft = self._book.open(manner.kind, going.spell.since, [part], zone=manner.zone)
        draft = going.draft
        if draft is None:
            return
        if holds:
            going.fastest = max(going.fastest, excess)
            draft.show(trail.at, trail.box)
            draft.confidence = sure(trail.score, over(going.fastest, 1.0), certainty)
            draft.attributes = _speed(trail, self._layout)
        if going.spell.ends(trail.at, holds):
            lapsed = going.spell.lapsed
            self._book.close(draft, trail.at if lapsed is None else lapsed)
            going.draft = None


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


def _drives(trail: Trail) -> float:
    if trail.label in VEHICLES or trail.label in TWO_WHEELERS:
        return 1.0
    return 0.7 if trail.label in UNNAMED and not upright(trail.box) else 0.0


@dataclass(frozen=True, slots=True)
class _Speeding:
    zone: Zone | None
    ground: Ground
    thresholds: Thresholds

    def __call__(self, trail: Trail) -> tuple[float, float]:
        certainty = _drives(trail)
        limit = self.thresholds.speed_limit_kmh
        outside = self.zone is not None and not self.zone.holds(trail.place)
        if limit is None or certainty == 0 or outside:
            return 0.0, 0.0
        return (trail.pace(self.ground) or 0.0) * 3.6 / limit, certainty


@dataclass(frozen=True, slots=True)
class _Against:
    zone: Zone
    direction: Point
    thresholds: Thresholds

    def __call__(self, trail: Trail) -> tuple[float, float]:
        certainty = _drives(trail)
        slow = trail.speed < self.thresholds.moving_share * trail.box.diagonal
        if certainty == 0 or slow or not self.zone.holds(trail.place):
            return 0.0, 0.0
        (vx, vy), (dx, dy) = trail.velocity, self.direction
        cosine = (vx * dx + vy * dy) / (trail.speed * math.hypot(dx, dy))
        away = math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
        return away / self.thresholds.wrong_way_deg, certainty
