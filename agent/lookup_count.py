"""Counting: visits, how many at once, groups, and how often something happened."""

from __future__ import annotations

from collections.abc import Sequence

from agent import lookup_time, narrow
from agent.finding import Fact, Finding, cite, counted, event_fact, sentence
from agent.kinds import NOUNS
from agent.outcome import facts_of, none_seen, sure_of, when_words
from agent.plan import Plan
from agent.recall import View, Visit
from core.answers import AnswerStatus
from core.clock import SECOND, Span, clock_text, covered


def count(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """How many: different ones, at once, together, or times."""
    word = plan.subject.word if plan.subject else "thing"
    if plan.kinds or plan.zones:
        return _count_events(plan, view, visits)
    if plan.grouping == "together" and word in ("group", "groups", "crowd"):
        word = "person"
    if not visits:
        return none_seen(plan, view)
    most, when = _most_at_once(visits, view.span)
    if plan.grouping == "together":
        biggest = max(narrow.groups(visits), key=len)
        head = f"The biggest group that came together is {counted(len(biggest), word)}"
        return _counted(view, biggest, head, [(len(biggest), 1.0)])
    if plan.grouping == "typical":
        typical = _typical(visits, view.span)
        return _counted(
            view, visits[:8], f"Usually {counted(typical, word)} at once", [(typical, 1.0)], near=when
        )
    if plan.grouping == "at_once":
        return _at_once(plan, view, visits, most, when)
    verb = "passed" if plan.moving else "were seen" if len(visits) != 1 else "was seen"
    weights = [(len(visits), 1.0)]
    if not (plan.left or plan.entered or plan.heading or plan.colours):
        weights.append((most, 0.5))  # broken visits are counted twice, those at one moment never
    return _counted(
        view, visits, f"{sentence(counted(len(visits), word))} {verb}{when_words(plan, view)}", weights
    )


def _at_once(plan: Plan, view: View, visits: list[Visit], most: int, when: Span) -> Finding:
    """How many are in the picture at one time: at an asked moment there and then, else at most."""
    word = plan.subject.word if plan.subject else "thing"
    if plan.bound and plan.bound.kind in ("around", "last", "first") and view.span.duration <= 5 * SECOND:
        level = _usual_level(visits, view.span)
        head = f"{sentence(counted(level, word))} {'was' if level == 1 else 'were'} in the picture{when_words(plan, view)}"
        return _counted(view, visits, head, [(level, 1.0), (most, 0.4)])
    there = [v for v in visits if v.span.overlaps(when)]
    head = f"At most {counted(most, word)} at once{when_words(plan, view)}"
    return _counted(view, there, head, [(most, 1.0), (len(visits), 0.4)], near=when)


def _counted(
    view: View,
    visits: Sequence[Visit],
    head: str,
    weights: Sequence[tuple[float, float]],
    near: Span | None = None,
) -> Finding:
    facts = facts_of(view, visits)
    if near is not None:
        facts = (Fact(text=f"so many from {clock_text(near.start)}", citation=cite(view, near)), *facts)
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, facts=facts, numbers=tuple(weights), yes=True, visits=tuple(visits), sure=sure_of(visits)
    )  # fmt: skip


def _most_at_once(visits: list[Visit], span: Span) -> tuple[int, Span]:
    """The largest number in the picture together for at least 0.3 s in all, and when."""
    levels = narrow.levels(visits, span)
    for number in sorted({n for _, n in levels}, reverse=True):
        held = [s for s, n in levels if n >= number]
        if covered(held) >= min(300_000, span.duration // 3):
            return number, max(held, key=lambda s: s.duration)
    return 0, span


def _usual_level(visits: list[Visit], span: Span) -> int:
    """The number that was in the picture for the longest part of the span."""
    held: dict[int, int] = {}
    for part, number in narrow.levels(visits, span):
        held[number] = held.get(number, 0) + part.duration
    return max(held, key=lambda n: held[n])


def _typical(visits: list[Visit], span: Span) -> int:
    """The time-weighted median of the number in the picture."""
    levels = sorted(narrow.levels(visits, span), key=lambda pair: pair[1])
    half, passed = span.duration / 2, 0
    for part, number in levels:
        passed += part.duration
        if passed >= half:
            return number
    return 0


def _count_events(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """How often something happened, or how many different ones did it (`how many people crossed …`)."""
    events = lookup_time.events_of(plan, view, visits)
    if not events:
        return (
            none_seen(plan, view)
            if not (plan.zones and visits and not plan.kinds)
            else _counted(
                view,
                visits,
                f"{sentence(counted(len(visits), plan.subject.word if plan.subject else 'thing'))} were there",
                [(len(visits), 1.0)],
            )
        )
    times = plan.times or not plan.subject or not plan.subject.labels
    who = {id for e in events for id in e.entity_ids[:1]}
    number = len(events) if times or not who else len(who)
    word = (
        NOUNS.get(events[0].kind, events[0].kind.replace("_", " ") + " event")
        if times and plan.kinds
        else (plan.subject.word if plan.subject else "thing")
    )
    return Finding(
        status=AnswerStatus.ANSWERED, head=f"{sentence(counted(number, word))}{when_words(plan, view)}", yes=True,
        facts=tuple(event_fact(view, e) for e in events), numbers=((number, 1.0),), events=tuple(events),
        sure=sum(e.confidence for e in events) / len(events) * 0.9,
    )  # fmt: skip
