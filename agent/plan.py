"""The grammar planner: turns a question in plain English into a typed plan, without any model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent import grammar, lexicon
from agent.grammar import Asked, Bound
from core.media import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who or what is asked about: the word as written and the labels that satisfy it (none: anything at all)."""

    word: str
    labels: tuple[str, ...] = ()


ANYTHING = Subject(word="thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a question asks of the memory.

    `subject` is None where the question's words name nothing that anything looks for; `unknown` then holds those
    words. `colours`, `heading`, `entered`, `left` and `place` narrow the visits; `other` is the colour of somebody the
    subject meets; `part` is `upper`, `lower` or, for what nobody writes down, `unseen`. `grouping` is `at_once`,
    `together` or `typical`. `scene` describes a scene of a longer recording in the question's own words.
    `scene_use`: the question is `within` it, asks when it `begins`, which comes `after` or `before` it, or `which` of the
    choices' scenes comes at the place `ordinal`. `next_to` describes somebody and `step` is 1 for who comes after them, -1 for who comes before.
    """

    text: str
    asked: Asked
    subject: Subject | None = ANYTHING
    unknown: tuple[str, ...] = ()
    bound: Bound | None = None
    colours: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    heading: frozenset[str] = frozenset()
    entered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    ordinal: int | None = None
    grouping: str = ""
    empty: bool = False
    alone: int | None = None
    moving: bool = False
    resting: bool = False
    arriving: bool = False
    leaving: bool = False
    near: bool = False
    part: str = ""
    scene: str = ""
    scene_use: str = ""
    next_to: str = ""
    step: int = 0

    def __str__(self) -> str:
        said = [
            self.asked.value,
            self.subject.word if self.subject else f"unknown: {', '.join(self.unknown)}",
        ]
        lists = ("colours", "other", "heading", "entered", "left", "place", "kinds", "zones")
        said += [f"{name} {', '.join(sorted(value))}" for name in lists if (value := getattr(self, name))]
        words = ("ordinal", "grouping", "alone", "part", "next_to", "scene")
        said += [f"{name} {value}" for name in words if (value := getattr(self, name))]
        if self.bound:
            said.append(
                f"{self.bound.kind} {self.bound.a:g}" + (f" to {self.bound.b:g}" if self.bound.b else "")
            )
        said += [name for name in ("empty", "moving", "near") if getattr(self, name)]
        return "; ".join(said)


def plan(text: str, streams: Sequence[Stream] = ()) -> Plan:
    """The plan for a question; the streams give the names of zones and lines and say whether wall times mean anything."""
    scene, head, scene_use = _scene(text)
    low = re.sub(r"[?!]+$", "", head.lower().strip())
    low = re.sub(r"\bgroups? of (?=[a-z]+\b)(?!two|three|four|five|six|seven)", "", low)
    asked = grammar.read_asked(low)
    zones = _zones(low, streams)
    for zone in zones:
        low = re.sub(re.escape(_plain(zone)).replace(r"\ ", r"[ _-]"), " here ", low)
    low, next_to, step = _neighbour(low, asked)
    core, clause = _clause(low)
    subject, unknown = _subject(core if not _bare(core) else low, asked)
    kinds = _kinds(low, asked)
    if not unknown and (other := _other_noun(low, asked) or _other_verb(low, asked, kinds)):
        unknown = (other,)
    entered, left = _sides_of(low)
    bare = re.sub(rf"{lexicon.LEAVE.pattern}.*|{lexicon.ENTER.pattern}.*", " ", low)
    if subject is None and (kinds or scene_use):
        subject, unknown = ANYTHING, ()
    return Plan(
        text=text,
        asked=asked,
        subject=subject,
        unknown=unknown,
        bound=grammar.read_bound(text, wall=any(s.started_at for s in streams)),
        colours=() if asked in (Asked.COLOUR, Asked.WHETHER) and " in colour" in low else lexicon.colours_in(core),
        other=lexicon.colours_in(clause),
        heading=frozenset() if asked in (Asked.DIRECTION, Asked.SIDE) else _heading(bare),
        entered=entered,
        left=left,
        place=_place(bare, asked),
        kinds=kinds,
        zones=zones,
        ordinal=grammar.read_ordinal(low),
        grouping=_grouping(low, asked),
        empty=bool(_EMPTY.search(low)),
        alone=_alone(low),
        moving=bool(lexicon.MOVE.search(low)) and not re.search(r"\bstand|\bparked|\bvisible\b", low),
        resting=asked is Asked.WHICH and bool(re.search(r"\b(?:parked|stands?|standing|resting)\b", low)),
        arriving=bool(lexicon.ENTER.search(low) or lexicon.APPEAR.search(low)),
        leaving=bool(lexicon.LEAVE.search(low)),
        near=bool(re.search(r"\bclose to the camera\b|\bnear(?:est|er)? (?:lane|to the camera|people|person|car|vehicle)\w*\b|\bforeground\b", low)),
        part=_part(low, asked),
        scene=scene,
        next_to=next_to,
        step=step,
        scene_use=scene_use,
    )  # fmt: skip


def _heading(low: str) -> frozenset[str]:
    """The way of moving that narrows the visits; where something is, and what is taken away, is no such thing."""
    low = re.sub(
        r"\b(?:at|on|in|by|along|near|of)(?: the)? (?:(?:bottom|top|left|right|upper|lower)\b ?)+", " ", low
    )
    low = re.sub(r"\b(?:taken|takes?|lifted|carried|put|moved) away\b", " ", low)
    return lexicon.heading_in(low) - {"still"}


_EMPTY = re.compile(
    r"\bempty\b|\bno ?(?:body|one|thing)\b|\bout of (?:the )?(?:picture|frame|view|sight)\b|\bdeserted\b|\bis .* clear\b"
)


def _neighbour(low: str, asked: Asked) -> tuple[str, str, int]:
    """The question without `directly after the red car`, that somebody, and which way from them."""
    found = re.search(
        r"\b(?:directly |right |just |immediately )?(after|before|behind) (?:the|an?) ([a-z][a-z -]+)$", low
    )
    if asked is not Asked.WHICH or found is None or "scene" in found[2] or grammar.read_bound(found[0]):
        return low, "", 0
    return low[: found.start()], found[2], -1 if found[1] == "before" else 1


def _bare(text: str) -> bool:
    return not any(w in lexicon.LABELS for w in re.findall(r"[a-z'-]+", text))


def _scene(text: str) -> tuple[str, str, str]:
    """A scene's description, the question without it, and what the scene is for (see `Plan`)."""
    kind = r"(?:scene|part|segment)"
    about = r"(?:with|of|where|showing|in which)"
    if found := re.match(rf"\s*in the {kind} {about} (.+?)[:,]\s*(.+)", text, re.I | re.S):
        return found[1], found[2], "within"
    if found := re.search(rf"\b(after|before) the {kind} {about} (.+?)\?*$", text, re.I):
        return found[2], text, "before" if found[1].lower() == "before" else "after"
    if found := re.search(rf"\bthe {kind} {about} (.+?)(?: begins?| starts?| ends?)?\?*$", text, re.I):
        return found[1], text, "begins"
    return "", text, "which" if re.search(rf"\bwhich (?:of (?:these|the) )?{kind}s?\b", text, re.I) else ""


def _plain(name: str) -> str:
    return re.sub(r"[_-]+", " ", name.lower())


def _zones(low: str, streams: Sequence[Stream]) -> tuple[str, ...]:
    """The zones, lines and lanes whose names stand in the question; else those whose kind does (`the aisle`)."""
    plain = _plain(low)
    named: list[str] = []
    kindred: list[str] = []
    for stream in streams:
        drawn = [*stream.layout.zones, *(lane.zone() for lane in stream.layout.lanes)]
        names = [zone.name for zone in drawn] + [line.name for line in stream.layout.lines]
        named += [name for name in names if re.search(rf"\b{re.escape(_plain(name))}\b", plain)]
        kindred += [
            z.name for z in drawn if z.kind != "area" and re.search(rf"\b{re.escape(z.kind)}\b", plain)
        ]
    return tuple(dict.fromkeys(named or kindred))


def _clause(low: str) -> tuple[str, str]:
    """The question without `that passes the red car`-like clauses about somebody else, and such a clause."""
    found = re.search(
        r"\b(?:that|which|who) (?:passes|overtakes|follows|meets|approaches|hits|talks to)\b(?: by)? (?:the|an?) (.*)",
        low,
    )
    return (low[: found.start()], found[1]) if found else (low, "")


_COUNTED = re.compile(
    r"\b(?:how many|number of)\s+(?:of (?:the|these|those)\s+)?(?:(?:different|distinct|other|more|individual|passing|moving|separate|unique|of|the|these|one|two|three|four|five|six|seven|eight|nine|ten)\s+)*([a-z-]+(?: [a-z-]+)?)"
)


def _subject(low: str, asked: Asked) -> tuple[Subject | None, tuple[str, ...]]:
    """Who is asked about, or None and the words that name nothing known."""
    if asked is Asked.COUNT and (found := _COUNTED.search(low)):
        words = [w for w in found[1].split() if w not in lexicon.COLOURS and w not in lexicon.NUMBERS]
        for word in words or low[found.end() :].split():
            if subject := _named(word):
                return subject, ()
            if word not in _FILLER and word not in lexicon.STOP_WORDS:
                return (ANYTHING, ()) if word in _EVENT_NOUNS else (None, (word,))
    if doer := re.search(
        r"\bwhat (?:is|are|does|do|did|was|were) (?:the|this|that) ((?:[a-z]+ )+?)(?:doing|do)\b", low
    ):
        named = [subject for word in doer[1].split() if (subject := _named(word))]
        return (
            (named[-1], ())
            if named
            else (None, tuple(w for w in doer[1].split() if w not in lexicon.STOP_WORDS))
        )
    words = re.findall(r"[a-z]+(?:-[a-z]+)*", low.replace("'s", " ").replace("’s", " "))
    for at, word in enumerate(words):
        beside = words[max(0, at - 2) : at]
        if (subject := _named(word)) and not (
            beside[-1:] == ["the"] and beside[:1] in (["of"], ["by"], ["beside"])
        ):
            return subject, ()
    for word in words:
        if subject := _named(word):
            return subject, ()
    if set(words) & (lexicon.UPPER_WORDS | lexicon.LOWER_WORDS) and asked is Asked.COLOUR:
        return Subject(word="person", labels=lexicon.LABELS["person"]), ()
    unknown = tuple(dict.fromkeys(w for w in words if _content(w)))
    if not unknown or re.search(
        r"\bwhat (?:happens|happened|is happening|is going on|goes on|is there|was there)\b", low
    ):
        return ANYTHING, ()
    return (None, unknown) if not _about_place(low) else (ANYTHING, ())


def _other_verb(low: str, asked: Asked, kinds: tuple[str, ...]) -> str:
    """A doing that nobody writes down (`wears`, `carries`, `how many times … throws`), where the question is about it."""
    if asked in (Asked.WHICH, Asked.HAPPENS) and (
        found := re.search(r"\b(?:wear|carry|hold|push|pull|say|read|writ|hav)\w*\b", low)
    ):
        return found[0]
    if asked is Asked.WHETHER and re.search(r"\bin colou?r\b|\bblack and white\b", low):
        return "the look of the recording"
    known = kinds or any(
        verb.search(low) for verb in (lexicon.MOVE, lexicon.ENTER, lexicon.LEAVE, lexicon.APPEAR)
    )
    if "how many times" in low and not known:
        words = [w for w in re.findall(r"[a-z]+", low) if _content(w) and not _named(w)]
        return words[0] if words else ""
    return ""


def _other_noun(low: str, asked: Asked) -> str:
    """The noun of `which sport …`, `what pattern …` where it names nothing known; else ''."""
    if asked is not Asked.WHICH:
        return ""
    found = re.match(
        r"(?:and )?(?:which|what)(?: (?:kind|type|sort|brand|make) of)? ([a-z]+)(?: ([a-z]+))? ", low + " "
    )
    if not found or _named(found[1]) or (found[2] and _named(found[2])) or found[1] in _PLACES:
        return ""
    return found[1] if _content(found[1]) else ""


def _named(word: str) -> Subject | None:
    if word in lexicon.ANY_WORDS or word in ("they", "it", "these", "those"):
        return ANYTHING
    labels = lexicon.LABELS.get(word)
    return Subject(word=word, labels=labels) if labels else None


_EVENT_NOUNS_TEXT = (
    "near misses miss collisions crashes accidents falls times events crossings incidents fights alarms"
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
    "together passing along side under over behind beside groups busiest does moment described"
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
        and not lexicon.kinds_in(word)
        and not any(
            verb.fullmatch(word) for verb in (lexicon.MOVE, lexicon.ENTER, lexicon.LEAVE, lexicon.APPEAR)
        )
    )


def _about_place(low: str) -> bool:
    """Whether the question asks what is at a place, and so about whatever is there."""
    place = "|".join(_PLACES)
    return bool(
        re.search(rf"\b(?:is|was|are|were|happens?|happened|stands?|parked|in|on|at) (?:(?:on|in|at|near) )?(?:the |this )?(?:\w+ )?(?:{place})\b", low)
        or (re.search(r"\b(?:what|which|who) (?:is|are|was|were|stands?|happens?) (?:standing |parked |visible |seen |left |there |happening )*(?:at|on|in|along|near|for)?\b", low)
        and re.search(r"\b(?:parked|visible|moving|there|happening)\b", low))
    )  # fmt: skip


def _sides_of(low: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sides named for entering and for leaving, where the question fixes them."""

    def after(pattern: re.Pattern[str]) -> tuple[str, ...]:
        if found := pattern.search(low):
            rest = re.split(
                r"\b(?:and|then|at about|during|between|after)\b", low[found.end() - 4 :], maxsplit=1
            )[0]
            if said := re.search(
                r"\b(?:to|at|from|on|by|through|via|towards?|left)(?: the)? ((?:(?:bottom|top|left|right|upper|lower)\b ?)+)",
                rest,
            ):
                return tuple(s for s in lexicon.sides_in(said[1]) if s != "centre")
        return ()

    return after(lexicon.ENTER), after(lexicon.LEAVE)


def _place(low: str, asked: Asked) -> tuple[str, ...]:
    """The part of the picture the question looks at (`on the left`, `at the top right`)."""
    if asked in (Asked.SIDE, Asked.DIRECTION) or re.search(
        r"\bfrom (?:the )?(?:left|right|top|bottom)\b", low
    ):
        return ()
    found = re.search(
        r"\b(?:(?:on|at|in|along|near)(?: the)?|left of the|right of the) ((?:(?:bottom|top|left|right|upper|lower|centre|center|middle)\b ?)+)(?:side|part|half|corner|edge)?",
        low,
    )
    if found and re.match(r"(?:left|right) of the", found[0]):
        return (found[0].split()[0],)
    return tuple(s for s in lexicon.sides_in(found[1])) if found else ()


def _kinds(low: str, asked: Asked) -> tuple[str, ...]:
    kinds = lexicon.kinds_in(low)
    if asked is Asked.ORDER or (asked is Asked.DIRECTION and "turned" not in kinds):
        return ()
    if asked is Asked.HAPPENS and re.match(r"what (?:does|do|did|is|are)\b", low):
        return ()
    return tuple(k for k in kinds if not (k == "stopped" and re.search(r"\bparked\b", low)))


def _grouping(low: str, asked: Asked) -> str:
    if asked is not Asked.COUNT:
        return ""
    if re.search(r"\bgroup\b|\btogether\b", low):
        return "together"
    if re.search(r"\btypical\b|\bon average\b|\busually\b|\bnormally\b", low):
        return "typical"
    if re.search(
        r"\bat once\b|\bat the same time\b|\bsimultaneously\b|\bat most\b|\bat any (?:one )?(?:time|moment)\b",
        low,
    ):
        return "at_once"
    moving = lexicon.MOVE.search(low) or lexicon.ENTER.search(low) or lexicon.LEAVE.search(low)
    there = re.search(
        r"\b(?:visible|are there|is there|are (?:in|on|at|practis|play|stand)|stand|can be seen|present|were there)",
        low,
    )
    return (
        "at_once"
        if there and not moving and not re.search(r"\bdifferent\b|\bin all\b|\bin total\b", low)
        else ""
    )


def _alone(low: str) -> int | None:
    found = re.search(r"\b(?:only|exactly|just) (one|two|three|four|\d+)\b", low)
    return (lexicon.NUMBERS.get(found[1]) or int(found[1])) if found else None


def _part(low: str, asked: Asked) -> str:
    if asked is not Asked.COLOUR:
        return ""
    words = set(re.findall(r"[a-z-]+", low.replace("'s", " ")))
    if words & lexicon.UNSEEN_PARTS:
        return "unseen"
    return "lower" if words & lexicon.LOWER_WORDS else "upper" if words & lexicon.UPPER_WORDS else ""
