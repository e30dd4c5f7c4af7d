"""Looks a plan up in the memory: one function per kind of question, each giving a finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent import lexicon, lookup_count, lookup_looks, lookup_time, narrow
from agent.finding import Finding, counted, name_of, sentence
from agent.grammar import Asked
from agent.plan import ANYTHING, Plan
from agent.recall import View, Visit
from core.answers import AnswerStatus
from core.clock import clock_text

ENOUGH_COVERED = 0.9
"""The part of the asked span that must have been looked at before `it was not there` may be said."""


def look_up(plan: Plan, views: Sequence[View]) -> Finding:
    """What the memory says to the plan, over all the views; the best-supported stream leads where several answer."""
    if not views:
        return Finding(status=AnswerStatus.NOT_COVERED, head="The memory holds nothing of that span.")
    found = [_one(plan, view) for view in views]
    return found[0] if len(found) == 1 else _joined(plan, found, views)


def _one(plan: Plan, view: View) -> Finding:
    if view.covered_share() == 0:
        return _not_covered(view)
    if plan.subject is None or plan.unknown:
        return _unknown(plan, view, plan.unknown)
    if not narrow.looked_for(plan.subject, view) and not narrow.can_stand_in(plan.subject):
        return _unknown(plan, view, (plan.subject.word,))
    if unsupported := _beyond(plan):
        return _unknown(plan, view, (unsupported,))
    visits, stand_in = narrow.of_subject(plan.subject, view)
    visits = narrow.narrowed(plan, view, visits)
    asked = plan.subject.word
    if stand_in and visits:
        plan = replace(plan, subject=replace(plan.subject, word="moving thing"))
    found = _ASKED[plan.asked](plan, view, visits)
    if found.status is AnswerStatus.NOT_SEEN and view.covered_share() < ENOUGH_COVERED:
        missing = ", ".join(str(span) for span in view.unlooked()[:4])
        return replace(
            found, status=AnswerStatus.NOT_COVERED, note=f"Nobody looked at {missing}.", sure=found.sure / 3
        )
    if stand_in and visits:
        note = (
            f"Nothing here was named as {name_of(asked, 1)}: this is about moving things that have no name."
        )
        return replace(found, sure=found.sure * 0.6, note=f"{found.note} {note}".strip())
    return found


def _beyond(plan: Plan) -> str:
    """What the plan asks for that is never written down, or ''."""
    if "fight" in plan.kinds:
        return "fight"
    if plan.part != "unseen":
        return ""
    parts = sorted(set(re.findall(r"[a-z-]+", plan.text.lower().replace("'s", " "))) & lexicon.UNSEEN_PARTS)
    return f"the colour of {parts[0]}" if parts else "that colour"


def _not_covered(view: View) -> Finding:
    end = view.stream.duration
    if end and view.span.start >= end - 1:
        head = f"{view.stream.name} ends at {clock_text(end)}: nothing was recorded later."
    else:
        head = f"Nobody looked at {view.span} of {view.stream.name}."
    return Finding(status=AnswerStatus.NOT_COVERED, head=head)


def _unknown(plan: Plan, view: View, words: tuple[str, ...]) -> Finding:
    """An honest no: what is not looked for, what is, and what the memory holds all the same."""
    subject = plan.subject if plan.subject and plan.unknown else ANYTHING
    loose = replace(
        plan, subject=subject, part="" if plan.part == "unseen" else plan.part, kinds=(), unknown=()
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
    head = f"Nothing here looks for {what}. What is looked for: {looks}; with colours, directions, zones and times."
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
}
