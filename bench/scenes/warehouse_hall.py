"""The halls and yards in which the warehouse scenes play: camera, floor plan, and how the empty place looks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from bench.scenes.camera import Camera
from bench.scenes.conditions import Conditions, Lamp, Light, Occluder
from bench.scenes.dock_stage import YELLOW, Brush, as_a_camera_sees, put, rack
from bench.scenes.machines import Solid
from bench.scenes.scene import Scene
from bench.scenes.shapes import Figure, Pixels, Rgb
from core.place import Layout, Line, Zone

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A floor plan in metres: where the wall stands, three ways across (near, the aisle, far), the areas.

    `shelf` is a rack's front whose goods can be taken (x from and to; it stands before the wall), `counter` the place
    before which people queue. `wide` is how far the aisle's zone reaches to both sides.
    """

    name: str
    camera: Camera
    fps: int
    wall: float
    near: float
    aisle: float
    far: float
    wide: float
    shelf: Range | None = None
    counter: float | None = None
    restricted: Range | None = None
    outdoors: bool = False

    def out(self, y: float) -> float:
        """How far to the side one is out of the picture at that distance."""
        return self.camera.width / 2 / self.camera.focal * self.camera.depth(0, y, 0.9) + 1.0

    def inside(self, y: float) -> float:
        """How far to the side one is well in the picture at that distance."""
        return self.out(y) - 2.6

    @property
    def shelf_y(self) -> float:
        """The distance of the shelf's front."""
        return self.wall - 1.0


def plans(dice: random.Random) -> dict[str, Plan]:
    """The places, each with its camera hung a little differently every time."""

    def camera(size: tuple[int, int], height: float, pitch: float, focal: float) -> Camera:
        return Camera(
            width=size[0], height_px=size[1], height=round(height + dice.uniform(-0.25, 0.25), 2),
            pitch=round(pitch + dice.uniform(-1.0, 1.0), 2), focal=round(focal * dice.uniform(0.96, 1.05), 1),
        )  # fmt: skip

    found = (
        Plan(
            name="hall", camera=camera((960, 540), 4.6, 17, 800), fps=12, wall=19.5, near=8.9, aisle=11.2, far=14.8,
            wide=4.6, shelf=(1.2, 4.4), restricted=(-6.6, -3.0),
        ),
        Plan(
            name="high", camera=camera((640, 360), 6.6, 31, 500), fps=10, wall=17.5, near=7.6, aisle=10.2, far=13.4,
            wide=4.2, shelf=(-4.6, -1.4), restricted=(2.6, 5.6),
        ),
        Plan(
            name="packing", camera=camera((848, 480), 3.9, 17, 700), fps=12, wall=16.0, near=7.8, aisle=9.8, far=12.4,
            wide=3.8, shelf=(1.6, 4.8), counter=-3.2,
        ),
        Plan(
            name="store", camera=camera((800, 450), 3.4, 14, 600), fps=10, wall=14.5, near=7.6, aisle=9.6, far=11.8,
            wide=4.2, shelf=(-1.6, 2.2), counter=4.6,
        ),
        Plan(
            name="yard", camera=camera((960, 540), 6.0, 22, 780), fps=12, wall=24.0, near=10.0, aisle=13.0, far=17.0,
            wide=5.0, restricted=(3.4, 7.2), outdoors=True,
        ),
    )  # fmt: skip
    return {plan.name: plan for plan in found}


def conditions(dice: random.Random, plan: Plan) -> Conditions:
    """The light, rain outdoors, and now and then a pillar before everything."""
    light: Light = dice.choices(("day", "dusk", "night"), (5, 2, 3))[0]
    rain = round(dice.uniform(0.4, 0.9), 2) if plan.outdoors and dice.random() < 0.5 else 0.0
    lamps = tuple(
        Lamp(x=x, y=y, radius=3.2, strength=round(dice.uniform(0.45, 0.6), 2))
        for x in (-4.5, 0.0, 4.5)
        for y in (plan.near + 0.6, (plan.aisle + plan.far) / 2)
    )
    pillars = (_pillar(dice, plan),) if dice.random() < 0.3 else ()
    # many lamps under a roof, or a clouded sky: shadows are soft and faint, and fall anywhere
    faint = 0.12 if light == "night" else 0.18
    return Conditions(
        light=light,
        rain=rain,
        lamps=lamps if light != "day" else (),
        occluders=pillars,
        sun=(round(dice.uniform(-0.12, 0.12), 2), round(dice.uniform(-0.16, 0.16), 2)),
        shadow=round(dice.uniform(faint, 2 * faint), 2),
    )


def _pillar(dice: random.Random, plan: Plan) -> Occluder:
    figure, y = Figure(), plan.near - 1.4
    x = dice.choice((-1, 1)) * dice.uniform(0.25, 0.5) * plan.inside(y)
    solid = Solid(x, y, 0.0, plan.camera)
    half = round(dice.uniform(0.1, 0.19), 2)
    rgb = dice.choice(((128, 130, 128), (96, 104, 116), (150, 140, 60)))
    solid.box(figure, (-half, half), (-half, half), (0.0, 5.5), rgb)
    solid.box(figure, (-half - 0.01, half + 0.01), (-half - 0.01, half), (0.0, 1.0), YELLOW)
    return Occluder(figure=figure, y=y)


SHELF_Z: Range = (0.75, 2.15)
"""Height of the goods' lower and upper edge, metres."""


def waiting(counter: float) -> Range:
    """From where to where people wait before a counter: from it towards the middle of the picture."""
    return (counter - 1.4, counter + 3.4) if counter < 0 else (counter - 3.4, counter + 1.4)


def layout(plan: Plan) -> Layout:
    """The drawings: the aisle, and what else the plan has; a line across the way from the aisle to the far side."""
    camera = plan.camera

    def area(x: Range, y: Range) -> tuple[tuple[float, float], ...]:
        return camera.ground([(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])])

    half = (plan.aisle - plan.near) / 2
    zones = [
        Zone(
            name="aisle", kind="aisle",
            polygon=area((-plan.wide, plan.wide), (plan.aisle - half * 0.9, plan.aisle + half * 0.9)),
        )
    ]  # fmt: skip
    if plan.shelf is not None:
        (x1, x2), (z1, z2) = plan.shelf, SHELF_Z
        corners = [
            camera.pixel(x, plan.shelf_y - 0.4, z) for x, z in ((x1, z2), (x2, z2), (x2, z1), (x1, z1))
        ]
        polygon = tuple((round(u, 1), round(v, 1)) for u, v in corners)
        zones.append(Zone(name="shelf A", kind="shelf", polygon=polygon))
    if plan.counter is not None:
        y = plan.far
        zones.append(
            Zone(name="counter", kind="queue", polygon=area(waiting(plan.counter), (y - 0.7, y + 1.9)))
        )
    if plan.restricted is not None:
        zones.append(
            Zone(
                name="restricted", kind="restricted", polygon=area(plan.restricted, (plan.far - 1, plan.far + 1.4))
            )
        )  # fmt: skip
    beyond = plan.aisle + half * 0.9 + 0.5
    start, end = camera.ground([(-1.4, beyond), (1.4, beyond)])
    return Layout(zones=tuple(zones), lines=(Line(name="far line", start=start, end=end),))


def stage(plan: Plan) -> Callable[[Scene], Pixels]:
    """What paints the empty place."""
    return lambda scene: _paint(scene, plan)


def _paint(scene: Scene, plan: Plan) -> Pixels:
    camera, zoom = plan.camera, 2
    rng = np.random.default_rng(scene.seed)
    canvas = np.full((camera.height_px * zoom, camera.width * zoom, 3), 96, np.uint8)
    brush = Brush(camera, canvas, zoom)
    _floor(brush, plan, rng)
    _markings(brush, plan)
    _wall(brush, plan, rng)
    picture = cv2.resize(canvas, (camera.width, camera.height_px), interpolation=cv2.INTER_AREA)
    _furniture(picture, plan, rng)
    return as_a_camera_sees(picture)


def _floor(brush: Brush, plan: Plan, rng: np.random.Generator) -> None:
    height, width = brush.canvas.shape[:2]
    grey = (92 if plan.outdoors else 126) + float(rng.uniform(-14, 14))
    base = np.interp(np.arange(height) / height, [0, 1], [grey - 12, grey + 10])[:, None] * np.ones(
        (1, width)
    )
    for scale, weight in ((6, 8.0), (40, 7.0), (160, 5.0)):
        rough = rng.normal(0, 1, (height // scale + 2, width // scale + 2)).astype(np.float32)
        base += weight * cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC) / 2
    tint = np.array([1.0, 0.99, 0.96]) + rng.uniform(-0.03, 0.03, 3)
    brush.canvas[:] = np.clip(base[:, :, None] * tint, 0, 255).astype(np.uint8)
    for x in np.arange(-16, 17, 4.0):
        brush.floor((x - 0.02, x + 0.02), (4.0, plan.wall), (84, 84, 80), 0.6)
    for y in np.arange(5, plan.wall, 4.0):
        brush.floor((-18, 18), (y - 0.02, y + 0.02), (84, 84, 80), 0.6)


def _markings(brush: Brush, plan: Plan) -> None:
    half = (plan.aisle - plan.near) / 2 * 0.9
    for y in (plan.aisle - half, plan.aisle + half):
        brush.floor((-18, 18), (y - 0.06, y + 0.06), YELLOW if not plan.outdoors else (214, 214, 208), 0.9)
    if plan.restricted is not None:
        x1, x2 = plan.restricted
        y1, y2 = plan.far - 1, plan.far + 1.4
        brush.floor((x1, x2), (y1, y2), (170, 84, 70), 0.22)
        for x in (x1, x2):
            brush.floor((x - 0.06, x + 0.06), (y1, y2), (190, 62, 50), 0.9)
        for y in (y1, y2):
            brush.floor((x1, x2), (y - 0.07, y + 0.07), (190, 62, 50), 0.9)
    if plan.counter is not None:
        y = plan.far
        for x in waiting(plan.counter):
            brush.floor((x - 0.04, x + 0.04), (y - 0.7, y + 1.9), (60, 110, 190), 0.8)


def _wall(brush: Brush, plan: Plan, rng: np.random.Generator) -> None:
    tone = rng.uniform(0.85, 1.1)
    panel: Rgb = (int(138 * tone), int(146 * tone), int(152 * tone))
    brush.wall((-22, 22), (0, 9), panel, plan.wall)
    for x in np.arange(-22, 22, 0.5):
        brush.wall(
            (x, x + 0.2),
            (0.5, 9),
            (int(panel[0] * 0.94), int(panel[1] * 0.94), int(panel[2] * 0.95)),
            plan.wall,
        )
    brush.wall((-22, 22), (0, 0.5), (84, 88, 94), plan.wall)
    for x in (-9.0, -3.0, 3.0, 9.0):
        brush.wall((x - 0.14, x + 0.14), (0, 6), (92, 100, 112), plan.wall)
    middle = float(rng.uniform(-8, -6) if rng.random() < 0.5 else rng.uniform(6, 8))
    brush.wall((middle - 1.5, middle + 1.5), (0, 3.3), (50, 54, 60), plan.wall)
    for z in np.arange(0.0, 3.1, 0.25):
        brush.wall((middle - 1.4, middle + 1.4), (z, z + 0.2), (172, 176, 178), plan.wall)


def _furniture(picture: Pixels, plan: Plan, rng: np.random.Generator) -> None:
    camera = plan.camera
    if not plan.outdoors:
        for left, right in ((-13.5, -8.0), (8.0, 13.5)):
            rack(picture, camera, rng, left, right, plan.wall - 0.8)
    if plan.shelf is not None:
        _shelf(picture, plan, plan.shelf)
    if plan.counter is not None:
        counter = Figure()
        solid = Solid(plan.counter, plan.far + 2.6, 0.0, camera)
        solid.box(counter, (-1.5, 1.5), (-0.35, 0.35), (0.0, 1.05), (126, 96, 66))
        solid.box(counter, (-1.6, 1.6), (-0.45, 0.45), (1.05, 1.12), (190, 186, 176))
        solid.box(counter, (0.3, 0.8), (-0.1, 0.2), (1.12, 1.5), (44, 46, 50))
        put(picture, camera, counter)


def _shelf(picture: Pixels, plan: Plan, across: Range) -> None:
    """The shelf whose goods come and go: uprights, two boards and a dark back."""
    figure, solid = Figure(), Solid(0.0, plan.shelf_y, 0.0, plan.camera)
    low, high = SHELF_Z
    solid.box(figure, (across[0], across[1]), (0.3, 0.34), (low - 0.1, high + 0.1), (58, 62, 70))
    for z in (low - 0.08, (low + high) / 2 - 0.04, high + 0.06):
        solid.box(figure, (across[0] - 0.05, across[1] + 0.05), (-0.42, 0.34), (z, z + 0.06), (200, 104, 40))
    for x in across:
        figure.stroke([solid.spot(x, -0.42, 0), solid.spot(x, -0.42, high + 0.2)], 0.05, (44, 74, 134))
    put(picture, plan.camera, figure)
