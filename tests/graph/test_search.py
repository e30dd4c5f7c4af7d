from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND, Span, covered
from core.memory import CoverageState
from graph.plain.store import MemoryStore
from graph.search import coverage_report, timeline
from helpers.observations import DOCK, coverage, entity, event, observation, spans

ANN, BOB = entity(1), entity(2)


def test_a_timeline_is_what_one_took_part_in_in_order() -> None:
    store = MemoryStore()
    store.write(
        observation(0, ANN, BOB, event("left", 9, None, ANN), event("together", 3, 5, BOB, ANN), event("stopped", 1, 2, BOB))
    )  # fmt: skip
    assert [e.kind for e in timeline(store, ANN.id)] == ["together", "left"]
    assert [e.kind for e in timeline(store, ANN.id, Span.of_seconds(6, 20))] == ["left"]


def test_a_coverage_report_says_what_was_seen_and_what_was_not() -> None:
    store = MemoryStore()
    store.write(observation(0, coverage(0, 4), coverage(3, 8, CoverageState.GATED)))
    store.write(observation(1, coverage(10, 12, CoverageState.FAILED), coverage(11, 13, CoverageState.DOWN)))
    report = coverage_report(store, DOCK, Span.of_seconds(1, 20))
    assert report.looked == (Span.of_seconds(1, 4),)
    assert report.gated == (Span.of_seconds(4, 8),)
    assert report.failed == (Span.of_seconds(10, 12),)
    assert report.down == (Span.of_seconds(12, 13),)
    assert report.uncovered == (Span.of_seconds(8, 10), Span.of_seconds(13, 20))
    assert report.seen == (Span.of_seconds(1, 8),)


def test_a_stream_nobody_looked_at_is_uncovered() -> None:
    whole = Span(0, 5 * SECOND)
    assert coverage_report(MemoryStore(), DOCK, whole).uncovered == (whole,)


@given(whole=spans(), entries=st.lists(st.tuples(st.sampled_from(CoverageState), spans()), max_size=6))
def test_every_moment_is_reported_once(whole: Span, entries: list[tuple[CoverageState, Span]]) -> None:
    store = MemoryStore()
    store.write(observation(0, *(replace(coverage(0, 1, state), span=span) for state, span in entries)))
    report = coverage_report(store, DOCK, whole)
    parts = [*report.looked, *report.gated, *report.failed, *report.down, *report.uncovered]
    assert sum(span.duration for span in parts) == covered(parts) == whole.duration
