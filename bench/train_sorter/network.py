"""A few small networks trained side by side in plain numpy: one or two hidden layers, dropout, AdamW."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the networks are trained."""

    hidden: tuple[int, ...] = (64, 32)
    networks: int = 2
    steps: int = 1400
    batch: int = 192
    rate: float = 2e-3
    decay: float = 0.02
    dropout: float = 0.35
    smoothing: float = 0.04
    seed: int = 1


def train(
    x: Floats, y: npt.NDArray[np.int64], weight: Floats, classes: int, recipe: Recipe
) -> list[list[Floats]]:
    """Weights and biases, layer by layer, each networks × in × out or networks × 1 × out.

    Rows are drawn in proportion to `weight`; each network sees its own draws.
    """
    dice = np.random.default_rng(recipe.seed)
    sizes = [x.shape[1], *recipe.hidden, classes]
    n = recipe.networks
    layers: list[list[Floats]] = []
    for into, out in pairwise(sizes):
        start = dice.normal(0, np.sqrt(2 / into), (n, into, out)).astype(np.float32)
        layers.append([start, np.zeros((n, 1, out), np.float32)])
    flat = [part for layer in layers for part in layer]
    first, second = [np.zeros_like(p) for p in flat], [np.zeros_like(p) for p in flat]
    chance = weight / weight.sum()
    steps = recipe.steps
    target = np.full((classes, classes), recipe.smoothing / classes, np.float32)
    target[np.diag_indices(classes)] += 1 - recipe.smoothing
    total = np.cumsum(chance)
    for step in range(steps):
        rows = np.minimum(np.searchsorted(total, dice.random((n, recipe.batch))), len(x) - 1)
        grads = _gradients(layers, x[rows], target[y[rows]], recipe.dropout, dice)
        rate = recipe.rate * min(1.0, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * step / steps))
        for i, (part, grad) in enumerate(zip(flat, grads, strict=True)):
            first[i] += 0.1 * (grad - first[i])
            second[i] += 0.01 * (grad * grad - second[i])
            scale = (1 - 0.9 ** (step + 1)), (1 - 0.99 ** (step + 1))
            part -= rate * (first[i] / scale[0]) / (np.sqrt(second[i] / scale[1]) + 1e-7)
            if i % 2 == 0:
                part *= 1 - rate * recipe.decay
    return layers


def _gradients(
    layers: list[list[Floats]], x: Floats, target: Floats, dropout: float, dice: np.random.Generator
) -> list[Floats]:
    values, value = [], x
    for i, (weights, bias) in enumerate(layers):
        keep = 1 - (dropout if i else dropout / 3)
        value = value * ((dice.random(value.shape, dtype=np.float32) < keep) / np.float32(keep))
        values.append(value)
        value = value @ weights + bias
        if i < len(layers) - 1:
            value = np.maximum(value, 0)
    value = np.exp(value - value.max(axis=2, keepdims=True))
    error = (value / value.sum(axis=2, keepdims=True) - target) / np.float32(x.shape[1])
    out: list[Floats] = []
    for i in range(len(layers) - 1, -1, -1):
        out = [values[i].transpose(0, 2, 1) @ error, error.sum(axis=1, keepdims=True), *out]
        if i:
            error = (error @ layers[i][0].transpose(0, 2, 1)) * (values[i] > 0) / np.float32(1 - dropout)
    return out


def logits(layers: list[list[Floats]], x: Floats) -> Floats:
    """Networks × rows × classes."""
    value = np.broadcast_to(x, (len(layers[0][0]), *x.shape))
    for weights, bias in layers[:-1]:
        value = np.maximum(value @ weights + bias, 0)
    out: Floats = value @ layers[-1][0] + layers[-1][1]
    return out


def probabilities(layers: list[list[Floats]], x: Floats, heat: float = 1.0) -> Floats:
    """The networks' mean opinion, rows × classes; `heat` above 1 makes it less sure of itself."""
    value = logits(layers, x) / np.float32(heat)
    value = np.exp(value - value.max(axis=2, keepdims=True))
    out: Floats = (value / value.sum(axis=2, keepdims=True)).mean(axis=0)
    return out
