"""The SQLite half: raw `executemany` beside the store's own writing, empty and full; the exact nearest; the file's size."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.figures import Figure, p95
from bench.memory import raw
from bench.memory.ask import RECALL_AT, WORDS
from bench.memory.fill import fill, timed
from bench.memory.life import EVENTS_EACH, MODEL, Life
from core.memory import Observation, Query
from graph import words
from graph.sqlite.database import Database
from graph.sqlite.migrations import MEMORY
from graph.sqlite.store import SqliteStore

RAW, FULL = 0.5, 0.8
SELECTIVE_MS: float | None = None
"""Selective and common questions have bounds of their own here."""
_TURN = 100
_READ = 20_000


def path(url: str) -> Path:
    """The file of `sqlite:///…`."""
    return Path(url.removeprefix("sqlite:///"))


def open_store(url: str) -> SqliteStore:
    """The memory at a URL."""
    return SqliteStore(path(url))


def sound(url: str) -> bool:
    """Whether SQLite finds nothing wrong with the file."""
    return raw.sound(str(path(url)))


@dataclass(slots=True)
class _Writer:
    """One of those that write in turn."""

    write: Callable[[int, int], None]
    seconds: float = 0.0

    def turn(self, first: int, last: int) -> None:
        """Writes observations number `first` to `last` of its window."""
        began = time.perf_counter()
        self.write(first, last)
        self.seconds += time.perf_counter() - began


@dataclass(slots=True)
class _Pair:
    """The store and its peer, each with a file of its own in the same state."""

    folder: Path
    window: Sequence[Observation]
    full: Path | None
    store: _Writer = field(init=False)
    peer: _Writer = field(init=False)
    close: Callable[[], None] = field(init=False)

    def __post_init__(self) -> None:
        name = "full" if self.full else "empty"
        own, other = self.folder / f"{name}_store.db", self.folder / f"{name}_raw.db"
        if self.full:
            for copy in (own, other):
                shutil.copy(self.full, copy)
        store, database = SqliteStore(own), Database(other, MEMORY)
        rows = raw.caught(database, self.window)
        self.store = _Writer(lambda a, b: [store.write(one) for one in self.window[a:b]] and None)
        self.peer = _Writer(lambda a, b: [raw.insert(database, one) for one in rows[a:b]] and None)

        def close() -> None:
            store.close()
            database.close()
            own.unlink()
            other.unlink()

        self.close = close


def rates(url: str, life: Life, window: int) -> Iterator[Figure]:
    """Fills the memory but for its last `window` observations; then all four write theirs in turn, a hundred each.

    Store and peer write the same rows in the same transactions with the same settings, each into an empty file and
    into a copy of the full one. In turn, because a shared machine is now faster and now slower.
    """
    store = open_store(url)
    if fill(store, life, life.observations - window) > life.observations - window:
        raise SystemExit(
            f"{url} holds the whole life already: give another file, or leave the rates out (--only ask)"
        )
    store.close()
    Database(path(url), MEMORY).close()
    folder = path(url).parent
    empty = _Pair(folder, list(life.told(0, window)), None)
    full = _Pair(folder, list(life.told(life.observations - window, life.observations)), path(url))
    writers = [empty.store, empty.peer, full.store, full.peer]
    for first in range(0, window, _TURN):
        for n in range(4):  # whoever begins, begins another time elsewhere
            writers[(n + first // _TURN) % 4].turn(first, min(first + _TURN, window))
    events = window * EVENTS_EACH
    rate = [events / writer.seconds for writer in writers]
    empty.close()
    full.close()
    yield Figure(
        name="events written a second, full",
        value=rate[2],
        note=f"empty {rate[0]:,.0f}; raw {rate[3]:,.0f} and {rate[1]:,.0f}",
    )
    yield Figure(name="store over raw executemany, empty", value=rate[0] / rate[1], least=RAW)
    yield Figure(name="store over raw executemany, full", value=rate[2] / rate[3], least=RAW)
    yield Figure(
        name="full over empty", value=rate[2] / rate[0], least=FULL, note=f"raw {rate[3] / rate[1]:.2f}"
    )
    store = open_store(url)
    timed(store, life.told(life.observations - window, life.observations))
    store.close()


def filled(url: str, life: Life) -> None:
    """Writes what is missing of the life."""
    store = open_store(url)
    fill(store, life, life.observations)
    store.close()


def peers(url: str) -> list[Figure]:
    """The peer of common words: FTS5's own ranking of the same texts by the same words, nothing bounded, nothing joined."""
    database, took = Database(path(url), MEMORY), []
    with database.read() as db:
        texts = db.execute("SELECT count(*) FROM texts").get
        for asked in WORDS * 3:
            match = " OR ".join(f'"{term}"' for term in words.terms(asked))
            began = time.perf_counter()
            db.execute(
                "SELECT rowid FROM text_words WHERE text_words MATCH ? ORDER BY rank LIMIT 20", (match,)
            ).fetchall()
            took.append(time.perf_counter() - began)
    database.close()
    name = "p95 · peer: FTS5's own ranking of the texts, common words"
    return [Figure(name=name, value=p95(took), unit="ms", note=f"{texts:,} texts")]


def size(url: str, life: Life) -> Figure:
    """What a thousand events take on the disk."""
    whole = sum(p.stat().st_size for p in path(url).parent.glob(path(url).name + "*"))
    return Figure(
        name="disk per thousand events",
        value=whole / life.events * 1000 / 1e6,
        unit="MB",
        note=f"{whole / 1e9:.2f} GB",
    )


def exact(url: str) -> Callable[[Sequence[Query]], list[set[str]]]:
    """Gives the ids of the events that really are nearest to each of the queries, from the table itself."""

    def nearest(asked: Sequence[Query]) -> list[set[str]]:
        like = np.stack([query.like.row for query in asked if query.like is not None])
        best = [(np.zeros(0), np.zeros(0, np.int64)) for _ in asked]
        database = Database(path(url), MEMORY)
        with database.read() as db:
            streams = {s: n for n, (s,) in enumerate(db.execute("SELECT DISTINCT stream_id FROM chunks"))}
            sql = (
                "SELECT v.event_rid, e.stream_id, e.kind, v.numbers FROM event_vectors v JOIN events e ON e.rid = v.event_rid "
                "JOIN models m ON m.rid = v.model WHERE m.name = ? AND v.rid BETWEEN ? AND ?"
            )
            last = db.execute("SELECT max(rid) FROM event_vectors").get or 0
            for first in range(1, last + 1, _READ):
                found = list(db.execute(sql, (MODEL, first, first + _READ - 1)))
                rids = np.array([rid for rid, *_ in found])
                of = np.array([streams[stream] for _, stream, *_ in found])
                kind = np.array([kind for *_, kind, _ in found])
                rows = np.frombuffer(b"".join(row for *_, row in found), "<f2").reshape(len(found), -1)
                cosines = like @ rows.astype(np.float32).T
                for n, query in enumerate(asked):
                    inside = (
                        np.isin(of, [streams[s] for s in query.streams])
                        if query.streams
                        else np.ones(len(of), bool)
                    )
                    inside &= np.isin(kind, query.kinds) if query.kinds else True
                    score = np.concatenate([best[n][0], cosines[n][inside]])
                    key = np.concatenate([best[n][1], rids[inside]])
                    top = np.argsort(-score)[:RECALL_AT]
                    best[n] = score[top], key[top]
            ids = [
                {db.execute("SELECT id FROM events WHERE rid = ?", (int(r),)).get for r in key}
                for _, key in best
            ]
        database.close()
        return ids

    return nearest
