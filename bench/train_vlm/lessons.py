"""What the tiny model learns from: pictures with what each patch shows, and pictures with questions and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bench.train_vlm.model import PATCH
from bench.train_vlm.scenes import (
    COLOURS,
    DAY,
    FRAMES,
    KINDS,
    RELATIONS,
    SIDE,
    Domain,
    Pictures,
    Scene,
    draw_crowd,
    draw_scene,
    render,
)
from bench.train_vlm.words import Turn, turns, vocabulary

PATCHES = (SIDE // PATCH) ** 2
NUMBER = {word: number for number, word in enumerate(vocabulary())}
NOTHING = -100
"""The label of a place whose token is not learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """Pictures `(n, SIDE, SIDE, 3)` and what each patch shows that holds a thing's middle, `(n, PATCHES)` each: its kind and
    colour (from 1; 0 where there is no thing), how many its group has (from 0), which group of the caption that is, and
    the group's relation to the other; NOTHING where that is not to be said. `offsets` is where in the patch the middle
    is, in patches from its own middle, and `means` where its group's middle is, -1 to 1: `(n, PATCHES, 2)`.
    """

    pictures: Pictures
    kinds: torch.Tensor
    colours: torch.Tensor
    counts: torch.Tensor
    places: torch.Tensor
    relations: torch.Tensor
    offsets: torch.Tensor
    means: torch.Tensor


OPPOSITE = (1, 0, 3, 2, 4)
"""What the second group's relation to the first is called, for each of RELATIONS."""


def sights(dice: np.random.Generator, count: int, *, crowded: bool) -> Sights:
    """So many pictures to learn seeing from: full of single things, or of scenes, either of their frames."""
    scenes = [draw_crowd(dice) if crowded else draw_scene(dice) for _ in range(count)]
    frames = [0 if crowded else int(dice.integers(FRAMES)) for _ in scenes]
    labels = np.full((5, count, PATCHES), NOTHING, np.int64)
    labels[:2] = 0
    spots = np.zeros((2, count, PATCHES, 2), np.float32)
    names = list(COLOURS)
    for number, (scene, frame) in enumerate(zip(scenes, frames, strict=True)):
        centres, members = scene.centres[frame], np.array(scene.members)
        cells = (centres // PATCH).astype(int)
        at = cells[:, 1] * (SIDE // PATCH) + cells[:, 0]
        groups = [scene.groups[i] for i in scene.members]
        labels[0, number, at] = [1 + KINDS.index(g.kind) for g in groups]
        labels[1, number, at] = [1 + names.index(g.colour) for g in groups]
        spots[0, number, at] = centres / PATCH - cells - 0.5
        if crowded:
            continue
        labels[2, number, at] = [g.count - 1 for g in groups]
        labels[3, number, at] = members
        if scene.relation and frame == FRAMES - 1:
            relation = RELATIONS.index(scene.relation)
            labels[4, number, at] = np.where(members == 0, relation, OPPOSITE[relation])
        means = np.stack([centres[members == i].mean(0) for i in range(len(scene.groups))])
        spots[1, number, at] = means[members] / (SIDE / 2) - 1
    pictures = np.concatenate(
        [render(scene, dice, DAY, range(f, f + 1)) for scene, f in zip(scenes, frames, strict=True)]
    )
    named = ("kinds", "colours", "counts", "places", "relations")
    return Sights(
        pictures=pictures,
        offsets=torch.from_numpy(spots[0]),
        means=torch.from_numpy(spots[1]),
        **dict(zip(named, torch.from_numpy(labels), strict=True)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Scenes with several turns each, packed into one row per scene: the pictures once, then every turn, which sees the
    pictures and itself alone. `labels` are the next tokens, NOTHING but within answers; `positions` begin every turn
    right after the pictures; `sees` says which place may look at which.
    """

    pictures: Pictures
    tokens: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor
    sees: torch.Tensor


def scenes_with_pictures(
    dice: np.random.Generator, count: int, domain: Domain = DAY, groups: int = 0
) -> tuple[list[Scene], Pictures]:
    """So many scenes, and their frames `(count, FRAMES, SIDE, SIDE, 3)`."""
    scenes = [draw_scene(dice, domain, groups) for _ in range(count)]
    return scenes, np.stack([render(scene, dice, domain) for scene in scenes])


def talk(
    dice: np.random.Generator, count: int, kinds: Sequence[int], domain: Domain = DAY, groups: int = 0
) -> Talk:
    """So many scenes with the turns of these kinds (numbers in the list that `turns` gives)."""
    scenes, pictures = scenes_with_pictures(dice, count, domain, groups)
    asked = [turns(scene, domain, dice) for scene in scenes]
    return pack([[each[kind] for kind in kinds] for each in asked], pictures)


def pack(asked: Sequence[Sequence[Turn]], pictures: Pictures) -> Talk:
    """The turns of every scene in one row; every scene has equally many."""
    opening = [NUMBER["<s>"], NUMBER["user"], *([NUMBER["<image>"]] * PATCHES + [NUMBER[","]]) * FRAMES]
    said = [
        [([*tokens(t.question), NUMBER["assistant"]], [*tokens(t.answer), NUMBER["</s>"]]) for t in each]
        for each in asked
    ]
    widths = [max(len(q) + len(a) for q, a in column) for column in zip(*said, strict=True)]
    start, length = len(opening), len(opening) + sum(widths)
    ids = np.full((len(asked), length), NUMBER["<pad>"], np.int64)
    labels = np.full((len(asked), length), NOTHING, np.int64)
    ids[:, :start] = opening
    positions = np.arange(length)
    sees = np.tril(np.ones((length, length), bool))
    at = start
    for column, width in enumerate(widths):
        positions[at : at + width] = np.arange(start, start + width)
        sees[at : at + width, start:at] = False
        for row, each in enumerate(said):
            question, answer = each[column]
            ids[row, at : at + len(question) + len(answer)] = question + answer
            begin = at + len(question) - 1
            labels[row, begin : begin + len(answer)] = answer
        at += width
    return Talk(
        pictures=pictures,
        tokens=torch.from_numpy(ids),
        labels=torch.from_numpy(labels),
        positions=torch.from_numpy(positions),
        sees=torch.from_numpy(sees),
    )


def tokens(text: str) -> list[int]:
    """The words of a text as the tokenizer of `build_processor` numbers them."""
    spaced = text.replace(",", " , ").replace(".", " . ").replace("?", " ")
    return [NUMBER.get(word, NUMBER["<unk>"]) for word in spaced.split()]
