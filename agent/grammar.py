"""Reads pieces of a question: its time phrases, ordinals, and what kind of thing it asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from agent import lexicon
from core.clock import SECOND, Micros, Span, micros

_NUM = r"(\d+(?:\.\d+)?)"
_UNIT = r"(?:\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|min|m|hours?|hrs?|h)\b)"
_CLOCK = r"(\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?)"
_MOMENT = rf"(?:{_CLOCK}|{_NUM}{_UNIT}?)"
_SHARE = {"half": 0.5, "third": 1 / 3, "quarter": 0.25}


class Asked(StrEnum):
    """What a question wants to know."""

    COUNT = "count"
    COLOUR = "colour"
    DIRECTION = "direction"
    SIDE = "side"
    WHERE = "where"
    WHEN = "when"
    DURATION = "duration"
    ORDER = "order"
    WHICH = "which"
    HAPPENS = "happens"
    WHETHER = "whether"
    SPEED = "speed"
    TEXT = "text"
    COMPARE = "compare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A stretch of time as a question names it; `within` turns it into a span of one stream.

    `kind`: `between`, `around` (a moment, give or take), `first`, `last`, `after`, `before` (seconds in `a`, `b`),
    or `share` (`a` to `b` as parts of the whole, 0 to 1).
    """

    kind: str
    a: float
    b: float = 0.0
    wall: bool = False

    def within(self, duration: Micros, started_at: datetime | None = None) -> Span | None:
        """The span it means on a stream of that length; None where it begins after the stream ends."""
        whole = max(duration, 1)
        a, b = (self._on_stream(v, started_at) if self.wall else v for v in (self.a, self.b))
        start, end = {
            "between": (micros(a), micros(b)),
            "around": (micros(a - self._slack(a)), micros(a + self._slack(a))),
            "first": (0, micros(a)),
            "last": (whole - micros(a), whole),
            "after": (micros(a), whole),
            "before": (0, micros(a)),
            "share": (round(whole * a), round(whole * b)),
        }[self.kind]
        start = max(0, start)
        return Span(start, max(start + 1, min(end, whole))) if start < whole and end > 0 else None

    @staticmethod
    def _slack(at: float) -> float:
        """How far `at about` reaches: half a second early in a clip, more later; seconds."""
        return 0.5 + min(at / 200, 1.5)

    @staticmethod
    def _on_stream(value: float, started_at: datetime | None) -> float:
        """Seconds after midnight as seconds of a stream that began at `started_at` (UTC)."""
        if started_at is None:
            return value
        begin = started_at.astimezone(UTC)
        midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
        moment = midnight + timedelta(seconds=value)
        if moment < begin - timedelta(hours=12):
            moment += timedelta(days=1)
        return (moment - begin).total_seconds()


def to_seconds(
    clock: str | None, number: str | None, unit: str | None, *, wall: bool = False, pm: bool = False
) -> float:
    """The seconds that a matched moment means: `12:30` is 750 s, `2 min` is 120 s, a bare number is seconds.

    As a time of day (`wall`) `12:30` is hours and minutes, in seconds after midnight.
    """
    if clock and wall and clock.count(":") == 1:
        value = to_seconds(clock, None, None) * 60
        return value + 12 * 3600 if pm and value < 12 * 3600 else value
    if clock:
        value = 0.0
        for part in clock.split(":"):
            value = value * 60 + float(part)
        return value
    factor = 1.0
    if unit and unit.startswith(("mi", "m")):
        factor = 0.001 if unit.startswith(("ms", "mill")) else 60.0
    elif unit and unit.startswith("h"):
        factor = 3600.0
    return float(number or 0) * factor


def _pair(low: str) -> re.Match[str] | None:
    return re.search(
        rf"\b(?:between|from)\s+(?:about\s+)?{_MOMENT}\s*(?:and|to|until|till|-|–)\s*(?:about\s+)?{_MOMENT}",
        low,
    ) or re.search(rf"\b(?:at|around|about)\s+(?:about\s+)?{_MOMENT}\s*[-–]\s*{_MOMENT}", low)


_WALL = re.compile(r"\b(?:o'clock|utc|\d{1,2}:\d{2}\s*(?:am|pm)|(?:on|of) \d{4}-\d{2}-\d{2})\b")


def read_bound(text: str, *, wall: bool = False) -> Bound | None:
    """The stretch of time the question names, or None for all of it.

    `wall` says that the stream's beginning is known, so that `at 14:05 UTC` can be read as a time of day.
    """
    low = text.lower()
    on_wall = wall and bool(_WALL.search(low))
    found = _pair(low)
    if found and not (found.group(1) is None and found.group(2) is None):
        c1, n1, u1, c2, n2, u2 = found.groups()
        if not (c1 or c2 or u1 or u2) and "between" not in found.group(0):
            return None
        pm = bool(re.match(r"\s*pm\b", low[found.end() :]))
        a = to_seconds(c1, n1, u1 or (u2 if not c1 else None), wall=on_wall, pm=pm)
        b = to_seconds(c2, n2, u2, wall=on_wall, pm=pm)
        return Bound(kind="between", a=min(a, b), b=max(a, b), wall=on_wall) if a != b else None
    return _share(low) or _edge(low, on_wall) or _around(low, on_wall)


def _share(low: str) -> Bound | None:
    found = re.search(
        r"\b(first|second|last|middle)\s+(half|third|quarter)\b(?!\s+(?:a\s+)?(?:second|minute))", low
    )
    if found:
        part = _SHARE[found[2]]
        start = {"first": 0.0, "second": part, "last": 1 - part, "middle": (1 - part) / 2}[found[1]]
        return Bound(kind="share", a=start, b=min(1.0, start + part))
    if re.search(
        r"\b(?:at|by|towards|near) the (?:very )?end\b|\bwhen the (?:clip|video|recording|scene) ends\b|\bends\?*$",
        low,
    ):
        return Bound(kind="last", a=1.0)
    if re.search(
        r"\bat the (?:very )?(?:start|beginning)\b|\bwhen the (?:clip|video|recording) (?:starts|begins)\b",
        low,
    ):
        return Bound(kind="first", a=1.0)
    return None


def _edge(low: str, wall: bool) -> Bound | None:
    found = re.search(
        rf"\b(first|last|final)\s+(?:{_NUM}|(half an?|half|an?|one|two|three|five|ten))?{_UNIT}",
        low.replace("half a ", "half "),
    )
    if found:
        words = {"half": 0.5, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "five": 5, "ten": 10}
        number = found[2] or str(words.get(found[3] or "one", 1))
        alone = (
            found[2] is None
            and found[3] is None
            and found[4] == "second"
            and "second " in low[found.end() - 6 :]
        )
        if not (
            alone and not re.match(r"second (?:of|in|the)\b", low[found.start(4) :]) and found[1] == "first"
        ):
            kind = "first" if found[1] == "first" else "last"
            return Bound(kind=kind, a=to_seconds(None, number, found[4]))
    found = re.search(
        rf"\b(after|since|from|before|until|till|by)\s+(?:about\s+)?(?:{_CLOCK}|{_NUM}{_UNIT})", low
    )
    if found:
        kind = "after" if found[1] in ("after", "since", "from") else "before"
        return Bound(kind=kind, a=to_seconds(*found.groups()[1:], wall=wall), wall=wall)
    return None


def _around(low: str, wall: bool) -> Bound | None:
    found = re.search(rf"\b(?:at|around|about|near)\s+(?:about\s+|around\s+)?(?:{_CLOCK}|{_NUM}{_UNIT})", low)
    if found and not re.match(r"(?:for|how)\b", low[max(0, found.start() - 4) : found.start()].strip()):
        pm = bool(re.match(r"\s*pm\b", low[found.end() :]))
        return Bound(kind="around", a=to_seconds(*found.groups(), wall=wall, pm=pm), wall=wall)
    return None


def read_ordinal(text: str) -> int | None:
    """Which one in order of appearance is meant: 1 the first, 2 the second, -1 the last; None for none."""
    low = re.sub(
        r"\b(first|last|final)\s+(?:[\d.]+|half|a|an|one|two|three)?\s*(s|sec|seconds?|minutes?|half|third)\b",
        " ",
        text.lower(),
    )
    low = re.sub(r"\bwhich second\b", " ", low)
    low = re.sub(r"\bbetween the first\b.*|\b(?:at|for) (?:the )?(?:first|last)\b", " ", low)
    low = re.sub(r"\b[\d.]+ seconds?\b|\ba second\b|\bper second\b", " ", low)
    for word in re.findall(r"[a-z0-9]+", low):
        if word in lexicon.ORDINALS:
            return lexicon.ORDINALS[word]
    return None


def read_ordinals(text: str) -> tuple[int, ...]:
    """All the places in an order that the text names, in the order in which they stand there."""
    return tuple(lexicon.ORDINALS[w] for w in re.findall(r"[a-z0-9]+", text.lower()) if w in lexicon.ORDINALS)


def read_asked(text: str) -> Asked:
    """What kind of thing the question wants to know."""
    low = text.lower().strip()
    for pattern, asked in _ASKED:
        if re.search(pattern, low):
            return asked
    return Asked.HAPPENS


_VERB_FIRST = r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|any)\b"
_ASKED: tuple[tuple[str, Asked], ...] = (
    (r"\bhow many times\b|\bhow often\b", Asked.COUNT),
    (r"\bhow fast\b|^(?:at )?(?:about )?(?:what|which) .*\b(?:speed|velocity)\b(?! limit)|\bat (?:what|which) speed\b|\bspeed of\b", Asked.SPEED),
    (r"\b(?:are|were|is|was) there (?:more|fewer|less) .+ than\b|\b(?:more|fewer) [a-z ]+ or (?:more |fewer )?[a-z]+|\bwhich (?:is|are|was|were) (?:there )?(?:more|fewer)\b|\b(?:did|do|does) more .+ than\b|^more .+ than\b", Asked.COMPARE),
    (r"\b(?:what|which) (?:text|words?|letters?|letter|writing|number plate|licen[cs]e plate|inscription|slogan|offer|name)\b|\bwhat (?:is|was|are) (?:written|printed|painted|the (?:text|score|number plate|licen[cs]e plate|registration))\b|\bis (?:written|printed)\b|\bwhat does .*\b(?:say|read)\b|\b(?:can|could) be read\b|\bjersey number\b|\bfinal score\b", Asked.TEXT),
    (r"\bhow long\b|\bwhat (?:is|was) the duration\b|\bhow much time\b|\bfor how (?:long|many (?:seconds|minutes))\b", Asked.DURATION),
    (r"\bhow many seconds\b|\bhow many minutes\b", Asked.DURATION),
    (r"\bhow many\b|\b(?:largest|maximum|greatest|total|smallest) number\b|\bhow large\b|\bnumber of\b|\bcount\b|\bhow big is the (?:biggest|largest)\b", Asked.COUNT),
    (r"\bwhat (?:are|is|was|were)?\s*(?:the\s+|their\s+|his\s+|her\s+|its\s+)?(?:\w+\s+){0,2}colou?rs?\b|\b(?:which|what) colou?rs?\b", Asked.COLOUR),
    (r"\bwhat does .* wear\b|\bwhat (?:is|was) .* wearing\b", Asked.COLOUR),
    (r"\b(?:at )?(?:about |around )?what time\b(?! of day)|^when\b|\bat which (?:moment|time|second)\b|\bwhen (?:is|was|does|did|do)\b", Asked.WHEN),
    (r"\b(?:left or (?:to the )?right|right or (?:to the )?left|up(?:wards)? or down|down(?:wards)? or up|towards? .*\bor away|away .*\bor towards?)\b(?!.*\bmore\b)", Asked.DIRECTION),
    (r"\b(?:in|from) (?:which|what) order\b|\border of\b|\bthe order\b|\bin what sequence\b", Asked.ORDER),
    (r"\bin (?:which|what) directions?\b|\bwhich (?:way|direction)\b|\bwhat direction\b|\bhow do(?:es)? .* leave\b|\bwhere (?:is|are|do|does|did) .*\b(?:go|going|head|heading|drive|walk(?:ing)?) ?(?:to)?\b", Asked.DIRECTION),
    (r"\b(?:on|at|from|to|by) (?:which|what) (?:side|edge|corner)\b|\b(?:which|what) (?:side|edge|corner) (?:do|does|did|is|are|was|were) .*\b(?:come|enter|arriv|appear|leave|exit|go)\w*\b|\bfrom where\b|\bwhere (?:do|does|did|is|are) .*\b(?:leave|exit|enter|come|arriv|go out)\w*\b", Asked.SIDE),
    (r"^where\b|\bwhere (?:is|are|was|were|do|does|did)\b", Asked.WHERE),
    (r"\bwhich\b.*\b(?:first|last|second|third|next|after|before)\b", Asked.WHICH),
    (r"\bwhat (?:happens|happened|is happening|is going on|goes on|did? .* do|does .* do|do .* do|is .* doing|are .* doing)\b|\bhow (?:is|are|was) .* moved\b", Asked.HAPPENS),
    (_VERB_FIRST, Asked.WHETHER),
    (r"\b(?:which|who|what kind|what type|what sort|what)\b", Asked.WHICH),
)  # fmt: skip
"""Patterns over the lower-case question, tried in order."""


def around_moment(at: Micros, slack: float = 0.75) -> Span:
    """The span about a moment, `slack` seconds either way."""
    return Span(max(0, at - micros(slack)), at + micros(slack))


def playable(span: Span, duration: Micros, least: Micros = SECOND) -> Span:
    """The span widened evenly to at least `least` where the stream allows, kept inside the stream."""
    whole = max(duration, span.end if duration <= 0 else duration, 1)
    start, end = min(span.start, whole - 1), min(span.end, whole)
    short = least - (end - start)
    if short > 0:
        start, end = start - short // 2, end + (short - short // 2)
        if start < 0:
            start, end = 0, end - start
        if end > whole:
            start, end = max(0, start - (end - whole)), whole
    return Span(start, max(end, start + 1))
