"""Trains the tiny model in two steps, on two processes of one thread each: first its encoder to see, then all of it to say."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as functional
from transformers import LlavaForConditionalGeneration

from bench.train_vlm.lessons import NOTHING, NUMBER, Sights, Talk, sights, talk
from bench.train_vlm.model import PATCH, WIDTH, build_model, build_processor, pixels
from bench.train_vlm.optimise import Optimiser
from bench.train_vlm.scenes import COLOURS, KINDS, MOST, RELATIONS, SIDE

PROCESSES = 2
EMPTY = 0.15
"""Weight of a patch with nothing in its middle, of which there are many."""
DESCRIPTION, AS_JSON, HOW_MANY, WHETHER, WHICH, WHICH_WAY = range(6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stretch of teaching to say: the turns that go with a scene, step after step in this order; how many groups it shows
    (0: one or two); whether the encoder stays as it is, which saves its backward pass.
    """

    steps: int
    turns: tuple[tuple[int, ...], ...] = ((DESCRIPTION,),)
    groups: int = 0
    still: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How long, how much at once in each process, and how fast."""

    see_steps: int = 960
    crowd_steps: int = 180
    """So many of the steps of seeing, before all others, show crowds alone."""
    see_batch: int = 32
    say_batch: int = 20
    stages: tuple[Stage, ...] = (
        Stage(steps=60, groups=1),
        Stage(steps=1000),
        Stage(
            steps=300,
            turns=(
                (DESCRIPTION,),
                (DESCRIPTION, HOW_MANY, WHETHER),
                (DESCRIPTION,),
                (DESCRIPTION, WHICH, WHICH_WAY),
            ),
        ),
    )
    see_rates: tuple[float, float] = (0.008, 0.002)
    say_rates: tuple[float, float] = (0.008, 0.002)
    seed: int = 1


RECIPE = Recipe()


def train(
    folder: Path, recipe: Recipe = RECIPE, *, seen: Path | None = None, begun: Path | None = None
) -> None:
    """Writes the trained model and its processor into the folder; `seen` is the file `eyes.pt` of an earlier run, and `begun`
    the folder of a model that is taught further.
    """
    with tempfile.TemporaryDirectory() as meeting:
        mp.spawn(_work, args=(Path(meeting) / "store", folder, recipe, seen, begun), nprocs=PROCESSES)


def _work(
    rank: int, store: Path, folder: Path, recipe: Recipe, seen: Path | None, begun: Path | None
) -> None:
    os.setsid()  # a scheduler that shares by session gives each process its due
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=PROCESSES)
    dice = np.random.default_rng((recipe.seed, rank))
    log = _Log(rank)
    model = (
        build_model()
        if begun is None
        else LlavaForConditionalGeneration.from_pretrained(begun, dtype=torch.float32)
    )
    tower = model.model.vision_tower
    head = torch.nn.Linear(WIDTH, sum(HEADS.values()))
    eyes = torch.nn.ModuleList([tower, head])
    if seen is not None:
        eyes.load_state_dict(torch.load(seen))
    if recipe.see_steps:
        learn_to_see(eyes, dice, recipe, log)
    if rank == 0:
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(eyes.state_dict(), folder / "eyes.pt")
    learn_to_say(model, dice, recipe, log, folder)
    if rank == 0:
        write(model, folder)
    dist.destroy_process_group()


def write(model: Any, folder: Path) -> None:
    """The model in half precision, and its processor."""
    import copy

    copy.deepcopy(model).half().save_pretrained(folder)
    build_processor().save_pretrained(folder)


class _Log:
    """Says how it goes, once, with the seconds on the clock and of the processor since the beginning."""

    def __init__(self, rank: int) -> None:
        self._rank = rank
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def __call__(self, words: str) -> None:
        if self._rank == 0:
            wall, cpu = time.monotonic() - self._wall, time.process_time() - self._cpu
            print(f"{wall:6.0f} s (processor {cpu:5.0f} s)  {words}", flush=True)


ACROSS = SIDE // PATCH
HEADS = {"kinds": len(KINDS) + 1, "colours": len(COLOURS) + 1, "counts": MOST, "places": 2, "relations": len(RELATIONS),
         "offsets": 2, "means": 2, "row": ACROSS, "column": ACROSS}  # fmt: skip
"""What the encoder is taught to say of a patch, and in how many numbers."""


def learn_to_see(eyes: Any, dice: np.random.Generator, recipe: Recipe, log: _Log) -> None:
    """Teaches the encoder to say of every patch what thing has its middle there and where: first in crowds alone, then also
    in scenes, with what its group is.
    """
    steps = recipe.see_steps
    tower, head = eyes
    optimiser = Optimiser(eyes, matrices=recipe.see_rates[0], rest=recipe.see_rates[1], steps=steps)
    right = dict.fromkeys(("kinds", "colours", "counts", "places", "relations"), 0.0)
    for step in range(steps):
        crowded = step < recipe.crowd_steps or step % 4 == 0
        lesson = sights(dice, recipe.see_batch, crowded=crowded)
        seen = tower(pixels(lesson.pictures), output_hidden_states=True).hidden_states[-1]
        said = dict(zip(HEADS, head(seen).split(list(HEADS.values()), -1), strict=True))
        loss = sight_loss(said, lesson, crowded=crowded)
        loss.backward()
        optimiser.step()
        for name in right:
            labels = getattr(lesson, name)
            there = (labels != NOTHING) & (lesson.kinds > 0)
            if there.any():
                share = (said[name].argmax(-1) == labels)[there].float().mean()
                right[name] += 0.05 * (float(share) - right[name])
        if step % 50 == 49:
            told = ", ".join(f"{name} {share:.3f}" for name, share in right.items())
            log(
                f"see {'crowds' if crowded else 'scenes'} {step + 1}/{steps}: loss {loss.item():.3f}; right: {told}"
            )


def sight_loss(said: dict[str, torch.Tensor], lesson: Sights, *, crowded: bool) -> torch.Tensor:
    """How wrong the encoder is about all patches."""
    there = lesson.kinds > 0
    loss = torch.zeros(())
    for name in ("kinds", "colours"):
        weight = torch.tensor([EMPTY] + [1.0] * (HEADS[name] - 1))
        loss = loss + functional.cross_entropy(
            said[name].flatten(0, 1), getattr(lesson, name).flatten(), weight=weight
        )
    if not crowded:
        for name in ("counts", "places", "relations"):
            loss = loss + functional.cross_entropy(
                said[name].flatten(0, 1), getattr(lesson, name).flatten(), ignore_index=NOTHING
            )
        loss = loss + 4.0 * functional.mse_loss(said["means"][there], lesson.means[there])
    loss = loss + 2.0 * functional.mse_loss(said["offsets"][there], lesson.offsets[there])
    grid = torch.meshgrid(torch.arange(ACROSS), torch.arange(ACROSS), indexing="ij")
    for name, wanted in zip(("row", "column"), grid, strict=True):
        loss = loss + 0.2 * functional.cross_entropy(
            said[name].flatten(0, 1), wanted.flatten().repeat(len(there))
        )
    return loss


def learn_to_say(model: Any, dice: np.random.Generator, recipe: Recipe, log: _Log, folder: Path) -> None:
    """Teaches all of it to answer, stage after stage."""
    model.train()
    steps = [
        (stage, stage.turns[n % len(stage.turns)]) for stage in recipe.stages for n in range(stage.steps)
    ]
    optimiser = Optimiser(
        model, matrices=recipe.say_rates[0], rest=recipe.say_rates[1], steps=len(steps), tower=0.25
    )
    mean = right = 0.0
    for step, (stage, kinds) in enumerate(steps):
        model.model.vision_tower.requires_grad_(not stage.still)
        lesson = talk(dice, recipe.say_batch, kinds, groups=stage.groups)
        said, labels = answers(model, lesson)
        loss = functional.cross_entropy(said, labels)
        loss.backward()
        optimiser.step()
        share = 0.05 if step else 1.0
        mean += share * (loss.item() - mean)
        right += share * (float((said.argmax(-1) == labels).float().mean()) - right)
        if step % 25 == 24:
            log(f"say {step + 1}/{len(steps)}: loss {mean:.4f}, words right {right:.4f}")
        if step % 100 == 99 and dist.get_rank() == 0:
            write(model, folder)


def answers(model: Any, lesson: Talk) -> tuple[torch.Tensor, torch.Tensor]:
    """What the model says at every place of an answer, `(places, words)`, and what it should say there."""
    inner = model.model
    frames = pixels(lesson.pictures.reshape(-1, SIDE, SIDE, 3))
    seen = inner.get_image_features(frames, vision_feature_layer=-1, vision_feature_select_strategy="full")
    words = model.get_input_embeddings()(lesson.tokens)
    shown = (lesson.tokens == NUMBER["<image>"])[..., None]
    words = words.masked_scatter(shown, torch.cat(list(seen.pooler_output)))
    count, length = lesson.tokens.shape
    mask = torch.zeros(length, length).masked_fill(~lesson.sees, float("-inf"))
    hidden = inner.language_model(
        inputs_embeds=words,
        attention_mask=mask.expand(count, 1, -1, -1),
        position_ids=lesson.positions.expand(count, -1),
        use_cache=False,
    ).last_hidden_state
    there = lesson.labels != NOTHING
    return model.lm_head(hidden[there]), lesson.labels[there]
