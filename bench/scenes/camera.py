"""A pinhole camera over flat ground: metres in the world to pixels of the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.place import Point

Points = npt.NDArray[np.float64]
"""N × 3: metres right, metres away from the camera, metres up; or N × 2 pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Stands at x = 0, y = 0, `height` metres up, looks along +y and `pitch` degrees down; `focal` is in pixels."""

    width: int
    height_px: int
    height: float
    pitch: float
    focal: float

    def project(self, points: Points) -> tuple[Points, npt.NDArray[np.float64]]:
        """Pixels (N × 2) and pixels per metre at each point (N)."""
        sin, cos = math.sin(math.radians(self.pitch)), math.cos(math.radians(self.pitch))
        up = points[:, 2] - self.height
        depth = np.maximum(points[:, 1] * cos - up * sin, 0.1)
        rise = points[:, 1] * sin + up * cos
        scale = self.focal / depth
        pixels = np.stack([self.width / 2 + points[:, 0] * scale, self.height_px / 2 - rise * scale], axis=1)
        return pixels, scale

    def pixel(self, x: float, y: float, z: float = 0.0) -> Point:
        """One point in pixels."""
        (spot,), _ = self.project(np.array([[x, y, z]], dtype=np.float64))
        return float(spot[0]), float(spot[1])

    def ground(self, corners: list[tuple[float, float]]) -> tuple[Point, ...]:
        """Corners on the floor, in metres, as corners in the picture, to a tenth of a pixel."""
        return tuple((round(u, 1), round(v, 1)) for u, v in (self.pixel(x, y) for x, y in corners))

    @property
    def up(self) -> tuple[float, float, float]:
        """The world direction that points straight up in the picture."""
        return 0.0, math.sin(math.radians(self.pitch)), math.cos(math.radians(self.pitch))

    def depth(self, x: float, y: float, z: float) -> float:
        """Metres along the optical axis."""
        sin, cos = math.sin(math.radians(self.pitch)), math.cos(math.radians(self.pitch))
        return y * cos - (z - self.height) * sin
