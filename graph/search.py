"""Small questions to any memory that more than one room asks."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import Span, merge, subtract
from core.ids import EntityId, StreamId
from core.memory import CoverageState, Event, Query, Want
from core.ports import GraphStore


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageReport:
    """How a stretch of a stream was treated: disjoint spans in order, cut to the stretch.

    Where entries disagree the better one counts: looked before gated before failed before down. `uncovered` is what
    no entry names. All five together are the whole stretch, each moment once.
    """

    looked: tuple[Span, ...] = ()
    gated: tuple[Span, ...] = ()
    failed: tuple[Span, ...] = ()
    down: tuple[Span, ...] = ()
    uncovered: tuple[Span, ...] = ()

    @property
    def seen(self) -> tuple[Span, ...]:
        """What counts as covered: looked at, or gated because nothing moved."""
        return tuple(merge((*self.looked, *self.gated)))


def timeline(store: GraphStore, entity_id: EntityId, span: Span | None = None) -> tuple[Event, ...]:
    """Everything the entity took part in, in order of time."""
    return store.find(Query(want=Want.EVENTS, entities=(entity_id,), span=span)).events


def coverage_report(store: GraphStore, stream_id: StreamId, whole: Span) -> CoverageReport:
    """How `whole` was treated."""
    entries = store.find(Query(want=Want.COVERAGE, streams=(stream_id,), span=whole)).coverage
    left = [whole]
    spans: dict[CoverageState, tuple[Span, ...]] = {}
    for state in (CoverageState.LOOKED, CoverageState.GATED, CoverageState.FAILED, CoverageState.DOWN):
        of_state = merge(entry.span for entry in entries if entry.state is state)
        spans[state] = tuple(
            shared for rest in left for span in of_state if (shared := rest.intersect(span)) is not None
        )
        left = [piece for rest in left for piece in subtract(rest, of_state)]
    return CoverageReport(
        looked=spans[CoverageState.LOOKED],
        gated=spans[CoverageState.GATED],
        failed=spans[CoverageState.FAILED],
        down=spans[CoverageState.DOWN],
        uncovered=tuple(left),
    )
