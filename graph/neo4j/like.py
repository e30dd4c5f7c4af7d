"""Finding what is alike in Neo4j: every vector inside the bounds where those are few, else its vector index; the
order always by `graph/near.py` over the half-precision numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from neo4j import ManagedTransaction

from core.memory import Query, Vector
from graph import near
from graph.neo4j import models as neo4j_models
from graph.neo4j.bounds import LABELS, Bounds, bounds
from graph.neo4j.rows import Names, vector_property

FEW = 20_000
"""So many vectors inside the bounds are read and measured one by one, index or not."""
_ASKED = (500, 5000)
"""How many neighbours the index is asked for, and for how many more where too few of those are inside the bounds."""
_SPARE = 3
"""So many times as many as are wanted must come back inside the bounds, or all are measured."""

Found = list[list[Any]]
"""Ids, starts and vectors."""


def nearest(tx: ManagedTransaction, names: Names, query: Query) -> list[tuple[str, bytes]]:
    """The ids (the database's) of what has a vector of the model inside the query's bounds, the nearest first, each
    with that vector's numbers.
    """
    like = query.like
    if like is None or query.limit == 0:
        return []
    inside = bounds(names, query)
    found = _by_index(tx, names, query, inside, like)
    if found is None:
        found = _every(tx, inside, like.model)
    if not found:
        return []
    near.check_length(like, len(found[0][2]) // 2)
    ids = np.array([id for id, _, _ in found])
    starts = np.array([start for _, start, _ in found])
    rows = np.frombuffer(b"".join(values for _, _, values in found), "<f2").reshape(len(found), -1)
    order = np.lexsort((ids, starts, -near.nearness(rows, like.row)))
    return [(found[n][0], bytes(found[n][2])) for n in order[: query.limit].tolist()]


def _every(tx: ManagedTransaction, inside: Bounds, model: str) -> Sequence[Sequence[Any]]:
    # Lists of many together take a fraction of the time that as many records do.
    statement = (
        f"{inside.matched()} WITH f, f[$vector] AS values WHERE values IS NOT NULL "
        "WITH f.stream_id AS stream, collect(f.id) AS ids, collect(f.start_us) AS starts, collect(values) AS rows "
        "RETURN ids, starts, rows"
    )
    lists = tx.run(statement, {**inside.values, "vector": vector_property(model)}).values()
    return [row for ids, starts, rows in lists for row in zip(ids, starts, rows, strict=True)]


def _by_index(
    tx: ManagedTransaction, names: Names, query: Query, inside: Bounds, like: Vector
) -> Sequence[Sequence[Any]] | None:
    """What the vector index names, or None where there is none, few are inside the bounds, or it names too few."""
    if query.limit is None or not inside.streams:
        return None
    index = neo4j_models.index_of(tx, names, like, LABELS[query.want])
    if index is None:
        return None
    count = f"{inside.matched()} WITH f LIMIT {FEW + 1} RETURN count(f)"
    if tx.run(count, inside.values).values()[0][0] <= FEW:
        return None
    conditions = [*inside.conditions, f"f.stream_id IN {'$streams' if query.streams else 'every'}"]
    if query.span is not None:
        conditions += ["f.start_us < $end", "f.end_us > $start"]
    statement = (
        "MATCH (s:Stream {memory: $memory}) WITH collect(s.id) AS every "
        "CALL db.index.vector.queryNodes($index, $asked, $numbers) YIELD node AS f "
        f"WHERE {' AND '.join(conditions)} RETURN f.id, f.start_us, f[$vector]"
    )
    values = {
        **inside.values,
        "memory": names.memory,
        "index": index,
        "numbers": [float(n) for n in like.row],
        "vector": vector_property(like.model),
    }
    for asked in _ASKED:
        found = tx.run(statement, {**values, "asked": max(asked, _SPARE * query.limit)}).values()
        if len(found) >= _SPARE * query.limit:
            return found
    return None
