"""Finding what is alike in Neo4j: every vector inside the bounds where those are few, else its vector index; the
order always by `graph/near.py` over the half-precision numbers.
"""

from __future__ import annotations

import numpy as np
from neo4j import ManagedTransaction

from core.memory import Query
from graph import near
from graph.neo4j_bounds import bounds
from graph.neo4j_rows import Names, vector_property


def nearest(tx: ManagedTransaction, names: Names, query: Query) -> list[tuple[str, bytes]]:
    """The ids (the database's) of what has a vector of the model inside the query's bounds, the nearest first, each
    with that vector's numbers.
    """
    like = query.like
    if like is None:
        return []
    inside = bounds(names, query)
    property = vector_property(like.model)
    statement = (
        f"{inside.matched()} WITH f, f[$vector_property] AS values WHERE values IS NOT NULL "
        "WITH f, values ORDER BY f.start_us, f.id RETURN f.id, values"
    )
    found = tx.run(statement, {**inside.values, "vector_property": property}).values()
    if not found:
        return []
    near.check_length(like, len(found[0][1]) // 2)
    rows = np.stack([np.frombuffer(values, "<f2") for _, values in found])
    score = near.nearness(rows, like.row)
    order = sorted(range(len(found)), key=lambda n: (-score[n], n))
    return [(found[n][0], bytes(found[n][1])) for n in order[: query.limit]]
