"""Rows of the SQLite memory ranked by likeness: a rough scan of byte-sized numbers held in memory, then the exact ones.

The truth is the table; what is held is read from it a block at a time, as columns are (`graph/sqlite/columns.py`). Few
rows are measured exactly at once; of many, the likeliest by the rough scan are, several times as many as are wanted,
so that rounding loses none (the recall is held by a test).
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from core.memory import Query, Vector
from graph import near
from graph.searching import MetricKind, search
from graph.sqlite import vectors as sqlite_vectors
from graph.sqlite.columns import Block, Columns, Numbers, Place, Whole, named
from graph.sqlite.rows import LISTED, Rid
from graph.sqlite.vectors import OWNERS

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


_COLUMNS = ("rid", "start", "end", "kind", "zone")


@dataclass(slots=True)
class _Set:
    """The vectors of one table and model, each in a slot, and beside them the columns of the rows they are of.

    `streams` are the codes of the rows' streams; a slot whose block has changed since has stream -1.
    """

    length: int
    runs: dict[Place, tuple[int, Numbers]] = field(default_factory=dict)
    pieces: list[Codes] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    stream: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    columns: dict[str, Numbers] = field(
        default_factory=lambda: {name: np.zeros(0, np.int64) for name in _COLUMNS}
    )
    used: int = 0
    dead: int = 0
    latest: Whole | None = None

    def read(self, db: apsw.Connection, table: str, model: Rid, whole: Whole) -> None:
        """Takes in what is new or other in these blocks."""
        if self.latest is whole:
            return
        for block in whole.blocks:
            known = self.runs.get(block.place)
            if known is not None and known[0] == block.version:
                continue
            if known is not None:
                self.drop(block.place)
            self.runs[block.place] = block.version, self._put(block, *_numbers(db, table, model, block.rid))
        self.latest = whole

    def drop(self, place: Place) -> None:
        """Lets go of one block's vectors."""
        _, slots = self.runs.pop(place)
        self.stream[slots] = -1
        self.dead += len(slots)

    def _put(self, block: Block, rids: Numbers, numbers: npt.NDArray[np.float16]) -> Numbers:
        slots = np.arange(self.used, self.used + len(rids))
        if not len(rids):
            return slots
        order = np.argsort(block.rid)
        rows = order[np.searchsorted(block.rid, rids, sorter=order)]
        codes = rough(numbers)
        while len(codes):
            number, at = divmod(self.used, PIECE)
            if number == len(self.pieces):
                self._grow()
            room = min(PIECE - at, len(codes))
            self.pieces[number][at : at + room] = codes[:room]
            codes, self.used = codes[room:], self.used + room
        self.stream[slots] = self.codes.setdefault(block.place[1], len(self.codes))
        for name in _COLUMNS:
            self.columns[name][slots] = getattr(block, name)[rows]
        return slots

    def _grow(self) -> None:
        self.pieces.append(np.zeros((PIECE, self.length), np.int8))
        more = np.full(PIECE, -1, np.int64)
        self.stream = np.concatenate([self.stream, more])
        self.columns = {name: np.concatenate([column, more]) for name, column in self.columns.items()}

    def inside(self, columns: Columns, table: str, query: Query, only: Numbers | None) -> Numbers:
        """The slots of rows inside the bounds that columns know, and among `only`, where these are given."""
        held = self.stream[: self.used] >= 0
        if query.streams:
            wanted = [self.codes[stream] for stream in query.streams if stream in self.codes]
            held &= np.isin(self.stream[: self.used], wanted)
        column = {name: column[: self.used] for name, column in self.columns.items()}
        if query.span is not None:
            held &= (column["start"] < query.span.end) & (column["end"] > query.span.start)
        if only is not None:
            return np.flatnonzero(held & np.isin(column["rid"], only))
        for name, names in zip(("kind", "zone"), named(table, query), strict=True):
            if names:
                held &= np.isin(column[name], columns.codes(names))
        return np.flatnonzero(held)

    def nearest(self, slots: Numbers, to: Codes, count: int) -> Numbers:
        """Those of the slots, given in order, whose vectors lie nearest, roughly."""
        cuts = np.searchsorted(slots, np.arange(len(self.pieces) + 1) * PIECE)
        found, far = [], []
        for number, piece in enumerate(self.pieces):
            of_piece = slots[cuts[number] : cuts[number + 1]]
            if not len(of_piece):
                continue
            at = of_piece - number * PIECE
            unbroken = len(at) == int(at[-1] - at[0]) + 1
            rows = piece[at[0] : at[-1] + 1] if unbroken else piece[at]
            matches = search(
                rows, to, min(count, len(rows)), MetricKind.Cos, exact=True, threads=_threads(len(rows))
            )
            found.append(of_piece[matches.keys.astype(np.int64)])
            far.append(matches.distances)
        order = np.argsort(np.concatenate(far), kind="stable")[:count]
        return np.concatenate(found)[order]


def _threads(rows: int) -> int:
    """One for few rows, which are done before another has started; else as many as there are cores (0)."""
    return 1 if rows < PIECE // 4 else 0


class Nearby:
    """The vectors one process holds of one file. Threads may share them."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._lock = threading.Lock()
        self._sets: dict[tuple[str, str], _Set] = {}

    def likely(
        self, db: apsw.Connection, table: str, query: Query, like: Vector, only: Numbers | None
    ) -> tuple[Numbers, Numbers] | None:
        """Keys and starts of rows among which the nearest are, several times as many as the query's limit.

        They are inside the bounds that columns know or, where those are not all, among `only`. None where the model's
        vectors have another length.
        """
        sql = "SELECT rid, length FROM models WHERE name = ?"
        known: list[tuple[Any, ...]] = db.execute(sql, (like.model,)).fetchall()
        model, length = known[0] if known else (0, 0)
        if length != like.length:
            return None
        whole = self._columns.whole(db, table, query)
        with self._lock:
            held = self._set(table, like)
            held.read(db, table, model, whole)
            slots = held.inside(self._columns, table, query, only)
            if len(slots):
                count = max((query.limit or 0) * MORE, LEAST)
                slots = held.nearest(slots, rough(like.row[None])[0], count)
            return held.columns["rid"][slots], held.columns["start"][slots]

    def prune(self, db: apsw.Connection, table: str) -> None:
        """Lets go of the vectors of blocks that are no more."""
        sql = "SELECT stream_id, part FROM blocks WHERE of = ? AND part >= 0"
        there = {(table, stream, part) for stream, part in db.execute(sql, (table,))}
        with self._lock:
            for (of, _), held in self._sets.items():
                for place in held.runs.keys() - there if of == table else ():
                    held.drop(place)

    def _set(self, table: str, like: Vector) -> _Set:
        held = self._sets.pop((table, like.model), None)
        if held is None or held.length != like.length or held.dead > held.used // 2:
            held = _Set(like.length)
        self._sets[table, like.model] = held
        while len(self._sets) > MOST_SETS:
            self._sets.pop(next(iter(self._sets)))
        return held


def _numbers(
    db: apsw.Connection, table: str, model: Rid, rids: Numbers
) -> tuple[Numbers, npt.NDArray[np.float16]]:
    """The keys of those of the rows that have a vector by the model, and the vectors."""
    of = OWNERS[table]
    sql = f"SELECT {of}_rid, numbers FROM {of}_vectors WHERE {of}_rid IN {LISTED} AND model = ?"
    found = list(db.execute(sql, (json.dumps(rids.tolist()), model)))
    if not found:
        return np.zeros(0, np.int64), np.zeros((0, 0), np.float16)
    length = db.execute("SELECT length FROM models WHERE rid = ?", (model,)).get
    whole = b"".join(sqlite_vectors.unpacked(kept, length) for _, kept in found)
    numbers = np.frombuffer(whole, "<f2").reshape(len(found), length)
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
