"""Looks a plan up in the memory: one function per kind of question, each giving a finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from agent import lookup_count, lookup_looks, lookup_sum, lookup_time, narrow
from agent.beyond import beyond
from agent.finding import Finding, counted, event_words, name_of, sentence
from agent.grammar import Asked
from agent.kinds import OF_CAMERA
from agent.lookup_found import found_by_words
from agent.plan import Plan
from agent.recall import View, Visit
from agent.subject import ANYTHING
from core.answers import AnswerStatus
from core.clock import clock_text

ENOUGH_COVERED = 0.9
"""The part of the asked span that must have been looked at before `it was not there` may be said."""


PRESUPPOSING = frozenset({Asked.COLOUR, Asked.DIRECTION, Asked.SIDE, Asked.WHERE, Asked.WHICH, Asked.WHEN})
"""Questions that take for granted that there was such a thing."""
WISHES: tuple[dict[str, Any], ...] = (
    {"near": False, "moving": False, "resting": False}, {"place": ()}, {"heading": frozenset()}, {"entered": (), "left": ()},
    {"colours": (), "other": ()}, {"arriving": False, "leaving": False}, {"ordinal": None, "next_to": ""}, {"kinds": ()},
)  # fmt: skip
"""What is given up, one after the other, in search of what comes nearest to a question that nothing fits."""


def look_up(plan: Plan, views: Sequence[View]) -> Finding:
    """What the memory says to the plan, over all the views; the best-supported stream leads where several answer."""
    if not views:
        return Finding(status=AnswerStatus.NOT_COVERED, head="The memory holds nothing of that span.")
    found = [_one(plan, view) for view in views]
    return found[0] if len(found) == 1 else _joined(plan, found, views)


def _one(plan: Plan, view: View) -> Finding:
    of_camera = bool(set(plan.kinds[:1]) & OF_CAMERA)
    share = view.covered_share() if of_camera else view.seen_share()
    if share <= 0 or (not of_camera and view.unwatched()):
        return _not_covered(view)
    if plan.subject is None or plan.unknown:
        return found_by_words(plan, view) or _unknown(plan, view, plan.unknown)
    if not narrow.looked_for(plan.subject, view) and not narrow.can_stand_in(plan.subject):
        return found_by_words(plan, view) or _unknown(plan, view, (plan.subject.word,))
    if unsupported := beyond(plan, view):
        what, why = unsupported
        return _unknown(plan, view, (what,), why)
    visits, stand_in = narrow.of_subject(plan.subject, view)
    visits = narrow.narrowed(plan, view, visits)
    asked = plan.subject.word
    if stand_in and visits:
        plan = replace(plan, subject=replace(plan.subject, word="moving thing"))
    found = _ASKED[plan.asked](plan, view, visits)
    if found.status is AnswerStatus.NOT_SEEN and share < ENOUGH_COVERED:
        return replace(found, status=AnswerStatus.NOT_COVERED, note=_missing(view), sure=found.sure / 3)
    if found.status is AnswerStatus.NOT_SEEN and plan.asked in PRESUPPOSING:
        return _leaning(plan, view, found)
    if stand_in and visits:
        note = (
            f"Nothing here was named as {name_of(asked, 1)}: this is about moving things that have no name."
        )
        return replace(found, sure=found.sure * 0.6, note=f"{found.note} {note}".strip())
    return found


def _leaning(plan: Plan, view: View, none: Finding) -> Finding:
    """Nothing that fits was seen: what comes nearest to the question lends a guess its values, and claims nothing."""
    loose = plan
    for wish in WISHES:
        loose = replace(loose, **wish)
        visits = narrow.narrowed(loose, view, narrow.of_subject(loose.subject, view)[0])
        near = _ASKED[plan.asked](loose, view, visits)
        if near.status is AnswerStatus.ANSWERED:
            return replace(
                near,
                status=none.status,
                head=none.head,
                facts=none.facts,
                yes=None,
                hint=True,
                sure=none.sure / 2,
            )
    return none


def _missing(view: View) -> str:
    """What of the span could not be seen, and why."""
    said = [f"Nobody looked at {', '.join(map(str, gaps[:4]))}."] if (gaps := view.unlooked()) else []
    said += [
        sentence(f"{event_words(view, e)} at {e.span}, so that nothing could be seen.")
        for e in view.blinded()[:3]
    ]
    return " ".join(said)


def _not_covered(view: View) -> Finding:
    end = view.stream.duration
    if end and view.span.start >= end - 1:
        head = f"{view.stream.name} ends at {clock_text(end)}: nothing was recorded later."
    elif blind := view.blinded():
        head = sentence(f"{event_words(view, blind[0])} at {blind[0].span}: nothing could be seen then.")
    elif view.unwatched():
        head = f"Nobody looked for anything in {view.stream.name}: seeing was switched off."
    else:
        head = f"Nobody looked at {view.span} of {view.stream.name}."
    return Finding(status=AnswerStatus.NOT_COVERED, head=head)


def _unknown(plan: Plan, view: View, words: tuple[str, ...], why: str = "") -> Finding:
    """An honest no: what is not looked for (and why not), what is, and what the memory holds all the same."""
    subject = plan.subject if plan.subject and plan.unknown else ANYTHING
    loose = replace(
        plan,
        subject=subject,
        part="" if plan.part == "unseen" else plan.part,
        kinds=(),
        unknown=(),
        pose="",
        undrawn="",
        by="",
    )
    visits = narrow.narrowed(loose, view, narrow.of_subject(subject, view)[0])
    hint = _ASKED[loose.asked](loose, view, visits)
    seen = {v.entity.label for v in view.visits()}
    usual = ("person", "car", "truck", "bus", "bicycle", "motorcycle", "dog")
    labels = sorted(
        view.looked_for() - {"thing"}, key=lambda label: (label not in seen, label not in usual, label)
    )
    known = ", ".join(labels[:12]) + (f" and {len(labels) - 12} more" if len(labels) > 12 else "")
    looks = f"named things ({known}) and whatever moves" if known else "whatever moves, without names"
    what = " or ".join(f"“{word}”" for word in words[:3])
    head = f"Nothing here looks for {what}{f': {why}' if why else ''}. What is looked for: {looks}; with colours, directions, zones and times."
    return replace(
        hint,
        status=AnswerStatus.UNSUPPORTED,
        head=head,
        facts=hint.facts if hint.status is AnswerStatus.ANSWERED else (),
        numbers=hint.numbers if hint.status is AnswerStatus.ANSWERED else (),
        yes=None,
        hint=True,
        sure=hint.sure / 2,
    )


def _joined(plan: Plan, found: list[Finding], views: Sequence[View]) -> Finding:
    """One finding from those of several streams: counts add up, everything else is told stream by stream."""
    rank = [AnswerStatus.ANSWERED, AnswerStatus.NOT_SEEN, AnswerStatus.NOT_COVERED, AnswerStatus.UNSUPPORTED]
    status = min((f.status for f in found), key=rank.index)
    telling = [(f, v) for f, v in zip(found, views, strict=True) if f.status is status]
    best = max(telling, key=lambda pair: pair[0].sure)[0]
    head = " ".join(f"In {v.stream.name}: {f.head}" for f, v in telling[:6])
    numbers = best.numbers
    if plan.asked is Asked.COUNT and not plan.grouping and all(f.numbers for f, _ in telling):
        numbers = ((sum(f.numbers[0][0] for f, _ in telling), 1.0),)
        total = counted(int(numbers[0][0]), plan.subject.word if plan.subject else "thing")
        each = "; ".join(f"in {v.stream.name}, {f.head[:1].lower()}{f.head[1:]}" for f, v in telling[:6])
        head = f"{sentence(total)} in all ({each})"
    return replace(
        best,
        status=status,
        head=head,
        numbers=numbers,
        facts=tuple(fact for f, _ in telling for fact in f.facts[: max(2, 12 // len(telling))]),
        visits=tuple(v for f, _ in telling for v in f.visits),
        events=tuple(e for f, _ in telling for e in f.events),
        sure=min(f.sure for f, _ in telling),
    )


_ASKED: dict[Asked, Callable[[Plan, View, list[Visit]], Finding]] = {
    Asked.COUNT: lookup_count.count,
    Asked.COLOUR: lookup_looks.colour,
    Asked.DIRECTION: lookup_looks.direction,
    Asked.SIDE: lookup_looks.side,
    Asked.WHERE: lookup_looks.where,
    Asked.ORDER: lookup_looks.order,
    Asked.WHICH: lookup_looks.which,
    Asked.WHEN: lookup_time.when,
    Asked.DURATION: lookup_time.duration,
    Asked.HAPPENS: lookup_time.happens,
    Asked.WHETHER: lookup_time.whether,
    Asked.SPEED: lookup_sum.speed,
    Asked.TEXT: lookup_sum.text,
    Asked.COMPARE: lookup_sum.compare,
}
