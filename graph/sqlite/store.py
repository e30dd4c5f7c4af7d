"""The memory over time in one SQLite file: written a chunk at a time, and read while it is being written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from core.ids import StreamId
from core.memory import (
    Aggregate,
    Aggregation,
    Forgotten,
    Found,
    Link,
    Observation,
    Query,
    Scope,
    Vector,
    Want,
)
from graph import aggregate, rows
from graph.sqlite import aggregate as sqlite_aggregate
from graph.sqlite import copy as sqlite_copy
from graph.sqlite import find as sqlite_find
from graph.sqlite import forget as sqlite_forget
from graph.sqlite import vectors as sqlite_vectors
from graph.sqlite import write as sqlite_write
from graph.sqlite.database import Database
from graph.sqlite.migrations import MEMORY
from graph.sqlite.rank import Held


class SqliteStore:
    """A `Memory` in one file (`graph/sqlite/schema.sql`). Threads and processes may share it, writers too.

    A fact written again is replaced by the later word: that of the chunk further on in the stream, whatever the
    order of writing. What `write` has returned from outlives the death of the process (`graph/sqlite/database.py` says why).
    Raises `StoreUnavailable` where the file is damaged, full, read-only, held, or of a newer version.
    """

    def __init__(self, path: str | Path) -> None:
        self._db = Database(path, MEMORY)
        self._held = Held()

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._db.path

    def write(self, observation: Observation, /) -> None:
        """Writes one chunk's observation in one transaction; raises `Invalid` for what cannot be kept as it is."""
        rows.check(observation)
        with self._db.write() as db:
            sqlite_write.write(db, observation)

    def find(self, query: Query, /) -> Found:
        """What the query asks for; raises `Invalid` for a query that makes no sense."""
        rows.check_query(query)
        with self._db.read() as db:
            return sqlite_find.find(db, self._held, query)

    def around(self, ids: Sequence[str], hops: int = 1, /) -> Found:
        """The given entities and events, all within `hops` edges of them, and the relations and links between those
        entities. Who is the same is one edge away.
        """
        with self._db.read() as db:
            near = frontier = set(ids)
            for _ in range(hops):
                frontier = sqlite_find.neighbours(db, frontier) - near
                if not frontier:
                    break
                near = near | frontier
            return sqlite_find.among(db, self._held, near)

    def aggregate(self, asked: Aggregation, /) -> tuple[Aggregate, ...]:
        """The groups; raises `Invalid` for what cannot be put together."""
        aggregate.check(asked)
        with self._db.read() as db:
            return sqlite_aggregate.groups(db, asked)

    def link(self, links: Sequence[Link], /) -> None:
        """Writes what is said of pairs of entities."""
        with self._db.write() as db:
            sqlite_write.link(db, links)

    def forget(self, scope: Scope, /) -> Forgotten:
        """Removes all of the scope, and every mention of it in what is left."""
        with self._db.write() as db:
            counts = sqlite_forget.forget(db, scope)
        self._db.shrink()
        return Forgotten(counts=counts)

    def observations(self, streams: Sequence[StreamId] = (), /) -> Iterator[Observation]:
        """The memory as observations; what is written meanwhile is not in it."""
        with self._db.read() as db:
            yield from sqlite_copy.observations(db, streams)

    def mark(self, vectors: Sequence[Vector], /) -> None:
        """Writes vectors of facts that are there; raises `Invalid` where a model's are not all of one length."""
        with self._db.write() as db:
            sqlite_vectors.mark(db, vectors)

    def unmarked(self, want: Want, model: str, limit: int, /) -> Found:
        """At most so many events, captions or entities that have no vector of the model, the earliest first."""
        table = rows.markable(want).value
        with self._db.read() as db:
            return sqlite_find.by_rids(db, want, sqlite_vectors.unmarked(db, table, model, limit))

    def models(self) -> dict[str, int]:
        """How many vectors of which model there are."""
        with self._db.read() as db:
            return sqlite_vectors.models(db)

    def unmark(self, model: str, /) -> int:
        """Removes every vector of a model; returns how many."""
        with self._db.write() as db:
            return sqlite_vectors.unmark(db, model)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()
