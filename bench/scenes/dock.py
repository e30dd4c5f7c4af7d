"""The loading dock's play: who comes when, what the forklift does, and what is drawn on the stream."""

from __future__ import annotations

import math
import random
from typing import Any

from bench.scenes.camera import Camera
from bench.scenes.dock_stage import paint_dock
from bench.scenes.machines import LOAD_FORWARD, LOAD_HALF, Truck, forklift, pallet
from bench.scenes.people import Clothes, worker
from bench.scenes.scene import Actor, Path, Scene, Walk
from bench.scenes.shapes import Rgb
from core.place import Layout, Line, Zone

AISLE_Y = 11.2
VESTS: dict[str, Rgb] = {
    "orange": (242, 112, 28),
    "yellow": (226, 228, 44),
    "blue": (34, 92, 206),
    "red": (206, 36, 40),
    "green": (44, 170, 76),
}
HATS: dict[str, Rgb] = {"white": (240, 240, 236), "yellow": (246, 208, 40), "red": (206, 44, 40)}
TROUSERS: tuple[Rgb, ...] = ((44, 50, 68), (62, 60, 58), (38, 44, 52), (74, 66, 54))
SKINS: tuple[Rgb, ...] = ((224, 172, 136), (150, 104, 74), (198, 146, 110), (104, 72, 52))


def loading_dock(seed: int) -> Scene:
    """A minute and a quarter at the dock, the same for the same seed."""
    dice = random.Random(seed)
    camera = Camera(width=960, height_px=540, height=4.6, pitch=17.0, focal=800.0)
    vests = dice.sample(sorted(VESTS), 5)
    people = [
        _worker(dice, camera, vest, path)
        for vest, path in zip(
            vests[:4], (_clerk(dice), _waiter(dice), _crosser(dice), _walker(dice)), strict=True
        )
    ]
    truck, standing = _truck(dice, camera, vests[4])
    return Scene(
        kind="dock",
        seed=seed,
        camera=camera,
        fps=12,
        duration=78.0,
        actors=(*people, truck, standing),
        layout=_layout(camera),
        stage=paint_dock,
        title="CAM 02  LOADING DOCK",
        rules=RULES,
    )


def _worker(dice: random.Random, camera: Camera, vest: str, path: Path) -> Actor:
    hat = dice.choice(sorted(HATS))
    clothes = Clothes(
        vest=VESTS[vest],
        hat=HATS[hat],
        trousers=dice.choice(TROUSERS),
        sleeves=dice.choice(((46, 52, 74), (84, 88, 94), (120, 124, 130))),
        skin=dice.choice(SKINS),
        height=round(dice.uniform(1.68, 1.86), 2),
    )
    return Actor(
        name=f"worker in {vest}",
        label="person",
        colour=vest,
        paths=(path,),
        figure=worker(clothes, camera),
        attributes={"upper": vest, "hat": hat},
    )


def _clerk(dice: random.Random) -> Path:
    """Comes along the aisle, goes to the open dock door, checks the trailer for a while, leaves on the right."""
    speed = dice.uniform(1.28, 1.42)
    walk = Walk(1.0 + dice.uniform(0, 0.6), -8.3, AISLE_Y + 0.2)
    walk.to(-0.6, AISLE_Y, speed=speed).to(0.3, 17.4, speed=speed)
    walk.wait(dice.uniform(8.4, 9.4), doing="clipboard", facing=math.pi * 0.62)
    return walk.to(0.8, 13.4, speed=speed).to(8.8, 11.8, speed=speed).path()


def _waiter(dice: random.Random) -> Path:
    """Comes from the right along the near side of the aisle, waits a few seconds, goes on to the left."""
    speed = dice.uniform(1.3, 1.42)
    walk = Walk(10.5 + dice.uniform(0, 0.8), 7.8, 10.3)
    walk.to(3.0, 10.25, speed=speed).wait(dice.uniform(4.2, 5.0), facing=-math.pi * 0.6)
    return walk.to(-8.2, 10.4, speed=speed).path()


MEET = 36.5
"""The second in which the forklift and the crossing worker meet."""
CROSS_X = 0.8


def _crosser(dice: random.Random) -> Path:
    """Steps into the forklift's way, jumps back, waits for the driver's sign and hurries across."""
    speed = dice.uniform(1.3, 1.4)
    took = (7.6 - CROSS_X) / speed + (AISLE_Y - 0.1 - 8.9) / speed
    walk = Walk(MEET + 0.25 - took, 7.6, 8.9)
    walk.to(CROSS_X, 8.9, speed=speed).to(CROSS_X, AISLE_Y - 0.1, speed=speed)
    walk.wait(0.35, doing="startled", facing=math.pi)
    walk.to(CROSS_X + 0.35, AISLE_Y - 0.55, speed=1.9, facing=math.pi)
    walk.wait(0.7, doing="startled", facing=math.pi)
    return walk.to(1.9, 13.6, speed=1.75).to(10.4, 14.3, speed=speed).path()


def _walker(dice: random.Random) -> Path:
    """Finds the pallet in the way, stands before it, goes round it and into the restricted area."""
    speed = dice.uniform(1.3, 1.4)
    walk = Walk(50.0 + dice.uniform(0, 0.6), 8.0, AISLE_Y)
    walk.to(4.4, AISLE_Y - 0.1, speed=speed).wait(dice.uniform(3.8, 4.4), facing=math.pi)
    walk.to(3.7, 9.5, speed=speed).to(1.5, 9.3, speed=speed).to(-4.9, 15.4, speed=speed)
    walk.wait(dice.uniform(3.2, 3.8), doing="clipboard", facing=math.pi * 0.5)
    return walk.to(-11.2, 15.1, speed=speed).path()


def _truck(dice: random.Random, camera: Camera, vest: str) -> tuple[Actor, Actor]:
    """The forklift's two visits, and the pallet it leaves in the aisle in between.

    First it brakes hard before the crossing worker, then goes on at a crawl, puts the pallet down and backs out to
    the left. Later it comes back from the right and takes the pallet away.
    """
    reach = LOAD_FORWARD + LOAD_HALF
    stop_x = CROSS_X - 0.52 - reach
    drop_x = 2.6 + dice.uniform(-0.15, 0.15)
    first = Walk(MEET - (stop_x + 10.6) / 2.75, -10.6, AISLE_Y)
    first.to(stop_x - 1.0, AISLE_Y, speed=2.9, facing=0.0)
    first.to(stop_x, AISLE_Y, speed=2.2).wait(dice.uniform(3.2, 3.7))
    first.to(drop_x - LOAD_FORWARD, AISLE_Y, speed=0.95, ease=True).wait(2.6)
    put = first.at - 0.4
    first.to(drop_x - LOAD_FORWARD - 1.4, AISLE_Y, speed=0.7, ease=True, facing=0.0)
    first.to(-10.6, AISLE_Y, speed=1.6, ease=True, facing=0.0)
    second = Walk(62.0 + dice.uniform(0, 0.5), 10.8, AISLE_Y)
    second.to(drop_x + LOAD_FORWARD + 1.4, AISLE_Y, speed=1.7, ease=True, facing=math.pi)
    second.to(drop_x + LOAD_FORWARD, AISLE_Y, speed=0.75, ease=True).wait(2.4)
    took = second.at - 2.0
    second.to(10.9, AISLE_Y, speed=1.7, ease=True, facing=math.pi)
    looks = Truck(
        body=dice.choice(((236, 170, 28), (226, 110, 30))),
        driver=Clothes(
            vest=VESTS[vest], hat=(240, 240, 236), trousers=(44, 50, 68), sleeves=(60, 64, 76), skin=dice.choice(SKINS)
        ),
        loaded=((first.keys[0].at - 5, put), (took, second.at + 5)),
        shade=dice.randrange(4),
    )  # fmt: skip
    machine = Actor(
        name="forklift",
        label="forklift",
        colour="yellow" if looks.body[1] > 140 else "orange",
        paths=(first.path(), second.path()),
        figure=forklift(looks, camera),
        vehicle=True,
    )
    standing = Actor(
        name="pallet",
        label="pallet",
        colour="brown",
        paths=(Walk(put, drop_x, AISLE_Y).wait_until(took).path(),),
        figure=pallet(camera, looks.shade),
        put_down=True,
    )
    return machine, standing


def _layout(camera: Camera) -> Layout:
    def area(x: tuple[float, float], y: tuple[float, float]) -> tuple[tuple[float, float], ...]:
        return camera.ground([(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])])

    (start, end) = camera.ground([(-3.2, 14.6), (3.2, 14.6)])
    return Layout(
        zones=(
            Zone(name="aisle", kind="aisle", polygon=area((-5.0, 5.0), (9.6, 12.7))),
            Zone(name="dock 2", kind="dock", polygon=area((-2.4, 2.4), (15.5, 19.4))),
            Zone(name="restricted", kind="restricted", polygon=area((-7.4, -3.6), (14.4, 17.0))),
        ),
        lines=(Line(name="dock line", start=start, end=end),),
    )


RULES: tuple[dict[str, Any], ...] = (
    {
        "name": "near-miss",
        "description": "A vehicle came dangerously close to a person.",
        "when": {"kind": "near_miss"},
        "cooldown": "30s",
        "severity": "high",
        "message": "near miss at {time}",
    },
    {
        "name": "aisle-blocked",
        "description": "Something was put down in the aisle and stays there.",
        "when": {"kind": ["object_left", "blocked"], "zone": "aisle"},
        "for": "8s",
        "cooldown": "1 min",
        "severity": "medium",
        "message": "{label} left in {zone} since {time}",
    },
    {
        "name": "restricted-area",
        "description": "Somebody went into the restricted area.",
        "when": {"kind": "entered_zone", "zone": "restricted"},
        "cooldown": "30s",
        "severity": "medium",
        "message": "{label} entered {zone} at {time}",
    },
)
"""What the demo arms: rule documents in the product's own language."""
