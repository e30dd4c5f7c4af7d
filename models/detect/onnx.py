"""Detectors run by ONNX Runtime: every family in `models/detect/onnx_families.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Invalid, ModelUnavailable
from core.media import Picture
from models.detect.naming import NamingDetector, Region, tiles
from models.detect.onnx_families import Floats, Raw, family, guessed
from models.weights import COCO, COCO_BY_ID, Weights, known, sha256

__all__ = ["OnnxDetector", "Region", "tiles"]


class OnnxDetector(NamingDetector):
    """A detector in an ONNX file: one of the table's, or `row` says what it is. Picklable without its session.

    Raises `ModelUnavailable` where the file cannot be loaded, `Invalid` where it is of no known family, takes no square
    picture, or has classes nobody has named.
    """

    def __init__(
        self,
        weights: Path,
        row: Weights | None = None,
        *,
        threshold: float = 0.35,
        nms_iou: float | None = None,
        threads: int = 1,
        tile_above: float = 2.0,
    ) -> None:
        self._path, self._threads = weights, threads
        self._row = row or known(weights.name)
        self._session: Any = _open(weights, threads)
        outputs = [(o.name, _length(o.shape[-1])) for o in self._session.get_outputs()]
        self._inputs = [i.name for i in self._session.get_inputs()]
        self._kind = self._row.family or guessed(self._inputs, outputs)
        if not self._kind:
            raise Invalid(
                f"what kind of detector {weights.name} is cannot be told from its outputs",
                next_step=f"name it: onnx:{weights}?family=dfine (or rtdetr, rfdetr, yolox …)",
            )
        self._family = family(self._kind)
        self._batched, side = _input(self._session, weights, self._family.side)
        super().__init__(
            self._row.classes or _classes(weights, self._kind, outputs),
            self._row.name,
            side=side,
            threshold=threshold,
            nms_iou=self._family.nms_iou if nms_iou is None else nms_iou,
            tile_above=tile_above,
        )

    @property
    def name(self) -> str:
        """The weights' name and the first digits of their hash."""
        return f"{self._row.name}@{sha256(self._path)[:8]}{self.settings}"

    def see(self, pictures: Sequence[Picture]) -> list[Raw]:
        """One run for all pictures where the file takes batches, else one for each."""
        if not self._batched:
            return [raw for picture in pictures for raw in self._run([picture])]
        return self._run(pictures) if pictures else []

    def _run(self, pictures: Sequence[Picture]) -> list[Raw]:
        blobs, shrunk = zip(*(self._family.blob(picture, self._side) for picture in pictures), strict=True)
        feeds: dict[str, Any] = {self._inputs[0]: np.stack(blobs)}
        if "orig_target_sizes" in self._inputs:
            # D-FINE's and RT-DETR's own exports scale their boxes to this: to the input, as all others are
            feeds["orig_target_sizes"] = np.full((len(pictures), 2), self._side, np.int64)
        if "pixel_mask" in self._inputs:
            feeds["pixel_mask"] = np.ones((len(pictures), self._side, self._side), np.int64)
        names = [o.name for o in self._session.get_outputs()]
        outputs = dict(zip(names, self._session.run(names, feeds), strict=True))
        read = self._family.read(outputs, self._side)
        return [self._plain(raw, by) for raw, by in zip(read, shrunk, strict=True)]

    def _plain(self, raw: Raw, shrunk: tuple[float, float]) -> Raw:
        keep = raw.scores >= self._threshold
        by: Floats = np.array([*shrunk, *shrunk], np.float32)
        return Raw(raw.boxes[keep] / by, raw.scores[keep], raw.classes[keep])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._session = _open(self._path, self._threads)


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


def _input(session: Any, path: Path, usual: int) -> tuple[bool, int]:
    """Whether the file takes several pictures at once, and its input's side: the family's where the file leaves it open."""
    batch, _, height, width = session.get_inputs()[0].shape
    if _length(height) != _length(width):
        raise Invalid(
            f"{path.name} takes pictures of {width}×{height}, and only square inputs are fed here",
            next_step="export it with a square input",
        )
    return _length(batch) == 0, _length(height) or usual


def _length(dimension: int | str | None) -> int:
    """The length of a dimension, 0 where the file leaves it open."""
    return dimension if isinstance(dimension, int) and dimension > 0 else 0


def _classes(path: Path, kind: str, outputs: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """The labels of a file that came without any: COCO's, if it tells as many classes apart as COCO has."""
    told = dict(outputs)
    if kind == "yolox":
        count = max(told.values()) - 5
    elif "logits" in told or "dets" in told:
        count = told.get("logits", told.get("labels", 0))
    else:
        count = len(COCO)  # the others' outputs do not say how many there are
    for names in (COCO, COCO_BY_ID):
        if count == len(names):
            return names
    raise Invalid(
        f"{path.name} tells {count} classes apart, and nobody has said what they are called",
        next_step="put the config.json of the model beside it, or name a file with one label a line: ?classes=FILE",
    )
