"""Finding what is alike in Neo4j: every vector inside the bounds where those are few, else its vector index; the
order always by `graph/near.py` over the half-precision numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
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
    if query.limit is None or not inside.streams:
        found = _all(tx, inside, like)
    else:
        found = _best(tx, names, query, inside, like)
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


def _all(tx: ManagedTransaction, inside: Bounds, like: Vector) -> Found:
    """All that is inside and has a vector."""
    statement = (
        f"{inside.matched()} WITH f, f[$vector] AS row WHERE row IS NOT NULL RETURN f.id, f.start_us, row"
    )
    return tx.run(statement, {**inside.values, "vector": vector_property(like.model)}).values()


def _best(tx: ManagedTransaction, names: Names, query: Query, inside: Bounds, like: Vector) -> Found:
    """The nearest of what is inside, or what the vector index names, where there is one and many are inside."""
    index = neo4j_models.index_of(tx, names, like, LABELS[query.want])
    if index is not None:
        number = Number(tx, names, query, inside)
        found = None if number.kept and number.passes(FEW) else _measured(tx, query, inside, like, FEW)
        if found is None:
            found = _by_index(tx, query, inside, like, index, number.streams())
        if found is not None:
            return found
    return _measured(tx, query, inside, like, None) or []


def _measured(
    tx: ManagedTransaction, query: Query, inside: Bounds, like: Vector, most: int | None
) -> Found | None:
    """The nearest of what is inside, all of which is measured; None where that is more than so many facts."""
    nodes, rows = _vectors(tx, inside, like, most)
    if nodes is None:
        return None
    wanted = query.limit or 0
    if len(nodes) > wanted:
        score = _nearness(rows, like)
        least = np.partition(score, -wanted)[-wanted]
        chosen = np.flatnonzero(score >= least).tolist()
        nodes, rows = [nodes[n] for n in chosen], [rows[n] for n in chosen]
    statement = (
        f"UNWIND $nodes AS node MATCH {inside.pattern} WHERE id(f) = node RETURN node, f.id, f.start_us"
    )
    told = {node: told for node, *told in tx.run(statement, nodes=nodes).values()} if nodes else {}
    return [[*told[node], row] for node, row in zip(nodes, rows, strict=True) if node in told]


def _vectors(
    tx: ManagedTransaction, inside: Bounds, like: Vector, most: int | None
) -> tuple[list[int] | None, list[bytes]]:
    """The vectors inside, with Neo4j's own numbers of their nodes, which it gives to no other node while the transaction
    lasts; no nodes where that is more than so many facts.

    Reading ids would take as long as reading vectors, and many records many times as long as a few long lists do.
    """
    values = {**inside.values, "vector": vector_property(like.model)}
    if most is None:
        statement = (
            f"{inside.matched()} WITH stream, id(f) AS node, f[$vector] AS row WHERE row IS NOT NULL "
            "RETURN collect(node), collect(row), stream"
        )
    else:
        values["most"] = most
        statement = (
            f"{inside.matched()} WITH f LIMIT $most + 1 WITH collect(f) AS every "
            "WITH CASE WHEN size(every) <= $most THEN every END AS few "
            "RETURN [f IN few | id(f)], [f IN few | f[$vector]]"
        )
    lists = tx.run(statement, values).values()
    if any(nodes is None for nodes, *_ in lists):
        return None, []
    nodes = list(chain.from_iterable(of_one for of_one, *_ in lists))
    rows = list(chain.from_iterable(of_one for _, of_one, *_ in lists))
    if None in rows:
        nodes = [node for node, row in zip(nodes, rows, strict=True) if row is not None]
        rows = [row for row in rows if row is not None]
    return nodes, rows


def _by_index(
    tx: ManagedTransaction, query: Query, inside: Bounds, like: Vector, index: str, streams: list[str]
) -> Found | None:
    """What the vector index names, or None where it names too few of what is inside; and what is not in it yet."""
    wanted = _SPARE * (query.limit or 0)
    statement = (
        "CALL db.index.vector.queryNodes($index, $asked, $numbers) YIELD node AS f "
        f"WHERE {' AND '.join(inside.of_any(query))} WITH f.id AS id, f.start_us AS start, f[$vector] AS row "
        "RETURN collect(id), collect(start), collect(row)"
    )
    values = {
        **inside.values,
        "index": index,
        "numbers": [float(n) for n in like.row],
        "streams": streams,
        "vector": vector_property(like.model),
    }
    waiting = (
        f"MATCH (f:Pending:{LABELS[query.want]}) USING SCAN f:Pending WHERE {' AND '.join(inside.of_any(query))} "
        "WITH f, f[$vector] AS row WHERE row IS NOT NULL RETURN collect(f.id), collect(f.start_us), collect(row)"
    )
    # First: what is brought into the index between the two is found twice, not missed.
    pending = {id: [id, *more] for id, *more in zip(*tx.run(waiting, values).values()[0], strict=True)}
    for asked in _ASKED:
        lists = tx.run(statement, {**values, "asked": max(asked, wanted)}).values()
        found = [[*of_one] for of_one in zip(*lists[0], strict=True) if of_one[0] not in pending]
        if len(found) + len(pending) >= wanted:
            return [*found, *pending.values()]
    return None
