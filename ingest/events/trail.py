"""The steady path of each thing in the picture: smoothed boxes, speed, heading, rest."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from statistics import median

from core.clock import SECOND, Micros
from core.ground import Ground
from core.ids import EntityId
from core.place import EMPTY_LAYOUT, Box, Layout, Point
from ingest.perception.presence import Moment, Presence, Visit

KEPT: Micros = 12 * SECOND
"""How far back a trail reaches."""
LATELY: Micros = SECOND
"""The stretch over which somebody counts as having been fast."""
SPEED_OVER: Micros = SECOND // 2
"""Speed is measured over at least this long, so that one jumping box is not a sprint."""
NEIGHBOUR: Micros = 3 * SECOND // 2
"""Looks further apart than this do not smooth each other."""
SAME_HEIGHT = 1.25
"""How many times as tall as half a second ago a thing may be: what comes nearer grows less, what merges with another more."""
TALLEST_OF: Micros = 3 * SECOND
"""How tall somebody is shows within this time: of one half hidden neither the height nor the feet are known."""
EDGE_PX = 2.0
"""A box this close to the picture's edge may be cut by it."""
SHELVES = frozenset({"shelf", "rack", "display"})
"""Kinds of zone whose goods are watched as a whole (`ShelfMaker`)."""
SHELVED = 5
"""Of nine places spread over a box, so many in a shelf's zone put the thing on the shelf: most of it, for who takes goods out is at first one region with their place …"""
WHOLLY = 9
"""… of what never went anywhere, all, if it was larger at first: who takes or puts goods and their place are one region for a while."""
PARTLY = 3
"""… and so many leave it there: where more and more is taken out, the region grows over the shelf's edge."""
TAKEN = 0.5
"""Goods off the shelf that have gone so many of their own diagonals are a thing that somebody carries."""
AT_FIRST: Micros = SECOND
"""Who stands there when the scene begins is seen within this time; what is named later on, and never stirred, may be a place."""
LOST: Micros = 120 * SECOND
"""Who was not heard of for so long is forgotten."""
NEVER_GOODS = frozenset({"person"})
"""Who stands before a shelf may be seen wholly within its zone; an emptied shelf is easily taken for a vehicle."""


@dataclass(frozen=True, slots=True)
class TrailPoint:
    """Where a thing was at one look, smoothed; `cut_off` if the picture's edge may hide a part of it."""

    at: Micros
    box: Box
    cut_off: bool

    @property
    def place(self) -> Point:
        """Where it stood."""
        return self.box.foot


@dataclass(slots=True, kw_only=True)
class Rest:
    """A rest that goes on: since when, the circle it keeps to, since when it is out of that, and `edge`: the outermost
    places it kept to (to half a pixel, so that they stay few), which alone decide the circle; it may grow up to `radius`.
    """

    since: Micros
    centre: Point
    radius: float
    edge: tuple[Point, ...] = ()
    away: Micros | None = None


@dataclass(slots=True, kw_only=True)
class Trail:
    """One visit's path so far: the last seconds of it point by point, the rest in sums.

    Only looks at which it was truly seen, or at which nothing moved, are points of it: a thing that is hidden for a
    while has a gap in its trail, and no rest. `at_edge` says that it came in at the picture's edge, `from_start` that it
    never came as far as is known, `at_first` that it was seen as the scene began, `heard` when it was last named, `missing` that it was not seen then, `shelved` that it turned up on a shelf,
    `held` how many of nine places spread over its box lie within one shelf,    `names` what part each name has of all that was said of it.
    """

    entity_id: EntityId
    label: str
    born: Micros
    first_box: Box
    side: str = ""
    at_edge: bool = False
    from_start: bool = False
    at_first: bool = False
    heard: Micros = 0
    missing: bool = False
    shelved: bool = False
    held: int = 0
    names: Mapping[str, float] = field(default_factory=dict)
    points: deque[TrailPoint] = field(default_factory=deque)
    rest: Rest | None = None
    rested_until: Micros | None = None
    journey: float = 0.0
    _score: float = 0.0
    _looks: int = 0
    _speeds: deque[tuple[Micros, Point, Point]] = field(default_factory=deque)

    @property
    def box(self) -> Box:
        """The present box."""
        return self.points[-1].box

    @property
    def place(self) -> Point:
        """Where it stands."""
        return self.points[-1].place

    @property
    def at(self) -> Micros:
        """The last look at it."""
        return self.points[-1].at

    @property
    def goods(self) -> bool:
        """Whether it is what lies on a shelf, or its empty place: the shelf's maker tells of it, and nobody else."""
        if not self.shelved or self.label in NEVER_GOODS:
            return False
        return self.held >= PARTLY or self.journey < TAKEN

    @property
    def in_shelf(self) -> bool:
        """Whether it turned up on a shelf and is wholly within it, whatever it is called."""
        return self.shelved and self.held >= WHOLLY

    @property
    def score(self) -> float:
        """The mean of its detection scores."""
        return self._score / self._looks if self._looks else 0.0

    @property
    def looks(self) -> int:
        """At how many looks it was seen."""
        return self._looks

    @property
    def usual_height(self) -> float:
        """How tall its box was in the middle of the last second's looks."""
        return median(point.box.height for point in self.since(self.at - LATELY))

    def _half_hidden(self) -> bool:
        """Whether somebody on foot was half hidden at either end of the stretch for which speed is measured: the middle
        of what shows of him jumps as he comes out, and nobody on foot grows so fast by coming nearer.
        """
        before = self.since(self.at - SPEED_OVER)[0].box.height
        taller = max(before, self.box.height) / min(before, self.box.height)
        return self.label in NEVER_GOODS and taller > SAME_HEIGHT

    def tallest(self, within: Micros) -> float:
        """The greatest height its box had within that time until now."""
        return max(point.box.height for point in self.since(self.at - within))

    @property
    def whole(self) -> bool:
        """Whether its box is about as tall as it was within the last second: neither half hidden nor, all at once, one
        box with somebody else, whose lower edge says nothing of where it stands.
        """
        return 1 / SAME_HEIGHT <= self.box.height / self.usual_height <= SAME_HEIGHT

    def as_tall(self, ground: Ground | None) -> bool:
        """Whether its box was about as tall all through the last `TALLEST_OF`, in metres as far as it stands on the ground:
        one that grew or shrank otherwise than by coming nearer or going away held somebody else for a while.
        """
        heights = [
            point.box.height * (1.0 if ground is None else ground.speed(point.place, (1.0, 0.0)) or 1.0)
            for point in self.since(self.at - TALLEST_OF)
            if not point.cut_off
        ]
        return not heights or max(heights) <= SAME_HEIGHT * min(heights)

    def add(self, at: Micros, box: Box, score: float, *, cut_off: bool) -> None:
        """Takes in a look; one not later than the last is dropped."""
        if self.points and at <= self.at:
            return
        self.points.append(TrailPoint(at, box, cut_off))
        self._score += score
        self._looks += 1
        self.journey = max(self.journey, box.shift(self.first_box) / box.diagonal)
        while len(self.points) > 2 and self.points[1].at < at - KEPT:
            self.points.popleft()
        if not self._half_hidden():
            self._speeds.append((at, self.place, self.velocity))
        while self._speeds and self._speeds[0][0] < at - LATELY:
            self._speeds.popleft()

    def since(self, at: Micros) -> list[TrailPoint]:
        """The points from `at` on, led by the last one before it if there is one."""
        out: list[TrailPoint] = []
        for point in reversed(self.points):
            out.append(point)
            if point.at <= at:
                break
        return out[::-1]

    def legs(self) -> Iterator[tuple[TrailPoint, TrailPoint]]:
        """The steps from look to look, latest first."""
        later: TrailPoint | None = None
        for point in reversed(self.points):
            if later is not None:
                yield point, later
            later = point

    def box_at(self, at: Micros) -> Box:
        """The box at the look nearest to the moment."""
        return min(reversed(self.points), key=lambda point: abs(point.at - at)).box

    @property
    def velocity(self) -> Point:
        """Pixels a second, over the last half second or more; (0, 0) while it rests or was seen once."""
        if self.rest is not None and self.rest.away is None:
            return (0.0, 0.0)
        before = self.since(self.at - SPEED_OVER)[0]
        passed = (self.at - before.at) / SECOND
        if passed <= 0:
            return (0.0, 0.0)
        (ax, ay), (bx, by) = _steady_ends(before, self.points[-1])
        return ((bx - ax) / passed, (by - ay) / passed)

    @property
    def speed(self) -> float:
        """Pixels a second."""
        return math.hypot(*self.velocity)

    @property
    def top_speed(self) -> float:
        """Its greatest speed within the last second, pixels a second: who has just braked hard was fast."""
        return max((math.hypot(*velocity) for _, _, velocity in self._speeds), default=0.0)

    def pace(self, ground: Ground) -> float | None:
        """Metres a second over that ground; None where it does not stand on it."""
        return _pace(ground, self.place, self.velocity)

    def top_pace(self, ground: Ground) -> float | None:
        """As `top_speed`, in metres a second."""
        paces = [_pace(ground, place, velocity) for _, place, velocity in self._speeds]
        return max((pace for pace in paces if pace is not None), default=None)

    @property
    def moving(self) -> bool:
        """Whether it moves by more than its box trembles (0.15 diagonals a second)."""
        return self.speed >= 0.15 * self.box.diagonal


def _pace(ground: Ground, place: Point, velocity: Point) -> float | None:
    """Metres a second over the stretch for which speed is measured: from where it was to where it is, for along a road
    that leads away a pixel is worth more at its end than at its beginning.
    """
    over = SPEED_OVER / SECOND
    before = (place[0] - velocity[0] * over, place[1] - velocity[1] * over)
    metres = ground.metres(before, place)
    return None if metres is None else metres / over


def _steady_ends(before: TrailPoint, after: TrailPoint) -> tuple[Point, Point]:
    """The two places between which something moved. Of a box that the picture's edge cuts, the side that moved most
    counts: the cut one stands still while the thing does not.
    """
    if not (before.cut_off or after.cut_off):
        return before.place, after.place
    a, b = before.box, after.box
    dx = max((b.x1 - a.x1, b.x2 - a.x2), key=abs)
    dy = max((b.y1 - a.y1, b.y2 - a.y2), key=abs)
    return before.place, (before.place[0] + dx, before.place[1] + dy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One look, steadied: when, the trails of those seen at it, of everyone whose visit goes on, and whose visits
    began or ended (`gone`: with a trail to end; `left`: as perception says it, once per visit).
    """

    at: Micros
    present: tuple[Trail, ...]
    everyone: tuple[Trail, ...]
    arrived: tuple[tuple[Visit, Trail], ...] = ()
    gone: tuple[tuple[Visit, Trail], ...] = ()
    left: tuple[Visit, ...] = ()
    cut: bool = False


class Trails:
    """Turns moments into steps, one look behind: a box is the median, edge by edge, of the look before, its own and
    the look after, which takes out single jumps and keeps straight movement and its times exact.

    `size` is the picture's width and height where they are known, to tell boxes that its edge cuts. Goods on the shelves
    drawn in `layout` are left out of the steps.
    """

    def __init__(self, size: tuple[int, int] | None = None, layout: Layout = EMPTY_LAYOUT) -> None:
        self._shelves = [zone for zone in layout.zones if zone.kind in SHELVES]
        self._size = size if size is not None and min(size) > 0 else None
        self._waiting: Moment | None = None
        self._began: Micros = -1
        self._before: dict[EntityId, tuple[Micros, Box]] = {}
        self.trails: dict[EntityId, Trail] = {}

    def push(self, moment: Moment) -> Step | None:
        """Takes in a look and returns the step of the one before."""
        if self._waiting is not None and moment.at <= self._waiting.at:
            raise ValueError(f"looks come in order of time, got {moment.at} after {self._waiting.at}")
        if moment.quiet:
            moment = _carried_on(moment, self._waiting)
        waiting, self._waiting = self._waiting, moment
        return self._step(waiting, moment) if waiting is not None else None

    def drain(self) -> Step | None:
        """The step that was still waiting for its successor, if any."""
        waiting, self._waiting = self._waiting, None
        return self._step(waiting, None) if waiting is not None else None

    def _step(self, moment: Moment, after: Moment | None) -> Step:
        anew_from_here = moment.cut or moment.lost
        if anew_from_here:
            self._before.clear()
        if anew_from_here or self._began < 0:
            self._began = moment.at
        gone = [*self._dropped(moment)] if anew_from_here else []
        arrived = tuple((visit, self._arrive(visit)) for visit in moment.arrived)
        anew = {visit.entity_id for visit, _ in gone}  # of the old scene: seen from the next look on
        gone += [self._gone(visit) for visit in moment.gone if visit.entity_id in self.trails]
        present = self._follow(moment, None if after is None or after.cut or after.quiet else after, anew)
        gone += self._forgotten(moment.at)
        return Step(
            at=moment.at,
            present=present,
            everyone=tuple(trail for trail in self.trails.values() if trail.points and not trail.goods),
            arrived=arrived,
            gone=tuple(gone),
            left=moment.gone,
            cut=moment.cut,
        )

    def _arrive(self, visit: Visit) -> Trail:
        trail = self.trails.get(visit.entity_id)
        if trail is None:
            trail = self._begin(visit.entity_id, visit.label, visit.at, visit.box)
            for at, box in visit.path or ((visit.at, visit.box),):
                trail.add(at, box, visit.score, cut_off=self._cut_off(box))
        trail.side, trail.from_start, trail.born = visit.side, visit.there_from_start, visit.at
        trail.at_first = visit.there_from_start and not visit.path and visit.at <= self._began + AT_FIRST
        trail.at_edge = bool(visit.side) if self._size is None else self._cut_off(visit.box)
        return trail

    def _begin(self, entity_id: EntityId, label: str, at: Micros, box: Box) -> Trail:
        trail = Trail(
            entity_id=entity_id,
            label=label,
            born=at,
            first_box=box,
            heard=at,
            shelved=self._held(box) >= SHELVED,
        )
        self.trails[entity_id] = trail
        return trail

    def _gone(self, visit: Visit) -> tuple[Visit, Trail]:
        trail = self.trails.pop(visit.entity_id)
        return replace(visit, at=max(visit.at, trail.born)), trail

    def _follow(self, moment: Moment, after: Moment | None, anew: set[EntityId]) -> tuple[Trail, ...]:
        near = after is not None and after.at - moment.at <= NEIGHBOUR
        coming = {p.entity_id: p.box for p in after.present if p.seen} if near and after is not None else {}
        present = []
        for presence in moment.present:
            if presence.entity_id in anew and presence.entity_id not in self.trails:
                continue
            trail = self.trails.get(presence.entity_id)
            trail = trail or self._begin(presence.entity_id, presence.label, moment.at, presence.box)
            trail.heard, trail.label, trail.names = moment.at, presence.label, presence.names
            if not presence.seen and not (moment.quiet and not trail.missing and trail.points):
                trail.missing = True
                continue
            box = self._steady(moment.at, presence, coming.get(presence.entity_id))
            trail.missing = False
            trail.add(moment.at, box, presence.score, cut_off=self._cut_off(box))
            if trail.shelved or trail.journey < TAKEN:
                trail.held = self._held(box)
                trail.shelved = trail.shelved or trail.held >= WHOLLY
            if not trail.goods:
                present.append(trail)
        self._before = {p.entity_id: (moment.at, p.box) for p in moment.present if p.seen or moment.quiet}
        return tuple(present)

    def _steady(self, at: Micros, presence: Presence, coming: Box | None) -> Box:
        then, before = self._before.get(presence.entity_id, (at, None))
        if before is None or coming is None or at - then > NEIGHBOUR:
            return presence.box
        return _median(before, presence.box, coming)

    def _dropped(self, moment: Moment) -> list[tuple[Visit, Trail]]:
        """At a cut, or where sight was lost: everyone who is not said to have gone."""
        said = {visit.entity_id for visit in moment.gone}
        return [self._end(id, moment.at) for id in list(self.trails) if id not in said]

    def _forgotten(self, at: Micros) -> list[tuple[Visit, Trail]]:
        """Those nobody has named for long: they ended when last named."""
        late = [trail for trail in self.trails.values() if trail.heard < at - LOST]
        return [self._end(trail.entity_id, trail.heard) for trail in late]

    def _end(self, entity_id: EntityId, at: Micros) -> tuple[Visit, Trail]:
        trail = self.trails.pop(entity_id)
        box = trail.box if trail.points else trail.first_box
        return Visit(entity_id=entity_id, at=at, box=box, label=trail.label, score=trail.score), trail

    def _held(self, box: Box) -> int:
        """Of nine places spread over a box, how many lie within the shelf that has the most of them."""
        return max(
            (sum(zone.holds(place) for place in _spread(box)) for zone in self._shelves),
            default=0,
        )

    def _cut_off(self, box: Box) -> bool:
        if self._size is None:
            return False
        width, height = self._size
        inside = box.x1 > EDGE_PX and box.y1 > EDGE_PX
        return not (inside and box.x2 < width - EDGE_PX and box.y2 < height - EDGE_PX)


def _carried_on(moment: Moment, before: Moment | None) -> Moment:
    """The quiet moment with everyone who was there before and is neither named nor gone."""
    if before is None:
        return moment
    named = {p.entity_id for p in moment.present} | {visit.entity_id for visit in moment.gone}
    still = tuple(p for p in before.present if p.entity_id not in named)
    return Moment(
        at=moment.at,
        present=moment.present + still,
        quiet=True,
        cut=moment.cut,
        arrived=moment.arrived,
        gone=moment.gone,
    )


def _spread(box: Box) -> list[Point]:
    """Nine places spread evenly over the box."""
    shares = (1 / 6, 1 / 2, 5 / 6)
    return [(box.x1 + x * box.width, box.y1 + y * box.height) for x in shares for y in shares]


def _median(one: Box, two: Box, three: Box) -> Box:
    return Box(
        median((one.x1, two.x1, three.x1)),
        median((one.y1, two.y1, three.y1)),
        median((one.x2, two.x2, three.x2)),
        median((one.y2, two.y2, three.y2)),
    )
