"""A memory in Neo4j copied while it is written, and in parts."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from neo4j import ManagedTransaction

from core.clock import Span
from core.memory import Observation, Query, Scope, Want
from graph.neo4j import copy as neo4j_copy
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.rows import Names
from graph.neo4j.store import Neo4jStore
from graph.plain.store import MemoryStore
from helpers.memories import everything
from helpers.observations import (
    DOCK,
    YARD,
    caption,
    coverage,
    entity,
    event,
    observation,
    relation,
    track,
    vector,
)

pytestmark = pytest.mark.service


def seen(index: int) -> Observation:
    start = index * 10
    one, other = entity(1, "person", 0, start + 9), entity(1000 + index, "car", start, start + 8)
    met = event("near_miss", start + 1, start + 2, one, other, zone="dock")
    return observation(
        index, one, other, track(1, start, start + 9), met, caption(index, "a car comes near"), coverage(start, start + 10),
        relation(one, "near", other, start, start + 1), vector(met.id, 1, index + 1), vector(one.id, 2, index + 1),
    )  # fmt: skip


def fresh(database: Neo4jDatabase) -> tuple[Neo4jStore, Names]:
    names = Names(f"c{secrets.token_hex(6)}")
    return Neo4jStore(database, names.memory), names


class Between:
    """A transaction that lets somebody else do something before its nth statement."""

    def __init__(self, tx: ManagedTransaction, nth: int, do: Any) -> None:
        self._tx, self._left, self._do = tx, nth, do

    def run(self, *args: Any, **values: Any) -> Any:
        if self._left == 0:
            self._do()
        self._left -= 1
        return self._tx.run(*args, **values)


@pytest.mark.parametrize("nth", range(5))
def test_what_is_written_and_forgotten_meanwhile_does_no_harm(
    neo4j_database: Neo4jDatabase, nth: int
) -> None:
    store, names = fresh(neo4j_database)
    for index in range(4):
        store.write(seen(index))

    def meanwhile() -> None:
        store.write(seen(4))
        store.forget(Scope(streams=(DOCK,), span=Span.of_seconds(0, 10)))

    cut = neo4j_database.read(
        lambda tx: neo4j_copy.windows(Between(tx, nth, meanwhile), names, DOCK)  # type: ignore[arg-type]
    )
    told = [
        one
        for window in cut
        for one in neo4j_database.read(lambda tx, w=window: neo4j_copy.observations(tx, names, w))  # type: ignore[misc]
    ]
    assert {one.chunk.index for one in told} >= {1, 2, 3}
    left = {e.id for e in store.find(Query(want=Want.EVENTS, span=Span.of_seconds(10, 40))).events}
    assert {e.id for one in told for e in one.events} >= left


def test_forgetting_between_two_windows_does_no_harm(
    neo4j_database: Neo4jDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neo4j_copy, "AT_ONCE", 1)
    store, _ = fresh(neo4j_database)
    for index in range(4):
        store.write(seen(index))
    copying = store.observations()
    first = next(copying)
    store.forget(Scope(streams=(DOCK,), span=Span.of_seconds(10, 30)))
    store.write(seen(4))
    assert [one.chunk.index for one in (first, *copying)] == [0, 3]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_in_parts_it_is_the_same_as_at_once(
    neo4j_database: Neo4jDatabase, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    store, _ = fresh(neo4j_database)
    for index in (2, 0, 3, 1, 4):
        store.write(seen(index))
    yard = entity(9, "person", stream=YARD)
    store.write(observation(0, yard, event("stopped", 1, 2, yard, stream=YARD), stream=YARD))
    store.forget(Scope(streams=(DOCK,), span=Span.of_seconds(40, 50)))
    whole = list(store.observations())
    monkeypatch.setattr(neo4j_copy, "AT_ONCE", at_once)
    assert list(store.observations()) == whole
    copy = MemoryStore()
    for one in whole:
        copy.write(one)
    assert everything(copy) == everything(store)


def test_a_zone_goes_with_its_last_event(neo4j_database: Neo4jDatabase) -> None:
    store, names = fresh(neo4j_database)

    def zones() -> int:
        found = neo4j_database.run(
            "MATCH (z:Zone) WHERE z.id STARTS WITH $of RETURN count(z)", {"of": names.prefix}
        )
        return int(found[0][0])

    for index in range(3):
        store.write(seen(index))
    store.forget(Scope(streams=(DOCK,), span=Span.of_seconds(0, 10)))
    assert zones() == 1
    store.forget(Scope(entities=(entity(1).id, entity(1001).id, entity(1002).id)))
    assert zones() == 0
    assert len(list(store.observations())) == 2
