"""Whether a model's words are the right answer: letters of options, numbers within a tolerance, words by ANLS."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evaluate.vlm_items import LETTERS, Item, Judging

TOLERANCE = 0.05
"""ChartQA's relaxed accuracy: so much of the right number a number may be off (Masry et al. 2022, after Methani et al.)."""
ANLS_LEAST = 0.5
"""Answers less alike than this count nothing (Biten et al. 2019)."""

_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?|[-+]?\.\d+")
_LETTER = (
    r"^\W*([A-Z])\b(?!['’])",  # B · (B) · B. because …
    r"(?i:answer|option|choice)\b(?:\s+(?i:is))?\W*\(?([A-Z])\b",
    r"\(([A-Z])\)",
    r"\b([A-Z])[.)]?\s*$",
)


def judged(item: Item, reply: str) -> float:
    """0 for wrong to 1 for right; in between only by ANLS."""
    said = re.sub(r"(?s)^.*</think>", "", reply).strip()
    if not said:
        return 0.0
    match item.judging:
        case Judging.CHOICE:
            return float(chosen(said, item.options) == item.answers[0])
        case Judging.ANLS:
            return anls(said, item.answers)
        case Judging.RELAXED:
            return float(any(relaxed(said, answer) for answer in item.answers))
        case Judging.NUMBER:
            return float(any(_same_number(said, answer, item.decimals) for answer in item.answers))
        case Judging.EXACT:
            return float(any(plain(said) == plain(answer) for answer in item.answers))


def chosen(said: str, options: Sequence[str]) -> str:
    """The letter of the option that the words choose; '' where they choose none of them or more than one.

    A letter counts where it begins or ends the reply or is called the answer; otherwise the one option whose words are
    in the reply.
    """
    known = LETTERS[: len(options)]
    exact = [letter for letter, option in zip(known, options, strict=True) if plain(option) == plain(said)]
    if len(exact) == 1:
        return exact[0]
    for pattern in _LETTER:
        found = [letter for letter in re.findall(pattern, said) if letter in known]
        if found and (pattern != _LETTER[0] or len(said) == 1 or not _is_article(said)):
            return str(found[-1])
    within = [
        letter
        for letter, option in zip(known, options, strict=True)
        if re.search(rf"(?<!\w){re.escape(plain(option))}(?!\w)", plain(said))
    ]
    return within[0] if len(within) == 1 else ""


def _is_article(said: str) -> bool:
    """Whether the reply begins with the words "A …" or "I …", and not with a letter of its own."""
    return re.match(r"^[AI]\s+[a-z]", said) is not None


def relaxed(said: str, answer: str) -> bool:
    """ChartQA: numbers at most a twentieth off, percent signs aside; other answers word for word, whatever their case."""
    wanted, found = _whole_number(answer), _whole_number(said)
    if wanted is None or found is None:
        return plain(said) == plain(answer)
    return abs(found - wanted) <= TOLERANCE * abs(wanted)


def anls(said: str, answers: Sequence[str]) -> float:
    """Average normalised Levenshtein similarity to the most alike of the answers, whatever the case."""
    best = 0.0
    for answer in answers:
        one, other = plain(said), plain(answer)
        longest = max(len(one), len(other))
        best = max(best, 1 - distance(one, other) / longest if longest else 1.0)
    return best if best >= ANLS_LEAST else 0.0


def distance(one: str, other: str) -> int:
    """Levenshtein's: how many letters must be put in, taken out or exchanged."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def plain(text: str) -> str:
    """The text in small letters, single spaces, without a full stop or quotes around it."""
    return " ".join(text.lower().split()).strip("\"'“”. ")


def _whole_number(text: str) -> float | None:
    """The text as a number, if it is nothing else."""
    bare = text.strip().rstrip(".").replace(",", "").replace("$", "").strip()
    try:
        return float(bare.removesuffix("%"))
    except ValueError:
        return None


def _same_number(said: str, answer: str, decimals: int | None) -> bool:
    """Whether the last number that is said is the right one, both rounded; other answers must be said whole."""
    wanted = _whole_number(answer)
    if wanted is None:
        return plain(answer) in plain(said)
    found = _NUMBER.findall(said)
    if not found:
        return False
    value = float(found[-1].replace(",", ""))
    return value == wanted if decimals is None else round(value, decimals) == round(wanted, decimals)
