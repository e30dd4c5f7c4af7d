"""Rows of the SQLite memory, the best first: by words or by likeness, inside a query's other bounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from core.memory import Query, Vector
from graph import words
from graph.sqlite import columns as sqlite_columns
from graph.sqlite import near as sqlite_near
from graph.sqlite.columns import Columns, Inside, Numbers, can_pick
from graph.sqlite.near import Nearby
from graph.sqlite.rows import LISTED, Rid

FEW, FEW_AT_FIRST = 40, 200
"""So many rows have their texts looked up one by one; for more, all texts that hold a word are read, and kept. That takes
long the first time (a second at a million texts): until then, what little can be asked one by one is.
"""


class Held:
    """What one process holds in memory of one file, to rank by."""

    def __init__(self) -> None:
        self.columns = Columns()
        self.nearby = Nearby(self.columns)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows inside a query's bounds: keys, starts, and the numbers of what they are found by.

    `inside` is the same in columns, where the bounds were held against these.
    """

    rid: Numbers
    start: Numbers
    text: Numbers
    inside: Inside | None = None


def best(
    db: apsw.Connection, held: Held, query: Query, table: str, where: str, values: Sequence[Any]
) -> list[Rid]:
    """The rows that hold a word of the query's text, or lie near what it is to be like, best first."""
    rows = _inside(db, held.columns, query, table, where, values)
    rank = _by_words if query.text else _by_likeness
    return rank(db, held, query, table, rows)


def _inside(
    db: apsw.Connection, columns: Columns, query: Query, table: str, where: str, values: Sequence[Any]
) -> _Rows:
    if can_pick(table, query):
        inside = columns.inside(db, table, query)
        return _Rows(inside.column("rid"), inside.column("start"), inside.column("text"), inside)
    found = list(db.execute(f"SELECT rid, start_us, text_rid FROM {table} t WHERE {where}", values))
    return _Rows(*np.array(found, np.int64).reshape(-1, 3).T)


def _by_words(db: apsw.Connection, held: Held, query: Query, table: str, rows: _Rows) -> list[Rid]:
    """Texts are scored, and rows take the scores of their texts; only rows of the best texts are looked at."""
    terms = list(dict.fromkeys(words.terms(query.text)))
    if len(rows.rid) <= (FEW if held.columns.texts.known else FEW_AT_FIRST):
        numbers, text, uses = np.unique(rows.text, return_inverse=True, return_counts=True)
        lengths, holding = sqlite_columns.of_texts(db, numbers, terms)
    else:
        text, uses, lengths = held.columns.used(db, rows.text, rows.inside)
        holding = [held.columns.texts.holding(db, term, len(lengths)) for term in terms]
    score = words.text_scores(holding, lengths, uses, len(rows.rid))
    found = np.flatnonzero(_good(score, query.limit)[text])
    return _first(db, query, table, rows.rid[found], rows.start[found], score[text[found]])


def _good(score: npt.NDArray[np.float64], limit: int | None) -> npt.NDArray[np.bool_]:
    """Which texts can be those of the best so many rows: as many texts, for each has a row, and those that score the same."""
    matching = score[score > 0]
    if limit is None or limit >= len(matching):
        return score > 0
    if limit == 0:
        return np.zeros(len(score), bool)
    return np.asarray(score >= np.partition(matching, -limit)[-limit])


def _by_likeness(db: apsw.Connection, held: Held, query: Query, table: str, rows: _Rows) -> list[Rid]:
    """Few rows are measured one and all; of many those that a rough scan finds likely."""
    like = query.like
    assert like is not None  # noqa: S101 - for the type checker: who asks for neither words nor likeness is not here
    if len(rows.rid) <= sqlite_near.FEW or query.limit is None:
        return _measured(db, query, table, like, rows.rid, rows.start)[1]
    only = rows.rid if rows.inside is None else None
    for _ in range(2):
        likely = held.nearby.likely(db, table, query, like, only)
        rids, starts = likely if likely is not None else (rows.rid, rows.start)
        whole, best = _measured(db, query, table, like, rids, starts)
        if whole or likely is None:
            break
        held.nearby.prune(db, table)  # who is gone may have kept others out
    return best


def _measured(
    db: apsw.Connection, query: Query, table: str, like: Vector, rids: Numbers, starts: Numbers
) -> tuple[bool, list[Rid]]:
    """Whether all of these rows have a vector, and the nearest of them."""
    order = np.argsort(rids)
    found, score = sqlite_near.measured(db, table, like, rids)
    start = starts[order[np.searchsorted(rids, found, sorter=order)]]
    return len(found) == len(rids), _first(db, query, table, found, start, score)


def _first(
    db: apsw.Connection,
    query: Query,
    table: str,
    rid: Numbers,
    start: Numbers,
    score: npt.NDArray[np.float64],
) -> list[Rid]:
    """By the higher score, then the earlier start, then the lower id; as many as are wanted."""
    likely = _likely(start, score, query.limit)
    order = likely[np.lexsort((start[likely], -score[likely]))]
    rids: list[Rid] = rid[order].tolist()
    keys = list(zip((-score[order]).tolist(), start[order].tolist(), strict=True))
    if len({*keys}) < len(keys):
        sql = f"SELECT rid, id FROM {table} WHERE rid IN {LISTED}"
        ids = dict(db.execute(sql, (json.dumps(rids),)))
        rids = [at for _, _, at in sorted((key, ids[at], at) for key, at in zip(keys, rids, strict=True))]
    return rids[: query.limit]


def _likely(start: Numbers, score: npt.NDArray[np.float64], limit: int | None) -> Numbers:
    """The best so many, and those that only their ids tell from the last of these."""
    if limit is None or limit >= len(start):
        return np.arange(len(start))
    if limit == 0:
        return np.zeros(0, np.int64)
    worst = -np.partition(-score, limit - 1)[limit - 1]
    better, equal = np.flatnonzero(score > worst), np.flatnonzero(score == worst)
    left = limit - len(better) - 1
    return np.concatenate([better, equal[start[equal] <= np.partition(start[equal], left)[left]]])
