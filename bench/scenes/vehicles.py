"""Road users as figures: cars, vans, trucks, buses, motorcycles, bicycles, pedestrians, and things that fell on the road."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.scenes.camera import Camera
from bench.scenes.machines import Solid
from bench.scenes.scene import Pose
from bench.scenes.shapes import Figure, Rgb, Spot, lit

GLASS: Rgb = (38, 46, 56)
TYRE: Rgb = (28, 28, 30)
PAINTS: dict[str, tuple[Rgb, ...]] = {
    "white": ((232, 232, 228), (222, 224, 226)),
    "black": ((30, 31, 34), (38, 38, 42)),
    "grey": ((128, 132, 136), (150, 152, 156), (104, 108, 114)),
    "red": ((186, 30, 34), (168, 26, 40)),
    "blue": ((32, 74, 160), (44, 92, 186)),
    "green": ((34, 104, 62), (58, 126, 70)),
    "yellow": ((232, 190, 40), (238, 204, 60)),
    "orange": ((222, 108, 30),),
}
"""Colour word → the paints called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How a vehicle is built: label, length, width and height in metres, and its outline from the side.

    `outline` goes from the rear bumper over the roof to the front bumper as (part of the length from -0.5 to 0.5, part
    of the height); `glass` names the edges of it (by number) that are windows, `windows` the side windows as quads of
    the same coordinates. `waist` is the part of the height from which on it narrows to `roof` of its width.
    """

    label: str
    length: float
    width: float
    height: float
    outline: tuple[tuple[float, float], ...]
    glass: tuple[int, ...]
    windows: tuple[tuple[tuple[float, float], ...], ...]
    wheels: tuple[float, ...]
    wheel: float = 0.32
    waist: float = 1.0
    roof: float = 1.0


_SALOON = (
    (-0.5, 0.2),
    (-0.5, 0.58),
    (-0.36, 0.66),
    (-0.24, 0.98),
    (0.08, 1.0),
    (0.24, 0.66),
    (0.48, 0.54),
    (0.5, 0.2),
)
_HATCH = ((-0.5, 0.2), (-0.49, 0.6), (-0.42, 0.96), (0.08, 1.0), (0.26, 0.62), (0.48, 0.52), (0.5, 0.2))
_VAN = ((-0.5, 0.16), (-0.5, 0.97), (-0.46, 1.0), (0.22, 1.0), (0.38, 0.6), (0.49, 0.46), (0.5, 0.16))
_BUS = ((-0.5, 0.12), (-0.5, 0.96), (-0.48, 1.0), (0.47, 1.0), (0.5, 0.84), (0.5, 0.44), (0.5, 0.12))


def _quad(
    rear: float, front: float, low: float, high: float, slope: float = 0.0
) -> tuple[tuple[float, float], ...]:
    return (rear, low), (front, low), (front - slope, high), (rear + slope * 0.6, high)


BUILDS: dict[str, Build] = {
    "saloon": Build(
        label="car", length=4.5, width=1.8, height=1.45, outline=_SALOON, glass=(2, 4),
        windows=(_quad(-0.28, -0.08, 0.68, 0.93, 0.03), _quad(-0.07, 0.2, 0.68, 0.93, 0.1)),
        wheels=(-0.3, 0.31), waist=0.6, roof=0.76,
    ),
    "hatchback": Build(
        label="car", length=3.9, width=1.72, height=1.5, outline=_HATCH, glass=(1, 3),
        windows=(_quad(-0.42, -0.12, 0.66, 0.92, 0.05), _quad(-0.1, 0.2, 0.66, 0.92, 0.1)),
        wheels=(-0.32, 0.31), waist=0.58, roof=0.78,
    ),
    "suv": Build(
        label="car", length=4.7, width=1.9, height=1.75, outline=_HATCH, glass=(1, 3),
        windows=(_quad(-0.42, -0.12, 0.66, 0.92, 0.04), _quad(-0.1, 0.2, 0.66, 0.92, 0.08)),
        wheels=(-0.3, 0.31), wheel=0.37, waist=0.6, roof=0.82,
    ),
    "van": Build(
        label="van", length=5.6, width=2.0, height=2.3, outline=_VAN, glass=(3,),
        windows=(_quad(0.16, 0.32, 0.58, 0.84, 0.05),), wheels=(-0.31, 0.33), wheel=0.36, waist=0.5, roof=0.9,
    ),
    "bus": Build(
        label="bus", length=11.5, width=2.5, height=3.1, outline=_BUS, glass=(4,),
        windows=tuple(_quad(a, a + 0.13, 0.45, 0.8) for a in (-0.47, -0.32, -0.17, -0.02, 0.13, 0.28)),
        wheels=(-0.27, 0.3), wheel=0.5,
    ),
}  # fmt: skip
TRUCK = Build(
    label="truck", length=8.6, width=2.45, height=3.3, wheel=0.5, wheels=(-0.34, -0.22, 0.36),
    outline=((-0.5, 0.3), (-0.5, 1.0), (0.22, 1.0), (0.22, 0.3)), glass=(), windows=(),
)  # fmt: skip
_CAB = Build(
    label="truck", length=2.1, width=2.4, height=2.7, wheel=0.5, wheels=(),
    outline=((-0.5, 0.16), (-0.5, 0.97), (-0.2, 1.0), (0.38, 0.96), (0.5, 0.52), (0.5, 0.16)), glass=(3,),
    windows=(_quad(-0.25, 0.3, 0.55, 0.85, 0.04),),
)  # fmt: skip


class _Hull:
    """One body of a vehicle, placed in the world: its faces towards the camera, painted far ones first."""

    def __init__(self, solid: Solid, build: Build, camera: Camera, shift: float = 0.0) -> None:
        self.solid, self.build, self.shift = solid, build, shift
        self.eye = np.array((0.0, 0.0, camera.height))
        across = solid.spot(0, 1, 0)
        left = np.array((across[0] - solid.x, across[1] - solid.y, 0.0))
        self.near = 1 if float(left @ (self.eye - np.array((solid.x, solid.y, 0.0)))) > 0 else -1

    def spot(self, part: tuple[float, float], side: float) -> Spot:
        """A point of the outline on the left (1) or right (-1) side, or between."""
        b = self.build
        over = max(0.0, (part[1] - b.waist) / max(1e-6, 1 - b.waist))
        half = b.width / 2 * (1 + (b.roof - 1) * over)
        return self.solid.spot(self.shift + part[0] * b.length, side * half, part[1] * b.height)

    def paint(self, figure: Figure, rgb: Rgb) -> None:
        """Adds the body."""
        b = self.build
        faces: list[tuple[float, list[Spot], Rgb]] = []
        centre = np.array(self.spot((0.0, 0.5), 0.0))
        for number, (one, other) in enumerate(pairwise(b.outline)):
            corners = [self.spot(one, 1), self.spot(one, -1), self.spot(other, -1), self.spot(other, 1)]
            self._face(faces, corners, GLASS if number in b.glass else rgb, centre)
        flank = [self.spot(part, self.near) for part in b.outline]
        faces.sort(key=lambda face: -face[0])
        for _, corners, shade in faces:
            figure.patch(corners, shade)
        figure.patch(flank, lit(rgb, 0.8))
        for window in b.windows:
            figure.patch(
                [self.spot(part, self.near * 1.005) for part in window], lit(GLASS, 0.9), shadow=False
            )

    def _face(
        self, faces: list[tuple[float, list[Spot], Rgb]], corners: list[Spot], rgb: Rgb, centre: np.ndarray
    ) -> None:
        a, b, c = (np.array(corner) for corner in corners[:3])
        middle = np.mean(corners, axis=0)
        normal = np.cross(b - a, c - a)
        normal = normal if float(normal @ (middle - centre)) > 0 else -normal
        normal = normal / max(1e-9, float(np.linalg.norm(normal)))
        view = self.eye - middle
        if float(normal @ view) > 0:
            light = 0.8 + 0.24 * float(normal[2]) - 0.06 * float(normal[0])
            faces.append((float(np.linalg.norm(view)), corners, lit(rgb, light)))

    def wheels(self, figure: Figure, walked: float) -> None:
        """Adds the wheels on the near side."""
        b = self.build
        for f in b.wheels:
            self.solid.wheel(figure, f * b.length, self.near * (b.width / 2 + 0.01), b.wheel, walked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """How one vehicle looks: its build (a key of `BUILDS`, or `truck`), its paint, and whether its lights are on."""

    build: str
    rgb: Rgb
    lights: bool = False
    load: Rgb = (206, 206, 200)


def size_of(build: str) -> tuple[float, float]:
    """Length and width in metres of that build of vehicle, or of a motorcycle or bicycle."""
    if build in ("motorcycle", "bicycle"):
        return (2.1, 0.8) if build == "motorcycle" else (1.8, 0.6)
    plan = TRUCK if build == "truck" else BUILDS[build]
    return plan.length, plan.width


def label_of(build: str) -> str:
    """What a vehicle of that build is called."""
    if build in ("motorcycle", "bicycle", "truck"):
        return build
    return BUILDS[build].label


def vehicle(looks: Vehicle, camera: Camera) -> Callable[[Pose], Figure]:
    """How this vehicle is drawn."""
    return lambda pose: _vehicle(pose, looks, camera)


def _vehicle(pose: Pose, looks: Vehicle, camera: Camera) -> Figure:
    figure, solid = Figure(), Solid(pose.x, pose.y, pose.facing, camera)
    if looks.build == "truck":
        _paint_truck(figure, solid, looks, camera, pose)
        length, width, high = TRUCK.length, TRUCK.width, 0.9
    else:
        plan = BUILDS[looks.build]
        hull = _Hull(solid, plan, camera)
        hull.paint(figure, looks.rgb)
        hull.wheels(figure, pose.walked)
        length, width, high = plan.length, plan.width, 0.42 * plan.height if plan.height < 2 else 0.8
    _lamps(figure, solid, camera, (length, width, high), looks.lights, pose.doing == "braking")
    return figure


def _paint_truck(figure: Figure, solid: Solid, looks: Vehicle, camera: Camera, pose: Pose) -> None:
    box = _Hull(solid, TRUCK, camera)
    cab = _Hull(solid, _CAB, camera, shift=0.5 * TRUCK.length - 0.5 * _CAB.length)
    front = np.array(cab.spot((0, 0.5), 0))[:2]
    back = np.array(box.spot((-0.14, 0.5), 0))[:2]
    parts = [(float(np.linalg.norm(front)), cab, looks.rgb), (float(np.linalg.norm(back)), box, looks.load)]
    for _, hull, rgb in sorted(parts, key=lambda one: -one[0]):
        hull.paint(figure, rgb)
    box.wheels(figure, pose.walked)


def _lamps(
    figure: Figure, solid: Solid, camera: Camera, size: tuple[float, float, float], on: bool, braking: bool
) -> None:
    """Head and tail lamps on the ends that face the camera; when they are on they glow and light the road ahead."""
    length, width, high = size
    for end, rgb in ((1, (244, 242, 226)), (-1, (214, 36, 30) if braking or on else (140, 26, 26))):
        x, y, _ = solid.spot(end * length / 2, 0, 0)
        facing = end * (solid.cos * -x + solid.sin * -y) > 0
        for side in (-1, 1):
            spot = solid.spot(end * (length / 2 + 0.01), side * width * 0.38, high)
            if facing:
                figure.stroke([spot], 0.12, rgb, shadow=False)
            if facing and (on or (braking and end < 0)):
                strength = (150, 146, 120) if end > 0 else (120, 14, 10)
                figure.glows.append((spot, 0.32 if end > 0 else 0.2, strength))
    if on:
        ahead = [
            (length / 2 + 0.6, 0.7),
            (length / 2 + 11, 2.6),
            (length / 2 + 11, -2.6),
            (length / 2 + 0.6, -0.7),
        ]
        figure.beams.append((tuple(solid.spot(f, s, 0.0) for f, s in ahead), 0.55))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rider:
    """How a motorcycle or bicycle with its rider looks."""

    build: str
    frame: Rgb
    jacket: Rgb
    trousers: Rgb = (44, 48, 60)
    helmet: Rgb = (40, 40, 44)
    lights: bool = False


def two_wheeler(looks: Rider, camera: Camera) -> Callable[[Pose], Figure]:
    """How this rider is drawn."""
    return lambda pose: _two_wheeler(pose, looks, camera)


def _two_wheeler(pose: Pose, looks: Rider, camera: Camera) -> Figure:
    figure, solid = Figure(), Solid(pose.x, pose.y, pose.facing, camera)
    motor = looks.build == "motorcycle"
    base, radius = (0.72, 0.31) if motor else (0.53, 0.33)
    for f in (-base, base):
        _wheel(figure, solid, f, radius, 0.075 if motor else 0.035)
    seat, bar = (-0.15, 0.82), (0.48, 1.05)
    if motor:
        figure.stroke([solid.spot(-0.6, 0, 0.7), solid.spot(0.1, 0, 0.72)], 0.17, looks.frame)
        figure.stroke([solid.spot(0.05, 0, 0.5), solid.spot(0.35, 0, 0.8)], 0.19, lit(looks.frame, 0.9))
    else:
        seat, bar = (-0.2, 0.95), (0.42, 1.05)
        for a, b in (
            ((-0.53, 0.33), (-0.05, 0.4)),
            ((-0.05, 0.4), (0.42, 0.85)),
            ((-0.2, 0.9), (-0.05, 0.4)),
        ):
            figure.stroke([solid.spot(a[0], 0, a[1]), solid.spot(b[0], 0, b[1])], 0.035, looks.frame)
    figure.stroke([solid.spot(base, 0, radius), solid.spot(bar[0], 0, bar[1])], 0.04, (60, 60, 64))
    _rider(figure, solid, looks, pose, seat, bar)
    if looks.lights:
        spot = solid.spot(base + 0.1, 0, 0.85)
        if solid.cos * -spot[0] + solid.sin * -spot[1] > 0:
            figure.glows.append((spot, 0.25, (140, 136, 110)))
        if motor:
            ahead = [(1.4, 0.4), (9.0, 1.8), (9.0, -1.8), (1.4, -0.4)]
            figure.beams.append((tuple(solid.spot(f, s, 0.0) for f, s in ahead), 0.45))
    return figure


def _wheel(figure: Figure, solid: Solid, f: float, radius: float, thick: float) -> None:
    ring = [2 * math.pi * i / 12 for i in range(13)]
    rim = [solid.spot(f + radius * 0.9 * math.cos(a), 0, radius + radius * 0.9 * math.sin(a)) for a in ring]
    figure.stroke(rim, thick, TYRE)


def _rider(
    figure: Figure,
    solid: Solid,
    looks: Rider,
    pose: Pose,
    seat: tuple[float, float],
    bar: tuple[float, float],
) -> None:
    turning = pose.walked / 2.4 * 2 * math.pi if looks.build == "bicycle" else 0.6
    for side in (-1, 1):
        foot = (-0.02 + 0.15 * math.cos(turning + side * 1.57), 0.38 + 0.15 * math.sin(turning + side * 1.57))
        knee = (0.2, 0.5 * (seat[1] + foot[1]) + 0.12)
        hip = solid.spot(seat[0], 0.1 * side, seat[1])
        figure.stroke([hip, solid.spot(knee[0], 0.14 * side, knee[1])], 0.085, looks.trousers)
        at_foot = solid.spot(foot[0], 0.14 * side, foot[1])
        figure.stroke([solid.spot(knee[0], 0.14 * side, knee[1]), at_foot], 0.065, looks.trousers)
    neck = (seat[0] + 0.22, seat[1] + 0.52)
    figure.stroke([solid.spot(*(seat[0], 0, seat[1])), solid.spot(neck[0], 0, neck[1])], 0.18, looks.jacket)
    for side in (-1, 1):
        shoulder = solid.spot(neck[0], 0.19 * side, neck[1] - 0.05)
        figure.stroke([shoulder, solid.spot(bar[0], 0.25 * side, bar[1])], 0.06, lit(looks.jacket, 0.88))
    figure.stroke([solid.spot(neck[0] + 0.08, 0, neck[1] + 0.2)], 0.14, looks.helmet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """A pedestrian's colours and height (metres)."""

    jacket: Rgb
    trousers: Rgb
    skin: Rgb
    hair: Rgb
    height: float = 1.74


def pedestrian(looks: Looks, camera: Camera) -> Callable[[Pose], Figure]:
    """How this pedestrian is drawn."""
    return lambda pose: _pedestrian(pose, looks, camera)


def _pedestrian(pose: Pose, looks: Looks, camera: Camera) -> Figure:
    figure, solid = Figure(), Solid(pose.x, pose.y, pose.facing, camera)
    grow, phase = looks.height / 1.76, pose.walked / 1.5 * 2 * math.pi
    going = min(1.0, pose.speed / 0.9)

    def spot(f: float, s: float, u: float) -> Spot:
        return solid.spot(f * grow, s * grow, u * grow)

    across = solid.spot(0, 1, 0)
    near = 1 if (across[0] - pose.x) * -pose.x + (across[1] - pose.y) * -pose.y > 0 else -1
    for side in (-near, near):
        thigh = 0.45 * going * math.sin(phase + (math.pi if side > 0 else 0.0))
        bend = going * 0.5 * max(0.0, math.sin(phase + 1.9 + (math.pi if side > 0 else 0.0)))
        knee = (0.43 * math.sin(thigh), 0.92 - 0.43 * math.cos(thigh))
        foot = (knee[0] + 0.44 * math.sin(thigh - bend), max(0.05, knee[1] - 0.44 * math.cos(thigh - bend)))
        figure.stroke(
            [spot(0, 0.09 * side, 0.92), spot(knee[0], 0.09 * side, knee[1])], 0.09 * grow, looks.trousers
        )
        figure.stroke(
            [spot(knee[0], 0.09 * side, knee[1]), spot(foot[0], 0.09 * side, foot[1])],
            0.07 * grow,
            looks.trousers,
        )
        figure.stroke(
            [spot(foot[0] + 0.04, 0.09 * side, foot[1]), spot(foot[0] + 0.16, 0.09 * side, 0.04)],
            0.05 * grow,
            (36, 32, 30),
        )
        if side == -near:
            _limb(figure, spot, side, -thigh, looks, grow)
            figure.stroke([spot(0, -0.08, 0.98), spot(0, -0.1, 1.38)], 0.13 * grow, lit(looks.jacket, 0.86))
            figure.stroke([spot(0, 0.08, 0.98), spot(0, 0.1, 1.38)], 0.13 * grow, looks.jacket)
    _limb(figure, spot, near, 0.42 * going * math.sin(phase + (0.0 if near > 0 else math.pi)), looks, grow)
    figure.stroke([spot(0.01, 0, 1.6)], 0.11 * grow, looks.skin)
    figure.stroke([spot(-0.03, 0, 1.66)], 0.105 * grow, looks.hair)
    return figure


def _limb(
    figure: Figure,
    spot: Callable[[float, float, float], Spot],
    side: int,
    swing: float,
    looks: Looks,
    grow: float,
) -> None:
    elbow = (0.28 * math.sin(swing), 1.4 - 0.28 * math.cos(swing))
    hand = (elbow[0] + 0.24 * math.sin(swing + 0.3), elbow[1] - 0.24 * math.cos(swing + 0.3))
    figure.stroke(
        [spot(0, 0.21 * side, 1.4), spot(elbow[0], 0.22 * side, elbow[1])],
        0.058 * grow,
        lit(looks.jacket, 0.9),
    )
    figure.stroke(
        [spot(elbow[0], 0.22 * side, elbow[1]), spot(hand[0], 0.2 * side, hand[1])],
        0.048 * grow,
        lit(looks.jacket, 0.82),
    )
    figure.stroke([spot(hand[0], 0.2 * side, hand[1] - 0.03)], 0.05 * grow, looks.skin)


def debris(camera: Camera, rgb: Rgb, size: tuple[float, float, float]) -> Callable[[Pose], Figure]:
    """A box or tyre-sized thing that lies on the road: length, width, height in metres."""

    def draw(pose: Pose) -> Figure:
        figure = Figure()
        half = (size[0] / 2, size[1] / 2)
        Solid(pose.x, pose.y, pose.facing, camera).box(
            figure, (-half[0], half[0]), (-half[1], half[1]), (0.0, size[2]), rgb
        )
        return figure

    return draw
