"""Read-only Cypher for analysts: planned before it is run, run where nothing can be written, cut off in rows and time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from neo4j import READ_ACCESS, Result
from neo4j import Query as Statement
from neo4j.exceptions import ClientError, Neo4jError, ServiceUnavailable, SessionExpired
from neo4j.graph import Node, Path, Relationship

from core.errors import Invalid, StoreUnavailable
from core.memory import Table
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.inflow import bounded

_MOST_CELLS = 1_000_000
"""So many numbers, words and list members one answer holds at most: what a program can take in at once."""
_MOST_BYTES = 32 * 2**20
"""So many bytes of one answer are taken in from Neo4j; made into Python's lists they come to about ten times as many."""
_INT64 = range(-(2**63), 2**63)
_READS = "r"
_REFUSED = ("LoadCSV", "Show", "Terminate", "AdministrationCommand")
"""What reads other things than the graph (files and addresses, settings, other people's queries), or ends those."""
_PROCEDURES = re.compile(
    r"db\.(?:index\.fulltext\.query(?:Nodes|Relationships)|index\.vector\.query(?:Nodes|Relationships)"
    r"|labels|relationshipTypes|propertyKeys|schema\.\w+)"
)
"""What may be called. A procedure can say of itself that it only reads and still read files and addresses (APOC's)."""


class Neo4jAnalyst:
    """An `Analyst` over a Neo4j database: all of it, with every memory in it."""

    def __init__(self, database: Neo4jDatabase) -> None:
        self._db = database

    def ask(
        self, statement: str, parameters: Mapping[str, Any], /, *, rows: int = 1000, seconds: float = 10.0
    ) -> Table:
        """The first rows. Raises `Invalid` for what is no Cypher, what would write or look outside the graph, and what
        takes too long or brings too much.
        """
        _check_parameters([statement, parameters])
        with self._db.session(READ_ACCESS, fetch_size=rows + 1) as session:
            try:
                self._check(session.run("EXPLAIN " + statement, dict(parameters)))
                result = session.run(Statement(statement, timeout=seconds), dict(parameters))
                with bounded(session, _MOST_BYTES) as inflow:
                    try:
                        return self._told(result, rows)
                    except (ServiceUnavailable, SessionExpired) as error:
                        if inflow.passed:
                            raise _too_large() from error
                        raise
            except ClientError as error:
                raise _refused(error, seconds) from error
            except Neo4jError as error:
                if "OutOfMemory" in str(error.code) or "MemoryPool" in str(error.code):
                    raise Invalid(
                        "the query needs more memory than Neo4j has", next_step="ask for less at once"
                    ) from error
                raise StoreUnavailable(
                    f"the query failed: {error.code}", next_step="look into Neo4j's logs"
                ) from error

    def _check(self, planned: Result) -> None:
        summary = planned.consume()
        steps = [*_operators(summary.plan or {})]
        for called in _called(summary.plan or {}):
            if not _PROCEDURES.fullmatch(called):
                raise Invalid(
                    f"the procedure {called} may not be called here",
                    next_step="use MATCH, or db.index.fulltext.queryNodes, db.index.vector.queryNodes, db.labels, "
                    "db.relationshipTypes, db.propertyKeys, db.schema.*",
                )
        if summary.query_type != _READS or any(step.startswith(_REFUSED) for step in steps):
            raise Invalid(
                "the query does more than read the graph",
                next_step="use MATCH, WHERE, RETURN …; nothing can be written, loaded, shown or ended here",
            )

    def _told(self, result: Result, rows: int) -> Table:
        columns = tuple(result.keys())
        out: list[tuple[Any, ...]] = []
        room = _MOST_CELLS
        more = False
        for record in result:
            if len(out) == rows:
                more = True
                break
            row = tuple(_plain(value) for value in record.values())
            room -= sum(1 for value in row for _ in _cells(value))
            if room < 0:
                raise _too_large()
            out.append(row)
        result.consume()
        return Table(columns=columns, rows=tuple(out), more=more)


def _operators(plan: Mapping[str, Any]) -> Iterator[str]:
    yield str(plan.get("operatorType", ""))
    for child in plan.get("children", ()):
        yield from _operators(child)


def _called(plan: Mapping[str, Any]) -> Iterator[str]:
    """The procedures a plan calls: their steps' details begin with the name, as `db.labels() :: …`."""
    if str(plan.get("operatorType", "")).startswith("ProcedureCall"):
        yield str(plan.get("args", {}).get("Details", "")).partition("(")[0].strip()
    for child in plan.get("children", ()):
        yield from _called(child)


def _check_parameters(value: Any) -> None:
    """Raises `Invalid` for what JSON can say and Neo4j cannot take in."""
    match value:
        case int() if value not in _INT64:
            raise Invalid("a number is too large for Neo4j", next_step="whole numbers have 64 bits there")
        case str() if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
            raise Invalid("a text holds half a character", next_step="send text as UTF-8")
        case Mapping():
            for key, each in value.items():
                _check_parameters(key)
                _check_parameters(each)
        case list() | tuple():
            for each in value:
                _check_parameters(each)


def _too_large() -> Invalid:
    return Invalid("the answer is too large", next_step="return less of each thing, or fewer rows")


def _refused(error: ClientError, seconds: float) -> Invalid:
    code, words = str(error.code), str(error.message or "").partition("\n")[0]
    if "TransactionTimedOut" in code or "Terminated" in code:
        return Invalid(f"the query took longer than {seconds:g} s", next_step="bound it by stream or time")
    return Invalid(
        f"Neo4j refuses the query: {words}", next_step="docs/reference/memory.md has the schema and examples"
    )


def _plain(value: Any) -> Any:
    """A value as JSON has it: nodes and edges as their properties, bytes (vectors, track points) left out."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes() | bytearray():
            return None
        case Node():
            return {"labels": sorted(value.labels), "properties": _properties(value)}
        case Relationship():
            return {"type": value.type, "properties": _properties(value)}
        case Path():
            parts: list[Any] = [_plain(value.nodes[0])]
            for edge, node in zip(value.relationships, value.nodes[1:], strict=True):
                parts += [_plain(edge), _plain(node)]
            return parts
        case Mapping():
            return _properties(value)
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in value]
        case _:
            return str(value)


def _properties(value: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: each for key, each in value.items() if not isinstance(each, bytes | bytearray)}
    return {key: _plain(each) for key, each in kept.items() if not key.startswith("near:")}


def _cells(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _cells(each)
    elif isinstance(value, list):
        for each in value:
            yield from _cells(each)
    elif isinstance(value, str):
        yield from range(1 + len(value) // 100)
    else:
        yield value
