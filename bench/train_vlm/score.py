"""How much of unseen scenes a model names, and how much of it from the pictures: the same with pictures of other scenes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.train_vlm.lessons import scenes_with_pictures
from bench.train_vlm.scenes import DAY, Domain
from bench.train_vlm.words import DESCRIBE, caption, things_in
from core.ports import Ask, Vlm
from core.tuning import Lesson

UNSEEN = 20_261
"""Seed of the scenes that are scored; training draws from generators seeded with pairs of numbers, which differ from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of so many scenes, the share whose caption is word for word right, of those with one and with two groups, the share in which
    colour and kind of every group are right, and the mean share of the words that are; and these when every scene is asked about with another scene's pictures.
    """

    scenes: int
    exact: float
    exact_one: float
    exact_two: float
    things: float
    words: float
    shuffled: float
    shuffled_things: float
    shuffled_words: float


def share_of_words(said: str, wanted: str) -> float:
    """How many of the words stand where they should, of those of the longer text."""
    one, other = said.split(), wanted.split()
    return sum(a == b for a, b in zip(one, other, strict=False)) / max(len(one), len(other), 1)


def score(vlm: Vlm, count: int = 400, *, seed: int = UNSEEN, domain: Domain = DAY) -> Score:
    """Asks for every scene's description, through whatever stands behind the port."""
    scenes, pictures = scenes_with_pictures(np.random.default_rng(seed), count, domain)
    wanted = [caption(scene) for scene in scenes]
    asks = [Ask(prompt=DESCRIBE, pictures=tuple(frames), max_tokens=48) for frames in pictures]
    replies = [reply.text for at in range(0, count, 50) for reply in vlm.ask(asks[at : at + 50])]
    right = np.array([said == should for said, should in zip(replies, wanted, strict=True)])
    two = np.array([len(scene.groups) == 2 for scene in scenes])
    others = replies[1:] + replies[:1]  # what it says of the next scene's pictures
    return Score(
        scenes=count,
        exact=float(right.mean()),
        exact_one=float(right[~two].mean()),
        exact_two=float(right[two].mean()),
        things=_mean(_same_things, replies, wanted),
        words=_mean(share_of_words, replies, wanted),
        shuffled=_mean(str.__eq__, others, wanted),
        shuffled_things=_mean(_same_things, others, wanted),
        shuffled_words=_mean(share_of_words, others, wanted),
    )


def _mean(judge: Callable[[str, str], float], said: list[str], wanted: list[str]) -> float:
    return float(np.mean([judge(*pair) for pair in zip(said, wanted, strict=True)]))


def _same_things(said: str, wanted: str) -> bool:
    return things_in(said) == things_in(wanted)


def lessons(count: int, seed: int, domain: Domain) -> list[Lesson]:
    """Scenes of a domain as lessons for `sightline tune`."""
    scenes, pictures = scenes_with_pictures(np.random.default_rng(seed), count, domain)
    return [
        Lesson(prompt=DESCRIBE, pictures=tuple(frames), wanted=caption(scene))
        for scene, frames in zip(scenes, pictures, strict=True)
    ]
