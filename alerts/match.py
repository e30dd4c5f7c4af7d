"""Decides when a rule fires: one pure function for history and for the live stream.

Live, it is asked again after every chunk with all it may need to look back at; what it says about a moment does not
change as more comes in, so asking often and asking once at the end give the same firings. That holds because a firing
is named by what completed it, because more events can only add firings, and because absence, which more events could
take back, is judged `SETTLE` later and only where somebody looked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.rule import COMPARISON, PRESENT, Filter, Next, RuleSpec
from alerts.scene import SETTLE, Scene, stays
from core.clock import SECOND, Micros, Span, merge, subtract
from core.media import Stream
from core.memory import Coverage, CoverageState, Entity, Event, Participant

BLINK: Micros = SECOND // 2
"""A gap in coverage this short hides nothing that counts: a zone change counts once it has held as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One moment at which a rule's condition came true.

    `key` names it by what completed it: the same in every pass over the same events. `at` is that moment, `span`
    reaches from the first event that belongs to it to `at`; `events` are those that made it true.
    """

    key: str
    at: Micros
    span: Span
    events: tuple[Event, ...] = ()


def fire(
    spec: RuleSpec, events: Iterable[Event], *, scene: Scene, until: Micros, watched: Iterable[Span]
) -> list[Firing]:
    """The firings of the rule on one stream up to `until`, in order of time.

    `watched` are the spans that were looked at (gated ones included): what was not looked at is never absent.
    """
    if spec.when.stream and not {scene.stream.name, scene.stream.id} & {*spec.when.stream}:
        return []
    facts = [event for event in events if event.span.start < until]
    # An absence rule's hours say when absence counts, not whose presence does: see `_absences`.
    wanted = spec.when if spec.absent is None else _at_all(spec.when).model_copy(update={"between": None})
    meant = list(_meant(wanted, facts, scene, until))
    if spec.absent is not None:
        firings = _absences(spec, meant, scene, until, watched)
    elif spec.count is not None:
        firings = _counts(spec, meant)
    elif spec.then is not None:
        second = list(_meant(spec.then, facts, scene, until))
        firings = _sequences(spec, spec.then, meant, second)
    elif spec.without is not None:
        second = list(_meant(_at_all(spec.without), facts, scene, until))
        firings = _missing(spec, spec.without, meant, second, until, watched)
    else:
        firings = [_single(event, at) for at, event in _ripe(meant, spec.for_)]
    return sorted(firings, key=lambda firing: (firing.at, firing.key))


def look_back(spec: RuleSpec) -> Micros:
    """How far before a new chunk events can still matter to the rule, in microseconds."""
    reach = spec.for_
    if spec.count is not None:
        reach += spec.count.within
    for part in (spec.then, spec.without):
        if part is not None:
            reach += part.within + part.for_
    if spec.absent is not None:
        reach += spec.absent.for_
    return reach + 2 * SETTLE


def kinds_needed(spec: RuleSpec) -> frozenset[str] | None:
    """The kinds of stored event the rule looks at; None means any."""
    needed: set[str] = set()
    for part in (spec.when, spec.then, spec.without):
        if part is None:
            continue
        if not part.kinds:
            return None
        needed |= {"entered_zone", "left_zone"} if PRESENT in part.kinds else set()
        needed |= set(part.kinds) - {PRESENT}
    return frozenset(needed)


def watched_for(spec: RuleSpec, coverage: Iterable[Coverage]) -> list[Span]:
    """The spans in which what the rule may find absent was looked for (gated: nothing moved, so nothing came).

    What looked but cannot tell the label apart did not look for it.
    """
    part: Filter = spec.without or spec.when
    labels = {*part.label, *(label for some in (*part.roles.values(), *part.all_labels) for label in some)}
    return [
        entry.span
        for entry in coverage
        if entry.state in (CoverageState.LOOKED, CoverageState.GATED)
        and (not labels or not entry.looked_for or labels & {*entry.looked_for})
    ]


def asks_for_presence(spec: RuleSpec) -> bool:
    """Whether the rule is about stays, which are read off entities and zone changes."""
    return any(part is not None and PRESENT in part.kinds for part in (spec.when, spec.then, spec.without))


# ---- the conditions -------------------------------------------------------------------------------------------------


def _ripe(events: Iterable[Event], held: Micros) -> Iterator[tuple[Micros, Event]]:
    """The events that lasted at least `held`, each with the moment from which that was so, in order."""
    ripe = [(e.span.start + held, e) for e in events if not held or e.span.duration >= held]
    yield from sorted(ripe, key=lambda pair: (pair[0], pair[1].id))


def _single(event: Event, at: Micros) -> Firing:
    return Firing(key=event.id, at=at, span=Span(event.span.start, at + 1), events=(event,))


def _counts(spec: RuleSpec, meant: Sequence[Event]) -> list[Firing]:
    """At every event that makes the number full; a thing counts once with `of: entities`."""
    assert spec.count is not None  # noqa: S101 - told apart by the caller
    ripe = list(_ripe(meant, spec.for_))
    moments = [at for at, _ in ripe]
    firings = []
    for last, (at, event) in enumerate(ripe):
        first = bisect_left(moments, at - spec.count.within + 1)
        window = [e for _, e in ripe[first : last + 1]]
        if _number(window, spec) >= spec.count.at_least:
            start = min(e.span.start for e in window)
            firings.append(Firing(key=event.id, at=at, span=Span(start, at + 1), events=tuple(window)))
    return firings


def _number(window: Sequence[Event], spec: RuleSpec) -> int:
    if spec.count is not None and spec.count.of == "entities":
        return len({p.entity_id for event in window for p in event.participants})
    return len(window)


def _sequences(spec: RuleSpec, then: Next, firsts: Sequence[Event], seconds: Sequence[Event]) -> list[Firing]:
    """At every second event that has a first one shortly before it."""
    before = list(_ripe(firsts, spec.for_))
    moments = [at for at, _ in before]
    firings = []
    for at, second in _ripe(seconds, then.for_):
        start = second.span.start
        window = before[bisect_left(moments, start - then.within) : bisect_right(moments, start)]
        fits = [e for _, e in window if e.id != second.id and (not then.same or _share(e, second))]
        if fits:
            first = fits[-1]
            span = Span(min(first.span.start, start), at + 1)
            firings.append(Firing(key=second.id, at=at, span=span, events=(first, second)))
    return firings


def _missing(
    spec: RuleSpec,
    without: Next,
    firsts: Sequence[Event],
    seconds: Sequence[Event],
    until: Micros,
    watched: Iterable[Span],
) -> list[Firing]:
    """After every first event that no second one follows, nor accompanies, while somebody looked all along."""
    looked = merge(watched, gap=BLINK)
    long_enough = [event for _, event in _ripe(seconds, without.for_)]
    firings = []
    for ripe_at, first in _ripe(firsts, spec.for_):
        window = Span(ripe_at, ripe_at + without.within)
        if window.end + without.for_ > until - SETTLE or not _covered(window, looked):
            continue
        others = (e for e in long_enough if e.id != first.id and (not without.same or _share(first, e)))
        if not any(_lasting(e, until).overlaps(window) for e in others):
            span = Span(first.span.start, window.end + 1)
            firings.append(Firing(key=first.id, at=window.end, span=span, events=(first,)))
    return firings


def _absences(
    spec: RuleSpec, meant: Sequence[Event], scene: Scene, until: Micros, watched: Iterable[Span]
) -> list[Firing]:
    """Once in every stretch that was looked at and in which nothing of the filter happened for so long."""
    assert spec.absent is not None  # noqa: S101 - told apart by the caller
    busy = [_lasting(event, until) for event in meant]
    firings = []
    for looked in _within_hours(spec.when, scene.stream, merge(watched, gap=BLINK)):
        for free in subtract(looked, busy):
            at = free.start + spec.absent.for_
            if at <= min(free.end, until - SETTLE):
                firings.append(Firing(key=f"none@{free.start}", at=at, span=Span(free.start, at + 1)))
    return firings


def _lasting(event: Event, until: Micros) -> Span:
    """The event's span; one that still goes on reaches to the end of what is known."""
    return Span(event.span.start, max(event.span.end, until)) if event.open else event.span


def _covered(window: Span, looked: Sequence[Span]) -> bool:
    return any(span.start - BLINK <= window.start and window.end <= span.end + BLINK for span in looked)


def _share(one: Event, other: Event) -> bool:
    return not {*one.entity_ids}.isdisjoint(other.entity_ids)


# ---- the filter -----------------------------------------------------------------------------------------------------


def _at_all(wanted: Filter) -> Filter:
    """The filter of what must not have happened: what is not sure may have, so that nobody is woken for its absence."""
    return wanted.model_copy(update={"min_confidence": wanted.min_confidence or 0.0})


def _meant(wanted: Filter, events: Sequence[Event], scene: Scene, until: Micros) -> Iterator[Event]:
    """The events, and where presence is asked for the stays, that pass the filter."""
    added = stays(events, scene, until, in_zones=bool(wanted.zone)) if PRESENT in wanted.kinds else ()
    for event in (*events, *added):
        if holds(wanted, event, scene):
            yield event


def holds(wanted: Filter, event: Event, scene: Scene) -> bool:
    """Whether the event passes the filter."""
    who = [(p, scene.entities.get(p.entity_id)) for p in event.participants]
    places = {*wanted.zone, *wanted.line}
    return (
        (not wanted.kinds or event.kind in wanted.kinds)
        and (not places or event.zone in places)
        and event.confidence >= wanted.least_sure(event.kind)
        and (not wanted.label or any(e is not None and e.label in wanted.label for _, e in who))
        and _all_there(wanted.all_labels, [e.label for _, e in who if e is not None])
        and all(_played(role, labels, who) for role, labels in wanted.roles.items())
        and _has(wanted.attributes, event, [e for _, e in who if e is not None])
        and _in_hours(wanted, event.span.start, scene.stream)
    )


def _played(role: str, labels: Sequence[str], who: Sequence[tuple[Participant, Entity | None]]) -> bool:
    return any(p.role == role and e is not None and e.label in labels for p, e in who)


def _all_there(groups: Sequence[Sequence[str]], labels: list[str]) -> bool:
    """Whether each group finds a thing of its own with one of its labels."""
    if not groups:
        return True
    return any(
        label in groups[0] and _all_there(groups[1:], labels[:n] + labels[n + 1 :])
        for n, label in enumerate(labels)
    )


def _has(wanted: Mapping[str, str | float], event: Event, who: Sequence[Entity]) -> bool:
    """Whether all attributes hold of one thing: of the event (then of anyone who took part) together."""
    if not wanted:
        return True
    carriers = [{**e.attributes, **event.attributes} for e in who] or [event.attributes]
    return any(all(_equals(has.get(k), v) for k, v in wanted.items()) for has in carriers)


def _equals(has: str | float | None, wanted: str | float) -> bool:
    match = COMPARISON.fullmatch(wanted) if isinstance(wanted, str) else None
    if match is None:
        return has == wanted
    return isinstance(has, int | float) and _COMPARISONS[match[1]](float(has), float(match[2]))


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def _in_hours(wanted: Filter, at: Micros, stream: Stream) -> bool:
    """Whether the moment lies in the filter's window of the day; never where the stream's start is not known."""
    if wanted.between is None:
        return True
    if stream.started_at is None:
        return False
    local = wall_time(stream.started_at, at).astimezone(ZoneInfo(wanted.tz))
    minute = local.hour * 60 + local.minute
    start, end = (_minutes(text) for text in wanted.between)
    return start <= minute < end if start < end else minute >= start or minute < end


def _within_hours(wanted: Filter, stream: Stream, spans: Sequence[Span]) -> Iterator[Span]:
    """The parts of the spans that lie in the filter's window of the day."""
    if wanted.between is None:
        yield from spans
    if wanted.between is None or stream.started_at is None or not spans:
        return
    zone = ZoneInfo(wanted.tz)
    start, end = (time.fromisoformat(text.rjust(5, "0")) for text in wanted.between)
    day = wall_time(stream.started_at, spans[0].start).astimezone(zone).date() - timedelta(days=1)
    last = wall_time(stream.started_at, spans[-1].end).astimezone(zone).date()
    while day <= last:
        to = day if start < end else day + timedelta(days=1)
        opens = stream_time(stream.started_at, datetime.combine(day, start, zone))
        closes = stream_time(stream.started_at, datetime.combine(to, end, zone))
        if closes > max(opens, 0):
            window = Span(max(opens, 0), closes)
            yield from (part for span in spans if (part := span.intersect(window)) is not None)
        day += timedelta(days=1)


def stream_time(started_at: datetime, moment: datetime) -> Micros:
    """When a moment of the wall clock was on the stream's own clock; before its start it is negative."""
    return (moment.astimezone(UTC) - started_at) // timedelta(microseconds=1)


def wall_time(started_at: datetime, at: Micros) -> datetime:
    """When a moment of a stream was, on the wall clock."""
    return started_at + timedelta(microseconds=at)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
