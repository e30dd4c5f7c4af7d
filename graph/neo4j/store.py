"""The memory over time in a Neo4j database: written a chunk at a time, and read while it is being written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from graph.neo4j import copy as neo4j_copy
from graph.neo4j import count as neo4j_count
from graph.neo4j import find as neo4j_find
from graph.neo4j import forget as neo4j_forget
from graph.neo4j import models as neo4j_models
from graph.neo4j import pending as neo4j_pending
from graph.neo4j import write as neo4j_write
from graph.neo4j.address import Address
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.migrations import ready
from graph.neo4j.rows import Names


class Neo4jStore:
    """A `Memory` in a Neo4j database (`graph/neo4j/schema.cypher`). Threads and processes may share it, writers too.

    A fact written again is replaced by the later word: that of the chunk further on in the stream, whatever the
    order of writing. Writers of one stream wait for each other, writers of different streams do not. What `write` has
    returned from is on Neo4j's disk. Several memories, each with a name, may lie in one database.
    Raises `StoreUnavailable` where the server does not answer, or its schema is not of this version.
    """

    def __init__(self, database: Neo4jDatabase, memory: str | None = None) -> None:
        self._db = database
        self._names = Names(memory or database.address.memory)

    @classmethod
    def of(cls, url: str) -> Neo4jStore:
        """Opens the memory at `neo4j://user:password@host:port/database?memory=name`."""
        database = Neo4jDatabase(Address.of(url))
        try:
            ready(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @property
    def database(self) -> Neo4jDatabase:
        """Where it lies."""
        return self._db

    def write(self, observation: Observation, /) -> None:
        """Writes one chunk's observation in one transaction; raises `Invalid` for what cannot be kept as it is."""
        rows.check(observation)
        self._bring_in(self._db.write(lambda tx: neo4j_write.write(tx, self._names, observation)))

    def find(self, query: Query, /) -> Found:
        """What the query asks for; raises `Invalid` for a query that makes no sense."""
        rows.check_query(query)
        return self._db.read(lambda tx: neo4j_find.find(tx, self._names, query))

    def around(self, ids: Sequence[str], hops: int = 1, /) -> Found:
        """The given entities and events, all within `hops` edges of them, and the relations and links between those
        entities. Who is the same is one edge away.
        """
        return self._db.read(lambda tx: neo4j_find.around(tx, self._names, ids, hops))

    def aggregate(self, asked: Aggregation, /) -> tuple[Aggregate, ...]:
        """The groups; raises `Invalid` for what cannot be put together."""
        aggregate.check(asked)
        return self._db.read(lambda tx: neo4j_count.count(tx, self._names, asked))

    def link(self, links: Sequence[Link], /) -> None:
        """Writes what is said of pairs of entities."""
        self._db.write(lambda tx: neo4j_write.link(tx, self._names, links))

    def forget(self, scope: Scope, /) -> Forgotten:
        """Removes all of the scope, and every mention of it in what is left."""
        return self._db.write(lambda tx: neo4j_forget.forget(tx, self._names, scope))

    def observations(self, streams: Sequence[StreamId] = (), /) -> Iterator[Observation]:
        """The memory as observations, some hundred chunks at a time; what is written meanwhile may be in it."""
        every = self._db.read(lambda tx: neo4j_copy.streams(tx, self._names))
        for stream in (one for one in every if not streams or one in streams):
            for window in self._windows(stream):
                yield from self._of_window(window)

    def _windows(self, stream: StreamId) -> list[neo4j_copy.Window]:
        return self._db.read(lambda tx: neo4j_copy.windows(tx, self._names, stream))

    def _of_window(self, window: neo4j_copy.Window) -> list[Observation]:
        return self._db.read(lambda tx: neo4j_copy.observations(tx, self._names, window))

    def mark(self, vectors: Sequence[Vector], /) -> None:
        """Writes vectors of facts that are there; raises `Invalid` where a model's are not all of one length."""
        self._bring_in(self._db.write(lambda tx: neo4j_write.mark(tx, self._names, vectors)))

    def _bring_in(self, waiting: int) -> None:
        if waiting >= neo4j_pending.ENOUGH:
            neo4j_pending.bring_in(self._db)

    def unmarked(self, want: Want, model: str, limit: int, /) -> Found:
        """At most so many events, captions or entities that have no vector of the model, the earliest first."""
        rows.markable(want)
        return self._db.read(lambda tx: neo4j_find.unmarked(tx, self._names, want, model, limit))

    def models(self) -> dict[str, int]:
        """How many vectors of which model there are."""
        return self._db.read(lambda tx: neo4j_models.count(tx, self._names))

    def unmark(self, model: str, /) -> int:
        """Removes every vector of a model; returns how many."""
        gone = 0
        while some := self._db.write(lambda tx: neo4j_models.unmark(tx, self._names, model)):
            gone += some
        return gone

    def close(self) -> None:
        """Closes the connections."""
        self._db.close()
