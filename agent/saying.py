"""Reads one choice as a small statement: the numbers it allows, what it names, which way, and what it denies."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from agent import lexicon
from agent.kinds import kinds_in

NEGATIVE = re.compile(r"\b(?:no|not|nobody|nothing|none|never|no one|empty|neither|without)\b")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:to|-|–|and|or)\s*(\d+(?:\.\d+)?)")
_TIME = re.compile(r"\b(\d+):(\d{2})(?::(\d{2}))?\b")
_UNITS = {"m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One choice, read: the numbers `low` to `high` it allows (counts, or seconds), what it names, what it denies."""

    text: str
    low: float | None = None
    high: float | None = None
    colours: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    heading: frozenset[str] = frozenset()
    sides: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    negative: bool = False
    yes: bool | None = None


def read(text: str) -> Saying:
    """The choice as a statement."""
    low = text.lower().strip()
    least, most = numbers_in(low)
    words = re.findall(r"[a-z'-]+", low)
    yes = (
        True
        if re.match(r"yes\b", low)
        else False
        if re.match(r"no\b(?! \w+ (?:is|are|passes|moves))", low)
        else None
    )
    return Saying(
        text=text,
        low=least,
        high=most,
        colours=lexicon.colours_in(low),
        labels=lexicon.label_families(
            w for w in words if w not in ("he", "she", "his", "her", "nobody", "who")
        ),
        heading=lexicon.heading_in(low),
        sides=lexicon.sides_in(low),
        kinds=kinds_in(low),
        negative=bool(NEGATIVE.search(low)),
        yes=yes,
    )


_DIGITS = re.compile(r"\b(?:" + "|".join(sorted(lexicon.NUMBERS, key=len, reverse=True)) + r")\b")
_OVER = re.compile(r"\b(?:more than|over|above|longer than|greater than|exceeding)\b")
_UNDER = re.compile(r"\b(?:less than|under|fewer than|below|shorter than)\b")
_LEAST = re.compile(r"\b(?:at least|or more|or longer|and more|minimum)\b|\d\s*\+")
_MOST = re.compile(r"\b(?:at most|up to|or less|or fewer|no more than|not more than|maximum)\b")


def numbers_in(low: str) -> tuple[float | None, float | None]:
    """The lowest and highest number a choice allows: `3`, `about 4.5 seconds`, `30 to 45`, `more than three`, `2:08`.

    `more than 3` of a count begins at 4; of a length of time at 3.
    """
    if found := _TIME.search(low):
        hours_or_minutes, middle, last = found.groups()
        value = float(hours_or_minutes) * 60 + float(middle)
        value = value * 60 + float(last) if last else value
        return value, value
    if (most := _MOST.search(low)) and most[0].startswith(("no ", "not ")):
        low = f"{low[: most.start()]} at most {low[most.end() :]}"
    low = re.sub(r"\bhalf an? (?=minute|hour)", "0.5 ", low)
    low = re.sub(r"\ban? (?=minute\b|hour\b|second\b|dozen\b)", "1 ", low)
    low = _DIGITS.sub(lambda m: str(lexicon.NUMBERS[m[0]]), low).replace("1 12", "12")
    unit = re.search(r"\d\s*(minutes?|mins?|min|hours?|hrs?|h)\b", low)
    factor = _UNITS[unit[1][0]] if unit else 1.0
    if found := _RANGE.search(low):
        return float(found[1]) * factor, float(found[2]) * factor
    if found := re.search(r"\d+(?:\.\d+)?", low):
        value = float(found[0]) * factor
        step = 0.0 if unit or "." in found[0] or re.search(r"\d\s*(?:s|secs?|seconds?)\b", low) else 1.0
        if _LEAST.search(low):
            return value, math.inf
        if _OVER.search(low):
            return value + step, math.inf
        if _MOST.search(low):
            return 0.0, value
        if _UNDER.search(low):
            return 0.0, max(0.0, value - step)
        return value, value
    return None, None
