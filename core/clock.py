"""Time: integer microseconds on a stream's own clock, half-open spans, and the wall clock (nowhere else)."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias

Micros: TypeAlias = int
"""Microseconds on a stream's own clock; 0 is the stream's first frame."""

SECOND: Micros = 1_000_000


def micros(seconds: float) -> Micros:
    """Microseconds nearest to `seconds`."""
    return round(seconds * SECOND)


def seconds(at: Micros) -> float:
    """Seconds as a float, for people and for JSON; never for arithmetic that is kept."""
    return at / SECOND


def clock_text(at: Micros) -> str:
    """A moment as people write it: `0:07.2`, `12:05.0`, `1:02:03.4`."""
    tenths = round(at / 100_000)
    whole, tenth = divmod(tenths, 10)
    minutes, secs = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{secs:02d}.{tenth}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open stretch `[start, end)` of a stream's time, in microseconds; never empty, never before 0."""

    start: Micros
    end: Micros

    def __post_init__(self) -> None:
        if self.start < 0 or self.end <= self.start:
            raise ValueError(f"a span needs 0 <= start < end, got [{self.start}, {self.end})")

    @classmethod
    def at(cls, moment: Micros) -> Span:
        """The shortest span there is, one microsecond long: how a moment is written."""
        return cls(moment, moment + 1)

    @classmethod
    def of_seconds(cls, start: float, end: float) -> Span:
        """The span between two times in seconds."""
        return cls(micros(start), micros(end))

    @property
    def duration(self) -> Micros:
        """Length in microseconds."""
        return self.end - self.start

    @property
    def middle(self) -> Micros:
        """The moment half-way."""
        return (self.start + self.end) // 2

    def __contains__(self, moment: Micros) -> bool:
        return self.start <= moment < self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two share at least a microsecond."""
        return self.start < other.end and other.start < self.end

    def covers(self, other: Span) -> bool:
        """Whether all of the other lies in this one."""
        return self.start <= other.start and other.end <= self.end

    def intersect(self, other: Span) -> Span | None:
        """What both cover, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None

    def hull(self, other: Span) -> Span:
        """The shortest span that holds both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def widen(self, by: Micros) -> Span:
        """The span with `by` added on both sides, cut at 0."""
        return Span(max(0, self.start - by), self.end + by)

    def __str__(self) -> str:
        return f"{clock_text(self.start)}–{clock_text(self.end)}"


def merge(spans: Iterable[Span], *, gap: Micros = 0) -> list[Span]:
    """The same moments as disjoint spans in order; spans at most `gap` apart become one."""
    out: list[Span] = []
    for span in sorted(spans):
        if out and span.start <= out[-1].end + gap:
            out[-1] = out[-1].hull(span)
        else:
            out.append(span)
    return out


def subtract(whole: Span, parts: Iterable[Span]) -> list[Span]:
    """What of `whole` no part covers, in order."""
    left: list[Span] = []
    at = whole.start
    for part in merge(parts):
        if part.start >= whole.end:
            break
        if part.start > at:
            left.append(Span(at, part.start))
        at = max(at, part.end)
    if at < whole.end:
        left.append(Span(at, whole.end))
    return left


def covered(spans: Iterable[Span]) -> Micros:
    """How many microseconds the spans cover together, each counted once."""
    return sum(span.duration for span in merge(spans))


def nearest(moments: Sequence[Micros], at: Micros) -> int:
    """The place, from 0, of the moment nearest to `at` among sorted ones; the earlier of two equally near."""
    after = bisect_left(moments, at)
    if after == 0:
        return 0
    if after == len(moments) or at - moments[after - 1] <= moments[after] - at:
        return after - 1
    return after


class Clock(Protocol):
    """Tells the wall time; the one thing tests may replace."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""

    def sleep(self, seconds: float) -> None:
        """Waits."""


class WallClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Waits for real."""
        time.sleep(seconds)


class VirtualClock:
    """A clock that moves only when told to: for tests and for playing a file faster than life."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment it was last set to."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Moves forward at once."""
        self._now += timedelta(seconds=seconds)


def wait_asked(retry_after: str, now: datetime) -> float | None:
    """Seconds for which the header `Retry-After` asks to be left alone (RFC 9110, 10.2.3): a number or a date; None for
    anything else.
    """
    from email.utils import parsedate_to_datetime  # loads sockets, which few commands need

    try:
        asked = float(retry_after)
        return max(0.0, asked) if math.isfinite(asked) else None
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None
