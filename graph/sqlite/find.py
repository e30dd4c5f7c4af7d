"""How a `Query` becomes SQL, and rows become nouns again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import apsw

from core.memory import Found, Link, Query, Want
from graph import rows
from graph.sqlite import rank as sqlite_rank
from graph.sqlite import rows as sqlite_rows
from graph.sqlite import texts as sqlite_texts
from graph.sqlite import vectors as sqlite_vectors
from graph.sqlite import where as sqlite_where
from graph.sqlite.rank import Held
from graph.sqlite.rows import LISTED, ByRid, Rid
from graph.sqlite.where import Where

T = TypeVar("T")
_LOOKED_FOR = "(SELECT l.labels FROM label_lists l WHERE l.rid = t.label_list)"
_ORDER_OF_COVERAGE = f"start_us, end_us, stream_id, state, looked_by, {_LOOKED_FOR}, reason"


def find(db: apsw.Connection, held: Held, query: Query) -> Found:
    """What the query asks for, within one transaction."""
    rows.check_query(query)
    found = _found(db, held, query)
    alike = found.events or found.captions or found.entities
    if query.like is None or not alike:
        return found
    ids = [fact.id for fact in alike]
    return replace(found, vectors=sqlite_vectors.by(db, query.want.value, ids, query.like.model))


def _found(db: apsw.Connection, held: Held, query: Query) -> Found:
    match query.want:
        case Want.CHUNKS:
            return Found(chunks=_read(db, held, query, "chunks", sqlite_rows.chunks_by_rid))
        case Want.TRACKS:
            return Found(tracks=_read(db, held, query, "tracks", sqlite_rows.tracks_by_rid))
        case Want.ENTITIES:
            return Found(entities=_read(db, held, query, "entities", sqlite_rows.entities_by_rid))
        case Want.EVENTS:
            return Found(events=_read(db, held, query, "events", sqlite_rows.events_by_rid))
        case Want.RELATIONS:
            return Found(relations=_read(db, held, query, "relations", sqlite_rows.relations_by_rid))
        case Want.CAPTIONS:
            return Found(captions=_read(db, held, query, "captions", sqlite_rows.captions_by_rid))
        case Want.COVERAGE:
            return Found(coverage=_read(db, held, query, "coverage", sqlite_rows.coverage_by_rid))
        case Want.LINKS:
            return Found(links=_links(db, query))


def _read(
    db: apsw.Connection,
    held: Held,
    query: Query,
    table: str,
    by_rid: ByRid[T],
) -> tuple[T, ...]:
    where = sqlite_where.of(query, table)
    ranked = table in sqlite_texts.WORDY and bool(query.text or query.like is not None)
    in_parts = query.limit is not None and table != "coverage" and not ranked
    if not in_parts and not sqlite_where.few(query, table):
        sqlite_where.in_time(db, where, query, table)
    if ranked:
        picked = sqlite_rank.best(db, held, query, table, where.text(), where.values)
    elif in_parts and not sqlite_where.few(query, table):
        picked = _first(db, query, table, where)
    else:
        order = _ORDER_OF_COVERAGE if table == "coverage" else "start_us, id"
        sql = f"SELECT rid FROM {table} t WHERE {where.text()} ORDER BY {order} LIMIT ?"
        limit = -1 if query.limit is None else query.limit
        picked = [rid for (rid,) in db.execute(sql, (*where.values, limit))]
    return sqlite_rows.in_order(db, by_rid, picked)


def _first(db: apsw.Connection, query: Query, table: str, where: Where) -> list[Rid]:
    """The first so many in order of time: of each part of the table the first so many, and of these the first."""
    found: list[tuple[int, str, Rid]] = []
    for run in sqlite_where.runs(db, query, table):
        sql = (
            f"SELECT t.start_us, t.id, t.rid FROM {run.source} WHERE {run.part.text()} AND {where.text()} "
            "ORDER BY t.start_us, t.id LIMIT ?"
        )
        found += db.execute(sql, (*run.part.values, *where.values, query.limit))
    return [rid for _, _, rid in sorted(found)[: query.limit]]


def _links(db: apsw.Connection, query: Query) -> tuple[Link, ...]:
    where = Where()
    where.among("t.id", query.ids)
    if query.entities:
        listed = json.dumps(query.entities)
        where.add(f"(t.one IN {LISTED} OR t.other IN {LISTED})", listed, listed)
    if query.streams:
        where.add(
            f"EXISTS (SELECT 1 FROM entities n WHERE n.id IN (t.one, t.other) AND n.stream_id IN {LISTED})",
            json.dumps(query.streams),
        )
    limit = -1 if query.limit is None else query.limit
    return sqlite_rows.links(db, f"{where.text()} ORDER BY t.id LIMIT ?", (*where.values, limit))


def neighbours(db: apsw.Connection, ids: Iterable[str]) -> set[str]:
    """Ids one edge away from any of these entities and events."""
    listed = json.dumps(list(ids))
    sql = f"""
        SELECT e.id FROM took_part p JOIN events e ON e.rid = p.event_rid WHERE p.entity_id IN {LISTED} UNION
        SELECT p.entity_id FROM events e JOIN took_part p ON p.event_rid = e.rid WHERE e.id IN {LISTED} UNION
        SELECT object FROM relations WHERE subject IN {LISTED} UNION
        SELECT subject FROM relations WHERE object IN {LISTED} UNION
        SELECT other FROM links WHERE same AND one IN {LISTED} UNION
        SELECT one FROM links WHERE same AND other IN {LISTED}
    """
    return {id for (id,) in db.execute(sql, (listed,) * 6)}


def among(db: apsw.Connection, held: Held, ids: Iterable[str]) -> Found:
    """The entities and events of these ids, and the relations and links both of whose ends are among them."""
    listed = tuple(ids)
    if not listed:
        return Found()
    entities = find(db, held, Query(want=Want.ENTITIES, ids=listed)).entities
    ends = json.dumps([entity.id for entity in entities])
    sql = f"SELECT rid FROM relations WHERE subject IN {LISTED} AND object IN {LISTED} ORDER BY start_us, id"
    rids = [rid for (rid,) in db.execute(sql, (ends, ends))]
    return Found(
        events=find(db, held, Query(want=Want.EVENTS, ids=listed)).events,
        entities=entities,
        relations=sqlite_rows.in_order(db, sqlite_rows.relations_by_rid, rids),
        links=sqlite_rows.links(db, f"t.one IN {LISTED} AND t.other IN {LISTED} ORDER BY t.id", (ends, ends)),
    )


def by_rids(db: apsw.Connection, want: Want, rids: Sequence[Rid]) -> Found:
    """Events, captions or entities by the keys of their rows, in that order."""
    match want:
        case Want.EVENTS:
            return Found(events=sqlite_rows.in_order(db, sqlite_rows.events_by_rid, rids))
        case Want.CAPTIONS:
            return Found(captions=sqlite_rows.in_order(db, sqlite_rows.captions_by_rid, rids))
        case _:
            return Found(entities=sqlite_rows.in_order(db, sqlite_rows.entities_by_rid, rids))
