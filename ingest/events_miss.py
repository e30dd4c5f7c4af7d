"""Near misses: a vehicle and a person or two-wheeler, one of them moving fast, close to each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.place import Layout
from ingest.events_book import Book, Draft, Part, Spell, over, sure
from ingest.events_labels import PEOPLE, near_miss_roles
from ingest.events_pair import Pair, Two
from ingest.events_road import too_wide
from ingest.events_trail import Step, Trail
from ingest.presence import Visit
from ingest.thresholds import Thresholds

ALONGSIDE = 0.5
"""Below so much of the fast one's speed between the two they go together: a rider and the bicycle, a driver and the
forklift, a car and a cyclist side by side."""


@dataclass(slots=True)
class _Encounter:
    spell: Spell
    draft: Draft | None = None
    least: float = math.inf


class MissMaker:
    """Tells of near misses: `near_miss`, with the roles vehicle and person.

    The two boxes are at most `miss_px` (with a scale `miss_m`) apart, one of the two moves fast or did within the last second (`fast_*`), and they do
    not move together. Looks that are `encounter_s` apart are one near miss; its span is from the first to the end of
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
            encounter = self._known.pop(pair)
            if encounter.draft is not None:
                lapsed = encounter.spell.lapsed
                self._book.close(encounter.draft, visit.at if lapsed is None else min(lapsed, visit.at))

    def _excess(self, two: Two) -> tuple[float, float]:
        """The margin (above 0 where it is a near miss at all) and the certainty."""
        roles = near_miss_roles(two.one, two.other)
        if roles is None:
            return 0.0, 0.0
        gap, limit = self._gap(two)
        person = roles[1]
        # a pool of light, or several things in one box
        nobody = person.label in PEOPLE and too_wide(person, self._layout.scale)
        if gap > limit or nobody:
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
            t.fast_person_share * trail.box.height
            if trail.label in PEOPLE
            else t.fast_share * trail.box.diagonal
        )
        return trail.top_speed / max(t.fast_px, own, 1e-6)

    def _look(self, two: Two, excess: float, certainty: float) -> None:
        at = two.one.at
        encounter = self._known.get(two.pair)
        if encounter is None:
            encounter = _Encounter(Spell(need=0, grace=self._thresholds.span("encounter_s")))
            self._known[two.pair] = encounter
        if not encounter.spell.on:
            encounter.spell.begins(at, excess > 0)
            encounter.draft = self._book.open("near_miss", at, _parts(two))
        draft = encounter.draft
        if draft is None:
            return
        if excess > 0:
            draft.confidence = max(
                sure(min(two.one.score, two.other.score), excess, certainty),
                draft.confidence if encounter.least < math.inf else 0.0,
            )
            if two.gap < encounter.least:
                encounter.least = two.gap
                self._show(draft, two)
        if encounter.spell.ends(at, excess > 0):
            lapsed = encounter.spell.lapsed
            self._book.close(draft, at if lapsed is None else lapsed)
            del self._known[two.pair]

    def _show(self, draft: Draft, two: Two) -> None:
        boxes = {trail.entity_id: trail.box for trail in (two.one, two.other)}
        draft.show(two.one.at, *(boxes[part.entity_id] for part in draft.parts))
        metres = self._metres(two)
        draft.attributes = {"gap_px": round(two.gap, 1)} if metres is None else {"gap_m": round(metres, 2)}


def _parts(two: Two) -> tuple[Part, Part]:
    roles = near_miss_roles(two.one, two.other)
    vehicle, person = (roles[0], roles[1]) if roles is not None else (two.one, two.other)
    return Part(vehicle.entity_id, vehicle.box, "vehicle"), Part(person.entity_id, person.box, "person")
