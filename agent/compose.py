"""Writes a finding as short plain sentences, each claim with the number of its citation in square brackets."""

from __future__ import annotations

from agent.finding import MOST_FACTS, Fact, Finding, sentence
from core.answers import Answer, AnswerStatus, Citation

SHOWN = 3
"""Spans looked at that are cited when nothing was there."""


def compose(found: Finding) -> Answer:
    """The answer in words. `[n]` after a claim points at the n-th citation; what cannot be cited is not said."""
    if found.status is AnswerStatus.NOT_COVERED or (
        found.status is AnswerStatus.UNSUPPORTED and not found.facts
    ):
        return Answer(text=_closed(found.head, found.note), status=found.status)
    told = [fact for fact in found.facts if fact.citation is not None]
    numbers = _numbered(told)
    if found.status is AnswerStatus.NOT_SEEN:
        text = f"{found.head} {_marks(told[:SHOWN], numbers)}."
    elif found.status is AnswerStatus.UNSUPPORTED:
        text = f"{found.head}\nWhat the memory holds: {_list(told, numbers)}."
    elif len(told) == 1:
        text = f"{_joined(found.head.rstrip('.'), told[0].text)} {_marks(told, numbers)}."
    else:
        text = f"{found.head.rstrip('.')}: {_list(told, numbers)}."
    kept = tuple(numbers)
    return Answer(
        text=_closed(text, found.note), status=found.status, citations=kept, confidence=round(found.sure, 3)
    )


def _joined(head: str, fact: str) -> str:
    """The head and the only fact behind it, with what both say said once: `Yes: a car` and `a car stopped at 0:03`."""
    if fact.lower() in head.lower():
        return head
    yes, colon, clause = head.rpartition(": ")
    if fact.lower().startswith(head.lower()):
        return sentence(fact)
    if fact.lower().startswith(clause.lower()):
        return f"{yes}{colon}{fact}"
    return f"{head}: {fact}"


def _closed(text: str, note: str) -> str:
    text = text if text.endswith((".", "!", "?")) else text + "."
    return f"{text}\n{note}" if note else text


def _numbered(facts: list[Fact]) -> dict[Citation, int]:
    """Each different citation of the facts that will be shown, numbered from 1."""
    out: dict[Citation, int] = {}
    for fact in facts[:MOST_FACTS]:
        if fact.citation is not None:
            out.setdefault(fact.citation, len(out) + 1)
    return out


def _marks(facts: list[Fact], numbers: dict[Citation, int]) -> str:
    seen = dict.fromkeys(numbers[f.citation] for f in facts if f.citation in numbers)
    return "".join(f"[{n}]" for n in seen)


def _list(facts: list[Fact], numbers: dict[Citation, int]) -> str:
    shown = [f"{f.text} {_marks([f], numbers)}" for f in facts[:MOST_FACTS]]
    more = len(facts) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")
