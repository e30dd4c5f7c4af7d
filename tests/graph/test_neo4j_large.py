"""What Neo4j's own indexes do for a large memory, on a small one: as if little were much."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import Span
from core.memory import Observation, Query, Scope, Vector, Want
from graph.neo4j import like as neo4j_like
from graph.neo4j import models as neo4j_models
from graph.neo4j import pending as neo4j_pending
from graph.neo4j import words as neo4j_words
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.rows import Names
from graph.neo4j.store import Neo4jStore
from graph.plain.store import MemoryStore
from helpers.memories import everything
from helpers.observations import DOCK, WORDS, YARD, entity, event, histories, observation, queries

pytestmark = pytest.mark.service

MODEL = "large:1"
SOME = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def worded() -> st.SearchStrategy[Query]:
    """Queries by words, with other bounds besides."""
    texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
    wants = st.sampled_from([Want.EVENTS, Want.ENTITIES, Want.CAPTIONS])
    return st.builds(
        lambda q, text, want: replace(q, want=want, text=text, like=None), queries(), texts, wants
    )


def fresh(database: Neo4jDatabase) -> tuple[Neo4jStore, Names]:
    names = Names(f"l{secrets.token_hex(6)}")
    return Neo4jStore(database, names.memory), names


def settle(database: Neo4jDatabase) -> None:
    """Word indexes are a moment behind."""
    database.run("CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()")


@SOME
@given(history=histories(), asked=st.lists(worded(), min_size=2, max_size=5))
def test_words_found_by_the_index_are_ranked_as_in_the_plain_memory(
    neo4j_database: Neo4jDatabase,
    monkeypatch: pytest.MonkeyPatch,
    history: list[Observation],
    asked: list[Query],
) -> None:
    monkeypatch.setattr(neo4j_words, "FEW", 0)
    (store, _), plain = fresh(neo4j_database), MemoryStore()
    for one in history:
        store.write(one)
        plain.write(one)
    settle(neo4j_database)
    for query in asked:
        assert store.find(query) == plain.find(query)
    scope = Scope(streams=(DOCK,), span=Span.of_seconds(0, 30))
    assert store.forget(scope) == plain.forget(scope)
    settle(neo4j_database)
    for query in asked:
        assert store.find(query) == plain.find(query)


def many(count: int) -> list[Observation]:
    """As many events, half of them red, on two streams, each with a direction of its own."""
    draw = np.random.default_rng(5)
    out = []
    for n in range(count):
        stream = (DOCK, YARD)[n % 2]
        one = entity(n, "person", stream=stream, upper=("red", "blue")[n // 2 % 2])
        happened = event("stopped", n * 10 + 1, n * 10 + 2, one, stream=stream)
        where = Vector.of_row(happened.id, MODEL, draw.normal(size=16))
        out.append(observation(n, one, happened, where, stream=stream))
    return out


def test_of_very_many_the_index_s_own_score_names_the_best(
    neo4j_database: Neo4jDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = fresh(neo4j_database)
    for one in many(40):
        store.write(one)
    settle(neo4j_database)
    monkeypatch.setattr(neo4j_words, "FEW", 0)
    monkeypatch.setattr(neo4j_words, "MOST", 30)
    monkeypatch.setattr(neo4j_words, "EXACT", 10)
    found = store.find(Query(want=Want.EVENTS, streams=(DOCK,), text="red", limit=5)).events
    assert [e.span.start for e in found] == sorted(e.span.start for e in found)
    reds = {e.id for e in store.find(Query(want=Want.EVENTS, attributes={"upper": "red"})).events}
    assert len(found) == 5
    assert {e.id for e in found} <= reds
    everyone = store.find(Query(want=Want.EVENTS, text="red person", limit=40)).events
    assert len(everyone) == 40
    assert {e.id for e in everyone[:20]} == reds


def test_of_very_many_those_of_the_days_asked_for_are_found(
    neo4j_database: Neo4jDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = fresh(neo4j_database)
    for n in range(60):
        one = entity(n, "person", upper="red")
        start = n // 20 * 86_400 + n * 10  # twenty on each of three days
        store.write(observation(start // 10, one, event("stopped", start + 1, start + 2, one)))
    settle(neo4j_database)
    monkeypatch.setattr(neo4j_words, "FEW", 0)
    monkeypatch.setattr(neo4j_words, "MOST", 15)
    monkeypatch.setattr(neo4j_words, "LOOKED", 10)
    monkeypatch.setattr(neo4j_words, "EXACT", 5)
    second = Span.of_seconds(86_400, 2 * 86_400)
    asked = Query(want=Want.EVENTS, kinds=("stopped",), span=second, text="red", limit=8)
    of_second = {e.id for e in store.find(Query(want=Want.EVENTS, span=second)).events}
    found = store.find(asked).events
    assert len(found) == 8
    assert {e.id for e in found} <= of_second
    assert (
        store.find(replace(asked, limit=20)).events == store.find(Query(want=Want.EVENTS, span=second)).events
    )


def test_a_vector_index_names_the_nearest_and_what_is_written_later(
    neo4j_database: Neo4jDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store, names), plain = fresh(neo4j_database), MemoryStore()
    told = many(120)
    for one in told[:80]:
        store.write(one)
        plain.write(one)
    like = Vector.of_row("", MODEL, np.random.default_rng(6).normal(size=16))
    query = Query(want=Want.EVENTS, like=like, limit=10)
    exact = store.find(query)
    assert exact == plain.find(query)
    assert neo4j_models.index(neo4j_database, names) == []
    monkeypatch.setattr(neo4j_models, "INDEXED_FROM", 50)
    assert neo4j_models.index(neo4j_database, names) == [MODEL]
    assert neo4j_models.index(neo4j_database, names) == []
    monkeypatch.setattr(neo4j_like, "FEW", 0)
    for one in told[80:]:
        store.write(one)
        plain.write(one)
    for bound in (
        query,
        Query(want=Want.EVENTS, like=like, limit=10, streams=(YARD,), span=Span.of_seconds(0, 600)),
    ):
        found = store.find(bound)
        wanted = plain.find(bound)
        assert len({e.id for e in found.events} & {e.id for e in wanted.events}) >= 9
    assert everything(store) == everything(plain)
    assert waiting(neo4j_database, names) == 40
    assert store.unmark(MODEL) == 120
    assert not store.find(query).events
    left = neo4j_database.run(
        "MATCH (e:Event) WHERE e.id STARTS WITH $of AND e[$near] IS NOT NULL RETURN count(e)",
        {"of": names.prefix, "near": f"near:{MODEL}"},
    )
    assert left == [[0]]


def waiting(database: Neo4jDatabase, names: Names) -> int:
    """How many facts of a memory have a vector that is not in the index yet."""
    counted = "MATCH (f:Pending) WHERE f.id STARTS WITH $of RETURN count(f)"
    ((count,),) = database.run(counted, {"of": names.prefix})
    return int(count)


def test_vectors_are_brought_into_the_index_many_at_a_time_and_found_meanwhile(
    neo4j_database: Neo4jDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store, names), plain = fresh(neo4j_database), MemoryStore()
    told = many(90)
    monkeypatch.setattr(neo4j_models, "INDEXED_FROM", 20)
    monkeypatch.setattr(neo4j_like, "FEW", 0)
    monkeypatch.setattr(neo4j_pending, "ENOUGH", 25)
    for one in told[:30]:
        store.write(one)
        plain.write(one)
    assert neo4j_models.index(neo4j_database, names) == [MODEL]
    like = Query(want=Want.EVENTS, like=told[80].vectors[0], limit=5)
    with ThreadPoolExecutor(3) as pool:  # several writers, each of whom may find that there are enough
        list(pool.map(store.write, told[30:80]))
    for one in told[30:80]:
        plain.write(one)
    assert waiting(neo4j_database, names) < 25
    for one in told[80:]:
        store.write(one)
        plain.write(one)
        assert store.find(replace(like, like=one.vectors[0], limit=1)).events == one.events
    # A vector that is replaced is found by the later one, also where the index has the earlier.
    other = replace(told[0].vectors[0], values=told[80].vectors[0].values)
    for memory in (store, plain):
        memory.mark([other])
    found = store.find(replace(like, limit=2)).events
    assert {e.id for e in found} == {told[0].events[0].id, told[80].events[0].id}
    assert everything(store) == everything(plain)
    near = f"near:{MODEL}"
    missing = neo4j_database.run(
        "MATCH (e:Event) WHERE e.id STARTS WITH $of AND e[$near] IS NULL AND NOT e:Pending RETURN count(e)",
        {"of": names.prefix, "near": near},
    )
    assert missing == [[0]]
    assert store.forget(Scope(streams=(DOCK, YARD))) == plain.forget(Scope(streams=(DOCK, YARD)))
    assert waiting(neo4j_database, names) == 0


def test_what_a_writer_wrote_while_the_index_was_made_is_in_it(
    neo4j_database: Neo4jDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, names = fresh(neo4j_database)
    told = many(12)
    for one in told[:10]:
        store.write(one)
    monkeypatch.setattr(neo4j_models, "INDEXED_FROM", 5)
    near = f"near:{MODEL}"
    define = neo4j_database.define

    def meanwhile(statement: str) -> None:
        define(statement)
        if f"`{near}`" in statement and told[10:]:
            for one in (told.pop(), told.pop()):
                store.write(one)
                # That writer had read, before the index was begun, that the model has none.
                id = names.into(one.events[0].id)
                neo4j_database.run(f"MATCH (e:Fact {{id: $id}}) REMOVE e.`{near}`", {"id": id})

    monkeypatch.setattr(neo4j_database, "define", meanwhile)
    assert neo4j_models.index(neo4j_database, names) == [MODEL]
    assert len(told) == 10
    counted = "MATCH (e:Event) WHERE e.id STARTS WITH $of RETURN count(e), count(e[$near])"
    assert neo4j_database.run(counted, {"of": names.prefix, "near": near}) == [[12, 12]]


def test_an_index_waits_for_a_reader_without_holding_up_a_writer_for_ever(
    neo4j_database: Neo4jDatabase,
) -> None:
    """A reader who writes before he is done would wait for himself: behind the index, which waits for him."""
    store, _ = fresh(neo4j_database)
    name = f"between_{secrets.token_hex(4)}"
    defining = f"CREATE INDEX {name} IF NOT EXISTS FOR (f:Entity) ON (f.{name})"
    one = entity(1, "person")
    with ThreadPoolExecutor(1) as pool:
        with neo4j_database.session("READ") as session, session.begin_transaction() as reading:
            inside = "f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0"
            reading.run(f"MATCH (f:Entity) WHERE {inside} RETURN f.id", stream="none").consume()
            defined = pool.submit(neo4j_database.define, defining)
            time.sleep(1)
            assert not defined.done(), "nothing holds the index up: this shows nothing"
            store.write(observation(0, one, event("stopped", 1, 2, one)))
        defined.result(60)
    assert neo4j_database.run("SHOW INDEXES YIELD name WHERE name = $name RETURN name", {"name": name})
    neo4j_database.run(f"DROP INDEX {name}")
    assert store.find(Query(want=Want.EVENTS)).events
