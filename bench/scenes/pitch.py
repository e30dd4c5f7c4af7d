"""A small-sided pitch: its measures, where a camera beside it stands, what is drawn on it, and how it looks."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import cv2
import numpy as np

from bench.scenes.camera import Camera
from bench.scenes.scene import Rgb, Scene
from bench.scenes.shapes import Figure, Pixels, Spot, lit, paint, paint_shadow, seen_by
from core.place import Layout, Point, Zone

Places = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A pitch of `length` × `width` metres with goals at both ends; `indoor` has a wooden floor instead of grass.

    On the pitch a place is (u, v): metres from the first goal line along the pitch, and across it.
    """

    length: float = 15.0
    width: float = 9.5
    mouth: float = 3.0
    tall: float = 1.6
    deep: float = 0.9
    area: float = 2.8
    indoor: bool = False

    @property
    def posts(self) -> tuple[float, float]:
        """Where across the pitch the two posts of a goal stand."""
        return self.width / 2 - self.mouth / 2, self.width / 2 + self.mouth / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How the pitch lies before the camera: turned by `turn` radians about its middle, which is `away` metres ahead."""

    ground: Ground
    turn: float
    away: float

    def world(self, u: float, v: float) -> tuple[float, float]:
        """A place on the pitch in the camera's world."""
        du, dv = u - self.ground.length / 2, v - self.ground.width / 2
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        return du * cos - dv * sin, self.away + du * sin + dv * cos


def fitted(view: View, *, width: int, height_px: int, height: float) -> Camera:
    """The camera at that height (metres) that sees the whole pitch, both goals and everyone on it, as large as may be."""
    g = view.ground
    corners = [(u, v) for u in (-g.deep - 0.7, g.length + g.deep + 0.7) for v in (-0.9, g.width + 0.9)]
    spots = [(*view.world(u, v), z) for u, v in corners for z in (0.0, 1.9)]
    points = np.array(spots, np.float64)
    best = None
    for tilt in np.arange(4.0, 60.0, 0.5):
        camera = Camera(width=width, height_px=height_px, height=height, pitch=float(tilt), focal=1000.0)
        flat, _ = camera.project(points)
        across = np.abs(flat[:, 0] - width / 2).max() / (width / 2)
        up = (height_px / 2 - flat[:, 1]).max() / (height_px / 2)
        down = (flat[:, 1] - height_px / 2).max() / (height_px / 2)
        zoom = 0.98 / max(across, up / 0.86, down, 1e-6)
        if best is None or zoom > best[0]:
            best = (zoom, float(tilt))
    assert best is not None
    return Camera(width=width, height_px=height_px, height=height, pitch=best[1], focal=1000.0 * best[0])


def layout(view: View, camera: Camera) -> Layout:
    """The zones: the pitch, and at each end the goal (its floor, from post to post and back to the net) and its area."""
    g, middle = view.ground, view.ground.width / 2

    def area(u: tuple[float, float], v: tuple[float, float]) -> tuple[Point, ...]:
        return camera.ground(
            [view.world(*c) for c in ((u[0], v[0]), (u[1], v[0]), (u[1], v[1]), (u[0], v[1]))]
        )

    reach = (middle - g.mouth / 2 - 1.2, middle + g.mouth / 2 + 1.2)
    ends = (
        ("goal A", (-g.deep, 0.0), (0.0, g.area)),
        ("goal B", (g.length, g.length + g.deep), (g.length - g.area, g.length)),
    )
    zones = [Zone(name="pitch", kind="pitch", polygon=area((0.0, g.length), (0.0, g.width)))]
    for name, behind, before in ends:
        zones.append(Zone(name=name, kind="goal", polygon=area(behind, g.posts)))
        zones.append(Zone(name=name.replace("goal", "area"), kind="goal_area", polygon=area(before, reach)))
    return Layout(zones=tuple(zones))


class Painter:
    """Paints the still pitch: ground with markings, goals, a fence, trees or a wall behind."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __call__(self, scene: Scene) -> Pixels:
        """The background, at the picture's size, RGB."""
        rng = np.random.default_rng(scene.seed)
        camera, zoom = scene.camera, 2
        canvas = self._backdrop(camera, rng, zoom)
        self._turf(camera, canvas, rng, zoom)
        for line in self._lines():
            self._fill(camera, canvas, line, (236, 238, 232), zoom)
        picture = cv2.resize(canvas, (camera.width, camera.height_px), interpolation=cv2.INTER_AREA)
        self._furniture(picture, camera, rng)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.6), np.uint8)

    def _backdrop(self, camera: Camera, rng: np.random.Generator, zoom: int) -> Pixels:
        """All that is not pitch: rough grass or the hall's floor, and a hedge or a wall where the view ends."""
        g, size = self._view.ground, (camera.height_px * zoom, camera.width * zoom)
        base = np.array((128, 96, 66) if g.indoor else (92, 118, 62), np.float32)
        canvas = np.clip(base + _rough(rng, size, 14.0)[:, :, None], 0, 255).astype(np.uint8)
        far = self._view.away + math.hypot(g.length, g.width) / 2 + 2.5
        _, edge = camera.pixel(0.0, far)
        last = int(np.clip(edge * zoom, 0, size[0]))
        behind = np.array((176, 178, 172) if g.indoor else (46, 72, 44), np.float32)
        texture = _rough(rng, size, 6.0 if g.indoor else 26.0)[:last, :, None]
        canvas[:last] = np.clip(behind + texture, 0, 255).astype(np.uint8)
        return canvas

    def _turf(self, camera: Camera, canvas: Pixels, rng: np.random.Generator, zoom: int) -> None:
        g = self._view.ground
        one, two = ((196, 150, 98), (188, 142, 90)) if g.indoor else ((74, 128, 58), (86, 142, 66))
        stripes = 17 if g.indoor else 10
        for i in range(stripes):
            u1, u2 = g.length * i / stripes, g.length * (i + 1) / stripes
            self._fill(
                camera,
                canvas,
                [(u1, -0.8), (u2, -0.8), (u2, g.width + 0.8), (u1, g.width + 0.8)],
                (one, two)[i % 2],
                zoom,
            )
        rough = _rough(rng, canvas.shape[:2], 7.0)
        canvas[:] = np.clip(canvas.astype(np.float32) + rough[:, :, None], 0, 255).astype(np.uint8)

    def _lines(self) -> list[Places]:
        """The white lines as strips: border, half-way line, goal areas and a circle."""
        g, w = self._view.ground, 0.05
        low, high = g.posts[0] - 1.2, g.posts[1] + 1.2
        out = [_strip((0, v), (g.length, v), w) for v in (0.0, g.width)]
        out += [_strip((u, 0), (u, g.width), w) for u in (0.0, g.length / 2, g.length)]
        for end, inner in ((0.0, g.area), (g.length, g.length - g.area)):
            out += [
                _strip((inner, low), (inner, high), w),
                _strip((end, low), (inner, low), w),
                _strip((end, high), (inner, high), w),
            ]
        ring = [
            (g.length / 2 + 1.8 * math.cos(a), g.width / 2 + 1.8 * math.sin(a))
            for a in np.linspace(0, 2 * math.pi, 33)
        ]
        return out + [_strip(a, b, w) for a, b in itertools.pairwise(ring)]

    def _fill(self, camera: Camera, canvas: Pixels, places: Places, rgb: Rgb, zoom: int) -> None:
        flat, _ = camera.project(np.array([(*self._view.world(u, v), 0.0) for u, v in places], np.float64))
        cv2.fillPoly(canvas, [np.round(flat * zoom * 8).astype(np.int32)], rgb, cv2.LINE_AA, 3)

    def _furniture(self, picture: Pixels, camera: Camera, rng: np.random.Generator) -> None:
        g = self._view.ground
        things = [self._goal(0.0, -g.deep), self._goal(g.length, g.length + g.deep)]
        things += [self._bystander(rng) for _ in range(int(rng.integers(2, 6)))]
        for figure in sorted(things, key=lambda f: -f.shapes[0].points[0][1]):
            sprite = seen_by(camera, figure)
            paint_shadow(picture, sprite, strength=0.3)
            paint(picture, sprite)

    def _goal(self, line: float, back: float) -> Figure:
        """Two posts, a bar, and a net of thin cords."""
        g, figure, (low, high) = self._view.ground, Figure(), self._view.ground.posts

        def at(u: float, v: float, z: float) -> Spot:
            return (*self._view.world(u, v), z)

        cord: Rgb = (196, 200, 200)
        for v in np.linspace(low, high, 9):
            figure.stroke(
                [at(line, v, g.tall), at(back, v, g.tall * 0.75), at(back, v, 0.0)], 0.008, cord, shadow=False
            )
        for z in np.linspace(0.0, g.tall * 0.75, 5):
            figure.stroke(
                [at(line, low, z), at(back, low, z), at(back, high, z), at(line, high, z)],
                0.008,
                cord,
                shadow=False,
            )
        figure.stroke(
            [at(line, low, 0), at(line, low, g.tall), at(line, high, g.tall), at(line, high, 0)],
            0.05,
            (244, 244, 244),
        )
        return figure

    def _bystander(self, rng: np.random.Generator) -> Figure:
        """Somebody who stands and watches, well off the pitch."""
        g, figure = self._view.ground, Figure()
        u = float(rng.uniform(0.1, 0.9)) * g.length
        x, y = self._view.world(u, g.width + float(rng.uniform(1.6, 2.6)))
        coat: Rgb = tuple(int(v) for v in rng.integers(40, 170, 3))  # type: ignore[assignment]
        figure.stroke([(x, y, 0.05), (x, y, 0.8)], 0.13, (40, 44, 56))
        figure.stroke([(x, y, 0.9), (x, y, 1.35)], 0.19, coat)
        figure.stroke([(x, y, 1.62)], 0.11, (206, 160, 126))
        return figure


def post(view: View, u: float, near: float) -> tuple[Figure, float]:
    """A lamp post in front of the pitch, `near` metres this side of its middle's distance; and how far away it is."""
    x, y = view.world(u, 0.0)[0], view.away - near
    figure = Figure()
    figure.stroke([(x, y, 0.0), (x, y, 9.0)], 0.09, (92, 96, 100))
    figure.stroke([(x, y, 0.0), (x, y, 0.5)], 0.16, lit((92, 96, 100), 0.8))
    return figure, y


def _strip(a: tuple[float, float], b: tuple[float, float], half: float) -> Places:
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    du, dv = -(b[1] - a[1]) / length * half, (b[0] - a[0]) / length * half
    return [(a[0] + du, a[1] + dv), (b[0] + du, b[1] + dv), (b[0] - du, b[1] - dv), (a[0] - du, a[1] - dv)]


def _rough(rng: np.random.Generator, size: tuple[int, ...], weight: float) -> np.ndarray:
    """Soft patches and fine grain over a plane, `weight` grey levels."""
    height, width = size[0], size[1]
    out = np.zeros((height, width), np.float32)
    for scale, share in ((4, 0.5), (24, 0.3), (120, 0.3)):
        noise = rng.normal(0, 1, (height // scale + 2, width // scale + 2)).astype(np.float32)
        out += share * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return out * weight
