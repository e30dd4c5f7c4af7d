"""What changed: one day's events per zone, kind and hour against the days before, counted by the store, and only what is
notable.

Both sides are rates: events by the time that was looked at. With `k` events in `t` seconds of the day and `b` in `T`
seconds of the days before, `k` of the `k + b` follow a binomial distribution with the share t / (t + T) where nothing
changed (the conditional test of two Poisson rates: Przyborowski and Wilenski 1940). A change is told where

- the two-sided chance of so uneven a split, corrected for how many were compared (Benjamini and Hochberg 1995), is at
  most `CHANCE`: of what is told so many are chance;
- the rate is at least `FACTOR` times as high or as low, by at least `FEWEST` events;
- and it is beyond that of each single day before: what is as uneven from day to day anyway is no news.

Hours of which less than `LOOKED` was looked at do not count, today's or earlier ones: nobody looked is not fewer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from core.clock import SECOND, Micros, Span, merge
from core.ids import StreamId
from core.media import Stream
from core.memory import Aggregation, By, CoverageState, Event, Query, Want
from core.ports import GraphStore
from graph.aggregate import DAY_US, HOUR_US
from graph.places import EPOCH, wall_start

CHANCE = 0.01
FACTOR = 2.0
FEWEST = 3
LEAST_DAYS = 3
LOOKED: Micros = 600 * SECOND
DAYS = 14
EXAMPLES = 5
SEEN = frozenset({CoverageState.LOOKED, CoverageState.GATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How often a kind of event happened in a zone ('' for none) in an hour of the day (None: all day), what the days
    before let expect, how many of those were looked at, and by what chance it is so; with events that show it: that day's,
    or where it was fewer the latest of before.
    """

    zone: str
    kind: str
    hour: int | None
    count: int
    expected: float
    days: int
    chance: float
    looked: Micros
    examples: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed on a day, the strongest first; and the hours of it that nobody looked at though earlier days' were."""

    day: date
    since: date
    compared: int
    changes: tuple[Change, ...]
    unlooked: tuple[int, ...]


Hours = dict[int, Micros]
"""Microseconds looked at, by hour since the beginning of 1970 on the wall clock that counts."""


def _drawn(stream: Stream) -> set[str]:
    """The names an event on the stream can bear as its zone."""
    layout = stream.layout
    return {
        *(z.name for z in layout.zones),
        *(li.name for li in layout.lines),
        *(la.name for la in layout.lanes),
    }


@dataclass(slots=True)
class _Tally:
    """One zone and kind: events by hour, and the streams they can happen on."""

    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    streams: set[StreamId] = field(default_factory=set)


def changes(
    store: GraphStore, streams: Iterable[Stream], day: date, *, days: int = DAYS, zone: tzinfo = UTC
) -> Changes:
    """What changed on that day (of that time zone) against the `days` before it, on the streams whose clock is known."""
    began = _micros(datetime(day.year, day.month, day.day, tzinfo=zone))
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset() or timedelta()
    shift_us = offset // timedelta(microseconds=1)
    whole = Span(max(0, began - days * DAY_US), began + DAY_US)
    read = _Read(store, [s for s in streams if wall_start(s) is not None], whole, shift_us)
    today = (began + shift_us) // DAY_US
    found = [
        change
        for key, tally in sorted(read.tallies.items())
        for change in _compared(*key, tally, read, today, days)
    ]
    told = [replace(c, examples=read.examples(c, today, days)) for c in _notable(found)]
    return Changes(
        day=day,
        since=day - timedelta(days=days),
        compared=len(found),
        changes=tuple(
            sorted(told, key=lambda c: (c.chance, c.hour is not None, c.zone, c.kind, c.hour or 0))
        ),
        unlooked=_unlooked(read.looked.values(), today, days),
    )


def _micros(moment: datetime) -> Micros:
    return (moment - EPOCH) // timedelta(microseconds=1)


class _Read:
    """What the memory holds of the days: counts by the store, and what was looked at, hour by hour."""

    def __init__(self, store: GraphStore, streams: Sequence[Stream], whole: Span, shift: Micros) -> None:
        self._store, self._streams, self._shift = store, streams, shift
        self.tallies: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
        self.looked: dict[StreamId, Hours] = {}
        self._spans = {s.id: span for s in streams if (span := self._own(s, whole)) is not None}
        for stream in streams:
            if stream.id in self._spans:
                self._count(stream)
                self.looked[stream.id] = self._hours(stream)
        drawn = {stream.id: _drawn(stream) for stream in streams}
        for (zone, _), tally in self.tallies.items():
            tally.streams |= {id for id in self.looked if not zone or zone in drawn[id]}

    def _start(self, stream: Stream) -> Micros:
        """The wall time, on the clock that counts, at which the stream's own clock began."""
        return (wall_start(stream) or 0) + self._shift

    def _own(self, stream: Stream, wall: Span) -> Span | None:
        """A span of true wall time on the stream's clock; None where it ended before the stream began."""
        start = wall_start(stream) or 0
        return None if wall.end <= start else Span(max(0, wall.start - start), wall.end - start)

    def _count(self, stream: Stream) -> None:
        query = Query(want=Want.EVENTS, streams=(stream.id,), span=self._spans[stream.id])
        asked = Aggregation(
            query=query, by=(By.ZONE, By.KIND, By.HOUR), shift={stream.id: self._start(stream)}
        )
        for group in self._store.aggregate(asked):
            zone, kind, hour = group.key
            tally = self.tallies[str(zone), str(kind)]
            tally.counts[int(hour)] += group.count
            tally.streams.add(stream.id)

    def _hours(self, stream: Stream) -> Hours:
        query = Query(want=Want.COVERAGE, streams=(stream.id,), span=self._spans[stream.id])
        seen = merge(c.span for c in self._store.find(query).coverage if c.state in SEEN)
        out: Hours = defaultdict(int)
        for span in seen:
            at, end = span.start + self._start(stream), span.end + self._start(stream)
            while at < end:
                until = min(end, (at // HOUR_US + 1) * HOUR_US)
                out[at // HOUR_US] += until - at
                at = until
        return out

    def exposure(self, tally: _Tally, hour: int) -> Micros:
        """How long the streams on which it can happen were looked at in that hour; 0 for hardly at all."""
        looked = sum(self.looked[id].get(hour, 0) for id in tally.streams if id in self.looked)
        return looked if looked >= LOOKED else 0

    def examples(self, change: Change, today: int, days: int) -> tuple[Event, ...]:
        """Events that show it: that day's, or where it became less the latest of the days before."""
        fewer = change.count < change.expected
        first, last = (today - days, today) if fewer else (today, today + 1)
        out: list[tuple[Micros, Event]] = []
        for stream in self._streams:
            start = self._start(stream)
            if last * DAY_US <= start or stream.id not in self._spans:
                continue
            span = Span(max(0, first * DAY_US - start), last * DAY_US - start)
            zones = (change.zone,) if change.zone else ()
            query = Query(
                want=Want.EVENTS, streams=(stream.id,), span=span, kinds=(change.kind,), zones=zones
            )
            for event in self._store.find(query).events:
                hour = (event.span.start + start) // HOUR_US
                fits = change.hour is None or hour % 24 == change.hour
                if fits and (event.zone or "") == change.zone and first <= hour // 24 < last:
                    out.append((event.span.start + start, event))
        out.sort(key=lambda each: (each[0], each[1].id))
        chosen = out[-EXAMPLES:] if fewer else out[:EXAMPLES]
        return tuple(event for _, event in chosen)


def _compared(zone: str, kind: str, tally: _Tally, read: _Read, today: int, days: int) -> list[Change]:
    """Every hour of the day, and the whole day, that can be compared."""
    hours: list[tuple[int, list[tuple[int, Micros]]]] = []
    for hour in range(24):
        each = [(today * 24 + hour, read.exposure(tally, today * 24 + hour))]
        each += [(h, read.exposure(tally, h)) for d in range(1, days + 1) for h in [(today - d) * 24 + hour]]
        if each[0][1]:
            hours.append((hour, [(tally.counts.get(h, 0), t) for h, t in each]))
    out = [change for hour, cells in hours if (change := _change(zone, kind, hour, cells)) is not None]
    whole = [
        (sum(k for k, t in column if t), sum(t for _, t in column))
        for column in zip(*(c for _, c in hours), strict=True)
    ]
    if len(hours) > 1 and (change := _change(zone, kind, None, whole)) is not None:
        out.append(change)
    return out


def _change(zone: str, kind: str, hour: int | None, cells: Sequence[tuple[int, Micros]]) -> Change | None:
    """Today (the first) beside the days before; None where too few of them were looked at. `chance` is uncorrected."""
    (count, looked), *before = cells
    known = [(k, t) for k, t in before if t]
    events, time = sum(k for k, _ in known), sum(t for _, t in known)
    if len(known) < LEAST_DAYS or not looked or count + events == 0:
        return None
    expected = events * looked / time
    rates = [k / t for k, t in known]
    beyond = count / looked > max(rates) or count / looked < min(rates)
    large = abs(count - expected) >= FEWEST and (count >= FACTOR * expected or FACTOR * count <= expected)
    chance = split_chance(count, events, looked / (looked + time))
    return Change(
        zone=zone, kind=kind, hour=hour, count=count, expected=expected, days=len(known),
        chance=chance if beyond and large else 1.0, looked=looked,
    )  # fmt: skip


def split_chance(count: int, others: int, share: float) -> float:
    """The two-sided chance that of `count + others` events, each with this share of falling among the first, so uneven a
    part does: twice the smaller tail, at most 1.
    """
    from scipy.special import bdtr, bdtrc  # takes a moment to load, and few ask what changed

    total = count + others
    low = float(bdtr(count, total, share))
    high = float(bdtrc(count - 1, total, share)) if count else 1.0
    return min(1.0, 2 * min(low, high))


def _notable(found: Sequence[Change]) -> list[Change]:
    """Those told, with their chances corrected for how many were compared (Benjamini and Hochberg)."""
    ranked = sorted(found, key=lambda change: change.chance)
    out: list[Change] = []
    least = 1.0
    for place, change in reversed(list(enumerate(ranked, 1))):
        least = min(least, change.chance * len(ranked) / place)
        if least <= CHANCE:
            out.append(replace(change, chance=least))
    return out


def _unlooked(looked: Iterable[Mapping[int, Micros]], today: int, days: int) -> tuple[int, ...]:
    """Hours of that day in which hardly anything was looked at, though on an earlier day it was."""
    total: Hours = defaultdict(int)
    for hours in looked:
        for hour, time in hours.items():
            total[hour] += time
    return tuple(
        hour
        for hour in range(24)
        if total.get(today * 24 + hour, 0) < LOOKED
        and any(total.get((today - d) * 24 + hour, 0) >= LOOKED for d in range(1, days + 1))
    )
