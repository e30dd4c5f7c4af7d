"""A counterbalance forklift with mast, driver and beacon, and a pallet of cartons."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bench.scenes.camera import Camera
from bench.scenes.people import Clothes, paint_head
from bench.scenes.scene import Pose
from bench.scenes.shapes import Figure, Rgb, Spot, lit

CARTONS: tuple[Rgb, ...] = ((176, 132, 86), (190, 146, 98), (164, 120, 76), (183, 138, 90))
LOAD_FORWARD = 1.72
"""Metres from the forklift's middle to the middle of the load on its forks."""
LOAD_HALF = 0.58
"""Half a pallet's length, metres."""


class Solid:
    """Boxes turned with a heading around a place on the floor, painted far parts first, lit by their sides."""

    def __init__(self, x: float, y: float, facing: float, camera: Camera) -> None:
        self.x, self.y, self.camera = x, y, camera
        self.cos, self.sin = math.cos(facing), math.sin(facing)

    def spot(self, f: float, s: float, u: float) -> Spot:
        """A point given as metres forward, to the left and up."""
        return self.x + f * self.cos - s * self.sin, self.y + f * self.sin + s * self.cos, u

    def box(
        self, figure: Figure, f: tuple[float, float], s: tuple[float, float], u: tuple[float, float], rgb: Rgb
    ) -> None:
        """Adds the faces of a box that the camera sees."""
        centre = self.spot(sum(f) / 2, sum(s) / 2, sum(u) / 2)
        view = (-centre[0], -centre[1], self.camera.height - centre[2])
        for axis, (low, high) in enumerate((f, s, u)):
            for at, sign in ((low, -1), (high, 1)):
                normal = [0.0, 0.0, 0.0]
                normal[axis] = sign
                world = (
                    normal[0] * self.cos - normal[1] * self.sin,
                    normal[0] * self.sin + normal[1] * self.cos,
                    normal[2],
                )
                half = abs(high - low) / 2
                if sum(w * v for w, v in zip(world, view, strict=True)) <= half:
                    continue
                light = 0.84 + 0.26 * world[2] - 0.08 * world[1] - 0.14 * abs(world[0])
                figure.patch(self._face(axis, at, f, s, u), lit(rgb, light))

    def _face(
        self,
        axis: int,
        at: float,
        f: tuple[float, float],
        s: tuple[float, float],
        u: tuple[float, float],
    ) -> list[Spot]:
        if axis == 0:
            corners = [(at, s[0], u[0]), (at, s[1], u[0]), (at, s[1], u[1]), (at, s[0], u[1])]
        elif axis == 1:
            corners = [(f[0], at, u[0]), (f[1], at, u[0]), (f[1], at, u[1]), (f[0], at, u[1])]
        else:
            corners = [(f[0], s[0], at), (f[1], s[0], at), (f[1], s[1], at), (f[0], s[1], at)]
        return [self.spot(*c) for c in corners]

    def wheel(self, figure: Figure, f: float, s: float, radius: float, turned: float) -> None:
        """Adds a wheel with a hub whose bolts turn."""
        ring = [2 * math.pi * i / 20 for i in range(20)]

        def disc(size: float) -> list[Spot]:
            return [self.spot(f + size * math.cos(a), s, radius + size * math.sin(a)) for a in ring]

        figure.patch(disc(radius), (30, 30, 32))
        figure.patch(disc(radius * 0.55), (196, 196, 190))
        for i in range(3):
            a = turned / radius + 2 * math.pi * i / 3
            spot = self.spot(f + 0.34 * radius * math.cos(a), s, radius + 0.34 * radius * math.sin(a))
            figure.stroke([spot], radius * 0.12, (70, 70, 72))


def load(figure: Figure, solid: Solid, f: float, lift: float, shade: int) -> None:
    """A pallet of cartons whose middle is `f` forward, `lift` metres up."""
    near = -1 if solid.cos >= 0 else 1
    for s in (0.5 * -near, 0.0, 0.5 * near):
        solid.box(
            figure, (f - LOAD_HALF, f + LOAD_HALF), (s - 0.07, s + 0.07), (lift, lift + 0.1), (139, 104, 66)
        )
    solid.box(
        figure, (f - LOAD_HALF, f + LOAD_HALF), (-0.58, 0.58), (lift + 0.1, lift + 0.15), (160, 122, 80)
    )
    columns = (-0.27, 0.27)
    order = sorted(columns, key=lambda c: -abs(solid.spot(f + c, 0, 0)[0]))
    for row in range(2):
        low = lift + 0.15 + 0.47 * row
        for s in (0.28 * -near, 0.28 * near):
            for i, c in enumerate(order):
                rgb = CARTONS[(shade + row * 2 + i + (1 if s > 0 else 0)) % len(CARTONS)]
                side = (s - 0.265, s + 0.265)
                solid.box(figure, (f + c - 0.265, f + c + 0.265), side, (low, low + 0.45), rgb)
                edge = s + 0.266 * near
                tape = [solid.spot(f + c - 0.04, edge, low + 0.45), solid.spot(f + c - 0.04, edge, low)]
                tape += [solid.spot(f + c + 0.04, edge, low), solid.spot(f + c + 0.04, edge, low + 0.45)]
                if s * near > 0:
                    figure.patch(tape, lit(rgb, 0.8), shadow=False)


def pallet(camera: Camera, shade: int) -> Callable[[Pose], Figure]:
    """A loaded pallet standing on the floor."""

    def draw(pose: Pose) -> Figure:
        figure = Figure()
        load(figure, Solid(pose.x, pose.y, 0.0, camera), 0.0, 0.0, shade)
        return figure

    return draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Truck:
    """How a forklift looks and when (seconds) it carries its load; lifting or lowering takes `lift_s`."""

    body: Rgb
    driver: Clothes
    loaded: tuple[tuple[float, float], ...]
    shade: int
    lift_s: float = 2.0
    carry: float = 0.3

    def lift(self, at: float) -> float:
        """Height of the forks in metres: up while carrying, on the floor before and after."""
        for start, end in self.loaded:
            if start - self.lift_s <= at <= end + self.lift_s:
                up = min(1.0, (at - start) / self.lift_s, (end - at) / self.lift_s)
                return 0.02 + max(0.0, up) * self.carry
        return 0.06

    def carries(self, at: float) -> bool:
        """Whether the load is on the forks."""
        return any(start <= at < end for start, end in self.loaded)


def forklift(truck: Truck, camera: Camera) -> Callable[[Pose], Figure]:
    """How this forklift is drawn."""
    return lambda pose: _forklift(pose, truck, camera)


def _forklift(pose: Pose, truck: Truck, camera: Camera) -> Figure:
    figure, solid = Figure(), Solid(pose.x, pose.y, pose.facing, camera)
    near = -1 if solid.cos >= 0 else 1
    lift, dark, iron = truck.lift(pose.at), (52, 54, 58), (64, 66, 70)
    for f, radius in ((0.55, 0.31), (-0.78, 0.26)):
        solid.wheel(figure, f, -0.5 * near, radius, pose.walked)
    for f in (-0.85, 0.42):
        _post(figure, solid, f, -0.48 * near)
    for s in (-0.32 * near, 0.32 * near):
        _mast(figure, solid, s, lift, iron)
    solid.box(figure, (-0.95, 0.72), (-0.52, 0.52), (0.24, 0.72), truck.body)
    solid.box(figure, (-1.32, -0.72), (-0.54, 0.54), (0.22, 1.0), dark)
    solid.box(figure, (0.42, 0.72), (-0.5, 0.5), (0.72, 1.02), truck.body)
    _driver(figure, solid, truck.driver, camera)
    for f, radius in ((0.55, 0.31), (-0.78, 0.26)):
        solid.wheel(figure, f, 0.54 * near, radius, pose.walked)
    for f in (-0.85, 0.42):
        _post(figure, solid, f, 0.48 * near)
    solid.box(figure, (-0.95, 0.52), (-0.52, 0.52), (2.1, 2.17), dark)
    solid.box(figure, (0.9, 0.97), (-0.46, 0.46), (lift + 0.02, lift + 0.62), iron)
    for s in (-0.24 * near, 0.24 * near):
        solid.box(figure, (0.97, 2.1), (s - 0.06, s + 0.06), (lift, lift + 0.05), (88, 88, 90))
    if truck.carries(pose.at):
        load(figure, solid, LOAD_FORWARD, lift + 0.01, truck.shade)
    _beacon(figure, solid, pose.at)
    return figure


def _post(figure: Figure, solid: Solid, f: float, s: float) -> None:
    figure.stroke([solid.spot(f, s, 0.8), solid.spot(f * 0.96, s, 2.12)], 0.035, (48, 50, 54))


def _mast(figure: Figure, solid: Solid, s: float, lift: float, iron: Rgb) -> None:
    figure.stroke([solid.spot(0.86, s, 0.12), solid.spot(0.84, s, 2.2)], 0.05, iron)
    figure.stroke(
        [solid.spot(0.9, s * 0.8, lift + 0.1), solid.spot(0.88, s * 0.8, 2.0)], 0.03, (104, 106, 110)
    )


def _driver(figure: Figure, solid: Solid, clothes: Clothes, camera: Camera) -> None:
    figure.stroke([solid.spot(-0.42, 0, 0.78), solid.spot(-0.5, 0, 1.25)], 0.1, (34, 34, 36))
    figure.stroke([solid.spot(-0.25, 0, 0.85), solid.spot(0.15, 0, 0.88)], 0.09, clothes.trousers)
    figure.stroke([solid.spot(-0.28, 0, 0.92), solid.spot(-0.3, 0, 1.32)], 0.15, clothes.vest)
    figure.stroke([solid.spot(-0.2, 0, 1.05), solid.spot(-0.36, 0, 1.06)], 0.025, (235, 238, 225))
    near = -1 if solid.cos >= 0 else 1
    arm = [solid.spot(-0.28, 0.15 * near, 1.3), solid.spot(-0.1, 0.18 * near, 1.08)]
    figure.stroke([*arm, solid.spot(0.2, 0.06 * near, 1.16)], 0.05, clothes.sleeves)
    figure.stroke([solid.spot(0.25, 0, 1.02), solid.spot(0.18, 0, 1.2)], 0.03, (40, 40, 42))
    paint_head(figure, solid.spot(-0.27, 0, 1.58), 0.105, (solid.cos, solid.sin), clothes, camera)


def _beacon(figure: Figure, solid: Solid, at: float) -> None:
    top = solid.spot(-0.7, 0, 2.25)
    on = (at * 1.6) % 1.0 < 0.45
    figure.stroke([solid.spot(-0.7, 0, 2.19), top], 0.055, (255, 176, 40) if on else (170, 96, 20))
    if on:
        figure.glows.append((top, 0.22, (150, 84, 8)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """How a driverless cart looks: its body's colour, and the shade of the totes stacked on it."""

    body: Rgb
    shade: int


def robot(looks: Robot, camera: Camera) -> Callable[[Pose], Figure]:
    """A driverless cart with two stacks of totes; its lamp turns red while it stands."""

    def draw(pose: Pose) -> Figure:
        figure, solid = Figure(), Solid(pose.x, pose.y, pose.facing, camera)
        near = -1 if solid.cos >= 0 else 1
        for f in (0.38, -0.38):
            solid.wheel(figure, f, -0.36 * near, 0.12, pose.walked)
        solid.box(figure, (-0.62, 0.62), (-0.4, 0.4), (0.1, 0.42), looks.body)
        for f in (0.38, -0.38):
            solid.wheel(figure, f, 0.41 * near, 0.12, pose.walked)
        for f in sorted((-0.3, 0.3), key=lambda f: -solid.spot(f, 0, 0)[1]):
            for row in range(2):
                rgb = lit(((70, 96, 150), (150, 74, 60))[looks.shade % 2], 0.9 + 0.12 * row)
                low = 0.43 + 0.36 * row
                solid.box(figure, (f - 0.27, f + 0.27), (-0.36, 0.36), (low, low + 0.34), rgb)
        lamp = (60, 205, 90) if pose.speed > 0.05 else (225, 52, 44)
        figure.stroke([solid.spot(-0.58, 0, 0.42), solid.spot(-0.58, 0, 1.3)], 0.025, (60, 62, 66))
        figure.stroke([solid.spot(-0.58, 0, 1.34)], 0.06, lamp)
        figure.glows.append((solid.spot(-0.58, 0, 1.34), 0.12, lit(lamp, 0.4)))
        return figure

    return draw


def carton(camera: Camera, shade: int) -> Callable[[Pose], Figure]:
    """A carton standing on the floor, as large as one carried."""

    def draw(pose: Pose) -> Figure:
        figure = Figure()
        rgb = CARTONS[shade % len(CARTONS)]
        Solid(pose.x, pose.y, 0.0, camera).box(figure, (-0.26, 0.26), (-0.22, 0.22), (0.0, 0.42), rgb)
        return figure

    return draw
