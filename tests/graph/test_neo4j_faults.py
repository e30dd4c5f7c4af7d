"""A Neo4j that goes away in mid-ingest: work waits and goes on; nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from conftest import absent

from bench.neo4j_server import Missing, Neo4jServer
from core.errors import StoreUnavailable
from core.memory import Observation, Query, Want
from graph.neo4j.address import Address
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.migrations import ready
from graph.neo4j.store import Neo4jStore
from graph.plain.store import MemoryStore
from helpers.memories import everything
from helpers.observations import caption, coverage, entity, event, observation, track, vector

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """A server that may be stopped."""
    server = Neo4jServer(tmp_path_factory.mktemp("neo4j"))
    try:
        server.start()
    except Missing as why:
        absent(f"Neo4j ({why})")
    yield server
    server.stop(hard=True)


def opened(server: Neo4jServer, memory: str, **patience: float) -> Neo4jStore:
    database = Neo4jDatabase(Address.of(server.url), **patience)
    ready(database)
    return Neo4jStore(database, memory)


def seen(index: int) -> Observation:
    start = index * 10
    one, other = entity(index, "person", start, start + 9), entity(1000 + index, "car", start, start + 8)
    near_miss = event("near_miss", start + 1, start + 2, one, other, zone="dock")
    return observation(
        index, one, other, track(index, start, start + 9), near_miss, caption(index, "a car comes near"),
        coverage(start, start + 10), vector(near_miss.id, 1, index + 1),
    )  # fmt: skip


@pytest.mark.parametrize("hard", [False, True], ids=["stopped", "killed"])
def test_a_restart_in_mid_ingest_is_waited_for_as_long_as_patience_lasts(
    server: Neo4jServer, hard: bool
) -> None:
    store, plain = opened(server, f"restart-{hard}".lower()), MemoryStore()
    hasty = opened(server, "hasty", patience_s=1.0)
    done: list[int] = []
    failed: list[BaseException] = []
    enough = threading.Event()

    def ingest() -> None:
        try:
            while not enough.is_set() or len(done) < 30:
                store.write(seen(len(done)))
                done.append(len(done))
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    writer = threading.Thread(target=ingest)
    writer.start()
    while len(done) < 10 and not failed:
        time.sleep(0.01)
    server.stop(hard=hard)
    acknowledged = len(done)
    for do in (lambda: hasty.write(seen(0)), lambda: hasty.find(Query(want=Want.EVENTS))):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"does not answer.*docs/howto/neo4j\.md") as raised:
            do()
        assert time.monotonic() - began < 30
        assert server.password not in str(raised.value)
    server.start()
    before = len(done)
    until = time.monotonic() + 60
    while len(done) < before + 10 and not failed and time.monotonic() < until:
        time.sleep(0.01)
    enough.set()
    writer.join(120)
    assert not failed, failed
    assert len(done) > acknowledged
    for index in done:
        plain.write(seen(index))
    assert everything(store) == everything(plain)
    assert store.models() == plain.models()
    hasty.write(seen(0))
    store.close()
    hasty.close()
