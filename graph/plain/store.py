"""The memory without a disk: what every store does, in plain Python. For tests, and for looking once and forgetting."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from core.ids import StreamId
from core.media import Chunk
from core.memory import (
    HAND,
    Aggregate,
    Aggregation,
    Caption,
    Entity,
    Event,
    Forgotten,
    Found,
    Link,
    Observation,
    Query,
    Relation,
    Scope,
    Vector,
    Want,
)
from core.sight import Track
from graph import aggregate, near, rows
from graph.plain import find as memory_find
from graph.plain import forget as memory_forget
from graph.plain.facts import Facts, in_order, own

Named = TypeVar("Named", Track, Entity, Event, Relation, Caption)


class MemoryStore:
    """A `Memory` that lives as long as the object. Threads may share it.

    A fact written again is replaced by the later word: that of the chunk further on in the stream, whatever the
    order of writing.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._facts = Facts()

    def write(self, observation: Observation, /) -> None:
        """Takes in one chunk's observation; raises `Invalid` for what cannot be kept as it is."""
        rows.check(observation)
        chunk = observation.chunk
        with self._lock:
            self._check_lengths(observation.vectors)
            facts = self._facts
            facts.chunks[chunk.id] = chunk
            for track in observation.tracks:
                self._write_track(track, chunk)
            self._take(facts.relations, observation.relations, chunk)
            captions = (replace(c, text=rows.kept_text(c.text)) for c in observation.captions)
            taken = {
                *self._take(facts.entities, observation.entities, chunk),
                *self._take(facts.events, observation.events, chunk),
                *self._take(facts.captions, captions, chunk),
            }
            facts.coverage[chunk.id] = observation.coverage
            facts.vectors = {key: vector for key, vector in facts.vectors.items() if vector.of not in taken}
            self._mark([vector for vector in observation.vectors if vector.of in taken])

    def _take(self, table: dict[str, Named], nouns: Iterable[Named], chunk: Chunk) -> list[str]:
        """Takes in what no later chunk has spoken of; the ids of that."""
        taken: list[str] = []
        said = self._facts.said
        for noun in nouns:
            if chunk.span.start >= said.get(noun.id, 0):
                said[noun.id] = chunk.span.start
                table[noun.id] = own(noun)
                taken.append(noun.id)
        return taken

    def _write_track(self, track: Track, chunk: Chunk) -> None:
        tracks = self._facts.tracks
        known = tracks.get(track.id)
        self._take(tracks, [replace(track, points=())], chunk)
        if known is not None:
            tracks[track.id] = replace(tracks[track.id], span=track.span.hull(known.span))
        points = tuple(rows.kept(point) for point in sorted(track.points, key=lambda point: point.at))
        self._facts.points.setdefault(track.id, {})[chunk.id] = (chunk.span.start, points)

    def find(self, query: Query, /) -> Found:
        """What the query asks for; raises `Invalid` for a query that makes no sense."""
        rows.check_query(query)
        with self._lock:
            return memory_find.find(self._facts, query)

    def around(self, ids: Sequence[str], hops: int = 1, /) -> Found:
        """The given entities and events, all within `hops` edges of them, and the relations and links between those
        entities. Who is the same is one edge away.
        """
        with self._lock:
            near_by = set(ids)
            for _ in range(hops):
                near_by |= self._neighbours(near_by)
            entities = [e for e in self._facts.entities.values() if e.id in near_by]
            inside = {e.id for e in entities}
            links = (link for link in self._facts.links.values() if {link.one, link.other} <= inside)
            return Found(
                events=in_order(own(e) for e in self._facts.events.values() if e.id in near_by),
                entities=in_order(own(e) for e in entities),
                relations=in_order(
                    r for r in self._facts.relations.values() if {r.subject, r.object} <= inside
                ),
                links=tuple(sorted(links, key=lambda link: link.id)),
            )

    def _neighbours(self, near_by: set[str]) -> set[str]:
        out: set[str] = set()
        for event in self._facts.events.values():
            if event.id in near_by:
                out |= {*event.entity_ids}
            if near_by & {*event.entity_ids}:
                out.add(event.id)
        for relation in self._facts.relations.values():
            if near_by & {relation.subject, relation.object}:
                out |= {relation.subject, relation.object}
        for link in self._facts.links.values():
            if link.same and near_by & {link.one, link.other}:
                out |= {link.one, link.other}
        return out

    def aggregate(self, asked: Aggregation, /) -> tuple[Aggregate, ...]:
        """The groups; raises `Invalid` for what cannot be put together."""
        aggregate.check(asked)
        with self._lock:
            found = memory_find.find(self._facts, asked.query)
            return aggregate.aggregate(
                asked, (*found.events, *found.entities), lambda event: self._facts.known(event.entity_ids)
            )

    def link(self, links: Sequence[Link], /) -> None:
        """Writes what is said of pairs of entities."""
        with self._lock:
            for link in links:
                known = self._facts.links.get(link.id)
                if known is not None and known.source == HAND and link.source != HAND:
                    continue
                if link.one in self._facts.entities and link.other in self._facts.entities:
                    self._facts.links[link.id] = link

    def forget(self, scope: Scope, /) -> Forgotten:
        """Removes all of the scope, and every mention of it in what is left."""
        with self._lock:
            return memory_forget.forget(self._facts, scope)

    def observations(self, streams: Sequence[StreamId] = (), /) -> Iterator[Observation]:
        """The memory as observations; what is written meanwhile is not in it."""
        with self._lock:
            chunks = [c for c in self._facts.chunks.values() if not streams or c.stream_id in streams]
            by_stream: dict[StreamId, list[Chunk]] = {}
            for chunk in sorted(chunks, key=lambda c: (c.stream_id, c.span.start, c.id)):
                by_stream.setdefault(chunk.stream_id, []).append(chunk)
            made = [
                observation
                for stream, of_stream in by_stream.items()
                for observation in self._observations(stream, of_stream)
            ]
        yield from made

    def _observations(self, stream: StreamId, chunks: Sequence[Chunk]) -> Iterator[Observation]:
        facts = self._facts
        starts = [chunk.span.start for chunk in chunks]

        def said(table: dict[str, Named], chunk: Chunk) -> tuple[Named, ...]:
            mine = (f for f in table.values() if f.stream_id == stream)
            return in_order(own(f) for f in mine if chunks[rows.speaker(facts.said[f.id], starts)] == chunk)

        for chunk in chunks:
            tracks = [
                replace(track, points=parts[chunk.id][1])
                for track in facts.tracks.values()
                if chunk.id in (parts := facts.points.get(track.id, {}))
            ]
            entities, events = said(facts.entities, chunk), said(facts.events, chunk)
            captions = said(facts.captions, chunk)
            spoken = {*(e.id for e in entities), *(e.id for e in events), *(c.id for c in captions)}
            yield Observation(
                chunk=chunk,
                tracks=in_order(own(track) for track in tracks),
                entities=entities,
                events=events,
                relations=said(facts.relations, chunk),
                captions=captions,
                coverage=facts.coverage.get(chunk.id, ()),
                vectors=tuple(facts.vectors[key] for key in sorted(facts.vectors) if key[0] in spoken),
            )

    def mark(self, vectors: Sequence[Vector], /) -> None:
        """Writes vectors of facts that are there; raises `Invalid` where a model's are not all of one length."""
        with self._lock:
            self._check_lengths(vectors)
            self._mark(vectors)

    def _check_lengths(self, vectors: Sequence[Vector]) -> None:
        lengths = {vector.model: vector.length for vector in self._facts.vectors.values()}
        for vector in vectors:
            near.check_length(vector, lengths.setdefault(vector.model, vector.length))

    def _mark(self, vectors: Sequence[Vector]) -> None:
        there = {fact.id for fact in self._facts.markable()}
        self._facts.vectors |= {(v.of, v.model): v for v in vectors if v.of in there}

    def unmarked(self, want: Want, model: str, limit: int, /) -> Found:
        """At most so many events, captions or entities that have no vector of the model, the earliest first."""
        query = Query(want=rows.markable(want))
        with self._lock:
            found = memory_find.find(self._facts, query)
            vectors = self._facts.vectors
            return Found(
                events=tuple(e for e in found.events if (e.id, model) not in vectors)[:limit],
                captions=tuple(c for c in found.captions if (c.id, model) not in vectors)[:limit],
                entities=tuple(e for e in found.entities if (e.id, model) not in vectors)[:limit],
            )

    def models(self) -> dict[str, int]:
        """How many vectors of which model there are."""
        with self._lock:
            return dict(Counter(vector.model for vector in self._facts.vectors.values()))

    def unmark(self, model: str, /) -> int:
        """Removes every vector of a model; returns how many."""
        with self._lock:
            before = len(self._facts.vectors)
            self._facts.vectors = {k: v for k, v in self._facts.vectors.items() if v.model != model}
            return before - len(self._facts.vectors)

    def close(self) -> None:
        """Nothing is held that needs closing."""
