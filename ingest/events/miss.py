"""Near misses: a vehicle and a person or two-wheeler, one of them moving fast, close to each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.clock import SECOND, Micros
from core.ground import Ground
from core.place import Box, Layout
from core.sight import Attributes
from ingest.events.book import Book, Draft, Part, Spell
from ingest.events.labels import LOADS, PEOPLE, VEHICLES, VULNERABLE, is_known, near_miss_roles
from ingest.events.pair import Pair, Two
from ingest.events.road import too_wide
from ingest.events.surety import (
    LOOKS,
    best_looks,
    called,
    came,
    clear,
    edge_error,
    place_error,
    there,
    told,
    well_clear,
)
from ingest.events.thresholds import Thresholds
from ingest.events.trail import SPEED_OVER, TALLEST_OF, Step, Trail
from ingest.perception.presence import Visit

ALONGSIDE = 0.5
"""Below so much of the fast one's speed between the two they go together: a rider and the bicycle, a driver and the
forklift, a car and a cyclist side by side."""

GOES_ON = 0.8
"""What has begun goes on until neither of the two moves at so much of what is fast for it: who brakes is near all the same."""

NEARER = 0.3
"""By how much taller, per pixel further down the picture, somebody looks: a person's height (1.7 m) over that at which a
camera hangs in a hall or over a yard (about 5.7 m), for both are seen under the horizon."""

SLENDER = 2.5
"""Who is upright is at least so many times as tall as wide, at some step: of one whose legs are hidden the width tells."""

BEHIND = 0.6
"""How much less sure a near miss is where nobody knows how far one stands behind the other."""


@dataclass(slots=True, kw_only=True)
class _Encounter:
    """Two that are close: since when (`spell`) and the boxes then, how sure that is at each look, the closest look."""

    spell: Spell
    parts: tuple[Part, Part]
    least: float
    closest: tuple[Micros, tuple[Box, ...], Attributes]
    sureties: list[float] = field(default_factory=list)
    draft: Draft | None = None


class MissMaker:
    """Tells of near misses: `near_miss`, with the roles vehicle and person.

    The two boxes are at most `miss_px` apart (with a scale `miss_m`, as well by what of its box a vehicle that goes aslant
    takes up, `Box.base`), one of the two moves fast or did within the last second (`fast_*`), and they do not move together.
    It is told once that held at `LOOKS` looks at which both boxes were whole (`Trail.whole`) and both are known for what
    they are (`is_known`), and lasts while they are that close and one of them not much slower (`GOES_ON`). Looks that are
    `encounter_s` apart are one near miss; its span is from the first to the end of the last, its evidence the first and the
    closest look. By labels, or for nameless things by size and shape (`near_miss_roles`), which lowers the certainty.
    Confidence: at `LOOKS` looks at least, how surely both are there and what they are called, and how surely the gap is
    below its limit and the speed above, given how much either errs (`surety`); × `BEHIND` where no scale is known and one
    stands further behind the other than the smaller one is tall.
    """

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._layout, self._thresholds = book, layout, thresholds
        self._known: dict[Pair, _Encounter] = {}

    def step(self, step: Step, twos: Sequence[Two]) -> None:
        """Takes in one look and the pairs of it."""
        close = set()
        for two in twos:
            surety = self._surety(two)
            if surety > 0:
                self._look(two, surety)
            if surety > 0 or (two.pair in self._known and self._goes_on(two)):
                close.add(two.pair)
        for pair, encounter in list(self._known.items()):  # one of the two may be out of sight
            if encounter.spell.ends(step.at, pair in close):
                self._close(self._known.pop(pair), step.at)
            elif encounter.draft is not None:
                encounter.draft.lapsed = encounter.spell.lapsed

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Ends the encounters of one who is gone."""
        for pair in [p for p in self._known if trail.entity_id in p]:
            self._close(self._known.pop(pair), visit.at)

    def _surety(self, two: Two) -> float:
        """How surely it is a near miss at this look; 0 where it is none."""
        roles = near_miss_roles(two.one, two.other)
        if roles is None:
            return 0.0
        gap, limit = self._gap(two)
        vehicle, person, likeness = roles
        # a pool of light, or several things in one box
        nobody = person.label in PEOPLE and too_wide(person, self._layout.scale)
        if gap > limit or nobody or not (two.one.whole and two.other.whole):
            return 0.0
        fast, pace = self._faster(two)
        (ax, ay), (bx, by) = two.one.velocity, two.other.velocity
        if pace < 1.0 or math.hypot(ax - bx, ay - by) < ALONGSIDE * fast.top_speed:
            return 0.0
        return max(
            1e-3,
            told(
                *(
                    _known_as(vehicle, VEHICLES | LOADS),
                    _known_as(person, VULNERABLE),
                    came(person),
                    likeness,
                ),
                clear(limit - gap, self._error(two)),
                self._surely_fast(fast, pace),
                self._beside(two),
            ),
        )

    def _goes_on(self, two: Two) -> bool:
        gap, limit = self._gap(two)
        return gap <= limit and self._faster(two)[1] >= GOES_ON

    def _faster(self, two: Two) -> tuple[Trail, float]:
        """Which of the two is the faster, for what it is, and its `_pace`."""
        paces = (self._pace(two.one, two.other), self._pace(two.other, two.one))
        return (two.one, paces[0]) if paces[0] >= paces[1] else (two.other, paces[1])

    def _error(self, two: Two) -> float:
        """By how much the gap errs, in its unit: each of the two by as much as its box's edge."""
        ground = self._layout.scale
        if ground is None or self._metres(two) is None:
            return math.hypot(edge_error(two.one.box), edge_error(two.other.box))
        errors = (place_error(trail.box, ground) for trail in (two.one, two.other))
        return math.hypot(*(self._thresholds.miss_m if error is None else error for error in errors))

    def _beside(self, two: Two) -> float:
        """Less where no scale is known and one stands further behind the other than the smaller one is tall."""
        behind = abs(two.one.place[1] - two.other.place[1])
        deep = behind > min(two.one.box.height, two.other.box.height)
        return BEHIND if deep and self._metres(two) is None else 1.0

    def _surely_fast(self, fast: Trail, pace: float) -> float:
        """How surely it is fast, by its `_pace` and how much that errs: by two places over the stretch it is measured over."""
        ground = self._layout.scale
        error = None if ground is None else place_error(fast.box, ground)
        limit = self._thresholds.fast_m
        if error is None:
            error, limit = edge_error(fast.box), max(fast.top_speed, 1e-6) / pace
        return well_clear(pace - 1.0, math.sqrt(2.0) * error * SECOND / SPEED_OVER / max(limit, 1e-6))

    def _gap(self, two: Two) -> tuple[float, float]:
        """How far apart they are and how far they may be: metres where a scale is known, else pixels."""
        metres = self._metres(two)
        return (two.gap, self._thresholds.miss_px) if metres is None else (metres, self._thresholds.miss_m)

    def _metres(self, two: Two) -> float | None:
        ground = self._layout.scale
        if ground is None:
            return None
        metres = two.one.box.metres_to(two.other.box, ground)
        if metres is None or ground.from_above:
            return metres
        return max(metres, _metres_aslant(two, ground) or 0.0)

    def _pace(self, trail: Trail, other: Trail) -> float:
        """Its greatest speed within the last second over what is fast for it: a near miss is often one braking."""
        t = self._thresholds
        ground = self._layout.scale
        pace = None if ground is None else trail.top_pace(ground)
        if pace is not None:
            return pace / max(t.fast_m, 1e-6)
        if trail.label in PEOPLE:
            own = t.fast_person_share * trail.tallest(TALLEST_OF)
        elif other.label in PEOPLE:
            own = t.fast_heights * _tall_beside(trail, other)
        else:
            own = t.fast_share * trail.box.diagonal
        return trail.top_speed / max(t.fast_px, own, 1e-6)

    def _look(self, two: Two, surety: float) -> None:
        encounter = self._known.get(two.pair)
        if encounter is None:
            spell = Spell(need=0, grace=self._thresholds.span("encounter_s"))
            spell.begins(two.one.at, True)
            parts = _parts(two)
            encounter = _Encounter(
                spell=spell, parts=parts, least=two.gap, closest=self._as_shown(two, parts)
            )
            self._known[two.pair] = encounter
        encounter.sureties = best_looks(encounter.sureties, surety)
        if two.gap < encounter.least:
            encounter.least, encounter.closest = two.gap, self._as_shown(two, encounter.parts)
        if encounter.draft is None and len(encounter.sureties) >= LOOKS and _both_known(two):
            since = two.one.at if encounter.spell.since is None else encounter.spell.since
            where = self._layout.zone_at(encounter.parts[1].box.foot)
            encounter.draft = self._book.open("near_miss", since, encounter.parts, zone=where)
        if encounter.draft is not None:
            encounter.draft.confidence = encounter.sureties[LOOKS - 1]
            when, boxes, encounter.draft.attributes = encounter.closest
            encounter.draft.show(when, *boxes)

    def _as_shown(self, two: Two, parts: tuple[Part, Part]) -> tuple[Micros, tuple[Box, ...], Attributes]:
        """When that is, the boxes in the order of the parts, and how far apart they are."""
        boxes = {trail.entity_id: trail.box for trail in (two.one, two.other)}
        metres = self._metres(two)
        gap: Attributes = {"gap_px": round(two.gap, 1)} if metres is None else {"gap_m": round(metres, 2)}
        return two.one.at, tuple(boxes[part.entity_id] for part in parts), gap

    def _close(self, encounter: _Encounter, at: Micros) -> None:
        if encounter.draft is not None:
            self._book.close(encounter.draft, encounter.spell.over_by(at))


def _metres_aslant(two: Two, ground: Ground) -> float | None:
    """The gap in metres between the lines on which the two stand, given the way they drive."""
    lines = (
        trail.box.base(trail.velocity if trail.label in VEHICLES else (0.0, 0.0))
        for trail in (two.one, two.other)
    )
    return ground.gap(*lines)


def _tall_beside(vehicle: Trail, person: Trail) -> float:
    """How tall the person would look where the vehicle is, if that is nearer: the yardstick at hand without a scale. A
    vehicle further away counts as if it were beside the person, which takes it for slower than it is. Of who lies the
    length counts.
    """
    boxes = [point.box for point in person.since(person.at - TALLEST_OF)]
    slimmest = min((box.width for box in boxes if box.width <= box.height), default=0.0)
    tall = max(SLENDER * slimmest, *(max(box.width, box.height) for box in boxes))
    return tall + NEARER * max(0.0, vehicle.place[1] - person.place[1])


def _known_as(trail: Trail, labels: frozenset[str]) -> float:
    return there(trail) * called(trail, labels, nameless=1.0)


def _both_known(two: Two) -> bool:
    roles = near_miss_roles(two.one, two.other)
    return roles is not None and is_known(roles[0], VEHICLES | LOADS) and is_known(roles[1], VULNERABLE)


def _parts(two: Two) -> tuple[Part, Part]:
    roles = near_miss_roles(two.one, two.other)
    vehicle, person = (roles[0], roles[1]) if roles is not None else (two.one, two.other)
    return Part(vehicle.entity_id, vehicle.box, "vehicle"), Part(person.entity_id, person.box, "person")
