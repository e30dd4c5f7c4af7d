"""Tells what a region of a picture shows: a small network over gradients, outline, colours and shape. Needs no download."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import cv2
import numpy as np
import numpy.typing as npt

from core.colour import shares
from core.errors import ModelUnavailable
from core.media import Picture
from core.place import Box

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]
"""0 or 255."""

DATA = "sorter.npz"
SIDE = 48
"""Pixels each way of the patch that is judged, whatever the region's proportions."""
CONTEXT = 0.12
"""How much of its width and height is seen beyond each side of the region."""
CELLS, ORIENTATIONS = 6, 9
OUTLINE = 8
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


def features(region: Region) -> Floats:
    """What the network is shown of a region: one vector, about 450 long."""
    grey = cv2.cvtColor(region.patch, cv2.COLOR_RGB2GRAY).astype(np.float32)
    width, height = region.picture
    outline = cv2.resize(region.mask, (OUTLINE, OUTLINE), interpolation=cv2.INTER_AREA)
    shape = [
        np.log(region.width / region.height),
        np.log(region.height / height),
        np.log(region.width / width),
        float(region.mask.mean()) / 255,
        *(float(side) for side in region.cut),
    ]
    inside = region.mask > 127
    colours = shares(region.patch, inside if inside.any() else None)
    return np.concatenate(
        [
            _gradients(grey),
            outline.ravel().astype(np.float32) / 255,
            _tones(grey),
            np.sqrt(colours),
            np.asarray(shape, np.float32),
        ]
    ).astype(np.float32)


def _gradients(grey: Floats) -> Floats:
    """Histograms of gradient directions per cell, each normalised by the energy of its surroundings.

    After Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection", 2005.
    """
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=1)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=1)
    strength, angle = cv2.cartToPolar(across, down)
    place = (angle * np.float32(ORIENTATIONS / np.pi)) % ORIENTATIONS
    low = place.astype(np.int32)
    part = place - low
    low %= ORIENTATIONS
    cell = SIDE // CELLS
    row = np.arange(SIDE) // cell
    base = (row[:, None] * CELLS + row[None, :]) * ORIENTATIONS
    length = CELLS * CELLS * ORIENTATIONS
    table = np.bincount((base + low).ravel(), (strength * (1 - part)).ravel(), length)
    table += np.bincount((base + (low + 1) % ORIENTATIONS).ravel(), (strength * part).ravel(), length)
    cells = table.reshape(CELLS, CELLS, ORIENTATIONS).astype(np.float32)
    energy = cv2.blur((cells * cells).sum(axis=2), (3, 3), borderType=cv2.BORDER_REFLECT_101)
    usual = np.float32((cell * cell * 2.0) ** 2)
    out: Floats = np.minimum(cells / np.sqrt(energy + usual)[..., None], 0.6).ravel()
    return out


def _tones(grey: Floats) -> Floats:
    """How light each cell is, against the patch's own mean and spread."""
    cells = cv2.resize(grey, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    out: Floats = ((cells - grey.mean()) / (grey.std() + 8.0)).ravel()
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One layer of several networks side by side: weights (networks × in × out) and biases (networks × 1 × out)."""

    weights: Floats
    bias: Floats


class Sorter:
    """Says of regions what they show, with a probability: a few small networks whose opinions are averaged.

    Its weights are a file of the project's own making: `bench/train_sorter` says from what and how well it does.
    """

    def __init__(
        self, name: str, classes: tuple[str, ...], mean: Floats, layers: list[Layer], least: Floats
    ) -> None:
        self._name, self._classes = name, classes
        self._mean, self._layers, self._least = mean, layers, least

    @property
    def name(self) -> str:
        """The method and the version of its weights."""
        return self._name

    @property
    def classes(self) -> tuple[str, ...]:
        """What it tells apart; the last, `other`, is everything else."""
        return self._classes

    def probabilities(self, vectors: Floats) -> Floats:
        """One row of probabilities, in the order of `classes`, for each row of `features`."""
        value = np.broadcast_to(vectors - self._mean, (len(self._layers[0].weights), *vectors.shape))
        for layer in self._layers[:-1]:
            value = np.maximum(value @ layer.weights + layer.bias, 0)
        value = value @ self._layers[-1].weights + self._layers[-1].bias
        value = np.exp(value - value.max(axis=2, keepdims=True))
        out: Floats = (value / value.sum(axis=2, keepdims=True)).mean(axis=0)
        return out

    def judge(self, regions: list[Region]) -> Floats:
        """One row of probabilities, in the order of `classes`, for each region."""
        if not regions:
            return np.zeros((0, len(self._classes)), np.float32)
        return self.probabilities(np.stack([features(region) for region in regions]))

    def say(self, row: Floats) -> tuple[str, float] | None:
        """The class of one row of probabilities and how sure it is (0 to 1), or None where it is not sure enough to be said."""
        best = int(row.argmax())
        if self._classes[best] == "other" or row[best] < self._least[best]:
            return None
        return self._classes[best], min(1.0, float(row[best]))


@lru_cache(maxsize=1)
def own_sorter() -> Sorter:
    """The sorter that ships with the package. Raises `ModelUnavailable` where its file is missing."""
    file = resources.files("models") / "data" / DATA
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            return _read({name: kept[name] for name in kept.files})
    except FileNotFoundError as error:
        raise ModelUnavailable(
            f"the package's own file {DATA} is missing", next_step="install sightline again"
        ) from error


def _read(kept: dict[str, npt.NDArray[np.generic]]) -> Sorter:
    layers: list[Layer] = []
    while f"w{len(layers)}" in kept:
        weights = kept[f"w{len(layers)}"].astype(np.float32)
        layers.append(Layer(weights=weights, bias=kept[f"b{len(layers)}"].astype(np.float32)))
    return Sorter(
        str(kept["name"]),
        tuple(str(c) for c in kept["classes"]),
        kept["mean"].astype(np.float32),
        layers,
        kept["least"].astype(np.float32),
    )
