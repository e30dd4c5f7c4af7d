"""Collisions: two that drive touch, and in that moment one that was fast is no longer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.clock import SECOND, Micros
from core.ids import EntityId
from core.place import Box, Layout, Point
from ingest.events.book import Book, Part
from ingest.events.labels import VEHICLES, drives
from ingest.events.pair import Pair, Two
from ingest.events.surety import clear, edge_error, surely_drives, told
from ingest.events.thresholds import Thresholds
from ingest.events.trail import Step, Trail
from ingest.perception.presence import Visit

TOUCH_PX, TOUCH_SHARE = 4.0, 0.08
"""Two boxes touch when they are at most max(TOUCH_PX, TOUCH_SHARE of the smaller diagonal) apart."""
BEFORE: Micros = SECOND * 3 // 8
"""The stretch just before the contact over which it was fast …"""
AFTER: Micros = SECOND * 3 // 8
"""… and how long after it motion is looked at again, over as long a stretch."""
LOST_OVER_S = (BEFORE // 2 + AFTER + AFTER // 2) / SECOND
"""Seconds from the middle of the one stretch to the middle of the other: over these the speed is lost."""
TAKEN_OVER = 0.6
"""Overlap (IoU) from which on the fast one stands where another stood before the contact: no car does, but its track may go
over to one that it passed."""
COVERED, GROWN = 0.7, 0.5
"""One region holds both where it covers this part of the room they took up, and this part of what the one took up beside the
other, which it did not before.
"""
SIZE_KEPT = 1.6
"""So many times its smallest diagonal, at most, is the largest of either from `BEFORE` the contact until it is judged."""
LEFT_SHARE = 0.35
"""At most this share of the speed is left after a collision."""
AGAIN: Micros = 60 * SECOND
"""The same two do not collide twice within this time: after a collision they stand where they are."""


@dataclass(slots=True)
class _Contact:
    """Two that came to touch: when, at what pace the faster one did (`CollisionMaker._pace`), and the box around both then."""

    at: Micros
    pace: float
    hull: Box
    parts: tuple[Part, Part]
    certainty: float
    cut: bool = False


@dataclass(slots=True)
class _Near:
    """The last look at which both were seen apart."""

    at: Micros
    gap: float
    closing: float
    boxes: dict[EntityId, Box] = field(default_factory=dict)


class CollisionMaker:
    """Tells of collisions: `collision`, with the roles hitter (the faster) and struck.

    Two vehicles or two-wheelers come to touch, one of them fast (`fast_*`) until then, and within `AFTER` hardly any of
    its speed is left (`LEFT_SHARE`): harder than any brake takes it (`crash_m` metres, or `crash_share` diagonals, a
    second per second). Boxes that only overlap in the picture go on as they went,
    and whoever stands where another stood is that one (`TAKEN_OVER`). Where the two became one region, that
    region has to stay where both were: had one of them driven on behind the other, it would shrink again. Told at the
    moment of the contact. Confidence: how surely both are there and drive, and more speed was lost than a brake takes, by
    how much that errs (`surety`).
    """

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._layout, self._thresholds = book, layout, thresholds
        self._near: dict[Pair, _Near] = {}
        self._touching: dict[Pair, _Contact] = {}
        self._told: dict[Pair, Micros] = {}

    def step(self, step: Step, twos: Sequence[Two]) -> None:
        """Takes in one look and the pairs of it."""
        seen = {trail.entity_id: trail for trail in step.everyone}
        for two in twos:
            self._watch(two)
        for pair, near in list(self._near.items()):
            if near.at < step.at:
                self._lost_sight(pair, near, seen, step.at)
        for pair, contact in list(self._touching.items()):
            self._judge(pair, contact, seen, step.at)
        self._told = {pair: at for pair, at in self._told.items() if step.at - at < AGAIN}

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Forgets one who is gone; a contact just made is judged by the one who stayed."""
        for pair in [p for p in self._near if trail.entity_id in p]:
            del self._near[pair]

    def _watch(self, two: Two) -> None:
        certainty = drives(two.one) * drives(two.other)
        named = two.one.label in VEHICLES or two.other.label in VEHICLES
        if certainty == 0 or not (named or certainty >= 0.4):
            return
        limit = max(TOUCH_PX, TOUCH_SHARE * min(two.one.box.diagonal, two.other.box.diagonal))
        near = self._near.get(two.pair)
        if two.gap <= limit:
            if near is not None and near.gap > limit:
                self._touch(two.pair, two.one, two.other, two.one.at)
            self._near[two.pair] = _Near(two.one.at, two.gap, 0.0)
            return
        closing = (near.gap - two.gap) * SECOND / max(1, two.one.at - near.at) if near is not None else 0.0
        boxes = {trail.entity_id: trail.box for trail in (two.one, two.other)}
        self._near[two.pair] = _Near(two.one.at, two.gap, closing, boxes)

    def _lost_sight(self, pair: Pair, near: _Near, seen: dict[EntityId, Trail], at: Micros) -> None:
        """One of two that were about to touch is not seen any more: they may have become one region."""
        one, other = seen.get(pair[0]), seen.get(pair[1])
        del self._near[pair]
        if one is None or other is None or one.missing == other.missing:
            return
        if near.boxes and near.gap <= near.closing * (at - near.at) / SECOND + TOUCH_PX:
            self._touch(pair, one, other, at)

    def _touch(self, pair: Pair, one: Trail, other: Trail, at: Micros) -> None:
        if pair in self._touching or pair in self._told:
            return
        fast, slow = sorted((one, other), key=lambda trail: _speed(trail, at - BEFORE, at), reverse=True)
        pace = self._pace(fast, at - BEFORE, at)
        if not self._is_fast(fast, _speed(fast, at - BEFORE, at), pace):
            return
        self._touching[pair] = _Contact(
            at=at,
            pace=pace,
            hull=_last_box(one, at).hull(_last_box(other, at)),
            parts=(
                Part(fast.entity_id, _last_box(fast, at), "hitter"),
                Part(slow.entity_id, _last_box(slow, at), "struck"),
            ),
            certainty=surely_drives(one) * surely_drives(other),
            cut=any(trail.points[-1].cut_off for trail in (one, other)),
        )

    def _is_fast(self, trail: Trail, speed: float, pace: float) -> bool:
        """Whether that many pixels a second, which are that pace, are fast for it."""
        t = self._thresholds
        return speed >= t.fast_px and pace >= (t.fast_share if self._per_pixel(trail) is None else t.fast_m)

    def _pace(self, trail: Trail, since: Micros, until: Micros) -> float:
        """Metres a second between the looks nearest to two moments, or its box's diagonals a second where no scale is known:
        of what drives away from the camera the pixels a second grow fewer by themselves.
        """
        ends = _ends(trail, since, until)
        if ends is None:
            return 0.0
        (x, y), (across, down), took = ends
        ground = self._layout.scale
        metres = None if ground is None else ground.metres((x, y), (x + across, y + down))
        return (math.hypot(across, down) / trail.box_at(since).diagonal if metres is None else metres) / took

    def _left(self, trail: Trail, since: Micros, until: Micros) -> float:
        """Its pace some time after the contact; of whom something hid until then, since the contact."""
        seen_twice = _ends(trail, since + AFTER, until) is not None
        return self._pace(trail, since + AFTER if seen_twice else since, until)

    def _per_pixel(self, trail: Trail) -> float | None:
        """Metres a pixel in the way it moves, from where it stands; None where no scale is known."""
        ground = self._layout.scale
        if ground is None or trail.speed == 0:
            return None if ground is None else ground.speed(trail.place, (1.0, 0.0))
        pace = trail.pace(ground)
        return None if pace is None else pace / trail.speed

    def _judge(self, pair: Pair, contact: _Contact, seen: dict[EntityId, Trail], at: Micros) -> None:
        if at - contact.at < 2 * AFTER:
            return
        del self._touching[pair]
        left_there = [seen[id] for id in pair if id in seen and not seen[id].missing]
        if contact.cut or any(p.cut_off for trail in left_there for p in trail.since(contact.at)):
            return
        fast, slow = contact.parts
        if not left_there or (len(left_there) == 1 and not _holds_both(left_there[0], contact)):
            return
        if _taken_over(contact, seen):
            return
        if len(left_there) == 2 and not all(_kept_size(trail, contact.at - BEFORE) for trail in left_there):
            return
        left = max(self._left(trail, contact.at, at) for trail in left_there)
        judged = seen.get(fast.entity_id) or left_there[0]
        beyond = (contact.pace - left) / LOST_OVER_S - self._hardest(judged)
        if left > LEFT_SHARE * contact.pace or beyond < 0:
            return
        self._told[pair] = at
        self._book.note(
            "collision",
            contact.at,
            (fast, slow),
            zone=self._layout.zone_at(contact.hull.foot),
            confidence=told(contact.certainty, self._surely_lost(judged, contact.pace, left, beyond)),
        )

    def _hardest(self, trail: Trail) -> float:
        """What no brake takes off, in what `_pace` counts a second per second."""
        known = self._per_pixel(trail) is not None
        return self._thresholds.crash_m if known else self._thresholds.crash_share

    def _surely_lost(self, trail: Trail, was: float, left: float, beyond: float) -> float:
        """How surely hardly any of its pace is left, and `beyond` what a brake takes more than none."""
        per_pixel = self._per_pixel(trail) or 1.0 / trail.box.diagonal
        error = math.sqrt(2.0) * edge_error(trail.box) * per_pixel * SECOND / BEFORE
        return clear(LEFT_SHARE * was - left, error) * clear(beyond, math.sqrt(2.0) * error / LOST_OVER_S)


def _ends(trail: Trail, since: Micros, until: Micros) -> tuple[Point, Point, float] | None:
    """Where it stood at the look nearest to the first of two moments, by how many pixels its box moved until the last, and
    how many seconds that took; None where it was not seen twice. Of two edges the one that moved less counts, so that a box that grows on one side has not moved.
    """
    points = [p for p in trail.points if since - SECOND // 8 <= p.at <= until]
    if len(points) < 2 or points[-1].at <= points[0].at:
        return None
    a, b = points[0], points[-1]
    across = min((b.box.x1 - a.box.x1, b.box.x2 - a.box.x2), key=abs)
    down = min((b.box.y1 - a.box.y1, b.box.y2 - a.box.y2), key=abs)
    return a.place, (across, down), (b.at - a.at) / SECOND


def _speed(trail: Trail, since: Micros, until: Micros) -> float:
    """Pixels a second between the looks nearest to two moments."""
    ends = _ends(trail, since, until)
    return 0.0 if ends is None else math.hypot(*ends[1]) / ends[2]


def _taken_over(contact: _Contact, seen: dict[EntityId, Trail]) -> bool:
    """Whether the fast one seems to stand just where another stood in the second that ended a second before the contact."""
    fast = contact.parts[0].entity_id
    if fast not in seen or seen[fast].missing:
        return False
    first, last = contact.at - 2 * SECOND, contact.at - SECOND
    others = [o for id, o in seen.items() if id != fast and o.points and o.points[0].at <= first]
    return any(
        min(other.box_at(at).iou(seen[fast].box) for at in (first, last)) >= TAKEN_OVER for other in others
    )


def _kept_size(trail: Trail, since: Micros) -> bool:
    """Whether it was about as large all the time: a box that was not may have gone over to somebody else."""
    diagonals = [point.box.diagonal for point in trail.since(since)]
    return max(diagonals) <= SIZE_KEPT * min(diagonals)


def _last_box(trail: Trail, at: Micros) -> Box:
    return trail.box_at(at)


def _holds_both(left: Trail, contact: _Contact) -> bool:
    """Whether one region still takes up the room of both, and has grown to do so: who passes behind another is hidden by a
    box that is none the larger for it, and may have moved on to where he was.
    """
    own, other = sorted(contact.parts, key=lambda part: part.entity_id != left.entity_id)
    outside = other.box.area - other.box.overlap(own.box)
    grown = min(other.box.overlap(left.box) - other.box.overlap(own.box), left.box.area - own.box.area)
    return left.box.overlap(contact.hull) >= COVERED * contact.hull.area and grown >= GROWN * outside
