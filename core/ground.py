"""The ground as the camera sees it: from places in the picture to metres on a plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ground:
    """A flat ground: `matrix` is the homography, row by row, that takes a picture point `(x, y, 1)` to metres.

    Its third row is positive where there is ground, 0 at the horizon. Where the axes of the plane lie is of no meaning,
    only distances are. Raises ValueError unless there are nine finite numbers.
    """

    matrix: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.matrix) != 9 or not all(math.isfinite(v) for v in self.matrix):
            raise ValueError(f"a homography is nine finite numbers, got {self.matrix}")

    @classmethod
    def flat(cls, metres_per_pixel: float) -> Ground:
        """The ground seen from straight above: one scale for the whole picture."""
        return cls((metres_per_pixel, 0.0, 0.0, 0.0, metres_per_pixel, 0.0, 0.0, 0.0, 1.0))

    @property
    def from_above(self) -> bool:
        """Whether the camera looks straight down (one scale everywhere), so that a box is what a thing covers of the ground."""
        a, b, _, d, e, _, g, h, _ = self.matrix
        return g == 0.0 and h == 0.0 and math.hypot(a - e, b + d) < 0.01 * math.hypot(a, d)

    def place(self, point: _Point) -> _Point | None:
        """Where on the ground a picture point lies, in metres; None at and above the horizon."""
        a, b, c, d, e, f, g, h, i = self.matrix
        x, y = point
        depth = g * x + h * y + i
        if depth <= 1e-9:
            return None
        return (a * x + b * y + c) / depth, (d * x + e * y + f) / depth

    def metres(self, one: _Point, other: _Point) -> float | None:
        """The distance on the ground between two picture points; None if one of them shows no ground."""
        a, b = self.place(one), self.place(other)
        return None if a is None or b is None else math.dist(a, b)

    def speed(self, point: _Point, velocity: _Point) -> float | None:
        """Metres a second of what moves over the ground at that point with that velocity (pixels a second)."""
        step = 1e-3
        ahead = (point[0] + velocity[0] * step, point[1] + velocity[1] * step)
        far = self.metres(point, ahead)
        return None if far is None else far / step

    def gap(self, one: Sequence[_Point], other: Sequence[_Point]) -> float | None:
        """The shortest distance in metres between two lines that stand on the ground, each from point to point; None if a
        part of one shows no ground.
        """
        lines = [[self.place(point) for point in line] for line in (one, other)]
        ours, theirs = ([place for place in line if place is not None] for line in lines)
        if len(ours) < len(one) or len(theirs) < len(other):
            return None
        return min(_apart(*edge, *edge2) for edge in pairwise(ours) for edge2 in pairwise(theirs))


def _apart(a: _Point, b: _Point, c: _Point, d: _Point) -> float:
    """The shortest distance between two edges."""
    if _crossing(a, b, c, d):
        return 0.0
    return min(_to_edge(a, c, d), _to_edge(b, c, d), _to_edge(c, a, b), _to_edge(d, a, b))


def _to_edge(point: _Point, start: _Point, end: _Point) -> float:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    along = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / length if length > 0 else 0.0
    along = min(1.0, max(0.0, along))
    return math.dist(point, (start[0] + along * dx, start[1] + along * dy))


def _crossing(a: _Point, b: _Point, c: _Point, d: _Point) -> bool:
    def side(p: _Point, q: _Point, r: _Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
