"""A memory in Neo4j as the observations that rebuild it: a stream at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from neo4j import ManagedTransaction

from core.ids import ChunkId, StreamId
from core.media import Chunk
from core.memory import Caption, Coverage, Entity, Event, Observation, Query, Relation, Vector, Want
from core.sight import Track
from graph import rows
from graph.neo4j import models as neo4j_models
from graph.neo4j import rows as neo4j_rows
from graph.neo4j.bounds import bounds
from graph.neo4j.find import read
from graph.neo4j.rows import Names, vector_property


def streams(tx: ManagedTransaction, names: Names) -> list[StreamId]:
    """Every stream of the memory, in order."""
    found = tx.run("MATCH (s:Stream {memory: $memory}) RETURN s.id ORDER BY s.id", memory=names.memory)
    return [StreamId(names.out(id)) for (id,) in found.values()]


@dataclass(slots=True)
class _Said:
    """What was said in each chunk."""

    entities: dict[ChunkId, list[Entity]] = field(default_factory=lambda: defaultdict(list))
    events: dict[ChunkId, list[Event]] = field(default_factory=lambda: defaultdict(list))
    captions: dict[ChunkId, list[Caption]] = field(default_factory=lambda: defaultdict(list))
    relations: dict[ChunkId, list[Relation]] = field(default_factory=lambda: defaultdict(list))
    tracks: dict[ChunkId, list[Track]] = field(default_factory=lambda: defaultdict(list))
    coverage: dict[ChunkId, list[Coverage]] = field(default_factory=lambda: defaultdict(list))
    vectors: dict[str, list[Vector]] = field(default_factory=lambda: defaultdict(list))


def observations(tx: ManagedTransaction, names: Names, stream: StreamId) -> list[Observation]:
    """What is known of one stream, chunk by chunk."""
    query = {want: Query(want=want, streams=(stream,)) for want in Want}
    chunks = read(tx, names, Want.CHUNKS, bounds(names, query[Want.CHUNKS])).chunks
    if not chunks:
        return []
    last = _last_words(tx, names, stream)

    def at(id: str) -> ChunkId:
        return rows.speaker(last[id], chunks).id

    said = _Said()
    for entity in read(tx, names, Want.ENTITIES, bounds(names, query[Want.ENTITIES])).entities:
        said.entities[at(entity.id)].append(entity)
    for event in read(tx, names, Want.EVENTS, bounds(names, query[Want.EVENTS])).events:
        said.events[at(event.id)].append(event)
    for caption in read(tx, names, Want.CAPTIONS, bounds(names, query[Want.CAPTIONS])).captions:
        said.captions[at(caption.id)].append(caption)
    for relation in read(tx, names, Want.RELATIONS, bounds(names, query[Want.RELATIONS])).relations:
        said.relations[at(relation.id)].append(relation)
    _tracks(tx, names, stream, said)
    _coverage(tx, names, stream, said)
    _vectors(tx, names, stream, said)
    return [_observation(said, chunk) for chunk in chunks]


def _observation(said: _Said, chunk: Chunk) -> Observation:
    entities, events = said.entities.get(chunk.id, []), said.events.get(chunk.id, [])
    captions = said.captions.get(chunk.id, [])
    of = sorted([*(e.id for e in entities), *(e.id for e in events), *(c.id for c in captions)])
    return Observation(
        chunk=chunk,
        tracks=tuple(said.tracks.get(chunk.id, ())),
        entities=tuple(entities),
        events=tuple(events),
        relations=tuple(said.relations.get(chunk.id, ())),
        captions=tuple(captions),
        coverage=tuple(said.coverage.get(chunk.id, ())),
        vectors=tuple(vector for id in of for vector in said.vectors.get(id, ())),
    )


_LAST = """
CALL () {
  MATCH (f:Entity) WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 RETURN f.id AS id, f.said_us AS said
  UNION ALL
  MATCH (f:Event) WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 RETURN f.id AS id, f.said_us AS said
  UNION ALL
  MATCH (f:Caption) WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 RETURN f.id AS id, f.said_us AS said
  UNION ALL
  MATCH ()-[f:REL]->() WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 RETURN f.id AS id, f.said_us AS said
}
RETURN id, said
"""


def _last_words(tx: ManagedTransaction, names: Names, stream: StreamId) -> dict[str, int]:
    return {names.out(id): said for id, said in tx.run(_LAST, stream=names.into(stream)).values()}


def _tracks(tx: ManagedTransaction, names: Names, stream: StreamId, said: _Said) -> None:
    statement = (
        "MATCH (f:Track) WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 MATCH (f)-[p:SEEN_IN]->(c:Chunk) "
        f"RETURN c.id, {neo4j_rows.columns(neo4j_rows.TRACK, 'f')}, p.points ORDER BY f.start_us, f.id"
    )
    for chunk, row, points in tx.run(statement, stream=names.into(stream)).values():
        said.tracks[ChunkId(names.out(chunk))].append(neo4j_rows.track(names, row, [points]))


def _coverage(tx: ManagedTransaction, names: Names, stream: StreamId, said: _Said) -> None:
    statement = (
        "MATCH (f:Coverage)-[:OF]->(c:Chunk) WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 "
        f"RETURN c.id, {neo4j_rows.columns(neo4j_rows.COVERAGE, 'f')} ORDER BY c.id, f.seq"
    )
    for chunk, row in tx.run(statement, stream=names.into(stream)).values():
        said.coverage[ChunkId(names.out(chunk))].append(neo4j_rows.coverage(names, row))


def _vectors(tx: ManagedTransaction, names: Names, stream: StreamId, said: _Said) -> None:
    for model in sorted(neo4j_models.names_of(tx, names)):
        for label in neo4j_models.MARKABLE:
            statement = (
                f"MATCH (f:{label}) WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 AND f[$property] IS NOT NULL "
                "RETURN f.id, f[$property]"
            )
            found = tx.run(statement, stream=names.into(stream), property=vector_property(model))
            for id, values in found.values():
                of: str = names.out(id)
                said.vectors[of].append(Vector(of=of, model=model, values=bytes(values)))
