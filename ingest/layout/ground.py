"""Finds the ground plane from what somebody measured on it: places with their metres, or distances between points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from core.ground import Ground
from core.place import Point

Pair = tuple[Point, Point, float]
"""Two picture points and the metres between them on the ground."""

Floats = npt.NDArray[np.float64]

LIKELY_FOCAL = 0.85
"""Focal length in units of the picture's longer side: 61° across, the middle of what surveillance cameras have."""
FOCAL_SPREAD = 0.35
"""How uncertain that is, in natural logarithm: 0.85 is most likely between 0.6 and 1.2 (45° to 80° across)."""
ROLL_SPREAD = math.radians(3)
"""How far a fixed camera usually hangs askew."""
MEASURED = 0.02
"""The error of a distance somebody measured and clicked, in natural logarithm."""
STARTS = (12.0, 25.0, 45.0, 70.0, 88.0)
"""Tilts (degrees below level) from which the search starts: it has to find the best of several valleys."""


def from_places(picture: Sequence[Point], metres: Sequence[Point]) -> Ground | None:
    """The ground on which four or more picture points have these places; None where they settle nothing (as on a line).

    A least-squares homography (Hartley and Zisserman, "Multiple View Geometry", 2nd ed., algorithm 4.2).
    """
    seen, known = np.asarray(picture, np.float64), np.asarray(metres, np.float64)
    found: Any = cv2.findHomography(seen, known, 0)[0]  # it may be None, whatever OpenCV's types say
    matrix: Floats = np.zeros((3, 3)) if found is None else np.asarray(found, np.float64)
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-15:
        return None
    depth = seen @ matrix[2, :2] + matrix[2, 2]
    if float(depth.min()) * float(depth.max()) <= 0:
        return None
    return Ground(tuple(float(v) for v in (matrix * np.sign(depth[0]) / np.abs(depth).mean()).ravel()))


def from_distances(pairs: Sequence[Pair], width: int, height: int) -> Ground:
    """The most likely ground on which two or more pairs of points lie that far apart.

    The camera is taken for one with square pixels whose axis meets the middle of the picture; its height and tilt are
    found, and its focal length and roll as far as the pairs tell them: else they stay near what is usual.
    """
    best = min((_fitted(pairs, width, height, tilt) for tilt in STARTS), key=lambda fit: fit[0])
    tilt, focal, roll = best[1]
    return _scaled(pairs, _plane(tilt, focal, roll, width, height))


def misfit(ground: Ground, pair: Pair) -> float:
    """By which part the ground's distance differs from the measured one."""
    found = ground.metres(pair[0], pair[1])
    return math.inf if found is None else abs(found / pair[2] - 1)


def _fitted(pairs: Sequence[Pair], width: int, height: int, tilt: float) -> tuple[float, Floats]:
    from scipy.optimize import least_squares  # half a second to load, and few streams have such a scale

    likely = LIKELY_FOCAL * max(width, height)

    def amiss(guess: Floats) -> Floats:
        usual = [math.log(guess[1] / likely) / FOCAL_SPREAD, guess[2] / ROLL_SPREAD]
        plane = _plane(guess[0], guess[1], guess[2], width, height)
        measured = [plane.metres(a, b) for a, b, _ in pairs]
        logs = [math.log(m / pair[2]) if m else 20.0 for m, pair in zip(measured, pairs, strict=True)]
        middle = median(logs)  # the camera's height scales all alike
        return np.array([*((log - middle) / MEASURED for log in logs), *usual])

    fit = least_squares(
        amiss,
        np.array([math.radians(tilt), likely, 0.0]),
        bounds=([math.radians(1), 0.2 * likely, -0.5], [math.radians(90), 6 * likely, 0.5]),
        loss="soft_l1",  # one wrong distance must not bend the plane for the others: it has to stand out
        x_scale=[0.2, 0.3 * likely, 0.05],
    )
    return float(fit.cost), fit.x


def _scaled(pairs: Sequence[Pair], plane: Ground) -> Ground:
    logs = [math.log(pair[2] / found) for pair in pairs if (found := plane.metres(pair[0], pair[1]))]
    by = math.exp(median(logs)) if logs else 1.0
    return Ground(tuple(v * by if n < 6 else v for n, v in enumerate(plane.matrix)))


def _plane(tilt: float, focal: float, roll: float, width: int, height: int) -> Ground:
    """The ground below a camera one metre up that looks `tilt` below level: a picture point's ray, cut with the plane."""
    cx, cy = width / 2, height / 2
    ray = np.array([[1 / focal, 0, -cx / focal], [0, 1 / focal, -cy / focal], [0, 0, 1]])
    turn = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    s, c = math.sin(tilt), math.cos(tilt)
    level = np.array([[1, 0, 0], [0, -s, c], [0, c, s]])  # to the right, ahead, down
    return Ground(tuple(float(v) for v in (level @ turn @ ray).ravel()))
