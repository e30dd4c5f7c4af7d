"""The memory without a disk: what `SqliteStore` does, in plain Python. For tests, and for looking once and forgetting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from core.clock import Micros, Span
from core.errors import Invalid
from core.ids import ChunkId, EntityId, StreamId, TrackId
from core.media import Chunk
from core.memory import (
    Caption,
    Coverage,
    Entity,
    Event,
    Evidence,
    Forgotten,
    Found,
    Observation,
    Query,
    Relation,
    Want,
)
from core.sight import Attributes, Track, TrackPoint
from graph import rows, words

AnyNoun = Chunk | Track | Entity | Event | Relation | Caption | Coverage
Noun = TypeVar("Noun", bound=AnyNoun)
Named = TypeVar("Named", Track, Entity, Event, Relation, Caption)


class MemoryStore:
    """A `GraphStore` that lives as long as the object. Threads may share it.

    A fact written again is replaced by the later word: that of the chunk further on in the stream, whatever the
    order of writing.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._chunks: dict[ChunkId, Chunk] = {}
        self._tracks: dict[str, Track] = {}
        self._points: dict[TrackId, dict[ChunkId, tuple[Micros, tuple[TrackPoint, ...]]]] = {}
        self._entities: dict[str, Entity] = {}
        self._events: dict[str, Event] = {}
        self._relations: dict[str, Relation] = {}
        self._captions: dict[str, Caption] = {}
        self._coverage: dict[ChunkId, tuple[Coverage, ...]] = {}
        self._said: dict[str, Micros] = {}

    def write(self, observation: Observation, /) -> None:
        """Takes in one chunk's observation; raises `Invalid` for what cannot be kept as it is."""
        rows.check(observation)
        chunk = observation.chunk
        with self._lock:
            self._chunks[chunk.id] = chunk
            for track in observation.tracks:
                self._write_track(track, chunk)
            self._take(self._entities, observation.entities, chunk)
            self._take(self._events, observation.events, chunk)
            self._take(self._relations, observation.relations, chunk)
            captions = (replace(c, text=rows.kept_text(c.text)) for c in observation.captions)
            self._take(self._captions, captions, chunk)
            self._coverage[chunk.id] = observation.coverage

    def _take(self, table: dict[str, Named], nouns: Iterable[Named], chunk: Chunk) -> None:
        for noun in nouns:
            if chunk.span.start >= self._said.get(noun.id, 0):
                self._said[noun.id] = chunk.span.start
                table[noun.id] = _own(noun)

    def _write_track(self, track: Track, chunk: Chunk) -> None:
        known = self._tracks.get(track.id)
        self._take(self._tracks, [replace(track, points=())], chunk)
        if known is not None:
            self._tracks[track.id] = replace(self._tracks[track.id], span=track.span.hull(known.span))
        points = tuple(rows.kept(point) for point in sorted(track.points, key=lambda point: point.at))
        self._points.setdefault(track.id, {})[chunk.id] = (chunk.span.start, points)

    def find(self, query: Query, /) -> Found:
        """What the query asks for; raises `Invalid` for a negative limit."""
        if query.limit is not None and query.limit < 0:
            raise Invalid(f"a limit of {query.limit} makes no sense", next_step="give 0 or more, or none")
        with self._lock:
            return self._find(query)

    def _find(self, query: Query) -> Found:
        match query.want:
            case Want.CHUNKS:
                return Found(chunks=_pick(query, self._chunks.values()))
            case Want.TRACKS:
                wanted = [t for t in self._tracks.values() if self._holds_track(query, t)]
                return Found(tracks=tuple(self._joined(t) for t in _pick(query, wanted)))
            case Want.ENTITIES:
                people = [e for e in self._entities.values() if self._holds_entity(query, e)]
                return Found(entities=_pick(query, people, words.entity_terms))
            case Want.EVENTS:
                events = [e for e in self._events.values() if self._holds_event(query, e)]
                return Found(events=_pick(query, events, self._event_terms))
            case Want.RELATIONS:
                relations = [r for r in self._relations.values() if self._holds_relation(query, r)]
                return Found(relations=_pick(query, relations))
            case Want.CAPTIONS:
                return Found(captions=_pick(query, self._captions.values(), words.caption_terms))
            case Want.COVERAGE:
                coverage = [c for part in self._coverage.values() for c in part]
                return Found(coverage=_pick(replace(query, ids=()), coverage))

    def _joined(self, track: Track) -> Track:
        parts = self._points.get(track.id, {})
        in_order = sorted(parts, key=lambda chunk: (parts[chunk][0], chunk))
        return replace(track, points=rows.join_points(parts[chunk][1] for chunk in in_order))

    def _event_terms(self, event: Event) -> list[str]:
        return words.event_terms(event, [self._entities[i] for i in event.entity_ids if i in self._entities])

    def _holds_track(self, query: Query, track: Track) -> bool:
        of = [e for i in query.entities if (e := self._entities.get(i)) is not None]
        return (
            _any(query.labels, track.label)
            and _holds(query.attributes, track.attributes)
            and (not query.entities or any(track.id in entity.tracks for entity in of))
        )

    def _holds_entity(self, query: Query, entity: Entity) -> bool:
        return (
            _looks(query, entity)
            and (not query.entities or entity.id in query.entities)
            and (
                not (query.kinds or query.zones)
                or any(
                    entity.id in event.entity_ids and _happened(query, event)
                    for event in self._events.values()
                )
            )
        )

    def _holds_event(self, query: Query, event: Event) -> bool:
        if not _happened(query, event) or (query.entities and not set(query.entities) & {*event.entity_ids}):
            return False
        rest = {k: v for k, v in query.attributes.items() if event.attributes.get(k) != v}
        if not rest and not query.labels:
            return True
        who = [e for i in event.entity_ids if (e := self._entities.get(i)) is not None]
        return any(_any(query.labels, e.label) and _holds(rest, e.attributes) for e in who)

    def _holds_relation(self, query: Query, relation: Relation) -> bool:
        ends = (relation.subject, relation.object)
        who = [e for i in ends if (e := self._entities.get(i)) is not None]
        return (
            _any(query.kinds, relation.predicate)
            and (not query.entities or bool(set(query.entities) & {*ends}))
            and (not (query.labels or query.attributes) or any(_looks(query, e) for e in who))
        )

    def around(self, ids: Sequence[str], hops: int = 1, /) -> Found:
        """The given entities and events, all within `hops` edges of them, and the relations between those entities."""
        with self._lock:
            near = set(ids)
            for _ in range(hops):
                near |= self._neighbours(near)
            entities = [e for e in self._entities.values() if e.id in near]
            inside = {e.id for e in entities}
            return Found(
                events=_in_order(_own(e) for e in self._events.values() if e.id in near),
                entities=_in_order(_own(e) for e in entities),
                relations=_in_order(r for r in self._relations.values() if {r.subject, r.object} <= inside),
            )

    def _neighbours(self, near: set[str]) -> set[str]:
        out: set[str] = set()
        for event in self._events.values():
            if event.id in near:
                out |= {*event.entity_ids}
            if near & {*event.entity_ids}:
                out.add(event.id)
        for relation in self._relations.values():
            if near & {relation.subject, relation.object}:
                out |= {relation.subject, relation.object}
        return out

    def forget(self, stream: StreamId, /) -> Forgotten:
        """Removes all that was learned from the stream, and every mention of it in other streams' facts."""
        with self._lock:
            gone_entities = {e.id for e in self._entities.values() if e.stream_id == stream}
            gone_chunks = {c.id for c in self._chunks.values() if c.stream_id == stream}
            counts = {
                "chunks": _drop(self._chunks, lambda c: c.stream_id == stream),
                "tracks": _drop(self._tracks, lambda t: t.stream_id == stream),
                "entities": _drop(self._entities, lambda e: e.stream_id == stream),
                "events": _drop(self._events, lambda e: e.stream_id == stream),
                "relations": _drop(
                    self._relations,
                    lambda r: r.stream_id == stream or bool({r.subject, r.object} & gone_entities),
                ),
                "captions": _drop(self._captions, lambda c: c.stream_id == stream),
                "coverage": sum(len(self._coverage.pop(i, ())) for i in gone_chunks),
            }
            self._unmention(gone_entities, gone_chunks)
            return Forgotten(counts=counts)

    def _unmention(self, entities: set[EntityId], chunks: set[ChunkId]) -> None:
        known = self._tracks.keys() | self._entities.keys() | self._events.keys()
        known |= self._relations.keys() | self._captions.keys()
        self._points = {i: parts for i, parts in self._points.items() if i in self._tracks}
        self._said = {i: at for i, at in self._said.items() if i in known}
        for event in list(self._events.values()):
            who = tuple(p for p in event.participants if p.entity_id not in entities)
            self._events[event.id] = replace(
                event, participants=who, evidence=_outside(event.evidence, chunks)
            )
        for relation in list(self._relations.values()):
            self._relations[relation.id] = replace(relation, evidence=_outside(relation.evidence, chunks))

    def close(self) -> None:
        """Nothing is held that needs closing."""


def _own(noun: Noun) -> Noun:
    """The noun with attributes nobody else can change."""
    if isinstance(noun, Track | Entity | Event):
        return replace(noun, attributes=dict(noun.attributes))
    return noun


def _outside(evidence: tuple[Evidence, ...], chunks: set[ChunkId]) -> tuple[Evidence, ...]:
    return tuple(e for e in evidence if e.chunk_id not in chunks)


def _drop(table: dict[str, Noun] | dict[ChunkId, Noun], gone: Callable[[Noun], bool]) -> int:
    left = {i: noun for i, noun in table.items() if not gone(noun)}
    count = len(table) - len(left)
    table.clear()
    table.update(left)  # type: ignore[arg-type]
    return count


def _span(noun: AnyNoun) -> Span:
    return noun.valid if isinstance(noun, Relation) else noun.span


def _key(noun: AnyNoun) -> tuple[object, ...]:
    if isinstance(noun, Coverage):
        return noun.span, noun.stream_id, noun.state, noun.by, noun.looked_for, noun.reason
    return _span(noun).start, noun.id


def _in_order(nouns: Iterable[Noun]) -> tuple[Noun, ...]:
    return tuple(sorted(nouns, key=_key))


def _any(wanted: tuple[str, ...], value: str | None) -> bool:
    return not wanted or value in wanted


def _holds(wanted: Attributes, attributes: Attributes) -> bool:
    return all(attributes.get(key) == value for key, value in wanted.items())


def _looks(query: Query, entity: Entity) -> bool:
    return _any(query.labels, entity.label) and _holds(query.attributes, entity.attributes)


def _happened(query: Query, event: Event) -> bool:
    when = query.span is None or event.span.overlaps(query.span)
    return when and _any(query.kinds, event.kind) and _any(query.zones, event.zone)


def _pick(
    query: Query, nouns: Iterable[Noun], spoken: Callable[[Noun], list[str]] | None = None
) -> tuple[Noun, ...]:
    """Of nouns that hold the query's other bounds: those in its streams, span and ids, ordered and cut."""
    inside = _in_order(
        noun
        for noun in nouns
        if _any(query.streams, noun.stream_id)
        and (query.span is None or _span(noun).overlaps(query.span))
        and (not query.ids or (not isinstance(noun, Coverage) and noun.id in query.ids))
    )
    if query.text and spoken is not None:
        inside = _best(query.text, inside, spoken)
    return tuple(_own(noun) for noun in inside[: query.limit])


def _best(text: str, nouns: tuple[Noun, ...], spoken: Callable[[Noun], list[str]]) -> tuple[Noun, ...]:
    said = [spoken(noun) for noun in nouns]
    sets = [frozenset(s) for s in said]
    matches = {
        term: [n for n, have in enumerate(sets) if term in have] for term in dict.fromkeys(words.terms(text))
    }
    lengths = {n: len(said[n]) for found in matches.values() for n in found}
    score = words.scores(matches, lengths, len(nouns))
    return tuple(nouns[n] for n in sorted(score, key=lambda n: (-score[n], n)))
