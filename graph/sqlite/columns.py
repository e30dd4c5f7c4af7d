"""Rows of the SQLite memory as columns of numbers, held in memory block by block: what is ranked is read here.

A block is right as long as its version in the file is (`sqlite_texts.touch`), whichever process wrote: blocks are read
when they are first wanted and again when they have changed, so that they cost nothing until somebody asks.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apsw
import numpy as np
import numpy.typing as npt

from core.clock import Span
from core.ids import StreamId
from core.memory import Query
from graph.sqlite.rows import LISTED, Rid
from graph.sqlite.texts import BLOCK_US

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Place = tuple[str, str, int]
"""Table, stream and part of its clock: what a block is of."""

MOST_ROWS = 8_000_000
"""How many rows are held at once, about 60 bytes each; the blocks read first go first."""
MOST_WHOLES = 3
"""For how many bounds asked for last the blocks are kept joined."""
MOST_POSTINGS = 32_000_000
"""How many places words stand at are held at once, 4 bytes each."""

_NAMES = {"events": "kind, zone", "entities": "label, NULL", "captions": "NULL, NULL"}
_NOBODY = -1


@dataclass(slots=True, eq=False)
class Block:
    """The rows of a stream that begin in one part of its clock (`BLOCK_US`), in order of time and id.

    `text` numbers what a row is found by; `places` is where that stands in `Texts`, once somebody has asked. `kind` (an
    event's, or an entity's label) and `zone` are codes of names.
    """

    place: Place
    version: int
    rid: Numbers
    start: Numbers
    end: Numbers
    text: Numbers
    kind: Numbers
    zone: Numbers
    places: Numbers | None = None


class Whole:
    """Blocks as one table; its columns are joined when they are wanted, and kept as long as it is."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks
        self._columns: dict[str, Numbers] = {}

    def column(self, name: str) -> Numbers:
        """One column of all rows."""
        if name not in self._columns:
            parts = [getattr(block, name) for block in self.blocks]
            self._columns[name] = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        return self._columns[name]

    def uses(self, texts: int) -> Numbers:
        """How many rows each of so many texts has."""
        if len(self._columns.get("uses", ())) != texts:
            self._columns["uses"] = np.bincount(self.column("places"), minlength=texts)
        return self._columns["uses"]


@dataclass(frozen=True, slots=True)
class Inside:
    """The rows inside a query's bounds: which rows of a table they are (None: all of them)."""

    whole: Whole
    chosen: Numbers | None

    def column(self, name: str, rows: Numbers | None = None) -> Numbers:
        """One column of the rows inside, or of these among them."""
        if self.chosen is not None:
            rows = self.chosen if rows is None else self.chosen[rows]
        return self.whole.column(name) if rows is None else self.whole.column(name)[rows]


class Texts:
    """What facts are found by, as numbers: how many words each text has, and which texts hold a word.

    Texts are only ever added, under growing numbers, so each has its place for good. Place 0 is a text nobody has.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rids: Numbers = np.zeros(1, np.int64)
        self._holding: dict[str, tuple[Rid, Numbers]] = {}
        self.lengths: Numbers = np.zeros(1, np.int64)

    @property
    def known(self) -> bool:
        """Whether texts have been read."""
        return len(self._rids) > 1

    def read(self, db: apsw.Connection) -> None:
        """Takes in the texts that are new."""
        with self._lock:
            found = list(
                db.execute("SELECT rid, words FROM texts WHERE rid > ? ORDER BY rid", (int(self._rids[-1]),))
            )
            if found:
                rids, lengths = np.array(found, np.int64).T
                self.lengths = np.concatenate([self.lengths, lengths])
                self._rids = np.concatenate([self._rids, rids])

    def places(self, rids: Numbers) -> Numbers:
        """Where the texts with these numbers stand; 0 for one that was forgotten this very moment."""
        at = np.minimum(np.searchsorted(self._rids, rids), len(self._rids) - 1)
        return np.where(self._rids[at] == rids, at, 0)

    def holding(self, db: apsw.Connection, term: str, known: int) -> Numbers:
        """The places, among the first `known`, of the texts that hold the word."""
        with self._lock:
            last, places = self._holding.pop(term, (0, np.zeros(0, np.int32)))
            if last < self._rids[-1]:
                # A term is letters and digits only; quoted, it can be none of FTS5's operators.
                sql = "SELECT rowid FROM text_words WHERE text_words MATCH ? AND rowid > ?"
                new = np.array([rid for (rid,) in db.execute(sql, (f'"{term}"', last))], np.int64)
                places = np.concatenate([places, self.places(new[new <= self._rids[-1]]).astype(np.int32)])
                places = places[places > 0]
            self._holding[term] = int(self._rids[-1]), places
            while sum(len(of_one) for _, of_one in self._holding.values()) > MOST_POSTINGS:
                self._holding.pop(next(iter(self._holding)))
            return places[: np.searchsorted(places, known)]


class Columns:
    """The blocks one process holds of one file. Threads may share them; blocks themselves never change."""

    def __init__(self) -> None:
        self.texts = Texts()
        self._lock = threading.RLock()
        self._blocks: dict[Place, Block] = {}
        self._latest: dict[tuple[str, tuple[StreamId, ...], Span | None], tuple[int | None, Whole]] = {}
        self._codes: dict[str | None, int] = {None: _NOBODY}
        self._rows = 0

    def inside(self, db: apsw.Connection, table: str, query: Query) -> Inside:
        """The rows inside the bounds, all of which `can_pick` knows."""
        whole = self.whole(db, table, query)
        masks = self._masks(table, query, whole)
        return Inside(whole, np.flatnonzero(np.logical_and.reduce(masks)) if masks else None)

    def whole(self, db: apsw.Connection, table: str, query: Query) -> Whole:
        """The blocks that have rows in the query's streams and span, as they are in this transaction."""
        sql = "SELECT version FROM blocks WHERE of = ? AND stream_id = '' AND part = -1"
        version: int | None = db.execute(sql, (table,)).get
        bounds = table, query.streams, query.span
        with self._lock:
            known = self._latest.pop(bounds, None)
            if known is None or version is None or known[0] != version:
                known = version, Whole(self._wanted(db, table, query))
            self._latest[bounds] = known
            while len(self._latest) > MOST_WHOLES:
                self._latest.pop(next(iter(self._latest)))
            return known[1]

    def used(
        self, db: apsw.Connection, text: Numbers, inside: Inside | None
    ) -> tuple[Numbers, Numbers, Numbers]:
        """Where in `texts` the texts of these rows stand; how many of the rows each text has; how long each is."""
        with self._lock:
            self.texts.read(db)
            lengths = self.texts.lengths
            if inside is None:
                places = self.texts.places(text)
                return places, np.bincount(places, minlength=len(lengths)), lengths
            for block in inside.whole.blocks:
                if block.places is None:
                    block.places = self.texts.places(block.text)
            places = inside.column("places")
            if inside.chosen is not None:
                return places, np.bincount(places, minlength=len(lengths)), lengths
            return places, inside.whole.uses(len(lengths)), lengths

    def codes(self, names: Iterable[str]) -> list[int]:
        """The codes of those of the names that any row has."""
        return [self._codes[name] for name in names if name in self._codes]

    def _wanted(self, db: apsw.Connection, table: str, query: Query) -> list[Block]:
        conditions, values = ["of = ?", "part >= 0"], [table]
        if query.streams:
            conditions.append(f"stream_id IN {LISTED}")
            values.append(json.dumps(query.streams))
        bound: tuple[str | int, ...] = tuple(values)
        if query.span is not None:
            conditions.append("part <= ? AND latest_us > ?")
            bound += ((query.span.end - 1) // BLOCK_US, query.span.start)
        sql = f"SELECT stream_id, part, version FROM blocks WHERE {' AND '.join(conditions)} ORDER BY stream_id, part"
        wanted = list(db.execute(sql, bound))
        return [self._block(db, (table, stream, part), version) for stream, part, version in wanted]

    def _block(self, db: apsw.Connection, place: Place, version: int) -> Block:
        held = self._blocks.get(place)
        if held is not None and held.version == version:
            return held
        self._rows -= len(held.rid) if held is not None else 0
        self._blocks[place] = held = self._read(db, place, version)
        self._rows += len(held.rid)
        while self._rows > MOST_ROWS and len(self._blocks) > 1:
            self._rows -= len(self._blocks.pop(next(iter(self._blocks))).rid)
        return held

    def _read(self, db: apsw.Connection, place: Place, version: int) -> Block:
        table, stream, part = place
        sql = (
            f"SELECT rid, start_us, end_us, text_rid, {_NAMES[table]} FROM {table} INDEXED BY {table}_when "
            "WHERE stream_id = ? AND start_us >= ? AND start_us < ? ORDER BY start_us, id"
        )
        found = list(db.execute(sql, (stream, part * BLOCK_US, (part + 1) * BLOCK_US)))
        rid, start, end, text, kind, zone = zip(*found, strict=True) if found else ((),) * 6
        return Block(
            place, version, np.array(rid, np.int64), np.array(start, np.int64), np.array(end, np.int64),
            np.array(text, np.int64), self._coded(kind), self._coded(zone),
        )  # fmt: skip

    def _coded(self, names: Iterable[str | None]) -> Numbers:
        codes = self._codes
        return np.array([codes.setdefault(name, len(codes)) for name in names], np.int64)

    def _masks(self, table: str, query: Query, whole: Whole) -> list[Mask]:
        masks: list[Mask] = []
        if query.span is not None:
            start, end = whole.column("start"), whole.column("end")
            masks.append((start < query.span.end) & (end > query.span.start))
        kinds, zones = named(table, query)
        for column, names in (("kind", kinds), ("zone", zones)):
            if names:
                masks.append(np.isin(whole.column(column), self.codes(names)))
        return masks


def named(table: str, query: Query) -> tuple[Sequence[str], Sequence[str]]:
    """What bounds the columns `kind` and `zone`."""
    kinds = {"events": query.kinds, "entities": query.labels}.get(table, ())
    return kinds, query.zones if table == "events" else ()


def can_pick(table: str, query: Query) -> bool:
    """Whether the columns alone say which rows are inside the query's bounds."""
    match table:
        case "events":
            return not (query.labels or query.attributes or query.entities or query.ids)
        case "entities":
            return not (query.kinds or query.zones or query.attributes or query.entities or query.ids)
        case _:
            return not query.ids


def of_texts(db: apsw.Connection, numbers: Numbers, terms: Sequence[str]) -> tuple[Numbers, list[Numbers]]:
    """How many words each of a few texts has, and for each word which of them hold it."""
    listed = json.dumps(numbers.tolist())
    lengths = dict(db.execute(f"SELECT rid, words FROM texts WHERE rid IN {LISTED}", (listed,)))
    sql = f"SELECT rowid FROM text_words WHERE text_words MATCH ? AND rowid IN {LISTED}"
    holding = [[rid for (rid,) in db.execute(sql, (f'"{term}"', listed))] for term in terms]
    return (
        np.array([lengths.get(rid, 0) for rid in numbers.tolist()], np.int64),
        [np.searchsorted(numbers, np.array(rids, np.int64)) for rids in holding],
    )
