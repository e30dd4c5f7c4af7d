"""Things put down and taken: `object_left`, `object_removed`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.clock import Micros
from core.ids import EntityId
from core.place import Box, Layout, Point
from ingest.events.book import Book, Draft, Part
from ingest.events.labels import PEOPLE, UNNAMED, mover_likeness, object_likeness, travelled
from ingest.events.rest import UNSEEN
from ingest.events.surety import came, there, told
from ingest.events.thresholds import Thresholds
from ingest.events.trail import Step, Trail
from ingest.perception.presence import Visit

OWNER_REACH = 3.0
"""The owner of what appears may be this many times further away than who is with it."""
NOBODYS = 0.5
"""How surely what appeared or vanished where nobody was is an object: things are put down and taken, light and rain are not."""


@dataclass(slots=True)
class _Left:
    """One object: whether it was never moved since the start, since when nobody is with it, whose it seems to be, who
    was with it last, and the event being written.
    """

    from_start: bool
    alone_since: Micros
    owner: Part | None = None
    by: Part | None = None
    certainty: float = 0.0
    centre: Point | None = None
    draft: Draft | None = None

    @property
    def surety(self) -> float:
        """How surely it is an object that lies there."""
        return self.certainty * (1.0 if self.from_start or self.owner is not None else NOBODYS)


class ObjectMaker:
    """Tells what was left and what was taken.

    `object_left`: an object that was not there from the start (`object_likeness`) rests, and for `alone_s` nobody who
    might carry it is within reach (`with_share` of that one's height, or `with_m`); its span begins when both hold and
    lasts until the object is gone or has been moved by its own diagonal, whoever passes by. Role `owner` is the likely
    person nearest to it when it appeared. `object_removed` is that moment, also of what stood there from the start;
    role `taker` is who was within reach. A nameless thing from the start that drives off by itself is not removed: that
    takes somebody within reach, or vanishing on the spot. Confidence: how surely it is there (`surety`) and
    an object (`object_likeness`), less where nobody was near who might have put it down, or taken it (`NOBODYS`), or where it stood
    there from the start, was noticed later on and then not seen to move (`came`).
    """

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._layout, self._thresholds = book, layout, thresholds
        self._known: dict[EntityId, _Left] = {}

    def step(self, step: Step) -> None:
        """Takes in one look."""
        for trail in step.present:
            likeness = object_likeness(trail)
            left = self._known.get(trail.entity_id)
            if left is None and likeness == 0:
                continue
            if left is None:
                owner = self._nearest(trail, step, trail.born, "owner", OWNER_REACH)
                left = _Left(trail.from_start, self._last_with(trail, step), owner)
                self._known[trail.entity_id] = left
            left.certainty = likeness or left.certainty
            self._look(trail, step, left, likeness)
        for trail in step.everyone:
            if trail.missing and (hidden := self._known.get(trail.entity_id)) is not None:
                hidden.by = self._nearest(trail, step, step.at, "taker", 1.0) or hidden.by

    def gone(self, visit: Visit, trail: Trail) -> None:
        """What vanished where it rested was taken. Asked before its rest is ended."""
        left = self._known.pop(trail.entity_id, None)
        if left is None:
            return
        if left.centre is not None and (trail.rest is not None or not visit.side):
            away = _away(trail)
            # what hides in its taker leaves with it, but was taken before
            until = trail.at if visit.side else visit.at
            self._taken(trail, left, until if away is None else min(away, until))
        elif left.draft is not None:
            self._book.close(left.draft, visit.at)

    def scene_ended(self, at: Micros) -> None:
        """A new scene: nothing was taken, but nothing goes on."""
        for left in self._known.values():
            if left.draft is not None:
                self._book.close(left.draft, at)
        self._known.clear()

    def _look(self, trail: Trail, step: Step, left: _Left, likeness: float) -> None:
        left.by = self._nearest(trail, step, trail.at, "taker", 1.0)
        if left.by is not None:
            left.alone_since = step.at
        if left.centre is not None and self._moved(trail, left.centre):
            self._carried_off(trail, left)
        if likeness > 0 and _rests(trail) and trail.rest is not None:
            left.centre = trail.rest.centre  # each time it rests: who shoves it a little takes it nowhere
        if left.draft is None:
            self._wait(trail, left)
        if left.draft is not None:
            left.draft.confidence = told(there(trail), left.surety)
            left.draft.show(trail.at, trail.box)

    def _wait(self, trail: Trail, left: _Left) -> None:
        if left.from_start or left.centre is None or left.by is not None:
            return
        if trail.rest is None or not _rests(trail):
            return
        since = max(trail.rest.since, left.alone_since)
        if trail.at - since < self._thresholds.span("alone_s"):
            return
        parts = [Part(trail.entity_id, trail.box_at(since), "object")]
        left.draft = self._book.open(
            "object_left",
            since,
            parts if left.owner is None else [*parts, left.owner],
            zone=self._layout.zone_at(trail.rest.centre),
        )

    def _carried_off(self, trail: Trail, left: _Left) -> None:
        by_itself = left.by is None and trail.label in UNNAMED and left.draft is None
        if not by_itself:
            away = trail.rested_until if _rests(trail) else _away(trail)
            self._taken(trail, left, trail.at if away is None else away)
        left.from_start = False
        left.draft, left.centre = None, None

    def _taken(self, trail: Trail, left: _Left, at: Micros) -> None:
        if left.draft is None and not left.from_start:
            return
        if left.draft is not None:
            self._book.close(left.draft, at)
        parts = [Part(trail.entity_id, trail.box_at(at), "object")]
        self._book.note(
            "object_removed",
            at,
            parts if left.by is None else [*parts, left.by],
            zone=None if left.centre is None else self._layout.zone_at(left.centre),
            confidence=told(
                there(trail),
                left.surety,
                came(trail) if left.from_start else 1.0,
                1.0 if left.by is not None else NOBODYS,
            ),
        )

    def _moved(self, trail: Trail, centre: Point) -> bool:
        return math.dist(trail.place, centre) > max(2 * self._thresholds.rest_px, trail.box.diagonal)

    def _nearest(self, trail: Trail, step: Step, at: Micros, role: str, reach: float) -> Part | None:
        """Whoever might carry it and was nearest to it at that moment, within `reach` times what "with it" is."""
        here, best, least = trail.box_at(at), None, math.inf
        for other in step.everyone:
            if other is trail or not _may_carry(other):
                continue
            box = other.box_at(at)
            gap = self._apart(here, box, other)
            if gap < least and gap <= reach:
                best, least = Part(other.entity_id, box, role), gap
        return best

    def _last_with(self, trail: Trail, step: Step) -> Micros:
        """When somebody was with it last, of the looks since it was born, which may lie before it was sure."""
        last = trail.born
        for other in step.everyone:
            if other is trail or not _may_carry(other):
                continue
            close = (
                p.at for p in reversed(other.points) if self._apart(trail.first_box, p.box, other) <= 1.0
            )
            last = max(last, next(close, last))
        return last

    def _apart(self, thing: Box, there: Box, mover: Trail) -> float:
        """How far apart a thing and a mover's box are, in units of what "with it" is."""
        ground = self._layout.scale
        metres = None if ground is None else there.metres_to(thing, ground)
        if metres is not None:
            return metres / max(self._thresholds.with_m, 1e-6)
        return there.gap(thing) / max(self._thresholds.with_share * mover.box.height, 1e-6)


def _away(trail: Trail) -> Micros | None:
    """When it left the place where it rested, or was hid there, where it was not seen before it was elsewhere; None
    where it has not left.
    """
    away = trail.rest.away if trail.rest is not None else trail.rested_until
    if away is None:
        return None
    for before, after in trail.legs():
        if before.at < away:
            return before.at if after.at - before.at > UNSEEN else away
    return away


def _rests(trail: Trail) -> bool:
    """Whether it rests and has not just left its place."""
    return trail.rest is not None and trail.rest.away is None


def _may_carry(trail: Trail) -> bool:
    """People and animals always, vehicles while they do not rest, nameless things that have come from somewhere."""
    if trail.label in PEOPLE:
        return True
    if trail.label in UNNAMED:
        return trail.moving or (travelled(trail) and object_likeness(trail) == 0)
    return mover_likeness(trail) > 0 and trail.rest is None
