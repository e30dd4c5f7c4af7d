"""The vectors of the SQLite memory: written beside the facts they are of, and ranked by how near they are."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence

import apsw
import numpy as np

from core.memory import Vector
from graph import near
from graph.sqlite import texts as sqlite_texts
from graph.sqlite.rows import LISTED, Rid

OWNERS = {"events": "event", "entities": "entity", "captions": "caption"}
"""The tables whose rows may have vectors, and how these call them."""

_RAW = -15  # DEFLATE with no header around it (zlib's own number for that)


def packed(values: bytes) -> bytes:
    """A vector as it is kept: deflated where most of its numbers are 0, as those of a text's few words are."""
    if np.count_nonzero(np.frombuffer(values, "<f2")) * 4 > len(values):
        return values
    less = zlib.compress(values, wbits=_RAW)
    return less if len(less) < len(values) else values


def unpacked(kept: bytes, length: int) -> bytes:
    """The vector of so many numbers that was kept like this."""
    return kept if len(kept) == 2 * length else zlib.decompress(kept, wbits=_RAW)


def bring_up(db: apsw.Connection) -> None:
    """Packs the vectors of a file that has them all at full length (step 5 of graph/sqlite/migrations.py)."""
    for of in OWNERS.values():
        every = db.execute(f"SELECT rid, numbers FROM {of}_vectors")
        less = [(kept, rid) for rid, numbers in every if (kept := packed(numbers)) is not numbers]
        db.executemany(f"UPDATE {of}_vectors SET numbers = ? WHERE rid = ?", less)


def check_lengths(db: apsw.Connection, vectors: Sequence[Vector]) -> None:
    """Raises `Invalid` where a vector is not as long as the others of its model."""
    lengths: dict[str, int | None] = {}
    for vector in vectors:
        if vector.model not in lengths:
            lengths[vector.model] = _length(db, vector.model)
        if lengths[vector.model] is None:
            lengths[vector.model] = vector.length
        near.check_length(vector, lengths[vector.model])


def _length(db: apsw.Connection, model: str) -> int | None:
    """How many numbers the model's vectors have; None where there are none."""
    known = db.execute("SELECT rid, length FROM models WHERE name = ?", (model,)).get
    if known is None:
        return None
    rid, length = known
    return int(length) if any(_has(db, of, rid) for of in OWNERS.values()) else None


def _has(db: apsw.Connection, of: str, model: int) -> bool:
    sql = f"SELECT EXISTS (SELECT 1 FROM {of}_vectors WHERE model = ?)"
    return bool(db.execute(sql, (model,)).get)


def put(db: apsw.Connection, table: str, vectors: Sequence[tuple[Rid, Vector]]) -> None:
    """Writes the vectors of these rows, each in the place of the one by the same model."""
    if not vectors:
        return
    of = OWNERS[table]
    lengths = {vector.model: vector.length for _, vector in vectors}
    db.executemany(
        "INSERT INTO models (name, length) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET length = excluded.length "
        "WHERE length != excluded.length",
        list(lengths.items()),
    )
    names = dict(
        db.execute(f"SELECT name, rid FROM models WHERE name IN {LISTED}", (json.dumps(list(lengths)),))
    )
    db.executemany(
        f"INSERT INTO {of}_vectors ({of}_rid, model, numbers) VALUES (?, ?, ?) "
        f"ON CONFLICT ({of}_rid, model) DO UPDATE SET numbers = excluded.numbers",
        [(rid, names[vector.model], packed(vector.values)) for rid, vector in vectors],
    )


def drop(db: apsw.Connection, table: str, rids: Iterable[Rid]) -> None:
    """Removes every vector of these rows."""
    of = OWNERS[table]
    db.executemany(f"DELETE FROM {of}_vectors WHERE {of}_rid = ?", [(rid,) for rid in rids])


def mark(db: apsw.Connection, vectors: Sequence[Vector]) -> None:
    """Writes vectors of facts that are there; raises `Invalid` where a model's are not all of one length."""
    check_lengths(db, vectors)
    last = {(vector.of, vector.model): vector for vector in vectors}
    listed = json.dumps(list({vector.of for vector in vectors}))
    for table in OWNERS:
        sql = f"SELECT id, rid, stream_id, start_us, end_us FROM {table} WHERE id IN {LISTED}"
        there = {id: cells for id, *cells in db.execute(sql, (listed,))}
        put(db, table, [(there[v.of][0], v) for v in last.values() if v.of in there])
        sqlite_texts.touch(db, table, [(stream, start, end) for _, stream, start, end in there.values()])


def unmarked(db: apsw.Connection, table: str, model: str, limit: int) -> list[Rid]:
    """At most so many rows that have no vector of the model, the earliest first."""
    of = OWNERS[table]
    sql = (
        f"SELECT rid FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM {of}_vectors v WHERE v.{of}_rid = t.rid "
        "AND v.model = (SELECT rid FROM models WHERE name = ?)) ORDER BY start_us, id LIMIT ?"
    )
    return [rid for (rid,) in db.execute(sql, (model, limit))]


def models(db: apsw.Connection) -> dict[str, int]:
    """How many vectors of which model there are."""
    parts = " UNION ALL ".join(f"SELECT model FROM {of}_vectors" for of in OWNERS.values())
    sql = f"SELECT m.name, count(*) FROM ({parts}) v JOIN models m ON m.rid = v.model GROUP BY m.rid"
    return dict(db.execute(sql))


def unmark(db: apsw.Connection, model: str) -> int:
    """Removes every vector of a model; how many."""
    gone = 0
    for of in OWNERS.values():
        db.execute(
            f"DELETE FROM {of}_vectors WHERE model = (SELECT rid FROM models WHERE name = ?)", (model,)
        )
        gone += db.changes()
    db.execute("DELETE FROM models WHERE name = ?", (model,))
    db.execute("UPDATE blocks SET version = random()")
    return gone


def of_facts(db: apsw.Connection, table: str, rids: Iterable[Rid]) -> list[Vector]:
    """The vectors of these rows."""
    of = OWNERS[table]
    sql = (
        f"SELECT t.id, m.name, m.length, v.numbers FROM {of}_vectors v JOIN {table} t ON t.rid = v.{of}_rid "
        f"JOIN models m ON m.rid = v.model WHERE v.{of}_rid IN {LISTED}"
    )
    return [
        Vector(of=id, model=name, values=unpacked(numbers, length))
        for id, name, length, numbers in db.execute(sql, (json.dumps(list(rids)),))
    ]


def by(db: apsw.Connection, table: str, ids: Sequence[str], model: str) -> tuple[Vector, ...]:
    """The model's vectors of these facts, all of which have one, in that order."""
    of = OWNERS[table]
    sql = (
        f"SELECT t.id, m.length, v.numbers FROM {table} t JOIN {of}_vectors v ON v.{of}_rid = t.rid "
        f"JOIN models m ON m.rid = v.model WHERE t.id IN {LISTED} AND m.name = ?"
    )
    found = db.execute(sql, (json.dumps(list(ids)), model))
    numbers = {id: unpacked(kept, length) for id, length, kept in found}
    return tuple(Vector(of=id, model=model, values=numbers[id]) for id in ids)
