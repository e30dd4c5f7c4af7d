"""The same thing again: which visits are of one and the same thing, told by looks, words, time and place.

Incremental: after each written observation it is asked of those in it who have left, or were seen long enough, whom
they look like within a window of time (never everybody with everybody). Two are linked where the look is near enough,
nothing speaks against it, and the look singles out one thing: where two that are certainly not the same look so,
looking so proves nothing.

What is told of a pair follows from what is known of the two and of whom else they could be, not from the order in which
that was written, as long as no more than `Policy.most` look alike. A link that later knowledge speaks against is taken
back (`same=False`); one taken back comes again when either of the two is asked about anew. What `HAND` said of a pair
is never touched, and counts as knowledge.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.clock import SECOND, Micros
from core.ids import EntityId, LinkId, link_id
from core.labels import BALLS, FOUR_WHEELED, LOADS
from core.media import Chunk, Passage, Stream
from core.memory import HAND, Entity, Link, Observation, Query, Vector, Want
from core.ports import Ledger, Memory
from core.sight import THING
from graph import near
from graph.places import Places, Verdict

SOURCE = "resolve:1"
"""The source of every link told so."""
ALL_ALIKE = LOADS | BALLS | {THING}
"""What looks like all others of its kind, or is of no known kind: by its look alone it is never known again."""
BY_TEXT = 0.99
"""The score of two that bear the same text."""
SHORTEST_TEXT = 3
"""Fewer letters and digits than these say nothing about whose they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How sure the resolver wants to be, by the vectors of which model.

    `least` is the likeness (cosine; of `colours:1` the Bhattacharyya coefficient) from which on two may be the same,
    and who looks like either of them, less this by up to `margin`, has to be one with all others who do. `least_by_text`
    is enough where both bear the same text. Clothes last a day: visits further than `window` apart are not compared. Who stayed for
    less than `shortest` is nobody; it is asked who somebody is after he was `seen` so long, again whenever that has
    doubled, and when he has left. `most` look-alikes are weighed.
    """

    model: str = "colours:1"
    least: float = 0.98
    margin: float = 0.01
    least_by_text: float = 0.7
    window: Micros = 24 * 3600 * SECOND
    shortest: Micros = SECOND
    seen: Micros = 8 * SECOND
    most: int = 64


DEFAULT = Policy()


def resolve(
    observation: Observation, *, store: Memory, ledger: Ledger, final: bool = False, policy: Policy = DEFAULT
) -> tuple[Link, ...]:
    """Says who in the observation, which has been written, is the same as whom; returns the links written.

    `final` is true at a stream's end: then all who are still there are asked about. Twice is the same as once.
    """
    looks = {vector.of: vector for vector in observation.vectors if vector.model == policy.model}
    due = [e for e in observation.entities if e.id in looks and _due(e, observation.chunk, final, policy)]
    if not due:
        return ()
    places = Places(ledger.find(Stream), ledger.find(Passage), window=policy.window)
    written: list[Link] = []
    for entity in due:
        changes = tuple(_Alike.of(entity, looks[entity.id], store, places, policy).changes())
        if changes:
            store.link(changes)
            written += changes
    return tuple(written)


def _due(entity: Entity, chunk: Chunk, final: bool, policy: Policy) -> bool:
    """Whether to ask who this is."""
    if not _can_be_known(entity, policy):
        return False
    length = entity.span.duration
    before = max(0, length - chunk.span.duration)
    grown = (length // policy.seen).bit_length() > (before // policy.seen).bit_length()
    return final or grown or entity.span.end < chunk.span.end


def _can_be_known(entity: Entity, policy: Policy) -> bool:
    known = entity.label not in ALL_ALIKE or bool(_text(entity))
    return known and entity.span.duration >= policy.shortest


def _text(entity: Entity) -> str:
    """What can be read on it, letters and digits alone; empty where that is too little to tell it by."""
    text = "".join(c for c in str(entity.attributes.get("text", "")).upper() if c.isalnum())
    return text if len(text) >= SHORTEST_TEXT else ""


def _labels(label: str) -> tuple[str, ...]:
    """What detectors may call the same thing another time."""
    return tuple(sorted(FOUR_WHEELED)) if label in FOUR_WHEELED else (label,)


class _Alike:
    """One entity (the first) among those that look like it, with what was said of them before."""

    def __init__(
        self,
        who: list[Entity],
        looks: list[Vector],
        links: dict[LinkId, Link],
        places: Places,
        policy: Policy,
    ) -> None:
        self._who, self._links, self._places, self._policy = who, links, places, policy
        rows = np.stack([vector.row for vector in looks])
        self._likeness = np.stack([near.nearness(rows, row) for row in rows])
        self._verdicts: dict[tuple[int, int], Verdict] = {}

    @classmethod
    def of(cls, entity: Entity, look: Vector, store: Memory, places: Places, policy: Policy) -> _Alike:
        """Looks up who is like it where and when it could have been."""
        found: dict[EntityId, tuple[Entity, Vector]] = {}
        for streams, span in places.searched(entity):
            query = Query(
                want=Want.ENTITIES, streams=streams, span=span, labels=_labels(entity.label), like=look, limit=policy.most
            )  # fmt: skip
            alike = store.find(query)
            found |= {e.id: (e, v) for e, v in zip(alike.entities, alike.vectors, strict=True)}
        found.pop(entity.id, None)
        others = [(e, v) for e, v in found.values() if _can_be_known(e, policy)]
        others.sort(key=lambda o: (-float(o[1].row @ look.row), o[0].id))
        kept = [(entity, look), *others[: policy.most]]
        ids = tuple(e.id for e, _ in kept)
        links = {link.id: link for link in store.find(Query(want=Want.LINKS, entities=ids)).links}
        return cls([e for e, _ in kept], [v for _, v in kept], links, places, policy)

    def changes(self) -> Iterator[Link]:
        """What is to be said of the first and each of the others, and what is no longer true of these, where that is new."""
        pairs = [(0, other) for other in range(1, len(self._who))]
        told = set(self._pairs_told())
        for i, j in (*pairs, *sorted(told - {*pairs})):
            before = self._link(i, j)
            if before is not None and before.source == HAND:
                continue
            score = self._score(i, j)
            same = score > 0 and not self._could_be_other(i, j)
            if before is None and not same:
                continue
            if i and same:
                continue  # of these only what the first one speaks against is new
            link = Link(
                one=self._who[i].id,
                other=self._who[j].id,
                score=score or self._near(i, j),
                source=SOURCE,
                same=same,
            )
            if link != before:
                yield link

    def _pairs_told(self) -> Iterator[tuple[int, int]]:
        """The pairs among these that were said to be the same."""
        number = {entity.id: n for n, entity in enumerate(self._who)}
        for link in self._links.values():
            if link.same and link.one in number and link.other in number:
                i, j = number[link.one], number[link.other]
                yield min(i, j), max(i, j)

    def _link(self, i: int, j: int) -> Link | None:
        return self._links.get(link_id(self._who[i].id, self._who[j].id))

    def _near(self, i: int, j: int) -> float:
        return min(1.0, max(0.0, round(float(self._likeness[i, j]), 4)))

    def _score(self, i: int, j: int) -> float:
        """How sure it is that the two are the same, from the two alone; 0 where they are not."""
        near_by, policy = self._near(i, j), self._policy
        by_text = self._same_text(i, j)
        known_by_look = self._who[i].label not in ALL_ALIKE and self._who[j].label not in ALL_ALIKE
        if near_by < (policy.least_by_text if by_text else policy.least) or not (by_text or known_by_look):
            return 0.0
        if self._verdict(i, j) is not Verdict.MAYBE:
            return 0.0
        return BY_TEXT if by_text else near_by

    def _same_text(self, i: int, j: int) -> bool:
        return bool(_text(self._who[i])) and _text(self._who[i]) == _text(self._who[j])

    def _could_be_other(self, i: int, j: int) -> bool:
        """Whether two who are certainly not the same both look as one of these does, or nearly: then so may anybody."""
        if self._same_text(i, j):
            return False
        limit = self._near(i, j) - self._policy.margin
        close = [r for r in range(len(self._who)) if r in (i, j) or max(self._likeness[r, [i, j]]) > limit]
        return any(self._verdict(a, b) is Verdict.TWO for a, b in itertools.combinations(close, 2))

    def _verdict(self, i: int, j: int) -> Verdict:
        key = (min(i, j), max(i, j))
        if key not in self._verdicts:
            self._verdicts[key] = self._judge(*key)
        return self._verdicts[key]

    def _judge(self, i: int, j: int) -> Verdict:
        """What is certain about the two: by hand first, then by words, then by time and place."""
        said = self._link(i, j)
        if said is not None and said.source == HAND:
            return Verdict.MAYBE if said.same else Verdict.TWO
        a, b = self._who[i], self._who[j]
        if _differ(_text(a), _text(b)) or _differ(a.attributes.get("team"), b.attributes.get("team")):
            return Verdict.TWO
        return self._places.judge(a, b)


def _differ(one: object, other: object) -> bool:
    return bool(one and other and one != other)
