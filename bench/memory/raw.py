"""The peer of writing: the same rows, already made, put into the same schema with plain `executemany`.

What a store's own writing inserts is caught as it is bound, an observation at a time, in a transaction that is rolled
back; the peer then inserts those rows with the same transactions and the same settings, and does nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import apsw

from core.memory import Observation
from graph.sqlite import write as sqlite_write
from graph.sqlite.database import Database

Rows = list[tuple[str, list[tuple[Any, ...]]]]
"""Of one observation: statements, each with the rows it inserts."""

_INSERT = re.compile(r"INSERT (?:OR \w+ )?INTO (\w+) \(([^)]*)\)")
_AGAIN = {"blocks": "INSERT OR REPLACE", "label_lists": "INSERT OR IGNORE", "models": "INSERT OR IGNORE"}
"""The tables of which a row is written again by a later observation."""


class _NeverMind(Exception):
    """What is caught is not to stay."""


def caught(database: Database, observations: Iterable[Observation]) -> list[Rows]:
    """The rows each observation would insert into the file as it is; the file is left so."""
    every: list[Rows] = []
    try:
        with database.write() as db:
            for observation in observations:
                seen: list[tuple[str, tuple[Any, ...]]] = []
                db.exec_trace = lambda _, sql, bound, seen=seen: _catch(seen, sql, bound)
                sqlite_write.write(db, observation)
                every.append(_grouped(seen))
            db.exec_trace = None
            raise _NeverMind
    except _NeverMind:
        return every


def _catch(seen: list[tuple[str, tuple[Any, ...]]], sql: str, bound: Any) -> bool:
    if (match := _INSERT.match(sql)) is not None:
        seen.append((_plain(match[1], match[2], len(bound)), tuple(bound)))
    return True


def _plain(table: str, columns: str, bound: int) -> str:
    names = [name.strip() for name in columns.split(",")]
    values = ["?"] * bound + ["random()"] * (len(names) - bound)
    return f"{_AGAIN.get(table, 'INSERT')} INTO {table} ({', '.join(names)}) VALUES ({', '.join(values)})"


def _grouped(seen: list[tuple[str, tuple[Any, ...]]]) -> Rows:
    by_statement: dict[str, list[tuple[Any, ...]]] = {}
    for sql, row in seen:
        by_statement.setdefault(sql, []).append(row)
    return list(by_statement.items())


def insert(database: Database, rows: Rows) -> None:
    """Inserts one observation's rows in one transaction."""
    with database.write() as db:
        for sql, of_one in rows:
            db.executemany(sql, of_one)


def sound(path: str) -> bool:
    """Whether SQLite finds nothing wrong with the file."""
    db = apsw.Connection(path)
    try:
        return bool(db.pragma("integrity_check") == "ok")
    finally:
        db.close()
