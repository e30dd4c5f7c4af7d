"""Memories of every implementation for the tests that hold them against one another."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from core.ids import StreamId
from core.memory import Found, Link, Observation, Query, Want
from core.ports import Memory
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.store import Neo4jStore
from graph.plain.store import MemoryStore
from graph.sqlite.store import SqliteStore

Make = Callable[[], Memory]

PLAIN = "memory"
OTHERS = ("sqlite", pytest.param("neo4j", marks=pytest.mark.service))


def makers(kind: str, folder: Path, neo4j: Neo4jDatabase | None = None) -> Iterator[Make]:
    """One maker of fresh, empty memories of a kind; they are closed when it is done.

    Those in Neo4j lie side by side in one database, each under a name of its own, and share its connections.
    """
    made: list[MemoryStore | SqliteStore] = []
    number = itertools.count()

    def fresh() -> Memory:
        if neo4j is not None:
            return Neo4jStore(neo4j, memory=f"t{secrets.token_hex(8)}")
        store = MemoryStore() if kind == PLAIN else SqliteStore(folder / f"{next(number)}.db")
        made.append(store)
        return store

    yield fresh
    for store in made:
        store.close()


def everything(store: Memory, stream: StreamId | None = None) -> dict[Want, Found]:
    """All there is in a memory, or of one stream."""
    streams = (stream,) if stream else ()
    return {want: store.find(Query(want=want, streams=streams)) for want in Want}


def written(make: Make, history: Iterable[Observation], links: Iterable[Link] = ()) -> Memory:
    """A memory with this history."""
    store = make()
    for one in history:
        store.write(one)
    store.link(list(links))
    return store
