"""Memories of every implementation for the tests that hold them against one another."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from core.ids import StreamId
from core.memory import Found, Link, Observation, Query, Want
from core.ports import Memory
from graph.memory_store import MemoryStore
from graph.sqlite_store import SqliteStore

Make = Callable[[], Memory]

PLAIN = "memory"
OTHERS = ("sqlite",)


def makers(kind: str, folder: Path) -> Iterator[Make]:
    """One maker of fresh, empty memories of a kind; they are closed when it is done."""
    made: list[Memory] = []
    number = itertools.count()

    def fresh() -> Memory:
        store = MemoryStore() if kind == PLAIN else SqliteStore(folder / f"{next(number)}.db")
        made.append(store)
        return store

    yield fresh
    for store in made:
        store.close()  # type: ignore[attr-defined]


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
