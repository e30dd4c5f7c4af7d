"""How each family of ONNX detectors is fed and read: one table, keyed by the family's name.

A family takes RGB pictures of one size and gives, for each, boxes with a score and a class number. The grids (YOLOX,
NanoDet, FastestDet) were trained on pictures set into a square; the transformers (D-FINE, RT-DETR, RF-DETR) on pictures
pulled to one, and tell each thing once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from core.media import Picture

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int32]
Outputs = Mapping[str, npt.NDArray[np.generic]]

PAD = 114
"""The grey (0 to 255) with which the grids' trainers filled what the picture leaves of the square input."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Raw(NamedTuple):
    """What a model says of one picture: boxes (N × 4: left, top, right, bottom in pixels of its input), scores (N, 0 to
    1) and class numbers (N).
    """

    boxes: Floats
    scores: Floats
    classes: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How to feed and read one kind of network.

    `side` is the input's side where the file leaves it open. `letterbox` sets the picture into the input at its top
    left, otherwise it is pulled to fill it. Values are divided by `divide`, then standardised by `mean` and `std` (in the
    order of the channels). `read` takes the outputs of a batch, by name, and the input's side; `nms_iou` is the overlap
    from which on two boxes of one class are one thing.
    """

    side: int
    read: Callable[[Outputs, int], list[Raw]]
    letterbox: bool = False
    bgr: bool = False
    divide: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    nms_iou: float = 0.5

    def blob(self, picture: Picture, side: int) -> tuple[Floats, tuple[float, float]]:
        """The picture as the network takes it (3 × side × side), and by how much it was shrunk across and down."""
        height, width = picture.shape[:2]
        across, down = side / width, side / height
        if self.letterbox:
            across = down = min(across, down)
        size = (max(1, round(width * across)), max(1, round(height * down)))
        how = cv2.INTER_AREA if max(across, down) < 1 else cv2.INTER_LINEAR
        seen = cv2.resize(picture, size, interpolation=how)
        if size != (side, side):
            seen = cv2.copyMakeBorder(
                seen, 0, side - size[1], 0, side - size[0], cv2.BORDER_CONSTANT, value=(PAD, PAD, PAD)
            )
        scale = np.array([1 / (self.divide * s) for s in self.std], np.float32)
        shift = np.array([m / s for m, s in zip(self.mean, self.std, strict=True)], np.float32)
        planes = (seen[..., ::-1] if self.bgr else seen).transpose(2, 0, 1)
        blob = np.ascontiguousarray(planes, dtype=np.float32)
        if self.divide != 1 or self.std != (1.0, 1.0, 1.0):
            blob *= scale[:, None, None]
        if any(self.mean):
            blob -= shift[:, None, None]
        return blob, (across, down)


def family(name: str) -> Family:
    """The family of that name. Raises `Invalid` naming the known ones."""
    if name not in FAMILIES:
        raise Invalid(
            f"there is no family of ONNX detectors called {name!r}",
            next_step="known are " + ", ".join(sorted(FAMILIES)),
        )
    return FAMILIES[name]


def guessed(inputs: Sequence[str], outputs: Sequence[tuple[str, int]]) -> str:
    """The family that takes inputs of these names and gives outputs of these names and last dimensions, or '' where
    several would fit: exports of transformers are named alike and fed differently.
    """
    names = {name for name, _ in outputs}
    if "orig_target_sizes" in inputs:
        return "dfine"
    if names == {"dets", "labels"}:
        return "rfdetr"
    if {"logits", "pred_boxes"} <= names:
        return ""
    lasts = [last for _, last in outputs]
    if len(lasts) == 6 and lasts.count(NANODET_BINS * 4) == 3:
        return "nanodet"
    return "yolox" if len(lasts) == 1 and lasts[0] > 5 else ""


def best(boxes: Floats, table: Floats) -> Raw:
    """Each box with its best class; `table` holds a score for each box (rows) and class (columns)."""
    classes = table.argmax(axis=1)
    return Raw(boxes, table[np.arange(len(table)), classes], classes.astype(np.int32))


@lru_cache(maxsize=16)
def _grid(side: int, strides: tuple[int, ...], offset: float) -> tuple[Floats, Floats]:
    """The centre of each cell (N × 2, in input pixels) and its stride (N × 1), level after level, row by row."""
    centres, steps = [], []
    for stride in strides:
        line = (np.arange(int(np.ceil(side / stride)), dtype=np.float32) + offset) * stride
        x, y = np.meshgrid(line, line)
        centres.append(np.column_stack([x.ravel(), y.ravel()]))
        steps.append(np.full((x.size, 1), stride, np.float32))
    return np.concatenate(centres).astype(np.float32), np.concatenate(steps)


def read_yolox(outputs: Outputs, side: int) -> list[Raw]:
    """YOLOX: each cell says its offset, the log of its size, objectness and class scores.

    Ge et al., "YOLOX: Exceeding YOLO Series in 2021", and its ONNX demo.
    """
    (out,) = outputs.values()
    corners, steps = _grid(side, (8, 16, 32), 0.0)
    found = []
    for rows in out.astype(np.float32, copy=False):
        centre = corners + rows[:, :2] * steps
        half = np.exp(np.minimum(rows[:, 2:4], 10)) * steps / 2
        found.append(best(np.column_stack([centre - half, centre + half]), rows[:, 4:5] * rows[:, 5:]))
    return found


NANODET_BINS = 8


def read_nanodet(outputs: Outputs, side: int) -> list[Raw]:
    """NanoDet-m: each cell gives class scores and, per side, a distribution over 0 to 7 strides; the distance is its mean
    (Li et al., "Generalized Focal Loss"). One picture at a time, as it is exported.
    """
    arrays = [out.astype(np.float32, copy=False) for out in outputs.values()]
    width = NANODET_BINS * 4
    scores = np.concatenate([o.reshape(-1, o.shape[-1]) for o in arrays if o.shape[-1] != width])
    sides = np.concatenate([o.reshape(-1, 4, NANODET_BINS) for o in arrays if o.shape[-1] == width])
    weight = np.exp(sides - sides.max(axis=2, keepdims=True))
    weight /= weight.sum(axis=2, keepdims=True)
    centres, steps = _grid(side, (8, 16, 32), 0.5)
    reach = (weight @ np.arange(NANODET_BINS, dtype=np.float32)) * steps
    boxes = np.column_stack([centres - reach[:, :2], centres + reach[:, 2:]]).astype(np.float32)
    return [best(boxes, scores)]


def read_fastestdet(outputs: Outputs, side: int) -> list[Raw]:
    """FastestDet: one map of cells, each with objectness, centre (tanh), size (sigmoid, of the whole picture) and class
    scores; the score weighs objectness and class as its author's evaluation does.
    """
    (out,) = outputs.values()
    found = []
    for planes in out.astype(np.float32, copy=False):
        rows = planes.reshape(len(planes), -1).T
        corners, steps = _grid(side, (side // planes.shape[-1],), 0.0)
        centre = corners + np.tanh(rows[:, 1:3]) * steps
        half = _sigmoid(rows[:, 3:5]) * side / 2
        found.append(
            best(np.column_stack([centre - half, centre + half]), rows[:, :1] ** 0.6 * rows[:, 5:] ** 0.4)
        )
    return found


def read_set(outputs: Outputs, side: int) -> list[Raw]:
    """D-FINE, RT-DETR and RF-DETR: a set of guesses, each a box (centre and size, as parts of the picture) and a logit
    per class; or, where the export has its own last step, labels, boxes in pixels of the input, and scores.

    Zhao et al., "DETRs Beat YOLOs on Real-time Object Detection"; the exports of transformers name their outputs
    `logits` and `pred_boxes`, RF-DETR's own `labels` and `dets`, D-FINE's and RT-DETR's own `labels`, `boxes`, `scores`.
    """
    if "scores" in outputs:
        told = zip(outputs["boxes"], outputs["scores"], outputs["labels"], strict=True)
        return [Raw(b.astype(np.float32), s.astype(np.float32), n.astype(np.int32)) for b, s, n in told]
    logits = outputs["logits"] if "logits" in outputs else outputs["labels"]
    parts = outputs["pred_boxes"] if "pred_boxes" in outputs else outputs["dets"]
    found = []
    for rows, scores in zip(parts.astype(np.float32), _sigmoid(logits.astype(np.float32)), strict=True):
        half = rows[:, 2:] / 2
        found.append(best(np.column_stack([rows[:, :2] - half, rows[:, :2] + half]) * side, scores))
    return found


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -60, 60))), np.float32)


FAMILIES: dict[str, Family] = {
    "yolox": Family(side=416, read=read_yolox, letterbox=True, bgr=True),
    "nanodet": Family(
        side=416,
        read=read_nanodet,
        letterbox=True,
        bgr=True,
        mean=(103.53, 116.28, 123.675),
        std=(57.375, 57.12, 58.395),
    ),
    "fastestdet": Family(side=352, read=read_fastestdet, bgr=True, divide=255.0),
    "dfine": Family(side=640, read=read_set, divide=255.0, nms_iou=0.7),
    "rtdetr": Family(side=640, read=read_set, divide=255.0, nms_iou=0.7),
    "rfdetr": Family(
        side=560, read=read_set, divide=255.0, mean=IMAGENET_MEAN, std=IMAGENET_STD, nms_iou=0.7
    ),
}
"""How each family is fed: by its authors' own demos, and for transformers by the processors of their models."""
