"""The grammar planner: turns a question in plain English into a typed plan, without any model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent import aspects, grammar, lexicon
from agent.grammar import Asked, Bound
from agent.kinds import OF_CAMERA, SUMMED, read_kinds
from agent.subject import (
    ANYTHING,
    PRONOUNS,
    Subject,
    counts_events,
    noun,
    other_noun,
    other_verb,
    read_subject,
)
from core.media import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a question asks of the memory.

    `subject` is None where the question's words name nothing that anything looks for; `unknown` then holds those
    words. `colours`, `heading`, `entered`, `left` and `place` narrow the visits; `other` is the colour of somebody the
    subject meets; `part` is `upper`, `lower` or, for what nobody writes down, `unseen`. `grouping` is `at_once`,
    `together` or `typical`. `scene` describes a scene of a longer recording in the question's own words.
    `scene_use`: the question is `within` it, asks when it `begins`, which comes `after` or `before` it, or `which` of the
    choices' scenes comes at the place `ordinal`. `next_to` describes somebody and `step` is 1 for who comes after them, -1 for who comes before.
    `most` is the superlative that picks (`longest`, `most`, `fastest` …), `by` what totals are made for (`team`, `zone`),
    `turn` the side of a turn, `times` says that happenings are counted and not who took part, `denied` that the question
    asks whether it did not happen, `passing` that the order is that of passing by, `ending` that it is the place where somebody was last, `summed` that lengths add up,
    `undrawn` is a zone that is named but drawn nowhere, `versus` the two kinds of things to be compared.
    `pair` are the two places in the order of coming whose distance in time is asked; `anchor` says that the span is `after`,
    `before` or `when` what `anchored` tells happened.
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
    most: str = ""
    by: str = ""
    turn: str = ""
    pose: str = ""
    times: bool = False
    denied: bool = False
    passing: bool = False
    ending: bool = False
    summed: bool = False
    undrawn: str = ""
    versus: tuple[Subject, ...] = ()
    pair: tuple[int, int] | None = None
    anchor: str = ""
    anchored: str = ""

    def __str__(self) -> str:
        said = [
            self.asked.value,
            self.subject.word if self.subject else f"unknown: {', '.join(self.unknown)}",
        ]
        lists = ("colours", "other", "heading", "entered", "left", "place", "kinds", "zones")
        said += [f"{name} {', '.join(sorted(value))}" for name in lists if (value := getattr(self, name))]
        words = (
            "ordinal",
            "grouping",
            "alone",
            "part",
            "next_to",
            "scene",
            "most",
            "by",
            "turn",
            "pose",
            "undrawn",
            "pair",
            "anchor",
            "anchored",
        )
        said += [f"{name} {value}" for name in words if (value := getattr(self, name))]
        if self.bound:
            said.append(
                f"{self.bound.kind} {self.bound.a:g}" + (f" to {self.bound.b:g}" if self.bound.b else "")
            )
        said += [name for name in ("empty", "moving", "near", "times", "denied") if getattr(self, name)]
        return "; ".join(said)


def plan(text: str, streams: Sequence[Stream] = ()) -> Plan:
    """The plan for a question; the streams give the names of zones and lines and say whether wall times mean anything."""
    scene, head, scene_use = _scene(text)
    low = re.sub(r"[?!]+$", "", head.lower().strip())
    low = re.sub(r"\bgroups? of (?=[a-z]+\b)(?!two|three|four|five|six|seven)", "", low)
    asked = grammar.read_asked(low)
    pair = aspects.read_pair(low, asked)
    low, anchor, anchored = aspects.read_anchor(low) if pair is None else (low, "", "")
    zones = _zones(low, streams)
    for zone in zones:
        low = " ".join(re.sub(re.escape(_plain(zone)).replace(r"\ ", r"[ _-]"), " here ", low).split())
    low, next_to, step = _neighbour(low, asked)
    kinds, rest = _kinds(low, asked, streams)
    core, clause = _clause(rest)
    subject, unknown = read_subject(core if not _bare(core) else rest, asked)
    if not unknown and (other := other_noun(low, asked) or other_verb(low, asked, kinds)):
        unknown = (other,)
    subject = aspects.read_either(low, asked) or subject
    if subject and subject.word in INDEFINITE and set(kinds[:1]) & OF_ANYONE:
        subject = ANYTHING
    if subject and subject.word in INDEFINITE and set(kinds[:1]) & OF_THINGS:
        subject = next((noun(word) for word in low.split() if word in lexicon.CARRIED), None) or subject
    ending = asked is Asked.WHERE and bool(_ENDING.search(low))
    several = subject is not None and subject.word in _PLURALS
    ordinal = grammar.read_ordinal(low)
    entered, left = _sides_of(rest)
    bare = re.sub(rf"{lexicon.LEAVE.pattern}.*|{lexicon.ENTER.pattern}.*", " ", rest)
    by = aspects.read_by(low, asked, streams)
    versus = aspects.read_versus(low) if asked is Asked.COMPARE else ()
    if (subject is None and (kinds or scene_use)) or asked is Asked.TEXT or by or versus:
        subject, unknown = subject or ANYTHING, ()
    return Plan(
        text=text,
        asked=asked,
        subject=subject,
        unknown=unknown,
        bound=grammar.read_bound(text, wall=any(s.started_at for s in streams)),
        colours=() if (asked in (Asked.COLOUR, Asked.WHETHER) and " in colour" in low) or set(kinds[:1]) & OF_CAMERA else lexicon.colours_in(core),
        other=lexicon.colours_in(clause),
        heading=frozenset() if asked in (Asked.DIRECTION, Asked.SIDE) else _heading(bare),
        entered=entered,
        left=left,
        place=_place(bare, asked),
        kinds=kinds,
        zones=zones,
        ordinal=-1 if ending and ordinal is None and not several else ordinal,
        ending=ending,
        grouping=_grouping(low, asked),
        empty=bool(_EMPTY.search(rest)) and not kinds,
        alone=_alone(low),
        moving=bool(lexicon.MOVE.search(rest)) and not re.search(r"\bstand|\bparked|\bvisible\b", low),
        resting=asked is Asked.WHICH and bool(re.search(r"\b(?:parked|stands?|standing|resting)\b", low)),
        arriving=bool(lexicon.ENTER.search(rest) or lexicon.APPEAR.search(rest)),
        leaving=bool(lexicon.LEAVE.search(rest)),
        near=bool(re.search(r"\bclose to the camera\b|\bnear(?:est|er)? (?:lane|to the camera|people|person|car|vehicle)\w*\b|\bforeground\b", low)),
        part=_part(low, asked),
        scene=scene,
        next_to=next_to,
        step=step,
        scene_use=scene_use,
        most=aspects.read_most(low, asked),
        by=by,
        turn=aspects.read_turn(low) if "turned" in kinds else "",
        pose=aspects.read_pose(low),
        times=asked is Asked.COUNT and counts_events(low, kinds),
        denied=asked is Asked.WHETHER and bool(kinds) and bool(aspects.DENIED.search(rest)),
        passing=bool(re.search(r"\b(?:pass(?:es|ed|ing)?(?: by)?|overtak\w+|goes? by|drives? (?:by|past))\b", rest)),
        summed=bool(re.search(r"\bin total\b|\bin all\b|\baltogether\b|\btotal time\b|\boverall\b", low)) or bool(set(kinds[:1]) & SUMMED),
        undrawn=aspects.read_undrawn(low, streams) if streams and not zones else "",
        versus=versus,
        pair=pair,
        anchor=anchor,
        anchored=anchored,
    )  # fmt: skip


def _heading(low: str) -> frozenset[str]:
    """The way of moving that narrows the visits; where something is, and what is taken away, is no such thing."""
    low = re.sub(
        r"\b(?:at|on|in|by|along|near|of)(?: the)? (?:(?:bottom|top|left|right|upper|lower)\b ?)+", " ", low
    )
    low = re.sub(r"\b(?:taken|takes?|lifted|carried|put|moved) away\b", " ", low)
    return lexicon.heading_in(low) - {"still"}


_ENDING = re.compile(r"\bend(?:s|ed)? up\b|\b(?:last seen|seen last)\b")
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
        drawn = stream.layout.areas
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


def _kinds(low: str, asked: Asked, streams: Sequence[Stream]) -> tuple[tuple[str, ...], str]:
    """The kinds of event asked about, and the question without the phrases that named them."""
    kinds, rest = read_kinds(low)
    if asked in (Asked.WHICH, Asked.WHETHER) and _PAST.search(rest):
        return ("approached", *kinds), _PAST.sub(" ", rest)
    if asked in (Asked.ORDER, Asked.TEXT, Asked.COMPARE) or (
        asked is Asked.DIRECTION and "turned" not in kinds
    ):
        return (), low
    if asked is Asked.SPEED:
        return tuple(k for k in kinds if k == "speeding"), rest
    if (
        asked is Asked.HAPPENS
        and re.match(r"what (?:does|do|did|is|are)\b", low)
        and not set(kinds[:1]) & OF_CAMERA
    ):
        return (), low
    if streams and not re.search(r"\blines?\b", low) and not any(s.layout.lines for s in streams):
        kinds = tuple(
            k for k in kinds if k != "crossed_line"
        )  # without a line, crossing is just a way of moving
    if "together" in kinds and asked is Asked.COUNT:
        return tuple(k for k in kinds if k != "together"), low
    return tuple(k for k in kinds if not (k == "stopped" and re.search(r"\bparked\b", low))), rest


_PLURALS = frozenset(lexicon.plural(word) for word in lexicon.LABELS) | {
    "they",
    "people",
    "men",
    "women",
    "children",
}
_NOUNS = "|".join(sorted(word for word in lexicon.LABELS if word not in PRONOUNS))
_PAST = re.compile(
    r"\b(?:who|any(?:one|body)|some(?:one|body)) (?:ever )?(?:(?:walk|go|went|drove|drive|ran|run|rode|ride|pass|step)\w* (?:right |just |straight )?"
    r"(?:past|by|up to|over to|near|close to)|(?:came|comes?) (?:past|near|up to|over to|close to)) "
    rf"(?=(?:the|an?) (?:[a-z]+ )?(?:{_NOUNS})\b)"
)
"""Who came past something: a question about who came near it."""
INDEFINITE = frozenset({"anyone", "anybody", "someone", "somebody", "nobody", "everyone", "who"})
OF_ANYONE = frozenset({"wrong_way", "speeding", "collision", "near_miss", "crossed_line", *OF_CAMERA})
"""Kinds of which `anyone` means a driver as much as a walker."""
OF_THINGS = frozenset({"object_left", "object_removed"})
"""Kinds that happen to a thing: `anyone` asks for the thing that the question names, for whose it is was not always seen."""


def _grouping(low: str, asked: Asked) -> str:
    if asked is not Asked.COUNT:
        return ""
    if re.search(r"\bgroup\b", low) or (
        re.search(r"\btogether\b", low)
        and not re.search(r"\b(?:number of|at most|seen together|visible together)\b", low)
    ):
        return "together"
    if re.search(r"\btypical\b|\bon average\b|\busually\b|\bnormally\b", low):
        return "typical"
    if re.search(
        r"\b(?:largest|maximum|greatest|highest) number\b|\b(?:seen|visible) together\b|\bat once\b|\bat the same time\b|\bsimultaneously\b|\bat most\b|\bat any (?:one )?(?:time|moment)\b",
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
    """Whose colour is asked: the `upper` or `lower` clothes, or a part or place whose colour is `unseen`."""
    if asked is not Asked.COLOUR:
        return ""
    words = re.findall(r"[a-z-]+", re.sub(r"\w+['’]s?(?= )", " ", low))
    told = [
        w for w in words[_after_colour(words) :] if (w in lexicon.LABELS and w not in PRONOUNS) or w in _PARTS
    ][:1]
    told = told if told and told[0] in _PARTS else [w for w in words if w in _PARTS] if not told else []
    if told and told[0] in lexicon.UNSEEN_PARTS:
        return "unseen"
    told = told or [w for w in words if w in _PARTS - lexicon.UNSEEN_PARTS]
    return "" if not told else "lower" if told[0] in lexicon.LOWER_WORDS else "upper"


_PARTS = lexicon.UNSEEN_PARTS | lexicon.UPPER_WORDS | lexicon.LOWER_WORDS


def _after_colour(words: list[str]) -> int:
    """The place after the word `colour`, or the beginning."""
    return next((at + 1 for at, word in enumerate(words) if word.startswith(("colour", "color"))), 0)
