"""A memory in Neo4j as the observations that rebuild it: a stream at a time, some hundred chunks at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from neo4j import ManagedTransaction

from core.clock import Micros
from core.ids import StreamId
from core.memory import Coverage, Found, Observation, Relation, Vector, Want
from core.sight import Track
from graph import rows
from graph.neo4j import models as neo4j_models
from graph.neo4j import rows as neo4j_rows
from graph.neo4j.find import by_ids
from graph.neo4j.rows import Names, vector_property


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


Noun = TypeVar("Noun", bound=_HasId)

AT_ONCE = 300
"""So many chunks are read in one transaction and held at once: 50 minutes of a camera."""

_FACTS = {
    Want.ENTITIES: "(f:Entity)",
    Want.EVENTS: "(f:Event)",
    Want.CAPTIONS: "(f:Caption)",
    Want.RELATIONS: "()-[f:REL]->()",
}
_MARKABLE = (Want.ENTITIES, Want.EVENTS, Want.CAPTIONS)
_INSIDE = "f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0"


@dataclass(slots=True)
class Window:
    """Chunks that follow one another, and what was said last in each, all by the database's ids and in order of time."""

    chunks: list[str]
    said: dict[Want, dict[str, list[str]]] = field(default_factory=lambda: {want: {} for want in _FACTS})

    def ids(self, *wants: Want) -> list[str]:
        """Every fact of these kinds."""
        return [id for want in wants for ids in self.said[want].values() for id in ids]


def streams(tx: ManagedTransaction, names: Names) -> list[StreamId]:
    """Every stream of the memory, in order."""
    found = tx.run("MATCH (s:Stream {memory: $memory}) RETURN s.id ORDER BY s.id", memory=names.memory)
    return [StreamId(names.out(id)) for (id,) in found.values()]


def windows(tx: ManagedTransaction, names: Names, stream: StreamId) -> list[Window]:
    """A stream cut into windows: ids alone are held of all of it.

    The chunks are asked for first. What is said of them by chunks that come meanwhile is given to the last.
    """
    of = names.into(stream)
    chunks = f"MATCH (f:Chunk) WHERE {_INSIDE} RETURN f.id, f.start_us ORDER BY f.start_us, f.id"
    known: list[tuple[str, Micros]] = [(id, start) for id, start in tx.run(chunks, stream=of)]
    starts = [start for _, start in known]
    out = [
        Window([id for id, _ in known[first : first + AT_ONCE]]) for first in range(0, len(known), AT_ONCE)
    ]
    for want, pattern in _FACTS.items() if known else ():
        statement = f"MATCH {pattern} WHERE {_INSIDE} RETURN f.id, f.said_us ORDER BY f.start_us, f.id"
        for id, said in tx.run(statement, stream=of):
            at = rows.speaker(said, starts)
            out[at // AT_ONCE].said[want].setdefault(known[at][0], []).append(id)
    return out


def observations(tx: ManagedTransaction, names: Names, window: Window) -> list[Observation]:
    """What is known of a window's chunks. What was forgotten since it was cut is not in it."""
    entities = _dealt(window, Want.ENTITIES, names, _read(tx, names, window, Want.ENTITIES).entities)
    events = _dealt(window, Want.EVENTS, names, _read(tx, names, window, Want.EVENTS).events)
    captions = _dealt(window, Want.CAPTIONS, names, _read(tx, names, window, Want.CAPTIONS).captions)
    relations = _dealt(window, Want.RELATIONS, names, _relations(tx, names, window.ids(Want.RELATIONS)))
    tracks, coverage = _tracks(tx, names, window.chunks), _coverage(tx, names, window.chunks)
    vectors = _vectors(tx, names, window.ids(*_MARKABLE))
    out = []
    for chunk in by_ids(tx, names, Want.CHUNKS, window.chunks).chunks:
        id = chunk.id
        spoken = sorted(fact.id for facts in (entities[id], events[id], captions[id]) for fact in facts)
        out.append(
            Observation(
                chunk=chunk,
                tracks=tuple(tracks[id]),
                entities=tuple(entities[id]),
                events=tuple(events[id]),
                relations=tuple(relations[id]),
                captions=tuple(captions[id]),
                coverage=tuple(coverage[id]),
                vectors=tuple(vector for of in spoken for vector in vectors[of]),
            )
        )
    return out


def _read(tx: ManagedTransaction, names: Names, window: Window, want: Want) -> Found:
    return by_ids(tx, names, want, window.ids(want))


def _dealt(window: Window, want: Want, names: Names, nouns: Iterable[Noun]) -> dict[str, list[Noun]]:
    """Facts by the chunk that spoke last of them."""
    there = {names.into(noun.id): noun for noun in nouns}
    out: dict[str, list[Noun]] = defaultdict(list)
    for chunk, ids in window.said[want].items():
        out[names.out(chunk)] = [there[id] for id in ids if id in there]
    return out


def _relations(tx: ManagedTransaction, names: Names, ids: list[str]) -> list[Relation]:
    statement = (
        "UNWIND $ids AS id MATCH (a)-[f:REL {id: id}]->(b) "
        f"RETURN {neo4j_rows.columns(neo4j_rows.RELATION, 'f')}, a.id, b.id"
    )
    return [neo4j_rows.relation(names, *row) for row in tx.run(statement, ids=ids).values()] if ids else []


def _tracks(tx: ManagedTransaction, names: Names, chunks: list[str]) -> dict[str, list[Track]]:
    """The tracks seen in each chunk, with the points they have in it."""
    statement = (
        "UNWIND $ids AS id MATCH (c:Fact {id: id})<-[p:SEEN_IN]-(f:Track) "
        f"RETURN id, {neo4j_rows.columns(neo4j_rows.TRACK, 'f')}, p.points ORDER BY f.start_us, f.id"
    )
    out: dict[str, list[Track]] = defaultdict(list)
    for chunk, row, points in tx.run(statement, ids=chunks).values():
        out[names.out(chunk)].append(neo4j_rows.track(names, row, [points]))
    return out


def _coverage(tx: ManagedTransaction, names: Names, chunks: list[str]) -> dict[str, list[Coverage]]:
    statement = (
        "UNWIND $ids AS id MATCH (c:Fact {id: id})<-[:OF]-(f:Coverage) "
        f"RETURN id, {neo4j_rows.columns(neo4j_rows.COVERAGE, 'f')} ORDER BY id, f.seq"
    )
    out: dict[str, list[Coverage]] = defaultdict(list)
    for chunk, row in tx.run(statement, ids=chunks).values():
        out[names.out(chunk)].append(neo4j_rows.coverage(names, row))
    return out


def _vectors(tx: ManagedTransaction, names: Names, ids: list[str]) -> dict[str, list[Vector]]:
    statement = (
        "UNWIND $ids AS id MATCH (f:Fact {id: id}) WHERE f[$property] IS NOT NULL RETURN id, f[$property]"
    )
    out: dict[str, list[Vector]] = defaultdict(list)
    for model in sorted(neo4j_models.names_of(tx, names)):
        for id, values in tx.run(statement, ids=ids, property=vector_property(model)).values():
            of: str = names.out(id)
            out[of].append(Vector(of=of, model=model, values=bytes(values)))
    return out
