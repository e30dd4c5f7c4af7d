"""Finds single things where something moves: a small convolutional network of the project's own. Needs no download.

It sees the picture and how plainly each place differs from the background, and says for each place whether the middle
of a thing is there, of which class, and how far its edges are (after Zhou, Wang and Krähenbühl, "Objects as Points",
2019, and Tian et al., "FCOS", 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from core.media import Picture
from core.place import Box
from models.shipped import OwnNetwork, shipped

Floats = npt.NDArray[np.float32]

CLASSES = ("person", "car", "truck", "bicycle", "forklift", "pallet", "ball")
DATA = "centres.onnx"
WHOLE = 32
"""A picture is judged at a multiple of so many pixels each way."""
CELL = 8
"""Pixels, of what differs, each way of the cells in which it is asked whether anything does …"""
STIRRED = 0.08
"""… which it does where this part of them differs."""
AROUND = 32
"""Pixels of the picture looked at around all that differs: what is beside a thing helps to tell it."""
SAME_THING = 0.6
"""Overlap (IoU) from which on two boxes are one thing."""
SLIGHT, FILLS = 0.05, 0.5
"""Least probability worth comparing, and overlap (IoU) from which on a box says that the thing fills the one asked about."""
STEP = 4
"""Pixels of the picture from one place judged to the next."""
FULL = 4.0
"""The strength of difference, in thresholds, that counts as wholly different."""

ONCE = round(255 / FULL)
"""The evidence of what differs by just a threshold."""


def evidence(strength: Floats) -> npt.NDArray[np.uint8]:
    """How plainly each place differs, 0 to 255."""
    return np.asarray(np.clip(strength * (255 / FULL), 0, 255), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing: its box in picture pixels, its class, and how sure the network is (0 to 1)."""

    box: Box
    label: str
    score: float


class Centres(OwnNetwork):
    """Finds single things in a picture of which it is known what differs from the background.

    Its weights are a file of the project's own making: `bench/train_centres` says from what and how well it does. The
    file is an ONNX model with its classes and the least probability of each to be said in its metadata. One thread.
    """

    def __init__(self, model: bytes) -> None:
        super().__init__(model, DATA)

    def find(
        self, picture: Picture, differs: npt.NDArray[np.uint8], known: Sequence[Box] = ()
    ) -> list[Found]:
        """The things in the picture, surest first; `differs` is `evidence` at any size. Looked at is the part in which
        something differs, and where things are `known` to stand (picture pixels).
        """
        size = (picture.shape[1], picture.shape[0])
        part = _with(_busy(differs, size), known, size)
        if part is None:
            return []
        x1, y1, x2, y2 = part
        at_full = cv2.resize(differs, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
        found = self._look(picture[y1:y2, x1:x2], at_full[y1:y2, x1:x2])
        return [replace(one, box=one.box.moved(x1, y1)) for one in found]

    def sees(self, picture: Picture, differs: npt.NDArray[np.uint8], box: Box) -> float:
        """How sure the network is (0 to 1) that some thing fills just this box (picture pixels), however little that is."""
        size = (picture.shape[1], picture.shape[0])
        x1, y1 = max(0, int(box.x1) - AROUND), max(0, int(box.y1) - AROUND)
        part = np.s_[y1 : int(box.y2) + AROUND, x1 : int(box.x2) + AROUND]
        at_full = cv2.resize(differs, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
        heat, edges = self._judged(picture[part], at_full[part])
        surest = heat.max(axis=0)
        rows, columns = np.nonzero(surest >= SLIGHT)
        corners = _corners(edges, rows, columns, picture[part].shape)
        place = box.moved(-x1, -y1)
        return max(
            (
                float(score)
                for score, (left, top, right, bottom) in zip(
                    surest[rows, columns], corners.tolist(), strict=True
                )
                if right > left and bottom > top and Box(left, top, right, bottom).iou(place) >= FILLS
            ),
            default=0.0,
        )

    def _judged(self, picture: Picture, differs: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """For each class and place, the probability of a middle (classes × rows × columns), and the edges' distances."""
        height, width = picture.shape[:2]
        seen = np.zeros((_padded(height), _padded(width), 4), np.uint8)
        seen[:height, :width, :3] = picture
        seen[:height, :width, 3] = differs
        heat, edges = self._session.run(None, {"seen": seen[None]})
        return heat[0], edges[0]

    def _look(self, picture: Picture, differs: npt.NDArray[np.uint8]) -> list[Found]:
        heat, edges = self._judged(picture, differs)
        kinds, rows, columns = np.nonzero(heat >= self._least[:, None, None])
        if not len(kinds):
            return []
        scores = heat[kinds, rows, columns]
        corners = _corners(edges, rows, columns, picture.shape)
        out = []
        for index in self._kept(corners, scores, kinds):
            x1, y1, x2, y2 = (float(v) for v in corners[index])
            if x2 - x1 >= 2 and y2 - y1 >= 2:
                label = self._classes[kinds[index]]
                out.append(Found(box=Box(x1, y1, x2, y2), label=label, score=float(scores[index])))
        return sorted(out, key=lambda f: -f.score)

    @staticmethod
    def _kept(corners: Floats, scores: Floats, kinds: npt.NDArray[np.int64]) -> list[int]:
        """The boxes that are things of their own, by OpenCV's non-maximum suppression, whatever they are called."""
        sized = np.column_stack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
        return [int(i) for i in np.ravel(cv2.dnn.NMSBoxes(sized.tolist(), scores.tolist(), 0.0, SAME_THING))]


def _corners(
    edges: Floats, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], shape: tuple[int, ...]
) -> Floats:
    """The boxes said at these places, inside a picture of that shape (n × 4)."""
    x, y = (columns + 0.5) * STEP, (rows + 0.5) * STEP
    left, top, right, bottom = edges[:, rows, columns]
    corners = np.stack([x - left, y - top, x + right, y + bottom], axis=1)
    return np.asarray(np.clip(corners, 0, [shape[1], shape[0], shape[1], shape[0]]), np.float32)


def _busy(differs: npt.NDArray[np.uint8], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The part of a picture of that size (left, top, right, bottom) outside which nothing differs; None if nothing does."""
    across, down = -(-differs.shape[1] // CELL), -(-differs.shape[0] // CELL)
    plain = np.zeros((down * CELL, across * CELL), np.float32)
    plain[: differs.shape[0], : differs.shape[1]] = differs >= ONCE
    rows, columns = np.nonzero(plain.reshape(down, CELL, across, CELL).mean(axis=(1, 3)) >= STIRRED)
    if not len(rows):
        return None
    sx, sy = size[0] / differs.shape[1] * CELL, size[1] / differs.shape[0] * CELL
    left, right = int(columns.min() * sx) - AROUND, int(np.ceil((columns.max() + 1) * sx)) + AROUND
    top, bottom = int(rows.min() * sy) - AROUND, int(np.ceil((rows.max() + 1) * sy)) + AROUND
    return max(0, left), max(0, top), min(size[0], right), min(size[1], bottom)


def _with(
    part: tuple[int, int, int, int] | None, known: Sequence[Box], size: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """The part of a picture of that size, grown so that it holds the boxes and what is around them."""
    boxes = [] if part is None else [part]
    for box in known:
        left, top = max(0, int(box.x1) - AROUND), max(0, int(box.y1) - AROUND)
        boxes.append((left, top, min(size[0], int(box.x2) + AROUND), min(size[1], int(box.y2) + AROUND)))
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _padded(length: int) -> int:
    return -(-length // WHOLE) * WHOLE


@lru_cache(maxsize=1)
def own_centres() -> Centres:
    """The network that ships with the package. Raises `ModelUnavailable` where its file is missing or broken."""
    return Centres(shipped(DATA))
