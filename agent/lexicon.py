"""The words of questions: which name a label, a colour, a direction, a side, an event or a number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PERSON_WORDS = (
    "person people persons man men woman women worker workers pedestrian pedestrians shopper shoppers player players "
    "customer customers employee employees driver drivers guard guards child children kid kids boy boys girl girls "
    "adult adults human humans walker walkers goalkeeper referee operator operators visitor visitors staff intruder "
    "intruders someone anyone somebody anybody nobody everyone he she him her his who passenger passengers runner "
    "runners athlete athletes colleague cashier crowd couple group groups team teams figure lady gentleman individuals individual"
)
VEHICLES = ("car", "truck", "bus", "van", "motorcycle", "vehicle", "forklift", "train", "pickup")

_LABEL_WORDS: dict[str, tuple[tuple[str, ...], str]] = {
    "person": (("person",), PERSON_WORDS),
    "cyclist": (
        ("cyclist", "bicycle", "person"),
        "cyclist cyclists biker bikers rider riders bicyclist bicyclists",
    ),
    "vehicle": (VEHICLES, "vehicle vehicles traffic"),
    "car": (
        ("car", "vehicle", "van", "truck", "pickup"),
        "car cars sedan sedans suv suvs hatchback taxi taxis cab automobile automobiles",
    ),
    "truck": (
        ("truck", "vehicle", "pickup"),
        "truck trucks lorry lorries pickup pickups trailer trailers trucks' hgv",
    ),
    "van": (("van", "truck", "car", "vehicle"), "van vans minivan minivans"),
    "bus": (("bus", "vehicle"), "bus buses coach coaches minibus"),
    "forklift": (("forklift", "truck", "vehicle"), "forklift forklifts"),
    "motorcycle": (
        ("motorcycle", "motorbike"),
        "motorcycle motorcycles motorbike motorbikes scooter scooters moped mopeds",
    ),
    "bicycle": (("bicycle",), "bicycle bicycles bike bikes"),
    "train": (("train",), "train trains tram trams"),
    "boat": (("boat",), "boat boats ship ships"),
    "airplane": (("airplane", "aeroplane"), "airplane airplanes aeroplane aeroplanes plane planes aircraft"),
    "dog": (("dog",), "dog dogs puppy"),
    "cat": (("cat",), "cat cats kitten"),
    "animal": (
        ("dog", "cat", "bird", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),
        "animal animals pet pets",
    ),
    "ball": (("sports ball", "ball"), "ball balls football footballs"),
    "bag": (
        ("backpack", "handbag", "suitcase", "bag"),
        "bag bags luggage backpack backpacks rucksack handbag handbags suitcase suitcases",
    ),
    "phone": (("cell phone",), "phone phones mobile smartphone"),
    "tv": (("tvmonitor", "tv"), "tv television monitor"),
    "plant": (("pottedplant", "potted plant"), "plant plants"),
    "sofa": (("sofa", "couch"), "sofa sofas couch couches"),
    "pallet": (("pallet", "box"), "pallet pallets"),
    "box": (("box", "pallet"), "box boxes carton cartons parcel parcels package packages crate crates"),
}
"""A word's family: the labels that satisfy it, most exact first."""

_PLAIN_LABELS_TEXT = (
    "bird horse sheep cow elephant bear zebra giraffe umbrella tie frisbee skis snowboard kite skateboard "
    "surfboard bottle cup fork knife spoon bowl banana apple sandwich orange broccoli carrot pizza donut "
    "cake chair bed toilet laptop mouse remote keyboard microwave oven toaster sink refrigerator book "
    "clock vase scissors toothbrush bench"
)
_PLAIN_LABELS = tuple(_PLAIN_LABELS_TEXT.split())
"""Labels a detector may give that are asked for by their own name."""

ANY_WORDS_TEXT = "thing things object objects something anything item items stuff movement motion activity"
ANY_WORDS = frozenset(ANY_WORDS_TEXT.split())
"""Words that mean whatever there is."""


def _build() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for labels, words in _LABEL_WORDS.values():
        for word in words.split():
            table[word] = labels
    for label in _PLAIN_LABELS:
        table.setdefault(label, (label,))
        table.setdefault(plural(label), (label,))
    return table


def plural(word: str) -> str:
    """The usual English plural."""
    if word == "person":
        return "people"
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


LABELS: Mapping[str, tuple[str, ...]] = _build()

CARRIED = frozenset(
    word for word, labels in LABELS.items() if set(labels) & {"bag", "box", "cell phone", "umbrella", "bottle", "laptop", "book"}
) | {"object", "objects", "item", "items", "something", "anything"}  # fmt: skip
"""Words for what people put down, leave and take."""
SOMEBODY = frozenset(word for word, labels in LABELS.items() if set(labels) & {"person", *VEHICLES})
"""Words for people and vehicles, who run into each other."""

COLOURS: Mapping[str, str] = {
    **{
        c: c
        for c in ["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey", "silver", "tan", "cyan", "beige"]
    },
    "gray": "grey", "violet": "purple", "magenta": "pink", "maroon": "red", "crimson": "red", "navy": "blue",
    "golden": "yellow", "gold": "yellow", "turquoise": "cyan", "teal": "cyan", "cream": "beige", "khaki": "tan",
    "blond": "yellow", "dark": "dark", "light": "light", "bright": "light", "pale": "light", "lime": "green",
    "olive": "green", "fluorescent": "yellow", "bronze": "brown", "burgundy": "red", "charcoal": "dark grey",
}  # fmt: skip
"""Colour words and the colour they mean; `dark` and `light` stand for a brightness."""

_NEAR_TABLE = (
    (
        0.8,
        "grey:silver white:silver tan:beige blue:cyan dark:black light:white dark:dark_grey black:dark_grey",
    ),
    (0.8, "grey:dark_grey"),
    (
        0.6,
        "white:grey orange:red orange:yellow tan:brown red:pink purple:pink brown:orange beige:white dark:grey",
    ),
    (0.6, "beige:yellow"),
    (0.5, "dark:blue black:blue black:grey green:cyan blue:purple grey:blue tan:orange tan:yellow brown:red"),
    (0.5, "dark:brown light:silver light:grey silver:blue tan:grey brown:black light:beige silver:dark_grey"),
    (0.3, "yellow:green dark:green silver:cyan white:yellow red:purple tan:white brown:grey beige:grey"),
)
_NEAR: Mapping[frozenset[str], float] = {
    frozenset(pair.replace("_", " ").split(":")): score
    for score, pairs in _NEAR_TABLE
    for pair in pairs.split()
}
"""How alike two different colours look through a camera, 0 to 1; pairs not here are unlike."""


def colour_likeness(one: str, other: str) -> float:
    """How well two colour names agree, 0 to 1: the same 1, neighbours less."""
    return 1.0 if one == other else _NEAR.get(frozenset((one, other)), 0.0)


def colours_in(text: str) -> tuple[str, ...]:
    """The colours named in the text, in order; a hyphenated pair such as `silver-blue` gives both."""
    words = re.findall(r"[a-z]+", text.lower())
    out: list[str] = []
    for at, word in enumerate(words):
        if word not in COLOURS:
            continue
        if word == "orange" and at + 1 < len(words) and words[at + 1] in ("fruit", "juice"):
            continue
        following = words[at + 1] if at + 1 < len(words) else ""
        if COLOURS[word] in ("dark", "light") and following in COLOURS:
            if word == "dark" and COLOURS[following] == "grey":
                out.append("dark grey")
            continue
        if out and out[-1] == "dark grey" and COLOURS[word] == "grey":
            continue
        out.append(COLOURS[word])
    return tuple(out)


NUMBERS: Mapping[str, int] = {
    "zero": 0, "no": 0, "none": 0, "nobody": 0, "nothing": 0, "one": 1, "two": 2, "both": 2, "three": 3, "four": 4,
    "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12,
    "single": 1, "pair": 2, "couple": 2, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50, "hundred": 100, "once": 1, "twice": 2, "thrice": 3,
}  # fmt: skip

ORDINALS: Mapping[str, int] = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "last": -1, "final": -1, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "6th": 6, "7th": 7,
}  # fmt: skip

OPPOSITE = {
    "left": "right",
    "right": "left",
    "up": "down",
    "down": "up",
    "towards": "away",
    "away": "towards",
}

ENTER = re.compile(
    r"\b(enter(?:s|ed|ing)?|come(?:s)? in(?:to)?|came in(?:to)?|walk(?:s|ed)? in(?:to)?|come(?:s)? back|arriv\w+|drives? in(?:to)?"
    r"|comes? from|came from|come from)\b"
)
LEAVE = re.compile(
    r"\b(leave(?:s)?|leaving|exit(?:s|ed|ing)?|go(?:es)? out|went out|walk(?:s|ed)? out|depart\w*|(?<!from )(?<!the )left (?:the|to|through|at|by))\b"
)
APPEAR = re.compile(
    r"\b(appear(?:s|ed|ing)?|come(?:s)? into view|show(?:s|ed)? up|first seen|visible first)\b"
)
MOVE = re.compile(
    r"\b(pass(?:es|ed|ing)?|drive(?:s)?|drove|driving|walk(?:s|ed|ing)?|travel\w*|rid(?:e|es|ing)|move(?:s|d)?|moving|overtakes?"
    r"|go(?:es)? (?:by|past|through)|cross(?:es|ed|ing)?)\b"
)


_SIDES = {
    "left": "left", "right": "right", "top": "top", "bottom": "bottom", "upper": "top", "lower": "bottom",
    "above": "top", "below": "bottom", "back": "top", "middle": "centre", "centre": "centre", "center": "centre",
}  # fmt: skip


def sides_in(text: str) -> tuple[str, ...]:
    """The sides of the picture named in the text, in order (`left`, `right`, `top`, `bottom`, `centre`)."""
    words = re.findall(r"[a-z]+", text.lower())
    return tuple(dict.fromkeys(_SIDES[w] for w in words if w in _SIDES))


_PHRASAL = re.compile(
    r"\b(?:end|turn|show|pick|line|set|slow|speed|break|broke|lie|lay|sit|sat|put|stand|stood|get|got|hang|hung|pull|fall|fell|take|took)"
    r"(?:s|ed|ing|ting|ped|ping)?(?: (?:it|them|him|her|(?:the|an?) \w+))? (?:up|down)\b"
)
"""Doings whose `up` and `down` say nothing of the way that somebody goes."""
_TOWARDS = r"towards?|to|into|up to"
_HEADING = {"left": "left", "right": "right", "top": "up", "bottom": "down"}


def heading_in(text: str) -> frozenset[str]:
    """The ways of moving named in the text: `left right up down towards away still`.

    `from left to right` is right; `to the left`, `leaving at the bottom right` name where it goes.
    """
    low = _PHRASAL.sub(" ", text.lower())
    out: set[str] = set()
    if re.search(
        r"\b(stand\w* still|(?:does|do|did) not move|doesn't move|not moving|parked|stationary|stays?|nowhere)\b",
        low,
    ):
        return frozenset({"still"})
    if re.search(
        r"\baway from (?:the )?(camera|viewer|us)|\baway\b(?! from)|\binto the distance|back to the camera",
        low,
    ):
        out.add("away")
    elif re.search(
        r"\btowards? (?:the )?(camera|viewer|us)\b|\btoward(s)?\b(?= and| the camera|$)|\bat the camera", low
    ):
        out.add("towards")
    crossing = re.search(
        r"\b(?:from )?(?:the )?(left|right|top|bottom)\b[^,;]*?\bto (?:the )?(left|right|top|bottom)\b", low
    )
    if crossing and crossing[1] != crossing[2]:
        out.add(_HEADING[crossing[2]])
        return frozenset(out)
    for side in re.findall(
        r"(?:towards|toward|to|at|on|by|through|leftwards?|rightwards?)(?: the)? ((?:(?:bottom|top|left|right|upper|lower)\b[ -]?)+)",
        low,
    ):
        out |= {_HEADING[_SIDES[word]] for word in re.findall(r"[a-z]+", side) if _SIDES[word] in _HEADING}
    for pattern, word in (
        (r"\bleftwards?\b", "left"),
        (r"\brightwards?\b", "right"),
        (r"\bup(?:wards?)?\b", "up"),
        (r"\bdown(?:wards?)?\b", "down"),
    ):
        if re.search(pattern, low):
            out.add(word)
    return frozenset(out)


def heading_of(direction: str | float | None) -> frozenset[str]:
    """The ways of moving that a stored `direction` attribute means, whatever its exact spelling."""
    if not isinstance(direction, str):
        return frozenset()
    words = re.findall(r"[a-z]+", direction.lower())
    if "to" in words and len(words) >= 3:
        words = words[words.index("to") + 1 :]
    table = {
        **_HEADING,
        "up": "up",
        "down": "down",
        "towards": "towards",
        "toward": "towards",
        "away": "away",
        "still": "still",
        "none": "still",
        "leftwards": "left",
        "rightwards": "right",
        "leftward": "left",
        "rightward": "right",
        "upwards": "up",
        "downwards": "down",
    }
    return frozenset(table[w] for w in words if w in table)


def label_families(words: Iterable[str]) -> tuple[str, ...]:
    """The labels that the words name, each once, in order."""
    return tuple(dict.fromkeys(label for word in words for label in LABELS.get(word, ())))


UPPER_WORDS_TEXT = (
    "jacket jackets coat coats top tops shirt shirts t-shirt tshirt vest sweater hoodie jumper blouse dress"
)
UPPER_WORDS = frozenset(UPPER_WORDS_TEXT.split())
LOWER_WORDS_TEXT = "trousers skirt jeans shorts pants leggings"
LOWER_WORDS = frozenset(LOWER_WORDS_TEXT.split())
UNSEEN_PARTS_TEXT = (
    "hat hats helmet helmets cap caps shoes shoe hair eyes gloves glasses bag toy banner sign letters "
    "line lines court surface mat floor wall sky carpet curtain logo text ground grass road pavement background roof "
    "building house door doors lights stripe stripes arrow arrows eyes beard"
)
UNSEEN_PARTS = frozenset(UNSEEN_PARTS_TEXT.split())
"""Parts and places whose colour nobody writes down."""

STOP_WORDS_TEXT = (
    "a an the of in on at to is are was were be been do does did how many much long what which who whose "
    "when where why there this that these those it its they them their he she his her i you we and or not "
    "no any some all both each other another one two for from by with into out about during between after "
    "before while until clip video picture frame scene image whole time times first second third last "
    "seconds minutes s min"
)
STOP_WORDS = frozenset(STOP_WORDS_TEXT.split())
