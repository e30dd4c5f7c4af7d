"""Two and two: `approached`, `together`, `parted`, and the relations near, together and followed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.clock import SECOND, Micros
from core.ids import EntityId
from core.place import Layout
from ingest.events.book import Book, Draft, Part, Spell, over, sure
from ingest.events.labels import mover_likeness, person_likeness
from ingest.events.thresholds import Thresholds
from ingest.events.trail import Step, Trail
from ingest.perception.presence import Visit

MOST = 50
"""With more in the picture than this, pairs are looked for among the movers and then the largest of them."""
REACH = 5.0
"""Pairs further apart than so many heights (of the taller) have nothing to do with each other."""

Pair = tuple[EntityId, EntityId]


@dataclass(frozen=True, slots=True)
class Two:
    """Two things seen at one look, in order of their ids, and the gap between their boxes in pixels."""

    one: Trail
    other: Trail
    gap: float

    @property
    def pair(self) -> Pair:
        """Their ids."""
        return self.one.entity_id, self.other.entity_id


def pairs(step: Step) -> Iterator[Two]:
    """Everyone seen at this look, two and two, who are within reach of each other."""
    trails: list[Trail] = list(step.present)
    if len(trails) > MOST:
        trails = sorted(trails, key=lambda t: (t.rest is not None, -t.box.area, t.entity_id))[:MOST]
    trails.sort(key=lambda t: t.entity_id)
    for i, one in enumerate(trails):
        for other in trails[i + 1 :]:
            reach = REACH * max(one.box.height, other.box.height)
            if abs(one.box.x1 - other.box.x1) > reach + max(one.box.width, other.box.width):
                continue
            gap = one.box.gap(other.box)
            if gap <= reach:
                yield Two(one, other, gap)


def distance(two: Two, layout: Layout, t: Thresholds) -> float:
    """How far apart two are, in units of what near is: 1 is just near.

    With a scale the metres between their places over `near_m` (half of them where the camera looks from above: people
    then lie long in the picture); else the gap of the boxes over `near_share` of the
    smaller height, but at least how far one place lies behind the other over the smaller height, because boxes also
    touch where one stands far behind the other.
    """
    ground = layout.scale
    apart = None if ground is None else ground.metres(two.one.place, two.other.place)
    gap = None if ground is None else two.one.box.metres_to(two.other.box, ground)
    if apart is not None and gap is not None:
        return max(gap, 0.5 * apart) / max(t.near_m, 1e-6)
    height = min(two.one.box.height, two.other.box.height)
    behind = abs(two.one.place[1] - two.other.place[1]) / height
    return max(two.gap / (height * max(t.near_share, 1e-6)), behind)


@dataclass(slots=True)
class _Company:
    """Two who are or were just near each other."""

    spell: Spell
    far_at: Micros | None = None
    near: Draft | None = None
    together: Draft | None = None
    bond: Draft | None = None


class CompanyMaker:
    """Tells who is near whom: `approached` once near for `near_s` after having come from further away; `together`
    once two people have been near for `together_s`, spanning all of it; `parted` when that ends by going apart.

    Who approached is who moved most while the distance shrank. Relations: `near` and `together`, for the same spans.
    Confidence: `sure(the lesser score, how long past the needed time, how far both may be taken for people)`.
    """

    def __init__(self, events: Book, relations: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._events, self._relations = events, relations
        self._layout, self._thresholds = layout, thresholds
        self._known: dict[Pair, _Company] = {}

    def step(self, step: Step, twos: Sequence[Two]) -> None:
        """Takes in one look and the pairs of it."""
        seen = {trail.entity_id: trail for trail in step.present}
        close = set()
        for two in twos:
            close.add(two.pair)
            self._look(two)
        for pair, company in list(self._known.items()):
            if pair not in close and pair[0] in seen and pair[1] in seen:
                one, other = seen[pair[0]], seen[pair[1]]
                self._apart(Two(one, other, one.box.gap(other.box)), company)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Ends the company of one who is gone."""
        for pair in [p for p in self._known if trail.entity_id in p]:
            company = self._known.pop(pair)
            self._end(company, company.spell.over_by(visit.at))

    def _look(self, two: Two) -> None:
        t = self._thresholds
        people, best = sorted((person_likeness(two.one), person_likeness(two.other)))
        if best < 0.5:
            return
        apart = distance(two, self._layout, t)
        company = self._known.get(two.pair)
        if company is None:
            company = _Company(Spell(need=t.span("near_s"), grace=t.span("apart_s")))
            self._known[two.pair] = company
        if company.spell.on:
            if apart > t.apart_factor:
                self._apart(two, company)
                return
            company.spell.ends(two.one.at, True)
        else:
            if apart > t.apart_factor:
                company.far_at = two.one.at
            if company.spell.begins(two.one.at, apart <= 1.0):
                self._begin(two, company)
        if company.spell.on:
            self._go_on(two, company, people)

    def _begin(self, two: Two, company: _Company) -> None:
        since = company.spell.since if company.spell.since is not None else two.one.at
        parts = (
            Part(two.one.entity_id, two.one.box_at(since)),
            Part(two.other.entity_id, two.other.box_at(since), "object"),
        )
        company.near = self._relations.open("near", since, parts)
        if company.far_at is None or since - company.far_at > 4 * SECOND:
            return
        ways = {trail.entity_id: _way(trail, company.far_at, since) for trail in (two.one, two.other)}
        comer, goal = (two.one, two.other)
        if ways[two.other.entity_id] > ways[two.one.entity_id]:
            comer, goal = goal, comer
        likeness = mover_likeness(comer)
        if likeness == 0 or ways[comer.entity_id] < 0.15 * comer.box.diagonal:
            return
        self._events.note(
            "approached",
            since,
            (Part(comer.entity_id, comer.box_at(since)), Part(goal.entity_id, goal.box_at(since), "object")),
            confidence=sure(min(comer.score, goal.score), 0.5, likeness),
        )

    def _go_on(self, two: Two, company: _Company, people: float) -> None:
        t, at = self._thresholds, two.one.at
        since = company.spell.since if company.spell.since is not None else at
        score = min(two.one.score, two.other.score)
        lasted = at - since
        if company.near is not None:
            company.near.confidence = sure(score, over(lasted, t.span("near_s")))
            company.near.show(at, two.one.box, two.other.box)
        if company.together is None:
            if people < 0.5 or lasted < t.span("together_s"):
                return
            parts = (
                Part(two.one.entity_id, two.one.box_at(since)),
                Part(two.other.entity_id, two.other.box_at(since)),
            )
            company.together = self._events.open("together", since, parts)
            company.bond = self._relations.open("together", since, parts)
        for draft in (company.together, company.bond):
            if draft is not None:
                draft.confidence = sure(score, over(lasted, t.span("together_s")), people)
                draft.show(at, two.one.box, two.other.box)

    def _apart(self, two: Two, company: _Company) -> None:
        at = two.one.at
        if not company.spell.on:
            del self._known[two.pair]
            return
        if not company.spell.ends(at, False):
            return
        left = company.spell.over_by(at)
        together = company.together
        self._end(company, left)
        company.far_at = at
        if together is not None:
            parts = (
                Part(two.one.entity_id, two.one.box_at(left)),
                Part(two.other.entity_id, two.other.box_at(left)),
            )
            self._events.note("parted", left, parts, confidence=together.confidence)

    def _end(self, company: _Company, at: Micros) -> None:
        if company.near is not None:
            self._relations.close(company.near, at)
        if company.together is not None:
            self._events.close(company.together, at)
        if company.bond is not None:
            self._relations.close(company.bond, at)
        company.near = company.together = company.bond = None


def _way(trail: Trail, since: Micros, until: Micros) -> float:
    """Pixels from where it was at one moment to where it was at another."""
    return math.dist(trail.box_at(since).foot, trail.box_at(until).foot)


@dataclass(slots=True)
class _Following:
    spell: Spell
    draft: Draft | None = None


class FollowMaker:
    """Tells who followed whom (a relation): for `follow_s`, one person walked where the other had been half a second
    to four seconds before, within half the follower's height, both of them moving.

    Confidence: `sure(the lesser score, how long past follow_s, how far both may be taken for people)`.
    """

    def __init__(self, relations: Book, thresholds: Thresholds) -> None:
        self._relations, self._thresholds = relations, thresholds
        self._known: dict[Pair, _Following] = {}

    def step(self, step: Step, twos: Sequence[Two]) -> None:
        """Takes in one look and the pairs of it."""
        for two in twos:
            for behind, ahead in ((two.one, two.other), (two.other, two.one)):
                self._look(behind, ahead)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Ends what one who is gone took part in."""
        for pair in [p for p in self._known if trail.entity_id in p]:
            following = self._known.pop(pair)
            if following.draft is not None:
                self._relations.close(following.draft, following.spell.over_by(visit.at))

    def _look(self, behind: Trail, ahead: Trail) -> None:
        pair = (behind.entity_id, ahead.entity_id)
        certainty = min(person_likeness(behind), person_likeness(ahead))
        holds = certainty >= 0.5 and behind.moving and ahead.moving and _in_steps(behind, ahead)
        following = self._known.get(pair)
        if following is None:
            if not holds:
                return
            following = _Following(Spell(need=self._thresholds.span("follow_s"), grace=SECOND))
            self._known[pair] = following
        if not following.spell.on:
            if not following.spell.begins(behind.at, holds):
                if not holds:
                    del self._known[pair]
                return
            since = following.spell.since if following.spell.since is not None else behind.at
            parts = (
                Part(behind.entity_id, behind.box_at(since)),
                Part(ahead.entity_id, ahead.box_at(since), "object"),
            )
            following.draft = self._relations.open("followed", since, parts)
        self._go_on(behind, ahead, following, certainty, holds=holds)

    def _go_on(
        self, behind: Trail, ahead: Trail, following: _Following, certainty: float, *, holds: bool
    ) -> None:
        draft = following.draft
        if draft is None:
            return
        if holds:
            lasted = behind.at - draft.start
            score = min(behind.score, ahead.score)
            draft.confidence = sure(score, over(lasted, self._thresholds.span("follow_s")), certainty)
            draft.show(behind.at, behind.box, ahead.box)
        if following.spell.ends(behind.at, holds):
            self._relations.close(draft, following.spell.over_by(behind.at))
            del self._known[(behind.entity_id, ahead.entity_id)]


def _in_steps(behind: Trail, ahead: Trail) -> bool:
    here, close = behind.place, 0.5 * behind.box.height
    if math.dist(here, ahead.place) < close:
        return False
    for point in reversed(ahead.points):
        ago = behind.at - point.at
        if ago > 4 * SECOND:
            return False
        if ago >= SECOND // 2 and math.dist(here, point.place) <= close:
            return True
    return False
