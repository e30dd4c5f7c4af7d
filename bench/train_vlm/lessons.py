"""What the tiny model learns from: pictures with what each patch shows, and pictures with questions and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from bench.train_vlm.model import ACROSS, PATCH
from bench.train_vlm.scenes import (
    COLOURS,
    DAY,
    FRAMES,
    KINDS,
    MOTIONS,
    RELATIONS,
    SIDE,
    Array,
    Domain,
    Pictures,
    Scene,
    draw_crowd,
    draw_scene,
    render,
)
from bench.train_vlm.words import DESCRIBE, caption, vocabulary

PATCHES = ACROSS**2
NUMBER = {word: number for number, word in enumerate(vocabulary())}
NOTHING = -100
"""The label of a place whose token is not learned."""
BLUR = 4.0
"""Pixels over which a thing's middle passes from one patch to its neighbour."""
NAMED = ("kinds", "colours", "counts", "motions", "places", "relations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """What each patch of pictures shows, `(pictures, PATCHES)` each. `shares` is how much of a thing's middle is in the patch:
    over the whole picture they add up to the number of things, and none belongs wholly to a patch when it lies on its
    border. Of the thing with the largest share: its kind and colour, how many its group has less one, how that moves, its place in the
    caption, and its relation to the other group; NOTHING where there is none. `spots` is where the thing is and `means` where
    its group's middle is, -1 to 1: `(pictures, PATCHES, 2)`.
    """

    shares: torch.Tensor
    labels: dict[str, torch.Tensor]
    spots: torch.Tensor
    means: torch.Tensor


OPPOSITE = (1, 0, 3, 2, 4)
"""What the second group's relation to the first is called, for each of RELATIONS."""


def sights(scenes: Sequence[Scene], frames: Sequence[int]) -> Sights:
    """What the patches of these frames of the scenes show, scene after scene."""
    count = len(scenes) * len(frames)
    shares = np.zeros((count, PATCHES), np.float32)
    labels = np.full((len(NAMED), count, PATCHES), NOTHING, np.int64)
    spots = np.zeros((2, count, PATCHES, 2), np.float32)
    for number, scene in enumerate(scenes):
        facts, members = _facts(scene), np.array(scene.members)
        for at, frame in enumerate(frames, number * len(frames)):
            centres = scene.centres[frame]
            parts = _shares(centres)
            owner = parts.argmax(0)
            shares[at] = parts.max(0)
            labels[:, at] = np.where(shares[at] > 0, facts[:, owner], NOTHING)
            means = np.stack([centres[members == i].mean(0) for i in range(len(scene.groups))])
            spots[0, at] = centres[owner] / (SIDE / 2) - 1
            spots[1, at] = means[members[owner]] / (SIDE / 2) - 1
    return Sights(
        shares=torch.from_numpy(shares),
        labels=dict(zip(NAMED, torch.from_numpy(labels), strict=True)),
        spots=torch.from_numpy(spots[0]),
        means=torch.from_numpy(spots[1]),
    )


def _facts(scene: Scene) -> npt.NDArray[np.int64]:
    """The labels of every thing, `(NAMED, things)`."""
    ways, colours = list(MOTIONS), list(COLOURS)
    relation = RELATIONS.index(scene.relation) if scene.relation else None
    of_groups = [
        (
            KINDS.index(group.kind),
            colours.index(group.colour),
            group.count - 1,
            ways.index(group.motion),
            place,
            NOTHING if relation is None else (relation, OPPOSITE[relation])[place],
        )
        for place, group in enumerate(scene.groups)
    ]
    return np.array([of_groups[i] for i in scene.members], np.int64).T


def _shares(centres: Array) -> Array:
    """How much of each thing's middle each patch has, `(things, PATCHES)`."""
    left = np.arange(ACROSS) * PATCH
    in_x, in_y = (
        np.clip((c[:, None] - left) / BLUR + 0.5, 0, 1)
        - np.clip((c[:, None] - left - PATCH) / BLUR + 0.5, 0, 1)
        for c in centres.T
    )
    return (in_y[:, :, None] * in_x[:, None, :]).reshape(len(centres), PATCHES).astype(np.float32)


def crowds(dice: np.random.Generator, count: int) -> tuple[Pictures, Sights]:
    """So many pictures full of single things, `(count, SIDE, SIDE, 3)`."""
    scenes = [draw_crowd(dice) for _ in range(count)]
    pictures = np.concatenate([render(scene, dice, DAY, range(1)) for scene in scenes])
    return pictures, sights(scenes, [0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Scenes with the question what they show and its answer, a row each. `labels` are the next tokens, NOTHING but within
    answers; `about` is the place in the caption of the group that the next token tells of, NOTHING where it tells of none.
    """

    pictures: Pictures
    tokens: torch.Tensor
    labels: torch.Tensor
    about: torch.Tensor


def scenes_with_pictures(
    dice: np.random.Generator, count: int, domain: Domain = DAY
) -> tuple[list[Scene], Pictures]:
    """So many scenes, and their frames `(count, FRAMES, SIDE, SIDE, 3)`."""
    scenes = [draw_scene(dice, domain) for _ in range(count)]
    return scenes, np.stack([render(scene, dice, domain) for scene in scenes])


def talk(dice: np.random.Generator, count: int) -> tuple[Talk, Sights]:
    """So many scenes to describe, and what the patches of their frames show."""
    scenes, pictures = scenes_with_pictures(dice, count)
    opening = [NUMBER["<s>"], NUMBER["user"], *([NUMBER["<image>"]] * PATCHES + [NUMBER[","]]) * FRAMES]
    opening += [*tokens(DESCRIBE), NUMBER["assistant"]]
    answers = [[*tokens(caption(scene)), NUMBER["</s>"]] for scene in scenes]
    shape = count, len(opening) + max(map(len, answers)) - 1
    ids = np.full(shape, NUMBER["<pad>"], np.int64)
    labels, about = np.full(shape, NOTHING, np.int64), np.full(shape, NOTHING, np.int64)
    ids[:, : len(opening)] = opening
    for row, answer in enumerate(answers):
        first = len(opening) - 1
        ids[row, first + 1 : first + len(answer)] = answer[:-1]
        labels[row, first : first + len(answer)] = answer
        comma = answer.index(NUMBER[","]) if NUMBER[","] in answer else len(answer) - 1
        about[row, first : first + comma] = 0
        about[row, first + comma + 1 : first + len(answer) - 1] = 1
    return Talk(
        pictures=pictures,
        tokens=torch.from_numpy(ids),
        labels=torch.from_numpy(labels),
        about=torch.from_numpy(about),
    ), sights(scenes, range(FRAMES))


def tokens(text: str) -> list[int]:
    """The words of a text as the tokenizer of `build_processor` numbers them."""
    return [NUMBER[word] for word in text.split()]
