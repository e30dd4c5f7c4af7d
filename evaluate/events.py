"""Events against labelled truth: matched one to one in time, counted per kind, with the delay until they were noticed.

Temporal overlap is intersection over union of two spans, as ActivityNet scores spans of activity (Caba Heilbron et al.,
"ActivityNet: A Large-Scale Video Benchmark for Human Activity Understanding", CVPR 2015); the matching is the optimal one.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.clock import SECOND, Micros, Span, seconds
from core.memory import Event

LEAST_OVERLAP = 0.3
"""Temporal IoU from which a found event is taken for a true one."""
INSTANT: Micros = SECOND
"""What is shorter is an instant: nobody labels those to the tenth."""
WIDENED: Micros = SECOND
"""By how much an instant is widened on both sides before it is compared: two instants match up to 1.07 s apart."""
MOST = 0.5
"""More than this part of what is told again lies in the true event."""
HOUR: Micros = 3600 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An event as it is scored: its kind, its span, where, and when it could be known.

    `at` is the moment from which a true event can be recognised (its start, if nothing else is said), or at which a
    found one was; None where nobody noted it. An `optional` true event may be found or not: neither is counted.
    `confidence` is that of a found one.
    """

    kind: str
    span: Span
    zone: str | None = None
    at: Micros | None = None
    optional: bool = False
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A true event and the found one it was matched with; `overlap` is their temporal IoU."""

    true: Mark
    found: Mark
    overlap: float

    @property
    def delay_s(self) -> float | None:
        """Seconds from when it could be known to when it was noticed, at least 0; None where that was not noted."""
        if self.found.at is None:
            return None
        due = self.true.span.start if self.true.at is None else self.true.at
        return seconds(max(0, self.found.at - due))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What became of one stream's events: which were found, which were missed, and which are false alarms.

    `duration` is how long the stream is; `kinds` are those that were scored. `unfounded` are the false ones, less
    those that mostly lie in a true event of their kind that was found: one told twice, or in pieces, calls nobody for nothing.
    """

    pairs: tuple[Pair, ...] = ()
    missed: tuple[Mark, ...] = ()
    false: tuple[Mark, ...] = ()
    unfounded: tuple[Mark, ...] = ()
    duration: Micros = 0
    kinds: frozenset[str] = frozenset()
    name: str = ""
    domain: str = ""


def mark_of(event: Event) -> Mark:
    """A remembered event as it is scored."""
    return Mark(
        kind=event.kind, span=event.span, zone=event.zone, at=event.noticed, confidence=event.confidence
    )


def compare(
    true: Sequence[Mark],
    found: Sequence[Mark],
    *,
    kinds: Iterable[str] | None = None,
    duration: Micros = 0,
    least: float = LEAST_OVERLAP,
    zones: bool = True,
    name: str = "",
    domain: str = "",
) -> Comparison:
    """Matches true with found events, kind by kind: as many pairs as can be, and of those ways the best overlap.

    Only `kinds` are scored (None: those that occur in `true`); a found event of another kind is nobody's mistake.
    With `zones`, two that name different zones do not match; where one names none, the zone does not matter.
    """
    scored = frozenset({mark.kind for mark in true} if kinds is None else kinds)
    pairs: list[Pair] = []
    missed: list[Mark] = []
    false: list[Mark] = []
    for kind in sorted(scored):
        wanted = [mark for mark in true if mark.kind == kind]
        given = [mark for mark in found if mark.kind == kind]
        matched = _matched(wanted, given, least, zones)
        pairs += [
            Pair(true=wanted[i], found=given[j], overlap=overlap)
            for i, j, overlap in matched
            if not wanted[i].optional
        ]
        hit, used = {i for i, _, _ in matched}, {j for _, j, _ in matched}
        missed += [mark for i, mark in enumerate(wanted) if i not in hit and not mark.optional]
        false += [mark for j, mark in enumerate(given) if j not in used]
    return Comparison(
        pairs=tuple(pairs), missed=tuple(missed), false=tuple(false), unfounded=_unfounded(pairs, false, zones),
        duration=duration, kinds=scored, name=name, domain=domain,
    )  # fmt: skip


def _unfounded(pairs: Sequence[Pair], false: Sequence[Mark], zones: bool) -> tuple[Mark, ...]:
    return tuple(mark for mark in false if not any(_told_again(mark, pair.true, zones) for pair in pairs))


def _told_again(mark: Mark, true: Mark, zones: bool) -> bool:
    """Whether most of it lies in a true event of its kind, and zone, that was found all the same."""
    if mark.kind != true.kind or _fit(true, mark, zones) == 0:
        return False
    (a, b), (c, d) = _widened(mark.span), _widened(true.span)
    return min(b, d) - max(a, c) > MOST * (b - a)


def _matched(
    true: Sequence[Mark], found: Sequence[Mark], least: float, zones: bool
) -> list[tuple[int, int, float]]:
    """Indices of what belongs together, and how much of it overlaps."""
    from scipy.optimize import linear_sum_assignment

    if not true or not found:
        return []
    overlaps = np.array([[_fit(a, b, zones) for b in found] for a in true])
    fits = overlaps >= least
    most = 1 + min(
        overlaps.shape
    )  # one more pair outweighs all that follows, one more required event any overlap
    required = np.array([[0 if mark.optional else most] for mark in true])
    worth = np.where(fits, most**2 + required + overlaps, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return [(int(i), int(j), float(overlaps[i, j])) for i, j in zip(rows, columns, strict=True) if fits[i, j]]


def _fit(true: Mark, found: Mark, zones: bool) -> float:
    if zones and true.zone and found.zone and true.zone != found.zone:
        return 0.0
    return temporal_iou(true.span, found.span)


def temporal_iou(a: Span, b: Span) -> float:
    """Shared time over joined time, 0 to 1; instants are widened first."""
    (a_start, a_end), (b_start, b_end) = _widened(a), _widened(b)
    shared = min(a_end, b_end) - max(a_start, b_start)
    return max(0, shared) / ((a_end - a_start) + (b_end - b_start) - max(0, shared))


def _widened(span: Span) -> tuple[Micros, Micros]:
    if span.duration >= INSTANT:
        return span.start, span.end
    return span.start - WIDENED, span.end + WIDENED  # before 0, too: both sides of a match lose alike


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How well some events were found: how many rightly, missed, falsely, and of these for nothing (`unfounded`), over how
    much stream time.

    Precision, recall, F1 and the median delay are None where there is nothing to count.
    """

    right: int = 0
    missed: int = 0
    false: int = 0
    unfounded: int = 0
    delays_s: tuple[float, ...] = ()
    duration: Micros = 0

    @cached_property
    def precision(self) -> float | None:
        """Share of the found events that are true."""
        return _share(self.right, self.right + self.false)

    @cached_property
    def recall(self) -> float | None:
        """Share of the true events that were found."""
        return _share(self.right, self.right + self.missed)

    @cached_property
    def f1(self) -> float | None:
        """Harmonic mean of the two, 2·right / (2·right + missed + false)."""
        return _share(2 * self.right, 2 * self.right + self.missed + self.false)

    @cached_property
    def delay_s(self) -> float | None:
        """Median seconds until a found event was noticed."""
        return statistics.median(self.delays_s) if self.delays_s else None

    @cached_property
    def false_per_hour(self) -> float | None:
        """What was falsely found, per hour of stream."""
        return self.false / (self.duration / HOUR) if self.duration else None

    def plus(self, other: Counts) -> Counts:
        """Both together, over the same stream time."""
        return replace(
            self,
            right=self.right + other.right,
            missed=self.missed + other.missed,
            false=self.false + other.false,
            unfounded=self.unfounded + other.unfounded,
            delays_s=self.delays_s + other.delays_s,
        )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True, kw_only=True)
class EventScore:
    """The score of many streams: per kind, and over all kinds counted together (micro average)."""

    kinds: Mapping[str, Counts]
    streams: int
    duration: Micros

    @cached_property
    def total(self) -> Counts:
        """All kinds together."""
        whole = Counts(duration=self.duration)
        for counts in self.kinds.values():
            whole = whole.plus(counts)
        return whole


def score(comparisons: Iterable[Comparison]) -> EventScore:
    """All streams' counts together. A kind's hours are those of the streams in which it was scored."""
    done = list(comparisons)
    kinds = {}
    for kind in sorted({kind for each in done for kind in each.kinds}):
        mine = [each for each in done if kind in each.kinds]
        pairs = [pair for each in mine for pair in each.pairs if pair.true.kind == kind]
        kinds[kind] = Counts(
            right=len(pairs),
            missed=sum(mark.kind == kind for each in mine for mark in each.missed),
            false=sum(mark.kind == kind for each in mine for mark in each.false),
            unfounded=sum(mark.kind == kind for each in mine for mark in each.unfounded),
            delays_s=tuple(pair.delay_s for pair in pairs if pair.delay_s is not None),
            duration=sum(each.duration for each in mine),
        )
    return EventScore(kinds=kinds, streams=len(done), duration=sum(each.duration for each in done))


def by_domain(comparisons: Iterable[Comparison]) -> dict[str, EventScore]:
    """One score per domain, in order of their names."""
    domains: dict[str, list[Comparison]] = {}
    for each in comparisons:
        domains.setdefault(each.domain, []).append(each)
    return {domain: score(mine) for domain, mine in sorted(domains.items())}
