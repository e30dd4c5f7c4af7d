"""Detectors of the `transformers` library: D-FINE, RT-DETR, RF-DETR and whatever else its auto class knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.media import Picture
from models.detect.naming import NamingDetector
from models.detect.onnx_families import Raw
from models.hub import Loaded


class TransformersDetector(NamingDetector):
    """A model for `AutoModelForObjectDetection`, from the hub or a folder. Needs the extra `local`.

    The model's own processor prepares the pictures and reads the answers. Raises `ModelUnavailable` where the library or
    the model is missing.
    """

    def __init__(
        self,
        where: str,
        *,
        revision: str = "",
        threshold: float = 0.35,
        nms_iou: float = 0.7,
        tile_above: float = 2.0,
    ) -> None:
        self._loaded = Loaded(where=where, task="AutoModelForObjectDetection", revision=revision)
        names = self._loaded.model.config.id2label
        super().__init__(
            tuple(_label(str(names.get(number, ""))) for number in range(max(names, default=-1) + 1)),
            self._loaded.name.partition("@")[0],
            side=_side(self._loaded.processor),
            threshold=threshold,
            nms_iou=nms_iou,
            tile_above=tile_above,
        )

    @property
    def name(self) -> str:
        """The model's name and version."""
        return self._loaded.name + self.settings

    def see(self, pictures: Sequence[Picture]) -> list[Raw]:
        """One run for all pictures."""
        import torch

        if not pictures:
            return []
        processor, model = self._loaded.processor, self._loaded.model
        inputs = processor(images=list(pictures), return_tensors="pt").to(self._loaded.device)
        with torch.inference_mode():
            outputs = model(**inputs)
        read = processor.post_process_object_detection(
            outputs, threshold=self._threshold, target_sizes=[p.shape[:2] for p in pictures]
        )
        return [
            Raw(
                _array(r["boxes"], np.float32), _array(r["scores"], np.float32), _array(r["labels"], np.int32)
            )
            for r in read
        ]


def _label(name: str) -> str:
    return "" if name in ("N/A", "background") else name


def _array(tensor: Any, kind: Any) -> Any:
    return tensor.detach().cpu().numpy().astype(kind)


def _side(processor: Any) -> int:
    """The longest side the processor shrinks pictures to."""
    size = getattr(processor, "size", None) or {}
    sides = [
        getattr(size, key, None) or 0
        for key in ("height", "width", "longest_edge", "max_height", "max_width")
    ]
    return max((int(side) for side in sides), default=0) or 640
