"""Whom or what a question is about: the noun it names, the labels that satisfy it, or the words nobody looks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent import lexicon
from agent.grammar import Asked
from agent.kinds import kinds_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who or what is asked about: the word as written and the labels that satisfy it (none: anything at all)."""

    word: str
    labels: tuple[str, ...] = ()


ANYTHING = Subject(word="thing")
_MOVES = (lexicon.MOVE, lexicon.ENTER, lexicon.LEAVE, lexicon.APPEAR)
"""The doings of whoever is seen at all."""


_COUNTED = re.compile(
    r"\b(?:how many|number of)\s+(?:of (?:the|these|those)\s+)?(?:(?:different|distinct|other|more|individual|passing|moving|separate|unique|of|the|these|one|two|three|four|five|six|seven|eight|nine|ten)\s+)*([a-z-]+(?: [a-z-]+)?)"
)


def read_subject(low: str, asked: Asked) -> tuple[Subject | None, tuple[str, ...]]:
    """Who is asked about, or None and the words that name nothing known."""
    if asked is Asked.COUNT and (found := _COUNTED.search(low)):
        words = [w for w in found[1].split() if w not in lexicon.COLOURS and w not in lexicon.NUMBERS]
        for word in words or low[found.end() :].split():
            if subject := noun(word):
                return subject, ()
            if kinds_in(word) or word in _EVENT_NOUNS:
                break  # happenings are counted: whose, the rest of the question says
            if word not in _FILLER and word not in lexicon.STOP_WORDS:
                return None, (word,)
    if doer := re.search(
        r"\bwhat (?:is|are|does|do|did|was|were) (?:the|this|that) ((?:[a-z]+ )+?)(?:doing|do)\b", low
    ):
        named = [subject for word in doer[1].split() if (subject := noun(word))]
        return (
            (named[-1], ())
            if named
            else (None, tuple(w for w in doer[1].split() if w not in lexicon.STOP_WORDS))
        )
    words = re.findall(r"[a-z]+(?:-[a-z]+)*", low.replace("'s", " ").replace("’s", " "))
    if any(noun(w) and w not in PRONOUNS for w in words):
        words = [w for w in words if w not in PRONOUNS]
    for at, word in enumerate(words):
        beside = words[max(0, at - 2) : at]
        if (subject := noun(word)) and not (
            beside[-1:] == ["the"] and beside[:1] in (["of"], ["by"], ["beside"])
        ):
            return subject, ()
    for word in words:
        if subject := noun(word):
            return subject, ()
    if set(words) & (lexicon.UPPER_WORDS | lexicon.LOWER_WORDS) and asked is Asked.COLOUR:
        return Subject(word="person", labels=lexicon.LABELS["person"]), ()
    unknown = tuple(dict.fromkeys(w for w in words if _content(w)))
    if not unknown or re.search(
        r"\bwhat (?:happens|happened|is happening|is going on|goes on|is there|was there)\b", low
    ):
        return ANYTHING, ()
    return (None, unknown) if not _about_place(low) else (ANYTHING, ())


def other_verb(low: str, asked: Asked, kinds: tuple[str, ...]) -> str:
    """A doing that nobody writes down (`wears`, `carries`, `how many times … throws`), where the question is about it."""
    if asked is Asked.COUNT and not kinds and not lexicon.colours_in(low):
        found = re.search(r"\b(?:wear|carr(?:y|ies)|carrying|hold|push|pull|smil|talk|look)\w*\b", low)
        if found:
            return found[0]
    if asked in (Asked.WHICH, Asked.HAPPENS) and (
        found := re.search(r"\b(?:wear|carry|hold|push|pull|say|read|writ|hav)\w*\b", low)
    ):
        return found[0]
    if asked is Asked.WHETHER and re.search(r"\bin colou?r\b|\bblack and white\b", low):
        return "the look of the recording"
    if asked is Asked.WHETHER and not kinds and (doing := _done(low)):
        return doing
    known = kinds or any(verb.search(low) for verb in _MOVES)
    if "how many times" in low and not known:
        words = [w for w in re.findall(r"[a-z]+", low) if _content(w) and not noun(w)]
        return words[0] if words else ""
    return ""


_AUXILIARY = frozenset({"did", "does", "do", "has", "have", "had", "can", "could", "will", "would"})
"""How a question begins that asks whether somebody did something."""
_BEFORE_VERBS = frozenset(
    {"ever", "else", "also", "then", "both", "all", "even", "just", "already", "still", "again", "not", "to",
     "keep", "keeps", "kept", "continue", "continues", "continued", "get", "gets", "got", "start", "begin"}
)  # fmt: skip
"""Words that stand between who is asked about and what they did."""
_KNOWN_DOINGS = frozenset(
    {"go", "goes", "gone", "went", "come", "comes", "came", "head", "heads", "return", "returns", "returned", "driven", "happen", "happens",
     "sit", "sits", "sat", "lie", "lies", "lay", "lain", "inside", "outside", "around", "unusual", "special"}
)  # fmt: skip
"""Words behind who is asked about that are no doings which nobody writes down."""


def _done(low: str) -> str:
    """What `did the forklift VERB …` asks about, where it is nothing that anybody writes down; else ''."""
    words = re.findall(r"[a-z]+(?:-[a-z]+)*", low)
    if (
        not words
        or words[0] not in _AUXILIARY
        or any(verb.search(low) for verb in _MOVES)
        or lexicon.heading_in(low)
    ):
        return ""
    doer = next((at for at, word in enumerate(words) if noun(word)), len(words))
    behind = (w for w in words[doer + 1 :] if w not in _BEFORE_VERBS and not w.endswith(("ly", "ing")))
    verb = next(behind, "")
    told = verb in _KNOWN_DOINGS or (verb in ("wear", "wore", "worn") and lexicon.colours_in(low))
    return verb if _content(verb) and not noun(verb) and not told else ""


def other_noun(low: str, asked: Asked) -> str:
    """The noun of `which sport …`, `what pattern …` where it names nothing known; else ''."""
    if asked is not Asked.WHICH:
        return ""
    found = re.match(
        r"(?:and )?(?:which|what)(?: (?:kind|type|sort|brand|make) of)? ([a-z]+)(?: ([a-z]+))? ", low + " "
    )
    if not found or noun(found[1]) or (found[2] and noun(found[2])) or found[1] in _PLACES:
        return ""
    return found[1] if _content(found[1]) else ""


def counts_events(low: str, kinds: tuple[str, ...]) -> bool:
    """Whether `how many` counts happenings (`times`, `near misses`, `passes`) and not who took part in them."""
    if not kinds:
        return False
    if "how many times" in low or "how often" in low:
        return True
    found = _COUNTED.search(low)
    words = found[1].split() if found else []
    if found and words and (words[0] in lexicon.COLOURS or words[0] in _FILLER):
        words += low[found.end() :].split()[:1]
    for word in words:
        if kinds_in(word) or word in _EVENT_NOUNS or noun(word):
            return not noun(word)
    return bool(kinds_in(" ".join(words)))


def noun(word: str) -> Subject | None:
    """The subject a word names, or None."""
    if word in lexicon.ANY_WORDS or word in ("they", "it", "these", "those"):
        return ANYTHING
    labels = lexicon.LABELS.get(word)
    return Subject(word=word, labels=labels) if labels else None


PRONOUNS = frozenset({"it", "they", "these", "those", "he", "she", "him", "his", "her", "who"})
"""Words that stand for something named elsewhere in the question, where anything is."""
_EVENT_NOUNS_TEXT = (
    "near misses miss collisions crashes accidents falls times events crossings incidents fights alarms passes pass "
    "shots goals turns stops breaks"
)
_EVENT_NOUNS = frozenset(_EVENT_NOUNS_TEXT.split())
_PLACES_TEXT = (
    "room lane lanes road street path belt table shop store aisle area floor lawn hall corridor dock yard "
    "gate door entrance court pitch field crossing junction car-park lot square plaza place zone line "
    "shelf platform here ground scene side"
)
_PLACES = frozenset(_PLACES_TEXT.split())
"""Places: a question about one is about whatever is there."""
_FILLER_TEXT = (
    "visible seen left right top bottom upper lower centre center middle largest biggest smallest most "
    "once enter enters leave leaves pass passes move moves moving drive drives walk walks come comes "
    "appear appears happen happens group groups kind type sort number total different way direction "
    "directions travel colour color colours colors time about empty only large small size still standing "
    "stand stands thing near close camera start starts stop stops order which directly next ever "
    "everything shown parked wait waits waiting cross crosses taken away day stay stays last long "
    "together passing along side under over behind beside groups busiest does moment described "
    "longest shortest fastest slowest often more fewer much many usually ever total altogether "
    "found find finds towards toward away up down upwards downwards"
)
_FILLER = frozenset(_FILLER_TEXT.split())


def _content(word: str) -> bool:
    return (
        len(word) > 1
        and word not in lexicon.STOP_WORDS
        and word not in _FILLER
        and word not in lexicon.COLOURS
        and word not in lexicon.NUMBERS
        and word not in lexicon.ORDINALS
        and not kinds_in(word)
        and not any(verb.fullmatch(word) for verb in _MOVES)
    )


def _about_place(low: str) -> bool:
    """Whether the question asks what is at a place, and so about whatever is there."""
    place = "|".join(_PLACES)
    return bool(
        re.search(rf"\b(?:is|was|are|were|happens?|happened|stands?|parked|in|on|at) (?:(?:on|in|at|near) )?(?:the |this )?(?:\w+ )?(?:{place})\b", low)
        or (re.search(r"\b(?:what|which|who) (?:is|are|was|were|stands?|happens?) (?:standing |parked |visible |seen |left |there |happening )*(?:at|on|in|along|near|for)?\b", low)
        and re.search(r"\b(?:parked|visible|moving|there|happening)\b", low))
    )  # fmt: skip
