"""Rounds: a shift of people and trucks who come before three cameras of one site in turn, with exact truth who is who.

Every camera stands in its own way and light over a dock, and has its own clock's start; nobody is before two at once.
Clothes are drawn as people's are: some are dressed alike.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.scenes.camera import Camera
from bench.scenes.conditions import Conditions
from bench.scenes.dock import HATS, SKINS, TROUSERS, VESTS
from bench.scenes.dock_stage import paint_dock
from bench.scenes.machines import Truck, forklift
from bench.scenes.people import Clothes, worker
from bench.scenes.scene import Actor, Path, Scene, Walk
from bench.scenes.warehouse_acts import TOPS
from core.place import EMPTY_LAYOUT

CAMERAS = 3
PEOPLE = 7
TRUCKS = 2
SECONDS = 75.0
STAGGER = 30.0
"""How much later each camera's recording begins than the one before it."""
BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LANES = (9.2, 10.4, 11.6, 13.2)
"""How far from the camera ways lead past it, metres."""
PASS_S = 19.0
"""No pass takes longer, stops included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One stay before one camera, beginning at a second of the shift."""

    who: str
    camera: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One camera's part: its scene, and when its recording began."""

    scene: Scene
    began: datetime


def rounds(seed: int) -> list[Round]:
    """A shift before three cameras, the same for the same seed; actors of one name are one and the same."""
    dice = random.Random(f"rounds {seed}")
    looks = {f"person {n}": _clothes(dice) for n in range(PEOPLE)}
    trucks = {f"forklift {n}": _truck(dice) for n in range(TRUCKS)}
    passes = _passes(dice, [*looks, *trucks])
    return [_round(dice, seed, camera, passes, looks, trucks) for camera in range(CAMERAS)]


def _clothes(dice: random.Random) -> Clothes:
    top = dice.choice(sorted(TOPS))
    return Clothes(
        vest=TOPS[top],
        hat=HATS[dice.choice(sorted(HATS))],
        trousers=dice.choice((*TROUSERS, (150, 140, 116), (52, 74, 128), (30, 30, 32))),
        sleeves=dice.choice(((46, 52, 74), (84, 88, 94), (120, 124, 130), TOPS[top])),
        skin=dice.choice(SKINS),
        height=round(dice.uniform(1.62, 1.9), 2),
    )


def _truck(dice: random.Random) -> Truck:
    body = dice.choice(((236, 170, 28), (226, 110, 30), (190, 40, 40), (60, 110, 70)))
    driver = Clothes(
        vest=VESTS[dice.choice(sorted(VESTS))], hat=(240, 240, 236), trousers=(44, 50, 68), sleeves=(60, 64, 76),
        skin=dice.choice(SKINS),
    )  # fmt: skip
    return Truck(body=body, driver=driver, loaded=(), shade=0)


def _passes(dice: random.Random, names: list[str]) -> list[Pass]:
    """One to four passes of each, one after another, with the time it takes to walk on between them."""
    out = []
    for name in names:
        at = dice.uniform(1.0, 25.0)
        for _ in range(dice.randint(1, 4)):
            open_ = [c for c in range(CAMERAS) if c * STAGGER <= at <= c * STAGGER + SECONDS - PASS_S]
            if open_:
                out.append(Pass(who=name, camera=dice.choice(open_), at=at))
            at += PASS_S + dice.uniform(4.0, 20.0)
    return out


def _round(
    dice: random.Random,
    seed: int,
    number: int,
    passes: list[Pass],
    looks: dict[str, Clothes],
    trucks: dict[str, Truck],
) -> Round:
    camera = Camera(
        width=640, height_px=360, height=round(dice.uniform(3.6, 5.4), 2), pitch=round(dice.uniform(14, 21), 1),
        focal=round(dice.uniform(480, 600)),
    )  # fmt: skip
    actors = []
    for name in (*looks, *trucks):
        mine = [p for p in passes if p.who == name and p.camera == number]
        paths = tuple(_path(dice, p.at - number * STAGGER, driven=name in trucks) for p in mine)
        if not paths:
            continue
        figure = worker(looks[name], camera) if name in looks else forklift(trucks[name], camera)
        actors.append(
            Actor(
                name=name,
                label=name.split()[0],
                colour="",
                paths=paths,
                figure=figure,
                vehicle=name in trucks,
            )
        )
    scene = Scene(
        kind="rounds", seed=10 * seed + number, camera=camera, fps=8, duration=SECONDS, actors=tuple(actors),
        layout=EMPTY_LAYOUT, stage=paint_dock, title=f"CAM {number + 1}",
        conditions=Conditions(light=dice.choices(("day", "dusk"), (3, 1))[0]),
    )  # fmt: skip
    return Round(scene=scene, began=BEGAN + timedelta(seconds=number * STAGGER))


def _path(dice: random.Random, at: float, *, driven: bool) -> Path:
    """Past the camera from one side to the other, for some with a stop on the way; people now and then turn back."""
    y, side = dice.choice(LANES), dice.choice((-1, 1))
    far = 0.62 * y + 1.2
    speed = dice.uniform(1.9, 2.4) if driven else dice.uniform(1.25, 1.5)
    walk = Walk(at, -side * far, y)
    back = not driven and dice.random() < 0.15
    if back or dice.random() < 0.5:
        walk.to(dice.uniform(-1.5, 1.5), y, speed=speed).wait(dice.uniform(1.0, 3.0))
    if back:
        side = -side
    return walk.to(side * far, y, speed=speed).path()
