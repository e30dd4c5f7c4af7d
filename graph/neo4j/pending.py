"""Vectors on their way into Neo4j's vector index: written at once, brought in many at a time.

Neo4j brings the index up in each transaction, and of each Lucene keeps a segment, to be merged with others later. So what
has a vector that belongs into an index is labelled `Pending` by the transaction that writes it, and compared one by one
(graph/neo4j/like.py) until whoever writes when there are enough of them spells their vectors out.
"""

from __future__ import annotations

import logging

from neo4j import ManagedTransaction

from core.errors import StoreUnavailable
from graph.neo4j import cypher
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.rows import Props, spelled_out, vector_property

ENOUGH = 2000
"""So many facts of the database wait before some are brought in."""
_AT_ONCE = 2000
"""So many are brought in by one transaction."""

log = logging.getLogger(__name__)


def bring_in(db: Neo4jDatabase) -> None:
    """Brings in what waits, of every memory of the database, until fewer than enough are left.

    What fails is left to whoever writes next: what waits is found all the same.
    """
    try:
        while db.write(_some):
            pass
    except StoreUnavailable as error:
        log.warning("vectors wait for Neo4j's index, as they could not be brought in: %s", error)


def _some(tx: ManagedTransaction) -> bool:
    """Brings in some, unless others did so while this waited for its turn."""
    waiting, models = tx.run(cypher.named("turn")).single(strict=True).values()
    if waiting < ENOUGH:
        return False
    vectors = [vector_property(model) for model in models]
    taken = tx.run(cypher.named("take_pending"), most=_AT_ONCE, vectors=vectors).values()
    rows = [{"id": id, "props": _props(dict(zip(models, of_one, strict=True)))} for id, of_one in taken]
    tx.run(cypher.named("mark"), rows=rows).consume()
    return True


def _props(vectors: dict[str, bytes | None]) -> Props:
    out: Props = {}
    for model, values in vectors.items():
        if values is not None:
            out |= spelled_out(model, values)
    return out
