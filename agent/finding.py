"""What a look-up brings back: typed values for choices to be scored on, and facts with the span that shows each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agent import lexicon
from agent.grammar import playable
from agent.kinds import SUBJECTLESS, TOLD
from agent.recall import View, Visit
from agent.scenes import Scene
from core.answers import AnswerStatus, Citation
from core.clock import Span, clock_text
from core.ids import EventId
from core.memory import Event

MOST_FACTS = 8
"""Facts shown one by one before the rest is only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing said, and where to check it."""

    text: str
    citation: Citation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the memory says to a plan.

    `head` is the sentence that answers, `facts` are what it rests on. The rest are the values behind it, best first:
    `numbers` (counts, each with its weight), `seconds` (moments or lengths), `colours` (and the `second_colours` of what has two), `headings`, `sides` (one tuple
    per visit), `courses` (likewise: the ways by what is drawn), `visits` and `events`; `names` (of teams, zones, texts); `scenes` and the place of the meant one; `yes` for a question of whether. `sure` is 0 to 1. `hint` is true where the
    values are of things that may not be what was asked about.
    """

    status: AnswerStatus
    head: str
    facts: tuple[Fact, ...] = ()
    numbers: tuple[tuple[float, float], ...] = ()
    seconds: tuple[float, ...] = ()
    colours: tuple[str, ...] = ()
    second_colours: tuple[str, ...] = ()
    headings: tuple[frozenset[str], ...] = ()
    sides: tuple[tuple[str, ...], ...] = ()
    courses: tuple[tuple[str, ...], ...] = ()
    visits: tuple[Visit, ...] = ()
    events: tuple[Event, ...] = ()
    names: tuple[str, ...] = ()
    scenes: tuple[Scene, ...] = ()
    scene_at: int = 0
    yes: bool | None = None
    sure: float = 0.0
    hint: bool = False
    note: str = ""


def cite(view: View, span: Span, event: EventId | None = None) -> Citation | None:
    """A citation of the span, widened until a person can play it; None where no chunk holds its beginning."""
    end = view.stream.duration or span.end
    inside = Span(
        min(span.start, max(end - 1, 0)), max(min(span.end, end), min(span.start, max(end - 1, 0)) + 1)
    )
    chunk = view.chunk_at(inside.start)
    if chunk is None:
        return None
    return Citation(
        stream_id=view.stream.id,
        stream=view.stream.name,
        span=playable(inside, end),
        chunk_id=chunk.id,
        event_id=event,
    )


def visit_words(visit: Visit) -> str:
    """A visit as people would say it: `a red car`, `a person in blue`, `a person of the red team`."""
    known = visit.entity.attributes
    label = visit.entity.name or visit.entity.label
    colours = visit.colours()
    if label == "person":
        team = known.get("team")
        return (
            f"a person of the {team} team" if team else f"a person in {colours[0]}" if colours else "a person"
        )
    words = f"{colours[0]} {label}" if colours else label
    if text := known.get("text"):
        words += f" with the text “{quoted(str(text))}”"
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def visit_fact(view: View, visit: Visit, *, detail: str = "") -> Fact:
    """The fact that something was in the picture, when, and how it went."""
    shown = visit.span.intersect(view.span) or visit.span
    return Fact(text=f"{visit_words(visit)}{detail} at {shown}", citation=cite(view, shown))


BYSTANDERS: Mapping[str, str] = {"owner": "most likely put there by {who}", "taker": "most likely by {who}"}
"""Roles of those who were merely with it, and what may be said of them: nobody saw for certain that they did it."""
FROM_START = 200_000
"""What appears before this moment, in microseconds, was there when the recording began."""


def event_words(view: View, event: Event) -> str:
    """An event as a clause: `a red car stopped`."""
    side = event.attributes.get("side")
    verb = TOLD.get(event.kind, event.kind.replace("_", " ")).format(
        zone=(event.zone or "the zone").replace("_", " "),
        side=f" {side}" if side else "",
        what=quoted(str(event.attributes.get("what", "something"))),
        said=quoted(str(event.attributes.get("said", "something"))),
        source=event.source or "a model",
    )
    if event.kind in SUBJECTLESS:
        team = event.attributes.get("team")
        return verb.replace("the team", f"the {team} team") if team else verb
    if event.kind == "appeared" and event.span.start < FROM_START:
        verb = "was there from the start"
    doers = [p for p in event.participants if p.role not in BYSTANDERS]
    known = [visit for id in dict.fromkeys(p.entity_id for p in doers) if (visit := view.visit_of(id))]
    who = [visit_words(visit) for visit in known] or ["something"]
    if event.kind == "approached" and len(who) > 1:
        return f"{who[0]} approached {who[1]}"
    return f"{' and '.join(who[:3])} {verb}"


def event_fact(view: View, event: Event) -> Fact:
    """The fact that an event happened, and when."""
    long = event.span.duration > 500_000
    when = f"{event.span}" if long else clock_text(event.span.start)
    still = " and still does" if event.open else ""
    return Fact(
        text=f"{event_words(view, event)}{still} at {when}{_beside(view, event)}",
        citation=cite(view, event.span, event.id),
    )


def _beside(view: View, event: Event) -> str:
    """Who was with it, as a clause at the end."""
    for part in event.participants:
        if part.role in BYSTANDERS and (visit := view.visit_of(part.entity_id)) is not None:
            return ", " + BYSTANDERS[part.role].format(who=visit_words(visit))
    return ""


def name_of(word: str, count: float) -> str:
    """The asked word in singular or plural, as the count needs."""
    single = {
        "people": "person",
        "men": "man",
        "women": "woman",
        "children": "child",
        "buses": "bus",
        "boxes": "box",
    }
    pairs = {v: k for k, v in single.items()}
    pronoun = word in (
        "they",
        "he",
        "she",
        "his",
        "her",
        "him",
        "anyone",
        "someone",
        "anybody",
        "nobody",
        "who",
    )
    base = single.get("people" if pronoun else word)
    if base is None:
        endings = (
            word.endswith("s") and not word.endswith("ss") and (word[:-1] in lexicon.LABELS or len(word) > 3)
        )
        base = word[:-1] if endings and word not in ("bus", "skis", "scissors") else word
    return base if count == 1 else pairs.get(base, lexicon.plural(base))


_COUNT_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def counted(count: int, word: str) -> str:
    """`three people`, `no vehicles`, `14 cars`."""
    return f"{_COUNT_WORDS[count] if count < len(_COUNT_WORDS) else count} {name_of(word, count)}"


def quoted(text: str) -> str:
    """The first sentence of what a model said, as a quotation that can end no claim and fake no citation."""
    first = re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0].rstrip(".")
    return first[:160].translate(str.maketrans("[]“”", "()''"))


def sentence(text: str) -> str:
    """The text with a capital at its head."""
    return text[:1].upper() + text[1:]
