"""Finds what is asked for in words: open-vocabulary detectors of the `transformers` library (OWLv2, Grounding DINO)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np

from core.errors import Invalid
from core.media import Frame
from core.place import Box
from core.sight import Detection
from models.hub import Loaded

SCORE = 0.25
"""Least score told. OWLv2's authors show 0.1 to 0.2, Grounding DINO's 0.3; a wrong name costs more here than a missed one."""
SAME = 0.6
"""Overlap (IoU) from which on two boxes are one thing: these models guess hundreds of boxes, many of them alike."""


class OpenFinder:
    """A model for `AutoModelForZeroShotObjectDetection`, from the hub or a folder. Needs the extra `local`.

    Takes seconds a picture on a processor, so it is shown chosen pictures alone. Raises `ModelUnavailable` where the
    library or the model is missing.
    """

    def __init__(self, where: str, *, revision: str = "", threshold: float = SCORE) -> None:
        self._loaded = Loaded(where=where, task="AutoModelForZeroShotObjectDetection", revision=revision)
        self._threshold = threshold

    @property
    def name(self) -> str:
        """The model's name and version."""
        return self._loaded.name

    def find(self, frames: Sequence[Frame], words: Sequence[str], /) -> list[list[Detection]]:
        """What each frame shows of the words, best first, under the word it was found by; boxes in source pixels."""
        wanted = [word.strip().lower() for word in words if word.strip()]
        if not wanted:
            raise Invalid(
                "nothing was asked for", next_step="say what to find, as: red forklift, pallet jack"
            )
        return [self._one(frame, wanted) for frame in frames]

    def _one(self, frame: Frame, wanted: list[str]) -> list[Detection]:
        import torch

        processor, model = self._loaded.processor, self._loaded.model
        inputs = processor(images=frame.picture, text=[wanted], return_tensors="pt", truncation=True).to(
            self._loaded.device
        )
        with torch.inference_mode():
            outputs = model(**inputs)
        (read,) = processor.post_process_grounded_object_detection(
            outputs,
            threshold=self._threshold,
            target_sizes=[(frame.height, frame.width)],
            text_labels=[wanted],
        )
        boxes = np.clip(
            read["boxes"].detach().cpu().numpy(), 0, [frame.width, frame.height, frame.width, frame.height]
        )
        scores = [min(1.0, float(score)) for score in read["scores"]]
        found = []
        for index in _apart(boxes, scores):
            word = meant(str(read["text_labels"][index]), wanted)
            x1, y1, x2, y2 = (float(v) for v in boxes[index])
            if word and x2 - x1 >= 1 and y2 - y1 >= 1:
                box = Box(x1, y1, x2, y2).scaled(frame.scale)
                found.append(Detection(label=word, box=box, score=scores[index], source=self.name))
        return sorted(found, key=lambda d: -d.score)


def meant(said: str, wanted: Sequence[str]) -> str:
    """Which of the wanted words a model's phrase means: Grounding DINO tells the pieces that it recognised ('jack', 'pallet
    jack forklift'). '' where none shares a piece with it.
    """
    pieces = set(re.findall(r"[\w-]+", said.lower()))

    def shared(word: str) -> float:
        mine = re.findall(r"[\w-]+", word)
        return sum(piece in pieces for piece in mine) / max(1, len(mine))

    best = max(wanted, key=shared, default="")
    return best if best and shared(best) > 0 else ""


def _apart(boxes: np.ndarray, scores: list[float]) -> list[int]:
    """The boxes that are things of their own, by OpenCV's non-maximum suppression."""
    if not len(boxes):
        return []
    sized = np.column_stack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).tolist()
    return [int(i) for i in np.asarray(cv2.dnn.NMSBoxes(sized, scores, 0.0, SAME), dtype=int).ravel()]
