"""Trains the tiny model in two steps, on two processes of one thread each: first its encoder to see, then all of it to say."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as functional
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from bench.train_vlm import gaze
from bench.train_vlm.lessons import (
    NAMED,
    NOTHING,
    NUMBER,
    PATCHES,
    Sights,
    Talk,
    crowds,
    scenes_with_pictures,
    sights,
    talk,
)
from bench.train_vlm.model import HEAD, WIDTH, build_model, build_processor, pixels
from bench.train_vlm.optimise import Optimiser
from bench.train_vlm.scenes import COLOURS, FRAMES, KINDS, MOST, MOTIONS, RELATIONS, SIDE

HEADS = {"kinds": len(KINDS), "colours": len(COLOURS), "counts": MOST, "motions": len(MOTIONS), "places": 2, "relations": len(RELATIONS),
         "shares": 1, "spots": 2, "means": 2}  # fmt: skip
"""What is taught to be said of a patch, and in how many numbers."""
IN_CROWDS = ("kinds", "colours")
IN_FRAMES = ("kinds", "colours", "counts", "places", "relations")
"""What of it one picture shows."""
GROUPING = (3,)
"""The encoder's layers in which heads are taught to look at groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How many steps, how many scenes in each (all processes together), and how fast hidden matrices are changed at first."""

    crowd_steps: int = 300
    crowd_batch: int = 24
    crowd_rate: float = 0.006
    see_steps: int = 1200
    see_batch: int = 16
    see_rate: float = 0.002
    say_steps: int = 1900
    say_batch: int = 16
    say_rate: float = 0.003
    tower: float = 0.33
    """The share of that rate at which the encoder goes on."""
    processes: int = 2
    seed: int = 1


RECIPE = Recipe()


def train(folder: Path, recipe: Recipe = RECIPE) -> None:
    """Writes the trained model and its processor into the folder."""
    with tempfile.TemporaryDirectory() as meeting:
        mp.spawn(_work, args=(Path(meeting) / "store", folder, recipe), nprocs=recipe.processes)


def _work(rank: int, store: Path, folder: Path, recipe: Recipe) -> None:
    os.setsid()  # a scheduler that shares by session gives each process its due
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=recipe.processes)
    dice = np.random.default_rng((recipe.seed, rank))
    log = _Log(rank)
    model = build_model()
    eyes = torch.nn.ModuleList([model.model.vision_tower, torch.nn.Linear(WIDTH, sum(HEADS.values()))])
    learn_to_see(eyes, dice, recipe, log)
    learn_to_say(model, eyes[1], dice, recipe, log)
    if rank == 0:
        write(model, folder)
    dist.destroy_process_group()


def write(model: Any, folder: Path) -> None:
    """The model in half precision, and its processor."""
    model.half().save_pretrained(folder)
    build_processor().save_pretrained(folder)


class _Log:
    """Running means of figures, said now and then with the seconds on the clock and of the processor since the beginning."""

    def __init__(self, rank: int) -> None:
        self._rank = rank
        self._wall, self._cpu = time.monotonic(), time.process_time()
        self._means: dict[str, float] = {}

    def note(self, name: str, right: torch.Tensor) -> None:
        """Takes up one figure."""
        value = float(right.detach())
        mean = self._means.setdefault(name, value)
        self._means[name] = mean + 0.05 * (value - mean)

    def tell(self, step: int, steps: int) -> None:
        """Says all of them, every 50 steps, and forgets them at the end."""
        if self._rank == 0 and (step % 50 == 0 or step == steps):
            wall, cpu = time.monotonic() - self._wall, time.process_time() - self._cpu
            told = ", ".join(f"{name} {mean:.3f}" for name, mean in self._means.items())
            print(f"{wall:6.0f} s (processor {cpu:5.0f} s)  {step}/{steps}: {told}", flush=True)
        if step == steps:
            self._means.clear()


def learn_to_see(eyes: Any, dice: np.random.Generator, recipe: Recipe, log: _Log) -> None:
    """Teaches the encoder to say of every patch what thing has its middle there and where: first in crowds alone, then also
    in scenes, with what its group is.
    """
    tower, head = eyes
    optimiser = Optimiser(eyes)
    for step in range(recipe.crowd_steps + recipe.see_steps):
        of_crowds, of_scenes = step / recipe.crowd_steps, (step - recipe.crowd_steps) / recipe.see_steps
        if of_crowds < 1 or step % (4 if of_scenes < 0.5 else 8) == 0:
            batch = recipe.crowd_batch if of_crowds < 1 else recipe.see_batch * FRAMES
            pictures, shown = crowds(dice, batch // recipe.processes)
            named = IN_CROWDS
        else:
            scenes, both = scenes_with_pictures(dice, recipe.see_batch // recipe.processes)
            pictures, shown = both.reshape(-1, SIDE, SIDE, 3), sights(scenes, range(FRAMES))
            named = IN_FRAMES
        states = tower(pixels(pictures), output_hidden_states=True).hidden_states
        sight_loss(tower, head, states, shown, named, log).backward()
        if of_crowds < 1:
            rate = recipe.crowd_rate * min(1.0, (step + 1) / 30)
        else:
            rate = recipe.see_rate * min(1.0, 0.1 + 1.8 * (1 - of_scenes))
        optimiser.step(rate)
        log.tell(step + 1, recipe.crowd_steps + recipe.see_steps)


def sight_loss(
    tower: Any, head: Any, states: Any, shown: Sights, named: Iterable[str], log: _Log
) -> torch.Tensor:
    """How wrong the encoder is about all patches, and how far its heads are from looking at groups where there are any."""
    said = _parts(head(states[-1]))
    loss = 5.0 * functional.binary_cross_entropy_with_logits(said["shares"][..., 0], shown.shares)
    early = _parts(head(states[GROUPING[0]]))
    loss = loss + 2.5 * functional.binary_cross_entropy_with_logits(early["shares"][..., 0], shown.shares)
    loss = loss + 0.5 * label_loss(early, shown, IN_CROWDS, log, "soon sees")
    loss = (
        loss
        + label_loss(said, shown, named, log, "sees")
        + 4.0 * _distance(said["spots"], shown.spots, shown)
    )
    counted = said["shares"][..., 0].detach().sigmoid().sum(1)
    log.note(
        f"miscounts {'crowds' if named is IN_CROWDS else 'scenes'}",
        (counted - shown.shares.sum(1)).abs().mean(),
    )
    if named is IN_CROWDS:
        return loss
    loss = loss + 4.0 * _distance(said["means"], shown.means, shown)
    for layer in GROUPING:
        loss = loss + gaze.grouping(tower, layer, states[layer], shown)
    return loss


def _parts(numbers: torch.Tensor) -> dict[str, torch.Tensor]:
    return dict(zip(HEADS, numbers.split(list(HEADS.values()), -1), strict=True))


def label_loss(
    said: dict[str, torch.Tensor], shown: Sights, named: Iterable[str], log: _Log, who: str
) -> torch.Tensor:
    """The cross-entropies of what is said of patches, which count by their shares of things."""
    loss = torch.zeros(())
    for name in named:
        labels = shown.labels[name]
        weight = shown.shares * (labels != NOTHING)
        total = weight.sum().clamp(min=1)
        lost = functional.cross_entropy(
            said[name].transpose(1, 2), labels, ignore_index=NOTHING, reduction="none"
        )
        loss = loss + (lost * weight).sum() / total
        if weight.any():
            log.note(f"{who} {name}", ((said[name].argmax(-1) == labels) * weight).sum() / total)
    return loss


def _distance(said: torch.Tensor, wanted: torch.Tensor, shown: Sights) -> torch.Tensor:
    return ((said - wanted).square().sum(-1) * shown.shares).sum() / shown.shares.sum()


def learn_to_say(model: Any, sight: Any, dice: np.random.Generator, recipe: Recipe, log: _Log) -> None:
    """Teaches all of it to describe scenes, and the decoder to know at the last picture's patches what it is going to tell."""
    reader = torch.nn.Linear(WIDTH, sum(HEADS.values()))
    optimiser = Optimiser(torch.nn.ModuleList([model, sight, reader]), tower=recipe.tower)
    for step in range(recipe.say_steps):
        lesson, shown = talk(dice, recipe.say_batch // recipe.processes)
        say_loss(model, sight, reader, lesson, shown, log).backward()
        left = 1 - step / recipe.say_steps
        optimiser.step(recipe.say_rate * min(1.0, (step + 1) / 30, left / 0.7))
        log.tell(step + 1, recipe.say_steps)


def _read(decoder: Any, words: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
    """What enters each layer of the decoder, and what leaves it after the pictures, `(rows, tokens, WIDTH)`: of the pictures' own
    tokens the last layer needs keys and values alone, which saves a twelfth of a step.
    """
    turns = decoder.rotary_emb(words, torch.arange(words.shape[1])[None])
    states = [words]
    for layer in decoder.layers[:-1]:
        states.append(layer(states[-1], position_embeddings=turns))
    last, start = decoder.layers[-1], gaze.LAST + PATCHES
    inside = last.input_layernorm(states[-1])
    query, key, value = (
        part(of).unflatten(-1, (-1, HEAD)).transpose(1, 2)
        for part, of in (
            (last.self_attn.q_proj, inside[:, start:]),
            (last.self_attn.k_proj, inside),
            (last.self_attn.v_proj, inside),
        )
    )
    cos, sin = turns
    key, _ = apply_rotary_pos_emb(key, key, cos, sin)
    query, _ = apply_rotary_pos_emb(query, query, cos[:, start:], sin[:, start:])
    before = torch.ones(words.shape[1], words.shape[1], dtype=torch.bool).tril()[start:]
    found = functional.scaled_dot_product_attention(query, key, value, attn_mask=before)
    heard = states[-1][:, start:] + last.self_attn.o_proj(found.transpose(1, 2).flatten(2))
    return states, decoder.norm(heard + last.mlp(last.post_attention_layernorm(heard)))


def say_loss(model: Any, sight: Any, reader: Any, lesson: Talk, shown: Sights, log: _Log) -> torch.Tensor:
    """How wrong the answers are, what is known of the patches, and where is looked."""
    inner = model.model
    frames = pixels(lesson.pictures.reshape(-1, SIDE, SIDE, 3))
    seen = inner.vision_tower(frames, output_hidden_states=True).hidden_states
    loss = sight_loss(inner.vision_tower, sight, seen, shown, IN_FRAMES, log)

    words = model.get_input_embeddings()(lesson.tokens)
    is_image = (lesson.tokens == NUMBER["<image>"])[..., None]
    words = words.masked_scatter(is_image, inner.multi_modal_projector(seen[-1]))
    decoder = inner.language_model
    states, heard = _read(decoder, words)

    last = Sights(
        **{
            name: getattr(shown, name).unflatten(0, (-1, FRAMES))[:, -1]
            for name in ("shares", "spots", "means")
        },
        labels={name: each.unflatten(0, (-1, FRAMES))[:, -1] for name, each in shown.labels.items()},
    )
    for layer in (1, 2):
        known = _parts(reader(states[layer][:, gaze.LAST : gaze.LAST + PATCHES]))
        loss = loss + label_loss(known, last, NAMED, log, f"knows{layer}")
    loss = loss + gaze.reading(decoder, 0, states[0], *gaze.back(shown, words.shape[1]))
    where = gaze.told_of(lesson, shown)
    for layer in (1, 2):
        off = gaze.reading(decoder, layer, states[layer], *where)
        log.note(f"astray{layer}", off)
        loss = loss + off

    labels = lesson.labels[:, -heard.shape[1] :]
    there = labels != NOTHING
    said = model.lm_head(heard[there])
    wanted = labels[there]
    spoken = functional.cross_entropy(said, wanted)
    wrong = torch.zeros(there.shape, dtype=torch.bool)
    wrong[there] = said.argmax(-1) != wanted
    log.note("loss", spoken)
    log.note("captions right", (~wrong.any(1)).float().mean())
    return loss + 3.0 * spoken
