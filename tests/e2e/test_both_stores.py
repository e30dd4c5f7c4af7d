"""What is seen and answered does not depend on where the memory lies."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from agent.answer import answer
from api.watching import watch_one
from api.wiring.house import build
from core.answers import Question
from core.ports import House
from core.settings import read_settings
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.store import Neo4jStore
from helpers.memories import everything

CLIPS = ("warehouse_retail/worker_zone.mp4", "traffic/street_vehicles_a.mp4")


@pytest.mark.slow
@pytest.mark.service
@pytest.mark.parametrize("clip", CLIPS)
def test_the_same_clip_gives_the_same_memory_and_the_same_answers_in_neo4j_as_in_sqlite(
    clip: str, clips: Path, shared: Path, tmp_path: Path, neo4j_database: Neo4jDatabase
) -> None:
    def watched(name: str) -> House:
        settings = read_settings(home=tmp_path / name)
        house = build(settings)
        if name == "neo4j":
            house = replace(house, store=Neo4jStore(neo4j_database, memory=f"t{secrets.token_hex(8)}"))
        watch_one(str(clips / clip), name="clip", zones=None, house=house, settings=settings)
        return house

    one, other = watched("sqlite"), watched("neo4j")
    assert everything(one.store) == everything(other.store)
    assert one.store.models() == other.store.models()
    lines = (shared / "data" / "ground_truth.jsonl").read_text().splitlines()
    (sheet,) = (found for line in lines if (found := json.loads(line))["clip"] == clip)
    assert sheet["questions"]
    for asked in sheet["questions"]:
        question = Question(
            text=asked["question"], streams=("clip",), choices=tuple(map(str, asked["choices"]))
        )
        said = [answer(question, store=h.store, ledger=h.ledger, frames=h.frames) for h in (one, other)]
        timeless = [replace(a, steps=tuple(replace(s, seconds=0.0) for s in a.steps)) for a in said]
        assert timeless[0] == timeless[1]
