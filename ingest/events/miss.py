"""Near misses: a vehicle and a person or two-wheeler, one of them moving fast, close to each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.clock import Micros
from core.place import Box, Layout
from core.sight import Attributes
from ingest.events.book import Book, Draft, Part, Spell, over, sure
from ingest.events.labels import LOADS, PEOPLE, VEHICLES, VULNERABLE, is_known, near_miss_roles
from ingest.events.pair import Pair, Two
from ingest.events.road import too_wide
from ingest.events.thresholds import Thresholds
from ingest.events.trail import TALLEST_OF, Step, Trail
from ingest.perception.presence import Visit

ALONGSIDE = 0.5
"""Below so much of the fast one's speed between the two they go together: a rider and the bicycle, a driver and the
forklift, a car and a cyclist side by side."""


LOOKS = 3
"""In so many looks the two have to be that close: one box that jumps is near nobody."""


@dataclass(slots=True, kw_only=True)
class _Encounter:
    """Two that are close: since when (`spell`) and the boxes then, in how many looks, how sure, the closest look."""

    spell: Spell
    parts: tuple[Part, Part]
    looks: int = 0
    confidence: float = 0.0
    least: float = math.inf
    closest: tuple[Micros, tuple[Box, ...], Attributes] | None = None
    draft: Draft | None = None


class MissMaker:
    """Tells of near misses: `near_miss`, with the roles vehicle and person.

    The two boxes are at most `miss_px` (with a scale `miss_m`) apart, one of the two moves fast or did within the last second (`fast_*`), and they do
    not move together. It is told once that held at `LOOKS` looks at which both boxes were whole (`Trail.whole`), and both are
    known for what they are (`is_known`). Looks that are `encounter_s` apart are one near miss; its span is from the first to the end of
    the last, its evidence the first and the closest look. By labels, or for nameless things by size and shape
    (`near_miss_roles`), which lowers the certainty; so does (× 0.6) standing further behind one another than the
    smaller one is tall. Confidence: `sure(the lesser score, half closeness and half speed past fast, certainty)`.
    """

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._layout, self._thresholds = book, layout, thresholds
        self._known: dict[Pair, _Encounter] = {}

    def step(self, step: Step, twos: Sequence[Two]) -> None:
        """Takes in one look and the pairs of it."""
        looked = set()
        for two in twos:
            excess, certainty = self._excess(two)
            if excess > 0 or two.pair in self._known:
                looked.add(two.pair)
                self._look(two, excess, certainty)
        seen = {trail.entity_id: trail for trail in step.present}
        for pair in [p for p in self._known if p not in looked and p[0] in seen and p[1] in seen]:
            self._look(Two(seen[pair[0]], seen[pair[1]], math.inf), 0.0, 0.0)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Ends the encounters of one who is gone."""
        for pair in [p for p in self._known if trail.entity_id in p]:
            self._close(self._known.pop(pair), visit.at)

    def _excess(self, two: Two) -> tuple[float, float]:
        """The margin (above 0 where it is a near miss at all) and the certainty."""
        roles = near_miss_roles(two.one, two.other)
        if roles is None:
            return 0.0, 0.0
        gap, limit = self._gap(two)
        person = roles[1]
        # a pool of light, or several things in one box
        nobody = person.label in PEOPLE and too_wide(person, self._layout.scale)
        if gap > limit or nobody or not (two.one.whole and two.other.whole):
            return 0.0, 0.0
        paces = {trail.entity_id: self._pace(trail) for trail in (two.one, two.other)}
        fast = max((two.one, two.other), key=lambda trail: paces[trail.entity_id])
        (ax, ay), (bx, by) = two.one.velocity, two.other.velocity
        if paces[fast.entity_id] < 1.0 or math.hypot(ax - bx, ay - by) < ALONGSIDE * fast.top_speed:
            return 0.0, 0.0
        closeness = 1.0 - gap / limit if limit > 0 else 1.0
        margin = 0.5 * closeness + 0.5 * over(paces[fast.entity_id], 1.0)
        behind = abs(two.one.place[1] - two.other.place[1])
        deep = behind > min(two.one.box.height, two.other.box.height)
        return max(margin, 1e-3), roles[2] * (0.6 if deep else 1.0)

    def _gap(self, two: Two) -> tuple[float, float]:
        """How far apart they are and how far they may be: metres where a scale is known, else pixels."""
        metres = self._metres(two)
        return (two.gap, self._thresholds.miss_px) if metres is None else (metres, self._thresholds.miss_m)

    def _metres(self, two: Two) -> float | None:
        ground = self._layout.scale
        return None if ground is None else two.one.box.metres_to(two.other.box, ground)

    def _pace(self, trail: Trail) -> float:
        """Its greatest speed within the last second over what is fast for it: a near miss is often one braking."""
        t = self._thresholds
        ground = self._layout.scale
        pace = None if ground is None else trail.top_pace(ground)
        if pace is not None:
            return pace / max(t.fast_m, 1e-6)
        own = (
            t.fast_person_share * trail.tallest(TALLEST_OF)
            if trail.label in PEOPLE
            else t.fast_share * trail.box.diagonal
        )
        return trail.top_speed / max(t.fast_px, own, 1e-6)

    def _look(self, two: Two, excess: float, certainty: float) -> None:
        at = two.one.at
        encounter = self._known.get(two.pair)
        if encounter is None:
            spell = Spell(need=0, grace=self._thresholds.span("encounter_s"))
            spell.begins(at, excess > 0)
            encounter = self._known[two.pair] = _Encounter(spell=spell, parts=_parts(two))
        if excess > 0:
            self._note(encounter, two, sure(min(two.one.score, two.other.score), excess, certainty))
        if encounter.draft is None and encounter.looks >= LOOKS and _both_known(two):
            since = at if encounter.spell.since is None else encounter.spell.since
            encounter.draft = self._book.open("near_miss", since, encounter.parts)
        if encounter.draft is not None and encounter.closest is not None:
            encounter.draft.confidence = encounter.confidence
            when, boxes, encounter.draft.attributes = encounter.closest
            encounter.draft.show(when, *boxes)
        if encounter.spell.ends(at, excess > 0):
            del self._known[two.pair]
            self._close(encounter, at)

    def _note(self, encounter: _Encounter, two: Two, confidence: float) -> None:
        encounter.looks += 1
        encounter.confidence = max(encounter.confidence, confidence)
        if encounter.closest is None or two.gap < encounter.least:
            encounter.least = two.gap
            boxes = {trail.entity_id: trail.box for trail in (two.one, two.other)}
            metres = self._metres(two)
            gap: Attributes = {"gap_px": round(two.gap, 1)} if metres is None else {"gap_m": round(metres, 2)}
            encounter.closest = two.one.at, tuple(boxes[part.entity_id] for part in encounter.parts), gap

    def _close(self, encounter: _Encounter, at: Micros) -> None:
        if encounter.draft is not None:
            lapsed = encounter.spell.lapsed
            self._book.close(encounter.draft, at if lapsed is None else min(lapsed, at))


def _both_known(two: Two) -> bool:
    roles = near_miss_roles(two.one, two.other)
    return roles is not None and is_known(roles[0], VEHICLES | LOADS) and is_known(roles[1], VULNERABLE)


def _parts(two: Two) -> tuple[Part, Part]:
    roles = near_miss_roles(two.one, two.other)
    vehicle, person = (roles[0], roles[1]) if roles is not None else (two.one, two.other)
    return Part(vehicle.entity_id, vehicle.box, "vehicle"), Part(person.entity_id, person.box, "person")
