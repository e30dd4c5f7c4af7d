"""The worked queries of the reference page, run as they stand there."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest

from core.memory import Link
from graph.neo4j.analyst import Neo4jAnalyst
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.store import Neo4jStore
from helpers.observations import YARD, coverage, entity, event, observation

pytestmark = pytest.mark.service

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "memory.md"
WORKED = re.findall(r"```cypher\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def memory(neo4j_database: Neo4jDatabase) -> str:
    """A memory in which each of them finds something."""
    name = f"r{secrets.token_hex(6)}"
    store = Neo4jStore(neo4j_database, name)
    ann, truck = entity(1, "person", upper="red"), entity(2, "forklift", colour="red")
    again = entity(3, "forklift", stream=YARD, colour="red")
    near_miss, fell = event("near_miss", 2, 3, truck, ann, zone="dock"), event("fell", 4, 6, ann)
    store.write(observation(0, ann, truck, near_miss, fell, coverage(0, 10)))
    store.write(observation(0, again, event("left", 5, None, again, stream=YARD), stream=YARD))
    store.link([Link(one=truck.id, other=again.id, score=0.8, source="test")])
    return name


def test_there_are_some() -> None:
    assert len(WORKED) >= 5


@pytest.mark.parametrize("statement", WORKED)
def test_each_finds_something(neo4j_database: Neo4jDatabase, memory: str, statement: str) -> None:
    told = Neo4jAnalyst(neo4j_database).ask(statement, {})
    assert told.rows
