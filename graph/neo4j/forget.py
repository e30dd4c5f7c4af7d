"""How the memory in Neo4j forgets: what goes is told first, by id; then it goes, and nothing left speaks of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from neo4j import ManagedTransaction

from core.clock import Span
from core.ids import StreamId
from core.memory import Forgotten, Query, Scope, Want
from graph.neo4j import cypher
from graph.neo4j import models as neo4j_models
from graph.neo4j.bounds import bounds
from graph.neo4j.rows import Names, vector_property
from graph.neo4j.write import spoken_anew


@dataclass(slots=True)
class _Gone:
    """What goes, by the database's ids (coverage: Neo4j's own, as it has none)."""

    chunks: set[str] = field(default_factory=set)
    tracks: set[str] = field(default_factory=set)
    entities: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    relations: set[str] = field(default_factory=set)
    captions: set[str] = field(default_factory=set)
    coverage: set[str] = field(default_factory=set)
    streams: set[str] = field(default_factory=set)


def forget(tx: ManagedTransaction, names: Names, scope: Scope) -> Forgotten:
    """Removes all of the scope, and says how much that was."""
    gone = _Gone()
    if scope.entities:
        _of_entities(tx, names, scope, gone)
    for stream in dict.fromkeys(scope.streams):
        _of_stream(tx, names, stream, scope.span, gone)
    links = _ends(tx, gone)
    counts = {
        "events": len(gone.events),
        "relations": len(gone.relations),
        "captions": len(gone.captions),
        "coverage": len(gone.coverage),
        "links": links,
        "chunks": len(gone.chunks),
        "tracks": len(_there(tx, "Track", gone.tracks)),
        "entities": len(_there(tx, "Entity", gone.entities)),
        "vectors": _vectors(tx, names, gone),
    }
    _remove(tx, names, gone)
    return Forgotten(counts=counts)


def _ids(tx: ManagedTransaction, statement: str, **values: object) -> set[str]:
    return {row[0] for row in tx.run(statement, values).values()}


def _there(tx: ManagedTransaction, label: str, ids: set[str]) -> set[str]:
    """Those of the ids that have been described."""
    return _ids(tx, f"UNWIND $ids AS id MATCH (f:Fact {{id: id}}) WHERE f:{label} RETURN f.id", ids=[*ids])


def _of_entities(tx: ManagedTransaction, names: Names, scope: Scope, gone: _Gone) -> None:
    gone.entities = set(names.all_into(scope.entities))
    known = tx.run(
        "UNWIND $ids AS id MATCH (n:Entity&Fact {id: id}) UNWIND n.tracks AS track RETURN track",
        ids=[*gone.entities],
    )
    gone.tracks = {track for (track,) in known.values()}
    found = tx.run(cypher.named("part_in"), ids=[*gone.entities]).values()
    gone.events = {id for id, alone in found if alone}


def _of_stream(
    tx: ManagedTransaction, names: Names, stream: StreamId, span: Span | None, gone: _Gone
) -> None:
    of = names.into(stream)
    chunks = _inside(tx, names, Want.CHUNKS, stream, span)
    left = tx.run(
        "MATCH (f:Chunk) WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 RETURN count(f)",
        stream=of,
    ).values()[0][0] - len(chunks)
    if not left:
        span = None
        gone.streams.add(of)
    values = {"stream": of} if span is None else {"stream": of, "start": span.start, "end": span.end}
    tracks = _ids(tx, _TRACKS.format("true" if span is None else _TRACK_GOES), **values)
    gone.tracks |= tracks
    for id, covered, known in tx.run(_ENTITIES.format("true" if span is None else _COVERED), values).values():
        if covered or (known and tracks.issuperset(known)):
            gone.entities.add(id)
    gone.chunks |= chunks
    gone.events |= _inside(tx, names, Want.EVENTS, stream, span)
    gone.relations |= _inside(tx, names, Want.RELATIONS, stream, span)
    gone.captions |= _inside(tx, names, Want.CAPTIONS, stream, span)
    gone.captions |= _ids(
        tx, "UNWIND $ids AS id MATCH (:Fact {id: id})<-[:OF]-(k:Caption) RETURN k.id", ids=[*chunks]
    )
    gone.coverage |= _inside(tx, names, Want.COVERAGE, stream, span, "elementId(f)")
    gone.coverage |= _ids(
        tx, "UNWIND $ids AS id MATCH (:Fact {id: id})<-[:OF]-(v:Coverage) RETURN elementId(v)", ids=[*chunks]
    )


_COVERED = "f.start_us >= $start AND f.end_us <= $end"
_TRACK_GOES = (
    f"({_COVERED}) OR NOT EXISTS {{ (f)-[:SEEN_IN]->(c) WHERE c.start_us >= $end OR c.end_us <= $start }}"
)
_TRACKS = (
    "MATCH (f:Track) WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 AND ({}) RETURN f.id"
)
_ENTITIES = "MATCH (f:Entity) WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 RETURN f.id, ({}), f.tracks"


def _inside(
    tx: ManagedTransaction, names: Names, want: Want, stream: StreamId, span: Span | None, id: str = "f.id"
) -> set[str]:
    inside = bounds(names, Query(want=want, streams=(stream,), span=span))
    return _ids(tx, f"{inside.matched()} RETURN {id}", **inside.values)


def _ends(tx: ManagedTransaction, gone: _Gone) -> int:
    """Adds the relations of the entities that go; how many links go with them."""
    links = 0
    for kind, id in tx.run(cypher.named("ends"), ids=[*gone.entities]).values():
        if kind == "REL":
            gone.relations.add(id)
        else:
            links += 1
    return links


def _vectors(tx: ManagedTransaction, names: Names, gone: _Gone) -> int:
    properties = [vector_property(model) for model in neo4j_models.names_of(tx, names)]
    ids = [*gone.events, *gone.entities, *gone.captions]
    return int(tx.run(cypher.named("count_vectors"), ids=ids, properties=properties).values()[0][0])


def _remove(tx: ManagedTransaction, names: Names, gone: _Gone) -> None:
    zones = _ids(tx, cypher.named("zones_of"), ids=[*gone.events])
    facts = [*gone.events, *gone.captions, *gone.tracks, *gone.entities, *gone.chunks]
    named = _ids(tx, cypher.named("named_by"), ids=facts)
    _run(tx, "uncount", [*gone.events, *gone.captions, *gone.entities])
    _run(tx, "delete_relations", gone.relations)
    _run(tx, "delete_facts", gone.events)
    _run(tx, "delete_facts", gone.captions)
    tx.run(
        "UNWIND $ids AS id MATCH (v:Coverage) WHERE elementId(v) = id DETACH DELETE v", ids=[*gone.coverage]
    ).consume()
    left = _ids(tx, cypher.named("part_in"), ids=[*gone.entities])
    tx.run(cypher.named("leave_out"), ids=[*left], gone=[*gone.entities]).consume()
    _run(tx, "cite_no_more", gone.chunks)
    if gone.chunks:
        tx.run(cypher.named("relations_cite_no_more"), memory=names.memory, ids=[*gone.chunks]).consume()
    _run(tx, "follow_no_more", gone.tracks)
    for ids in (gone.tracks, gone.entities, gone.chunks):
        _run(tx, "delete_facts", ids)
    told = tx.run(cypher.named("told"), ids=[*left]).values()
    tx.run(cypher.named("speak"), rows=spoken_anew(names, told, {})).consume()
    _run(tx, "tidy", named)
    _run(tx, "tidy_zones", zones)
    of_streams = "UNWIND $ids AS id MATCH (:Fact {id: id})<-[:IN]-(z:Zone) DETACH DELETE z"
    tx.run(of_streams, ids=[*gone.streams]).consume()
    _run(tx, "delete_facts", gone.streams)


def _run(tx: ManagedTransaction, statement: str, ids: Iterable[str]) -> None:
    listed = [*ids]
    if listed:
        tx.run(cypher.named(statement), ids=listed).consume()
