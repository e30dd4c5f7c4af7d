"""The sorter's network and its training, in PyTorch, and its way into an ONNX file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import nn

from models.detect.sorter import SIDE

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

SHAPE = 8
"""Length of what `models.detect.sorter.shape` tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the network is trained."""

    steps: int = 500
    batch: int = 96
    rate: float = 3e-3
    decay: float = 0.02
    smoothing: float = 0.05
    seed: int = 1


class Network(nn.Module):
    """Logits of a region: five convolutions over its pixels and mask, pooled, joined by its shape, two full layers.

    Brightness and contrast are taken out of each region first.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(4, 20, 5, 2, 2, bias=False),
            nn.BatchNorm2d(20),
            nn.ReLU(),
            nn.MaxPool2d(2),
            *_conv(20, 32),
            *_conv(32, 48),
            nn.MaxPool2d(2),
            *_conv(48, 96),
            *_conv(96, 96),
        )
        self.told = nn.Sequential(nn.Linear(SHAPE, 24), nn.ReLU())
        self.head = nn.Sequential(
            nn.Dropout(0.35), nn.Linear(192 + 24, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, classes)
        )

    def forward(self, seen: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
        """`seen` N × SIDE × SIDE × 4 in bytes, `shape` N × SHAPE."""
        value = seen.permute(0, 3, 1, 2).float() / 255
        colour, mask = value[:, :3], value[:, 3:]
        middle = colour.mean(dim=(1, 2, 3), keepdim=True)
        spread = (colour - middle).pow(2).mean(dim=(1, 2, 3), keepdim=True).sqrt()
        value = self.body(torch.cat([(colour - middle) / (spread + 0.06), mask * 2 - 1], dim=1))
        pooled = torch.cat([value.mean(dim=(2, 3)), value.amax(dim=(2, 3))], dim=1)
        return self.head(torch.cat([pooled, self.told(shape)], dim=1))


class Opinion(nn.Module):
    """Probabilities of the mean of several networks, at a temperature."""

    def __init__(self, networks: list[Network], heat: float) -> None:
        super().__init__()
        self.networks, self.heat = nn.ModuleList(networks), heat

    def forward(self, seen: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
        """As `Network.forward`, but probabilities."""
        total = torch.stack([n(seen, shape) for n in self.networks]).mean(dim=0)
        return torch.softmax(total / self.heat, dim=1)


def _conv(into: int, out: int) -> list[nn.Module]:
    return [nn.Conv2d(into, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]


def train(x: Bytes, told: Floats, y: Ints, weight: Floats, classes: int, recipe: Recipe) -> Network:
    """A network trained on rows drawn in proportion to `weight`."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)
    dice = np.random.default_rng(recipe.seed)
    net = Network(classes).to(memory_format=torch.channels_last)
    grows = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": grows, "weight_decay": recipe.decay}, {"params": rest, "weight_decay": 0.0}]
    way = torch.optim.AdamW(groups, lr=recipe.rate)
    pace = torch.optim.lr_scheduler.OneCycleLR(way, recipe.rate, total_steps=recipe.steps, pct_start=0.2)
    loss = nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)
    total = np.cumsum(weight / weight.sum())
    net.train()
    for _ in range(recipe.steps):
        rows = np.minimum(np.searchsorted(total, dice.random(recipe.batch)), len(x) - 1)
        way.zero_grad()
        noise = dice.normal(0, 0.05, (len(rows), SHAPE)).astype(np.float32)
        out = net(torch.from_numpy(x[rows]), torch.from_numpy(told[rows] + noise))
        loss(out, torch.from_numpy(y[rows])).backward()
        way.step()
        pace.step()
    return net.eval()


@torch.no_grad()
def logits(net: Network, x: Bytes, told: Floats) -> Floats:
    """Rows × classes."""
    parts = [
        net(torch.from_numpy(x[i : i + 256]), torch.from_numpy(told[i : i + 256])).numpy()
        for i in range(0, len(x), 256)
    ]
    return np.concatenate(parts)


def write(
    path: Path, networks: list[Network], heat: float, classes: tuple[str, ...], least: Floats, name: str
) -> None:
    """The networks as one ONNX file that gives probabilities, with its classes and thresholds as metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    example = (torch.zeros(2, SIDE, SIDE, 4, dtype=torch.uint8), torch.zeros(2, SHAPE))
    torch.onnx.export(
        Opinion(networks, heat).eval(),
        example,
        str(path),
        input_names=["seen", "shape"],
        output_names=["probabilities"],
        dynamic_axes={"seen": {0: "n"}, "shape": {0: "n"}, "probabilities": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(path)
    kept = {
        "name": name,
        "classes": json.dumps(classes),
        "least": json.dumps([round(float(v), 3) for v in least]),
    }
    onnx.helper.set_model_props(model, kept)
    onnx.save(model, path)
