"""Ways by what is drawn: what is known of a visit's, whether a question asks for it, and how well a choice agrees."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from agent.plan import Plan
from agent.recall import Visit

_WAYS = (
    ("against", r"\bagainst\b|\bwrong (?:way|direction)\b|\bopposite\b|\bcontrary\b|\boncoming\b"),
    ("across", r"\bacross\b|\bathwart\b|\bcross(?:es|ing|ed)?\b"),
    ("along", r"\balong\b|\bwith (?:it|the|its)\b|\bright (?:way|direction)\b|\bin (?:the|its) (?:\w+ )?direction\b"),
)  # fmt: skip
_LANE = re.compile(r"\b(?:lane|traffic|direction|way|its?)\b|^\w+$")
"""What a choice speaks of that means a lane, or else is but the one word `against`."""
_ROUTE = re.compile(
    r"\bfrom (?:the )?(.+?)(?:,? (?:through|via|over) .+?)? (?:to|into|towards?) (?:the )?(.+)$"
)
_GOAL = re.compile(r"\b(?:to|into|towards?) (?:the )?(.+)$")


def courses(visit: Visit) -> tuple[str, ...]:
    """Its way by a lane (`along northbound`) and from zone to zone (`from dock to aisle`), where they are known."""
    known = (visit.entity.attributes.get(key) for key in ("course", "route"))
    return tuple(_plain(str(words)) for words in known if words)


def asks_for(plan: Plan) -> bool:
    """Whether the way by what is drawn is asked, rather than that in the picture."""
    drawn = re.search(r"\b(?:lanes?|zones?|aisles?|areas?|traffic|from where to where)\b", plan.text.lower())
    return bool(plan.zones or drawn)


def told(visits: Sequence[Visit]) -> str:
    """All their ways in words, the commonest first, with numbers where they differ; empty where none is known."""
    counts = Counter(words for visit in visits for words in courses(visit))
    alike = len(visits) == 1 or all(number == len(visits) for number in counts.values())
    return ", ".join(words if alike else f"{number} {words}" for words, number in counts.most_common(4))


def score(choice: str, seen: Sequence[tuple[str, ...]]) -> float | None:
    """How well a choice agrees with the ways of the visits, 0 to 1; None where it names no such way."""
    low = _plain(choice.lower().strip().rstrip("."))
    marks = [m for m in (_score_one(low, ways) for ways in seen if ways) if m is not None]
    return sum(marks) / len(marks) if marks else None


def _score_one(low: str, ways: Sequence[str]) -> float | None:
    best: float | None = None
    for words in (way.lower() for way in ways):
        mark = _score_route(low, words) if words.startswith("from ") else _score_lane(low, words)
        if mark is not None and (best is None or mark > best):
            best = mark
    return best


def _score_lane(low: str, words: str) -> float | None:
    """Against `along northbound`: the way has to agree; None for a choice that speaks of no lane."""
    way, lane = words.split(" ", 1)
    said = next((name for name, pattern in _WAYS if re.search(pattern, low)), "")
    speaks = _LANE.search(low) or re.search(rf"\b{re.escape(lane)}\b", low)
    return None if not said or not speaks else float(said == way)


def _score_route(low: str, words: str) -> float | None:
    """Against `from dock to aisle`: both ends have to agree; who names but the goal says less; None for other places."""
    known = _ROUTE.search(words)
    if known is None or not any(re.search(rf"\b{re.escape(end)}\b", low) for end in known.groups()):
        return None
    if said := _ROUTE.search(low):
        return float(said.groups() == known.groups())
    goal = _GOAL.search(low)
    return None if goal is None else 0.8 * (goal[1] == known[2])


def _plain(text: str) -> str:
    return text.replace("_", " ")
