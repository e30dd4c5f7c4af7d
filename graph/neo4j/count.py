"""Counting in Neo4j: facts put together where they lie, as `graph/aggregate.py` puts them together in Python."""

from __future__ import annotations

from neo4j import ManagedTransaction

from core.clock import Span
from core.memory import Aggregate, Aggregation, By, Want
from graph import aggregate
from graph.neo4j.bounds import bounds
from graph.neo4j.rows import Names

_OF_EVENTS = {
    By.STREAM: "f.stream_id",
    By.KIND: "f.kind",
    By.ZONE: "coalesce(f.zone, '')",
    By.LABEL: "label",
    By.ENTITY: "entity",
    By.HOUR: f"(f.start_us + shift) / {aggregate.HOUR_US}",
    By.DAY: f"(f.start_us + shift) / {aggregate.DAY_US}",
}
_OF_ENTITIES = _OF_EVENTS | {By.KIND: "''", By.ZONE: "''", By.LABEL: "f.label", By.ENTITY: "f.id"}
_EACH = {
    By.LABEL: (
        "CALL (f) { OPTIONAL MATCH (n:Entity)-[:TOOK_PART]->(f) RETURN DISTINCT coalesce(n.label, '') AS label }"
    ),
    By.ENTITY: "CALL (f) { UNWIND CASE WHEN f.who = [] THEN [''] ELSE f.who END AS entity RETURN DISTINCT entity }",
}
"""What an event counts under more than once."""


def count(tx: ManagedTransaction, names: Names, asked: Aggregation) -> tuple[Aggregate, ...]:
    """The groups."""
    query, events = asked.query, asked.query.want is Want.EVENTS
    inside = bounds(names, query)
    of = _OF_EVENTS if events else _OF_ENTITIES
    each = " ".join(_EACH[by] for by in asked.by if events and by in _EACH)
    keys = "".join(f"{of[by]} AS key{n}, " for n, by in enumerate(asked.by))
    shared = "f.end_us - f.start_us"
    values = {**inside.values, "shift": {names.into(id): by for id, by in asked.shift.items()}}
    if query.span is not None:
        values |= {"from": query.span.start, "to": query.span.end}
        shared = (
            "CASE WHEN f.end_us < $to THEN f.end_us ELSE $to END - "
            "CASE WHEN f.start_us > $from THEN f.start_us ELSE $from END"
        )
    statement = (
        f"{inside.matched()} WITH f, coalesce($shift[f.stream_id], 0) AS shift {each} "
        f"RETURN {keys}count(*), sum({shared}), min(f.start_us + shift), max(f.end_us + shift)"
    )
    rows = tx.run(statement, values).values()
    told = (by in (By.STREAM, By.ENTITY) for by in asked.by)
    is_id = list(told)
    return aggregate.ordered(
        asked,
        (
            Aggregate(
                key=tuple(
                    names.out(value) if id and value else value
                    for id, value in zip(is_id, row[:-4], strict=True)
                ),
                count=row[-4],
                duration=row[-3],
                span=Span(row[-2], row[-1]),
            )
            for row in rows
            if row[-4]
        ),
    )
