"""Asking the memory in its own language, from either door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import NotFound
from core.memory import Table
from core.ports import House


def ask(house: House, statement: str, parameters: Mapping[str, Any], *, rows: int, seconds: float) -> Table:
    """What the statement gives. Raises `NotFound` where the memory has no query language."""
    if house.analyst is None:
        raise NotFound(
            "this memory is in SQLite, which knows no Cypher",
            next_step="set SIGHTLINE_STORE=neo4j://…, or look into the file with sqlite3 (docs/reference/memory.md)",
        )
    return house.analyst.ask(statement, parameters, rows=rows, seconds=seconds)
