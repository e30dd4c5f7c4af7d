"""What a camera's picture is like as a whole: how bright, how sharp, and how it lies on an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from core.media import Picture

Grey = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SIDE = 320
"""Longest side of the pictures compared."""
ROWS, COLUMNS = 6, 8
"""The cells a view is judged in: a person or a van in front of some of them must not decide."""
TINY = (32, 18)
"""The picture so small that neither focus nor a small shift matters: is it the same scene at all?"""
PLAIN = 1.6
"""Detail (grey levels) below which a cell is a plain wall that cannot tell focus, place or cover."""
FINE_NOISE = 1.06
"""Fine detail that is nothing but noise, over the mean difference of two noisy pictures (both follow from its spread)."""
LEAST_CELLS = 8
"""Of `ROWS` by `COLUMNS`: a view with fewer cells of detail cannot be judged."""
PER_CELL = 10
LEAST_POINTS = 12
WORST_MATCH = 16.0
"""Points followed in each of 4 by 4 cells, how few say nothing, and by how many grey levels a found one may differ."""
CLEARER = 0.15
"""How much more of a cell's edges must meet to say where they are now."""
LEAST_SLOPE = 8.0
PUSH = 12
"""Pixels by which a picture is pushed aside to learn how many edges meet by chance."""
STILL_PX = 0.7
"""A point that moved less than this has not moved."""


class Motion(NamedTuple):
    """How one picture lies on another.

    `far` is how far its corners moved on average, `across` and `down` its middle, in picture widths, as the part
    `agree` of the followed points says, which lie in the part `spread` of the picture (of 4 by 4 cells); `cells` is the part of it that has points, and
    `stirred` in which part of those hardly any point kept its place; `matrix` takes the one picture to the other.
    """

    far: float
    across: float
    down: float
    agree: float
    spread: float
    cells: float
    stirred: float
    matrix: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One picture as compared, `grey`, with the brightness that one pixel in twenty reaches and, per cell, the fine
    detail (what a blur takes away) and the coarse (what only a cover takes away), in grey levels; `edges` are its plain ones.
    """

    grey: Grey
    bright: float
    fine: Plane
    coarse: Plane
    tiny: Plane
    edges: Mask

    @classmethod
    def of(cls, picture: Picture) -> View:
        """Measures an RGB picture; about a millisecond."""
        grey = shrunk(picture)
        values = grey.astype(np.float32)
        soft = cv2.GaussianBlur(values, (0, 0), 1.0)
        sharp = np.asarray((values - soft) * (values - soft), np.float32)
        smooth = cv2.GaussianBlur(
            cv2.resize(soft, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), (0, 0), 2.5
        )
        smooth = cv2.resize(smooth, (values.shape[1], values.shape[0]), interpolation=cv2.INTER_LINEAR)
        return cls(
            grey=grey,
            bright=float(np.percentile(grey[::2, ::2], 95)),
            fine=np.sqrt(np.sqrt(_cells(sharp * sharp))),  # the fourth power lets edges outweigh noise
            coarse=_cells(np.abs(soft - smooth)),
            edges=_edges(np.asarray(soft, np.float32)),
            tiny=np.asarray(cv2.resize(values, TINY, interpolation=cv2.INTER_AREA), np.float32),
        )

    @property
    def textured(self) -> Mask:
        """The cells with something in them to judge by."""
        return self.coarse > PLAIN

    def sharpness(self, past: View, noise: float = 0.0) -> float:
        """How much fine detail there is, over how much there was: 1 as it was, below where blurred.

        A blur spares nothing, so the sharper of the cells with detail count (one in seven is sharper still), less what the light alone explains (the contrast of the tiny pictures) and
        what is noise (`change` from picture to picture: a blurred picture is no less noisy). 1 where noise is all.
        """
        floor = (FINE_NOISE * noise) ** 4
        was, now = (np.maximum(view.fine**4 - floor, 0.0) ** 0.25 for view in (past, self))
        cells = past.textured & (was > 0.5)
        if np.count_nonzero(cells) < LEAST_CELLS:
            return 1.0
        lit = float(self.tiny.std() / max(float(past.tiny.std()), 1.0))
        return float(np.percentile(now[cells] / was[cells], 85)) / min(1.0, max(lit, 0.1))

    def hidden(self, past: View) -> float:
        """The part of the cells with detail that have lost most of their coarse detail; 0 with too few to say."""
        cells = past.textured
        if np.count_nonzero(cells) < LEAST_CELLS:
            return 0.0
        return float(np.mean(self.coarse[cells] < 0.4 * past.coarse[cells]))

    def alike(self, past: View) -> float:
        """Correlation of the two as tiny pictures, each less its surroundings, -1 to 1: the light's strength and focus
        hardly matter to it, what is hidden does. 0 where either is flat.
        """
        a, b = (view.tiny - cv2.blur(view.tiny, (7, 7)) for view in (self, past))
        power = float(np.sqrt((a * a).mean() * (b * b).mean()))
        return float((a * b).mean()) / power if power > 0.5 else 0.0


def kept(before: View, after: View) -> float:
    """Whether the plain edges of one picture are in the same places in another, whatever else came or went: 1 for all
    of them, about 0 for no more than would lie there by chance (which is how many do with the picture pushed aside).
    """
    was, now = before.edges, after.edges
    count = int(np.count_nonzero(was))
    if count < was.size // 200 or was.shape != now.shape:
        return 1.0
    here = np.count_nonzero(was & now) / count
    met = 0.0
    for a, b in ((slice(PUSH, None), slice(None, -PUSH)), (slice(None, -PUSH), slice(PUSH, None))):
        met += float(np.count_nonzero(was[a] & now[b]) + np.count_nonzero(was[:, a] & now[:, b]))
    chance = met / 4 / count
    return float((here - chance) / max(1.0 - chance, 0.05))


def votes(before: View, after: View, flow: Motion) -> tuple[float, float]:
    """In which part of the cells with edges these lie rather where the motion took them, and where they were: what moves
    by itself, however large, leaves other cells where they were.
    """
    height, width = after.edges.shape
    was, now = (
        before.edges.astype(np.uint8),
        np.asarray(cv2.dilate(after.edges.astype(np.uint8), np.ones((3, 3), np.uint8)), np.uint8),
    )
    matrix = np.array(flow.matrix, np.float64).reshape(2, 3)
    taken = cv2.warpAffine(was, matrix, (width, height), flags=cv2.INTER_NEAREST)
    shown = np.asarray(
        cv2.warpAffine(np.ones_like(was), matrix, (width, height), flags=cv2.INTER_NEAREST), np.uint8
    )

    def met(edges: Grey) -> tuple[Plane, Plane]:
        return _cells((edges & now).astype(np.float32)), _cells((edges & shown).astype(np.float32))

    (here, edges_here), (there, edges_there) = (
        met(np.asarray(was, np.uint8)),
        met(np.asarray(taken, np.uint8)),
    )
    judged = (edges_here > 0.02) & (edges_there > 0.02)
    if np.count_nonzero(judged) < LEAST_CELLS:
        return 0.0, 0.0
    gain = there[judged] / edges_there[judged] - here[judged] / edges_here[judged]
    return float(np.mean(gain > CLEARER)), float(np.mean(gain < -CLEARER))


def _edges(soft: Plane) -> Mask:
    """The steepest tenth of the picture, and no slope of less than `LEAST_SLOPE` levels a pixel."""
    steep = cv2.magnitude(
        cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=0.25)
    )
    return np.asarray(steep > max(LEAST_SLOPE, float(np.percentile(steep[::3, ::3], 90))), np.bool_)


def shrunk(picture: Picture) -> Grey:
    """The picture in grey with its longest side at most `SIDE`."""
    by = min(1.0, SIDE / max(picture.shape[:2]))
    if by < 1:
        size = (max(16, round(picture.shape[1] * by)), max(16, round(picture.shape[0] * by)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def change(before: Grey, after: Grey) -> float:
    """How much two pictures differ (grey levels) in the middle one of their cells: by its noise, not by what moves."""
    return float(np.median(_cells(cv2.absdiff(before, after).astype(np.float32))))


def _cells(plane: Plane) -> Plane:
    return np.asarray(cv2.resize(plane, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32)


def motion(before: Grey, after: Grey) -> Motion | None:
    """How the picture after lies on the one before: points followed by optical flow (Lucas and Kanade, in pyramids),
    spread over the picture, and the similarity most of them agree on (RANSAC). None where there is too little to follow.
    """
    points = _points(before)
    if len(points) < LEAST_POINTS:
        return None
    there, found, error = cv2.calcOpticalFlowPyrLK(before, after, points, None, winSize=(15, 15), maxLevel=3)  # type: ignore[call-overload]
    known = (found.ravel() == 1) & (error.ravel() < WORST_MATCH)
    if np.count_nonzero(known) < LEAST_POINTS:
        return None
    return _agreed(points[known], there[known], before.shape, len(points))


def _points(grey: Grey) -> Plane:
    """Corners to follow, the best few of each cell: else one rich thing would speak for the whole picture."""
    found: Any = cv2.goodFeaturesToTrack(grey, 500, 0.01, 6)
    if found is None:
        return np.empty((0, 2), np.float32)
    points = found.reshape(-1, 2)
    taken: dict[int, int] = {}
    keep = []
    for n, cell in enumerate(_cell_of(points, grey.shape).tolist()):
        if taken.setdefault(cell, 0) < PER_CELL:
            taken[cell] += 1
            keep.append(n)
    return np.asarray(points[keep], np.float32)


def _cell_of(points: Plane, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    size = (4 / shape[1], 4 / shape[0])
    return np.asarray(np.clip(points * size, 0, 3).astype(np.int64) @ np.array([1, 4]), np.int64)


def matched(before: Grey, after: Grey) -> Motion | None:
    """As `motion`, for pictures that lie so far apart that nothing can be followed: by matching ORB features
    (Rublee et al., "ORB: an efficient alternative to SIFT or SURF", 2011). Dearer; None where they do not match.
    """
    one, a = _features(before)
    other, b = _features(after)
    if a is None or b is None or min(len(one), len(other)) < LEAST_POINTS:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(a, b)
    pairs = [pair for pair in pairs if pair.distance < 48]
    if len(pairs) < LEAST_POINTS:
        return None
    start = np.array([one[pair.queryIdx].pt for pair in pairs], np.float32)
    end = np.array([other[pair.trainIdx].pt for pair in pairs], np.float32)
    return _agreed(start, end, before.shape, len(pairs))


def _features(grey: Grey) -> tuple[Sequence[cv2.KeyPoint], Grey | None]:
    found: Any = cv2.ORB.create(400).detectAndCompute(grey, None)  # the descriptors may be None
    points, descriptors = found
    return points, descriptors


def _agreed(start: Plane, end: Plane, shape: tuple[int, ...], tried: int) -> Motion | None:
    fit: Any = cv2.estimateAffinePartial2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=1.5, confidence=0.99, maxIters=300
    )
    matrix, inliers = fit
    if matrix is None:
        return None
    height, width = shape[:2]
    inside = inliers.ravel() > 0
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    moved = corners @ matrix[:, :2].T + matrix[:, 2] - corners
    middle = np.array([width / 2, height / 2])
    across, down = matrix[:, :2] @ middle + matrix[:, 2] - middle
    moves, cells = np.hypot(*(end - start).T), _cell_of(start, shape)
    calmest = [np.percentile(moves[cells == c], 25) for c in range(16) if np.count_nonzero(cells == c) >= 3]
    return Motion(
        far=float(np.hypot(moved[:, 0], moved[:, 1]).mean()) / width,
        across=float(across) / width,
        down=float(down) / width,
        agree=float(np.count_nonzero(inside)) / tried,
        spread=len(set(cells[inside].tolist())) / 16,
        cells=len(calmest) / 16,
        stirred=float(np.mean([move > STILL_PX for move in calmest])) if calmest else 0.0,
        matrix=tuple(float(v) for v in matrix.ravel()),
    )
