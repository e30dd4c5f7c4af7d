"""Read-only Cypher: off by default, not over SQLite, and over Neo4j only what reads the graph, bounded."""

from __future__ import annotations

import json
import resource
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.wiring.house import build
from core.errors import Invalid
from core.ports import Analyst
from core.settings import Settings
from graph.neo4j import analyst as neo4j_analyst
from graph.neo4j.analyst import Neo4jAnalyst
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.store import Neo4jStore
from helpers.command import Sightline
from helpers.observations import entity, event, observation, relation, vector

KINDS = "MATCH (e:Event) WHERE e.stream_id STARTS WITH $of RETURN e.kind AS kind, count(*) AS n ORDER BY kind"


@pytest.fixture
def memory() -> str:
    return f"q{secrets.token_hex(6)}"


@pytest.fixture
def analyst(neo4j_database: Neo4jDatabase, memory: str) -> Analyst:
    store = Neo4jStore(neo4j_database, memory)
    one, other = entity(1, "person"), entity(2, "car")
    happened = [event("stopped", n, n + 1, one, zone="dock") for n in range(5)]
    store.write(
        observation(0, one, other, *happened, relation(one, "near", other, 1, 2), vector(one.id, 1, 2))
    )
    return Neo4jAnalyst(neo4j_database)


@pytest.mark.service
def test_what_is_asked_comes_in_columns_and_rows(analyst: Analyst, memory: str) -> None:
    told = analyst.ask(KINDS, {"of": memory})
    assert (told.columns, told.rows, told.more) == (("kind", "n"), (("stopped", 5),), False)
    (row,) = analyst.ask(
        "MATCH p = (a:Entity)-[r:REL]->(b) WHERE a.stream_id STARTS WITH $of RETURN a, r, p, [1, {x: 2.5}], null",
        {"of": memory},
    ).rows
    node, edge, path, values, nothing = row
    assert (node["labels"], node["properties"]["label"]) == (["Entity", "Fact"], "person")
    assert not [key for key in node["properties"] if key.startswith("vector:")]
    assert (edge["type"], edge["properties"]["predicate"]) == ("REL", "near")
    assert (path[0], path[1], len(path)) == (node, edge, 3)
    assert (values, nothing) == ([1, {"x": 2.5}], None)
    json.dumps(row)


@pytest.mark.service
def test_rows_and_time_are_bounded(analyst: Analyst) -> None:
    told = analyst.ask("UNWIND range(1, 100) AS n RETURN n", {}, rows=7)
    assert (len(told.rows), told.more) == (7, True)
    slow = "UNWIND range(1, 1000000000) AS n WITH n WHERE n % 7 = 8 RETURN n"
    with pytest.raises(Invalid, match=r"longer than 0.2 s"):
        analyst.ask(slow, {}, seconds=0.2)
    with pytest.raises(Invalid, match="too large"):
        analyst.ask("RETURN range(1, 3000000) AS n", {})


@pytest.mark.service
@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("CREATE (n:Event {id: 'x'}) RETURN n", "more than read"),
        ("MATCH (n:Event) SET n.kind = 'x'", "more than read"),
        ("MATCH (n) DETACH DELETE n", "more than read"),
        ("MERGE (n:Model {key: 'x'})", "more than read"),
        ("CREATE INDEX x FOR (n:X) ON (n.y)", "more than read"),
        ("DROP INDEX event_when", "more than read"),
        ("CALL db.createLabel('x')", "procedure db.createLabel may not"),
        ("CALL db.ping()", "procedure db.ping may not"),
        ("MATCH (n) CALL db.info() YIELD name RETURN n, name", "procedure db.info may not"),
        ("CALL dbms.listConfig()", "procedure dbms.listConfig may not"),
        ("CALL dbms.components()", "procedure dbms.components may not"),
        ("SHOW SETTINGS", "more than read"),
        ("SHOW USERS", "more than read"),
        ("SHOW TRANSACTIONS", "more than read"),
        ("TERMINATE TRANSACTIONS 'neo4j-transaction-1'", "more than read"),
        ("ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'longer-than-eight'", "more than read"),
        ("LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line", "more than read"),
        (
            "MATCH (n) CALL { WITH n LOAD CSV FROM 'http://127.0.0.1/' AS line RETURN line } RETURN line",
            "more than read",
        ),
        ("MATCH (n) CALL { WITH n CREATE (:X) } IN TRANSACTIONS", "more than read"),
        ("PROFILE MATCH (n) RETURN n", "refuses"),
        ("MATCH (n) RETURN n; MATCH (m) DELETE m", "refuses"),
        ("MATCH (n) RETRUN n", "refuses"),
        ("MATCH (n) WHERE n.id = $absent RETURN n", "refuses"),
        ("", "refuses"),
    ],
)
def test_what_does_more_than_read_the_graph_is_refused(
    analyst: Analyst, neo4j_database: Neo4jDatabase, statement: str, why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        analyst.ask(statement, {})
    assert neo4j_database.run("MATCH (n) WHERE n:X OR n.id = 'x' OR n.key = 'x' RETURN count(n)") == [[0]]


@pytest.mark.service
@pytest.mark.parametrize(
    "statement",
    [
        "CALL db.index.fulltext.queryNodes('event_words', 'dock') YIELD node RETURN node",
        "CALL db.labels()",
        "CALL db.relationshipTypes()",
        "CALL db.schema.nodeTypeProperties()",
        "MATCH (n:Model) CALL db.propertyKeys() YIELD propertyKey RETURN n, propertyKey",
    ],
)
def test_what_tells_of_the_graph_may_be_called(analyst: Analyst, statement: str) -> None:
    assert analyst.ask(statement, {}).columns


@pytest.mark.service
@pytest.mark.parametrize(
    "statement",
    [
        "RETURN range(1, 300000000) AS n",
        "RETURN reduce(s = '1234567890', x IN range(1, 23) | s + s) AS n",
    ],
)
def test_an_answer_of_any_size_is_given_up_before_it_is_held(analyst: Analyst, statement: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(
        Invalid, match=r"too large|more memory than Neo4j has"
    ):  # a small server gives up first
        analyst.ask(statement, {})
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**19, "KiB"
    assert analyst.ask("RETURN 1", {}).rows == ((1,),)


@pytest.mark.service
def test_bytes_are_counted_as_they_come_in(analyst: Analyst, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = "UNWIND range(1, 100) AS x RETURN range(1, 1000) AS n"
    assert len(analyst.ask(wide, {}).rows) == 100
    monkeypatch.setattr(neo4j_analyst, "_MOST_BYTES", 2**16)
    for statement in (wide, "RETURN range(1, 100000) AS n"):
        with pytest.raises(Invalid, match="too large"):
            analyst.ask(statement, {})
    assert analyst.ask("RETURN range(1, 1000)", {}).rows


@pytest.mark.service
@pytest.mark.parametrize("value", [2**63, [-(2**63) - 1], {"a": {"b": 10**30}}, "half \ud800", {"\udfff": 1}])
def test_what_neo4j_cannot_take_in_is_refused(analyst: Analyst, value: object) -> None:
    with pytest.raises(Invalid, match=r"64 bits|half a character"):
        analyst.ask("RETURN $a", {"a": value})
    assert analyst.ask("RETURN $a", {"a": [2**63 - 1, -(2**63)]}).rows == (([2**63 - 1, -(2**63)],),)


def test_it_is_off_unless_it_is_set(door) -> None:  # type: ignore[no-untyped-def]
    answer = door.client.post("/v1/graph/query", json={"query": "MATCH (n) RETURN n"})
    assert answer.status_code == 403
    assert "SIGHTLINE_GRAPH_QUERY" in answer.json()["next_step"]


def test_sqlite_has_no_cypher(door) -> None:  # type: ignore[no-untyped-def]
    context = door.app.state.context
    door.app.state.context = replace(
        context, settings=context.settings.model_copy(update={"graph_query": True})
    )
    answer = door.client.post("/v1/graph/query", json={"query": "MATCH (n) RETURN n"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "SQLite" in answer.json()["detail"]


@pytest.fixture
def served(door, analyst: Analyst) -> Iterator[None]:  # type: ignore[no-untyped-def]
    context = door.app.state.context
    settings = context.settings.model_copy(update={"graph_query": True})
    door.app.state.context = replace(
        context, settings=settings, house=replace(context.house, analyst=analyst)
    )
    return


@pytest.mark.service
@pytest.mark.usefixtures("served")
def test_it_is_asked_over_http(door, memory: str) -> None:  # type: ignore[no-untyped-def]
    answer = door.client.post("/v1/graph/query", json={"query": KINDS, "parameters": {"of": memory}})
    assert answer.json() == {"columns": ["kind", "n"], "rows": [["stopped", 5]], "more": False}
    wrong = door.client.post("/v1/graph/query", json={"query": "CREATE (n)"})
    assert (wrong.status_code, wrong.json()["title"]) == (422, "Invalid")
    assert door.client.post("/v1/graph/query", json={"query": "RETURN 1", "limit": 0}).status_code == 422
    large = {"query": "RETURN $n", "parameters": {"n": 2**64}}
    assert door.client.post("/v1/graph/query", json=large).status_code == 422
    assert door.anonymous().post("/v1/graph/query", json={"query": "RETURN 1"}).status_code == 401


@pytest.mark.service
def test_it_is_asked_from_the_command_line(home: Path, neo4j_url: str, analyst: Analyst) -> None:
    line = Sightline(home, store=neo4j_url)
    assert line.run("cypher", "RETURN 1 AS one, 'x' AS two", "--json").json == {
        "columns": ["one", "two"], "rows": [[1, "x"]], "more": False,
    }  # fmt: skip
    assert "one" in line.run("cypher", "RETURN 1 AS one").out
    assert "more than read" in line.run("cypher", "CREATE (n)", expect=2).err
    assert build(Settings(home=home)).analyst is None
