"""Facts counted by SQLite itself: what comes out are groups, never the facts."""

from __future__ import annotations

import json
from collections.abc import Sequence

import apsw

from core.clock import Span
from core.memory import Aggregate, Aggregation, By, Want
from graph import aggregate
from graph.sqlite import where as sqlite_where

_OF_EVENTS = {
    By.STREAM: "c.stream_id",
    By.KIND: "c.kind",
    By.ZONE: "coalesce(c.zone, '')",
    By.LABEL: "coalesce(l.label, '')",
    By.ENTITY: "coalesce(w.entity_id, '')",
    By.HOUR: f"c.begins / {aggregate.HOUR_US}",
    By.DAY: f"c.begins / {aggregate.DAY_US}",
}
_OF_ENTITIES = {**_OF_EVENTS, By.KIND: "''", By.ZONE: "''", By.LABEL: "c.label", By.ENTITY: "c.id"}


def groups(db: apsw.Connection, asked: Aggregation) -> tuple[Aggregate, ...]:
    """The groups, within one transaction."""
    query, table = asked.query, asked.query.want.value
    of = _OF_EVENTS if query.want is Want.EVENTS else _OF_ENTITIES
    where = sqlite_where.of(query, table)
    if not sqlite_where.few(query, table):
        sqlite_where.in_time(db, where, query, table)
    span = query.span or Span(0, (1 << 62) - 1)
    keys = [of[by] for by in asked.by]
    sql = (
        f"WITH chosen AS (SELECT t.*, t.start_us + coalesce(s.value, 0) begins, t.end_us + coalesce(s.value, 0) ends "
        f"FROM {table} t LEFT JOIN json_each(?) s ON s.key = t.stream_id WHERE {where.text()}) "
        "SELECT count(*), sum(min(c.end_us, ?) - max(c.start_us, ?)), min(c.begins), max(c.ends)"
        f"{''.join(f', {key}' for key in keys)} FROM chosen c {_joined(asked)} "
        f"GROUP BY {', '.join(keys) or 'NULL'} HAVING count(*)"
    )
    shift = json.dumps(asked.shift)
    return aggregate.ordered(
        asked,
        [
            Aggregate(key=tuple(key), count=count, duration=duration, span=Span(first, last))
            for count, duration, first, last, *key in db.execute(
                sql, (shift, *where.values, span.end, span.start)
            )
        ],
    )


def _joined(asked: Aggregation) -> str:
    """Who took part, each label and each entity once an event."""
    if asked.query.want is not Want.EVENTS:
        return ""
    by: Sequence[By] = asked.by
    labels = (
        "LEFT JOIN (SELECT DISTINCT p.event_rid, n.label FROM chosen k JOIN took_part p ON p.event_rid = k.rid "
        "JOIN entities n ON n.id = p.entity_id) l ON l.event_rid = c.rid "
    )
    who = (
        "LEFT JOIN (SELECT DISTINCT p.event_rid, p.entity_id FROM chosen k JOIN took_part p ON p.event_rid = k.rid) w "
        "ON w.event_rid = c.rid "
    )
    return labels * (By.LABEL in by) + who * (By.ENTITY in by)
