"""Finding by words in Neo4j: its full-text index brings candidates, our own words and scores put them in order.

A score depends on which of the query's words a fact holds and how long it is: nothing else. So the facts are counted
by those two inside the database, the few best groups are chosen here, and only their members are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from neo4j import ManagedTransaction

from core.memory import Query
from graph import words
from graph.neo4j.bounds import LABELS, Bounds, bounds, by_streams
from graph.neo4j.rows import Names

FEW = 2000
"""So many facts inside a query's bounds are read one by one; of more, the full-text index names those with a word."""
MOST = 5000
"""So many of those are counted and scored exactly; of more, the index's own BM25 names the best."""
EXACT = 20_000
"""Or, where so many hold a word, up to so many facts inside the bounds are read: that takes no longer."""
COUNTED = 50_000
"""Up to so many facts inside the bounds are counted for how rare a word is; more are taken for all of the streams'."""

Group = tuple[tuple[bool, ...], int]
"""Which of the words are held, and how many words there are in all."""


def best(tx: ManagedTransaction, names: Names, query: Query) -> list[str]:
    """The ids (the database's) of what holds any word of the query inside its bounds, best first.

    Where more than `MOST` facts of the whole database hold a word and more than `EXACT` are inside, the index's score decides, which differs from ours
    in that words are rare or common over all, not inside the bounds; facts that score alike come in order of time.
    """
    terms = list(dict.fromkeys(words.terms(query.text)))
    if not terms or query.limit == 0:
        return []
    inside = bounds(names, query)
    values = {**inside.values, "terms": [f" {term} " for term in terms]}
    if not inside.streams or _count(tx, inside, FEW + 1) <= FEW:
        return _read(tx, inside, terms, values, query.limit)
    candidates = _Candidates(names, query, inside, terms)
    values |= candidates.values
    if query.limit is not None and candidates.many(tx):
        if _count(tx, inside, EXACT + 1) <= EXACT:
            return _read(tx, inside, terms, values, query.limit)
        found = tx.run(candidates.ranked(), {**values, "limit": query.limit, "most": MOST}).values()
        if len(found) == query.limit:
            return [id for (id,) in found]
        if (
            _count(tx, inside, COUNTED) < COUNTED
        ):  # the best of all lie outside: what is inside is read after all
            return _read(tx, inside, terms, values, query.limit)
    groups = _groups(tx, candidates.lead(), values)
    return _members(
        tx,
        candidates.lead(),
        values,
        _scored(terms, groups, _inside(tx, names, query, inside)),
        groups,
        query.limit,
    )


def _read(
    tx: ManagedTransaction, inside: Bounds, terms: Sequence[str], values: dict[str, Any], limit: int | None
) -> list[str]:
    """The best of what is inside, all of which is looked at."""
    lead = inside.matched()
    every = _groups(tx, lead, values)
    groups = {group: n for group, n in every.items() if any(group[0])}
    return _members(tx, lead, values, _scored(terms, groups, sum(every.values())), groups, limit)


def _count(tx: ManagedTransaction, inside: Bounds, most: int) -> int:
    """How many facts there are inside; no more than `most` are looked at."""
    within = f"LIMIT {most}" if len(inside.values.get("streams", ())) <= 1 else ""
    statement = f"{inside.matched(tail=within)} WITH f LIMIT {most} RETURN count(f)"
    ((count,),) = tx.run(statement, inside.values).values()
    return int(count)


def _inside(tx: ManagedTransaction, names: Names, query: Query, inside: Bounds) -> int:
    """How many facts are inside, among which a word is rare or common."""
    only = not (query.span or query.kinds or query.zones or query.labels or query.attributes)
    count = 0 if only else _count(tx, inside, COUNTED)
    if only or count >= COUNTED:
        of = by_streams(names, query)
        counter = f"{LABELS[query.want].lower()}_count"
        statement = f"{of.lead} MATCH (one:Fact {{id: stream}}) RETURN coalesce(sum(one.{counter}), 0)"
        count = tx.run(statement, of.values).values()[0][0]
    return int(count)


class _Candidates:
    """What the full-text index brings for a query, held against its bounds."""

    def __init__(self, names: Names, query: Query, inside: Bounds, terms: Sequence[str]) -> None:
        self._index = f"{LABELS[query.want].lower()}_words"
        conditions = [*inside.conditions, f"f.stream_id IN {'$streams' if query.streams else 'every'}"]
        if query.span is not None:
            conditions += ["f.start_us < $end", "f.end_us > $start"]
        self._every = (
            "" if query.streams else "MATCH (s:Stream {memory: $memory}) WITH collect(s.id) AS every "
        )
        self._where = " AND ".join(conditions)
        self.values = {"lucene": _lucene(names, query, terms), "memory": names.memory}

    def lead(self, options: str = "") -> str:
        """All of them inside the bounds, as `f` with `score`."""
        called = (
            f"CALL db.index.fulltext.queryNodes('{self._index}', $lucene{options}) YIELD node AS f, score"
        )
        return f"{self._every}{called} WHERE {self._where}"

    def many(self, tx: ManagedTransaction) -> bool:
        """Whether more facts than are counted hold a word, inside the bounds or not."""
        called = f"CALL db.index.fulltext.queryNodes('{self._index}', $lucene, {{limit: $most}}) YIELD node"
        ((count,),) = tx.run(f"{called} RETURN count(node)", {**self.values, "most": MOST}).values()
        return bool(count >= MOST)

    def ranked(self) -> str:
        """The best of them by the index's own score."""
        return (
            f"{self.lead(', {limit: $most}')} WITH f, round(score, 4) AS score "
            "ORDER BY score DESC, f.start_us, f.id LIMIT $limit RETURN f.id"
        )


def _lucene(names: Names, query: Query, terms: Sequence[str]) -> str:
    """Any of the words, and one of the streams where few are named. Terms are small letters and digits: no operators."""
    some = " ".join(terms)
    streams = names.all_into(query.streams)
    if not streams or len(streams) > 20:
        return f"words:({some})"
    listed = " ".join(f'"{stream}"' for stream in streams)
    return f"+words:({some}) +stream_id:({listed})^0"


def _groups(tx: ManagedTransaction, lead: str, values: dict[str, Any]) -> dict[Group, int]:
    statement = (
        f"{lead} WITH [term IN $terms | f.words CONTAINS term] AS held, f.length AS length, count(*) AS count "
        "RETURN held, length, count"
    )
    return {(tuple(held), length): count for held, length, count in tx.run(statement, values).values()}


def _scored(terms: Sequence[str], groups: dict[Group, int], count: int) -> dict[Group, float]:
    """The BM25 score of each group's members, among `count` facts: a group is a text that many facts share."""
    held = np.array([group[0] for group in groups], bool).reshape(-1, len(terms))
    scores = words.text_scores(
        [np.flatnonzero(held[:, place]) for place in range(len(terms))],
        np.array([length for _, length in groups], np.int64),
        np.array([*groups.values()], np.int64),
        count,
    )
    return dict(zip(groups, scores.tolist(), strict=True))


def _members(
    tx: ManagedTransaction,
    lead: str,
    values: dict[str, Any],
    scores: dict[Group, float],
    groups: dict[Group, int],
    limit: int | None,
) -> list[str]:
    """The first of the best groups' members: by score, then time, then id."""
    chosen: list[Group] = []
    enough = 0
    for group in sorted(scores, key=lambda group: -scores[group]):
        if limit is not None and enough >= limit and scores[group] < scores[chosen[-1]]:
            break
        chosen.append(group)
        enough += groups[group]
    if not chosen:
        return []
    statement = (
        f"{lead} WITH f, [term IN $terms | f.words CONTAINS term] AS held "
        "UNWIND $chosen AS one WITH f, one WHERE one.length = f.length AND one.held = held "
        "WITH f, one.score AS score ORDER BY score DESC, f.start_us, f.id "
        f"{'LIMIT $limit ' if limit is not None else ''}RETURN f.id"
    )
    # Scores that agree must be the same number, so that time decides.
    places = {score: -n for n, score in enumerate(sorted({scores[group] for group in chosen}, reverse=True))}
    sent = [{"held": list(group[0]), "length": group[1], "score": places[scores[group]]} for group in chosen]
    return [id for (id,) in tx.run(statement, {**values, "chosen": sent, "limit": limit}).values()]
