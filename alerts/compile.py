"""Compiles plain language to a rule by a small grammar; what it does not understand it says, and never guesses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from alerts.rule import PRESENT, RuleSpec, spec_of
from core.errors import Invalid

EXAMPLES = (
    "alert when a person enters zone dock for more than 5 seconds",
    "when a forklift comes near a person",
    "if more than 3 people are in zone aisle within 1 minute",
    "if nobody is in zone desk for 10 minutes",
    "when a car crosses line gate between 22:00 and 06:00",
    "when a person leaves a bag and nobody takes it within 60 s",
)

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBER_WORDS = {word: number for number, word in enumerate(_NUMBERS)}
_PLURALS = {"people": "person", "persons": "person", "men": "person", "women": "person", "buses": "bus"}
_SAME = {
    "pedestrian": "person",
    "somebody": "person",
    "someone": "person",
    "anyone": "person",
    "anybody": "person",
}
_SAME |= {
    "man": "person",
    "woman": "person",
    "worker": "person",
    "bike": "bicycle",
    "motorbike": "motorcycle",
}
_ANYTHING = frozenset({"anything", "something", "thing", "object", "vehicle"})
_VEHICLES = ("car", "truck", "bus", "motorcycle", "forklift", "van")
_COLOURS = frozenset(
    {"red", "green", "blue", "yellow", "orange", "purple", "pink", "brown", "black", "white", "grey", "gray"}
)

_SPAN = r"(?P<{0}>\d+(?:\.\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten)\s*(?P<{0}_unit>s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?)\b"
_THING = r"(?:(?:an?|the|any)\s+)?(?P<{0}>[a-z][a-z -]*?)"
_PLACE = r"(?:\s+(?:at|in|on|into|from|of)?\s*(?:the\s+)?(?P<drawn>zone|area|line|lane)\s+[\"']?(?P<place>[\w-]+)[\"']?)"

_VERBS: tuple[tuple[str, str], ...] = (
    (
        r"enters?|goes into|go into|comes? into|steps? into|walks? into|drives? into|gets? into",
        "entered_zone",
    ),
    (r"leaves?|exits?|goes out of|comes? out of", "left_zone"),
    (r"crosses|cross", "crossed_line"),
    (r"stops?|stands? still|parks?", "stopped"),
    (r"starts?(?: moving)?|sets? off", "started"),
    (r"stays?|waits?|loiters?|dwells?|lingers?", "dwelled"),
    (r"appears?|shows? up|arrives?|comes? into (?:the )?(?:picture|view)", "appeared"),
    (r"disappears?", "left"),
    (r"falls?(?: down)?", "fell"),
    (r"runs?|is running|are running", "running"),
    (r"turns?", "turned"),
    (r"(?:drives?|goes|moves?) the wrong way", "wrong_way"),
    (r"(?:is|are|drives?|goes) (?:too fast|speeding)|speeds", "speeding"),
    (r"(?:is|are)(?: present)?", PRESENT),
)


@dataclass(slots=True)
class _Reading:
    """What has been understood so far, and the words that are left."""

    text: str
    rule: dict[str, Any] = field(default_factory=dict)
    when: dict[str, Any] = field(default_factory=dict)
    understood: list[str] = field(default_factory=list)

    def take(self, pattern: str) -> re.Match[str] | None:
        """Cuts the first match out of the text."""
        match = re.search(pattern, self.text)
        if match is not None:
            self.text = re.sub(
                r"\s+", " ", f"{self.text[: match.start()]} {self.text[match.end() :]}"
            ).strip()
            self.understood.append(match.group().strip())
        return match


def compile_rule(text: str, *, name: str = "") -> RuleSpec:
    """The rule a sentence asks for. Raises `Invalid` with what was understood, what was not, and an example."""
    reading = _Reading(_plain(text))
    _hours(reading)
    _time(reading)
    for form in (_absence, _left_behind, _near, _many, _one):
        before = _Reading(reading.text, dict(reading.rule), dict(reading.when), [*reading.understood])
        if form(before):
            return _finish(text, name, before)
    raise _lost(text, reading)


def _plain(text: str) -> str:
    words = re.sub(r"[.!?,;]+(?=\s|$)", " ", text.lower())
    words = re.sub(r"\s+", " ", words).strip()
    return re.sub(
        r"^(?:please )?(?:(?:alert|alarm|warn|notify|tell)(?: me| us)? )?(?:when(?:ever)?|if|as soon as|that)? ?",
        "",
        words,
    )


def _hours(reading: _Reading) -> None:
    found = reading.take(r"\b(?:between|from) (?P<a>\d?\d:\d\d) (?:and|to|until|till) (?P<b>\d?\d:\d\d)\b")
    if found:
        reading.when["between"] = [found["a"], found["b"]]
    elif reading.take(r"\bat night\b"):
        reading.when["between"] = ["22:00", "06:00"]


def _time(reading: _Reading) -> None:
    """`for more than 5 seconds` and `within 1 minute`; what they bound is settled by the form."""
    for word, lead in (
        ("for", r"for (?:more than |at least |over |longer than )?"),
        ("within", r"(?:with)?in (?:the space of |less than )?"),
    ):
        found = reading.take(rf"\b{lead}{_SPAN.format('n')}")
        if found:
            reading.rule[word] = f"{_number(found['n'])}{found['n_unit']}"


def _absence(reading: _Reading) -> bool:
    """Nobody … for 10 minutes."""
    found = re.fullmatch(
        rf"(?:there is |there are )?(?:no |not one )?(?P<who>nobody|no one|nothing|{_THING.format('thing')})"
        rf"(?: (?P<verb>[a-z ]+?))??{_PLACE}?(?: any ?more)?",
        reading.text,
    )
    negative = re.match(r"(?:there (?:is|are) )?(?:no |not one |nobody|nothing)", reading.text)
    length = reading.rule.pop("for", None) or reading.rule.pop("within", None)
    if found is None or negative is None or length is None:
        return False
    reading.when["kind"] = PRESENT
    verb = found["verb"]
    if verb and (kind := _kind(verb)) is None:
        return False
    if verb and kind:
        reading.when["kind"] = kind
    if found["who"] in ("nobody", "no one"):
        reading.when["label"] = "person"
    elif found["who"] == "nothing":
        pass
    elif not _label(reading, found["thing"]):
        return False
    _place(reading, found)
    reading.rule["absent"] = {"for": length}
    return True


def _left_behind(reading: _Reading) -> bool:
    """A person leaves a bag (and nobody takes it within 60 s)."""
    found = re.fullmatch(
        rf"{_THING.format('who')} (?:leaves|drops|puts down|leave|drop) (?:an? )(?P<what>[a-z]+)(?: behind)?{_PLACE}?"
        r"(?P<taken> and (?:nobody|no one) (?:takes|collects|picks)(?: it)?(?: up)?)?",
        reading.text,
    )
    if found is None:
        return False
    reading.when["kind"] = "object_left"
    _place(reading, found)
    length = reading.rule.pop("within", None)
    if found["taken"]:
        reading.rule["for"] = length or reading.rule.get("for") or "60s"
    elif length:
        return False
    return True


def _near(reading: _Reading) -> bool:
    """A forklift comes near a person."""
    near = r"(?:comes?|gets?|is|are|drives?|moves?|passes) (?:too )?(?:near|close|close to|near to|next to)|nearly hits|almost hits|has a near miss with"
    found = re.fullmatch(
        rf"{_THING.format('one')} (?:{near})(?: to)? {_THING.format('other')}{_PLACE}?", reading.text
    )
    miss = re.fullmatch(rf"(?:there is )?a near miss{_PLACE}?", reading.text)
    if miss is not None:
        reading.when["kind"] = "near_miss"
        _place(reading, miss)
        return True
    if found is None:
        return False
    labels = [_labels(found["one"]), _labels(found["other"])]
    if None in labels:
        return False
    reading.when["kind"] = ["near_miss", "approached"]
    every = [label for label in labels if label]
    if len(every) == 2:
        reading.when["all_labels"] = [list(labels) for labels in every]
    elif every:
        reading.when["label"] = list(every[0])
    _place(reading, found)
    return True


def _many(reading: _Reading) -> bool:
    """More than 3 people are in zone X within 1 minute."""
    found = re.fullmatch(
        r"(?:there are )?(?:(?P<more>more than|over)|(?P<least>at least))? ?(?P<n>\d+|[a-z]+)(?P<or> or more)? "
        rf"(?P<thing>[a-z][a-z -]*?)(?: (?P<verb>are|is|enter|cross|leave|appear|stop|run|fall)(?: present)?)?{_PLACE}?",
        reading.text,
    )
    if found is None or not (found["n"].isdigit() or found["n"] in _NUMBER_WORDS):
        return False
    if not _label(reading, found["thing"]):
        return False
    kind = _kind(found["verb"] or "are")
    within = reading.rule.pop("within", None)
    if kind in (PRESENT, None):
        kind = "entered_zone" if found["place"] else "appeared"
    reading.when["kind"] = kind
    _place(reading, found)
    least = int(_number(found["n"])) + bool(found["more"])
    if least < 2:
        return False
    reading.rule["count"] = {"at_least": least, "within": within or "60s", "of": "entities"}
    return "for" not in reading.rule


def _one(reading: _Reading) -> bool:
    """A person enters zone dock (for more than 5 seconds)."""
    for words, named in _VERBS:
        found = re.fullmatch(
            rf"{_THING.format('thing')} (?:{words}){_PLACE}?(?: still| there)?", reading.text
        )
        if found is not None and _label(reading, found["thing"]):
            return _about_one(reading, found, named)
    return False


def _about_one(reading: _Reading, found: re.Match[str], kind: str) -> bool:
    """Settles the kind of a sentence about one thing, now that place and duration are known."""
    if "within" in reading.rule:
        return False
    held = reading.rule.get("for")
    if kind == "entered_zone" and found["drawn"] == "line":
        kind = "crossed_line"
    if kind == "left_zone" and not found["place"]:
        kind = "left"
    if kind == "entered_zone" and not found["place"]:
        kind = "appeared"
    if held is not None and kind in ("entered_zone", "appeared", "dwelled"):
        kind = PRESENT  # a stay of that length; a dwell is only written from 5 s on
    if held is not None and kind in ("crossed_line", "left_zone", "left", "started", "turned"):
        return False
    reading.when["kind"] = kind
    _place(reading, found)
    return True


def _kind(verb: str) -> str | None:
    return next((kind for words, kind in _VERBS if re.fullmatch(words, verb.strip())), None)


def _place(reading: _Reading, found: re.Match[str]) -> None:
    if found["place"]:
        reading.when["line" if found["drawn"] == "line" else "zone"] = found["place"]


def _label(reading: _Reading, words: str | None) -> bool:
    labels = _labels(words or "")
    if labels is None:
        return False
    if labels:
        reading.when["label"] = list(labels)
    colour = (words or "").split()[0] if words else ""
    if colour in _COLOURS:
        reading.when["attributes"] = {"colour": "grey" if colour == "gray" else colour}
    return True


def _labels(words: str) -> tuple[str, ...] | None:
    """The labels a noun stands for; empty for anything at all, None where it is no single noun."""
    parts = [p for p in words.split() if p not in ("a", "an", "the", "any", "other", "another")]
    if parts and parts[0] in _COLOURS:
        parts = parts[1:]
    if len(parts) != 1 or parts[0] in ("nobody", "nothing", "none", "there", "it"):
        return None
    noun = _PLURALS.get(parts[0], parts[0])
    if noun.endswith("s") and not noun.endswith(("ss", "us")):
        noun = noun[:-1]
    noun = _SAME.get(noun, noun)
    if noun == "vehicle":
        return _VEHICLES
    return () if noun in _ANYTHING else (noun,)


def _number(word: str) -> str:
    if word in ("a", "an"):
        return "1"
    return str(_NUMBER_WORDS.get(word, word))


def _finish(text: str, name: str, reading: _Reading) -> RuleSpec:
    when = {
        key: _as_written(value, text) if key in ("zone", "line") else value
        for key, value in reading.when.items()
    }
    title = name or re.sub(r"[^a-z0-9]+", "-", _plain(text)).strip("-")[:60]
    document = {"name": title, "description": text.strip(), "when": when, **reading.rule}
    return spec_of(document, name="the sentence")


def _as_written(place: str, text: str) -> str:
    """The place's name with the capitals it was written with: names of zones keep theirs."""
    found = re.search(rf"(?<![\w-]){re.escape(place)}(?![\w-])", text, re.IGNORECASE)
    return found.group() if found else place


def _lost(text: str, reading: _Reading) -> Invalid:
    got = f"understood {', '.join(map(repr, reading.understood))}, but " if reading.understood else ""
    rest = reading.text or text.strip()
    return Invalid(
        f"the sentence cannot be made a rule: {got}not {rest!r}",
        next_step=f"write it like {EXAMPLES[0]!r}, or as YAML (docs/howto/rules.md)",
    )
