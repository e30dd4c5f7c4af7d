"""How the memory in Neo4j is asked: bounds first, then order, words or likeness, within one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from neo4j import ManagedTransaction

from core.memory import Found, Query, Relation, Vector, Want
from graph.neo4j import cypher
from graph.neo4j import like as neo4j_like
from graph.neo4j import rows as neo4j_rows
from graph.neo4j import words as neo4j_words
from graph.neo4j.bounds import LABELS, Bounds, bounds
from graph.neo4j.rows import Names

COLUMNS = {
    Want.EVENTS: neo4j_rows.EVENT,
    Want.ENTITIES: neo4j_rows.ENTITY,
    Want.CAPTIONS: neo4j_rows.CAPTION,
    Want.CHUNKS: neo4j_rows.CHUNK,
    Want.TRACKS: neo4j_rows.TRACK,
    Want.COVERAGE: neo4j_rows.COVERAGE,
    Want.RELATIONS: neo4j_rows.RELATION,
}
_MORE = {
    Want.TRACKS: ", COLLECT { MATCH (f)-[p:SEEN_IN]->(c:Chunk) RETURN p.points ORDER BY c.start_us, c.id }",
    Want.RELATIONS: ", startNode(f).id, endNode(f).id",
}
_IN_ORDER = "ORDER BY f.start_us, f.id"


def find(tx: ManagedTransaction, names: Names, query: Query) -> Found:
    """What the query asks for."""
    if query.want is Want.LINKS:
        return _links(tx, names, query)
    if query.want in (Want.EVENTS, Want.ENTITIES, Want.CAPTIONS):
        if query.text:
            return by_ids(tx, names, query.want, neo4j_words.best(tx, names, query))
        if query.like is not None:
            found = neo4j_like.nearest(tx, names, query)
            told = by_ids(tx, names, query.want, [id for id, _ in found])
            model = query.like.model
            vectors = (Vector(of=names.out(id), model=model, values=values) for id, values in found)
            return replace(told, vectors=tuple(vectors))
    return read(tx, names, query.want, bounds(names, query), query.limit)


def read(
    tx: ManagedTransaction,
    names: Names,
    want: Want,
    inside: Bounds,
    limit: int | None = None,
    *,
    tail: str = "",
) -> Found:
    """The facts inside, in order of time and then id (coverage: of all it says)."""
    values = dict(inside.values)
    order = _IN_ORDER
    if want is Want.COVERAGE:
        order = "ORDER BY f.start_us, f.end_us, f.stream_id, f.state, f.looked_by, f.looked_for, f.reason"
    if limit is not None:
        order += " LIMIT $limit"
        values["limit"] = limit
    within = tail or (order if limit is not None else "")
    statement = (
        f"{inside.matched(tail=within)} WITH f {order} "
        f"RETURN {neo4j_rows.columns(COLUMNS[want], 'f')}{_MORE.get(want, '')}"
    )
    return _found(names, want, tx.run(statement, values).values())


def by_ids(tx: ManagedTransaction, names: Names, want: Want, ids: Sequence[str]) -> Found:
    """The facts of these ids of the database's, in their order."""
    statement = (
        f"UNWIND $ids AS id MATCH (f:Fact {{id: id}}) WHERE f:{LABELS[want]} "
        f"RETURN id, {neo4j_rows.columns(COLUMNS[want], 'f')}"
    )
    known = {id: [row] for id, row in tx.run(statement, ids=list(ids)).values()} if ids else {}
    return _found(names, want, [known[id] for id in ids if id in known])


def _found(names: Names, want: Want, found: Iterable[Sequence[Any]]) -> Found:
    match want:
        case Want.EVENTS:
            return Found(events=tuple(neo4j_rows.event(names, row) for (row,) in found))
        case Want.ENTITIES:
            return Found(entities=tuple(neo4j_rows.entity(names, row) for (row,) in found))
        case Want.CAPTIONS:
            return Found(captions=tuple(neo4j_rows.caption(names, row) for (row,) in found))
        case Want.CHUNKS:
            return Found(chunks=tuple(neo4j_rows.chunk(names, row) for (row,) in found))
        case Want.TRACKS:
            return Found(tracks=tuple(neo4j_rows.track(names, row, points) for row, points in found))
        case Want.COVERAGE:
            return Found(coverage=tuple(neo4j_rows.coverage(names, row) for (row,) in found))
        case Want.RELATIONS:
            return Found(relations=tuple(neo4j_rows.relation(names, *row) for row in found))
        case Want.LINKS:
            return Found(links=tuple(neo4j_rows.link(names, row) for (row,) in found))


def _links(tx: ManagedTransaction, names: Names, query: Query) -> Found:
    conditions: list[str] = []
    values: dict[str, Any] = {"memory": names.memory}
    if query.entities:
        conditions.append("(a.id IN $entities OR b.id IN $entities)")
        values["entities"] = names.all_into(query.entities)
    if query.ids:
        conditions.append("r.id IN $ids")
        values["ids"] = names.all_into(query.ids)
    if query.streams:
        conditions.append("(a.stream_id IN $streams OR b.stream_id IN $streams)")
        values["streams"] = names.all_into(query.streams)
    where = "".join(f" AND {condition}" for condition in conditions)
    if query.entities:
        lead = "UNWIND $entities AS id MATCH (:Fact {id: id})-[r:SAME_AS|NOT_SAME_AS {memory: $memory}]-() "
        lead += f"WITH DISTINCT r, startNode(r) AS a, endNode(r) AS b WHERE true{where}"
    else:
        one = "MATCH (a:Entity)-[r:{}]->(b:Entity) WHERE r.memory = $memory{} RETURN a, b, r"
        lead = f"CALL () {{ {one.format('SAME_AS', where)} UNION ALL {one.format('NOT_SAME_AS', where)} }}"
    limited = ""
    if query.limit is not None:
        limited, values["limit"] = " LIMIT $limit", query.limit
    statement = (
        f"{lead} RETURN {{one: a.id, other: b.id, score: r.score, source: r.source, same: type(r) = 'SAME_AS'}} "
        f"ORDER BY r.id{limited}"
    )
    return _found(names, Want.LINKS, tx.run(statement, values).values())


def around(tx: ManagedTransaction, names: Names, ids: Sequence[str], hops: int) -> Found:
    """The given entities and events, all within `hops` edges of them, and what is said between those entities."""
    near = frontier = set(names.all_into(ids))
    for _ in range(hops):
        if not frontier:
            break
        reached = tx.run(cypher.named("neighbours"), ids=list(frontier)).values()
        frontier = {id for (id,) in reached} - near
        near = near | frontier
    asked = [names.out(id) for id in near]
    if not asked:
        return Found()
    entities = read(
        tx, names, Want.ENTITIES, bounds(names, Query(want=Want.ENTITIES, ids=tuple(asked)))
    ).entities
    events = read(tx, names, Want.EVENTS, bounds(names, Query(want=Want.EVENTS, ids=tuple(asked)))).events
    relations: list[Relation] = []
    links = []
    for kind, edge, one, other in tx.run(
        cypher.named("between"), ids=[names.into(entity.id) for entity in entities]
    ).values():
        if kind == "REL":
            relations.append(
                neo4j_rows.relation(names, [edge[name] for name in neo4j_rows.RELATION], one, other)
            )
        else:
            same = kind == "SAME_AS"
            row = {"one": one, "other": other, "score": edge["score"], "source": edge["source"], "same": same}
            links.append(neo4j_rows.link(names, row))
    return Found(
        events=events,
        entities=entities,
        relations=tuple(sorted(relations, key=lambda r: (r.valid.start, r.id))),
        links=tuple(sorted(links, key=lambda link: link.id)),
    )


def unmarked(tx: ManagedTransaction, names: Names, want: Want, model: str, limit: int) -> Found:
    """The earliest facts that have no vector of the model."""
    inside = bounds(names, Query(want=want))
    inside.conditions.append("f[$vector_property] IS NULL")
    inside.values["vector_property"] = neo4j_rows.vector_property(model)
    return read(tx, names, want, inside, limit)
