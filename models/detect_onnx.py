"""Detectors trained on COCO, run by ONNX Runtime: YOLOX and NanoDet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from core.errors import ModelUnavailable
from core.media import Frame, Picture
from core.place import Box
from core.sight import Detection
from models.weights import Weights, known

Floats = npt.NDArray[np.float32]

PAD = 114
"""The grey (0 to 255) with which both models' trainers filled what the picture leaves of the square input."""
SAME_THING = 0.7
"""Overlap (IoU) from which on two boxes with different labels are one thing: the surer name stays."""


class OnnxDetector:
    """A detector with weights from `models/weights.py`. Stateless apart from its session, and picklable without it.

    `threshold` is the least score reported. A picture more than `tile_above` times as large as the model's input is
    looked at whole and in overlapping tiles, so that small things are not lost by shrinking.
    """

    def __init__(
        self,
        weights: Path,
        *,
        threshold: float = 0.35,
        nms_iou: float = 0.5,
        threads: int = 1,
        tile_above: float = 2.0,
    ) -> None:
        self._path = weights
        self._row: Weights = known(weights.name)
        self._threshold, self._nms_iou = threshold, nms_iou
        self._threads, self._tile_above = threads, tile_above
        self._session: Any = _open(weights, threads)

    @property
    def name(self) -> str:
        """The weights' name and the first digits of their hash."""
        return f"{self._row.name}@{self._row.sha256[:8]}"

    @property
    def vocabulary(self) -> frozenset[str]:
        """The labels it was trained on."""
        return frozenset(self._row.classes)

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """Detections per frame, best first; boxes in source pixels, cut at the picture's edges."""
        return [self._detect(frame) for frame in frames]

    def reset(self) -> None:
        """It remembers nothing of the scene."""

    def look_into(self, frame: Frame, region: tuple[int, int, int, int]) -> list[Detection]:
        """Detections in one region of the picture (left, top, right, bottom in picture pixels), seen at full size."""
        return self._merged(frame, [region])

    def _detect(self, frame: Frame) -> list[Detection]:
        whole = (0, 0, frame.width, frame.height)
        regions = [whole]
        if max(frame.width, frame.height) > self._tile_above * self._row.side:
            regions += tiles(frame.width, frame.height, round(self._row.side * 1.5))
        return self._merged(frame, regions)

    def _merged(self, frame: Frame, regions: Sequence[tuple[int, int, int, int]]) -> list[Detection]:
        boxes, scores, classes = [], [], []
        for left, top, right, bottom in regions:
            found, score, label = self._run(frame.picture[top:bottom, left:right])
            boxes.append(found + np.array([left, top, left, top], np.float32))
            scores.append(score)
            classes.append(label)
        return self._detections(frame, np.concatenate(boxes), np.concatenate(scores), np.concatenate(classes))

    def _run(self, picture: Picture) -> tuple[Floats, Floats, npt.NDArray[np.int32]]:
        """Boxes (left, top, right, bottom in pixels of the given picture), scores and class numbers above threshold."""
        side = self._row.side
        shrink = min(side / picture.shape[0], side / picture.shape[1])
        width, height = round(picture.shape[1] * shrink), round(picture.shape[0] * shrink)
        square = np.full((side, side, 3), PAD, np.uint8)
        how = cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR
        square[:height, :width] = cv2.resize(picture, (width, height), interpolation=how)[..., ::-1]
        decode = {"yolox": _yolox, "nanodet": _nanodet}[self._row.kind]
        boxes, table = decode(self._session, square)
        best = table.argmax(axis=1)
        score = table[np.arange(len(table)), best]
        keep = score >= self._threshold
        return boxes[keep] / np.float32(shrink), score[keep], best[keep].astype(np.int32)

    def _detections(
        self, frame: Frame, boxes: Floats, scores: Floats, classes: npt.NDArray[np.int32]
    ) -> list[Detection]:
        if not len(boxes):
            return []
        sized = np.column_stack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
        kept = np.asarray(
            cv2.dnn.NMSBoxesBatched(
                sized.tolist(), scores.tolist(), classes.tolist(), self._threshold, self._nms_iou
            ),
            dtype=int,
        ).ravel()
        # one thing called by two names is one thing
        alone = cv2.dnn.NMSBoxes(sized[kept].tolist(), scores[kept].tolist(), self._threshold, SAME_THING)
        kept = kept[np.asarray(alone, dtype=int).ravel()]
        limit = np.array([frame.width, frame.height, frame.width, frame.height], np.float32)
        found = []
        for index in kept:
            x1, y1, x2, y2 = (float(v) for v in np.clip(boxes[index], 0, limit))
            if x2 - x1 < 1 or y2 - y1 < 1:
                continue
            found.append(
                Detection(
                    label=self._row.classes[classes[index]],
                    box=Box(x1, y1, x2, y2).scaled(frame.scale),
                    score=min(1.0, float(scores[index])),
                    source=self._row.name,
                )
            )
        return sorted(found, key=lambda d: -d.score)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._session = _open(self._path, self._threads)


def tiles(width: int, height: int, side: int, *, overlap: float = 0.2) -> list[tuple[int, int, int, int]]:
    """Squares of at most `side` pixels that cover the picture evenly, neighbours sharing `overlap` of their side."""

    def starts(length: int) -> list[int]:
        if length <= side:
            return [0]
        count = int(np.ceil((length - side) / (side * (1 - overlap)))) + 1
        return [round(i * (length - side) / (count - 1)) for i in range(count)]

    return [
        (x, y, min(x + side, width), min(y + side, height)) for y in starts(height) for x in starts(width)
    ]


def _open(path: Path, threads: int) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # old exports warn once per initialiser
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base of their own
        raise ModelUnavailable(
            f"the weights {path} cannot be loaded: {error}",
            next_step="remove the file, or put the right one there",
        ) from error


@lru_cache(maxsize=8)
def _grid(side: int, strides: tuple[int, ...], offset: float) -> tuple[Floats, Floats]:
    """The centre of each cell (N × 2, in input pixels) and its stride (N × 1), level after level, row by row."""
    centres, steps = [], []
    for stride in strides:
        line = (np.arange(int(np.ceil(side / stride)), dtype=np.float32) + offset) * stride
        x, y = np.meshgrid(line, line)
        centres.append(np.column_stack([x.ravel(), y.ravel()]))
        steps.append(np.full((x.size, 1), stride, np.float32))
    return np.concatenate(centres).astype(np.float32), np.concatenate(steps)


def _yolox(session: Any, square: Picture) -> tuple[Floats, Floats]:
    """YOLOX: BGR as it is; each cell says its offset, the log of its size, objectness and class scores.

    Ge et al., "YOLOX: Exceeding YOLO Series in 2021", and its ONNX demo.
    """
    blob = np.ascontiguousarray(square.transpose(2, 0, 1)[None], dtype=np.float32)
    (out,) = session.run(None, {session.get_inputs()[0].name: blob})
    rows = out[0]
    corners, steps = _grid(square.shape[0], (8, 16, 32), 0.0)
    centre = corners + rows[:, :2] * steps
    half = np.exp(np.minimum(rows[:, 2:4], 10)) * steps / 2
    return np.column_stack([centre - half, centre + half]), rows[:, 4:5] * rows[:, 5:]


_NANODET_MEAN = np.array([103.53, 116.28, 123.675], np.float32)
_NANODET_STD = np.array([57.375, 57.12, 58.395], np.float32)


def _nanodet(session: Any, square: Picture) -> tuple[Floats, Floats]:
    """NanoDet-m: standardised BGR; each cell gives class scores and, per side, a distribution over 0 to 7 strides.

    The distances are the distributions' means (Li et al., "Generalized Focal Loss").
    """
    blob = ((square.astype(np.float32) - _NANODET_MEAN) / _NANODET_STD).transpose(2, 0, 1)[None]
    outs = session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(blob)})
    scores = np.concatenate([o.reshape(-1, o.shape[-1]) for o in outs if o.shape[-1] != 32])
    sides = np.concatenate([o.reshape(-1, 4, 8) for o in outs if o.shape[-1] == 32])
    weight = np.exp(sides - sides.max(axis=2, keepdims=True))
    weight /= weight.sum(axis=2, keepdims=True)
    centres, steps = _grid(square.shape[0], (8, 16, 32), 0.5)
    reach = (weight @ np.arange(8, dtype=np.float32)) * steps
    return np.column_stack([centres - reach[:, :2], centres + reach[:, 2:]]).astype(np.float32), scores
