"""The Neo4j half: raw `UNWIND` of the same rows beside the store's own writing, empty and full; the exact nearest.

The server is the one at the URL (`make neo4j`, best with `--heap 1024 --pages 6000`); a second, empty one is started
for as long as the rates are measured.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from neo4j import ManagedTransaction

from bench.figures import Figure
from bench.memory.ask import OTHERS_MS, RECALL_AT
from bench.memory.fill import there
from bench.memory.life import EVENTS_EACH, LENGTH, MODEL, Life
from bench.neo4j_server import Neo4jServer
from core.memory import Observation, Query
from graph.neo4j import models as neo4j_models
from graph.neo4j import write as neo4j_write
from graph.neo4j.address import Address
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.migrations import ready
from graph.neo4j.rows import Names, vector_property
from graph.neo4j.store import Neo4jStore

RAW, FULL = 0.8, 0.8
SELECTIVE_MS: float | None = OTHERS_MS
_TURN = 50
_WARM = 200
_BULK = 200
_AWAY = "bench-raw"
"""The memory the peer's rows stand for, so that they are as new as the store's."""

Rows = list[tuple[str, list[Any]]]
"""Of one observation: statements, each with the rows it is given."""

_NODES = {
    "entities": "UNWIND $rows AS row CREATE (n:Fact:Entity) SET n = row",
    "new_events": "UNWIND $rows AS row CREATE (n:Fact:Event) SET n = row",
}
_EDGES = {
    "follow": "UNWIND $rows AS row MATCH (n:Fact {id: row.entity}) CREATE (:Fact {id: row.track})-[:SAME_AS]->(n)",
    "took": (
        "UNWIND $rows AS row MATCH (e:Fact {id: row.event}) MATCH (n:Fact {id: row.who}) "
        "CREATE (n)-[:TOOK_PART {role: row.role}]->(e)"
    ),
    "seen": (
        "UNWIND $rows AS row MATCH (e:Fact {id: row.event}) MATCH (c:Fact {id: row.chunk}) "
        "CREATE (e)-[:SEEN_IN {at_us: row.at_us}]->(c)"
    ),
    "at": (
        "UNWIND $rows AS row MATCH (e:Fact {id: row.event}) MERGE (z:Fact {id: row.zone}) SET z:Zone "
        "CREATE (e)-[:AT]->(z)"
    ),
}
_CHUNK = "UNWIND $rows AS row MERGE (s:Fact {id: row.stream_id}) SET s:Stream, s.memory = row.memory CREATE (c:Fact:Chunk)-[:IN]->(s) SET c = row.chunk"
_IN = (
    "UNWIND $rows AS row MATCH (n:Fact {id: row.id}) MATCH (s:Fact {id: row.stream_id}) CREATE (n)-[:IN]->(s)"
)
_SHOWS = (
    "UNWIND $rows AS row MATCH (c:Fact {id: row.chunk}) MATCH (n:Fact {id: row.id}) CREATE (c)-[:SHOWS]->(n)"
)
_COVERAGE = (
    "UNWIND $rows AS row MATCH (c:Fact {id: row.chunk}) CREATE (v:Coverage)-[:OF]->(c) SET v = row.coverage"
)


def database_at(url: str) -> Neo4jDatabase:
    """The database at a URL, its schema up to date."""
    database = Neo4jDatabase(Address.of(url))
    ready(database)
    return database


def open_store(url: str) -> Neo4jStore:
    """The memory at a URL."""
    return Neo4jStore.of(url)


def sound(url: str) -> bool:
    """Whether every event has the edges its properties tell of: nothing is there by halves."""
    database = database_at(url)
    names = Names(database.address.memory)
    halves = database.run(
        "MATCH (s:Stream {memory: $memory}) MATCH (e:Event) WHERE e.stream_id = s.id AND e.start_us >= 0 AND e.end_us >= 0 "
        "AND (size(e.who) <> COUNT { (e)<-[:TOOK_PART]-() } OR size(e.evidence_chunks) <> COUNT { (e)-[:SEEN_IN]->() } "
        "OR COUNT { (e)-[:IN]->() } <> 1) RETURN count(e)",
        {"memory": names.memory},
    )
    database.close()
    return bool(halves == [[0]])


def caught(observation: Observation, names: Names) -> dict[str, Any]:
    """What the store writes for an observation of which nothing is known: the map `$o` of its statement `write`."""
    seen: dict[str, Any] = {}

    class Catch:
        """Stands in for a transaction on an empty database."""

        def run(self, _: str, o: dict[str, Any]) -> Catch:
            seen.update(o)
            return self

        def single(self, *, strict: bool) -> Catch:
            return self

        def values(self) -> list[Any]:
            return [[], [], [[MODEL, LENGTH, None]], False, False]

        def consume(self) -> None:
            return None

    neo4j_write.write(Catch(), names, observation)  # type: ignore[arg-type]
    return seen


def _plain(observation: Observation, names: Names) -> Rows:
    """The same as plain statements with their rows."""
    seen = caught(observation, names)
    chunk = seen["chunk"]["id"]
    return [
        (_CHUNK, [{"memory": names.memory, "stream_id": seen["chunk"]["stream_id"], "chunk": seen["chunk"]}]),
        *((statement, seen[name]) for name, statement in _NODES.items()),
        (_IN, [{"id": row["id"], "stream_id": row["stream_id"]} for row in seen["new_events"]]),
        (_SHOWS, [{"chunk": chunk, "id": id} for id in seen["shown"]]),
        (_COVERAGE, [{"chunk": chunk, "coverage": row} for row in seen["coverage"]]),
        *((statement, seen[name]) for name, statement in _EDGES.items()),
    ]


def _insert(database: Neo4jDatabase, rows: Rows) -> None:
    """Writes these rows in one transaction, a statement for each kind of row."""

    def work(tx: ManagedTransaction) -> None:
        for statement, of_one in rows:
            if of_one:
                tx.run(statement, rows=of_one).consume()

    database.write(work)


def _insert_at_once(database: Neo4jDatabase, rows: Rows) -> None:
    """Writes these rows in one transaction and one statement: the fewest there can be."""
    parts = [(statement, of_one) for statement, of_one in rows if of_one]
    statement = " ".join(
        f"CALL () {{ {part.replace('$rows', f'$o.r{n}')} }}" for n, (part, _) in enumerate(parts)
    )
    given = {f"r{n}": of_one for n, (_, of_one) in enumerate(parts)}
    database.write(lambda tx: tx.run(statement, o=given).consume())


def bulk(database: Neo4jDatabase, life: Life, first: int, last: int) -> None:
    """Fills a memory with the rows the store would write, many observations a transaction: for a million there is no
    time to wait for a disk at each.
    """
    names = Names(database.address.memory)
    for at in range(first, last, _BULK):
        by_statement: dict[str, list[Any]] = {}
        for one in life.told(at, min(at + _BULK, last)):
            for statement, rows in _plain(one, names):
                by_statement.setdefault(statement, []).extend(rows)
        _insert_at_once(database, list(by_statement.items()))
    counted = (
        "MATCH (s:Stream {memory: $memory}) SET s.event_count = COUNT { MATCH (f:Event) WHERE f.stream_id = s.id AND f.start_us >= 0 AND f.end_us >= 0 }, "
        "s.entity_count = COUNT { MATCH (f:Entity) WHERE f.stream_id = s.id AND f.start_us >= 0 AND f.end_us >= 0 }"
    )
    database.run(counted, {"memory": names.memory})
    model = {"key": names.into(MODEL), "memory": names.memory, "name": MODEL, "length": LENGTH}
    database.write(lambda tx: tx.run("MERGE (m:Model {key: $m.key}) SET m += $m", m=model).consume())


class _Three:
    """The store and its two peers at one server, in turn: raw `UNWIND` for each kind of row, and all in one statement."""

    def __init__(self, url: str, window: Sequence[Observation]) -> None:
        self._store, self._database = Neo4jStore.of(url), database_at(url)
        self._window = window
        rows = [[_plain(one, Names(f"{_AWAY}-{n}")) for one in window] for n in range(2)]
        self._do: list[Callable[[int], None]] = [
            lambda n: self._store.write(self._window[n]),
            lambda n: _insert(self._database, rows[0][n]),
            lambda n: _insert_at_once(self._database, rows[1][n]),
        ]
        self._seconds = [0.0] * len(self._do)

    def turn(self, who: int, first: int, last: int) -> None:
        """Lets one of them write observations number `first` to `last` of the window."""
        began = time.perf_counter()
        for n in range(first, last):
            self._do[who](n)
        self._seconds[who] += time.perf_counter() - began

    def begin(self) -> None:
        """Forgets the time of what was written to warm up."""
        self._seconds = [0.0] * len(self._do)

    def rates(self, observations: int) -> list[float]:
        """Events a second of each."""
        return [observations * EVENTS_EACH / seconds for seconds in self._seconds]

    def close(self) -> None:
        """Takes the peers' rows away again."""
        gone = (
            "MATCH (f:Fact) WHERE f.id STARTS WITH $prefix WITH f LIMIT 5000 DETACH DELETE f RETURN count(f)"
        )
        while self._database.run(gone, {"prefix": f"{_AWAY}-"}) != [[0]]:
            pass
        self._store.close()
        self._database.close()


def rates(url: str, life: Life, window: int) -> Iterator[Figure]:
    """Fills the memory but for its last `window` observations; then all six write theirs in turn, fifty each.

    Store and peers write the same rows in the same transactions, each as new, into an empty database and the full one.
    The first 200 of each only warm up: Neo4j plans and compiles what it sees for the first time.
    """
    store = open_store(url)
    bulk(store.database, life, there(store, life), life.observations - window)
    store.close()
    with tempfile.TemporaryDirectory() as folder:
        server = Neo4jServer(Path(folder) / "neo4j", heap_mb=1024, page_mb=1024)
        server.start()
        try:
            empty = _Three(server.url, list(life.told(0, window)))
            full = _Three(url, list(life.told(life.observations - window, life.observations)))
            warm = min(_WARM, window // 2)
            for first in range(0, window, _TURN):
                if first == warm:
                    empty.begin()
                    full.begin()
                for n in range(6):  # whoever begins, begins another time elsewhere
                    at, who = divmod((n + first // _TURN) % 6, 3)
                    (empty, full)[at].turn(who, first, min(first + _TURN, window))
            none, every = empty.rates(window - warm), full.rates(window - warm)
            full.close()
            empty.close()
        finally:
            server.stop(hard=True)
    yield Figure(
        name="events written a second, full",
        value=every[0],
        note=f"empty {none[0]:,.0f}; raw {every[1]:,.0f} and {none[1]:,.0f}; at once {every[2]:,.0f} and {none[2]:,.0f}",
    )
    for name, rate in (("empty", none), ("full", every)):
        yield Figure(name=f"store over raw UNWIND, {name}", value=rate[0] / rate[1], least=RAW)
        yield Figure(name=f"store over raw in one statement, {name}", value=rate[0] / rate[2], least=RAW)
    yield Figure(
        name="full over empty", value=every[0] / none[0], least=FULL, note=f"raw {every[1] / none[1]:.2f}"
    )


def filled(url: str, life: Life) -> None:
    """Writes what is missing of the life, and has the vectors indexed."""
    store = open_store(url)
    bulk(store.database, life, there(store, life), life.observations)
    neo4j_models.index(store.database, Names(store.database.address.memory))
    store.database.run("CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()")
    store.close()


def peers(url: str) -> list[Figure]:
    """No other way of looking is measured beside the store's."""
    return []


def size(url: str, life: Life) -> Figure:
    """How many nodes a thousand events take; Neo4j tells nobody the size of its files."""
    database = database_at(url)
    ((nodes,),) = database.run("MATCH (n) RETURN count(n)")
    database.close()
    return Figure(name="nodes per thousand events", value=nodes / life.events * 1000)


def exact(url: str) -> Callable[[Sequence[Query]], list[set[str]]]:
    """Gives the ids of the events that really are nearest to each of the queries, one stream after another."""

    def nearest(asked: Sequence[Query]) -> list[set[str]]:
        like = np.stack([query.like.row for query in asked if query.like is not None])
        best: list[tuple[np.ndarray, np.ndarray]] = [(np.zeros(0), np.zeros(0, "U40")) for _ in asked]
        database = database_at(url)
        names = Names(database.address.memory)
        streams = database.run("MATCH (s:Stream {memory: $memory}) RETURN s.id", {"memory": names.memory})
        statement = (
            "MATCH (e:Event) WHERE e.stream_id = $stream AND e.start_us >= 0 AND e.end_us >= 0 AND e[$property] IS NOT NULL "
            "RETURN e.id, e.kind, e[$property]"
        )
        for (stream,) in streams:
            found = database.run(statement, {"stream": stream, "property": vector_property(MODEL)})
            ids = np.array([id for id, _, _ in found])
            kinds = np.array([kind for _, kind, _ in found])
            rows = np.frombuffer(b"".join(bytes(row) for _, _, row in found), "<f2").reshape(len(found), -1)
            cosines = like @ rows.astype(np.float32).T
            for n, query in enumerate(asked):
                if query.streams and names.out(stream) not in query.streams:
                    continue
                inside = np.isin(kinds, query.kinds) if query.kinds else np.ones(len(ids), bool)
                score = np.concatenate([best[n][0], cosines[n][inside]])
                key = np.concatenate([best[n][1], ids[inside]])
                top = np.argsort(-score)[:RECALL_AT]
                best[n] = score[top], key[top]
        database.close()
        return [{names.out(str(id)) for id in key} for _, key in best]

    return nearest
