"""The roads of the traffic scenes: where cameras stand, how lanes run, what is drawn on the stream, and the still picture.

Driving is on the right. Lanes are 3.5 m wide. `x` is metres to the right, `y` metres away from the camera's foot.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from bench.scenes.camera import Camera
from bench.scenes.scene import Scene
from bench.scenes.shapes import Pixels, Rgb
from bench.scenes.traffic_flow import Route, bent, straight
from core.place import Lane, Layout, Line, Point, Zone
from ingest.layout.ground import from_places

LANE_M = 3.5
SIZES = ((640, 360), (768, 432), (960, 540))
FAR_M = 34.0
"""How far beyond the picture's middle routes begin and end."""

Metres = tuple[float, float]
Patch = tuple[tuple[Metres, ...], Rgb]


@dataclass(frozen=True, kw_only=True)
class Way:
    """A stream of ordinary traffic: its route, its lane, how fast it goes (metres a second) and where it stops at red.

    `turn` says what the route does at a crossing: `""` straight, else left, right or uturn.
    """

    route: Route
    lane: str
    speed: float
    turn: str = ""
    arm: str = ""
    stop_s: float | None = None
    bend_speed: float | None = None
    bend: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Road:
    """One place with traffic: its camera, its ways, what is drawn, and how its ground is painted.

    `wrong` are routes against a lane; `kerbs` are lines along which pedestrians walk on the pavement;
    `over` is where they cross (from, to), `edge` a spot just inside a lane reached from a pavement.
    """

    kind: str
    camera: Camera
    ways: tuple[Way, ...]
    layout: Layout
    patches: tuple[Patch, ...]
    limit_kmh: float
    kerbs: tuple[tuple[Metres, ...], ...] = ()
    over: tuple[Metres, Metres] | None = None
    wall: float | None = None
    wrong: tuple[tuple[str, Route], ...] = ()
    lamps: tuple[Metres, ...] = ()
    cycle: dict[str, tuple[float, float]] = field(default_factory=dict)
    period: float = 0.0

    def stage(self, scene: Scene) -> Pixels:
        """The still background, RGB."""
        return _paint(self, scene)

    def green(self, arm: str) -> Callable[[float], bool]:
        """Whether that arm's signal is green at a second."""
        start, end = self.cycle[arm]
        return lambda at: start <= at % self.period < end


# -- the three places --------------------------------------------------------------------------------------------


def street(dice: random.Random) -> Road:
    """A straight two-way street with pavements, seen across from a pole or a roof."""
    width, height_px = dice.choice(SIZES)
    high = dice.uniform(6.0, 11.0)
    middle = dice.uniform(23.0, 27.0)
    pitch = math.degrees(math.atan2(high, middle)) + dice.uniform(2.0, 4.0)
    camera = Camera(
        width=width, height_px=height_px, height=high, pitch=pitch, focal=width * dice.uniform(0.62, 0.7)
    )
    near, far = middle - LANE_M / 2, middle + LANE_M / 2
    speed = dice.uniform(9.5, 11.5)
    east = straight("east", (-FAR_M, near), (FAR_M, near))
    west = straight("west", (FAR_M, far), (-FAR_M, far))
    ways = (
        Way(route=east, lane="eastbound", speed=speed),
        Way(route=west, lane="westbound", speed=speed * 0.97),
    )
    south, north = middle - LANE_M - 0.3, middle + LANE_M + 0.3
    pave = 3.2
    areas = [
        _Area("road", "road", [(-30, south), (30, south), (30, north), (-30, north)]),
        _Area("pavement", "pavement", [(-30, south - pave), (30, south - pave), (30, south), (-30, south)]),
    ]
    zebra = dice.random() < 0.5
    cross = dice.uniform(-7, 7)
    patches: list[Patch] = [
        (_rect(-60, 60, south - pave - 30, north + 40), (104, 116, 92)),
        (_rect(-60, 60, south - pave, south), (158, 154, 148)),
        (_rect(-60, 60, north, north + pave), (160, 156, 150)),
        (_rect(-60, 60, south, north), (92, 93, 96)),
        *((_rect(-60, 60, y - 0.12, y + 0.12), (190, 188, 182)) for y in (south, north)),
        *((_rect(x, x + 3, middle - 0.07, middle + 0.07), (214, 214, 208)) for x in range(-60, 60, 6)),
    ]
    if zebra:
        areas.append(
            _Area(
                "zebra",
                "crossing",
                [(cross - 1.6, south), (cross + 1.6, south), (cross + 1.6, north), (cross - 1.6, north)],
            )
        )
        patches.append((_rect(cross - 1.7, cross + 1.7, middle - 0.2, middle + 0.2), (92, 93, 96)))
        patches += [
            (_rect(cross - 1.6, cross + 1.6, y, y + 0.5), (222, 222, 216))
            for y in np.arange(south + 0.3, north - 0.4, 1.0)
        ]
    gate = dice.uniform(-3, 3)
    gate = gate + 6 if abs(gate - cross) < 3 and zebra else gate
    layout = _layout(
        camera,
        areas,
        lanes=[
            (
                "eastbound",
                [(-30, middle - LANE_M), (30, middle - LANE_M), (30, middle), (-30, middle)],
                (1, 0),
            ),
            (
                "westbound",
                [(-30, middle), (30, middle), (30, middle + LANE_M), (-30, middle + LANE_M)],
                (-1, 0),
            ),
        ],
        lines=[("gate", (gate, south), (gate, north))],
        limit=50.0,
        plane=_rect(-9, 9, south, north + 2),
    )
    return Road(
        kind="street", camera=camera, ways=ways, layout=layout, patches=tuple(patches), limit_kmh=50.0,
        kerbs=(((-FAR_M, south - 1.9), (FAR_M, south - 2.3)), ((FAR_M, north + 1.6), (-FAR_M, north + 2.2))),
        over=((cross, south - 1.7), (cross, north + 1.7)) if zebra else None,
        wall=north + pave + 2,
        wrong=(("eastbound", straight("against", (FAR_M, near), (-FAR_M, near))), ("westbound", straight("against", (-FAR_M, far), (FAR_M, far)))),
        lamps=tuple((x, north + 1) for x in (-18.0, -6.0, 6.0, 18.0)),
    )  # fmt: skip


def motorway(dice: random.Random) -> Road:
    """Two lanes each way under a bridge, seen from it."""
    width, height_px = dice.choice(SIZES)
    high = dice.uniform(10.0, 14.0)
    camera = Camera(
        width=width,
        height_px=height_px,
        height=high,
        pitch=dice.uniform(30, 38),
        focal=width * dice.uniform(0.66, 0.76),
    )
    shift, speed = dice.uniform(-2.0, 2.0), dice.uniform(15.0, 17.5)
    xs = {
        "away outer": shift + 7.4,
        "away inner": shift + 3.6,
        "toward inner": shift - 3.6,
        "toward outer": shift - 7.4,
    }
    ways, lanes, wrong = [], [], []
    for name, x in xs.items():
        up = name.startswith("away")
        ends = ((x, -14.0), (x, 120.0)) if up else ((x, 120.0), (x, -14.0))
        faster = 1.12 if "inner" in name else 1.0
        ways.append(Way(route=straight(name, *ends), lane=name, speed=speed * faster))
        wrong.append((name, straight(f"against {name}", ends[1], ends[0])))
        half = 1.85
        lanes.append(
            (name, [(x - half, 6), (x + half, 6), (x + half, 52), (x - half, 52)], (0, 1 if up else -1))
        )
    edge = 9.5
    patches: list[Patch] = [
        (_rect(-90, 90, 0.5, 160), (106, 120, 90)),
        (_rect(shift - edge - 3, shift - 1.4, 0.5, 160), (98, 99, 102)),
        (_rect(shift + 1.4, shift + edge + 3, 0.5, 160), (96, 97, 100)),
        (_rect(shift - 0.35, shift + 0.35, 0.5, 160), (176, 176, 172)),
        *(
            (_rect(shift + x - 0.1, shift + x + 0.1, 0.5, 160), (220, 220, 214))
            for x in (-edge + 0.1, -1.75, 1.75, edge - 0.1)
        ),
        *(
            (_rect(shift + x - 0.08, shift + x + 0.08, y, y + 4), (216, 216, 210))
            for x in (-5.5, 5.5)
            for y in range(1, 150, 10)
        ),
    ]
    areas = [
        _Area(
            "carriageway away",
            "road",
            [(shift + 1.6, 6), (shift + edge, 6), (shift + edge, 52), (shift + 1.6, 52)],
        ),
        _Area(
            "carriageway toward",
            "road",
            [(shift - edge, 6), (shift - 1.6, 6), (shift - 1.6, 52), (shift - edge, 52)],
        ),
    ]
    gate = dice.uniform(20, 26)
    layout = _layout(
        camera,
        areas,
        lanes=lanes,
        lines=[
            ("away gate", (shift + 1.5, gate), (shift + edge, gate)),
            ("toward gate", (shift - edge, gate), (shift - 1.5, gate)),
        ],
        limit=80.0,
        plane=_rect(shift - 5.5, shift + 5.5, 16, 40),
    )
    return Road(
        kind="motorway", camera=camera, ways=tuple(ways), layout=layout, patches=tuple(patches), limit_kmh=80.0,
        wrong=tuple(wrong), lamps=tuple((shift, y) for y in (14.0, 30.0, 50.0)),
        kerbs=(), over=None,
    )  # fmt: skip


def crossing(dice: random.Random) -> Road:
    """Four arms with signals, one arm green at a time, seen from high above."""
    width, height_px = dice.choice(SIZES)
    high, pitch = dice.uniform(24.0, 28.0), dice.uniform(56.0, 68.0)
    camera = Camera(
        width=width, height_px=height_px, height=high, pitch=pitch, focal=width * dice.uniform(0.54, 0.6)
    )
    mid = high / math.tan(math.radians(pitch)) + 0.5
    r, half = 5.2, LANE_M / 2
    arms = {"west": (-1.0, 0.0), "east": (1.0, 0.0), "north": (0.0, 1.0), "south": (0.0, -1.0)}
    reach = 44.0

    def spot(arm: str, out: float, aside: float) -> Metres:
        """`out` metres from the middle along an arm, `aside` metres to the left of who looks outwards."""
        dx, dy = arms[arm]
        return dx * out - dy * aside, mid + dy * out + dx * aside

    ways = []
    for arm in arms:
        for goal in arms:
            turn = _turn(arms[arm], arms[goal])
            out_in, in_out = (r, r) if turn != "uturn" else (2.5, 2.5)
            points = (
                spot(arm, reach, half),
                spot(arm, out_in, half),
                spot(goal, in_out, -half),
                spot(goal, reach, -half),
            )
            name = f"{arm} to {goal}"
            route = bent(name, *points) if turn else straight(name, points[0], points[3])
            slow = {"": None, "left": 6.0, "right": 4.6, "uturn": 3.4}[turn]
            ways.append(
                Way(route=route, lane=f"{arm} in", speed=9.5, turn=turn, arm=arm, stop_s=reach - r - 2.2, bend_speed=slow, bend=(reach - out_in - 1.0, reach + (2 if turn == "right" else 7)))
            )  # fmt: skip
    lanes, areas, patches = [], [], []
    patches += [
        (_rect(-90, 90, -60, 120), (118, 122, 108)),
        (_rect(-90, 90, mid - 6.4, mid + 6.4), (160, 156, 150)),
    ]
    patches += [
        (_rect(-6.4, 6.4, -60, 120), (160, 156, 150)),
        (_rect(-90, 90, mid - 3.6, mid + 3.6), (94, 95, 98)),
    ]
    patches += [(_rect(-3.6, 3.6, -60, 120), (94, 95, 98))]
    for arm, (dx, dy) in arms.items():
        for side, word, sign in ((half, "in", -1), (-half, "out", 1)):
            corners = [spot(arm, a, side + b) for a, b in ((r, -half), (26, -half), (26, half), (r, half))]
            lanes.append((f"{arm} {word}", corners, (dx * sign, dy * sign)))
        patches += [
            (
                tuple(spot(arm, a, b) for a, b in ((o, -0.08), (o + 2, -0.08), (o + 2, 0.08), (o, 0.08))),
                (216, 216, 210),
            )
            for o in range(8, 60, 4)
        ]
        patches.append(
            (
                tuple(
                    spot(arm, a, b)
                    for a, b in ((r + 1.6, 0.1), (r + 2.0, 0.1), (r + 2.0, 3.4), (r + 1.6, 3.4))
                ),
                (226, 226, 220),
            )
        )
        patches += [
            (
                tuple(
                    spot(arm, a, b)
                    for a, b in ((r - 1.2, c), (r + 1.0, c), (r + 1.0, c + 0.5), (r - 1.2, c + 0.5))
                ),
                (222, 222, 216),
            )
            for c in np.arange(-3.4, 3.2, 1.0)
        ]
    areas.append(_Area("junction", "junction", [(-r, mid - r), (r, mid - r), (r, mid + r), (-r, mid + r)]))
    stand = ((r, 0.0), (26.0, 0.0), (26.0, LANE_M), (r, LANE_M))
    areas += [_Area(f"waiting {arm}", "waiting", [spot(arm, a, b) for a, b in stand]) for arm in arms]
    gate = 12.0
    layout = _layout(
        camera,
        areas,
        lanes=lanes,
        lines=[
            ("west gate", spot("west", gate, -3.6), spot("west", gate, 3.6)),
            ("east gate", spot("east", gate, -3.6), spot("east", gate, 3.6)),
        ],
        limit=50.0,
        plane=_rect(-8, 8, mid - 6, mid + 8),
    )
    order = list(arms)
    dice.shuffle(order)
    cycle = {arm: (i * 11.0, i * 11.0 + 6.5) for i, arm in enumerate(order)}
    return Road(
        kind="crossing", camera=camera, ways=tuple(ways), layout=layout, patches=tuple(patches), limit_kmh=50.0,
        kerbs=tuple(((40 * a, mid + 5.1 * b), (5.1 * a, mid + 5.1 * b), (5.1 * a, mid + 40 * b)) for a, b in ((-1, 1), (1, 1), (1, -1))),
        over=None, lamps=((-7.0, mid + 6), (7.0, mid + 6), (-18.0, mid + 5), (18.0, mid + 5)), cycle=cycle, period=44.0,
        wrong=tuple((f"{arm} out", bent(f"against {arm}", spot(arm, reach, -half), spot(arm, r, -half), spot(_opposite(arm), r, -half), spot(_opposite(arm), reach, -half))) for arm in ("west", "east")),
    )  # fmt: skip


ROADS: dict[str, Callable[[random.Random], Road]] = {
    "street": street,
    "motorway": motorway,
    "crossing": crossing,
}
"""Kind of road → the function that lays it out."""


def _turn(come: Metres, go: Metres) -> str:
    """What it is to come in by one arm and leave by another: '' is straight on."""
    if come == go:
        return "uturn"
    cross = come[0] * go[1] - come[1] * go[0]
    return "" if abs(cross) < 0.5 else "left" if cross < 0 else "right"


def _opposite(arm: str) -> str:
    return {"west": "east", "east": "west", "north": "south", "south": "north"}[arm]


# -- drawings ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Area:
    name: str
    kind: str
    corners: list[Metres]


def _layout(
    camera: Camera,
    areas: Sequence[_Area],
    *,
    lanes: Sequence[tuple[str, list[Metres], tuple[float, float]]],
    lines: Sequence[tuple[str, Metres, Metres]],
    limit: float,
    plane: Sequence[Metres],
) -> Layout:
    """The drawings in pixels, cut to the picture's inner part: what comes into the picture then comes into a zone."""
    drawn = []
    for name, corners, way in lanes:
        polygon = _inside(camera, corners)
        if polygon:
            middle = np.mean(corners, axis=0)
            a, b = camera.pixel(*middle), camera.pixel(*(middle + np.array(way)))
            direction = (round(b[0] - a[0], 2), round(b[1] - a[1], 2))
            drawn.append(Lane(name=name, polygon=polygon, direction=direction, limit_kmh=limit))
    zones = [
        Zone(name=area.name, kind=area.kind, polygon=polygon)
        for area in areas
        if (polygon := _inside(camera, area.corners))
    ]
    gates = []
    for name, start, end in lines:
        a, b = camera.ground([start, end])
        if all(2 <= x <= camera.width - 2 and 2 <= y <= camera.height_px - 2 for x, y in (a, b)):
            gates.append(Line(name=name, start=a, end=b))
    return Layout(
        zones=tuple(zones),
        lines=tuple(gates),
        lanes=tuple(drawn),
        ground=from_places(camera.ground(list(plane)), plane),
    )


def _inside(camera: Camera, corners: Sequence[Metres]) -> tuple[Point, ...]:
    """A convex patch of ground as it lies in the inner part of the picture; empty where hardly anything of it does."""
    w, h = camera.width, camera.height_px
    frame = np.array(
        [(0.05 * w, 0.05 * h), (0.95 * w, 0.05 * h), (0.95 * w, 0.93 * h), (0.05 * w, 0.93 * h)], np.float32
    )
    shape = np.array([camera.pixel(x, max(y, 1.0)) for x, y in corners], np.float32)
    area, common = cv2.intersectConvexConvex(frame, cv2.convexHull(shape))
    if area < 0.004 * w * h or common is None:
        return ()
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in common.reshape(-1, 2))


def _rect(x1: float, x2: float, y1: float, y2: float) -> tuple[Metres, ...]:
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


# -- the still picture -------------------------------------------------------------------------------------------


def _paint(road: Road, scene: Scene) -> Pixels:
    camera, rng = road.camera, np.random.default_rng(scene.seed)
    size = (camera.height_px * 2, camera.width * 2)
    canvas = np.full((*size, 3), (178, 190, 204), np.uint8)
    for corners, rgb in road.patches:
        _fill(canvas, camera, [(x, y, 0.0) for x, y in corners], rgb)
    if road.wall is not None:
        _houses(canvas, camera, road.wall, rng)
    rough = np.zeros(size, np.float32)
    for scale, weight in ((3, 5.0), (24, 5.0), (120, 6.0)):
        spots = rng.normal(0, 1, (size[0] // scale + 2, size[1] // scale + 2)).astype(np.float32)
        rough += weight * cv2.resize(spots, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    canvas = np.clip(canvas + rough[:, :, None], 0, 255).astype(np.uint8)
    picture = cv2.resize(canvas, (camera.width, camera.height_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.6), np.uint8)


def _fill(canvas: Pixels, camera: Camera, corners: Sequence[tuple[float, float, float]], rgb: Rgb) -> None:
    """A convex patch, cut off before the camera's own plane."""
    shape = _before_the_lens(np.array(corners, np.float64), camera)
    if len(shape) < 3:
        return
    flat, _ = camera.project(shape)
    cv2.fillPoly(canvas, [np.round(flat * 16).clip(-4e6, 4e6).astype(np.int32)], rgb, cv2.LINE_AA, 3)


def _before_the_lens(
    shape: npt.NDArray[np.float64], camera: Camera, least: float = 0.5
) -> npt.NDArray[np.float64]:
    depth = np.array([camera.depth(*spot) for spot in shape])
    out = []
    for i in range(len(shape)):
        j = (i + 1) % len(shape)
        if depth[i] >= least:
            out.append(shape[i])
        if (depth[i] >= least) != (depth[j] >= least):
            share = (least - depth[i]) / (depth[j] - depth[i])
            out.append(shape[i] + share * (shape[j] - shape[i]))
    return np.array(out)


def _houses(canvas: Pixels, camera: Camera, y: float, rng: np.random.Generator) -> None:
    """A row of fronts with windows behind the far pavement."""
    x = -60.0
    while x < 60:
        wide, tall = float(rng.uniform(8, 15)), float(rng.uniform(6, 11))
        tone = rng.uniform(0.8, 1.05) * np.array(
            ((176, 160, 140), (150, 146, 142), (190, 182, 166), (158, 120, 100))[int(rng.integers(4))]
        )
        rgb = tuple(int(v) for v in tone.clip(0, 255))
        _fill(canvas, camera, [(x, y, 0), (x + wide, y, 0), (x + wide, y, tall), (x, y, tall)], rgb)  # type: ignore[arg-type]
        for a in np.arange(x + 0.8, x + wide - 1.6, 2.2):
            for z in np.arange(1.0, tall - 1.6, 2.8):
                _fill(
                    canvas,
                    camera,
                    [(a, y, z), (a + 1.2, y, z), (a + 1.2, y, z + 1.5), (a, y, z + 1.5)],
                    (70, 80, 92),
                )
        x += wide
