"""Standing still: `stopped` and `started`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median

import cv2
import numpy as np

from core.clock import SECOND, Micros
from core.ids import EntityId
from core.place import Layout, Point
from ingest.events.book import Book, Draft, Part, over, sure
from ingest.events.thresholds import Thresholds
from ingest.events.trail import Rest, Step, Trail, TrailPoint
from ingest.perception.attributes import direction_word
from ingest.perception.presence import Visit

EVENED: Micros = 200_000
"""A rest is judged by places averaged over looks this near to either side: boxes tremble by more than a circle is wide."""
UNSEEN: Micros = SECOND
"""Two looks further apart than this leave open when a thing moved in between."""


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
