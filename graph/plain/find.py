"""How the plain memory is asked: every bound of a `Query` in one place, held against every fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from core.memory import Caption, Coverage, Entity, Event, Found, Link, Query, Relation, Vector, Want
from core.sight import Attributes, Track
from graph import near, words
from graph.plain.facts import Fact, Facts, in_order, own, span_of

Marked = TypeVar("Marked", Event, Caption, Entity)


def find(facts: Facts, query: Query) -> Found:
    """What the query asks for."""
    match query.want:
        case Want.CHUNKS:
            return Found(chunks=_first(query, facts.chunks.values()))
        case Want.TRACKS:
            tracks = [t for t in facts.tracks.values() if _holds_track(facts, query, t)]
            return Found(tracks=tuple(facts.joined(t) for t in _first(query, tracks)))
        case Want.ENTITIES:
            entities = [e for e in facts.entities.values() if _holds_entity(facts, query, e)]
            best = _best(facts, query, entities, words.entity_terms)
            return Found(entities=best, vectors=_vectors(facts, query, best))
        case Want.EVENTS:
            events = [e for e in facts.events.values() if _holds_event(facts, query, e)]

            def terms(event: Event) -> list[str]:
                return words.event_terms(event, facts.known(event.entity_ids))

            said = _best(facts, query, events, terms)
            return Found(events=said, vectors=_vectors(facts, query, said))
        case Want.RELATIONS:
            relations = [r for r in facts.relations.values() if _holds_relation(facts, query, r)]
            return Found(relations=_first(query, relations))
        case Want.CAPTIONS:
            captions = _best(facts, query, facts.captions.values(), words.caption_terms)
            return Found(captions=captions, vectors=_vectors(facts, query, captions))
        case Want.COVERAGE:
            return Found(coverage=_first(query, [c for part in facts.coverage.values() for c in part]))
        case Want.LINKS:
            links = [link for link in facts.links.values() if _holds_link(facts, query, link)]
            return Found(links=tuple(sorted(links, key=lambda link: link.id)[: query.limit]))


def happened(query: Query, event: Event) -> bool:
    """Whether the event is of the kinds, in the zones and in the span."""
    when = query.span is None or event.span.overlaps(query.span)
    return when and _any(query.kinds, event.kind) and _any(query.zones, event.zone)


def _holds_track(facts: Facts, query: Query, track: Track) -> bool:
    of = [e for i in query.entities if (e := facts.entities.get(i)) is not None]
    return (
        _any(query.labels, track.label)
        and _holds(query.attributes, track.attributes)
        and (not query.entities or any(track.id in entity.tracks for entity in of))
    )


def _holds_entity(facts: Facts, query: Query, entity: Entity) -> bool:
    return (
        _looks(query, entity)
        and (not query.entities or entity.id in query.entities)
        and (
            not (query.kinds or query.zones)
            or any(
                entity.id in event.entity_ids and happened(query, event) for event in facts.events.values()
            )
        )
    )


def _holds_event(facts: Facts, query: Query, event: Event) -> bool:
    if not happened(query, event) or (query.entities and not set(query.entities) & {*event.entity_ids}):
        return False
    rest = {k: v for k, v in query.attributes.items() if event.attributes.get(k) != v}
    if not rest and not query.labels:
        return True
    return any(
        _any(query.labels, e.label) and _holds(rest, e.attributes) for e in facts.known(event.entity_ids)
    )


def _holds_relation(facts: Facts, query: Query, relation: Relation) -> bool:
    ends = (relation.subject, relation.object)
    return (
        _any(query.kinds, relation.predicate)
        and (not query.entities or bool(set(query.entities) & {*ends}))
        and (not (query.labels or query.attributes) or any(_looks(query, e) for e in facts.known(ends)))
    )


def _holds_link(facts: Facts, query: Query, link: Link) -> bool:
    ends = (link.one, link.other)
    return (
        (not query.entities or bool(set(query.entities) & {*ends}))
        and (not query.ids or link.id in query.ids)
        and (not query.streams or any(e.stream_id in query.streams for e in facts.known(ends)))
    )


def _any(wanted: tuple[str, ...], value: str | None) -> bool:
    return not wanted or value in wanted


def _holds(wanted: Attributes, attributes: Attributes) -> bool:
    return all(attributes.get(key) == value for key, value in wanted.items())


def _looks(query: Query, entity: Entity) -> bool:
    return _any(query.labels, entity.label) and _holds(query.attributes, entity.attributes)


def _inside(query: Query, facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return in_order(
        fact
        for fact in facts
        if _any(query.streams, fact.stream_id)
        and (query.span is None or span_of(fact).overlaps(query.span))
        and (not query.ids or isinstance(fact, Coverage) or fact.id in query.ids)
    )


def _first(query: Query, facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Of facts that hold the query's other bounds the first of those inside it."""
    return tuple(own(fact) for fact in _inside(query, facts)[: query.limit])


def _best(
    facts: Facts, query: Query, found: Iterable[Marked], terms: Callable[[Marked], list[str]]
) -> tuple[Marked, ...]:
    """The same, but the best first where words or a likeness are asked for."""
    inside = _inside(query, found)
    if query.text:
        inside = _by_words(query.text, inside, terms)
    elif query.like is not None:
        inside = _by_nearness(facts, query.like, inside)
    return tuple(own(fact) for fact in inside[: query.limit])


def _vectors(facts: Facts, query: Query, found: Iterable[Event | Caption | Entity]) -> tuple[Vector, ...]:
    """By what the likeness of these was told; nothing where none was asked for."""
    like = query.like
    return () if like is None else tuple(facts.vectors[fact.id, like.model] for fact in found)


def _by_words(
    text: str, found: tuple[Marked, ...], terms: Callable[[Marked], list[str]]
) -> tuple[Marked, ...]:
    said = [terms(fact) for fact in found]
    sets = [frozenset(s) for s in said]
    matches = {
        term: [n for n, have in enumerate(sets) if term in have] for term in dict.fromkeys(words.terms(text))
    }
    lengths = {n: len(said[n]) for holding in matches.values() for n in holding}
    score = words.scores(matches, lengths, len(found))
    return tuple(found[n] for n in sorted(score, key=lambda n: (-score[n], n)))


def _by_nearness(facts: Facts, like: Vector, found: tuple[Marked, ...]) -> tuple[Marked, ...]:
    vectors = facts.vectors
    marked = [(fact, vectors[fact.id, like.model]) for fact in found if (fact.id, like.model) in vectors]
    if not marked:
        return ()
    near.check_length(like, marked[0][1].length)
    score = near.nearness(np.stack([vector.row for _, vector in marked]), like.row)
    return tuple(marked[n][0] for n in sorted(range(len(marked)), key=lambda n: (-score[n], n)))
