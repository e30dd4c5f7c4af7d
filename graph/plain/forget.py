"""How the plain memory forgets: what goes, and how nothing that is left speaks of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.clock import Span
from core.ids import ChunkId, EntityId, StreamId, TrackId
from core.memory import Entity, Event, Evidence, Forgotten, Scope
from core.sight import Track
from graph.plain.facts import Facts, drop


@dataclass(slots=True)
class _Gone:
    """Ids of what goes with its own table; what hangs on them follows."""

    chunks: set[ChunkId]
    tracks: set[TrackId]
    entities: set[EntityId]
    streams: set[StreamId]


def forget(facts: Facts, scope: Scope) -> Forgotten:
    """Removes all of the scope, and says how much that was."""
    gone = _of_entities(facts, scope) if scope.entities else _of_streams(facts, scope)
    counts = {
        "events": drop(facts.events, lambda e: _goes(e, gone, scope)),
        "relations": drop(
            facts.relations,
            lambda r: (
                bool({r.subject, r.object} & gone.entities) or _lies_in(r.stream_id, r.valid, gone, scope)
            ),
        ),
        "captions": drop(
            facts.captions,
            lambda c: c.chunk_id in gone.chunks or _lies_in(c.stream_id, c.span, gone, scope),
        ),
        "coverage": _forget_coverage(facts, gone, scope),
        "links": drop_links(facts, gone.entities),
        "chunks": drop(facts.chunks, lambda c: c.id in gone.chunks),
        "tracks": drop(facts.tracks, lambda t: t.id in gone.tracks),
        "entities": drop(facts.entities, lambda e: e.id in gone.entities),
    }
    _unmention(facts, gone)
    before = len(facts.vectors)
    there = {fact.id for fact in facts.markable()}
    facts.vectors = {key: vector for key, vector in facts.vectors.items() if vector.of in there}
    counts["vectors"] = before - len(facts.vectors)
    return Forgotten(counts=counts)


def drop_links(facts: Facts, entities: set[EntityId]) -> int:
    """Removes the links of which an end goes; how many."""
    before = len(facts.links)
    facts.links = {i: link for i, link in facts.links.items() if not {link.one, link.other} & entities}
    return before - len(facts.links)


def _of_entities(facts: Facts, scope: Scope) -> _Gone:
    entities = set(scope.entities)
    tracks = {track for e in facts.known(scope.entities) for track in e.tracks}
    return _Gone(chunks=set(), tracks=tracks, entities=entities, streams=set())


def _of_streams(facts: Facts, scope: Scope) -> _Gone:
    streams, span = set(scope.streams), scope.span
    of_streams = {c.id: c for c in facts.chunks.values() if c.stream_id in streams}
    chunks = {c.id for c in of_streams.values() if span is None or c.span.overlaps(span)}
    left = {c.stream_id for c in of_streams.values() if c.id not in chunks}
    whole = streams - left
    tracks = {
        t.id
        for t in facts.tracks.values()
        if t.stream_id in streams
        and (
            t.stream_id in whole
            or (span is not None and span.covers(t.span))
            or not _seen_in(facts, t) - chunks
        )
    }
    entities = {
        e.id
        for e in facts.entities.values()
        if e.stream_id in streams
        and (
            e.stream_id in whole
            or (span is not None and span.covers(e.span))
            or (bool(e.tracks) and set(e.tracks) <= tracks)
        )
    }
    return _Gone(chunks=chunks, tracks=tracks, entities=entities, streams=whole)


def _seen_in(facts: Facts, track: Track) -> set[ChunkId]:
    return set(facts.points.get(track.id, {}))


def _goes(event: Event, gone: _Gone, scope: Scope) -> bool:
    if scope.entities:
        return bool(event.participants) and set(event.entity_ids) <= gone.entities
    return _lies_in(event.stream_id, event.span, gone, scope)


def _lies_in(stream: StreamId, span: Span, gone: _Gone, scope: Scope) -> bool:
    """Whether this span of a stream overlaps what is forgotten, or the stream goes whole."""
    return stream in gone.streams or (
        stream in scope.streams and scope.span is not None and span.overlaps(scope.span)
    )


def _forget_coverage(facts: Facts, gone: _Gone, scope: Scope) -> int:
    before = sum(map(len, facts.coverage.values()))
    facts.coverage = {
        chunk: tuple(c for c in part if not _lies_in(c.stream_id, c.span, gone, scope))
        for chunk, part in facts.coverage.items()
        if chunk not in gone.chunks
    }
    return before - sum(map(len, facts.coverage.values()))


def _unmention(facts: Facts, gone: _Gone) -> None:
    known = facts.tracks.keys() | facts.entities.keys() | facts.events.keys()
    known |= facts.relations.keys() | facts.captions.keys()
    facts.said = {i: at for i, at in facts.said.items() if i in known}
    facts.points = {
        i: {chunk: part for chunk, part in parts.items() if chunk not in gone.chunks}
        for i, parts in facts.points.items()
        if i in facts.tracks
    }
    for event in list(facts.events.values()):
        who = tuple(p for p in event.participants if p.entity_id not in gone.entities)
        facts.events[event.id] = replace(event, participants=who, evidence=_left(event.evidence, gone))
    for relation in list(facts.relations.values()):
        facts.relations[relation.id] = replace(relation, evidence=_left(relation.evidence, gone))
    for entity in list(facts.entities.values()):
        facts.entities[entity.id] = _without(entity, gone)


def _left(evidence: tuple[Evidence, ...], gone: _Gone) -> tuple[Evidence, ...]:
    return tuple(e for e in evidence if e.chunk_id not in gone.chunks)


def _without(entity: Entity, gone: _Gone) -> Entity:
    return replace(entity, tracks=tuple(track for track in entity.tracks if track not in gone.tracks))
