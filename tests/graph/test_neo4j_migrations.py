"""A Neo4j database's schema: made, brought up to date, refused."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import StoreUnavailable
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.migrations import MEMORY, Neo4jForm, migrate, ready, version
from graph.neo4j.rows import Names
from graph.neo4j.store import Neo4jStore
from helpers.observations import DOCK, coverage, entity, event, observation, relation

pytestmark = pytest.mark.service

DAY = 86_400
Steps = tuple[tuple[str, ...], ...]


@pytest.fixture
def steps(neo4j_database: Neo4jDatabase) -> Iterator[tuple[str, Steps]]:
    """A name nothing else has, and two steps that define an index each."""
    name = f"T{secrets.token_hex(6)}"
    yield (
        name,
        tuple((f"CREATE INDEX {name}_{n} IF NOT EXISTS FOR (n:{name}) ON (n.p{n})",) for n in (1, 2)),
    )
    for n in (1, 2):
        neo4j_database.run(f"DROP INDEX {name}_{n} IF EXISTS")
    neo4j_database.run("MATCH (v:SightlineSchema {name: $name}) DELETE v", {"name": name})


def defined(database: Neo4jDatabase, name: str) -> list[str]:
    rows = database.run("SHOW INDEXES YIELD name WHERE name STARTS WITH $name RETURN name", {"name": name})
    return sorted(row[0] for row in rows)


def test_missing_steps_are_taken_once(neo4j_database: Neo4jDatabase, steps: tuple[str, Steps]) -> None:
    name, (one, two) = steps
    assert migrate(neo4j_database, Neo4jForm(name=name, steps=(one,))) == (0, 1)
    assert defined(neo4j_database, name) == [f"{name}_1"]
    both = Neo4jForm(name=name, steps=(one, two))
    assert migrate(neo4j_database, both) == (1, 2)
    assert migrate(neo4j_database, both) == (2, 2)
    assert defined(neo4j_database, name) == [f"{name}_1", f"{name}_2"]
    ready(neo4j_database, both)


def test_several_may_migrate_at_once(neo4j_database: Neo4jDatabase, steps: tuple[str, Steps]) -> None:
    form = Neo4jForm(name=steps[0], steps=steps[1])
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: migrate(neo4j_database, form), range(4)))
    assert {after for _, after in done} == {2}
    assert version(neo4j_database, form) == 2
    assert len(defined(neo4j_database, form.name)) == 2


def test_an_older_and_a_newer_schema_and_another_s_database_are_refused_with_the_way_out(
    neo4j_database: Neo4jDatabase, steps: tuple[str, Steps]
) -> None:
    name, (one, two) = steps
    both = Neo4jForm(name=name, steps=(one, two))
    with pytest.raises(StoreUnavailable, match="sightline migrate"):
        ready(neo4j_database, both)  # the database holds the memory's own schema already: it is not empty
    migrate(neo4j_database, Neo4jForm(name=name, steps=(one,)))
    with pytest.raises(StoreUnavailable, match=r"version 1; this Sightline reads 2.*sightline migrate"):
        ready(neo4j_database, both)
    migrate(neo4j_database, both)
    for refuse in (ready, migrate):
        with pytest.raises(StoreUnavailable, match=r"newer Sightline.*upgrade"):
            refuse(neo4j_database, Neo4jForm(name=name, steps=(one,)))


def test_every_fact_has_its_indexes(neo4j_database: Neo4jDatabase) -> None:
    assert version(neo4j_database) == MEMORY.version
    rows = neo4j_database.run("SHOW INDEXES YIELD name, state RETURN name, state")
    states = {name: state for name, state in rows if not name.startswith("T")}
    assert {"fact_id", "event_when", "event_long", "event_words", "relation_when"} <= states.keys()
    assert set(states.values()) == {"ONLINE"}


def test_facts_of_an_older_schema_are_told_their_days(neo4j_database: Neo4jDatabase) -> None:
    names = Names(f"m{secrets.token_hex(6)}")
    store = Neo4jStore(neo4j_database, names.memory)
    spans = (
        (0, 1),
        (0, DAY),
        (DAY, 2 * DAY),
        (DAY - 1, DAY + 1),
        (5, 3 * DAY),
        (1, 31 * DAY),
        (1, 31 * DAY + 1),
    )
    told = [event("stopped", start, end, entity(n)) for n, (start, end) in enumerate(spans)]
    store.write(observation(0, *told))
    days = "MATCH (e:Event) WHERE e.id STARTS WITH $memory RETURN e.id, e.days ORDER BY e.id"
    asked = {"memory": names.prefix}
    written = neo4j_database.run(days, asked)
    assert {row[1] for row in written} >= {"d0", "d1", "d0 d1", "d0 d1 d2", "always"}
    neo4j_database.run("MATCH (e:Event) WHERE e.id STARTS WITH $memory REMOVE e.days", asked)
    (tell,) = (statement for statement in MEMORY.steps[1] if "SET f.days" in statement)
    neo4j_database.run(tell)
    assert neo4j_database.run(days, asked) == written


def test_long_facts_of_an_older_schema_are_told_how_long(neo4j_database: Neo4jDatabase) -> None:
    names = Names(f"m{secrets.token_hex(6)}")
    store = Neo4jStore(neo4j_database, names.memory)
    lasts = (60, 61, 3600, 3601, DAY, DAY + 1, 3 * DAY)
    things = [entity(n, "person", 0, seconds) for n, seconds in enumerate(lasts)]
    other = entity(99, "car")
    near = [relation(one, "near", other, 0, seconds) for one, seconds in zip(things, lasts, strict=True)]
    store.write(observation(0, other, *things, *near, coverage(0, 2 * DAY)))
    filed = (
        "MATCH (f:Entity|Coverage) WHERE f.stream_id STARTS WITH $memory RETURN f.id AS id, f.long_id AS of ORDER BY id "
        "UNION ALL MATCH ()-[f:REL]->() WHERE f.stream_id STARTS WITH $memory RETURN f.id AS id, f.long_id AS of ORDER BY id"
    )
    asked = {"memory": names.prefix}
    written = neo4j_database.run(filed, asked)
    assert len(written) == 16
    stream = names.into(DOCK)
    assert {of for _, of in written} == {None, f"{stream}:hour", f"{stream}:day", f"{stream}:longer"}
    for pattern in ("(f:Entity|Coverage)", "()-[f:REL]->()"):
        neo4j_database.run(
            f"MATCH {pattern} WHERE f.stream_id STARTS WITH $memory AND f.long_id IS NOT NULL SET f.long_id = f.stream_id",
            asked,
        )
    for _ in range(2):  # what was cut off is taken up again
        for statement in MEMORY.steps[2]:
            neo4j_database.run(statement)
        assert neo4j_database.run(filed, asked) == written
