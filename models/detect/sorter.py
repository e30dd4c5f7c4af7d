"""Tells what a region of a picture shows: a small convolutional network of the project's own. Needs no download."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from core.media import Picture
from core.place import Box
from models.shipped import OwnNetwork, shipped

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]
"""0 or 255."""

DATA = "sorter.onnx"
SIDE = 48
"""Pixels each way of the patch that is judged, whatever the region's proportions."""
CONTEXT = 0.15
"""How much of its width and height is seen beyond each side of the region."""
LEAST_SIDE = 6.0
"""Regions smaller than this, in picture pixels each way, show nothing that could be told."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """A region as it is judged: `patch` (SIDE × SIDE × 3, RGB) and `mask` (the same size, 0 or 255, what differs from
    the background), with `width` and `height` in picture pixels, the picture's size, and which sides it is cut at
    (left, top, right, bottom).
    """

    patch: Picture
    mask: Mask
    width: float
    height: float
    picture: tuple[int, int]
    cut: tuple[bool, bool, bool, bool]


def cut_out(picture: Picture, mask: Mask | None, box: Box) -> Region:
    """The region inside `box` (picture pixels) with its context; `mask` may be smaller than the picture.

    Without a mask the whole box counts as differing.
    """
    height, width = picture.shape[:2]
    seen = _grown(picture, box, (width, height))
    if mask is None:
        outline = np.zeros((SIDE, SIDE), np.uint8)
        inner = round(SIDE * CONTEXT / (1 + 2 * CONTEXT))
        outline[inner : SIDE - inner, inner : SIDE - inner] = 255
    else:
        across, down = mask.shape[1] / width, mask.shape[0] / height
        small = Box(box.x1 * across, box.y1 * down, box.x2 * across, box.y2 * down)
        outline = _grown(mask, small, (mask.shape[1], mask.shape[0]))
    near_x, near_y = 0.006 * width, 0.006 * height
    return Region(
        patch=seen,
        mask=outline,
        width=box.width,
        height=box.height,
        picture=(width, height),
        cut=(box.x1 <= near_x, box.y1 <= near_y, box.x2 >= width - near_x, box.y2 >= height - near_y),
    )


def _grown(plane: npt.NDArray[np.uint8], box: Box, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The box and its context, SIDE × SIDE; beyond the picture's edge its rim is repeated."""
    dx, dy = box.width * CONTEXT, box.height * CONTEXT
    left, top = int(np.floor(box.x1 - dx)), int(np.floor(box.y1 - dy))
    right, bottom = int(np.ceil(box.x2 + dx)), int(np.ceil(box.y2 + dy))
    inside = plane[max(0, top) : min(size[1], bottom), max(0, left) : min(size[0], right)]
    over = (max(0, -top), max(0, bottom - size[1]), max(0, -left), max(0, right - size[0]))
    if any(over) and inside.size:
        inside = np.asarray(cv2.copyMakeBorder(inside, *over, cv2.BORDER_REPLICATE), np.uint8)
    if not inside.size:
        return np.zeros((SIDE, SIDE, *plane.shape[2:]), np.uint8)
    how = cv2.INTER_AREA if max(inside.shape[:2]) > SIDE else cv2.INTER_LINEAR
    out: npt.NDArray[np.uint8] = cv2.resize(inside, (SIDE, SIDE), interpolation=how).astype(
        np.uint8, copy=False
    )
    return out


def seen(region: Region) -> npt.NDArray[np.uint8]:
    """What the network sees of a region: SIDE × SIDE × 4, red, green, blue and what differs."""
    return np.dstack([region.patch, region.mask])


def shape(region: Region) -> Floats:
    """What the network is told besides: proportions, size in the picture, how full the box is, and where it is cut."""
    width, height = region.picture
    return np.array(
        [
            np.log(region.width / region.height),
            np.log(region.height / height),
            np.log(region.width / width),
            float(region.mask.mean()) / 255,
            *(float(side) for side in region.cut),
        ],
        np.float32,
    )


class Sorter(OwnNetwork):
    """Says of regions what they show, with a probability.

    Its weights are a file of the project's own making: `bench/train_sorter` says from what and how well it does. The
    file is an ONNX model with its classes and the least probability of each to be said in its metadata. One thread.
    """

    def __init__(self, model: bytes) -> None:
        super().__init__(model, DATA)

    @property
    def classes(self) -> tuple[str, ...]:
        """What it tells apart; the last, `other`, is everything else."""
        return super().classes

    def judge(self, regions: list[Region]) -> Floats:
        """One row of probabilities, in the order of `classes`, for each region."""
        if not regions:
            return np.zeros((0, len(self._classes)), np.float32)
        feed = {"seen": np.stack([seen(r) for r in regions]), "shape": np.stack([shape(r) for r in regions])}
        out: Floats = self._session.run(None, feed)[0]
        return out

    def say(self, row: Floats) -> tuple[str, float] | None:
        """The class of one row of probabilities and how sure it is (0 to 1), or None where it is not sure enough to be said."""
        best = int(row.argmax())
        if self._classes[best] == "other" or row[best] < self._least[best]:
            return None
        return self._classes[best], min(1.0, float(row[best]))


@lru_cache(maxsize=1)
def own_sorter() -> Sorter:
    """The sorter that ships with the package. Raises `ModelUnavailable` where its file is missing or broken."""
    return Sorter(shipped(DATA))
