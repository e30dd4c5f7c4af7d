"""Shapes in the world, their projection, and how they are painted: supersampled, with soft shadows."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from bench.scenes.camera import Camera, Points
from core.place import Box

Rgb = tuple[int, int, int]
Spot = tuple[float, float, float]
Pixels = npt.NDArray[np.uint8]

FINE = 3
"""Sub-pixels per pixel when a figure is painted."""

SUN = (0.10, -0.28)
"""Metres (x, y) a shadow moves per metre of height: the hall's lamps hang behind the middle of the floor."""


def lit(rgb: Rgb, by: float) -> Rgb:
    """A colour made brighter or darker."""
    r, g, b = (int(min(255, max(0, part * by))) for part in rgb)
    return r, g, b


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled patch (radius 0: its corners) or a rounded stroke through its points (radius in metres)."""

    points: tuple[Spot, ...]
    rgb: Rgb
    radius: float = 0.0
    shadow: bool = True


@dataclass(slots=True)
class Figure:
    """Shapes in painting order, lights that glow around a spot, and patches of the ground lit when it is dark."""

    shapes: list[Shape] = field(default_factory=list)
    glows: list[tuple[Spot, float, Rgb]] = field(default_factory=list)
    beams: list[tuple[tuple[Spot, ...], float]] = field(default_factory=list)

    def patch(self, points: list[Spot], rgb: Rgb, *, shadow: bool = True) -> None:
        """Adds a filled polygon."""
        self.shapes.append(Shape(tuple(points), rgb, 0.0, shadow))

    def stroke(self, points: list[Spot], radius: float, rgb: Rgb, *, shadow: bool = True) -> None:
        """Adds a rounded stroke."""
        self.shapes.append(Shape(tuple(points), rgb, radius, shadow))


@dataclass(frozen=True, slots=True)
class Flat:
    """A shape in the picture: pixels (N × 2), radius in pixels."""

    points: Points
    rgb: Rgb
    radius: float


@dataclass(frozen=True, slots=True)
class Sprite:
    """A figure as the camera sees it: its shapes, its shadow's shapes, its lights, and the box around the shapes."""

    shapes: tuple[Flat, ...]
    shadow: tuple[Flat, ...]
    glows: tuple[tuple[float, float, float, Rgb], ...]
    box: Box
    beams: tuple[tuple[Points, float], ...] = ()


def seen_by(camera: Camera, figure: Figure, sun: tuple[float, float] = SUN) -> Sprite:
    """The figure projected; the box is the exact hull of the painted shapes, shadow and glow left out."""
    points = np.array([p for shape in figure.shapes for p in shape.points], dtype=np.float64)
    flat, scale = camera.project(points)
    fallen = points.copy()
    fallen[:, 0] += points[:, 2] * sun[0]
    fallen[:, 1] += points[:, 2] * sun[1]
    fallen[:, 2] = 0.0
    dark, dark_scale = camera.project(fallen)
    starts = np.cumsum([0, *(len(shape.points) for shape in figure.shapes[:-1])])
    counts = np.diff([*starts, len(points)])
    metres = np.array([shape.radius for shape in figure.shapes])
    radii = metres * np.add.reduceat(scale, starts) / counts
    dark_radii = metres * np.add.reduceat(dark_scale, starts) / counts
    shapes, shadow = [], []
    for shape, start, count, radius, dark_radius in zip(
        figure.shapes, starts, counts, radii, dark_radii, strict=True
    ):
        part = slice(start, start + count)
        shapes.append(Flat(flat[part], shape.rgb, float(radius)))
        if shape.shadow:
            shadow.append(Flat(dark[part], (0, 0, 0), float(dark_radius)))
    wide = np.repeat(radii, counts)[:, None]
    low, high = (flat - wide).min(axis=0), (flat + wide).max(axis=0)
    glows = tuple(
        (*camera.pixel(*spot), radius * camera.focal / camera.depth(*spot), rgb)
        for spot, radius, rgb in figure.glows
    )
    beams = tuple(
        (camera.project(np.array(corners, np.float64))[0], strength) for corners, strength in figure.beams
    )
    return Sprite(tuple(shapes), tuple(shadow), glows, Box(*low, *high), beams)


def _draw(canvas: Pixels, shape: Flat, origin: tuple[int, int], zoom: float, rgb: Rgb) -> None:
    points = np.round((shape.points - origin) * zoom * 8).astype(np.int32)
    if shape.radius <= 0:
        cv2.fillPoly(canvas, [points], rgb, cv2.LINE_8, 3)
        return
    thick = max(1, round(shape.radius * 2 * zoom))
    if len(points) == 1:
        cv2.circle(canvas, tuple(map(int, points[0])), round(shape.radius * zoom * 8), rgb, -1, cv2.LINE_8, 3)
        return
    cv2.polylines(canvas, [points], False, rgb, thick, cv2.LINE_8, 3)


def _window(shapes: tuple[Flat, ...], frame: Pixels, margin: int) -> tuple[int, int, int, int] | None:
    if not shapes:
        return None
    points = np.concatenate([shape.points for shape in shapes])
    wide = np.repeat([shape.radius for shape in shapes], [len(shape.points) for shape in shapes])[:, None]
    low, high = (points - wide).min(axis=0) - margin, (points + wide).max(axis=0) + margin
    x1, y1 = max(0, int(low[0])), max(0, int(low[1]))
    x2, y2 = min(frame.shape[1], int(high[0]) + 2), min(frame.shape[0], int(high[1]) + 2)
    return (x1, y1, x2, y2) if x2 - x1 >= 2 and y2 - y1 >= 2 else None


def paint_shadow(frame: Pixels, sprite: Sprite, *, strength: float = 0.42) -> None:
    """Darkens the floor under the figure, softly, in place."""
    window = _window(sprite.shadow, frame, 10)
    if window is None:
        return
    x1, y1, x2, y2 = window
    mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
    for shape in sprite.shadow:
        _draw(mask, shape, (x1, y1), 1.0, (255, 255, 255))
    mask = cv2.GaussianBlur(mask, (0, 0), 3.2)
    part = frame[y1:y2, x1:x2]
    keep = 1.0 - mask.astype(np.float32) * (strength / 255)
    part[:] = part * keep[:, :, None]


def paint(frame: Pixels, sprite: Sprite) -> None:
    """Paints the figure in place: three sub-pixels each way, then averaged, so that edges are soft."""
    window = _window(sprite.shapes, frame, 2)
    if window is None:
        return
    x1, y1, x2, y2 = window
    size = ((y2 - y1) * FINE, (x2 - x1) * FINE)
    colour, mask = np.zeros((*size, 3), np.uint8), np.zeros(size, np.uint8)
    for shape in sprite.shapes:
        _draw(colour, shape, (x1, y1), FINE, shape.rgb)
        _draw(mask, shape, (x1, y1), FINE, (255, 255, 255))
    small = cv2.resize(colour, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
    cover = cv2.resize(mask, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    part = frame[y1:y2, x1:x2]
    part[:] = np.clip(part * (1 - cover[:, :, None]) + small, 0, 255)


def cover(sprite: Sprite, width: int, height: int) -> Pixels:
    """Where the figure's shapes lie in a picture of that size: a mask, 0 to 255."""
    mask = np.zeros((height, width), np.uint8)
    for shape in sprite.shapes:
        _draw(mask, shape, (0, 0), 1.0, (255, 255, 255))
    return mask


def paint_glows(frame: Pixels, sprite: Sprite) -> None:
    """Adds the figure's lights in place."""
    for x, y, radius, rgb in sprite.glows:
        _glow(frame, x, y, radius, rgb)


def _glow(frame: Pixels, x: float, y: float, radius: float, rgb: Rgb) -> None:
    x1, y1 = max(0, int(x - 3 * radius)), max(0, int(y - 3 * radius))
    x2, y2 = min(frame.shape[1], int(x + 3 * radius) + 1), min(frame.shape[0], int(y + 3 * radius) + 1)
    if x2 <= x1 or y2 <= y1:
        return
    gy, gx = np.mgrid[y1:y2, x1:x2]
    light = np.exp(-(((gx - x) ** 2 + (gy - y) ** 2) / (2 * radius**2)))
    part = frame[y1:y2, x1:x2]
    part[:] = np.clip(part + light[:, :, None] * np.array(rgb, np.float32), 0, 255)
