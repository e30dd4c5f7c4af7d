"""What of a fact can be found by words, what a word is, and how matches are ranked: the same in every store."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from core.memory import Caption, Entity, Event
from core.sight import Attributes

_WORD = re.compile(r"[^\W_]+")
_PLAIN_ROLES = frozenset({"subject", "object"})
_EMPTY_WORDS = frozenset({
    "a", "an", "the", "of", "is", "are", "was", "were", "be", "been", "am", "do", "does", "did", "has",
    "have", "had", "to", "and", "or", "it", "its", "this", "that", "these", "those", "there", "then",
    "than", "with", "at", "on", "in", "by", "for", "from", "as", "which", "what", "who", "whom",
    "whose", "when", "where", "how", "why", "any", "some",
})  # fmt: skip
_VOWEL = re.compile(r"[aeiouy]")

K1, B = 1.2, 0.75
"""BM25's usual constants (Robertson & Zaragoza, 2009, section 3.5)."""


def stem(word: str) -> str:
    """The word without its plural, -ed, -ing and final -e, so that `stopped`, `stops` and `stop` are one.

    A coarse form of step 1 of Porter's stemmer (1980): it only has to treat both sides of a search alike.
    """
    if not word.isascii() or len(word) < 4:
        return word
    word = _singular(word)
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and _VOWEL.search(rest):
            word = rest
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def terms(text: str) -> list[str]:
    """The words of a text as they are indexed and searched: lower case, without accents, stemmed, none empty of meaning."""
    return list(_terms(text))


@lru_cache(maxsize=1 << 14)
def _terms(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(stem(word) for word in _WORD.findall(plain) if word not in _EMPTY_WORDS)


def event_text(event: Event, who: Iterable[Entity]) -> str:
    """What an event can be found by: its kind, zone and attributes, and the looks of everyone who took part."""
    return " ".join(_event_parts(event, [entity_text(entity) for entity in who]))


def event_terms(event: Event, who: Iterable[Entity]) -> list[str]:
    """The words of `event_text`."""
    return event_terms_of(event, [entity_terms(entity) for entity in who])


def event_terms_of(event: Event, looks: Iterable[Sequence[str]]) -> list[str]:
    """The same, where the words of the looks of everyone who took part are known."""
    # Part by part, not as one text: the parts repeat from event to event, and `terms` remembers them.
    own = [term for part in _event_parts(event, ()) for term in _terms(part)]
    return [*own, *(term for of_one in looks for term in of_one)]


def _event_parts(event: Event, looks: Sequence[str]) -> list[str]:
    return happening_parts(
        event.kind, event.zone, [p.role for p in event.participants], event.attributes, looks
    )


def happening_parts(
    kind: str, zone: str | None, roles: Iterable[str], attributes: Attributes, looks: Iterable[str]
) -> list[str]:
    """The parts of `event_text`; `looks` are the `looks_text` of those who took part and have been described."""
    own_roles = " ".join([role for role in roles if role not in _PLAIN_ROLES])
    return [f"{kind} {zone or ''}", own_roles, _spoken(attributes), *looks]


def entity_text(entity: Entity) -> str:
    """What an entity can be found by: label, name and attributes."""
    return looks_text(entity.label, entity.name, entity.attributes)


def looks_text(label: str, name: str, attributes: Attributes) -> str:
    """What a thing that looks so can be found by."""
    return f"{label} {name} {_spoken(attributes)}"


def entity_terms(entity: Entity) -> list[str]:
    """The words of `entity_text`."""
    return terms(entity_text(entity))


def caption_terms(caption: Caption) -> list[str]:
    """The words of a caption."""
    return terms(caption.text)


def _spoken(attributes: Attributes) -> str:
    """Attributes in words: numbers are compared, not searched for."""
    return " ".join([value for value in attributes.values() if isinstance(value, str)])


def scores(matches: Mapping[str, Sequence[int]], lengths: Mapping[int, int], count: int) -> dict[int, float]:
    """BM25 of each matching document among the `count` documents inside a query's bounds.

    `matches` names, for each word of the query, the documents that hold it; `lengths` is the number of words of each
    matching document. A word counts once per document: the texts are a line or two long, where repeats say nothing.
    Rarity is measured inside the bounds, so that one stream's contents never change another's ranking.
    """
    mean = sum(lengths.values()) / len(lengths) if lengths else 1.0
    out: dict[int, float] = {}
    for found in matches.values():
        rare = rarity(count, len(found))
        for document in found:
            out[document] = out.get(document, 0.0) + rare * (K1 + 1) / (
                1 + K1 * (1 - B + B * lengths[document] / max(mean, 1.0))
            )
    return out


def text_scores(
    matches: Iterable[npt.NDArray[np.integer]],
    lengths: npt.NDArray[np.integer],
    uses: npt.NDArray[np.integer],
    count: int,
) -> npt.NDArray[np.float64]:
    """The same numbers as `scores`, of texts of which the documents inside the bounds are `uses` copies each.

    `matches` names, for each word of the query, the texts that hold it; a text that holds none, or is not used, has 0.
    """
    hits = np.zeros(len(uses), bool)
    found = [of_one[uses[of_one] > 0] for of_one in matches]
    for of_one in found:
        hits[of_one] = True
    held = np.flatnonzero(hits)
    documents = int(uses[held].sum())
    mean = int((uses[held] * lengths[held]).sum()) / documents if documents else 1.0
    out = np.zeros(len(uses))
    # By length once, not by text: lengths are few.
    damping = 1 + K1 * (1 - B + B * np.arange(int(lengths.max(initial=0)) + 1) / max(mean, 1.0))
    for of_one in found:
        gain = rarity(count, int(uses[of_one].sum())) * (K1 + 1) / damping
        out[of_one] += gain[lengths[of_one]]
    return out


def rarity(count: int, holding: int) -> float:
    """How much a word says that so many of `count` documents hold."""
    return math.log(1 + (count - holding + 0.5) / (holding + 0.5))
