"""The life in Neo4j, whose files its own importer makes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.memory import offline
from bench.memory.life import MODEL, Life
from bench.neo4j_server import Missing, Neo4jServer
from core.memory import Query, Want
from graph.neo4j.store import Neo4jStore
from graph.plain.store import MemoryStore
from helpers.memories import everything

pytestmark = [pytest.mark.service, pytest.mark.slow]

SMALL = Life(events=300, streams=4, days=2)


def test_the_importer_s_files_are_what_the_store_writes(tmp_path: Path) -> None:
    server = Neo4jServer(tmp_path / "neo4j")
    try:
        offline.make(server, SMALL, SMALL.observations - 10)
    except Missing as why:
        pytest.skip(str(why))
    try:
        store, plain = Neo4jStore.of(server.url), MemoryStore()
        for at, one in enumerate(SMALL.told(0, SMALL.observations)):
            plain.write(one)
            if at >= SMALL.observations - 10:
                store.write(one)
        assert everything(store) == everything(plain)
        assert store.models() == plain.models() == {MODEL: SMALL.events}
        rare = Query(want=Want.EVENTS, kinds=("left",), text="red person", limit=20)
        assert store.find(rare) == plain.find(rare)
        without = store.database.run(
            "MATCH (e:Event) WHERE e[$near] IS NULL AND NOT e:Pending RETURN count(e)",
            {"near": f"near:{MODEL}"},
        )
        assert without == [[0]]
        store.close()
    finally:
        server.stop()
        shutil.rmtree(server.home)
