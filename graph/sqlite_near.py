"""Rows of the SQLite memory ranked by likeness: a rough scan of byte-sized numbers held in memory, then the exact ones.

The truth is the table; what is held is read from it a block at a time, as columns are (`graph/sqlite_columns.py`). Few
rows are measured exactly at once; of many, the likeliest by the rough scan are, several times as many as are wanted,
so that rounding loses none (the recall is held by a test).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from core.memory import Vector
from graph import near
from graph.searching import MetricKind, search
from graph.sqlite_columns import Block, Columns, Inside, Numbers, Place, joined
from graph.sqlite_rows import LISTED, Rid
from graph.sqlite_vectors import OWNERS

FEW = 2000
"""So many rows are measured exactly, without a scan."""
MORE = 10
"""How many times as many as are wanted the rough scan lets through."""
LEAST = 200
PIECE = 1 << 16
"""How many vectors lie in one array."""
MOST_SETS = 3
"""Of how many models vectors are held at once."""
_BATCH = 8192

Codes = npt.NDArray[np.int8]


def rough(rows: npt.NDArray[np.floating]) -> Codes:
    """Each row as whole numbers of a byte, its largest as ±127: the angle between two rows hardly changes."""
    long = rows.astype(np.float32)
    largest = np.abs(long).max(axis=1, keepdims=True)
    return np.asarray(np.rint(long * (127 / largest)), np.int8)


@dataclass(frozen=True, slots=True)
class _Run:
    """One block's vectors: which of its rows have one, and where they lie."""

    version: int
    rows: Numbers
    slots: Numbers


@dataclass(slots=True)
class _Set:
    """The vectors of one table and model: `rids` are the keys of the rows they are of."""

    length: int
    runs: dict[Place, _Run] = field(default_factory=dict)
    pieces: list[Codes] = field(default_factory=list)
    rids: list[Numbers] = field(default_factory=list)
    used: int = 0
    dead: int = 0

    def put(self, codes: Codes, rids: Numbers) -> Numbers:
        """Takes in vectors; where they lie."""
        slots = np.arange(self.used, self.used + len(codes))
        while len(codes):
            number, at = divmod(self.used, PIECE)
            if number == len(self.pieces):
                self.pieces.append(np.zeros((PIECE, self.length), np.int8))
                self.rids.append(np.zeros(PIECE, np.int64))
            room = min(PIECE - at, len(codes))
            self.pieces[number][at : at + room] = codes[:room]
            self.rids[number][at : at + room] = rids[:room]
            codes, rids, self.used = codes[room:], rids[room:], self.used + room
        return slots

    def nearest(self, slots: Numbers, to: Codes, count: int) -> Numbers:
        """The keys of the rows whose vectors, among these slots, lie nearest, roughly."""
        wanted = np.zeros(len(self.pieces) * PIECE, bool)
        wanted[slots] = True
        found, far = [], []
        for number, piece in enumerate(self.pieces):
            inside = np.flatnonzero(wanted[number * PIECE : (number + 1) * PIECE])
            if not len(inside):
                continue
            unbroken = len(inside) == int(inside[-1] - inside[0]) + 1
            rows = piece[inside[0] : inside[-1] + 1] if unbroken else piece[inside]
            matches = search(rows, to, min(count, len(rows)), MetricKind.Cos, exact=True)
            found.append(self.rids[number][inside[matches.keys.astype(np.int64)]])
            far.append(matches.distances)
        order = np.argsort(np.concatenate(far), kind="stable")[:count]
        return np.concatenate(found)[order]


class Nearby:
    """The vectors one process holds of one file. Threads may share them."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._lock = threading.Lock()
        self._sets: dict[tuple[str, str], _Set] = {}

    def likely(self, db: apsw.Connection, table: str, like: Vector, inside: Inside, limit: int) -> Numbers:
        """The keys of the rows among which the nearest so many are: several times as many."""
        sql = "SELECT rid, length FROM models WHERE name = ?"
        known: list[tuple[Any, ...]] = db.execute(sql, (like.model,)).fetchall()
        model, length = known[0] if known else (0, 0)
        if length != like.length:
            return inside.rid()
        with self._lock:
            held = self._read(db, table, like, model, inside.blocks)
            runs = [held.runs[block.place] for block in inside.blocks]
            slots = joined([run.slots for run in runs])
            if inside.chosen is not None:
                firsts = np.cumsum([0, *(len(block.rid) for block in inside.blocks)])
                wanted = np.zeros(firsts[-1], bool)
                wanted[inside.chosen] = True
                rows = joined([run.rows + first for run, first in zip(runs, firsts, strict=False)])
                slots = slots[wanted[rows]]
            if not len(slots):
                return slots
            return held.nearest(slots, rough(like.row[None])[0], max(limit * MORE, LEAST))

    def _read(
        self, db: apsw.Connection, table: str, like: Vector, model: Rid, blocks: Sequence[Block]
    ) -> _Set:
        """The set with every one of the blocks as it is now."""
        held = self._sets.pop((table, like.model), None)
        if held is None or held.length != like.length or held.dead > held.used // 2:
            held = _Set(like.length)
        self._sets[table, like.model] = held
        while len(self._sets) > MOST_SETS:
            self._sets.pop(next(iter(self._sets)))
        for block in blocks:
            run = held.runs.get(block.place)
            if run is None or run.version != block.version:
                held.dead += len(run.slots) if run is not None else 0
                held.runs[block.place] = _run(db, table, model, held, block)
        return held


def _run(db: apsw.Connection, table: str, model: Rid, held: _Set, block: Block) -> _Run:
    rids, numbers = _numbers(db, table, model, block.rid)
    order = np.argsort(block.rid)
    rows = order[np.searchsorted(block.rid, rids, sorter=order)]
    return _Run(block.version, rows, held.put(rough(numbers), rids) if len(rids) else rids)


def _numbers(
    db: apsw.Connection, table: str, model: Rid, rids: Numbers
) -> tuple[Numbers, npt.NDArray[np.float16]]:
    """The keys of those of the rows that have a vector by the model, and the vectors."""
    of = OWNERS[table]
    sql = f"SELECT {of}_rid, numbers FROM {of}_vectors WHERE {of}_rid IN {LISTED} AND model = ?"
    found = list(db.execute(sql, (json.dumps(rids.tolist()), model)))
    if not found:
        return np.zeros(0, np.int64), np.zeros((0, 0), np.float16)
    numbers = np.frombuffer(b"".join(blob for _, blob in found), "<f2").reshape(len(found), -1)
    return np.array([rid for rid, _ in found], np.int64), numbers


def measured(
    db: apsw.Connection, table: str, like: Vector, rids: Numbers
) -> tuple[Numbers, npt.NDArray[np.float64]]:
    """The keys of those of the rows that have a vector of the model, and how near each is, exactly."""
    model = db.execute("SELECT rid FROM models WHERE name = ?", (like.model,)).get
    keys, scores = [np.zeros(0, np.int64)], [np.zeros(0)]
    for first in range(0, len(rids), _BATCH):
        some, numbers = _numbers(db, table, model, rids[first : first + _BATCH])
        if len(some):
            near.check_length(like, numbers.shape[1])
            keys.append(some)
            scores.append(near.nearness(numbers, like.row))
    return np.concatenate(keys), np.concatenate(scores)
