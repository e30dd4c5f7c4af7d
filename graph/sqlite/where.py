"""The bounds of a `Query` as conditions in SQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw

from core.memory import Query
from graph.rows import LONG_US
from graph.sqlite import rows as sqlite_rows
from graph.sqlite.rows import LISTED
from graph.sqlite.texts import BLOCK_US, WORDY

_FEW_STREAMS = 3


@dataclass(slots=True)
class Where:
    """Conditions joined by AND, with the values of their question marks in order."""

    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, condition: str, *values: object) -> None:
        """One more condition."""
        self.conditions.append(condition)
        self.values += values

    def among(self, column: str, wanted: Iterable[str]) -> None:
        """The column is one of the values; no values do not restrict."""
        if listed := list(wanted):
            self.add(f"{column} IN {LISTED}", json.dumps(listed))

    def either(self, *parts: Where) -> None:
        """At least one of the parts holds."""
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
        """All of it as one condition."""
        return "(" + (" AND ".join(self.conditions) or "1") + ")"


def of(query: Query, table: str) -> Where:
    """All bounds of the query on the table's rows `t`."""
    where = Where()
    where.among("t.stream_id", query.streams)
    if query.ids and table != "coverage":
        where.among("t.id", query.ids)
    if query.span is not None:
        where.add("t.start_us < ? AND t.end_us > ?", query.span.end, query.span.start)
    if table in _NARROW:
        _NARROW[table](where, query)
    return where


def few(query: Query, table: str) -> bool:
    """Whether the query names its rows, or whom they are about, so that an index leads to them."""
    return bool(query.ids and table != "coverage") or bool(query.entities and table in _NARROW)


def in_time(db: apsw.Connection, where: Where, query: Query, table: str) -> None:
    """Says by which indexes the rows in the span are found: those that began in it or up to `LONG_US` before, and the long."""
    if query.span is None:
        return
    start, end = query.span.start, query.span.end
    where.add(
        f"t.rid IN (SELECT rid FROM {table} INDEXED BY {table}_when "
        f"WHERE stream_id IN {LISTED} AND start_us >= ? AND start_us < ? UNION ALL SELECT l.rid FROM "
        f"json_each(?) j CROSS JOIN {table} l INDEXED BY {table}_long ON l.end_us - l.start_us > {LONG_US} "
        "AND l.stream_id = j.key AND l.start_us >= j.value AND l.start_us < ? AND l.end_us > ?)",
        *(json.dumps(query.streams or sqlite_rows.every_stream(db)), start - LONG_US, end),
        *(json.dumps(_reaching(db, query, table, start)), end, start),
    )


def _reaching(db: apsw.Connection, query: Query, table: str, moment: int) -> dict[str, int]:
    """The streams of which a row that began before the moment may last until it, with the earliest such beginning."""
    if table not in WORDY:
        return dict.fromkeys(query.streams or sqlite_rows.every_stream(db), 0)
    among = f" AND stream_id IN {LISTED}" if query.streams else ""
    sql = (
        f"SELECT stream_id, min(part) * {BLOCK_US} FROM blocks WHERE of = ? AND part <= ? AND latest_us > ?{among} "
        "GROUP BY stream_id"
    )
    listed = (json.dumps(query.streams),) if query.streams else ()
    return dict(db.execute(sql, (table, moment // BLOCK_US, moment, *listed)))


@dataclass(frozen=True, slots=True)
class Run:
    """Part of a table that an index gives in order of time: where it is read, what it is, and with which values."""

    source: str
    part: Where


def runs(db: apsw.Connection, query: Query, table: str) -> list[Run]:
    """The table, but for what lies outside the span, as runs.

    By kind where kinds are asked for on many streams, by stream otherwise; the long rows that began before the span
    apart.
    """
    by_kind = table == "events" and query.kinds and not 0 < len(query.streams) <= _FEW_STREAMS
    column, index = ("kind", "events_kind") if by_kind else ("stream_id", f"{table}_when")
    keys = query.kinds if by_kind else query.streams or sqlite_rows.every_stream(db)
    out = []
    for key in dict.fromkeys(keys):
        part = Where()
        part.add(f"t.{column} = ?", key)
        if query.span is not None:
            part.add("t.start_us >= ?", query.span.start - LONG_US)
        out.append(Run(f"{table} t INDEXED BY {index}", part))
    if query.span is not None and (reaching := _reaching(db, query, table, query.span.start)):
        part = Where(values=[json.dumps(reaching)])
        part.add(f"t.end_us - t.start_us > {LONG_US} AND t.stream_id = j.key AND t.start_us >= j.value")
        part.add("t.start_us < ?", query.span.start - LONG_US)
        out.append(Run(f"json_each(?) j CROSS JOIN {table} t INDEXED BY {table}_long", part))
    return out


def _tracks(where: Where, query: Query) -> None:
    where.among("t.label", query.labels)
    where.holds(["t"], query.attributes)
    if query.entities:
        where.add(
            "t.id IN (SELECT s.track_id FROM same_as s JOIN entities n ON n.rid = s.entity_rid "
            f"WHERE n.id IN {LISTED})",
            json.dumps(query.entities),
        )


def _entities(where: Where, query: Query) -> None:
    where.among("t.label", query.labels)
    where.among("t.id", query.entities)
    where.holds(["t"], query.attributes)
    if query.kinds or query.zones:
        event = Where()
        event.add("p.entity_id = t.id")
        _happened(event, query, "e")
        if query.span is not None:
            event.add("e.start_us < ? AND e.end_us > ?", query.span.end, query.span.start)
        where.add(
            f"EXISTS (SELECT 1 FROM took_part p JOIN events e ON e.rid = p.event_rid WHERE {event.text()})",
            *event.values,
        )


def _happened(where: Where, query: Query, table: str) -> None:
    where.among(f"{table}.kind", query.kinds)
    where.among(f"{table}.zone", query.zones)


def _events(where: Where, query: Query) -> None:
    _happened(where, query, "t")
    if query.entities:
        where.add(
            f"t.rid IN (SELECT event_rid FROM took_part WHERE entity_id IN {LISTED})",
            json.dumps(query.entities),
        )
    if not query.labels and not query.attributes:
        return
    looks = Where()
    looks.among("n.label", query.labels)
    looks.holds(["n", "t"], query.attributes)
    someone = Where()
    someone.add(
        "EXISTS (SELECT 1 FROM took_part p JOIN entities n ON n.id = p.entity_id "
        f"WHERE p.event_rid = t.rid AND {looks.text()})",
        *looks.values,
    )
    if query.labels:
        where.either(someone)
        return
    itself = Where()
    itself.holds(["t"], query.attributes)
    where.either(itself, someone)


def _relations(where: Where, query: Query) -> None:
    where.among("t.predicate", query.kinds)
    if query.entities:
        listed = json.dumps(query.entities)
        where.add(f"(t.subject IN {LISTED} OR t.object IN {LISTED})", listed, listed)
    if query.labels or query.attributes:
        looks = Where()
        looks.add("n.id IN (t.subject, t.object)")
        looks.among("n.label", query.labels)
        looks.holds(["n"], query.attributes)
        where.add(f"EXISTS (SELECT 1 FROM entities n WHERE {looks.text()})", *looks.values)


_NARROW: dict[str, Callable[[Where, Query], None]] = {
    "tracks": _tracks,
    "entities": _entities,
    "events": _events,
    "relations": _relations,
}
