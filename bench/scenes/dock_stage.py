"""The still picture of the loading dock: floor with markings, back wall with dock doors, racks, staged pallets."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from bench.scenes.camera import Camera
from bench.scenes.machines import Solid, load
from bench.scenes.scene import Scene
from bench.scenes.shapes import Figure, Pixels, Rgb, Spot, lit, paint, paint_shadow, seen_by

WALL_Y = 20.0
YELLOW: Rgb = (222, 182, 44)
DOORS = (-4.6, 0.0, 4.6)
"""Middles of the dock doors, metres."""


class Brush:
    """Paints flat patches of the world onto a canvas `zoom` times as large as the picture."""

    def __init__(self, camera: Camera, canvas: Pixels, zoom: int) -> None:
        self.camera, self.canvas, self.zoom = camera, canvas, zoom

    def fill(self, corners: list[Spot], rgb: Rgb, cover: float = 1.0) -> None:
        """A filled patch, blended where `cover` is below 1."""
        flat, _ = self.camera.project(np.array(corners, dtype=np.float64))
        points = [np.round(flat * self.zoom * 8).astype(np.int32)]
        if cover >= 1:
            cv2.fillPoly(self.canvas, points, rgb, cv2.LINE_AA, 3)
            return
        over = self.canvas.copy()
        cv2.fillPoly(over, points, rgb, cv2.LINE_AA, 3)
        cv2.addWeighted(over, cover, self.canvas, 1 - cover, 0, self.canvas)

    def floor(self, x: tuple[float, float], y: tuple[float, float], rgb: Rgb, cover: float = 1.0) -> None:
        """A rectangle on the floor."""
        x1, y1, x2, y2 = x[0], y[0], x[1], y[1]
        self.fill([(x1, y1, 0), (x2, y1, 0), (x2, y2, 0), (x1, y2, 0)], rgb, cover)

    def wall(
        self, x: tuple[float, float], z: tuple[float, float], rgb: Rgb, y: float = WALL_Y, cover: float = 1.0
    ) -> None:
        """A rectangle facing the camera."""
        x1, z1, x2, z2 = x[0], z[0], x[1], z[1]
        self.fill([(x1, y, z1), (x2, y, z1), (x2, y, z2), (x1, y, z2)], rgb, cover)

    def text(self, words: str, x: float, z: float, height: float, rgb: Rgb, y: float = WALL_Y) -> None:
        """Words on the wall, centred on x."""
        (u, v), (_, top) = self.camera.pixel(x, y, z), self.camera.pixel(x, y, z + height)
        size = (v - top) * self.zoom / 22
        (wide, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_DUPLEX, size, 2)
        at = (round(u * self.zoom - wide / 2), round(v * self.zoom))
        cv2.putText(
            self.canvas, words, at, cv2.FONT_HERSHEY_DUPLEX, size, rgb, max(1, round(size * 2)), cv2.LINE_AA
        )


def paint_dock(scene: Scene) -> Pixels:
    """The background, at the picture's size, RGB."""
    camera, zoom = scene.camera, 2
    rng = np.random.default_rng(scene.seed)
    canvas = np.full((camera.height_px * zoom, camera.width * zoom, 3), 96, np.uint8)
    brush = Brush(camera, canvas, zoom)
    _floor(brush, rng)
    _markings(brush, scene)
    _wall(brush)
    for place, middle in enumerate(DOORS):
        _door(brush, middle, place)
    picture = cv2.resize(canvas, (camera.width, camera.height_px), interpolation=cv2.INTER_AREA)
    _furniture(picture, camera, rng)
    return as_a_camera_sees(picture)


def _floor(brush: Brush, rng: np.random.Generator) -> None:
    """Concrete: lighter under the lamps, stained, with joints and tyre marks."""
    camera, zoom = brush.camera, brush.zoom
    height, width = brush.canvas.shape[:2]
    rows = np.arange(height) / zoom
    base = np.interp(rows, [150, 215, 330, 540], [104, 118, 142, 128])[:, None] * np.ones((1, width))
    for scale, weight in ((6, 7.0), (40, 6.0), (160, 4.0)):
        rough = rng.normal(0, 1, (height // scale + 2, width // scale + 2)).astype(np.float32)
        base += weight * cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC) / 2
    for x in (-6.0, 0.0, 6.0):
        for y in (8.5, 14.5):
            u, v = camera.pixel(x, y)
            gy, gx = np.mgrid[0:height, 0:width]
            far = ((gx / zoom - u) / 210) ** 2 + ((gy / zoom - v) / 62) ** 2
            base += 15 * np.exp(-far)
    tint = np.array([1.0, 0.985, 0.95])
    brush.canvas[:] = np.clip(base[:, :, None] * tint, 0, 255).astype(np.uint8)
    for x in np.arange(-12, 13, 4.0):
        brush.floor((x - 0.02, x + 0.02), (5.0, WALL_Y), (92, 90, 86), 0.7)
    for y in np.arange(6, 20, 4.0):
        brush.floor((-14, 14), (y - 0.02, y + 0.02), (92, 90, 86), 0.7)
    for y in (10.7, 11.75):
        shift = float(rng.uniform(-0.05, 0.05))
        brush.floor((-9, 9), (y + shift, y + shift + 0.13), (84, 82, 80), 0.28)


def _markings(brush: Brush, scene: Scene) -> None:
    """Yellow lines along the aisle, a hatched frame at the dock, red hatching in the restricted area, a white line."""
    for y in (9.55, 12.75):
        brush.floor((-9.5, 9.5), (y - 0.07, y + 0.07), YELLOW, 0.9)
    left, right, near, far = -2.4, 2.4, 15.5, 19.4
    for x in (left, right):
        brush.floor((x - 0.09, x + 0.09), (near, far), YELLOW, 0.9)
    brush.floor((left, right), (near - 0.12, near + 0.12), YELLOW, 0.9)
    for i in range(12):
        x = left + i * 0.4
        brush.fill(
            [(x, near - 0.12, 0), (x + 0.2, near - 0.12, 0), (x + 0.36, near + 0.12, 0), (x + 0.16, near + 0.12, 0)],
            (40, 40, 40),
        )  # fmt: skip
    brush.floor((-3.2, 3.2), (14.55, 14.65), (232, 232, 226), 0.9)
    _restricted(brush)


def _restricted(brush: Brush) -> None:
    x1, x2, y1, y2 = -7.4, -3.6, 14.4, 17.0
    brush.floor((x1, x2), (y1, y2), (176, 82, 66), 0.22)
    for i in range(-7, 10):
        a = x1 + i * 0.55
        corners = []
        for t, dx in ((0.0, 0.0), (0.0, 0.2), (1.0, 0.2), (1.0, 0.0)):
            x = min(max(a + dx + t * 1.9, x1), x2)
            corners.append((x, y1 + t * (y2 - y1), 0.0))
        if corners[1][0] > corners[0][0] or corners[2][0] > corners[3][0]:
            brush.fill(corners, (190, 62, 48), 0.5)
    for x in (x1, x2):
        brush.floor((x - 0.06, x + 0.06), (y1, y2), (198, 58, 44), 0.95)
    for y in (y1, y2):
        brush.floor((x1, x2), (y - 0.08, y + 0.08), (198, 58, 44), 0.95)


def _wall(brush: Brush) -> None:
    """Corrugated panels with a dark plinth and a beam."""
    brush.wall((-16, 16), (0, 7), (138, 148, 156))
    for x in np.arange(-16, 16, 0.3):
        brush.wall((x, x + 0.13), (0.5, 7), (128, 138, 147))
        brush.wall((x + 0.13, x + 0.16), (0.5, 7), (150, 160, 167))
    brush.wall((-16, 16), (0, 0.5), (84, 88, 94))
    brush.wall((-16, 16), (4.35, 4.6), (70, 78, 92))
    brush.wall((-16, 16), (4.55, 4.6), (104, 112, 126))
    for x in (-7.0, -2.3, 2.3, 7.0):
        brush.wall((x - 0.14, x + 0.14), (0, 4.4), (92, 100, 112))
        brush.wall((x - 0.14, x + 0.14), (0, 1.0), YELLOW)
        for z in (0.2, 0.6):
            brush.wall((x - 0.14, x + 0.14), (z, z + 0.2), (40, 40, 40))


def _door(brush: Brush, middle: float, place: int) -> None:
    """A dock door: 0 has its shutter down, 1 a lit empty trailer behind it, 2 a half-full one."""
    wide, tall = 1.4, 3.2
    brush.wall((middle - wide - 0.16, middle + wide + 0.16), (0, tall + 0.18), (48, 52, 58))
    for side in (-1, 1):
        for z in np.arange(0, tall, 0.4):
            x = middle + side * (wide + 0.08)
            brush.wall((x - 0.07, x + 0.07), (z, z + 0.2), YELLOW)
    if place == 0:
        brush.wall((middle - wide, middle + wide), (0, tall), (176, 180, 182))
        for z in np.arange(0.0, tall, 0.22):
            brush.wall((middle - wide, middle + wide), (z, z + 0.05), (146, 150, 153))
    else:
        _trailer(brush, middle, wide, tall, boxes=place == 2)
    for side in (-1, 1):
        x = middle + side * (wide - 0.12)
        brush.wall((x - 0.12, x + 0.12), (0, 0.4), (26, 26, 28), WALL_Y - 0.05)
    brush.wall((middle - 0.42, middle + 0.42), (3.5, 4.22), (34, 72, 128))
    brush.text(str(place + 1), middle, 3.6, 0.5, (240, 242, 244))
    lamp = (60, 205, 90) if place else (214, 52, 44)
    brush.wall((middle + 1.72, middle + 1.94), (2.1, 2.62), (30, 30, 32))
    brush.wall((middle + 1.76, middle + 1.9), (2.14, 2.34), lamp if place else (50, 60, 52))
    brush.wall((middle + 1.76, middle + 1.9), (2.38, 2.58), (70, 34, 32) if place else lamp)


def _trailer(brush: Brush, middle: float, wide: float, tall: float, *, boxes: bool) -> None:
    """The inside of a truck backed against the door: floor, sides and roof running away, light at the front."""
    deep, low, high, half = WALL_Y + 7.0, 0.05, tall - 0.15, wide - 0.12
    near = WALL_Y
    brush.wall((middle - wide, middle + wide), (0, tall), (20, 20, 22))
    for i in range(14):
        y1, y2 = near + (deep - near) * i / 14, near + (deep - near) * (i + 1) / 14
        glow = 0.62 + 0.38 * i / 14
        brush.fill(
            [(middle - half, y1, low), (middle + half, y1, low), (middle + half, y2, low), (middle - half, y2, low)],
            lit((168, 132, 92), glow),
        )  # fmt: skip
        for side in (-1, 1):
            x = middle + side * half
            brush.fill(
                [(x, y1, low), (x, y2, low), (x, y2, high), (x, y1, high)], lit((206, 208, 204), glow * 0.95)
            )
        brush.fill(
            [(middle - half, y1, high), (middle + half, y1, high), (middle + half, y2, high), (middle - half, y2, high)],
            lit((226, 228, 224), glow),
        )  # fmt: skip
    brush.wall((middle - half, middle + half), (low, high), (236, 236, 226), deep)
    brush.wall((middle - 0.5, middle + 0.5), (high - 0.18, high - 0.08), (255, 255, 250), near + 2.5)
    if boxes:
        _cargo(brush, middle, half, low, near + 2.2)


def _cargo(brush: Brush, middle: float, half: float, low: float, y: float) -> None:
    for i, (x, z, w, h) in enumerate(
        ((-1.2, 0, 0.8, 0.7), (-0.4, 0, 0.85, 0.75), (0.45, 0, 0.75, 0.7), (-1.2, 0.7, 0.75, 0.65),
         (-0.42, 0.75, 0.8, 0.6), (0.4, 0.7, 0.7, 0.7), (-1.15, 1.35, 0.9, 0.6), (-0.2, 1.35, 0.75, 0.55))
    ):  # fmt: skip
        rgb = lit((186, 142, 94), 0.9 + 0.05 * (i % 4))
        x1, x2 = max(middle - half, middle + x), min(middle + half, middle + x + w)
        brush.wall((x1, x2), (low + z, low + z + h), rgb, y)
        brush.wall((x1, x2), (low + z + h - 0.04, low + z + h), lit(rgb, 0.75), y)
        brush.wall((x2 - 0.03, x2), (low + z, low + z + h), lit(rgb, 0.75), y)
        brush.wall(((x1 + x2) / 2 - 0.05, (x1 + x2) / 2 + 0.05), (low + z, low + z + h), lit(rgb, 0.88), y)


def _furniture(picture: Pixels, camera: Camera, rng: np.random.Generator) -> None:
    """Racks along the wall, a charging cabinet and staged pallets, each with its shadow."""
    for left, right in ((-12.4, -6.9), (6.9, 12.4)):
        rack(picture, camera, rng, left, right)
    cabinet = Figure()
    solid = Solid(-5.6, 16.6, 0.0, camera)
    solid.box(cabinet, (-0.7, 0.7), (-0.3, 0.3), (0.0, 1.25), (112, 128, 108))
    solid.box(cabinet, (-0.6, -0.05), (-0.31, -0.3), (0.2, 1.1), (98, 114, 95))
    solid.box(cabinet, (0.05, 0.6), (-0.31, -0.3), (0.2, 1.1), (98, 114, 95))
    sign = [solid.spot(f, -0.32, u) for f, u in ((-0.42, 0.62), (-0.22, 0.62), (-0.32, 0.82))]
    cabinet.patch(sign, (244, 206, 40), shadow=False)
    put(picture, camera, cabinet)
    for x, y, shade in ((8.3, 17.0, 1), (6.7, 17.2, 3), (7.6, 15.6, 2)):
        figure = Figure()
        load(figure, Solid(x, y, 0.0, camera), 0.0, 0.0, shade)
        put(picture, camera, figure)


def rack(
    picture: Pixels, camera: Camera, rng: np.random.Generator, left: float, right: float, y: float = 19.2
) -> None:
    """Three levels of pallets with goods in a steel rack."""
    figure, solid = Figure(), Solid(0.0, y, 0.0, camera)
    bays = np.linspace(left, right, 3)
    for x in bays:
        figure.stroke([solid.spot(x, 0.5, 0), solid.spot(x, 0.5, 4.1)], 0.05, (34, 58, 108))
    for level in (0.12, 1.45, 2.8):
        for a, b in pairwise(bays):
            for slot in range(3):
                low = a + 0.12 + (b - a - 0.2) / 3 * slot
                wide, tall = (b - a - 0.2) / 3 - 0.1, float(rng.uniform(0.55, 1.0))
                rgb = ((182, 138, 92), (168, 126, 82), (120, 140, 158), (196, 190, 178), (146, 108, 70))[
                    int(rng.integers(5))
                ]
                if rng.random() < 0.12:
                    continue
                solid.box(figure, (low, low + wide), (-0.4, 0.4), (level + 0.1, level + 0.1 + tall), rgb)
                band = level + 0.1 + tall * 0.5
                solid.box(
                    figure, (low, low + wide), (-0.41, -0.4), (band - 0.03, band + 0.03), lit(rgb, 0.82)
                )
        solid.box(figure, (left, right), (-0.5, -0.4), (level, level + 0.11), (214, 104, 36))
    for x in bays:
        figure.stroke([solid.spot(x, -0.5, 0), solid.spot(x, -0.5, 4.1)], 0.055, (44, 74, 134))
    put(picture, camera, figure)


def put(picture: Pixels, camera: Camera, figure: Figure) -> None:
    """Paints a figure and its shadow onto the still picture."""
    sprite = seen_by(camera, figure)
    paint_shadow(picture, sprite)
    paint(picture, sprite)


def as_a_camera_sees(picture: Pixels) -> Pixels:
    """A little blur and less light in the corners."""
    height, width = picture.shape[:2]
    gy, gx = np.mgrid[0:height, 0:width].astype(np.float32)
    far = ((gx - width / 2) / (width / 2)) ** 2 + ((gy - height / 2) / (height / 2)) ** 2
    soft = cv2.GaussianBlur(picture, (0, 0), 0.6).astype(np.float32)
    return np.clip(soft * (1.04 - 0.16 * far)[:, :, None], 0, 255).astype(np.uint8)
