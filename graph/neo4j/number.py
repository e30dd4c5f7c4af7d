"""How many facts lie inside a query's bounds in Neo4j, and on which streams: which way is the shortest depends on it."""

from __future__ import annotations

from neo4j import ManagedTransaction

from core.memory import Query
from graph.neo4j.bounds import LABELS, Bounds, by_streams
from graph.neo4j.rows import Names


class Number:
    """How many facts there are inside a query's bounds, counted no further than anybody asks.

    `kept` says that the number need not be counted: the streams keep it, as nothing else bounds the query.
    """

    def __init__(self, tx: ManagedTransaction, names: Names, query: Query, inside: Bounds) -> None:
        self._tx, self._names, self._query, self._inside = tx, names, query, inside
        self.kept = inside.streams and not (
            query.span or query.kinds or query.zones or query.labels or query.attributes
        )
        self._least, self._all = 0, False
        self._known: tuple[list[str], int] | None = None

    def passes(self, most: int) -> bool:
        """Whether there are more than so many."""
        if self.kept:
            return self._of_streams() > most
        if self._least <= most and not self._all:
            self._least = self._count(most + 1)
            self._all = self._least <= most
        return self._least > most

    def up_to(self, most: int) -> int:
        """The number, or, where it is more than so many, that of all facts of the streams."""
        return self._of_streams() if self.kept or self.passes(most) else self._least

    def _count(self, most: int) -> int:
        inside = self._inside
        within = f"LIMIT {most}" if len(inside.values.get("streams", ())) <= 1 else ""
        statement = f"{inside.matched(tail=within)} WITH f LIMIT {most} RETURN count(f)"
        ((count,),) = self._tx.run(statement, inside.values).values()
        return int(count)

    def _of_streams(self) -> int:
        return self._told()[1]

    def streams(self) -> list[str]:
        """The streams of the query, or all of the memory: a statement that is given them as a list is many times faster
        than one that collects them.
        """
        return self._told()[0]

    def _told(self) -> tuple[list[str], int]:
        if self._known is None:
            of = by_streams(self._names, self._query)
            counter = f"{LABELS[self._query.want].lower()}_count"
            statement = (
                f"{of.lead} OPTIONAL MATCH (one:Fact {{id: stream}}) "
                f"RETURN collect(stream), coalesce(sum(one.{counter}), 0)"
            )
            ((streams, count),) = self._tx.run(statement, of.values).values()
            self._known = streams, int(count)
        return self._known
