"""What a fixed camera sees when nothing is in front of it, learned from the pictures and compared with each new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from core.media import Frame, Picture
from core.place import Box

Plane = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]
"""0 or 255."""

SIDE = 400
"""Longest side of the pictures compared, in pixels."""
LUMA_FLOOR, CHROMA_FLOOR = 11.0, 6.0
"""Least difference (of 255) that counts, however quiet the sensor: below it lie compression and dither."""
DEVIATIONS = 3.5
"""How many times its usual noise a pixel must differ by."""
SETTLE = 8.0
"""Seconds in which the background follows a lasting small change."""
SHADE = 0.4
"""How much a difference counts that may be a shadow: grey clothes before a pale wall look the same, so not nothing."""
UPSET = 0.6
"""The part of the picture that, changed at once, means that the light or the camera changed, not that things moved."""
SOFT = 0.18
"""How steep (`slope`) the ratio of luma may be where a shadow is cast: the edge of a thing is steeper."""
THREAD = 0.08
"""Which part of a region's width or height a row or column of it must fill to be more than a shadow's rim."""
LEAST_SOLID = 4e-4
"""A region in which nothing hangs together that covers so much of the picture, but the ground in a lamp's light, is no thing."""
LEAST_REGION = 1.2e-4
"""Regions that cover less of the picture are noise."""
RELIT, SAME = 0.7, 0.9
"""Correlation of edges, and of luma, from which on a region is the background under another light."""
STALE = 0.9
"""Seconds after which a pixel that differs and has not changed counts as still."""
CALM = 0.25
"""Seconds a pixel must have kept still to be part of what is known to have left."""
WHOLLY = 0.7
"""The part of a region that must be still for it to be judged a thing at rest or a hole."""
PLAIN_EDGE = 24.0
"""An edge steeper than this (`_edge`) is plain."""
KNOWN = 0.5
"""A region of which this part is covered by boxes of known things is no hole that something left."""
SHAKEN = 0.4
"""In which part of the picture edges must have moved, three looks in a row, to mean that the camera moves."""
STRAYS, STRAYS_SHARE = 2.0, 0.1
"""A pixel that is further from the first pictures' median, in least differences, in this part of them may be remembered wrongly …"""
AGREES_FOR = 5.0
"""… until it has shown what is remembered for so many seconds: longer than most who are remembered there stay."""
CALM_AFTER = SECOND * 7 // 10
"""How long after such an upset nothing is reported, because the background is being learned anew."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changed:
    """What differs from the background in one `picture`, all at the size compared.

    `mask` marks it; `strength` is by how many thresholds each pixel differs; `active` marks what also moved since the
    look before. `upset` is true when too much changed at once to tell things apart.
    """

    picture: Picture
    mask: Mask
    strength: Plane
    active: Mask
    upset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Views:
    """The latest picture (`now`) and the remembered one (`known`) as planes of luma and chroma, of one size, and the
    `mask` of what differs; `unsure` is where things passed while the remembered one was learned (AGREES_FOR).
    """

    now: Plane
    known: Plane
    mask: Mask
    unsure: npt.NDArray[np.bool_]

    def part_unsure(self, box: Box, frame: Frame) -> float:
        """Which part of what differs in the box may be remembered wrongly."""
        small = self._shrunk(box, frame)
        y, x = slice(int(small.y1), int(small.y2) + 1), slice(int(small.x1), int(small.x2) + 1)
        differs = self.mask[y, x] > 0
        return int(np.count_nonzero(differs & self.unsure[y, x])) / max(1, int(np.count_nonzero(differs)))

    def picture(self, planes: Plane, frame: Frame) -> Picture:
        """One of the two as a picture of the frame's size."""
        small = cv2.cvtColor(np.clip(planes, 0, 255).astype(np.uint8), cv2.COLOR_YCrCb2RGB)
        return cv2.resize(small, (frame.width, frame.height), interpolation=cv2.INTER_LINEAR).astype(
            np.uint8, copy=False
        )

    def edge_is_remembered(self, box: Box, frame: Frame) -> bool:
        """Whether the remembered picture rather than the latest has an edge round what differs in the box."""
        small = self._shrunk(box, frame)
        y = slice(max(0, int(small.y1) - 4), int(small.y2) + 4)
        x = slice(max(0, int(small.x1) - 4), int(small.x2) + 4)
        region = (self.mask[y, x] > 0).astype(np.uint8)
        return is_ghost(self.now[y, x], self.known[y, x], region, nothing=True)

    def _shrunk(self, box: Box, frame: Frame) -> Box:
        """A box in the frame's pixels as one in the picture compared."""
        across, down = self.mask.shape[1] / frame.width, self.mask.shape[0] / frame.height
        return Box(box.x1 * across, box.y1 * down, box.x2 * across, box.y2 * down)


class Background:
    """A picture of the empty scene with each pixel's usual noise; learns only where nothing stands. Picklable."""

    def __init__(self) -> None:
        self._mean: Plane | None = None
        self._noise: Plane = np.empty(0, np.float32)
        self._flicker: Plane = np.empty(0, np.float32)
        self._still: Plane = np.empty(0, np.float32)
        self._before: Plane = np.empty(0, np.float32)
        self._now: Plane | None = None
        self._even: Plane | None = None
        self._raw: Mask = np.empty(0, np.uint8)
        self._mask: Mask = np.empty(0, np.uint8)
        self._kept: Mask = np.empty(0, np.uint8)
        self._doubt: Plane = np.empty(0, np.float32)
        self._judged = False
        self._at: Micros = 0
        self._born: Micros = 0
        self._calm_from: Micros = 0
        self._shaken: list[float] = [0.0]
        self._owed = 0.0
        self._turns = 0

    @property
    def ready(self) -> bool:
        """Whether it has seen a picture."""
        return self._mean is not None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_now": None, "_even": None}

    def reset(self) -> None:
        """Forgets everything: the next picture begins a new scene."""
        self.__init__()  # type: ignore[misc]

    @staticmethod
    def shrunk(picture: Picture) -> Picture:
        """The picture at the size compared."""
        shrink = min(1.0, SIDE / max(picture.shape[:2]))
        size = (max(8, round(picture.shape[1] * shrink)), max(8, round(picture.shape[0] * shrink)))
        if shrink == 1:
            return picture
        # what shrinks by less than half loses nothing to the quicker way: the planes are smoothed anyhow
        how = cv2.INTER_LINEAR if shrink > 0.5 else cv2.INTER_AREA
        small: Picture = cv2.resize(picture, size, interpolation=how).astype(np.uint8, copy=False)
        return small

    @staticmethod
    def planes(small: Picture) -> Plane:
        """The picture as compared: luma and two chroma planes, lightly smoothed."""
        ycc = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
        return cv2.GaussianBlur(ycc, (3, 3), 0).astype(np.float32)

    def seed(self, pictures: Sequence[Picture], at: Micros) -> None:
        """Begins with these pictures: their median shows what stood behind whatever moved through them."""
        stack = np.stack([self.planes(self.shrunk(p)) for p in pictures])
        middle = np.median(stack, axis=0).astype(np.float32)
        if len(stack) >= 5:
            spread = 1.48 * np.median(np.abs(stack - middle), axis=0)
            self._begin(middle, np.clip(spread, 1.5, 5).astype(np.float32), at)
        else:
            self._begin(middle, np.full_like(middle, 2.0), at)
        far = np.abs(stack - middle) > STRAYS * np.array([LUMA_FLOOR, CHROMA_FLOOR, CHROMA_FLOOR], np.float32)
        self._doubt[np.mean(far.any(axis=-1), axis=0) > STRAYS_SHARE] = AGREES_FOR

    def _begin(self, mean: Plane, noise: Plane, at: Micros) -> None:
        shape = mean.shape[:2]
        self._mean, self._noise = mean, noise
        self._flicker = np.zeros(shape, np.float32)
        self._still = np.zeros(shape, np.float32)
        self._before = mean[..., 0].copy()
        self._raw = np.zeros(shape, np.uint8)
        self._mask = np.zeros(shape, np.uint8)
        self._kept = np.zeros(shape, np.uint8)
        self._doubt = np.zeros(shape, np.float32)
        self._at = self._born = at

    def keep(self, boxes: Sequence[Box]) -> None:
        """Things known to be in these boxes (in pixels of the picture compared) after the latest look: until told anew,
        what is there is not learned and not taken for a place that something has left.
        """
        self._kept[:] = 0
        self._judged = True
        for box in boxes:
            self._kept[int(box.y1) : int(np.ceil(box.y2)), int(box.x1) : int(np.ceil(box.x2))] = 255

    def forget(self, boxes: Sequence[Box]) -> None:
        """What was remembered in these boxes (in pixels of the picture compared) is there no more: what differs there and
        keeps still is taken over from the latest picture; who walks past is not.
        """
        if self._mean is None or self._now is None:
            return
        for box in boxes:
            y, x = (
                slice(max(0, int(box.y1) - 2), int(box.y2) + 3),
                slice(max(0, int(box.x1) - 2), int(box.x2) + 3),
            )
            self._take_over(y, x, (self._mask[y, x] > 0) & (self._still[y, x] > CALM), self._now)

    @property
    def views(self) -> Views | None:
        """The latest picture, lit as the remembered one, and that one; None before the first."""
        if self._mean is None or self._even is None:
            return None
        return Views(now=self._even, known=self._mean, mask=self._mask, unsure=self._doubt > 0)

    def compare(self, picture: Picture, at: Micros) -> Changed:
        """What differs in this picture; `at` must not go back."""
        small = self.shrunk(picture)
        now = self.planes(small)
        if self._mean is None or self._mean.shape != now.shape:
            self.seed([picture], at)
        elapsed = min(2.0, max(0.02, (at - self._at) / SECOND))
        even = self._evened(now)
        self._at, self._now, self._even = at, now, even
        strength, raw = self._differs(even)
        part = float(np.count_nonzero(raw)) / raw.size
        self._shaken = [*self._shaken[-2:], self._edges_moved(now[..., 0])]
        bound = SHAKEN / 2 if at < self._calm_from else SHAKEN
        if part > UPSET or min(self._shaken) > bound:
            self._calm_from = at + CALM_AFTER
        if at < self._calm_from:
            return self._upset(now, small, strength, at)
        mask = self._linked(raw, strength, even)
        active = self._note_stillness(now[..., 0], mask, elapsed)
        self._heal_ghosts(now, even, mask)
        self._owed += elapsed
        self._turns += 1
        if self._turns % 2 == 0 or (at - self._born) < 3 * SECOND:
            self._learn(now, mask, self._owed)
            self._owed = 0.0
        self._note_flicker(raw, elapsed)
        np.subtract(self._doubt, np.float32(elapsed), out=self._doubt, where=mask == 0)
        self._before, self._raw, self._mask = now[..., 0], raw, mask
        return Changed(picture=small, mask=mask, strength=strength, active=active)

    def _edges_moved(self, luma: Plane) -> float:
        """In which part of the picture the background's plain edges are elsewhere now: all over when the camera moves.

        Judged in 6 by 6 cells; 0 where fewer than a quarter of them have edges to judge by.
        """
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        half = (slice(None, None, 2), slice(None, None, 2))
        plain = slope(np.ascontiguousarray(self._mean[..., 0][half])) > 12.0
        edges = plain & (self._mask[half] == 0) & (self._raw[half] == 0)
        moved = edges & (np.abs(luma[half] - self._before[half]) > 8.0)
        have, gone = _cells(edges), _cells(moved)
        judged = have > 0.01
        if np.count_nonzero(judged) < judged.size // 4:
            return 0.0
        return float(np.mean(gone[judged] > 0.4 * have[judged]))

    def _upset(self, now: Plane, small: Picture, strength: Plane, at: Micros) -> Changed:
        self._begin(now, np.maximum(self._noise, 3.0), at)
        nothing = np.zeros(strength.shape, np.uint8)
        return Changed(picture=small, mask=nothing, strength=strength, active=nothing, upset=True)

    def _evened(self, now: Plane) -> Plane:
        """The picture with the camera's change of exposure and white balance taken out, judged where nothing stands."""
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        sparse = (slice(None, None, 6), slice(None, None, 6))
        free = self._mask[sparse] == 0
        if np.count_nonzero(free) < free.size // 5:
            free = np.ones_like(free)
        seen, known = now[sparse][free], self._mean[sparse][free]
        lit = (known[:, 0] > 20) & (known[:, 0] < 235) & (seen[:, 0] < 250)
        gain = 1.0
        if np.count_nonzero(lit) > 50:
            gain = float(np.clip(np.median(seen[lit, 0] / known[lit, 0]), 0.4, 2.5))
        tint = np.median(seen[:, 1:] - known[:, 1:], axis=0)
        # plane by plane: a vector of three, spread over the last axis, takes ten times as long
        even: Plane = now.copy()
        even[..., 0] *= np.float32(1 / gain)
        even[..., 1] -= np.float32(tint[0])
        even[..., 2] -= np.float32(tint[1])
        return even

    def _differs(self, even: Plane) -> tuple[Plane, Mask]:
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        gap = self._gap(even)
        patience = 1.0 + 5.0 * np.maximum(self._flicker - 0.06, 0)
        luma = gap[..., 0] / (np.maximum(DEVIATIONS * self._noise[..., 0], LUMA_FLOOR) * patience)
        floor = np.maximum(DEVIATIONS * np.maximum(self._noise[..., 1], self._noise[..., 2]), CHROMA_FLOOR)
        chroma = np.maximum(gap[..., 1], gap[..., 2]) / (floor * patience)
        strength = np.maximum(luma, chroma)
        shade = self._shade(even, chroma)
        strength[shade] *= SHADE
        return strength, ((strength > 1.0) * np.uint8(255)).astype(np.uint8)

    def _gap(self, even: Plane) -> Plane:
        """How far each value lies outside what the background shows within a pixel's reach: a camera shakes a little."""
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        reach = np.ones((3, 3), np.uint8)
        over = even - cv2.dilate(self._mean, reach)
        under = cv2.erode(self._mean, reach) - even
        gap: Plane = np.maximum(np.maximum(over, under), 0)
        return gap

    def _shade(self, even: Plane, chroma: Plane) -> npt.NDArray[np.bool_]:
        """Where the same ground is merely darker or lighter: chroma alike, and the ratio of luma the same all around.

        After Jacques, Jung and Musse, "Background subtraction and shadow detection in grayscale video", 2005.
        """
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        ratio = (even[..., 0] + 4.0) / (self._mean[..., 0] + 4.0)
        around = cv2.blur(ratio, (5, 5))
        rough = cv2.blur(ratio * ratio, (5, 5)) - around * around
        shade: npt.NDArray[np.bool_] = (chroma < 1.0) & (around > 0.5) & (around < 0.96) & (rough < 0.0016)
        return shade

    def _linked(self, raw: Mask, strength: Plane, even: Plane) -> Mask:
        """The weak pixels that hang together with strong ones, small holes closed, mere changes of light left out."""
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        opened = cv2.morphologyEx(raw, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, self._closer(raw.shape))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
        strong = np.bincount(labels[strength > 1.8], minlength=count)
        mask = np.zeros_like(raw)
        for index in range(1, count):
            left, top, width, height, area = (int(v) for v in stats[index])
            if area < LEAST_REGION * raw.size or strong[index] < max(3, 0.08 * area):
                continue
            y, x = slice(max(0, top - 3), top + height + 3), slice(max(0, left - 3), left + width + 3)
            inside = labels[y, x] == index
            if np.count_nonzero(self._kept[y, x][inside]) > KNOWN * area:
                mask[y, x][inside] = 255
                continue
            if not relit(even[y, x], self._mean[y, x], inside):
                solid = _large(inside & ~self._shone_on(even[y, x], y, x), LEAST_SOLID * raw.size)
                if not solid.any():
                    continue
                inside = inside & within_core(solid, inside, least=0.0)
                mask[y, x][inside & within_core(inside & ~self._cast_on(even[y, x], y, x), inside)] = 255
        return mask

    def _cast_on(self, even: Plane, y: slice, x: slice) -> npt.NDArray[np.bool_]:
        """Where a shadow may lie, in one part of the picture: the ground's colour, darker, and without a sharp edge."""
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        ratio = _smoothed((even[..., 0] + 4.0) / (self._mean[y, x][..., 0] + 4.0))
        return self._of_the_ground(even, y, x, (ratio > 0.45) & (ratio < 0.98) & (slope(ratio) < SOFT))

    def _shone_on(self, even: Plane, y: slice, x: slice) -> npt.NDArray[np.bool_]:
        """Where a lamp may shine, in one part of the picture: the ground's colour, brighter, and without a sharp edge."""
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        more = _smoothed(np.log((even[..., 0] + 4.0) / (self._mean[y, x][..., 0] + 4.0)))
        return self._of_the_ground(even, y, x, (more > 0.02) & (slope(more) < SOFT))

    def _of_the_ground(
        self, even: Plane, y: slice, x: slice, among: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """Those pixels of one part of the picture that have the ground's colour, single ones left out."""
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        known, noise = self._mean[y, x], self._noise[y, x]
        floor = np.maximum(DEVIATIONS * np.maximum(noise[..., 1], noise[..., 2]), CHROMA_FLOOR)
        tint = np.abs(even[..., 1:] - known[..., 1:]).max(axis=2) / floor
        alike = ((tint < 1.3) & among).astype(np.uint8)
        out: npt.NDArray[np.bool_] = cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
        return out

    def _take_over(self, y: slice, x: slice, gone: npt.NDArray[np.bool_], now: Plane) -> None:
        """Remembers what one part of the latest picture shows where something has gone, and a little round it."""
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        grown = cv2.dilate(gone.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        self._mean[y, x][grown] = now[y, x][grown]
        self._still[y, x][grown] = 0
        self._doubt[y, x][grown] = 0

    @staticmethod
    def _closer(shape: tuple[int, ...]) -> Mask:
        """Closes gaps of about 1 % of the picture across and 2 % down: people fall apart at the belt, not side by side."""
        unit = max(1, round(max(shape) / 130))
        kernel: Mask = np.ones((2 * unit + 1, unit + 1), np.uint8)
        return kernel

    def _note_stillness(self, luma: Plane, mask: Mask, elapsed: float) -> Mask:
        """Counts how long each differing pixel has kept still; returns those that moved since the look before."""
        moved = np.abs(luma - self._before) > np.maximum(3.0 * self._noise[..., 0], 9.0)
        self._still += np.float32(elapsed)
        self._still[moved | (mask == 0)] = 0
        active: Mask = np.where(moved & (mask > 0), np.uint8(255), np.uint8(0))
        return active

    def _heal_ghosts(self, now: Plane, even: Plane, mask: Mask) -> None:
        """Where what differs keeps still, decides whether a thing rests there or one was taken away; forgets the latter.

        A thing has an edge round it in the picture where it is: if the edge is in the remembered picture and not in
        this one, the thing stood there when the background was learned and has gone. Judged for whole regions only: a
        part of a resting thing has no edge of its own, and the floor's lines behind it would speak against it.
        """
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        stale = self._still > STALE
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        still = np.bincount(labels[stale], minlength=count)
        for index in range(1, count):
            left, top, width, height, area = (int(v) for v in stats[index])
            if area < mask.size * 1e-4 or still[index] < WHOLLY * area:
                continue
            y, x = slice(max(0, top - 4), top + height + 4), slice(max(0, left - 4), left + width + 4)
            region = (labels[y, x] == index).astype(np.uint8)
            if np.count_nonzero(self._kept[y, x][region > 0]) > KNOWN * area:
                continue
            bare = self._judged and not self._kept[y, x][region > 0].any()
            if is_ghost(even[y, x], self._mean[y, x], region, nothing=bare):
                self._take_over(y, x, region > 0, now)
                mask[y, x][region > 0] = 0

    def _learn(self, now: Plane, mask: Mask, elapsed: float) -> None:
        assert self._mean is not None  # noqa: S101 - compare() has seeded it
        young = (self._at - self._born) < 3 * SECOND
        pace = np.float32(1 - np.exp(-elapsed / (SETTLE / 4 if young else SETTLE)))
        free = (cv2.dilate(mask, np.ones((3, 3), np.uint8)) == 0) & (self._kept == 0)
        weight = (free * pace)[..., None]
        gap = now - self._mean
        spread = np.minimum(np.abs(gap) * np.float32(1.25), np.float32(14))
        gap *= weight
        self._mean += gap
        spread -= self._noise
        spread *= weight * np.float32(0.7)
        self._noise += spread
        np.maximum(self._noise, np.float32(1.2), out=self._noise)

    def _note_flicker(self, raw: Mask, elapsed: float) -> None:
        """Remembers which pixels keep turning on and off, as leaves and water do."""
        pace = np.float32(1 - np.exp(-elapsed / 6))
        self._flicker *= 1 - pace
        self._flicker[raw != self._raw] += pace


def _smoothed(plane: Plane) -> Plane:
    """The plane averaged over each pixel's neighbours."""
    return cv2.blur(plane, (3, 3)).astype(np.float32, copy=False)


def _large(mask: npt.NDArray[np.bool_], least: float) -> npt.NDArray[np.bool_]:
    """What of a mask, with what its outlines enclose, hangs together over at least so many pixels; threads do not."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros(mask.shape, np.uint8), outlines, -1, (1,), cv2.FILLED)
    opened = cv2.morphologyEx(filled, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    kept = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= least)
    large: npt.NDArray[np.bool_] = np.isin(labels, kept[kept > 0])
    return large


def within_core(
    core: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_], *, least: float = 0.5
) -> npt.NDArray[np.bool_]:
    """The rows and columns of a region that hold its core, what is no shadow; all of it where that is too little to go by.

    Grey legs before a grey floor look like a shadow too: so no more than a quarter of the height is cut off, and the
    core must be at least half of the region (or `least` of it, and then any part may be cut off).
    """
    whole = np.ones_like(inside)
    tall = np.count_nonzero(inside.any(axis=1))
    wide = np.count_nonzero(inside.any(axis=0))
    rows = np.flatnonzero(core.sum(axis=1) > max(1, THREAD * wide))
    columns = np.flatnonzero(core.sum(axis=0) > max(1, THREAD * tall))
    if core.sum() < least * inside.sum() or not len(rows) or not len(columns):
        return whole
    out = np.zeros_like(inside)
    out[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    if least < 0.5:
        return out
    if rows[-1] + 1 - rows[0] < 0.75 * tall or columns[-1] + 1 - columns[0] < 0.3 * wide:
        return whole
    return out


def relit(seen: Plane, known: Plane, inside: npt.NDArray[np.bool_]) -> bool:
    """Whether the region has the background's colours and its very pattern, only lit otherwise."""
    tint = np.abs(seen[..., 1:][inside] - known[..., 1:][inside]).max(axis=1)
    if float(np.median(tint)) > CHROMA_FLOOR:
        return False
    near = cv2.dilate(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    light, was = np.ascontiguousarray(seen[..., 0]), np.ascontiguousarray(known[..., 0])
    return (
        correlation(slope(light)[near], slope(was)[near]) > RELIT
        or correlation(light[near], was[near]) > SAME
    )


def correlation(one: Plane, other: Plane) -> float:
    """Correlation of two sets of pixels, -1 to 1, blind to gain and offset; 0 where either is flat."""
    a, b = one - one.mean(), other - other.mean()
    power = float(np.sqrt((a * a).mean() * (b * b).mean()))
    return float((a * b).mean()) / power if power > 9.0 else 0.0


def _cells(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The part of each of 6 by 6 cells that is set."""
    height, width = (mask.shape[0] // 6) * 6, (mask.shape[1] // 6) * 6
    cells: npt.NDArray[np.float64] = (
        mask[:height, :width].reshape(6, height // 6, 6, width // 6).mean(axis=(1, 3))
    )
    return cells


def slope(plane: Plane) -> Plane:
    """Steepness of a plane, levels a pixel."""
    across = cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=0.25)
    down = cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=0.25)
    steep: Plane = np.hypot(across, down)
    return steep


def is_ghost(now: Plane, known: Plane, region: Mask, *, nothing: bool = False) -> bool:
    """Whether the region differs because something was taken from it, judged by whose picture has its edge; by less of
    an edge where somebody looked for things and saw `nothing` there. Where both have a plain one it is that of what hides
    a part of the thing, a post perhaps, and tells nothing: that picture must have more of the rest, too.
    """
    inner = cv2.erode(region, np.ones((3, 3), np.uint8))
    band = (cv2.dilate(region, np.ones((3, 3), np.uint8)) > 0) & (inner == 0)
    if np.count_nonzero(band) < 8:
        return False
    more, least = (1.05, 0.5) if nothing else (1.35, 2.0)
    was, here = _edge(known, band), _edge(now, band)
    told = np.minimum(was, here) <= PLAIN_EDGE
    return bool(
        np.mean(was) > more * np.mean(here) + least and np.sum(was, where=told) > np.sum(here, where=told)
    )


def _edge(planes: Plane, band: npt.NDArray[np.bool_]) -> Plane:
    """How steep the picture is at each pixel of the band, levels a pixel."""
    total = np.zeros(band.shape, np.float32)
    for channel, weight in ((0, 1.0), (1, 2.0), (2, 2.0)):
        total += np.float32(weight) * slope(np.ascontiguousarray(planes[..., channel]))
    edge: Plane = total[band]
    return edge
