from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND, Span, VirtualClock, clock_text, covered, merge, micros, subtract

moments = st.integers(0, 200)
spans = st.tuples(moments, st.integers(1, 50)).map(lambda p: Span(p[0], p[0] + p[1]))


def moments_of(parts: list[Span]) -> set[int]:
    return {m for part in parts for m in range(part.start, part.end)}


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (-1, 3)])
def test_a_span_is_never_empty_nor_before_zero(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="a span needs"):
        Span(start, end)


@given(spans, spans)
def test_overlap_means_a_shared_moment(a: Span, b: Span) -> None:
    shared = moments_of([a]) & moments_of([b])
    assert a.overlaps(b) == bool(shared)
    both = a.intersect(b)
    assert moments_of([both] if both else []) == shared
    assert moments_of([a]) | moments_of([b]) <= moments_of([a.hull(b)])


@given(st.lists(spans, max_size=8))
def test_merging_keeps_every_moment_and_leaves_no_touching_parts(parts: list[Span]) -> None:
    merged = merge(parts)
    assert moments_of(merged) == moments_of(parts)
    assert all(a.end < b.start for a, b in itertools.pairwise(merged))
    assert covered(parts) == len(moments_of(parts))


@given(spans, st.lists(spans, max_size=8))
def test_what_is_left_and_what_is_taken_make_the_whole(whole: Span, parts: list[Span]) -> None:
    left = subtract(whole, parts)
    assert moments_of(left) == moments_of([whole]) - moments_of(parts)


@given(st.lists(spans, min_size=1, max_size=6), st.integers(0, 20))
def test_merging_over_gaps_leaves_only_wider_ones(parts: list[Span], gap: int) -> None:
    merged = merge(parts, gap=gap)
    assert all(b.start - a.end > gap for a, b in itertools.pairwise(merged))


@pytest.mark.parametrize(
    ("at", "text"),
    [(0, "0:00.0"), (7.24, "0:07.2"), (59.96, "1:00.0"), (725, "12:05.0"), (3723.4, "1:02:03.4")],
)
def test_a_moment_reads_as_people_write_it(at: float, text: str) -> None:
    assert clock_text(micros(at)) == text


def test_a_virtual_clock_moves_only_when_told() -> None:
    clock = VirtualClock()
    before = clock.now()
    assert clock.now() == before
    clock.sleep(90)
    assert (clock.now() - before).total_seconds() == 90


def test_widening_stops_at_the_start_of_the_stream() -> None:
    assert Span(SECOND, 2 * SECOND).widen(3 * SECOND) == Span(0, 5 * SECOND)
