"""Many at once: `crowd` and `queue`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.clock import SECOND, Micros
from core.ids import EntityId
from core.place import Layout, Point, Zone
from ingest.events.book import Book, Draft, Part, Spell
from ingest.events.labels import PEOPLE, drives, is_piece, person_likeness
from ingest.events.surety import (
    at_least,
    called,
    came,
    clear,
    edge_error,
    inside,
    longer_by,
    surely_drives,
    there,
    told,
    well_clear,
)
from ingest.events.thresholds import Thresholds
from ingest.events.trail import TALLEST_OF, Rest, Step, Trail
from ingest.perception.presence import Visit

QUEUES = frozenset({"queue", "checkout", "till", "counter"})
"""Kinds of zone in which people who stand are a queue; vehicles that stand are one in a lane."""

APART_FOR: Micros = SECOND // 2
"""Who was seen apart from everybody for so long is one person more …"""
LOOK: Micros = SECOND // 4
"""… which the next look shows, or the one after."""
FLAT = 2.0
"""More than so many times as wide as high no box holds people who stand or walk, be they one or several."""
ANEW: Micros = SECOND
"""Who turned up no longer than this before somebody went out of sight, or later …"""
WALKS = 1.0
"""… and no further off than that one walks meanwhile, at so many of his heights a second (1.7 m/s) …"""
UNSEEN: Micros = 5 * SECOND
"""… for so long at most, as behind a post or a rack …"""
WIDE = 0.5
"""… and is wide with what he carries, in his heights, is that one, named anew: who stands behind a post shows on both sides."""


@dataclass(slots=True)
class _Gathering:
    kind: str
    zone: Zone | None
    least: int
    spell: Spell
    draft: Draft | None = None
    most: int = 0

    @property
    def of_vehicles(self) -> bool:
        """Whether it is vehicles that queue."""
        return self.zone is not None and self.zone.kind == "lane"


class GroupMaker:
    """Tells where many people are: `crowd` (in the picture, or in the zones set) and `queue` (people standing in a
    zone for it, vehicles standing in a lane).

    The count is of all whose visit goes on, hidden for a moment or not; nameless upright things count as people at
    lesser certainty. Spans last while there are enough, breaks of under a second included, of a queue under three:
    who passes before it hides it. Everyone who was part of it
    is named; attribute `most` is the highest count. A vehicle's box in another's is a piece of that, and so is who was never seen apart from somebody (`APART_FOR`). Confidence: how
    surely at least as many as it takes are there and what they count as (`at_least`), and of a queue, whose beginning is when
    so many stand and not when the last of them begins to, for long enough.
    """

    GRACE: Micros = SECOND
    QUEUE_GRACE: Micros = 3 * SECOND

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._ground = book, layout.scale
        self._apart: dict[EntityId, Micros] = {}
        self._groups: list[_Gathering] = []
        t = thresholds
        if not t.crowd_zones:
            self._groups.append(self._gathering("crowd", None, t.crowd_people, t.span("crowd_s")))
        for lane in layout.lanes:
            own = t.at(lane.name)
            self._groups.append(
                self._gathering("queue", lane.zone(), own.queue_vehicles, own.span("queue_s"))
            )
        for zone in layout.zones:
            own = t.at(zone.name)
            if zone.name in t.crowd_zones:
                self._groups.append(self._gathering("crowd", zone, own.crowd_people, own.span("crowd_s")))
            if zone.kind in QUEUES:
                self._groups.append(self._gathering("queue", zone, own.queue_people, own.span("queue_s")))

    def _gathering(self, kind: str, zone: Zone | None, least: int, need: Micros) -> _Gathering:
        grace = self.QUEUE_GRACE if kind == "queue" else self.GRACE
        return _Gathering(kind, zone, int(least), Spell(need=need, grace=grace))

    def step(self, step: Step) -> None:
        """Takes in one look."""
        people = self._single([trail for trail in step.everyone if _may_be_people(trail)])
        vehicles = _whole([trail for trail in step.everyone if drives(trail) > 0])
        for group in self._groups:
            members = vehicles if group.of_vehicles else people
            self._look(group, step.at, [trail for trail in members if _counts(trail, group)])

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Forgets for how long one who is gone was seen apart: groups are counted anew at every look."""
        self._apart.pop(trail.entity_id, None)

    def _single(self, people: list[Trail]) -> list[Trail]:
        """The people without those who were never seen apart from a larger one for `APART_FOR`, an arm or what is carried,
        those named anew, those lost at the picture's edge, who went out while somebody hid them, and those who turned up
        on a shelf and are wholly within it: the places of goods.
        """
        seen = [trail for trail in people if not trail.missing and len(trail.points) > 1]
        for trail in seen:
            larger = (o for o in seen if o is not trail and o.box.area > trail.box.area)
            if not any(is_piece(trail, other) for other in larger):
                passed = trail.at - trail.points[-2].at
                self._apart[trail.entity_id] = self._apart.get(trail.entity_id, 0) + passed
        twice = _named_anew(people)
        return [
            trail
            for trail in people
            if self._apart.get(trail.entity_id, 0) >= APART_FOR
            and trail.entity_id not in twice
            and not (trail.missing and trail.points[-1].cut_off)
            and not trail.in_shelf
        ]

    def _look(self, group: _Gathering, at: Micros, counted: Sequence[Trail]) -> None:
        enough = len(counted) >= group.least > 0
        if not group.spell.on:
            turned = self._since(group, counted, at) if enough else None
            if not group.spell.begins(at, enough, turned=turned) or group.spell.since is None:
                return
            since = group.spell.since
            parts = [Part(trail.entity_id, trail.box_at(since)) for trail in counted]
            zone = group.zone.name if group.zone is not None else None
            group.draft = self._book.open(group.kind, since, parts, zone=zone)
            group.most = 0
        if group.draft is None:
            return
        if enough:
            self._go_on(group, group.draft, at, counted)
        if group.spell.ends(at, enough):
            self._book.close(group.draft, group.spell.over_by(at))
            group.draft = None
        else:
            group.draft.lapsed = group.spell.lapsed

    def _go_on(self, group: _Gathering, draft: Draft, at: Micros, counted: Sequence[Trail]) -> None:
        for trail in counted:
            draft.join(Part(trail.entity_id, trail.box))
        group.most = max(group.most, len(counted))
        draft.attributes = {"most": group.most}
        draft.show(at, *(trail.box for trail in counted))
        draft.confidence = told(
            at_least(group.least, [_surely(trail, group) for trail in counted]),
            self._long_enough(group, draft, at, counted),
        )

    def _since(self, group: _Gathering, counted: Sequence[Trail], at: Micros) -> Micros:
        """Since when they are so many, which is told only once each has stood, or was seen apart, for a while."""
        if group.kind == "queue":
            stood = (
                trail.rest.since + self._creeps(trail.rest) for trail in counted if trail.rest is not None
            )
            return min(at, sorted(stood)[group.least - 1])
        newest = sorted(trail.born for trail in counted)[group.least - 1]
        return max(newest, at - APART_FOR - LOOK) if group.zone is None else at

    def _creeps(self, rest: Rest) -> Micros:
        """How much later than its rest seems to begin a thing stands, more or less by as much."""
        return longer_by(rest, self._ground) // 2

    def _long_enough(self, group: _Gathering, draft: Draft, at: Micros, counted: Sequence[Trail]) -> float:
        """How surely a queue has lasted for as long as it takes."""
        if group.kind != "queue":
            return 1.0
        error = max(longer_by(trail.rest, self._ground) for trail in counted if trail.rest is not None)
        return well_clear(at - draft.start - group.spell.need, error)


def _may_be_people(trail: Trail) -> bool:
    return person_likeness(trail) >= 0.5 and trail.box.width <= FLAT * trail.box.height


def _named_anew(people: list[Trail]) -> set[EntityId]:
    """Those out of sight who are somebody that turned up within the picture: each of these is one of them at most."""
    newcomers = {trail.entity_id: trail for trail in people if not trail.at_edge}
    twice: set[EntityId] = set()
    for hidden in sorted((trail for trail in people if trail.missing), key=lambda trail: trail.at):
        as_whom = [one for one in newcomers.values() if _is_anew(hidden, one)]
        if as_whom:
            nearest = min(as_whom, key=lambda one: hidden.box.gap(one.first_box))
            del newcomers[nearest.entity_id]
            twice.add(hidden.entity_id)
    return twice


def _is_anew(hidden: Trail, newcomer: Trail) -> bool:
    """Whether it may be one who went out of sight that somebody is who turned up after him."""
    since = newcomer.born - hidden.at
    if newcomer.born <= hidden.born or since < -ANEW:
        return False
    reach = (WIDE + WALKS * min(max(0, since), UNSEEN) / SECOND) * hidden.tallest(TALLEST_OF)
    return hidden.box.gap(newcomer.first_box) <= reach


def _whole(vehicles: list[Trail]) -> list[Trail]:
    """The vehicles without those that are a piece of a larger one: a cab is none beside its lorry."""
    by_size = sorted(vehicles, key=lambda trail: -trail.box.area)
    return [one for n, one in enumerate(by_size) if not any(is_piece(one, other) for other in by_size[:n])]


def _places(trail: Trail, group: _Gathering) -> list[Point]:
    """Where it is; who queues stands there by this look and by all of its rest, for one box more or less moves nobody in."""
    if group.kind == "queue" and trail.rest is not None:
        return [trail.place, trail.rest.centre]
    return [trail.place]


def _counts(trail: Trail, group: _Gathering) -> bool:
    if group.kind == "queue" and trail.rest is None:
        return False
    return group.zone is None or all(group.zone.holds(place) for place in _places(trail, group))


def _surely(trail: Trail, group: _Gathering) -> float:
    if group.of_vehicles:
        somebody = surely_drives(trail)
    else:
        somebody = there(trail) * came(trail) * called(trail, PEOPLE, person_likeness(trail))
    if group.zone is None:
        return somebody
    within = min(inside(group.zone, place) for place in _places(trail, group))
    return somebody * clear(within, edge_error(trail.box))
