"""Trains the network on the collected shots and writes the file that ships."""

from __future__ import annotations

import argparse
import queue
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bench.train_centres.collect import IGNORED, Shot, read
from bench.train_centres.network import Network, edge_loss, heat_loss, write
from bench.train_centres.vary import Sample, varied
from models.detect.centres import CLASSES

SHARES = {"real": 0.36, "warehouse": 0.15, "dock": 0.04, "traffic": 0.19, "sports": 0.26}
"""How much of the training is of which kind of clip."""
LEAST = {"truck": 0.45, "bicycle": 0.35, "forklift": 0.4, "pallet": 0.35, "ball": 0.55}
"""The least probability at which a class is said, where it is not USUAL: what large and pale things and small round ones in empty rooms are taken for."""
USUAL = 0.3
DONORS = {"real": 0.5, "sports": 0.15, "traffic": 0.15, "warehouse": 0.2, "dock": 0.2}
"""How often a thing of another shot is set in."""


def kind_of(clip: str) -> str:
    """The kind of scene, or `real`."""
    head, _, tail = clip.rpartition("_")
    return head if tail.isdigit() and head in SHARES else "real"


class Deck:
    """Draws shots: kinds by SHARES, clips of a kind by the square root of their shots with something in them."""

    def __init__(self, shots: list[Shot]) -> None:
        self._shots = shots
        self._kinds = np.array([kind_of(s.clip) for s in shots])
        clips = np.array([s.clip for s in shots])
        seen = Counter(int(k) for s in shots for k in s.boxes[:, 4] if k != IGNORED)
        self._rare = np.array([1 / np.sqrt(max(seen[k], 1)) for k in range(len(CLASSES))])
        self._rare /= self._rare[0]
        worth = np.array([self._worth(s) for s in shots])
        weight = np.zeros(len(shots))
        for clip in set(clips):
            mine = clips == clip
            full, empty = mine & (worth > 0), mine & (worth == 0)
            weight[full] = worth[full]
            if empty.any():
                weight[empty] = max(0.1 * weight[full].sum(), 2.0) / empty.sum()
            mean = float(np.mean(worth[full])) if full.any() else 1.0
            weight[mine] *= np.sqrt(min(200, mine.sum())) * np.sqrt(mean) / weight[mine].sum()
        for kind in set(self._kinds):
            mine = self._kinds == kind
            weight[mine] *= SHARES[kind] / weight[mine].sum()
        self._sums = np.cumsum(weight / weight.sum())
        self._real = np.flatnonzero((self._kinds == "real") & (worth > 0))

    def _worth(self, shot: Shot) -> float:
        """How much the things in a shot teach: more where they are rare, less for each further one of a class."""
        kinds = Counter(int(k) for k in shot.boxes[:, 4] if k != IGNORED)
        return float(sum(self._rare[k] * np.sqrt(n) for k, n in kinds.items()))

    def sample(self, dice: np.random.Generator) -> Sample:
        """One sample, ready for training."""
        index = min(len(self._shots) - 1, int(np.searchsorted(self._sums, dice.random())))
        kind = self._kinds[index]
        pool = self._real if kind == "real" else np.flatnonzero(self._kinds == kind)
        count = int(dice.integers(1, 4)) if len(pool) and dice.random() < DONORS[kind] else 0
        donors = [self._shots[i] for i in dice.choice(pool, count)] if count else []
        return varied(self._shots[index], donors, self._rare, dice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the network is trained: AdamW, one cycle of the rate."""

    steps: int = 3400
    batch: int = 16
    rate: float = 2.5e-3
    decay: float = 0.02
    seed: int = 1


def train(shots: list[Shot], recipe: Recipe, start: Path | None = None) -> Network:
    """A trained network; `start` is a file of weights to go on from."""
    torch.manual_seed(recipe.seed)
    deck = Deck(shots)
    net = Network().to(memory_format=torch.channels_last)
    if start is not None:
        net.load_state_dict(torch.load(start))
    grows = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": grows, "weight_decay": recipe.decay}, {"params": rest, "weight_decay": 0.0}]
    way = torch.optim.AdamW(groups, lr=recipe.rate)
    pace = torch.optim.lr_scheduler.OneCycleLR(way, recipe.rate, total_steps=recipe.steps, pct_start=0.08)
    coming: queue.Queue[list[Sample]] = queue.Queue(4)

    def deal() -> None:
        dice = np.random.default_rng(recipe.seed)
        for _ in range(recipe.steps):
            coming.put([deck.sample(dice) for _ in range(recipe.batch)])

    threading.Thread(target=deal, daemon=True).start()
    net.train()
    began, losses = time.monotonic(), []
    for step in range(recipe.steps):
        parts = _step(net, coming.get())
        way.zero_grad()
        (parts[0] + parts[1]).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        way.step()
        pace.step()
        losses.append([float(p.detach()) for p in parts])
        if step % 50 == 49:
            heat, edges = np.mean(losses[-50:], axis=0)
            print(
                f"step {step + 1}: middles {heat:.3f}, edges {edges:.3f}, {time.monotonic() - began:.0f} s",
                flush=True,
            )
    net.eval()
    return net


def _step(net: Network, samples: list[Sample]) -> tuple[torch.Tensor, torch.Tensor]:
    heat, edges = net(torch.from_numpy(np.stack([s.seen for s in samples])))
    wanted = torch.from_numpy(np.stack([s.heat for s in samples]))
    counts = torch.from_numpy(np.stack([s.counts for s in samples]))
    things = max(1.0, float((wanted == 1).sum()))
    of = np.repeat(np.arange(len(samples)), [len(s.places) for s in samples])
    at = np.concatenate([s.places for s in samples])
    found = edges[torch.from_numpy(of), :, torch.from_numpy(at[:, 0]), torch.from_numpy(at[:, 1])]
    told = torch.from_numpy(np.concatenate([s.edges for s in samples]))
    weight = torch.ones(len(told))
    return heat_loss(heat, wanted, counts, torch.tensor(things)), edge_loss(found, told, weight)


def load(folder: Path, without: frozenset[str] = frozenset()) -> list[Shot]:
    """All shots but those of the clips left out."""
    found: list[Shot] = []
    for place in sorted(folder.glob("*.pkl")):
        if place.stem not in without:
            found += read(place)
    return found


def main() -> None:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=Path, required=True, help="folder of collected shots")
    parser.add_argument("--without", default="", help="clips left out, with commas")
    usual = Recipe()
    parser.add_argument("--steps", type=int, default=usual.steps)
    parser.add_argument("--rate", type=float, default=usual.rate)
    parser.add_argument("--start", type=Path, help="a file of weights to go on from")
    parser.add_argument(
        "--out", type=Path, required=True, help="the ONNX file; the weights are kept beside it"
    )
    chosen = parser.parse_args()
    shots = load(chosen.shots, frozenset(filter(None, chosen.without.split(","))))
    net = train(shots, Recipe(steps=chosen.steps, rate=chosen.rate), chosen.start)
    torch.save(net.state_dict(), chosen.out.with_suffix(".pt"))
    write(chosen.out, net, [LEAST.get(name, USUAL) for name in CLASSES], "centres/1")


if __name__ == "__main__":
    main()
