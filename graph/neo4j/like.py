"""Finding what is alike in Neo4j: every vector inside the bounds where those are few, else its vector index; the
order always by `graph/near.py` over the half-precision numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from neo4j import ManagedTransaction

from core.memory import Query, Vector
from graph import near
from graph.neo4j import models as neo4j_models
from graph.neo4j.bounds import LABELS, Bounds, bounds
from graph.neo4j.number import Number
from graph.neo4j.rows import Names, vector_property

FEW = 20_000
"""So many vectors inside the bounds are read and measured one by one, index or not."""
_ASKED = (300, 1000, 5000)
"""How many neighbours the index is asked for, and for how many more where too few of those are inside the bounds. It
looks the more thoroughly the more it is asked for: of a million, 20 hold 0.81 of the ten nearest, 100 hold 0.965, 200 hold 0.99.
"""
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
        found = _every(tx, inside, query, like)
    return [(id, bytes(values)) for id, _, values in _in_order(found, like)[: query.limit]]


def _in_order(found: Found, like: Vector) -> Found:
    """The nearest first, then by start and id."""
    if not found:
        return []
    ids, starts = np.array([id for id, _, _ in found]), np.array([start for _, start, _ in found])
    order = np.lexsort((ids, starts, -_nearness([values for *_, values in found], like)))
    return [found[n] for n in order.tolist()]


def _nearness(rows: Sequence[bytes], like: Vector) -> npt.NDArray[np.float64]:
    near.check_length(like, len(rows[0]) // 2)
    return near.nearness(np.frombuffer(b"".join(rows), "<f2").reshape(len(rows), -1), like.row)


def _every(tx: ManagedTransaction, inside: Bounds, query: Query, like: Vector) -> Found:
    """What is inside and has a vector: all of it, or, of many, the nearest and what begins when one of these does.

    Of many, their vectors and starts alone are read at first: an index has the starts, and reading ids takes as long as
    vectors. Lists of many together take a fraction of the time that as many records do.
    """
    values = {**inside.values, "vector": vector_property(like.model)}
    lead = inside.matched()
    if query.limit is not None and inside.streams:
        lists = tx.run(
            f"{lead} WITH f.stream_id AS stream, f.start_us AS start, f[$vector] AS row WHERE row IS NOT NULL "
            "WITH stream, collect(start) AS starts, collect(row) AS rows RETURN stream, starts, rows",
            values,
        ).values()
        begin = [(stream, start) for stream, starts, _ in lists for start in starts]
        if len(begin) > query.limit:
            score = _nearness([row for *_, rows in lists for row in rows], like)
            least = -np.partition(-score, query.limit - 1)[query.limit - 1]
            values["begin"] = [list(at) for at in {begin[n] for n in np.flatnonzero(score >= least).tolist()}]
            lead = (
                f"UNWIND $begin AS at MATCH {inside.pattern} WHERE f.stream_id = at[0] AND f.start_us = at[1] "
                f"AND {' AND '.join(['f.end_us >= 0', *inside.conditions, *inside.times(query)])} WITH f"
            )
    statement = f"{lead} WITH f, f[$vector] AS row WHERE row IS NOT NULL RETURN f.id, f.start_us, row"
    return tx.run(statement, values).values()


def _by_index(
    tx: ManagedTransaction, names: Names, query: Query, inside: Bounds, like: Vector
) -> Found | None:
    """What the vector index names, or None where there is none, few are inside the bounds, or it names too few."""
    if query.limit is None or not inside.streams:
        return None
    number = Number(tx, names, query, inside)
    index = neo4j_models.index_of(tx, names, like, LABELS[query.want]) if number.passes(FEW) else None
    if index is None:
        return None
    statement = (
        "CALL db.index.vector.queryNodes($index, $asked, $numbers) YIELD node AS f "
        f"WHERE {' AND '.join(inside.of_any(query))} WITH f.id AS id, f.start_us AS start, f[$vector] AS row "
        "RETURN collect(id), collect(start), collect(row)"
    )
    values = {
        **inside.values,
        "index": index,
        "numbers": [float(n) for n in like.row],
        "streams": number.streams(),
        "vector": vector_property(like.model),
    }
    for asked in _ASKED:
        lists = tx.run(statement, {**values, "asked": max(asked, _SPARE * query.limit)}).values()
        found = [[*of_one] for of_one in zip(*lists[0], strict=True)]
        if len(found) >= _SPARE * query.limit:
            return found
    return None
