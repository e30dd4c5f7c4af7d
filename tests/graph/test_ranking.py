"""What SQLite holds in memory to rank by stays true to the file, and the rough scan for likeness loses nearly nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import Span
from core.ids import StreamId
from core.memory import Event, Observation, Query, Scope, Vector, Want
from graph.plain.store import MemoryStore
from graph.sqlite import columns as sqlite_columns
from graph.sqlite import near as sqlite_near
from graph.sqlite import rank as sqlite_rank
from graph.sqlite.store import SqliteStore
from helpers.observations import DOCK, YARD, event, histories, observation, queries, scopes, vector, vectors

ASKED = st.builds(
    lambda query, want, text, like: replace(
        query, want=want, text="" if like else text, like=like, limit=query.limit
    ),
    queries(),
    st.sampled_from([Want.EVENTS, Want.EVENTS, Want.ENTITIES, Want.CAPTIONS]),
    st.sampled_from(["red person", "dock stopping", "near", "forklift aisle left"]),
    st.none() | vectors(),
)
Paths = Callable[[], Path]


@pytest.fixture
def fresh(tmp_path: Path) -> Paths:
    """Paths for fresh files."""
    numbers = iter(range(10_000))
    return lambda: tmp_path / f"{next(numbers)}.db"


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=histories(max_size=5),
    asked=st.lists(ASKED, min_size=2, max_size=4),
    gone=st.none() | scopes(),
    scanned=st.booleans(),
)
def test_what_is_asked_between_writes_of_others_is_answered_as_the_plain_memory_does(
    fresh: Paths, history: list[Observation], asked: list[Query], gone: Scope | None, scanned: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if scanned:
            patch.setattr(sqlite_near, "FEW", 0)
            patch.setattr(sqlite_rank, "FEW", 0)
            patch.setattr(sqlite_rank, "FEW_AT_FIRST", 0)
            patch.setattr(sqlite_near, "PIECE", 4)
            patch.setattr(sqlite_columns, "MOST_ROWS", 3)
        path = fresh()
        plain, asking, writing = MemoryStore(), SqliteStore(path), SqliteStore(path)
        for n, one in enumerate([*history, *history[:2]]):
            plain.write(one)
            (writing if n % 2 else asking).write(one)
            for query in asked:
                assert asking.find(query) == plain.find(query)
        if gone is not None:
            assert writing.forget(gone) == plain.forget(gone)
        assert writing.unmark("test:2") == plain.unmark("test:2")
        for one in history[:1]:
            marks = [vector(e.id, 1, n, 1, model="test:2") for n, e in enumerate(one.events)]
            plain.mark(marks)
            writing.mark(marks)
        for query in asked:
            assert asking.find(query) == plain.find(query)
        asking.close()
        writing.close()


def test_a_forgotten_text_is_nowhere_in_the_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "memory.db")
    store.write(observation(0, event("stopped", 1, zone="xylophone")))
    store.write(observation(0, event("stopped", 1, zone="gate", stream=YARD), stream=YARD))
    store.forget(Scope(streams=(DOCK,)))
    store.close()
    assert b"xylophon" not in (tmp_path / "memory.db").read_bytes()


# ---- recall: a gate ------------------------------------------------------------------------------------------------

LENGTH, EVENTS, EACH = 64, 9000, 300
STREAMS = tuple(StreamId(f"st_{n}") for n in range(3))
KINDS = ("common", *(f"rare {n}" for n in range(10)))


def _crowd() -> tuple[list[Observation], dict[str, Event], np.ndarray]:
    """Events in clusters, as what embedders make of texts lies."""
    draw = np.random.default_rng(3)
    centres = draw.normal(0, 1, (40, LENGTH))
    rows = centres[draw.integers(0, 40, EVENTS)] + draw.normal(0, 0.6, (EVENTS, LENGTH))
    history, events = [], {}
    for first in range(0, EVENTS, EACH):
        stream = STREAMS[first // EACH % 3]
        of_one = [
            replace(
                event(
                    KINDS[int(n % 40 == 0) * (1 + n // 40 % 10)], first / EACH * 10 + n / 100, stream=stream
                ),
                id=f"ev_{first + n:05d}",
            )
            for n in range(EACH)
        ]
        marks = [Vector.of_row(e.id, "crowd", rows[first + n]) for n, e in enumerate(of_one)]
        history.append(observation(first // EACH, *of_one, *marks, stream=stream))
        events |= {e.id: e for e in of_one}
    return history, events, rows


@pytest.mark.slow
def test_of_the_ten_nearest_nearly_all_are_found_also_under_a_narrow_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_near, "FEW", 50)
    monkeypatch.setattr(sqlite_near, "LEAST", 50)
    monkeypatch.setattr(sqlite_near, "PIECE", 1000)
    history, events, _ = _crowd()
    store = SqliteStore(tmp_path / "memory.db")
    for one in history:
        store.write(one)
    vectors = {v.of: v for one in history for v in one.vectors}
    asked = Query(want=Want.EVENTS, limit=10)
    bounds = (
        asked,
        replace(asked, streams=STREAMS[:1]),
        replace(asked, span=Span.of_seconds(100, 130)),
        replace(asked, kinds=KINDS[1:5]),
        replace(asked, kinds=KINDS[1:], labels=()),
    )
    draw = np.random.default_rng(4)
    for query in bounds:
        inside = [
            e for e in events.values()
            if (not query.streams or e.stream_id in query.streams) and (not query.kinds or e.kind in query.kinds)
            and (query.span is None or e.span.overlaps(query.span))
        ]  # fmt: skip
        rows = np.stack([vectors[e.id].row for e in inside])
        found = 0
        for _ in range(20):
            like = Vector.of_row("", "crowd", rows[draw.integers(len(rows))] + draw.normal(0, 0.05, LENGTH))
            best = {inside[n].id for n in np.argsort(-(rows @ like.row))[:10]}
            found += len(best & {e.id for e in store.find(replace(query, like=like)).events})
        assert found / 200 >= 0.95
    other = SqliteStore(tmp_path / "memory.db")
    other.forget(Scope(streams=STREAMS[:1]))
    left = [e for e in events.values() if e.stream_id != STREAMS[0]]
    rows = np.stack([vectors[e.id].row for e in left])
    like = next(vectors[e.id] for e in events.values() if e.stream_id == STREAMS[0])
    best = [left[n].id for n in np.argsort(-(rows @ like.row))[:10]]
    assert [e.id for e in store.find(replace(asked, like=like)).events] == best
    other.close()
    store.close()
