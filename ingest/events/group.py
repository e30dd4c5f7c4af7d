"""Many at once: `crowd` and `queue`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.clock import SECOND, Micros
from core.place import Layout, Zone
from ingest.events.book import Book, Draft, Part, Spell, over, sure
from ingest.events.labels import drives, person_likeness
from ingest.events.thresholds import Thresholds
from ingest.events.trail import Step, Trail
from ingest.perception.presence import Visit

QUEUES = frozenset({"queue", "checkout", "till", "counter"})
"""Kinds of zone in which people who stand are a queue; vehicles that stand are one in a lane."""


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
    is named; attribute `most` is the highest count. Confidence: `sure(mean score, how long past the needed time,
    mean likeness)`.
    """

    GRACE: Micros = SECOND
    QUEUE_GRACE: Micros = 3 * SECOND

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book = book
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
        people = [trail for trail in step.everyone if person_likeness(trail) >= 0.5]
        vehicles = [trail for trail in step.everyone if drives(trail) > 0]
        for group in self._groups:
            members = vehicles if group.of_vehicles else people
            there = [trail for trail in members if group.zone is None or group.zone.holds(trail.place)]
            if group.kind == "queue":
                there = [trail for trail in there if trail.rest is not None]
            self._look(group, step.at, there)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Nothing to forget: groups are counted anew at every look."""

    def _look(self, group: _Gathering, at: Micros, there: Sequence[Trail]) -> None:
        enough = len(there) >= group.least > 0
        if not group.spell.on:
            turned = _stood_since(there, group.least) if group.kind == "queue" and enough else None
            if not group.spell.begins(at, enough, turned=turned) or group.spell.since is None:
                return
            since = group.spell.since
            parts = [Part(trail.entity_id, trail.box_at(since)) for trail in there]
            zone = group.zone.name if group.zone is not None else None
            group.draft = self._book.open(group.kind, since, parts, zone=zone)
            group.most = 0
        if group.draft is None:
            return
        if enough:
            self._go_on(group, group.draft, at, there)
        if group.spell.ends(at, enough):
            lapsed = group.spell.lapsed
            self._book.close(group.draft, at if lapsed is None else lapsed)
            group.draft = None
        else:
            group.draft.lapsed = group.spell.lapsed

    def _go_on(self, group: _Gathering, draft: Draft, at: Micros, there: Sequence[Trail]) -> None:
        for trail in there:
            draft.join(Part(trail.entity_id, trail.box))
        group.most = max(group.most, len(there))
        draft.attributes = {"most": group.most}
        draft.show(at, *(trail.box for trail in there))
        score = sum(trail.score for trail in there) / len(there)
        alike = drives if group.of_vehicles else person_likeness
        likeness = sum(alike(trail) for trail in there) / len(there)
        draft.confidence = sure(score, over(at - draft.start, group.spell.need), likeness)


def _stood_since(there: Sequence[Trail], least: int) -> Micros:
    """Since when so many of them have stood, which is told only once each has stood for a while."""
    return sorted(trail.rest.since for trail in there if trail.rest is not None)[least - 1]
