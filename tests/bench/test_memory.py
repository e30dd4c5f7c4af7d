"""The long life that memories are measured with, the peer they are measured beside, and the deaths they survive."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from bench.figures import Figure, p95
from bench.memory import ask, cli, raw, sqlite
from bench.memory.faults import campaign
from bench.memory.fill import fill, there
from bench.memory.life import EVENTS_EACH, Life
from core.memory import Query, Want
from graph.plain.store import MemoryStore
from graph.sqlite.database import Database
from graph.sqlite.migrations import MEMORY
from graph.sqlite.store import SqliteStore
from helpers.memories import everything

SMALL = Life(events=300, streams=4, days=2)


def test_the_same_life_is_lived_again_from_any_moment() -> None:
    whole = list(SMALL.told(0, SMALL.observations))
    assert list(SMALL.told(20, 30)) == whole[20:30]
    assert sum(len(one.events) for one in whole) == SMALL.events
    assert len({e.id for one in whole for e in one.events}) == SMALL.events
    assert {one.chunk.stream_id for one in whole} == {SMALL.stream(n) for n in range(4)}
    assert all(len(one.vectors) == EVENTS_EACH and len(one.events[0].participants) == 2 for one in whole)
    assert list(replace(SMALL, seed=8).told(0, 5)) != whole[:5]


def test_filling_goes_on_where_it_stopped(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "memory.db")
    assert fill(store, SMALL, 10) == 10
    assert there(store, SMALL) == 10
    assert fill(store, SMALL, 10, seconds=0) == 10
    assert fill(store, SMALL, SMALL.observations) == SMALL.observations
    assert len(store.find(Query(want=Want.EVENTS)).events) == SMALL.events
    store.close()


def test_the_peer_writes_what_the_store_writes(tmp_path: Path) -> None:
    observations = list(SMALL.told(0, 20))
    database = Database(tmp_path / "raw.db", MEMORY)
    rows = raw.caught(database, observations)
    with database.read() as db:
        assert db.execute("SELECT count(*) FROM chunks").get == 0
    for one in rows:
        raw.insert(database, one)
    database.close()
    plain, peer = MemoryStore(), SqliteStore(tmp_path / "raw.db")
    for one in observations:
        plain.write(one)
    assert everything(peer) == everything(plain)
    text = Query(want=Want.EVENTS, text="red person left")
    assert peer.find(text) == plain.find(text)
    assert peer.models() == plain.models()
    peer.close()
    assert raw.sound(str(tmp_path / "raw.db"))


def test_the_exact_nearest_are_those_of_the_plain_memory(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/memory.db"
    store, plain = sqlite.open_store(url), MemoryStore()
    fill(store, SMALL, SMALL.observations)
    for one in SMALL.told(0, SMALL.observations):
        plain.write(one)
    kinds = {kind.name: kind for kind in ask.kinds(SMALL)}
    for name in ("likeness, everything", "likeness, one stream of them", "likeness, a rare kind"):
        query = kinds[name].ask(random.Random(1))
        (best,) = sqlite.exact(url)([query])
        assert best == {e.id for e in plain.find(replace(query, limit=10)).events}
        assert ask.recall(store, SMALL, [query], lambda _, known=best: known) == 1  # type: ignore[misc]
    store.close()


def test_a_figure_says_whether_it_is_enough() -> None:
    assert Figure(name="a", value=2, least=1, most=3).met
    assert Figure(name="a", value=4, least=1, most=3).met is False
    assert Figure(name="a", value=4).met is None
    assert p95([n / 1000 for n in range(1, 101)]) == pytest.approx(95)


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_when_the_writer_is_killed_at_any_point(tmp_path: Path) -> None:
    told = campaign(f"sqlite:///{tmp_path}/memory.db", sqlite.open_store, sqlite.sound, 5, seed=2)
    assert told.whole, told
    assert told.written > 0
    assert told.slowest_s < 10


@pytest.mark.slow
def test_the_short_bench_prints_every_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--events", "600", "--streams", "4", "--days", "2", "--json", str(tmp_path / "figures.json")]
    cli.main(arguments)
    rows = json.loads((tmp_path / "figures.json").read_text())["figures"]
    names = [row["name"] for row in rows]
    assert len(names) == len({*names}) > 15
    assert "full over empty" in capsys.readouterr().out
    assert all(row["value"] >= 0.95 for row in rows if row["name"].startswith("recall"))
