"""The traffic's play: which road and light a seed draws, the ordinary traffic on it, and what goes wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.scenes.camera import Camera
from bench.scenes.conditions import Conditions, Lamp, Light, Occluder
from bench.scenes.scene import Actor, Path, Scene, Walk
from bench.scenes.shapes import Figure
from bench.scenes.traffic_flow import Contact, Driver, Halt, drives
from bench.scenes.traffic_roads import FAR_M, LANE_M, ROADS, Road, Way
from bench.scenes.traffic_truth import SCORED, truths
from bench.scenes.vehicles import (
    PAINTS,
    Looks,
    Rider,
    Vehicle,
    debris,
    label_of,
    pedestrian,
    size_of,
    two_wheeler,
    vehicle,
)

BUILT = (
    ("saloon",) * 6
    + ("hatchback",) * 5
    + ("suv",) * 4
    + ("van",) * 2
    + ("truck", "bus")
    + ("motorcycle",) * 2
)
CROSSING_BUILT = ("saloon",) * 6 + ("hatchback",) * 6 + ("suv",) * 4 + ("van",) * 2 + ("motorcycle",) * 2
TITLES = {
    "street": "CAM 11  MILL STREET",
    "motorway": "CAM 07  BRIDGE KM 43",
    "crossing": "CAM 15  STATION CROSSING",
}


@dataclass(kw_only=True)
class _Play:
    """What is being put together for one seed."""

    dice: random.Random
    road: Road
    duration: float
    drivers: list[Driver] = field(default_factory=list)
    builds: dict[str, str] = field(default_factory=dict)
    people: list[tuple[str, Path, bool]] = field(default_factory=list)
    things: list[tuple[str, Path]] = field(default_factory=list)
    closed: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    red: list[tuple[float, float]] = field(default_factory=list)

    def driver(self, way: Way, enters: float, build: str | None = None, **more: object) -> Driver:
        """One vehicle more."""
        build = build or self.dice.choice(CROSSING_BUILT if self.road.kind == "crossing" else BUILT)
        length, width = size_of(build)
        name = f"{build} {len(self.drivers) + 1}"
        wish = way.speed * self.dice.uniform(0.94, 1.04) * (0.9 if build in ("truck", "bus") else 1.0)
        paces = []
        if way.bend_speed is not None:
            paces = [(way.bend[0], way.bend_speed), (way.bend[1], wish)]
        one = Driver(
            name=name, route=way.route, length=length, width=width, enters=enters, speed=wish, paces=paces,
            stop_s=way.stop_s, signal=self._signal(way) if way.arm else None,
        )  # fmt: skip
        for key, value in more.items():
            setattr(one, key, value)
        self.drivers.append(one)
        self.builds[name] = build
        return one

    def _signal(self, way: Way) -> Callable[[float], bool]:
        green = self.road.green(way.arm)
        return lambda at: green(at) and not any(a <= at < b for a, b in self.red)

    def close(self, lane: str, start: float, end: float) -> None:
        """No ordinary traffic comes into that lane in that time."""
        self.closed.setdefault(lane, []).append((start, end))

    def open(self, lane: str, at: float) -> bool:
        """Whether ordinary traffic may come in."""
        return all(not a <= at <= b for a, b in self.closed.get(lane, []))


def traffic(seed: int) -> Scene:
    """A minute or so of traffic, the same for the same seed."""
    dice = random.Random(f"traffic {seed}")
    kind = dice.choice(sorted(ROADS))
    road = ROADS[kind](dice)
    play = _Play(dice=dice, road=road, duration=float(dice.randint(64, 84)))
    plots = dice.sample(PLOTS[kind], dice.choice((1, 2, 2, 3)))
    gap = (play.duration - 26) / len(plots)
    for number, plot in enumerate(plots):
        plot(play, 11 + gap * number + dice.uniform(0.0, 0.35 * gap))
    _ordinary(play)
    _walkers(play)
    seen = [path for _, path, heeded in play.people if heeded]
    contacts = drives(play.drivers, play.duration + 1, seen)
    return _scene(seed, play, contacts)


def _scene(seed: int, play: _Play, contacts: list[Contact]) -> Scene:
    dice, road = play.dice, play.road
    light: Light = dice.choice(("day", "day", "day", "dusk", "night"))
    rain = dice.uniform(0.4, 0.9) if dice.random() < 0.25 else 0.0
    conditions = Conditions(
        light=light,
        rain=rain,
        lamps=tuple(Lamp(x=x, y=y, radius=8.0, strength=0.6) for x, y in road.lamps),
        occluders=_posts(dice, road) if dice.random() < 0.35 else (),
        sun=(dice.uniform(-0.5, 0.5), dice.uniform(-0.3, 0.3)) if not rain else (0.05, -0.05),
        shadow=0.4 if light == "day" and not rain else 0.22,
    )
    lights = light != "day" or rain > 0
    actors = [
        _vehicle(dice, road.camera, driver, play.builds[driver.name], lights)
        for driver in play.drivers
        if len(driver.track) > 1
    ]
    actors += [_person(dice, road.camera, name, path) for name, path, _ in play.people]
    for name, path in play.things:
        rgb = dice.choice(((176, 132, 86), (40, 40, 44), (206, 206, 200), (190, 60, 40)))
        figure = debris(
            road.camera, rgb, (dice.uniform(0.8, 1.2), dice.uniform(0.6, 0.9), dice.uniform(0.6, 0.9))
        )
        actors.append(Actor(name=name, label="box", colour="", paths=(path,), figure=figure))
    return Scene(
        kind="traffic", seed=seed, camera=road.camera, fps=dice.choice((10, 12)), duration=play.duration,
        actors=tuple(actors), layout=road.layout, stage=road.stage, title=TITLES[road.kind],
        conditions=conditions, truths=truths(contacts), scored=SCORED,
    )  # fmt: skip


def _posts(dice: random.Random, road: Road) -> tuple[Occluder, ...]:
    """A lamp post or two between the camera and the road."""
    out = []
    for x in (dice.uniform(-6, -2), dice.uniform(2, 6))[: dice.choice((1, 2))]:
        y = 0.45 * road.camera.height / 0.45 if road.kind == "crossing" else dice.uniform(10, 13)
        figure = Figure()
        figure.stroke([(x, y, 0.0), (x, y, 7.5)], 0.13, (74, 78, 82))
        figure.stroke([(x - 0.8, y, 4.2), (x + 0.8, y, 4.2)], 0.4, (40, 82, 150))
        out.append(Occluder(figure=figure, y=y))
    return tuple(out)


def _vehicle(dice: random.Random, camera: Camera, driver: Driver, build: str, lights: bool) -> Actor:
    colour = dice.choice(
        ("white", "white", "black", "grey", "grey", "red", "blue", "blue", "green", "yellow", "orange")
    )
    rgb = dice.choice(PAINTS[colour])
    if build in ("motorcycle", "bicycle"):
        jacket = dice.choice(PAINTS[dice.choice(("red", "blue", "black", "yellow", "green"))])
        figure = two_wheeler(Rider(build=build, frame=rgb, jacket=jacket, lights=lights), camera)
    else:
        figure = vehicle(Vehicle(build=build, rgb=rgb, lights=lights), camera)
    return Actor(
        name=driver.name, label=label_of(build), colour=colour, paths=(driver.path(),), figure=figure,
        attributes={"build": build},
    )  # fmt: skip


def _person(dice: random.Random, camera: Camera, name: str, path: Path) -> Actor:
    jacket = dice.choice(("red", "blue", "black", "grey", "yellow", "green", "white", "orange"))
    looks = Looks(
        jacket=dice.choice(PAINTS[jacket]),
        trousers=dice.choice(((40, 46, 66), (70, 66, 60), (30, 30, 34), (96, 90, 80))),
        skin=dice.choice(((224, 172, 136), (150, 104, 74), (104, 72, 52))),
        hair=dice.choice(((50, 38, 30), (24, 22, 22), (150, 116, 70))),
        height=round(dice.uniform(1.6, 1.88), 2),
    )
    return Actor(
        name=name, label="person", colour=jacket, paths=(path,), figure=pedestrian(looks, camera), attributes={"upper": jacket}
    )  # fmt: skip


# -- ordinary traffic --------------------------------------------------------------------------------------------


def _ordinary(play: _Play) -> None:
    """Everyone comes now and then; one or two brake for a moment and go on."""
    dice, road = play.dice, play.road
    ways = list(road.ways)
    arms = sorted({way.arm for way in ways})
    for arm in arms:
        mine = [way for way in ways if way.arm == arm]
        for group in [mine] if arm else [[way] for way in mine]:
            at = -12.0 + dice.uniform(0, 6)
            pause = dice.uniform(8.0, 15.0) if road.kind == "crossing" else dice.uniform(5.5, 11.0)
            while at < play.duration - 4:
                way = dice.choices(
                    group, [{"": 5, "left": 2.5, "right": 2.5, "uturn": 0.5}[w.turn] for w in group]
                )[0]
                if play.open(way.lane, at):
                    one = play.driver(way, at)
                    if not arm and dice.random() < 0.05:
                        middle = one.route.length / 2 + dice.uniform(-8, 8)
                        one.paces = [(middle, 3.0), (middle + 3, one.speed)]
                at += max(2.4, dice.expovariate(1 / pause))


def _walkers(play: _Play) -> None:
    """People on the pavement, who are nobody's business, and some who cross where they should."""
    dice, road = play.dice, play.road
    for kerb in road.kerbs:
        at = dice.uniform(-10, 14)
        while at < play.duration - 10:
            spots = kerb if dice.random() < 0.5 else kerb[::-1]
            aside, speed = dice.uniform(-0.3, 0.3), dice.uniform(1.2, 1.5)
            walk = Walk(at, spots[0][0], spots[0][1] + aside)
            for x, y in spots[1:]:
                walk.to(x, y + aside, speed=speed)
            play.people.append((f"walker {len(play.people) + 1}", walk.path(), False))
            at += dice.uniform(18, 40)
    if road.over is not None:
        for at in (dice.uniform(8, 20), dice.uniform(40, 52)):
            start, end = road.over if dice.random() < 0.5 else road.over[::-1]
            beside = dice.uniform(10, 14) * dice.choice((-1, 1))
            walk = Walk(at, start[0] + beside, start[1]).to(start[0], start[1], speed=1.35)
            walk.to(end[0], end[1], speed=1.4).to(end[0] - beside * 2, end[1], speed=1.35)
            play.people.append((f"walker {len(play.people) + 1}", walk.path(), True))


# -- what goes wrong ---------------------------------------------------------------------------------------------


def _main_way(play: _Play) -> Way:
    return play.dice.choice([way for way in play.road.ways if not way.turn])


def _spot_on(play: _Play, way: Way) -> float:
    """Metres along the way at which something may happen in plain view."""
    road, dice = play.road, play.dice
    if road.kind == "street":
        return way.route.nearest((dice.uniform(-6, 6), way.route.points[0][1]))
    if road.kind == "motorway":
        return way.route.nearest((way.route.points[0][0], dice.uniform(18, 30)))
    return way.route.length / 2 + dice.uniform(9, 15)


def breaks_down(play: _Play, at: float) -> None:
    """A vehicle stops on the road and stays for a while, or for good."""
    way = _main_way(play)
    long = play.dice.choice((12.0, 16.0, 22.0, 80.0))
    play.driver(way, at - 6, signal=None, halts=[Halt(s=_spot_on(play, way), until=at + long)])
    if play.road.kind == "crossing":
        _clear(play, way, at - 6)


def drives_against(play: _Play, at: float) -> None:
    """A vehicle in a lane that leads the other way."""
    lane, route = play.dice.choice(play.road.wrong)
    took = route.length / 10.0 if play.road.kind != "motorway" else route.length / 14.0
    speed = play.dice.uniform(9.0, 11.0) if play.road.kind != "motorway" else play.dice.uniform(13.0, 16.0)
    play.close(lane, at - 10, at + took + 1)
    play.red.append((at - 9, at + took))
    way = Way(route=route, lane=lane, speed=speed)
    play.driver(way, at, play.dice.choice(("saloon", "hatchback", "suv", "van", "motorcycle")))


def races(play: _Play, at: float) -> None:
    """A vehicle far above the limit."""
    way = _main_way(play)
    play.close(way.lane, at - 9, at + 1)
    one = play.driver(way, at, play.dice.choice(("saloon", "hatchback", "suv", "motorcycle")))
    one.speed = play.road.limit_kmh / 3.6 * play.dice.uniform(1.3, 1.55)


def hits_from_behind(play: _Play, at: float) -> None:
    """A vehicle runs into one that has stopped or is stopping."""
    way, dice = _main_way(play), play.dice
    s = _spot_on(play, way)
    play.close(way.lane, at - 9, at + 6)
    stays = at + dice.choice((13.0, 18.0, 90.0))
    struck = play.driver(
        way, at - s / way.speed - dice.uniform(1.0, 4.5), halts=[Halt(s=s, until=stays)], signal=None
    )
    hitter = play.driver(
        way, at - s / way.speed + 0.8, dice.choice(("saloon", "suv", "van", "hatchback")), signal=None
    )
    hitter.speed = max(struck.speed, way.speed) * (1.0 if play.road.kind != "motorway" else 0.95)
    hitter.blind, hitter.rest_until = struck.name, stays
    if play.road.kind == "crossing":
        _clear(play, way, at - 12)


def hits_crosswise(play: _Play, at: float) -> None:
    """One runs the red light into another that has green."""
    dice, road = play.dice, play.road
    arm = min(road.cycle, key=lambda name: (at - road.cycle[name][0]) % road.period)
    at += (road.cycle[arm][0] - at) % road.period + 3.0 if not road.green(arm)(at) else 0.0
    victim_way = next(way for way in road.ways if way.arm == arm and not way.turn)
    others = [way for way in road.ways if not way.turn and way.arm not in (arm, _facing(arm))]
    hitter_way = dice.choice(others)
    for way in road.ways:
        if way.arm in (arm, hitter_way.arm):
            play.close(way.lane, at - 45, at + 90)
    meet = (victim_way.route.length / 2, hitter_way.route.length / 2)
    victim = play.driver(
        victim_way, at - (meet[0] + dice.uniform(-2.2, -1.2)) / 9.0, "saloon", signal=None, speed=9.0
    )
    hitter = play.driver(
        hitter_way, at - (meet[1] - 2.0) / 9.5, dice.choice(("suv", "van", "saloon")), signal=None, speed=9.5
    )
    hitter.blind, victim.blind = victim.name, hitter.name


def _facing(arm: str) -> str:
    return {"west": "east", "east": "west", "north": "south", "south": "north"}[arm]


def _clear(play: _Play, way: Way, at: float) -> None:
    """Whoever disregards the signal finds the crossing free."""
    play.red.append((at - 6, at + 9))
    for other in play.road.ways:
        if other.arm == way.arm:
            play.close(other.lane, at - 40, at + 1)


def walks_on_road(play: _Play, at: float) -> None:
    """Somebody crosses in the middle of the street; drivers brake."""
    dice, road = play.dice, play.road
    south, north = (
        road.ways[i].route.points[0][1] + side * (LANE_M / 2 + 1.4) for i, side in ((0, -1), (1, 1))
    )
    x = dice.uniform(-7, 7)
    if road.over is not None and abs(x - road.over[0][0]) < 5:
        x = road.over[0][0] + 6 * (1 if road.over[0][0] < 0 else -1)
    start, end = (south, north) if dice.random() < 0.5 else (north, south)
    beside = dice.uniform(5, 9) * dice.choice((-1, 1))
    walk = (
        Walk(at, x - beside, start)
        .to(x, start, speed=1.35)
        .to(x + dice.uniform(-1, 1), end, speed=dice.uniform(1.2, 1.6))
    )
    walk.to(FAR_M * (1 if beside > 0 else -1), end, speed=1.4)
    play.people.append((f"walker {len(play.people) + 1}", walk.path(), True))


def stands_at_the_edge(play: _Play, at: float) -> None:
    """Somebody steps off the kerb while a car passes close by, and steps back."""
    dice, road = play.dice, play.road
    way = road.ways[0]
    y, x = way.route.points[0][1], dice.uniform(-6, 6)
    if road.over is not None and abs(x - road.over[0][0]) < 4:
        x = road.over[0][0] + 6 * (1 if road.over[0][0] < 0 else -1)
    play.close(way.lane, at - 8, at + 2)
    play.driver(
        way, at - (FAR_M + x) / way.speed, dice.choice(("saloon", "hatchback", "suv", "van")), speed=way.speed
    )
    edge, back = y - 1.5 - dice.uniform(0.0, 0.15), y - LANE_M / 2 - 1.6
    walk = Walk(at - 9, x - 9, back).to(x - 1, back, speed=1.3).to(x, edge, speed=1.3)
    walk.wait_until(max(walk.at + 0.4, at + 0.9)).to(x - 0.4, back, speed=1.5).to(FAR_M, back, speed=1.35)
    play.people.append((f"walker {len(play.people) + 1}", walk.path(), False))


def squeezes_a_bicycle(play: _Play, at: float) -> None:
    """A car overtakes a bicycle far too close."""
    dice, way = play.dice, _main_way(play)
    s, v, bike_v = _spot_on(play, way), way.speed, dice.uniform(4.0, 5.0)
    play.close(way.lane, at - s / bike_v - 6, at + 2)
    bike = play.driver(way, at - s / bike_v, "bicycle", speed=bike_v, aside=-1.3, signal=None)
    car = play.driver(
        way, at - s / v, dice.choice(("saloon", "suv", "van")), speed=v, aside=0.35, signal=None
    )
    car.blind = bike.name


def drops_a_load(play: _Play, at: float) -> None:
    """Something falls off between two lanes and lies there."""
    dice, way = play.dice, _main_way(play)
    s = _spot_on(play, way)
    play.close(way.lane, at - 9, at + 1)
    play.driver(way, at - (s + 6) / (0.9 * way.speed), "truck", speed=0.9 * way.speed)
    x, y = (float(v) for v in way.route.at(s, dice.choice((-1, 1)) * (LANE_M / 2 - 0.1)))
    end = play.duration + 1 if dice.random() < 0.6 else min(play.duration + 1, at + dice.uniform(15, 25))
    play.things.append(
        (f"load {len(play.things) + 1}", Walk(at, x, y, facing=dice.uniform(0, 3)).wait_until(end).path())
    )


PLOTS: dict[str, list[Callable[[_Play, float], None]]] = {
    "street": [
        breaks_down, drives_against, races, hits_from_behind, walks_on_road, walks_on_road, stands_at_the_edge,
        squeezes_a_bicycle, drops_a_load,
    ],
    "motorway": [breaks_down, breaks_down, drives_against, races, hits_from_behind, drops_a_load],
    "crossing": [drives_against, hits_crosswise, breaks_down],
}  # fmt: skip
"""What may go wrong on which kind of road."""
