"""Rows of the SQLite memory, the best first: by words or by likeness, inside a query's other bounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from core.memory import Query
from graph import sqlite_near, words
from graph.sqlite_columns import Columns, Inside, Numbers, can_pick
from graph.sqlite_near import Nearby
from graph.sqlite_rows import LISTED, Rid


class Held:
    """What one process holds in memory of one file, to rank by."""

    def __init__(self) -> None:
        self.columns = Columns()
        self.nearby = Nearby(self.columns)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows inside a query's bounds: keys, starts, and the places of what they are found by.

    `inside` is the same in blocks, where the bounds were held against columns.
    """

    rid: Numbers
    start: Numbers
    text: Numbers
    inside: Inside | None


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
        return _Rows(inside.rid(), inside.start(), inside.text(), inside)
    columns.texts.read(db)
    found = list(db.execute(f"SELECT rid, start_us, text_rid FROM {table} t WHERE {where}", values))
    rid, start, text = np.array(found, np.int64).reshape(-1, 3).T
    return _Rows(rid, start, columns.texts.places(text), None)


def _by_words(db: apsw.Connection, held: Held, query: Query, table: str, rows: _Rows) -> list[Rid]:
    """Texts are scored, which are few, and rows take the scores of their texts."""
    texts = held.columns.texts
    holding = [texts.holding(db, term) for term in dict.fromkeys(words.terms(query.text))]
    lengths = texts.lengths
    uses = np.bincount(rows.text, minlength=len(lengths))
    score = words.text_scores(holding, lengths, uses)[rows.text]
    found = np.flatnonzero(score)
    return _first(db, query, table, rows.rid[found], rows.start[found], score[found])


def _by_likeness(db: apsw.Connection, held: Held, query: Query, table: str, rows: _Rows) -> list[Rid]:
    """Few rows are measured one and all; of many those that a rough scan finds likely."""
    assert query.like is not None  # noqa: S101 - for the type checker: who asks for neither words nor likeness is not here
    rids = rows.rid
    if len(rids) > sqlite_near.FEW and query.limit is not None:
        inside = rows.inside or held.columns.inside(db, table, _anywhere(query), rids)
        rids = held.nearby.likely(db, table, query.like, inside, query.limit)
    rids, score = sqlite_near.measured(db, table, query.like, rids)
    order = np.argsort(rows.rid)
    start = rows.start[order[np.searchsorted(rows.rid, rids, sorter=order)]]
    return _first(db, query, table, rids, start, score)


def _anywhere(query: Query) -> Query:
    """The query's streams and span alone."""
    return Query(want=query.want, streams=query.streams, span=query.span)


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
