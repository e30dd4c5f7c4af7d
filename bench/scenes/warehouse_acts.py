"""What people and machines do in a warehouse, one act a function: it adds actors from a second on and says when its way is free."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.scenes.dock import HATS, SKINS, TROUSERS, VESTS
from bench.scenes.machines import (
    LOAD_FORWARD,
    LOAD_HALF,
    Robot,
    Solid,
    Truck,
    carton,
    forklift,
    pallet,
    robot,
)
from bench.scenes.people import FALL_S, RISE_S, Clothes, worker
from bench.scenes.scene import Actor, Path, Pose, Walk
from bench.scenes.shapes import Figure, Rgb, lit
from bench.scenes.warehouse_hall import SHELF_Z, Plan

TOPS: dict[str, Rgb] = {
    **VESTS, "grey": (128, 130, 134), "white": (226, 226, 220), "black": (36, 36, 40), "brown": (112, 78, 52),
}  # fmt: skip
GOODS: tuple[Rgb, ...] = ((182, 138, 92), (120, 140, 158), (196, 190, 178), (168, 84, 60), (92, 132, 96))


@dataclass(slots=True)
class Play:
    """A scene being written: its dice and plan, who takes part so far, and from when each way is free."""

    dice: random.Random
    plan: Plan
    seconds: float
    actors: list[Actor] = field(default_factory=list)
    free: dict[str, float] = field(default_factory=dict)

    def person(self, walk: Walk) -> None:
        """Adds somebody who walks so."""
        dice = self.dice
        top, hat = dice.choice(sorted(TOPS)), dice.choice(sorted(HATS))
        clothes = Clothes(
            vest=TOPS[top],
            hat=HATS[hat],
            trousers=dice.choice(TROUSERS),
            sleeves=dice.choice(((46, 52, 74), (84, 88, 94), (120, 124, 130), TOPS[top])),
            skin=dice.choice(SKINS),
            height=round(dice.uniform(1.62, 1.9), 2),
        )
        number = 1 + sum(actor.label == "person" for actor in self.actors)
        self._add(
            f"worker {number} in {top}", "person", top, walk.path(), worker(clothes, self.plan.camera),
            {"upper": top, "hat": hat},
        )  # fmt: skip

    def forklift(self, walk: Walk, loaded: tuple[tuple[float, float], ...] = (), shade: int = 0) -> None:
        """Adds a forklift that drives so, loaded in these spans (seconds)."""
        dice = self.dice
        body, colour = dice.choice(
            (((236, 170, 28), "yellow"), ((226, 110, 30), "orange"), ((190, 40, 40), "red"))
        )
        driver = Clothes(
            vest=VESTS[dice.choice(sorted(VESTS))], hat=(240, 240, 236), trousers=(44, 50, 68), sleeves=(60, 64, 76),
            skin=dice.choice(SKINS),
        )  # fmt: skip
        looks = Truck(body=body, driver=driver, loaded=loaded, shade=shade)
        self._add(
            self._numbered("forklift"),
            "forklift",
            colour,
            walk.path(),
            forklift(looks, self.plan.camera),
            vehicle=True,
        )

    def robot(self, walk: Walk) -> None:
        """Adds a driverless cart that drives so."""
        looks = Robot(
            body=self.dice.choice(((230, 232, 230), (60, 64, 72), (226, 150, 40))),
            shade=self.dice.randrange(2),
        )
        self._add(
            self._numbered("cart"), "cart", "grey", walk.path(), robot(looks, self.plan.camera), vehicle=True
        )

    def object(
        self,
        kind: str,
        x: float,
        y: float,
        start: float,
        end: float,
        shade: int,
        *,
        gone: float | None = None,
    ) -> None:
        """Adds a pallet or box that lies there from `start` to `end` (seconds), and on somebody's forks until `gone`."""
        draw = (pallet if kind == "pallet" else carton)(self.plan.camera, shade)
        path = Walk(start, x, y).wait_until(end).path()
        self._add(self._numbered(kind), kind, "brown", path, draw, put_down=True, gone=gone)

    def goods(self, full: Callable[[float], float], rgb: tuple[Rgb, Rgb], turned: float) -> None:
        """Adds what stands in the shelf: the share of it that is there at each moment; after `turned` in the other colour."""
        assert self.plan.shelf is not None
        figure = _goods(self.plan, self.plan.shelf, full, rgb, turned)
        path = Walk(0.0, 0.0, self.plan.shelf_y + 0.2).wait(self.seconds + 1).path()
        self.actors.append(
            Actor(
                name="goods", label="goods", colour="", paths=(path,), figure=figure, scenery=True, share=full
            )
        )

    def side(self) -> int:
        """Left (-1) or right (1)."""
        return self.dice.choice((-1, 1))

    def pace(self) -> float:
        """How fast somebody walks."""
        return self.dice.uniform(1.2, 1.42)

    def _numbered(self, kind: str) -> str:
        number = 1 + sum(actor.label == kind for actor in self.actors)
        return kind if number == 1 else f"{kind} {number}"

    def _add(
        self, name: str, label: str, colour: str, path: Path, figure: Callable[[Pose], Figure],
        attributes: dict[str, str] | None = None, *, vehicle: bool = False, put_down: bool = False,
        gone: float | None = None,
    ) -> None:  # fmt: skip
        self.actors.append(
            Actor(
                name=name, label=label, colour=colour, paths=(path,), figure=figure, attributes=attributes or {},
                vehicle=vehicle, put_down=put_down, gone=gone,
            )
        )  # fmt: skip


def _goods(
    plan: Plan,
    across: tuple[float, float],
    full: Callable[[float], float],
    rgb: tuple[Rgb, Rgb],
    turned: float,
) -> Callable[[Pose], Figure]:
    """Two rows of cartons, of which so large a share stands there."""
    columns, (low, high) = 5, SHELF_Z
    wide = (across[1] - across[0] - 0.1) / columns

    def draw(pose: Pose) -> Figure:
        figure, solid = Figure(), Solid(0.0, plan.shelf_y, 0.0, plan.camera)
        there = round(full(pose.at) * columns * 2)
        for i in range(there):
            row, column = divmod(i, columns)
            z = low + row * (high - low) / 2
            tall = (high - low) / 2 - 0.2 + 0.1 * ((column * 7 + row) % 3) / 2
            x = across[0] + 0.05 + column * wide
            tone = lit(rgb[0] if pose.at < turned else rgb[1], 0.86 + 0.09 * ((column + 2 * row) % 4))
            solid.box(figure, (x + 0.03, x + wide - 0.03), (-0.38, 0.2), (z, z + tall), tone)
            solid.box(
                figure,
                (x + 0.03, x + wide - 0.03),
                (-0.39, -0.38),
                (z + tall * 0.4, z + tall * 0.5),
                lit(tone, 0.75),
            )
        figure.stroke(
            [solid.spot(across[0], 0.2, low)], 0.01, (58, 62, 70), shadow=False
        )  # never without a shape
        return figure

    return draw


# -- people -----------------------------------------------------------------------------------------------------------


def walk_through(play: Play, at: float) -> float:
    """Somebody crosses the picture, perhaps stands for a while on the way."""
    y, side, speed = play.dice.choice((play.plan.near, play.plan.far)), play.side(), play.pace()
    y += play.dice.uniform(-0.4, 0.4)
    walk = Walk(at, side * play.plan.out(y), y)
    if play.dice.random() < 0.6:
        x = play.dice.uniform(-0.6, 0.6) * play.plan.inside(y)
        walk.to(x, y, speed=speed).wait(
            play.dice.uniform(3.5, 9.0), doing=play.dice.choice(("clipboard", ""))
        )
    play.person(walk.to(-side * play.plan.out(y), y, speed=speed))
    return walk.at


def through_the_aisle(play: Play, at: float) -> float:
    """Somebody comes along the aisle, turns off over the line to the far side, waits there, and leaves."""
    plan, side, speed = play.plan, play.side(), play.pace()
    x, y = play.dice.uniform(-1.0, 1.0), plan.far + play.dice.uniform(-0.3, 0.5)
    walk = Walk(at, side * plan.out(plan.aisle), plan.aisle).to(x, plan.aisle, speed=speed)
    walk.to(x + 0.2, y, speed=speed).wait(
        play.dice.uniform(3.0, 7.0), doing="clipboard", facing=math.pi * 0.6
    )
    play.person(walk.to(side * plan.out(y), y, speed=speed))
    return walk.at


def into_the_restricted_area(play: Play, at: float) -> float:
    """Somebody goes where nobody should, looks around and leaves again."""
    plan, speed = play.plan, play.pace()
    assert plan.restricted is not None
    x = sum(plan.restricted) / 2
    side = -1 if x > 0 else 1
    walk = Walk(at, side * plan.out(plan.near), plan.near).to(0.0, plan.near, speed=speed)
    walk.to(x, plan.far + 0.2, speed=speed).wait(play.dice.uniform(3.0, 8.0))
    play.person(walk.to(side * plan.out(plan.far), plan.far - 0.3, speed=speed))
    return walk.at


def run_through(play: Play, at: float) -> float:
    """Somebody runs across."""
    y, side = play.dice.choice((play.plan.near, play.plan.aisle)), play.side()
    walk = Walk(at, side * play.plan.out(y), y).to(
        -side * play.plan.out(y), y, speed=play.dice.uniform(3.6, 4.4)
    )
    play.person(walk)
    return walk.at


def fall_down(play: Play, at: float) -> float:
    """Somebody falls while walking, lies for a while, gets up and walks away."""
    y, side, speed = play.dice.choice((play.plan.near, play.plan.aisle)), play.side(), play.pace()
    x, facing = play.dice.uniform(-0.5, 0.5) * play.plan.inside(y), math.pi if side > 0 else 0.0
    facing += play.dice.uniform(-0.5, 0.5)
    walk = Walk(at, side * play.plan.out(y), y).to(x, y, speed=speed)
    walk.wait(FALL_S, doing="fall", facing=facing)
    walk.wait(play.dice.uniform(5.0, 11.0), doing="lie", facing=facing)
    walk.wait(RISE_S, doing="rise", facing=facing).wait(play.dice.uniform(0.6, 1.5))
    play.person(walk.to(-side * play.plan.out(y), y, speed=speed * 0.85))
    return walk.at


def bend_down(play: Play, at: float) -> float:
    """Somebody bends down to something on the floor and straightens up again: no fall."""
    y, side, speed = play.dice.choice((play.plan.near, play.plan.aisle)), play.side(), play.pace()
    walk = Walk(at, side * play.plan.out(y), y).to(
        play.dice.uniform(-0.5, 0.5) * play.plan.inside(y), y, speed=speed
    )
    walk.wait(0.5).wait(play.dice.uniform(2.5, 5.0), doing="bend").wait(0.6)
    play.person(walk.to(-side * play.plan.out(y), y, speed=speed))
    return walk.at


def meet(play: Play, at: float, people: int = 0) -> float:
    """Some come from both sides, stand together, and go their ways: from three on a crowd."""
    people = people or play.dice.choice((2, 3, 4))
    y = play.plan.far if people > 2 else play.plan.near
    middle = play.dice.uniform(-0.3, 0.3) * play.plan.inside(y)
    until = at + 9.5 + play.dice.uniform(4.0, 8.0)
    end = until
    for i in range(people):
        side, speed = 1 if i % 2 else -1, play.pace()
        x, depth = middle + (i - (people - 1) / 2) * 1.25, y + 0.5 * (i % 2)
        walk = Walk(at + i * play.dice.uniform(0.8, 1.4), side * play.plan.out(depth), depth)
        walk.to(x, depth, speed=speed).wait_until(until + i * 0.9, facing=math.pi if x > middle else 0.0)
        play.person(walk.to(side * play.plan.out(depth), depth, speed=speed))
        end = max(end, walk.at)
    return end


def two_meet(play: Play, at: float) -> float:
    """Two only: no crowd."""
    return meet(play, at, 2)


def queue_up(play: Play, at: float) -> float:
    """Three or four queue before the counter; one after the other is served and leaves."""
    plan = play.plan
    assert plan.counter is not None
    side = 1 if plan.counter > 0 else -1
    people = play.dice.choice((3, 3, 4))
    served = at + 13.0 + play.dice.uniform(6.0, 9.0)
    end = served
    for i in range(people):
        spot = plan.counter + (0.6 - 1.15 * i) * side, plan.far + 1.1 - 0.1 * i
        walk = Walk(at + i * 2.2, -side * plan.out(spot[1]), spot[1]).to(*spot, speed=play.pace())
        walk.wait_until(served + 2.2 * i, facing=math.pi * 0.5)
        play.person(
            walk.to(spot[0], spot[1] - 0.9, speed=1.2).to(
                -side * plan.out(plan.far - 1), plan.far - 1, speed=1.4
            )
        )
        end = max(end, walk.at)
    return end


# -- things -----------------------------------------------------------------------------------------------------------


def box_left(play: Play, at: float) -> float:
    """Somebody puts a carton down and goes; later somebody takes it away."""
    plan, side, speed = play.plan, play.side(), play.pace()
    y = play.dice.choice((plan.near, plan.aisle))
    x = play.dice.uniform(-0.5, 0.5) * plan.inside(y)
    first = Walk(at, side * plan.out(y), y)
    put, spot = _set_down(first, x, y, side, speed)
    play.person(first.to(-side * plan.out(y), y - 0.5, speed=speed))
    second = Walk(first.at + play.dice.uniform(3.0, 9.0), side * plan.out(y), y - 0.2)
    second.to(spot + side * 0.55, y - 0.1, speed=speed).wait(0.8, doing="bend")
    taken = second.at
    second.wait(0.8, doing="bend").wait(0.3, doing="carry")
    play.person(_carrying(second, side * plan.out(y), y - 0.3, speed))
    play.object("box", spot, y, put, taken, play.dice.randrange(4))
    return second.at


def box_put_down_and_taken_again(play: Play, at: float) -> float:
    """Somebody puts a carton down, stands beside it and takes it again: nothing was left."""
    plan, side, speed = play.plan, play.side(), play.pace()
    y = plan.near
    x = play.dice.uniform(-0.4, 0.4) * plan.inside(y)
    walk = Walk(at, side * plan.out(y), y)
    put, spot = _set_down(walk, x, y, side, speed)
    walk.wait(play.dice.uniform(3.0, 6.0)).wait(0.8, doing="bend")
    taken = walk.at
    walk.wait(0.8, doing="bend")
    play.person(_carrying(walk, -side * plan.out(y), y - 0.3, speed))
    play.object("box", spot, y, put, taken, play.dice.randrange(4))
    return walk.at


def _set_down(walk: Walk, x: float, y: float, side: int, speed: float) -> tuple[float, float]:
    """Comes carrying, bends, puts it down before the feet; returns when and at which x."""
    facing = math.pi if side > 0 else 0.0
    _carrying(walk, x + side * 0.55, y, speed)
    walk.wait(0.8, doing="bend", facing=facing)
    put = walk.at
    walk.wait(0.8, doing="bend", facing=facing)
    return put, x


def _carrying(walk: Walk, x: float, y: float, speed: float) -> Walk:
    """Moves on with a carton before the chest."""
    return walk.then("carry").to(x, y, speed=speed)


def shelf_emptied(play: Play, at: float) -> float:
    """Somebody takes everything from the shelf; mostly somebody fills it again, perhaps with other goods."""
    return _shelf_work(play, at, taken=10)


def shelf_taken_from(play: Play, at: float) -> float:
    """Somebody takes one or two cartons from the full shelf: it is not empty."""
    return _shelf_work(play, at, taken=play.dice.choice((1, 2)))


def _shelf_work(play: Play, at: float, taken: int) -> float:
    plan, dice = play.plan, play.dice
    assert plan.shelf is not None
    side, y = play.side(), plan.shelf_y - 1.1
    x1, x2 = plan.shelf
    first = Walk(at, side * plan.out(y), y).to(x2 - 0.4 if side > 0 else x1 + 0.4, y, speed=play.pace())
    begin = first.at + 0.6
    pace = dice.uniform(0.7, 1.0)
    done = begin + pace * taken
    first.wait_until(begin, doing="reach", facing=math.pi / 2)
    if taken > 2:
        first.to(
            x1 + 0.4 if side > 0 else x2 - 0.4,
            y,
            speed=abs(x2 - x1 - 0.8) / (done - begin),
            facing=math.pi / 2,
        )
    first.wait_until(done + 0.5, doing="reach", facing=math.pi / 2)
    play.person(_carrying(first, side * plan.out(y), y - 0.4, 1.3))
    again, full_again, end = math.inf, math.inf, first.at
    if taken > 2 and dice.random() < 0.75:
        second = Walk(first.at + dice.uniform(2.0, 6.0), side * plan.out(y), y)
        _carrying(second, x1 + 0.5, y, play.pace())
        again = second.at + 0.6
        full_again = again + pace * taken
        second.wait_until(again, doing="reach", facing=math.pi / 2)
        second.to(x2 - 0.5, y, speed=abs(x2 - x1 - 1) / (full_again - again), facing=math.pi / 2)
        second.wait_until(full_again + 0.5, doing="reach", facing=math.pi / 2)
        play.person(second.to(side * plan.out(y), y - 0.4, speed=1.3))
        end = second.at
    colours = dice.choice(GOODS), dice.choice(GOODS)

    def full(now: float) -> float:
        if now < begin:
            return 1.0
        if now < again:
            return max(0.0, 10 - min(taken, math.floor((now - begin) / pace) + 1)) / 10
        return min(1.0, (10 - taken + math.floor((now - again) / pace) + 1) / 10)

    play.goods(full, colours, again)
    return end


# -- machines ---------------------------------------------------------------------------------------------------------


def near_miss(play: Play, at: float) -> float:
    """A forklift comes fast; somebody steps into its way, it brakes hard, and both go on."""
    plan, dice, side = play.plan, play.dice, play.side()
    x, y, speed = dice.uniform(-0.2, 0.2) * plan.inside(plan.aisle), plan.aisle, dice.uniform(2.5, 3.1)
    reach = LOAD_FORWARD + LOAD_HALF - 0.2
    stop = x + side * (reach + 0.45)
    truck = Walk(at, side * (plan.out(y) + 2.2), y, facing=math.pi if side > 0 else 0.0)
    truck.to(stop + side * 0.8, y, speed=speed).to(stop, y, speed=speed * 0.75)
    met = truck.at
    truck.wait(dice.uniform(3.0, 4.0)).to(
        -side * (plan.out(y) + 2.2), y, speed=dice.uniform(1.2, 1.4), ease=True
    )
    play.forklift(truck, ((at - 9, truck.at + 9),) if dice.random() < 0.5 else (), dice.randrange(4))
    pace = play.pace()
    took = (plan.out(plan.near) - abs(x)) / pace + (y - 0.2 - plan.near) / pace
    walk = Walk(met + 0.2 - took, math.copysign(plan.out(plan.near), -side), plan.near)
    walk.to(x, plan.near, speed=(plan.out(plan.near) + abs(x)) / ((plan.out(plan.near) - abs(x)) / pace))
    walk.to(x, y - 0.2, speed=pace).wait(0.35, doing="startled", facing=0.0 if side > 0 else math.pi)
    walk.to(x - side * 0.4, y - 0.6, speed=1.9, facing=0.0 if side > 0 else math.pi).wait(
        0.8, doing="startled"
    )
    walk.to(x - side * 0.8, plan.far, speed=1.75)
    play.person(walk.to(math.copysign(plan.out(plan.far), -side), plan.far, speed=pace))
    return max(truck.at, walk.at)


def pass_slowly(play: Play, at: float) -> float:
    """A forklift passes somebody who stands aside, at a crawl: no near miss."""
    plan, dice, side = play.plan, play.dice, play.side()
    y, pace = plan.aisle, play.pace()
    truck = Walk(at, side * (plan.out(y) + 2.2), y).to(
        -side * (plan.out(y) + 2.2), y, speed=dice.uniform(0.85, 1.0)
    )
    play.forklift(truck, ((at - 9, truck.at + 9),) if dice.random() < 0.5 else (), dice.randrange(4))
    x = -side * dice.uniform(0.0, 0.4) * plan.inside(plan.far)
    walk = Walk(at + 1.0, -side * plan.out(plan.far), plan.far).to(x, plan.far, speed=pace)
    play.person(walk.wait_until(truck.at - 1.0).to(-side * plan.out(plan.far), plan.far + 0.2, speed=pace))
    return max(truck.at, walk.at)


def pass_far_away(play: Play, at: float) -> float:
    """A forklift hurries along the aisle, nobody near."""
    plan, dice, side = play.plan, play.dice, play.side()
    y = plan.aisle
    truck = Walk(at, side * (plan.out(y) + 2.2), y).to(
        -side * (plan.out(y) + 2.2), y, speed=dice.uniform(2.4, 3.0)
    )
    play.forklift(truck, ((at - 9, truck.at + 9),) if dice.random() < 0.5 else (), dice.randrange(4))
    return truck.at


def pallet_left(play: Play, at: float) -> float:
    """A forklift puts a pallet down in the aisle and backs out; mostly it is fetched again."""
    plan, dice, side, y = play.plan, play.dice, play.side(), play.plan.aisle
    x, facing, out = (
        dice.uniform(-0.25, 0.25) * plan.inside(y),
        math.pi if side > 0 else 0.0,
        plan.out(y) + 2.4,
    )
    stop, shade = x + side * LOAD_FORWARD, dice.randrange(4)
    first = Walk(at, side * out, y, facing=facing).to(stop, y, speed=dice.uniform(1.4, 1.8), ease=True)
    first.wait(2.4)
    put = first.at - 0.4
    first.to(stop + side * 1.4, y, speed=0.8, ease=True, facing=facing).to(
        side * out, y, speed=1.7, ease=True, facing=facing
    )
    back = first.at + dice.uniform(5.0, 14.0)
    if dice.random() < 0.25 or back + 12 > play.seconds:
        play.forklift(first, ((at - 9, put),), shade)
        play.object("pallet", x, y, put, play.seconds + 1.0, shade)
        return play.seconds
    second = (
        Walk(back, side * out, y)
        .to(stop + side * 1.4, y, speed=1.6, ease=True)
        .to(stop, y, speed=0.8, ease=True)
    )
    second.wait(2.4)
    taken, gone = second.at - 2.0, second.at
    second.to(side * out, y, speed=1.7, ease=True, facing=facing)
    play.forklift(first, ((at - 9, put),), shade)
    play.forklift(second, ((taken, second.at + 9),), shade)
    play.object("pallet", x, y, put, taken, shade, gone=gone)
    return second.at


def stall(play: Play, at: float) -> float:
    """A forklift or a robot comes to a stand in the aisle and stays there for long."""
    plan, dice, side, y = play.plan, play.dice, play.side(), play.plan.aisle
    x, out = dice.uniform(-0.3, 0.3) * plan.inside(y), plan.out(y) + 2.2
    speed = dice.uniform(1.1, 1.6)
    drive = Walk(at, side * out, y).to(x, y, speed=speed, ease=True).wait(dice.uniform(12.5, 20.0))
    drive.to(-side * out, y, speed=speed, ease=True)
    if dice.random() < 0.5:
        play.forklift(drive)
    else:
        play.robot(drive)
    return drive.at


def robot_passes(play: Play, at: float) -> float:
    """A robot drives through and stops for a moment."""
    plan, dice, side, y = play.plan, play.dice, play.side(), play.plan.aisle
    out = plan.out(y) + 1.4
    drive = Walk(at, side * out, y).to(dice.uniform(-1.5, 1.5), y, speed=1.1).wait(dice.uniform(2.6, 3.6))
    play.robot(drive.to(-side * out, y, speed=1.1))
    return drive.at
