"""Trains the network on the collected shots and writes the file that ships."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from bench.train_centres.collect import IGNORED, Shot, read
from bench.train_centres.network import Network, edge_loss, heat_loss, write
from bench.train_centres.vary import Sample, varied
from models.detect.centres import CLASSES

NAME = "centres/2"
"""What is stored beside every detection."""
SHARES = {"real": 0.34, "warehouse": 0.18, "dock": 0.04, "traffic": 0.22, "sports": 0.22}
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
        self._pools = {
            kind: np.flatnonzero((self._kinds == kind) & ((worth > 0) | (kind != "real")))
            for kind in set(self._kinds)
        }

    def _worth(self, shot: Shot) -> float:
        """How much the things in a shot teach: more where they are rare, less for each further one of a class."""
        kinds = Counter(int(k) for k in shot.boxes[:, 4] if k != IGNORED)
        return float(sum(self._rare[k] * np.sqrt(n) for k, n in kinds.items()))

    def sample(self, dice: np.random.Generator) -> Sample:
        """One sample, ready for training."""
        index = min(len(self._shots) - 1, int(np.searchsorted(self._sums, dice.random())))
        kind = self._kinds[index]
        pool = self._pools[kind]
        some = int(dice.integers(1, 4)) if len(pool) and dice.random() < DONORS[kind] else 0
        donors = [self._shots[i] for i in dice.choice(pool, some)] if some else []
        return varied(self._shots[index], donors, self._rare, dice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the network is trained: AdamW, one cycle of the rate; `workers` processes make samples."""

    steps: int = 8_000
    batch: int = 64
    rate: float = 4e-3
    decay: float = 0.02
    seed: int = 1
    workers: int = 2
    device: str = "cpu"


@dataclass(slots=True, kw_only=True)
class Batch:
    """Samples side by side; `of` says for each row of `places` and `edges` which sample it is of."""

    seen: Tensor
    heat: Tensor
    counts: Tensor
    of: Tensor
    places: Tensor
    edges: Tensor

    def to(self, device: str) -> Batch:
        """The same on that device."""
        there = {name: getattr(self, name).to(device, non_blocking=True) for name in self.__slots__}
        return Batch(**there)


def stacked(samples: list[Sample]) -> Batch:
    """The samples as one batch."""
    return Batch(
        seen=torch.from_numpy(np.stack([s.seen for s in samples])),
        heat=torch.from_numpy(np.stack([s.heat for s in samples])),
        counts=torch.from_numpy(np.stack([s.counts for s in samples])),
        of=torch.from_numpy(np.repeat(np.arange(len(samples)), [len(s.places) for s in samples])),
        places=torch.from_numpy(np.concatenate([s.places for s in samples])),
        edges=torch.from_numpy(np.concatenate([s.edges for s in samples])),
    )


class Batches(IterableDataset[Batch]):
    """Batches without end, of other dice in each process that makes them."""

    def __init__(self, deck: Deck, recipe: Recipe) -> None:
        self._deck = deck
        self._recipe = recipe

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        worker = get_worker_info()
        dice = np.random.default_rng((self._recipe.seed, worker.id if worker else 0))
        while True:
            yield stacked([self._deck.sample(dice) for _ in range(self._recipe.batch)])


def train(shots: list[Shot], recipe: Recipe, start: Path | None = None) -> Network:
    """A trained network; `start` is a file of weights to go on from."""
    torch.manual_seed(recipe.seed)
    coming = iter(DataLoader(Batches(Deck(shots), recipe), batch_size=None, num_workers=recipe.workers))
    net = Network().to(recipe.device, memory_format=torch.channels_last)
    if start is not None:
        net.load_state_dict(torch.load(start, map_location=recipe.device))
    grows = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": grows, "weight_decay": recipe.decay}, {"params": rest, "weight_decay": 0.0}]
    way = torch.optim.AdamW(groups, lr=recipe.rate)
    pace = torch.optim.lr_scheduler.OneCycleLR(way, recipe.rate, total_steps=recipe.steps, pct_start=0.08)
    net.train()
    began, losses = time.monotonic(), []
    for step in range(recipe.steps):
        parts = torch.stack(_step(net, next(coming).to(recipe.device)))
        way.zero_grad()
        parts.sum().backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        way.step()
        pace.step()
        losses.append(parts.detach())
        if step % 50 == 49:
            heat, edges = torch.stack(losses).mean(dim=0).tolist()
            losses.clear()
            print(
                f"step {step + 1}: middles {heat:.3f}, edges {edges:.3f}, {time.monotonic() - began:.0f} s",
                flush=True,
            )
    return net.eval().cpu()


def _step(net: Network, batch: Batch) -> tuple[Tensor, Tensor]:
    heat, edges = net(batch.seen)
    things = (batch.heat == 1).sum().clamp(min=1)
    found = edges[batch.of, :, batch.places[:, 0], batch.places[:, 1]]
    weight = torch.ones(len(found), device=found.device)
    return heat_loss(heat, batch.heat, batch.counts, things), edge_loss(found, batch.edges, weight)


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
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--rate", type=float, default=usual.rate)
    parser.add_argument("--workers", type=int, default=usual.workers, help="processes that make samples")
    parser.add_argument("--device", default=usual.device, help="where the network is trained: cpu, cuda")
    parser.add_argument("--start", type=Path, help="a file of weights to go on from")
    parser.add_argument(
        "--out", type=Path, required=True, help="the ONNX file; the weights are kept beside it"
    )
    chosen = parser.parse_args()
    shots = load(chosen.shots, frozenset(filter(None, chosen.without.split(","))))
    recipe = Recipe(
        steps=chosen.steps,
        batch=chosen.batch,
        rate=chosen.rate,
        workers=chosen.workers,
        device=chosen.device,
    )
    net = train(shots, recipe, chosen.start)
    torch.save(net.state_dict(), chosen.out.with_suffix(".pt"))
    write(chosen.out, net, [LEAST.get(name, USUAL) for name in CLASSES], NAME)


if __name__ == "__main__":
    main()
