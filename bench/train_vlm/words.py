"""What is said of a scene and asked about it: every word the tiny model knows."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from bench.train_vlm.scenes import (
    COLOURS,
    MOST,
    MOTIONS,
    OUTLINES,
    RELATIONS,
    SIDE,
    Domain,
    Group,
    Scene,
)

PLURALS = {
    kind: {"box": "boxes", "cross": "crosses", "person": "people"}.get(kind, kind + "s") for kind in OUTLINES
}
DESCRIBE = "describe the scene"
GRID = 11
THEREFORE = "</think>"
"""Ends what leads to an answer, as reasoning models end it."""
AS_JSON = "describe the scene as json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question about the pictures and its right answer."""

    question: str
    answer: str


def caption(scene: Scene) -> str:
    """All of a scene in one sentence."""
    if len(scene.groups) == 1:
        return _said(scene.groups[0])
    first, second = scene.groups
    return f"{_said(first)} , {scene.relation} {_said(second)}"


def thought(scene: Scene) -> str:
    """What leads to the caption: where the middle of each group is in the first and in the last picture, as column and row
    of a grid of 11 by 11. A direction is a comparison, and a small decoder compares what it has written down.
    """
    owners = np.array(scene.members)
    parts = []
    for number, group in enumerate(scene.groups):
        cells = (scene.centres[[0, -1]][:, owners == number].mean(1) * (GRID / SIDE)).astype(int).ravel()
        parts.append(f"{group.colour} {PLURALS[group.kind]} {' '.join(map(str, cells.tolist()))}")
    return " , ".join(parts)


def after_thought(reply: str) -> str:
    """What a reply says after its thoughts."""
    return reply.rpartition(f" {THEREFORE} ")[2]


def things_in(text: str) -> list[tuple[str, str]]:
    """Every colour and kind that a caption names, in its order."""
    kinds = {word: kind for kind, many in PLURALS.items() for word in (kind, many)}
    said = text.split()
    return [(a, kinds[b]) for a, b in itertools.pairwise(said) if a in COLOURS and b in kinds]


def as_json(scene: Scene) -> str:
    """All of a scene as a JSON object, a space between any two words of the vocabulary."""
    things = " , ".join(
        f'{{ "count": {g.count} , "colour": "{g.colour}" , "kind": "{g.kind}" , "motion": "{g.motion}" }}'
        for g in scene.groups
    )
    return f'{{ "things": [ {things} ] , "relation": "{scene.relation}" }}'


def turns(scene: Scene, domain: Domain, dice: np.random.Generator) -> list[Turn]:
    """The two descriptions, and one question of each other kind: how many, whether, which of four, which way."""
    group = scene.groups[int(dice.integers(len(scene.groups)))]
    colour, kind = group.colour, group.kind
    if dice.random() < 0.5:  # half the time of something else, most often alike
        colour = str(dice.choice(domain.colours)) if dice.random() < 0.6 else colour
        kind = str(dice.choice(domain.kinds)) if dice.random() < 0.6 else kind
    count = sum(g.count for g in scene.groups if (g.colour, g.kind) == (colour, kind))
    way = str(dice.choice(list(MOTIONS))) if dice.random() < 0.5 else group.motion
    return [
        Turn(question=DESCRIBE, answer=f"{thought(scene)} {THEREFORE} {caption(scene)}"),
        Turn(question=AS_JSON, answer=as_json(scene)),
        Turn(question=f"how many {colour} {PLURALS[kind]} are there", answer=str(count)),
        Turn(
            question=f"are {group.colour} {PLURALS[group.kind]} {_moving(way)}",
            answer="yes" if way == group.motion else "no",
        ),
        _choice(scene, group, dice),
        Turn(question=f"how are the {group.colour} {PLURALS[group.kind]} moving", answer=group.motion),
    ]


def _choice(scene: Scene, group: Group, dice: np.random.Generator) -> Turn:
    """Which colour the things of a kind have, out of four."""
    taken = {g.colour for g in scene.groups if g.kind == group.kind}
    others = [c for c in COLOURS if c not in taken]
    options = [group.colour, *(str(c) for c in dice.choice(others, 3, replace=False))]
    dice.shuffle(options)
    listed = " ".join(f"{letter} . {option}" for letter, option in zip("ABCD", options, strict=True))
    question = f"which colour have the {PLURALS[group.kind]} {listed}"
    return Turn(question=question, answer="ABCD"[options.index(group.colour)])


def _said(group: Group) -> str:
    called = group.kind if group.count == 1 else PLURALS[group.kind]
    return f"{group.count} {group.colour} {called} {_moving(group.motion)}"


def _moving(way: str) -> str:
    return "standing still" if way == "still" else f"moving {way}"


def vocabulary() -> list[str]:
    """Every word, the special ones first: padding, begin, end, the picture, what is not known, whose turn it is."""
    special = ["<pad>", "<s>", "</s>", "<image>", "<unk>", "user", "assistant", "system"]
    said = f"{DESCRIBE} {AS_JSON} how many are there standing still moving which colour have yes no , ."
    more = "A B C D the a an is of in and with what where one only reply </think> option letter question frame picture"
    numbers = [str(n) for n in range(2 * MOST + 1)]
    names = [*MOTIONS, *COLOURS, *PLURALS]
    relations = [word for relation in RELATIONS for word in relation.split()]
    marks = [
        *"{}[]",
        '""',
        *(f'"{key}":' for key in ("things", "count", "colour", "kind", "motion", "relation")),
    ]
    quoted = [f'"{name}"' for name in names] + [w for r in RELATIONS for w in f'"{r}"'.split()]
    words = [*said.split(), *more.split(), *numbers, *names, *PLURALS.values(), *relations, *marks, *quoted]
    return list(dict.fromkeys([*special, *words]))
