"""What a second look found by words: for questions about things that no label names."""

from __future__ import annotations

import re

from agent.finding import Fact, Finding, cite, counted, quoted, sentence
from agent.grammar import Asked
from agent.outcome import spot
from agent.plan import Plan
from agent.recall import View
from core.answers import AnswerStatus
from core.clock import clock_text, seconds
from core.memory import Event

ANSWERABLE = frozenset({Asked.WHETHER, Asked.WHEN, Asked.COUNT, Asked.WHERE, Asked.WHICH, Asked.HAPPENS})
"""What pictures looked at here and there can tell: not how long, in which order or which way."""
_SMALL = frozenset({"a", "an", "the", "of", "with", "in", "on", "and"})


def found_by_words(plan: Plan, view: View) -> Finding | None:
    """What was found of the thing the question names; None where nothing of it was, or the question asks for more.

    A finder is shown a few pictures of events alone, so that what it did not find may still have been there: nothing found
    says nothing, and a count is of those in one picture.
    """
    if plan.asked not in ANSWERABLE or plan.kinds or plan.denied:
        return None
    events = [e for e in view.events(("found",)) if _names(plan.text, str(e.attributes.get("what", "")))]
    if not events:
        return None
    events.sort(key=lambda e: e.span.start)
    what = str(events[0].attributes["what"])
    most = max(sum(e.span.start == at for e in events) for at in {e.span.start for e in events})
    first = clock_text(events[0].span.start)
    head = {
        Asked.COUNT: f"At least {counted(most, what)} in one picture",
        Asked.WHEN: f"“{quoted(what)}” was found at {first}",
    }.get(plan.asked, f"“{quoted(what)}” was found, first at {first}")
    boxes = [e.evidence[0].box for e in events if e.evidence]
    return Finding(
        status=AnswerStatus.ANSWERED, head=sentence(head), facts=tuple(_fact(view, e) for e in events), events=tuple(events),
        numbers=((most, 1.0),), seconds=tuple(seconds(e.span.start) for e in events), yes=True,
        sides=tuple(spot(view, box) for box in boxes if box is not None), names=(what,) if plan.asked is Asked.WHICH else (),
        sure=max(e.confidence for e in events) * 0.8, note="Only pictures of events were looked at for it.",
    )  # fmt: skip


def _fact(view: View, event: Event) -> Fact:
    words = f"“{quoted(str(event.attributes['what']))}” by {event.source} at {clock_text(event.span.start)}"
    return Fact(text=words, citation=cite(view, event.span, event.id))


def _names(text: str, what: str) -> bool:
    """Whether the question names it: all its words stand there, in singular or plural."""
    asked = {_stem(word) for word in re.findall(r"[a-z0-9]+", text.lower())}
    told = [_stem(word) for word in re.findall(r"[a-z0-9]+", what.lower()) if word not in _SMALL]
    return bool(told) and set(told) <= asked


def _stem(word: str) -> str:
    return word[:-2] if word.endswith(("xes", "shes", "ches", "sses")) else word.removesuffix("s")
