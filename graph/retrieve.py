"""One hybrid retriever over any memory: exact bounds first, then words, meaning and neighbourhood, fused by rank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.clock import SECOND, Micros, Span
from core.memory import Caption, CaptionStatus, Event, Query, Vector, Want
from core.ports import Embedder, Memory

FLAT = 60
"""How much first places count over later ones: k of reciprocal rank fusion (Cormack, Clarke & Büttcher 2009)."""
DEPTH = 50
"""Least length of each list that is fused."""
SEEDS = 5
"""How many of the best found directly are looked around from."""
AROUND: Micros = 30 * SECOND
"""How far before and after a seed its neighbours may lie."""
WEIGHT_AROUND = 0.5
"""What being a neighbour counts beside being found: it lifts what was found, and never outdoes it."""


class Way(StrEnum):
    """How something was found."""

    WORDS = "words"
    MEANING = "meaning"
    WITH = "with"
    """The same thing took part, here or elsewhere."""
    BESIDE = "beside"
    """It happened shortly before or after."""


@dataclass(slots=True)
class Hit:
    """An event or caption, how it was found, and its fused score: comparable within one retrieval, and no more."""

    fact: Event | Caption
    score: float = 0.0
    ways: list[Way] = field(default_factory=list)

    @property
    def direct(self) -> bool:
        """Whether its own words or meaning were asked for."""
        return Way.WORDS in self.ways or Way.MEANING in self.ways


def retrieve(
    store: Memory,
    bounds: Query,
    text: str,
    *,
    embedder: Embedder | None,
    limit: int = 20,
    around: bool = True,
) -> list[Hit]:
    """The events and captions inside the bounds that fit the text best, the best first.

    `bounds` is a query whose `want`, `text`, `like` and `limit` do not count. Captions are of no kind, zone or entity,
    so bounds of these leave them out. Without an embedder words alone find; without `around` nothing is found by
    its neighbourhood.
    """
    depth = max(DEPTH, 2 * limit)
    inside = replace(bounds, text="", like=None, limit=depth)
    like = None if embedder is None else Vector.of_row("", embedder.name, embedder.embed([text])[0])
    found = _Fused()
    for want in _wanted(bounds):
        asked = replace(inside, want=want)
        found.add(_read(store, replace(asked, text=text)), Way.WORDS)
        if like is not None:
            found.add(_read(store, replace(asked, like=like)), Way.MEANING)
    if around:
        seeds = [hit.fact for hit in found.best(SEEDS) if isinstance(hit.fact, Event)]
        found.add(_with(store, inside, seeds), Way.WITH, WEIGHT_AROUND)
        found.add(_beside(store, inside, seeds), Way.BESIDE, WEIGHT_AROUND)
    return found.best(limit)


def _wanted(bounds: Query) -> tuple[Want, ...]:
    of_events = bounds.kinds or bounds.labels or bounds.attributes or bounds.zones or bounds.entities
    return (Want.EVENTS,) if of_events else (Want.EVENTS, Want.CAPTIONS)


def _read(store: Memory, query: Query) -> Sequence[Event | Caption]:
    found = store.find(query)
    # What a model said out of form, or why it said nothing, is kept and shown, but it is no word on what was seen.
    return (*found.events, *(c for c in found.captions if c.status is CaptionStatus.OK))


def _with(store: Memory, inside: Query, seeds: Sequence[Event]) -> list[Event]:
    """What else those took part in who took part in the seeds, they themselves or as whom they are known elsewhere."""
    who = {i for event in seeds for i in event.entity_ids}
    if not who:
        return []
    links = store.find(Query(want=Want.LINKS, entities=tuple(sorted(who)))).links
    same = {end for link in links if link.same for end in (link.one, link.other)}
    everyone = tuple(sorted(who | same))
    if inside.entities:
        everyone = tuple(i for i in everyone if i in inside.entities)
    if not everyone:
        return []
    found = store.find(replace(inside, want=Want.EVENTS, entities=everyone)).events
    return _nearest(found, seeds)


def _beside(store: Memory, inside: Query, seeds: Sequence[Event]) -> list[Event]:
    """What happened in the same stream shortly before and after the seeds."""
    found: dict[str, Event] = {}
    for seed in seeds:
        window = seed.span.widen(AROUND)
        span = window if inside.span is None else window.intersect(inside.span)
        if span is not None:
            near = replace(inside, want=Want.EVENTS, streams=(seed.stream_id,), span=span)
            found |= {event.id: event for event in store.find(near).events}
    return _nearest(found.values(), seeds)


def _nearest(found: Iterable[Event], seeds: Sequence[Event]) -> list[Event]:
    """Without the seeds, in order of the distance in time to the nearest seed of the same stream; other streams last."""
    own = {seed.id for seed in seeds}

    def far(event: Event) -> tuple[int, Micros, Micros, str]:
        gaps = [_gap(event.span, seed.span) for seed in seeds if seed.stream_id == event.stream_id]
        return (0 if gaps else 1, min(gaps, default=0), event.span.start, event.id)

    return sorted((event for event in found if event.id not in own), key=far)


def _gap(one: Span, other: Span) -> Micros:
    return max(0, one.start - other.end, other.start - one.end)


class _Fused:
    """Lists fused by reciprocal rank."""

    def __init__(self) -> None:
        self._hits: dict[str, Hit] = {}

    def add(self, ranked: Sequence[Event | Caption], way: Way, weight: float = 1.0) -> None:
        for rank, fact in enumerate(ranked, 1):
            hit = self._hits.setdefault(fact.id, Hit(fact))
            hit.score += weight / (FLAT + rank)
            if way not in hit.ways:
                hit.ways.append(way)

    def best(self, limit: int) -> list[Hit]:
        def order(hit: Hit) -> tuple[float, Micros, str]:
            return -hit.score, hit.fact.span.start, hit.fact.id

        return sorted(self._hits.values(), key=order)[:limit]
