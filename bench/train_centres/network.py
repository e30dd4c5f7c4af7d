"""The network that finds middles of things, its loss, and its way into an ONNX file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn

from models.detect.centres import CLASSES, STEP

CHANNELS = (16, 40, 64, 88, 96, 48)
"""Of the stem, of the stages at strides 4, 8, 16 and 32, and of the head."""
SMALL = 256
"""Weights of fewer numbers are kept as they are."""


class Network(nn.Module):
    """Logits of middles (N × classes × H/4 × W/4) and distances to the four edges in pixels (N × 4 × H/4 × W/4).

    A stem, three stages of residual blocks at strides 4, 8, 16 and 32, and a way back up to stride 4.
    """

    def __init__(self, classes: int = len(CLASSES)) -> None:
        super().__init__()
        stem, four, eight, sixteen, last, head = CHANNELS
        self.stem = _conv(4, stem, 2)
        self.four = nn.Sequential(_conv(stem, four, 2), Block(four))
        self.eight = nn.Sequential(_conv(four, eight, 2), Block(eight), Block(eight))
        self.sixteen = nn.Sequential(_conv(eight, sixteen, 2), Block(sixteen), Block(sixteen))
        self.last = nn.Sequential(_conv(sixteen, last, 2), Block(last))
        self.from_last, self.from_sixteen, self.from_eight = (
            _one(last, sixteen),
            _one(sixteen, eight),
            _one(eight, four),
        )
        self.at_sixteen, self.at_eight = Block(sixteen), Block(eight)
        self.head = _conv(four, head, 1)
        self.heat = nn.Conv2d(head, classes, 1)
        self.edges = nn.Conv2d(head, 4, 1)
        nn.init.constant_(
            self.heat.bias, -4.6
        )  # a middle is rare: probability 0.01 (Lin et al., "Focal Loss", 2017)
        nn.init.constant_(self.edges.bias, 1.2)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """`seen` N × H × W × 4 in bytes: red, green, blue, and what differs. H and W are multiples of 32."""
        value = seen.permute(0, 3, 1, 2).float() / 255
        colour = value[:, :3]
        middle = colour.mean(dim=(1, 2, 3), keepdim=True)
        spread = (colour - middle).pow(2).mean(dim=(1, 2, 3), keepdim=True).sqrt()
        value = torch.cat([(colour - middle) / (spread + 0.06), value[:, 3:] * 2 - 1], dim=1)
        four = self.four(self.stem(value))
        eight = self.eight(four)
        sixteen = self.sixteen(eight)
        up = self.at_sixteen(sixteen + _grown(self.from_last(self.last(sixteen))))
        up = self.at_eight(eight + _grown(self.from_sixteen(up)))
        up = self.head(four + _grown(self.from_eight(up)))
        return self.heat(up), torch.exp(self.edges(up).clamp(-3, 5)) * STEP


class Block(nn.Module):
    """Two convolutions of which the outcome is added to what went in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv(width, width, 1), nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, value: Tensor) -> Tensor:
        """The same shape."""
        return F.relu(value + self.body(value))


def _conv(into: int, out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


def _one(into: int, out: int) -> nn.Conv2d:
    return nn.Conv2d(into, out, 1)


def _grown(value: Tensor) -> Tensor:
    return F.interpolate(value, scale_factor=2.0, mode="nearest")


def heat_loss(logits: Tensor, wanted: Tensor, counts: Tensor, things: Tensor) -> Tensor:
    """The focal loss of Law and Deng, "CornerNet", 2018, over the places that `counts` (1 or 0), for each of `things`."""
    p = torch.sigmoid(logits).clamp(1e-4, 1 - 1e-4)
    at = (wanted == 1).float()
    right = at * (1 - p).pow(2) * torch.log(p)
    wrong = (1 - at) * (1 - wanted).pow(4) * p.pow(2) * torch.log(1 - p)
    return -((right + wrong) * counts).sum() / things


def edge_loss(edges: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """1 − GIoU (Rezatofighi et al., 2019) of boxes given by their edges' distances from one place: rows of 4, weighted."""
    l, t, r, b = edges.unbind(1)  # noqa: E741 - left, top, right, bottom
    l2, t2, r2, b2 = wanted.unbind(1)
    shared = (torch.minimum(l, l2) + torch.minimum(r, r2)) * (torch.minimum(t, t2) + torch.minimum(b, b2))
    both = (l + r) * (t + b) + (l2 + r2) * (t2 + b2) - shared
    hull = (torch.maximum(l, l2) + torch.maximum(r, r2)) * (torch.maximum(t, t2) + torch.maximum(b, b2))
    giou = shared / both - (hull - both) / hull
    return ((1 - giou) * weight).sum() / weight.sum().clamp(min=1)


class Shown(nn.Module):
    """The network as it is shipped: probabilities of middles, kept only where they are the highest around."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """`heat` N × classes × H/4 × W/4, 0 to 1; `edges` N × 4 × H/4 × W/4: left, top, right, bottom in pixels."""
        heat, edges = self.network(seen)
        heat = torch.sigmoid(heat)
        best = heat.amax(dim=1, keepdim=True)
        peak = F.max_pool2d(best, 3, 1, 1)
        return heat * (best == peak), edges


def write(path: Path, network: Network, least: list[float], name: str) -> None:
    """The network as an ONNX file, with its classes and the least probabilities to be said as metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        Shown(network).eval(),
        (torch.zeros(1, 384, 640, 4, dtype=torch.uint8),),
        str(path),
        input_names=["seen"],
        output_names=["heat", "edges"],
        dynamic_axes={
            "seen": {0: "n", 1: "h", 2: "w"},
            "heat": {0: "n", 2: "h4", 3: "w4"},
            "edges": {0: "n", 2: "h4", 3: "w4"},
        },
        opset_version=17,
        dynamo=False,
    )
    model = _halved(onnx.load(path))
    kept = {"name": name, "classes": json.dumps(CLASSES), "least": json.dumps([round(v, 3) for v in least])}
    onnx.helper.set_model_props(model, kept)
    onnx.save(model, path)


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its large weights kept in half precision and widened when it is loaded: half the file."""
    graph, widen = model.graph, []
    for weight in list(graph.initializer):
        if weight.data_type != onnx.TensorProto.FLOAT or np.prod(weight.dims) < SMALL:
            continue
        value = onnx.numpy_helper.to_array(weight).astype(np.float16)
        graph.initializer.remove(weight)
        graph.initializer.append(onnx.numpy_helper.from_array(value, f"{weight.name}.half"))
        widen.append(
            onnx.helper.make_node("Cast", [f"{weight.name}.half"], [weight.name], to=onnx.TensorProto.FLOAT)
        )
    for node in reversed(widen):
        graph.node.insert(0, node)
    return model
