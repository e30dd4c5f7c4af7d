"""What stands or moves on a drawn pitch, pixel for pixel at the looks' own size: people, and small things such as a ball."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from core.media import Frame, Picture
from core.place import Box, Point
from ingest.pitch import Pitch

Mask = npt.NDArray[np.uint8]
Rgb = tuple[float, float, float]
SMALL = 900
"""Pixels from which on a region is no ball, and its colour is not asked for."""

SEED_EVERY, SEED_SLOWER, SEEDS_KEPT = 300_000, 1_200_000, 17
"""Microseconds between the pictures from whose median the empty pitch is learned, in the first three seconds and later."""
SEEDED_WITH = (9, 11, 13, 15, SEEDS_KEPT)
"""With how many pictures the median is taken (again): who stood still in the first of them has moved in the last."""
RIM = 3
"""Pixels around a small region with which its colour is compared."""
LEAST = 22
"""Grey levels by which a pixel differs at least …"""
OVER_NOISE = 5.0
"""… and at least by this many times what it usually differs."""


@dataclass(frozen=True, slots=True, eq=False)
class Blob:
    """A connected region: its box in source pixels, how much of the box it fills, and (of small ones) its colour.

    `contrast` is how far that colour is from what is around it now: next to nothing where somebody only uncovered ground.
    """

    box: Box
    fill: float
    rgb: Rgb
    contrast: float


@dataclass(frozen=True, slots=True, eq=False)
class Foreground:
    """One picture's foreground, within the part of it that shows the pitch.

    `labels` numbers the regions of `mask` (0: none), both over `picture`, whose upper left corner lies at `corner` of
    the look's frame; `scale` is source pixels a pixel, `height` that of the whole picture in source pixels.
    """

    picture: Picture
    mask: Mask
    labels: npt.NDArray[np.int32]
    blobs: tuple[Blob, ...]
    corner: tuple[int, int]
    scale: float
    height: float = 0.0

    def pixel(self, place: Point) -> tuple[int, int]:
        """A place in source pixels as (column, row) of `mask`."""
        return round(place[0] / self.scale) - self.corner[0], round(place[1] / self.scale) - self.corner[1]

    def place(self, x: float, y: float) -> Point:
        """A (column, row) of `mask` in source pixels."""
        return (x + self.corner[0]) * self.scale, (y + self.corner[1]) * self.scale


class PitchBackground:
    """Learns how the empty pitch looks, and says what differs. Picklable: it keeps the part that shows the pitch."""

    def __init__(self, pitch: Pitch) -> None:
        self._pitch = pitch
        self._seeds: list[Picture] = []
        self._learned = False
        self._seeded_at: Micros = -SECOND
        self._mean: npt.NDArray[np.float32] | None = None
        self._noise: npt.NDArray[np.float32] = np.empty(0, np.float32)
        self._window: tuple[int, int, int, int] | None = None
        self._size = (0, 0)

    def see(self, frame: Frame) -> Foreground | None:
        """The foreground of this picture; None while the empty pitch is being learned."""
        if self._size != (frame.width, frame.height):
            self.reset()
            self._size = (frame.width, frame.height)
            self._window = self._around(frame)
        x1, y1, x2, y2 = self._window or (0, 0, frame.width, frame.height)
        picture = frame.picture[y1:y2, x1:x2]
        self._seed(picture, frame.at)
        if self._mean is None:
            return None
        return _field(picture, self._differs(picture), (x1, y1), frame.scale, frame.height * frame.scale)

    def reset(self) -> None:
        """Forgets the scene."""
        self._seeds, self._mean, self._seeded_at, self._learned = [], None, -SECOND, False

    def _seed(self, picture: Picture, at: Micros) -> None:
        pause = SEED_EVERY if len(self._seeds) < SEEDED_WITH[0] else SEED_SLOWER
        if self._learned or at - self._seeded_at < pause:
            return
        self._seeds.append(picture.copy())
        self._seeded_at = at
        if len(self._seeds) in SEEDED_WITH:
            self._mean = np.median(np.stack(self._seeds), axis=0).astype(np.float32)
            self._noise = np.full(picture.shape[:2], 3.0, np.float32)
        if len(self._seeds) == SEEDS_KEPT:
            self._seeds, self._learned = [], True

    def _differs(self, picture: Picture) -> Mask:
        assert self._mean is not None  # noqa: S101 - see() has seeded it
        now = cv2.GaussianBlur(picture, (3, 3), 0).astype(np.float32)
        gap = now - self._mean
        size = np.abs(gap).max(axis=2)
        bound = np.maximum(LEAST, OVER_NOISE * self._noise)
        raw = (size > bound) & ~self._shade(now)
        mask: Mask = raw.astype(np.uint8)
        calm = size < bound
        self._noise += np.where(calm, 0.02 * (size * 0.6 - self._noise), 0)
        pace = np.where(calm, 0.05, 0.004)[..., None].astype(np.float32)
        self._mean += pace * gap
        return mask

    def _shade(self, now: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Where the ground is merely darker: all colours by nearly the same part."""
        assert self._mean is not None  # noqa: S101 - see() has seeded it
        ratio = (now + 6.0) / (self._mean + 6.0)
        low, high = ratio.min(axis=2), ratio.max(axis=2)
        out: npt.NDArray[np.bool_] = (low > 0.45) & (high < 0.97) & (high - low < 0.13)
        return out

    def _around(self, frame: Frame) -> tuple[int, int, int, int]:
        """The pitch and its goals with room above for people at the far side, and around for a ball that went out."""
        zones = (self._pitch.zone, *self._pitch.goals)
        spots = np.array([spot for zone in zones for spot in zone.polygon]) / frame.scale
        up, side = 0.16 * frame.height, 0.05 * frame.width
        x1, y1 = max(0, int(spots[:, 0].min() - side)), max(0, int(spots[:, 1].min() - up))
        x2 = min(frame.width, int(spots[:, 0].max() + side))
        return x1, y1, x2, min(frame.height, int(spots[:, 1].max() + 0.06 * frame.height))


def coloured(seen: Foreground, rgb: Rgb, within: float = 50.0) -> list[Blob]:
    """Regions of the foreground that bear nearly that colour: what touches people is a region of its own by it."""
    gap = seen.picture.astype(np.float32) - np.array(rgb, np.float32)
    near = (np.sqrt((gap * gap).sum(axis=2)) < within) & (seen.mask > 0)
    return list(_field(seen.picture, near.astype(np.uint8), seen.corner, seen.scale, seen.height).blobs)


def _field(picture: Picture, mask: Mask, corner: tuple[int, int], scale: float, height: float) -> Foreground:
    count, found, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    labels = np.asarray(found, np.int32)
    blobs = []
    for i in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[i])
        if area < 6:
            continue
        box = Box(x + corner[0], y + corner[1], x + w + corner[0], y + h + corner[1]).scaled(scale)
        rgb, contrast = _look_of(picture, labels, i, (x, y, w, h)) if area < SMALL else ((0.0, 0.0, 0.0), 0.0)
        blobs.append(Blob(box, area / (w * h), rgb, contrast))
    return Foreground(picture, mask, labels, tuple(blobs), corner, scale, height)


def _look_of(
    picture: Picture, labels: npt.NDArray[np.int32], label: int, place: tuple[int, int, int, int]
) -> tuple[Rgb, float]:
    """A small region's colour, and how far it is from that of the pixels around it."""
    x, y, w, h = place
    part = np.s_[max(0, y - RIM) : y + h + RIM, max(0, x - RIM) : x + w + RIM]
    inside = labels[part] == label
    rgb = _core(picture[part], inside)
    around = cv2.dilate(inside.astype(np.uint8), np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)) == 0
    near = ~around & ~inside
    if not near.any():
        return rgb, 0.0
    return rgb, math.dist(rgb, np.median(picture[part][near], axis=0))


def _core(part: Picture, inside: npt.NDArray[np.bool_]) -> Rgb:
    """The colour of a small region, its soft rim left out where something remains."""
    core = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    r, g, b = np.median(part[core if np.count_nonzero(core) >= 3 else inside], axis=0)
    return float(r), float(g), float(b)
