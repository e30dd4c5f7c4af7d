"""Finding by words in Neo4j: its full-text index brings candidates, our own words and scores put them in order.

A score depends on which of the query's words a fact holds and how long it is: nothing else. So the facts are counted
by those two inside the database, the few best groups are chosen here, and only their members are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from neo4j import ManagedTransaction

from core.memory import Query, Want
from graph import words
from graph.neo4j import rows as neo4j_rows
from graph.neo4j.bounds import LABELS, Bounds, bounds
from graph.neo4j.number import Number
from graph.neo4j.rows import Names

FEW = 2000
"""So many facts inside a query's bounds are read one by one; of more, the full-text index names those with a word."""
MOST = 5000
"""So many of those are counted and scored exactly; of more, the index's own BM25 names the best."""
LOOKED = 400
"""So many of the best are held against the bounds first, and the rest only where too few of these are inside."""
EXACT = 20_000
"""Or, where so many hold a word, up to so many facts inside the bounds are read: that takes no longer."""
COUNTED = 50_000
"""Up to so many facts inside the bounds are counted for how rare a word is; of more, all of the streams' are taken."""

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
    number = Number(tx, names, query, inside)
    if not inside.streams or not number.passes(FEW):
        return _read(tx, inside, terms, values, query.limit)
    candidates = _Candidates(tx, query, inside, _lucene(names, query, terms), number)
    values |= candidates.values
    if query.limit is not None and candidates.pass_most():
        if not number.passes(EXACT):
            return _read(tx, inside, terms, values, query.limit)
        found = candidates.ranked()
        if len(found) == query.limit:
            return found
        if not number.passes(COUNTED):  # the best of all lie outside: what is inside is read after all
            return _read(tx, inside, terms, values, query.limit)
    groups = _groups(tx, candidates.lead(), values)
    scores = _scored(terms, groups, number.up_to(COUNTED))
    return _members(tx, candidates.lead(), values, scores, groups, query.limit)


def _read(
    tx: ManagedTransaction, inside: Bounds, terms: Sequence[str], values: dict[str, Any], limit: int | None
) -> list[str]:
    """The best of what is inside, all of which is looked at."""
    lead = inside.matched()
    every = _groups(tx, lead, values)
    groups = {group: n for group, n in every.items() if any(group[0])}
    return _members(tx, lead, values, _scored(terms, groups, sum(every.values())), groups, limit)


class _Candidates:
    """What the full-text index brings for a query, held against its bounds.

    The index takes as long for each fact it names as for scoring hundreds, so it is asked for few at first.
    """

    def __init__(
        self, tx: ManagedTransaction, query: Query, inside: Bounds, lucene: str, number: Number
    ) -> None:
        self._tx, self._limit = tx, query.limit or 0
        self._index = f"{LABELS[query.want].lower()}_words"
        self._where = f"WHERE {' AND '.join(inside.of_any(query))}"
        self.values = {**inside.values, "lucene": lucene, "streams": number.streams()}
        self._first: list[str] = []

    def lead(self) -> str:
        """All of them inside the bounds, as `f`."""
        return f"{self._called()} YIELD node AS f {self._where}"

    def _called(self, options: str = "") -> str:
        return f"CALL db.index.fulltext.queryNodes('{self._index}', $lucene{options})"

    def pass_most(self) -> bool:
        """Whether more facts than are counted hold a word, inside the bounds or not."""
        first = min(max(LOOKED, 2 * self._limit), MOST)
        held, self._first = self._look(first)
        if held < first:
            return False
        more = f"{self._called(', {skip: $most, limit: 1}')} YIELD node RETURN count(node)"
        ((count,),) = self._tx.run(more, {**self.values, "most": MOST}).values()
        return bool(count)

    def ranked(self) -> list[str]:
        """The best inside the bounds by the index's own score, as many as are wanted or fewer."""
        if len(self._first) < self._limit:
            _, self._first = self._look(MOST)
        return self._first

    def _look(self, most: int) -> tuple[int, list[str]]:
        """How many facts the index names, up to so many, and which of these are the best inside the bounds."""
        statement = (
            f"{self._called(', {limit: $most}')} YIELD node, score "
            "WITH collect(node) AS nodes, collect(round(score, 4)) AS scores "
            f"CALL (nodes, scores) {{ UNWIND range(0, size(nodes) - 1) AS place "
            f"WITH *, nodes[place] AS f, scores[place] AS score {self._where} "
            "WITH f, score ORDER BY score DESC, f.start_us, f.id LIMIT $limit RETURN collect(f.id) AS found } "
            "RETURN size(nodes), found"
        )
        ((held, found),) = self._tx.run(
            statement, {**self.values, "most": most, "limit": self._limit}
        ).values()
        return held, found


def _lucene(names: Names, query: Query, terms: Sequence[str]) -> str:
    """Any of the words, and what must be held besides by whatever is inside the bounds: one of the streams where few are
    named, one of the days, the words of one of the kinds, zones and labels. Terms are small letters and digits: no operators.
    """
    some = f"words:({' '.join(terms)})"
    streams = names.all_into(query.streams)
    bound = [" ".join(f'stream_id:"{stream}"' for stream in streams)] if len(streams) <= 20 else []
    said = [query.labels] if query.want is Want.ENTITIES else []
    if query.want is Want.EVENTS:
        said = [query.kinds, query.zones, query.labels]
    bound += [_any_of(names) for names in said]
    if query.span is not None and (of := neo4j_rows.days(query.span)) != neo4j_rows.ALWAYS:
        bound.append(" ".join(f"days:{day}" for day in [*of.split(), neo4j_rows.ALWAYS]))
    return " ".join([f"+{some}", *(f"+({clause})^0" for clause in bound if clause)])


def _any_of(texts: Sequence[str]) -> str:
    """Facts that hold all words of one of these; nothing where one has no words."""
    each = [words.terms(text) for text in texts]
    if not all(each):
        return ""
    return " ".join(f"({' '.join(f'+words:{term}' for term in of_one)})" for of_one in each)


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
