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
from graph.neo4j_bounds import LABELS, Bounds, bounds
from graph.neo4j_rows import Names

FEW = 2000
"""So many facts inside a query's bounds are read one by one; of more, the full-text index names those with a word."""

Group = tuple[tuple[bool, ...], int]
"""Which of the words are held, and how many words there are in all."""


def best(tx: ManagedTransaction, names: Names, query: Query) -> list[str]:
    """The ids (the database's) of what holds any word of the query inside its bounds, best first."""
    terms = list(dict.fromkeys(words.terms(query.text)))
    if not terms or query.limit == 0:
        return []
    inside = bounds(names, query)
    values = {**inside.values, "terms": [f" {term} " for term in terms]}
    count = _count(tx, inside, FEW + 1) if inside.streams else 0
    if count <= FEW:
        lead = inside.matched()
        every = _groups(tx, lead, values)
        count = sum(every.values())
        groups = {group: n for group, n in every.items() if any(group[0])}
    else:
        count = _count(tx, inside, None)
        lead = _candidates(names, query, inside)
        values["lucene"] = _lucene(names, query, terms)
        groups = _groups(tx, lead, values)
    return _members(tx, lead, values, _scored(terms, groups, count), groups, query.limit)


def _count(tx: ManagedTransaction, inside: Bounds, most: int | None) -> int:
    """How many facts there are inside; no more than `most` are looked at."""
    limited = "" if most is None else f"WITH f LIMIT {most}"
    ((count,),) = tx.run(f"{inside.matched()} {limited} RETURN count(f)", inside.values).values()
    return int(count)


def _candidates(names: Names, query: Query, inside: Bounds) -> str:
    """What the full-text index brings, held against every bound."""
    conditions = list(inside.conditions)
    if query.streams:
        conditions.append("f.stream_id IN $streams")
    else:
        conditions.append("f.stream_id IN every")
    if query.span is not None:
        conditions += ["f.start_us < $end", "f.end_us > $start"]
    every = "" if query.streams else "MATCH (s:Stream {memory: $memory}) WITH collect(s.id) AS every "
    index = f"{LABELS[query.want].lower()}_words"
    return (
        f"{every}CALL db.index.fulltext.queryNodes('{index}', $lucene) YIELD node AS f "
        f"WHERE {' AND '.join(conditions)}"
    )


def _lucene(names: Names, query: Query, terms: Sequence[str]) -> str:
    """Any of the words, and one of the streams where few are named. Terms are small letters and digits: no operators."""
    some = " ".join(terms)
    streams = names.all_into(query.streams)
    if not streams or len(streams) > 100:
        return f"words:({some})"
    listed = " ".join(f'"{stream}"' for stream in streams)
    return f"+words:({some}) +stream_id:({listed})"


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
