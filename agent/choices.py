"""Picks one of several choices: reads each as a small statement and scores it on what the memory says."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent import course, lexicon, narrow, scenes
from agent.finding import Finding
from agent.grammar import Asked
from agent.plan import Plan
from agent.saying import Saying, read
from core.answers import AnswerStatus
from core.sight import THING


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """The picked choice, how sure (0 to 1), and whether it was a guess; `why` says it in words."""

    index: int
    confidence: float
    guess: bool
    why: str


def pick(plan: Plan, found: Finding, choices: Sequence[str]) -> Pick:
    """The choice that fits best what was found; a guess where the memory does not speak for any."""
    sayings = [read(choice) for choice in choices]
    scores = [_score(plan, found, saying, sayings) for saying in sayings]
    best = max(range(len(choices)), key=lambda i: _rank(plan, found, i, scores, sayings))
    others = [s for i, s in enumerate(scores) if i != best]
    margin = scores[best] - max(others)
    blind = 1 / len(choices)
    supported = found.status in (AnswerStatus.ANSWERED, AnswerStatus.NOT_SEEN) and not found.hint
    if scores[best] <= 0.05 or margin < 0.02 or not supported:
        why = (
            "the memory does not tell the choices apart"
            if supported
            else "the memory does not hold what is asked"
        )
        leaning = blind * (1.0 if margin >= 0.02 else 0.8)
        return Pick(index=best, confidence=round(leaning, 3), guess=True, why=why)
    strength = min(1.0, 0.4 + 0.6 * margin) * min(1.0, scores[best] + 0.2)
    confidence = min(0.98, blind + (1 - blind) * found.sure * strength)
    return Pick(
        index=best,
        confidence=round(confidence, 3),
        guess=False,
        why=f"fits {scores[best]:.2f}, the next {max(others):.2f}",
    )


def _rank(
    plan: Plan, found: Finding, at: int, scores: Sequence[float], sayings: Sequence[Saying]
) -> tuple[float, float, int, str]:
    """What decides between choices: the score, what is likely in general, and last the words themselves.

    Never the place among the choices: the same choices in another order give the same pick.
    """
    words = " ".join(sayings[at].text.lower().split())
    likely = plausible(plan, found, sayings[at], sayings)
    return round(scores[at], 6), round(likely, 6), zlib.crc32(words.encode()), words


def _score(plan: Plan, found: Finding, saying: Saying, all_sayings: Sequence[Saying]) -> float:
    """How well the choice fits the finding, 0 (not at all) to 1."""
    if found.scenes:
        return _score_scene(plan, found, saying, all_sayings)
    if found.names and saying.yes is None:
        return _score_names(saying, found.names)
    if plan.asked is Asked.SPEED and saying.low is not None:
        return _score_number(_metres(saying), found.numbers, exact=False)
    if plan.asked is Asked.WHETHER or (saying.yes is not None and any(s.yes for s in all_sayings)):
        return _score_whether(found, saying)
    if plan.asked in (Asked.COUNT, Asked.DURATION) and saying.low is not None:
        return _score_number(saying, found.numbers, exact=plan.asked is Asked.COUNT)
    if plan.asked is Asked.WHEN and saying.low is not None:
        return max(
            (0.9**rank * _score_number(saying, ((at, 1.0),), exact=False) for rank, at in enumerate(found.seconds[:6])), default=0.0
        )  # fmt: skip
    if plan.asked is Asked.COLOUR:
        return _score_colours(saying, found.colours, found.second_colours)
    if plan.asked is Asked.DIRECTION:
        for mark in (_score_split(saying, found.sides), course.score(saying.text, found.courses)):
            if mark is not None:
                return mark
        return _score_heading(saying, found)
    if plan.asked in (Asked.SIDE, Asked.WHERE) and (saying.sides or saying.heading):
        return _score_sides(saying, found.sides) or 0.5 * _score_heading(saying, found)
    if plan.asked is Asked.ORDER:
        return _score_order(saying, found)
    return _score_statement(plan, found, saying, all_sayings)


def _metres(saying: Saying) -> Saying:
    """A speed in metres a second, whatever its unit."""
    low = saying.text.lower()
    factor = (
        1 / 3.6 if re.search(r"km/?h|kph|kilomet", low) else 0.44704 if re.search(r"mph|miles", low) else 1.0
    )
    return replace(saying, low=(saying.low or 0.0) * factor, high=(saying.high or 0.0) * factor)


def _score_names(saying: Saying, names: Sequence[str]) -> float:
    """How well the choice names what came first (a team, a zone, a text, a kind of thing), less for what came after."""
    said = set(scenes.words_of(saying.text)) or {saying.text.lower().strip()}
    labels = set(saying.labels)
    best = 0.0
    for rank, name in enumerate(names[:6]):
        words = set(scenes.words_of(name)) or {name.lower()}
        share = len(words & said) / len(words)
        squeezed = re.sub(r"[^a-z0-9]", "", name.lower()), re.sub(r"[^a-z0-9]", "", saying.text.lower())
        if squeezed[0] and squeezed[0] == squeezed[1]:
            share = 1.0
        if (family := set(lexicon.label_families(name.lower().split()))) and labels & family:
            share = max(share, 0.9)
        if (colours := lexicon.colours_in(name)) and saying.colours:
            share = max(share, narrow.agrees(colours, saying.colours))
        best = max(best, share * 0.4**rank)
    return best


def _score_scene(plan: Plan, found: Finding, saying: Saying, all_sayings: Sequence[Saying]) -> float:
    """How well a described scene is the one at the meant place, among the scenes found."""
    if plan.scene:
        marks = [scenes.fits(found.scenes[found.scene_at], other.text, found.scenes) for other in all_sayings]
        mine = scenes.fits(found.scenes[found.scene_at], saying.text, found.scenes)
        return (
            max(0.0, min(1.0, 0.5 + (mine - max((m for m in marks if m != mine), default=0.0)) / 4))
            if mine > 0
            else 0.0
        )
    places = [scenes.best(found.scenes, other.text) for other in all_sayings]
    known = sorted(at for at, lead in places if lead > 0)
    at, lead = scenes.best(found.scenes, saying.text)
    if not known or lead <= 0:
        return 0.0
    wanted = known[-1] if plan.ordinal == -1 else known[min((plan.ordinal or 1) - 1, len(known) - 1)]
    return 0.8 if at == wanted else 0.1


def _score_number(saying: Saying, seen: Sequence[tuple[float, float]], *, exact: bool) -> float:
    """How near the seen numbers are to what the choice allows; off by one of few counts more than of many."""
    if saying.low is None or saying.high is None or not seen:
        return 0.0
    best = 0.0
    for value, weight in seen:
        off = max(saying.low - value, value - saying.high, 0.0)
        if exact and off > 0 and (value == 0 or saying.high == 0):
            continue  # none and some are not near each other
        scale = max(1.0, 0.25 * value) if exact else max(0.5, 0.3 * max(value, saying.low))
        best = max(best, weight * math.exp(-((off / scale) ** 2) if not exact else -off / scale))
    return best


def _score_colours(saying: Saying, seen: Sequence[str], second: Sequence[str] = ()) -> float:
    """How well the colours named agree with those seen, the foremost counting most; a pair needs both.

    Of what has two colours the second is as good in a pair as the first, and a choice that names but one says less.
    """
    if not saying.colours or not seen:
        return 0.0
    low = saying.text.lower()
    both = bool(re.search(r"\band\b|,|/", low)) and len(saying.colours) > 1
    marks = [
        max(lexicon.colour_likeness(colour, s) * (0.85**rank) for rank, s in enumerate(seen[:6])) for colour in saying.colours
    ]  # fmt: skip
    if both:
        other = [
            max((lexicon.colour_likeness(colour, s) for s in second), default=0.0)
            for colour in saying.colours
        ]
        return sum(map(max, marks, other)) / len(marks)
    whole = re.search(r"\b(?:all|only|entirely|completely|wholly|plain)\b", low)
    return max(marks) * (1.0 if not second else 0.6 if whole else 0.9)


_ALIKE = {frozenset(("towards", "down")): 0.75, frozenset(("away", "up")): 0.75}


def _score_heading(saying: Saying, found: Finding) -> float:
    """How well the way named agrees with the ways seen: what agrees, less what is contrary."""
    said = saying.heading
    if not said or not found.headings:
        return 0.0
    total = 0.0
    shown = found.headings[:12]
    for seen in shown:
        likeness = [
            max((1.0 if a == b else _ALIKE.get(frozenset((a, b)), 0.0) for b in seen), default=0.0)
            for a in said
        ]
        contrary = any(lexicon.OPPOSITE.get(a) in seen for a in said)
        unsaid = [
            b for b in seen if b != "still" and not any(b == a or frozenset((a, b)) in _ALIKE for a in said)
        ]
        missing = sum(0.1 if b in ("towards", "away") else 0.15 for b in unsaid)
        mark = sum(likeness) / len(likeness) - missing - (0.6 if contrary else 0.0)
        total += max(0.0, mark)
    return total / len(shown)


_QUANTITY = re.compile(
    r"\b(all|both|none|one|two|three|four|five|six|\d+)\b(?: \w+){0,2}? to the (left|right|top|bottom)"
)


def _score_split(saying: Saying, sides: Sequence[tuple[str, ...]]) -> float | None:
    """How well `one to the left, two to the right` agrees with where each one went; None for another kind of choice."""
    said = _QUANTITY.findall(saying.text.lower())
    if not said or not any(sides):
        return None
    off = 0
    for quantity, side in said:
        wanted = len(sides) if quantity in ("all", "both") else lexicon.NUMBERS.get(quantity, None)
        wanted = int(quantity) if wanted is None else wanted
        off += abs(wanted - sum(1 for s in sides if side in s))
    return math.exp(-0.7 * off)


def _score_sides(saying: Saying, sides: Sequence[tuple[str, ...]]) -> float:
    """How well the sides named agree with where they were: the first side of each counts most, the second settles corners."""
    said = set(saying.sides)
    told = [s for s in sides if s]
    if not said or not told:
        return 0.0
    total = 0.0
    for main, *rest in told:
        others = said - {main}
        total += 0.7 * (main in said) + 0.3 * (len(others & set(rest)) / len(others) if others else 1.0)
    return total / len(told)


def _score_order(saying: Saying, found: Finding) -> float:
    """How well a list agrees, item by item, with what came in order: by colour and label, else by captions' words."""
    items = [read(part) for part in re.split(r",| then | and ", saying.text) if part.strip()]
    if not items or not found.visits:
        return 0.0
    marks = [_fits_visit(item, found, at) for at, item in enumerate(items) if at < len(found.visits)]
    if not marks:
        return 0.0
    return sum(marks) / max(len(items), len(marks)) * (0.9 ** abs(len(items) - len(found.visits)))


def _fits_visit(item: Saying, found: Finding, at: int) -> float:
    visit = found.visits[at]
    parts = []
    if item.colours:
        parts.append(narrow.agrees(item.colours, visit.colours()))
    if item.labels:
        label = visit.entity.label
        parts.append(
            1.0
            if label == item.labels[0]
            else 0.7
            if label in item.labels
            else 0.3
            if label == "thing"
            else 0.0
        )
    return sum(parts) / len(parts) if parts else 0.0


def _score_whether(found: Finding, saying: Saying) -> float:
    if found.yes is None or saying.yes is None:
        return 0.0
    if not saying.yes or not found.yes:
        return 0.9 if saying.yes == found.yes else 0.1
    named = saying.labels or saying.colours
    if not named:
        return 0.8
    fits = [_fits_visit(saying, found, at) for at in range(min(len(found.visits), 4))]
    return 0.5 + 0.5 * max(fits, default=0.0)


def _score_statement(plan: Plan, found: Finding, saying: Saying, all_sayings: Sequence[Saying]) -> float:
    """How well a small description (`a white pickup`, `nothing moves`, `one person stands still`) fits the span."""
    if saying.negative and (saying.low == 0 or _DENIES.search(saying.text.lower())):
        return 0.0 if found.hint else _score_denial(found, saying)
    if not found.visits and not found.events:
        return 0.0
    marks: list[float] = []
    if saying.colours or saying.labels:
        fits = [_fits_visit(saying, found, at) * 0.93**at for at in range(min(len(found.visits), 6))]
        marks.append(max(fits, default=0.0))
    if saying.sides and found.sides and not saying.heading:
        marks.append(_score_sides(saying, found.sides[:1]))
    if saying.heading:
        marks.append(_score_heading(saying, found))
    if saying.low is not None and saying.labels and not saying.negative:
        marks.append(_score_number(saying, found.numbers or ((len(found.visits), 1.0),), exact=True))
    rest = sum(marks) / len(marks) * (0.75 + 0.25 * min(len(marks), 2) / 2) if marks else 0.0
    if not saying.kinds:
        return rest
    happened = _score_event(
        found, saying
    )  # what is said to happen weighs most: that somebody was there is not enough
    return 0.8 * happened + 0.2 * rest if happened > 0.2 else 0.3 * rest


_DENIES = re.compile(r"\b(?:no|nothing|nobody|none|empty)\b")


def _score_denial(found: Finding, saying: Saying) -> float:
    """How well `nothing moves`, `nobody is there`, `no car passes` fits: nobody of that kind was there (or moved)."""
    labels = saying.labels or (
        ("person",) if re.search(r"\b(?:nobody|no one)\b", saying.text.lower()) else ()
    )
    there = [v for v in found.visits if not labels or v.entity.label in (*labels, THING)]
    if lexicon.MOVE.search(saying.text.lower()):
        there = (
            [v for h, v in zip(found.headings, there, strict=False) if h != {"still"}]
            if found.headings
            else there
        )
    return 0.05 if [v for v in there if v.moved()] or (there and not labels and found.events) else 0.85


def _score_event(found: Finding, saying: Saying) -> float:
    """How well `a bus stops` fits: such an event, by such a one."""
    best = 0.1
    label = {v.entity.id: v.entity.label for v in found.visits}
    for event in found.events:
        if event.kind in saying.kinds:
            by = [label.get(id, "") for id in event.entity_ids]
            right = not saying.labels or not by or any(one in saying.labels for one in by)
            best = max(best, 0.9 if right else 0.4 if THING in by else 0.15)
    return best


def plausible(plan: Plan, found: Finding, saying: Saying, all_sayings: Sequence[Saying]) -> float:
    """What is likely in general, for guesses alone: quiet scenes, middle numbers, things the memory has named."""
    marks = 0.0
    if plan.asked is Asked.WHETHER or any(s.yes for s in all_sayings):
        marks += 0.3 if saying.yes is False else 0.0
    if {"fell", "collision", "near_miss", "fight"} & set(saying.kinds):
        marks -= 0.2
    if saying.labels:
        seen = {v.entity.label for v in found.visits}
        marks += 0.2 if seen & set(saying.labels) else -0.1
    if saying.low is not None:
        ordered = sorted(s.low for s in all_sayings if s.low is not None)
        marks += 0.1 * (1 - abs(ordered.index(saying.low) - (len(ordered) - 1) / 2) / max(len(ordered), 1))
    if (saying.negative or saying.low == 0) and plan.asked is not Asked.WHETHER:
        marks -= 0.15
    return marks
