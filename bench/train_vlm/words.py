"""What is said of a scene and asked about it: every word the tiny model knows."""

from __future__ import annotations

import itertools

from bench.train_vlm.scenes import COLOURS, MOST, MOTIONS, OUTLINES, RELATIONS, Group, Scene

PLURALS = {
    kind: {"box": "boxes", "cross": "crosses", "person": "people"}.get(kind, kind + "s") for kind in OUTLINES
}
DESCRIBE = "describe the scene"


def caption(scene: Scene) -> str:
    """All of a scene in one sentence."""
    if len(scene.groups) == 1:
        return _said(scene.groups[0])
    first, second = scene.groups
    return f"{_said(first)} , {scene.relation} {_said(second)}"


def things_in(text: str) -> list[tuple[str, str]]:
    """Every colour and kind that a caption names, in its order."""
    kinds = {word: kind for kind, many in PLURALS.items() for word in (kind, many)}
    said = text.split()
    return [(a, kinds[b]) for a, b in itertools.pairwise(said) if a in COLOURS and b in kinds]


def _said(group: Group) -> str:
    called = group.kind if group.count == 1 else PLURALS[group.kind]
    return f"{group.count} {group.colour} {called} {_moving(group.motion)}"


def _moving(way: str) -> str:
    return "standing still" if way == "still" else f"moving {way}"


def vocabulary() -> list[str]:
    """Every word, the special ones first: padding, begin, end, the picture, what is not known, whose turn it is."""
    special = ["<pad>", "<s>", "</s>", "<image>", "<unk>", "user", "assistant", "system"]
    numbers = [str(n) for n in range(1, MOST + 1)]
    relations = [word for relation in RELATIONS for word in relation.split()]
    said = [*DESCRIBE.split(), ",", ".", "standing", "moving", *MOTIONS, *relations]
    return list(dict.fromkeys([*special, *said, *numbers, *COLOURS, *PLURALS, *PLURALS.values()]))
