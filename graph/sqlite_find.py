"""How a `Query` becomes SQL, and rows become nouns again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import apsw

from core.memory import Found, Link, Query, Want
from graph import rows, sqlite_rows, sqlite_vectors, words
from graph.sqlite_rows import LISTED, Rid

T = TypeVar("T")
LONG = 60_000_000
"""Rows longer than this, in microseconds, have an index of their own: see schema.sql."""


@dataclass(slots=True)
class _Where:
    """Conditions joined by AND, with the values of their question marks in order."""

    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, condition: str, *values: object) -> None:
        self.conditions.append(condition)
        self.values += values

    def among(self, column: str, wanted: Iterable[str]) -> None:
        """The column is one of the values; no values do not restrict."""
        if listed := list(wanted):
            self.add(f"{column} IN {LISTED}", json.dumps(listed))

    def either(self, *parts: _Where) -> None:
        self.add(
            "(" + " OR ".join(part.text() for part in parts) + ")",
            *(v for part in parts for v in part.values),
        )

    def holds(self, source: Sequence[str], attributes: dict[str, str | float]) -> None:
        """Each attribute has its value in at least one of the sources."""
        for key, value in attributes.items():
            one = "EXISTS (SELECT 1 FROM json_each({}.attributes) a WHERE a.key = ? AND a.value = ?)"
            self.add(
                "(" + " OR ".join(one.format(s) for s in source) + ")",
                *(x for _ in source for x in (key, value)),
            )

    def text(self) -> str:
        return "(" + (" AND ".join(self.conditions) or "1") + ")"


def find(db: apsw.Connection, query: Query) -> Found:
    """What the query asks for, within one transaction."""
    rows.check_query(query)
    match query.want:
        case Want.CHUNKS:
            return Found(chunks=_read(db, query, "chunks", sqlite_rows.chunks_by_rid))
        case Want.TRACKS:
            return Found(tracks=_read(db, query, "tracks", sqlite_rows.tracks_by_rid, _tracks))
        case Want.ENTITIES:
            return Found(
                entities=_read(db, query, "entities", sqlite_rows.entities_by_rid, _entities, "entity_words")
            )
        case Want.EVENTS:
            return Found(events=_read(db, query, "events", sqlite_rows.events_by_rid, _events, "event_words"))
        case Want.RELATIONS:
            return Found(relations=_read(db, query, "relations", sqlite_rows.relations_by_rid, _relations))
        case Want.CAPTIONS:
            return Found(
                captions=_read(db, query, "captions", sqlite_rows.captions_by_rid, words_in="caption_words")
            )
        case Want.COVERAGE:
            return Found(coverage=_read(db, query, "coverage", sqlite_rows.coverage_by_rid))
        case Want.LINKS:
            return Found(links=_links(db, query))


def _read(
    db: apsw.Connection,
    query: Query,
    table: str,
    by_rid: Callable[[apsw.Connection, Sequence[Rid]], dict[Rid, T]],
    narrow: Callable[[_Where, Query], None] | None = None,
    words_in: str = "",
) -> tuple[T, ...]:
    where = _Where()
    _bound(db, where, query, table)
    if narrow is not None:
        narrow(where, query)
    if query.text and words_in:
        picked = _best(db, query, table, words_in, where)
    elif query.like is not None and words_in:
        picked = sqlite_vectors.nearest(db, query, table, where.text(), where.values)
    else:
        order = (
            "start_us, end_us, stream_id, state, looked_by, looked_for, reason"
            if table == "coverage"
            else "start_us, id"
        )
        sql = f"SELECT rid FROM {table} t WHERE {where.text()} ORDER BY {order} LIMIT ?"
        limit = -1 if query.limit is None else query.limit
        picked = [rid for (rid,) in db.execute(sql, (*where.values, limit))]
    nouns = by_rid(db, picked)
    return tuple(nouns[rid] for rid in picked)


def _bound(db: apsw.Connection, where: _Where, query: Query, table: str) -> None:
    """The bounds every kind of row has: stream, span, ids."""
    where.among("t.stream_id", query.streams)
    if query.ids and table != "coverage":
        where.among("t.id", query.ids)
    if query.span is None:
        return
    start, end = query.span.start, query.span.end
    where.add("t.start_us < ? AND t.end_us > ?", end, start)
    if query.ids:
        return
    streams = query.streams or sqlite_rows.every_stream(db)
    listed = json.dumps(streams)
    where.add(
        f"t.rid IN (SELECT rid FROM {table} INDEXED BY {table}_when "
        f"WHERE stream_id IN {LISTED} AND start_us >= ? AND start_us < ? UNION ALL "
        f"SELECT rid FROM {table} INDEXED BY {table}_long "
        f"WHERE end_us - start_us > {LONG} AND stream_id IN {LISTED} AND start_us < ? AND end_us > ?)",
        *(listed, start - LONG, end, listed, end, start),
    )


def _tracks(where: _Where, query: Query) -> None:
    where.among("t.label", query.labels)
    where.holds(["t"], query.attributes)
    if query.entities:
        where.add(
            "t.id IN (SELECT s.track_id FROM same_as s JOIN entities n ON n.rid = s.entity_rid "
            f"WHERE n.id IN {LISTED})",
            json.dumps(query.entities),
        )


def _entities(where: _Where, query: Query) -> None:
    where.among("t.label", query.labels)
    where.among("t.id", query.entities)
    where.holds(["t"], query.attributes)
    if query.kinds or query.zones:
        event = _Where()
        event.add("p.entity_id = t.id")
        _happened(event, query, "e")
        if query.span is not None:
            event.add("e.start_us < ? AND e.end_us > ?", query.span.end, query.span.start)
        where.add(
            f"EXISTS (SELECT 1 FROM took_part p JOIN events e ON e.rid = p.event_rid WHERE {event.text()})",
            *event.values,
        )


def _happened(where: _Where, query: Query, table: str) -> None:
    where.among(f"{table}.kind", query.kinds)
    where.among(f"{table}.zone", query.zones)


def _events(where: _Where, query: Query) -> None:
    _happened(where, query, "t")
    if query.entities:
        where.add(
            f"t.rid IN (SELECT event_rid FROM took_part WHERE entity_id IN {LISTED})",
            json.dumps(query.entities),
        )
    if not query.labels and not query.attributes:
        return
    looks = _Where()
    looks.among("n.label", query.labels)
    looks.holds(["n", "t"], query.attributes)
    someone = _Where()
    someone.add(
        "EXISTS (SELECT 1 FROM took_part p JOIN entities n ON n.id = p.entity_id "
        f"WHERE p.event_rid = t.rid AND {looks.text()})",
        *looks.values,
    )
    if query.labels:
        where.either(someone)
        return
    itself = _Where()
    itself.holds(["t"], query.attributes)
    where.either(itself, someone)


def _relations(where: _Where, query: Query) -> None:
    where.among("t.predicate", query.kinds)
    if query.entities:
        listed = json.dumps(query.entities)
        where.add(f"(t.subject IN {LISTED} OR t.object IN {LISTED})", listed, listed)
    if query.labels or query.attributes:
        looks = _Where()
        looks.add("n.id IN (t.subject, t.object)")
        looks.among("n.label", query.labels)
        looks.holds(["n"], query.attributes)
        where.add(f"EXISTS (SELECT 1 FROM entities n WHERE {looks.text()})", *looks.values)


def _best(db: apsw.Connection, query: Query, table: str, words_in: str, where: _Where) -> list[Rid]:
    """Rows inside the bounds that hold any word of the query, best first.

    Full-text search reads a word's whole list of rows; the lowest and highest row inside the bounds, which lie
    together because rows are written in order of time, keep that list short.
    """
    bounds: tuple[Any, ...] = db.execute(
        f"SELECT min(rid), max(rid), count(*) FROM {table} t WHERE {where.text()}",
        tuple(where.values),
    ).fetchall()[0]
    low, high, count = bounds
    if not count:
        return []
    sql = (
        f"SELECT t.rid, t.words, t.start_us, t.id FROM {words_in} f CROSS JOIN {table} t ON t.rid = f.rowid "
        f"WHERE {words_in} MATCH ? AND f.rowid BETWEEN ? AND ? AND {where.text()}"
    )
    matches: dict[str, list[Rid]] = {}
    lengths: dict[Rid, int] = {}
    order: dict[Rid, tuple[int, str]] = {}
    for term in dict.fromkeys(words.terms(query.text)):
        # A term is letters and digits only; quoted, it can be none of FTS5's operators.
        for rid, length, start, id in db.execute(sql, (f'"{term}"', low, high, *where.values)):
            matches.setdefault(term, []).append(rid)
            lengths[rid], order[rid] = length, (start, id)
    score = words.scores(matches, lengths, count)
    return sorted(score, key=lambda rid: (-score[rid], order[rid]))[: query.limit]


def _links(db: apsw.Connection, query: Query) -> tuple[Link, ...]:
    where = _Where()
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


def among(db: apsw.Connection, ids: Iterable[str]) -> Found:
    """The entities and events of these ids, and the relations and links both of whose ends are among them."""
    listed = tuple(ids)
    if not listed:
        return Found()
    entities = find(db, Query(want=Want.ENTITIES, ids=listed)).entities
    ends = json.dumps([entity.id for entity in entities])
    sql = f"SELECT rid FROM relations WHERE subject IN {LISTED} AND object IN {LISTED} ORDER BY start_us, id"
    rids = [rid for (rid,) in db.execute(sql, (ends, ends))]
    relations = sqlite_rows.relations_by_rid(db, rids)
    return Found(
        events=find(db, Query(want=Want.EVENTS, ids=listed)).events,
        entities=entities,
        relations=tuple(relations[rid] for rid in rids),
        links=sqlite_rows.links(db, f"t.one IN {LISTED} AND t.other IN {LISTED} ORDER BY t.id", (ends, ends)),
    )


def by_rids(db: apsw.Connection, want: Want, rids: Sequence[Rid]) -> Found:
    """Events, captions or entities by the keys of their rows, in that order."""
    match want:
        case Want.EVENTS:
            events = sqlite_rows.events_by_rid(db, rids)
            return Found(events=tuple(events[rid] for rid in rids))
        case Want.CAPTIONS:
            captions = sqlite_rows.captions_by_rid(db, rids)
            return Found(captions=tuple(captions[rid] for rid in rids))
        case _:
            entities = sqlite_rows.entities_by_rid(db, rids)
            return Found(entities=tuple(entities[rid] for rid in rids))
