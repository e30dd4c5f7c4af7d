"""Reads text in pictures with RapidOCR (PP-OCR models on ONNX Runtime), which carries its models: no download."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np

from core.errors import Unavailable
from core.media import Picture
from core.place import Box
from core.sight import Reading

LONGEST = 1280
"""Longest side at which text is looked for; a larger picture is shrunk for that, its lines are read at full size."""
LEAST_HEIGHT = 48
"""A cut-out lower than this is enlarged: the recogniser works on lines of 48 pixels, and the finder needs room too."""
RIM = 8
"""Pixels of plain colour added round each picture: text that touches the edge is not found else."""


class RapidReader:
    """Text in pictures, line by line, by the models inside the `rapidocr` package. Works on one thread; not picklable."""

    def __init__(self, *, least_score: float = 0.5) -> None:
        """Loads the models (about a second). Raises `Unavailable` where the extra is not installed."""
        try:
            from rapidocr import RapidOCR
        except ImportError as error:
            raise Unavailable(
                f"text in pictures cannot be read: {error.name or 'rapidocr'} is not installed",
                next_step="pip install 'sightline[ocr]'",
                stage="read",
            ) from error
        logging.getLogger("RapidOCR").propagate = False
        self._name = f"rapidocr/{version('rapidocr')}"
        self._one_at_a_time = threading.Lock()
        self._engine: Any = RapidOCR(
            params={
                "Global.log_level": "critical",  # that there is no text is no error
                "Global.text_score": least_score,
                "Global.max_side_len": 4096,
                "Det.limit_type": "max",
                "Det.limit_side_len": LONGEST,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    @property
    def name(self) -> str:
        """The package and its version: it carries its models."""
        return self._name

    def read(self, pictures: Sequence[Picture], /) -> list[list[Reading]]:
        """The lines of text in each picture, top to bottom, then left to right; boxes in its pixels."""
        return [self._one(picture) for picture in pictures]

    def _one(self, picture: Picture) -> list[Reading]:
        height, width = picture.shape[:2]
        if min(height, width) < 4:
            return []
        by = max(1.0, LEAST_HEIGHT / height)
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        if by > 1:
            bgr = cv2.resize(bgr, None, fx=by, fy=by, interpolation=cv2.INTER_CUBIC)
        bgr = cv2.copyMakeBorder(bgr, RIM, RIM, RIM, RIM, cv2.BORDER_REPLICATE)
        with self._one_at_a_time:  # a reader is shared, and its engine keeps state between its steps
            found = self._engine(bgr)
        boxes = getattr(found, "boxes", None)
        if boxes is None:
            return []
        out = []
        for corners, said, score in zip(boxes, found.txts, found.scores, strict=True):
            text = "".join(c for c in said if c.isprintable()).strip()
            box = _box(np.asarray(corners, np.float64), by, width, height)
            if text and box is not None:
                out.append(Reading(text=text, box=box, score=round(min(1.0, max(0.0, float(score))), 3)))
        return in_order(out)


def _box(corners: np.ndarray[Any, np.dtype[np.float64]], by: float, width: int, height: int) -> Box | None:
    (x1, y1), (x2, y2) = (corners.min(axis=0) - RIM) / by, (corners.max(axis=0) - RIM) / by
    x1, y1, x2, y2 = max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2)
    return Box(float(x1), float(y1), float(x2), float(y2)) if x2 > x1 and y2 > y1 else None


def in_order(readings: Sequence[Reading]) -> list[Reading]:
    """Line by line from the top, each from the left: two are on one line where their middles lie within both heights."""
    rows: list[list[Reading]] = []
    for one in sorted(readings, key=lambda r: r.box.centre[1]):
        last = rows[-1][-1] if rows else None
        if last is not None and abs(last.box.centre[1] - one.box.centre[1]) < 0.5 * min(
            last.box.height, one.box.height
        ):
            rows[-1].append(one)
        else:
            rows.append([one])
    return [one for row in rows for one in sorted(row, key=lambda r: r.box.x1)]
