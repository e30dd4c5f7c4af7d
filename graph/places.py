"""Who can have been where: whether two visits can be of one thing, by the clocks of their streams and the ways between."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from core.clock import SECOND, Micros, Span
from core.ids import PassageId, StreamId, passage_id
from core.labels import FOUR_WHEELED
from core.media import Passage, Stream
from core.memory import Entity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT_ONCE = SECOND
"""For how long two visits may overlap and still be of one thing: where one ends and the next begins is not sharper."""
ROUND, DRIVEN_ROUND = 10 * SECOND, 60 * SECOND
"""How long it takes at least to come in at another side of the same picture than one left by, on foot and by car."""


class Verdict(StrEnum):
    """What time and place say of two visits: that they may be of one thing, are certainly of two, or nothing."""

    MAYBE = "maybe"
    TWO = "two"
    UNKNOWN = "unknown"


def wall_start(stream: Stream) -> Micros | None:
    """When the stream's clock stood at 0, in microseconds since 1970; None where nobody knows."""
    if stream.started_at is None or stream.started_at < EPOCH:
        return None
    return (stream.started_at - EPOCH) // timedelta(microseconds=1)


class Places:
    """The streams with their clocks, and the passages between them.

    Where nobody said how two streams lie, what both show at once is taken for two things, and going from one to the
    other for a matter of no time: that errs towards not knowing somebody again. Streams without a wall clock are
    compared with themselves alone.
    """

    def __init__(
        self, streams: Iterable[Stream], passages: Iterable[Passage] = (), *, window: Micros
    ) -> None:
        self._streams = {stream.id: stream for stream in streams}
        self._starts = {id: start for id, s in self._streams.items() if (start := wall_start(s)) is not None}
        self._passages = {passage.id: passage for passage in passages}
        self._window = window

    def searched(self, entity: Entity) -> list[tuple[tuple[StreamId, ...], Span]]:
        """Which spans of which streams to look for the same thing in: no further than the window, in few queries.

        Streams whose clocks began within one window share a span, which then is up to a window longer than it need be.
        """
        own = self._starts.get(entity.stream_id)
        if own is None:
            return [((entity.stream_id,), entity.span.widen(self._window))]
        first = entity.span.start + own - self._window
        last = entity.span.end + own + self._window
        groups: dict[int, list[StreamId]] = {}
        for id, start in self._starts.items():
            duration = self._streams[id].duration
            if start < last and (not duration or start + duration > first or id == entity.stream_id):
                groups.setdefault(start // self._window, []).append(id)
        out = []
        for ids in groups.values():
            starts = [self._starts[id] for id in ids]
            begin = max(0, first - max(starts))
            out.append((tuple(sorted(ids)), Span(begin, max(begin + 1, last - min(starts)))))
        return out

    def judge(self, a: Entity, b: Entity) -> Verdict:
        """Whether the two visits can be of one thing."""
        if a.stream_id == b.stream_id:
            return self._on_one(*sorted((a, b), key=lambda e: (e.span.start, e.id)))
        one, other = self._starts.get(a.stream_id), self._starts.get(b.stream_id)
        if one is None or other is None:
            return Verdict.UNKNOWN
        gap = max(a.span.start + one - b.span.end - other, b.span.start + other - a.span.end - one)
        if gap > self._window:
            return Verdict.UNKNOWN
        passage = self._passages.get(self._way(a, b))
        if passage is not None and passage.together:
            return Verdict.MAYBE
        least = passage.least if passage is not None else 0
        return Verdict.MAYBE if gap >= least - AT_ONCE else Verdict.TWO

    def _on_one(self, first: Entity, then: Entity) -> Verdict:
        gap = then.span.start - first.span.end
        if gap < -AT_ONCE:
            return Verdict.TWO
        if gap > self._window:
            return Verdict.UNKNOWN
        left, entered = first.attributes.get("left"), then.attributes.get("entered")
        driven = first.label in FOUR_WHEELED
        if left and entered and left != entered and gap < (DRIVEN_ROUND if driven else ROUND):
            return Verdict.TWO
        return Verdict.MAYBE

    def _way(self, a: Entity, b: Entity) -> PassageId:
        return passage_id(a.stream_id, b.stream_id)
