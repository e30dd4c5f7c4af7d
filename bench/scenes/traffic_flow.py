"""How vehicles drive: routes on the ground, and a small simulation in which everyone keeps a distance to whoever is ahead.

Free driving and following are the Intelligent Driver Model (Treiber, Hennecke, Helbing, Phys. Rev. E 62, 2000).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bench.scenes.scene import Key, Path

STEP_S = 0.1
EASY, BRAKE, HARDEST = 1.8, 2.6, 8.5
"""Metres a second per second: pulling off, comfortable braking, the most the tyres give."""
GAP_M, HEADWAY_S = 2.6, 1.1
BESIDE_M = 0.65
"""Whoever reaches closer than this to a driver's line is in his way."""
AHEAD_M = 45
ROOM_M = 1.5
"""What drivers add to their usual gap before people on foot, whom they see coming up to three seconds ahead."""

Ground = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A way over the ground as a dense line of points (metres), driven from its first to its last."""

    name: str
    points: tuple[Ground, ...]

    @cached_property
    def _line(self) -> npt.NDArray[np.float64]:
        return np.array(self.points, np.float64)

    @cached_property
    def _along(self) -> npt.NDArray[np.float64]:
        return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(self._line, axis=0).T))])

    @property
    def length(self) -> float:
        """Metres from end to end."""
        return float(self._along[-1])

    def at(self, s: float | npt.NDArray[np.float64], aside: float = 0.0) -> npt.NDArray[np.float64]:
        """The points `s` metres along, `aside` metres to the left of the line."""
        spots = np.stack([np.interp(s, self._along, self._line[:, i]) for i in (0, 1)], axis=-1)
        if aside:
            heading = self.heading(s)
            spots = spots + aside * np.stack([-np.sin(heading), np.cos(heading)], axis=-1)
        return np.asarray(spots)

    def heading(self, s: float | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The way the line leads there, radians."""
        ahead = self.at(np.minimum(np.asarray(s) + 0.5, self.length))
        behind = self.at(np.maximum(np.asarray(s) - 0.5, 0.0))
        return np.arctan2(ahead[..., 1] - behind[..., 1], ahead[..., 0] - behind[..., 0])

    def nearest(self, spot: Ground) -> float:
        """How far along it is closest to the spot."""
        return float(self._along[int(np.argmin(np.hypot(*(self._line - np.array(spot)).T)))])


def straight(name: str, start: Ground, end: Ground) -> Route:
    """A straight route."""
    return Route(name=name, points=tuple(_between(start, end)))


def bent(name: str, start: Ground, corner_in: Ground, corner_out: Ground, end: Ground) -> Route:
    """Straight to `corner_in`, round a curve that is tangent to both ways, and straight on from `corner_out`."""
    way_in = np.subtract(corner_in, start) / math.dist(corner_in, start)
    way_out = np.subtract(end, corner_out) / math.dist(end, corner_out)
    pull = 0.56 * math.dist(corner_in, corner_out)
    if float(way_in @ way_out) < -0.5:  # back where it came from: a wider arc
        pull = 0.9 * math.dist(corner_in, corner_out)
    a, d = np.array(corner_in), np.array(corner_out)
    b, c = a + pull * way_in, d - pull * way_out
    t = np.linspace(0, 1, 24)[1:-1, None]
    arc = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
    curve = [(float(x), float(y)) for x, y in arc]
    return Route(name=name, points=(*_between(start, corner_in), *curve, *_between(corner_out, end)))


def _between(start: Ground, end: Ground) -> list[Ground]:
    parts = max(2, round(math.dist(start, end)))
    return [(float(x), float(y)) for x, y in np.linspace(start, end, parts + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A driver stops with the front of the vehicle at `s` metres of his route until a moment, or for good."""

    s: float
    until: float = math.inf
    hard: bool = False


@dataclass(slots=True, kw_only=True)
class Driver:
    """One vehicle on its route: when it comes, how fast it wants to drive, and what it is told to do.

    `aside` is how far left of the route's line it drives. `blind` is whom it does not see ahead (the name), `signal`
    says for a moment whether it may pass the stop line at `stop_s`. `paces` are (metres along, metres a second): a
    wish that holds from there on. What `drives` writes: `track` of (second, s, x, y, heading, speed, doing).
    """

    name: str
    route: Route
    length: float
    width: float
    enters: float
    speed: float
    aside: float = 0.0
    halts: list[Halt] = field(default_factory=list)
    paces: list[tuple[float, float]] = field(default_factory=list)
    blind: str = ""
    stop_s: float | None = None
    signal: Callable[[float], bool] | None = None
    s: float = 0.0
    v: float = 0.0
    done: bool = False
    wrecked: float | None = None
    rest_until: float = math.inf
    spin: float = 0.0
    slide: tuple[float, float] = (0.0, 0.0)
    track: list[tuple[float, float, float, float, float, float, str]] = field(default_factory=list)

    def place(self) -> tuple[float, float, float]:
        """Where it is now and its heading."""
        x, y = self.route.at(self.s, self.aside)
        return (
            float(x) + self.slide[0],
            float(y) + self.slide[1],
            float(self.route.heading(self.s)) + self.spin,
        )

    def path(self) -> Drive:
        """The way it went, for an actor."""
        keys = [
            Key(at=round(at, 3), x=round(x, 3), y=round(y, 3), doing=doing, facing=round(heading, 4))
            for at, _, x, y, heading, _, doing in self.track
        ]
        return Drive(keys=tuple(keys))

    def moment_at(self, s: float) -> float:
        """The second at which its middle passed `s` metres of its route. Raises ValueError if it never did."""
        for at, gone, *_ in self.track:
            if gone >= s:
                return at
        raise ValueError(f"{self.name} never came to {s:.0f} m")


@dataclass(frozen=True, kw_only=True)
class Drive(Path):
    """A path of many short legs whose headings are known: it turns evenly from one to the next."""

    @cached_property
    def _moments(self) -> list[float]:
        return [key.at for key in self.keys]

    def _facing(self, i: int, at: float, turn: float = 0.5) -> float:
        here, there = self.keys[i], self.keys[i + 1]
        now, then = here.facing or 0.0, there.facing or 0.0
        swing = (then - now + math.pi) % (2 * math.pi) - math.pi
        return now + swing * (at - here.at) / (there.at - here.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Two vehicles that hit each other: who hit whom, and when."""

    hitter: str
    struck: str
    at: float


def drives(
    drivers: Sequence[Driver], until: float, obstacles: Sequence[Path] = (), *, since: float = -20.0
) -> list[Contact]:
    """Lets everyone drive from `since` until `until` seconds; writes their tracks and returns who hit whom.

    `obstacles` are the paths of people on foot for whom drivers brake.
    """
    contacts: list[Contact] = []
    for step in range(round((until - since) / STEP_S) + 1):
        at = round(since + step * STEP_S, 3)
        for driver in drivers:
            if driver.track or (driver.enters <= at and _has_room(driver, drivers)):
                _note(driver, at, driver.place())
        there = [d for d in drivers if d.track and not d.done]
        places = {d.name: d.place() for d in there}
        for driver in there:
            _move(driver, at, there, places, obstacles)
        contacts += _contacts(there, at)
    return contacts


def _has_room(driver: Driver, there: Sequence[Driver]) -> bool:
    """Whether a newcomer finds its way free; it comes no faster than it can still brake for whoever is ahead."""
    driver.v = driver.speed
    for other in there:
        if (
            other is not driver
            and other.track
            and not other.done
            and other.route.points[0] == driver.route.points[0]
        ):
            gap = other.s - 0.5 * (other.length + driver.length) - GAP_M
            if gap < 1.0 and driver.blind != other.name:
                return False
            driver.v = min(driver.v, math.sqrt(other.v**2 + 2 * BRAKE * max(gap, 0.0)))
    return True


def _note(driver: Driver, at: float, place: tuple[float, float, float]) -> None:
    if driver.done:
        return
    x, y, heading = place
    slowing = bool(driver.track) and driver.track[-1][5] - driver.v > 0.12
    doing = "braking" if slowing or driver.v < 0.2 else ""
    driver.track.append((at, driver.s, x, y, heading, driver.v, doing))


def _wish(driver: Driver) -> float:
    wish = driver.speed
    for s, speed in driver.paces:
        if driver.s >= s:
            wish = speed
    for s, speed in driver.paces:  # slows down in time for a bend
        if driver.s < s and speed < wish:
            wish = min(wish, math.sqrt(speed**2 + 2 * 1.8 * (s - driver.s)))
    return max(wish, 0.1)


def _move(
    driver: Driver,
    at: float,
    there: Sequence[Driver],
    places: dict[str, tuple[float, float, float]],
    obstacles: Sequence[Path],
) -> None:
    if driver.wrecked is not None:
        if at < driver.rest_until:
            driver.v = max(0.0, driver.v - driver.wrecked * STEP_S)
            driver.s += driver.v * STEP_S
            return
        driver.wrecked, driver.blind = None, ""
    wish, front = _wish(driver), driver.s + driver.length / 2
    gap, slower, hard = _ahead(driver, there, places, obstacles, at)
    for halt in driver.halts:
        if at < halt.until and front <= halt.s + 1.0 and halt.s - front < gap:
            gap, slower, hard = halt.s - front + GAP_M, driver.v, hard or halt.hard
    if driver.stop_s is not None and driver.signal is not None and front <= driver.stop_s:
        away = driver.stop_s - front
        can = driver.v**2 / (2 * 3.4) < away
        if not driver.signal(at) and can and away + GAP_M < gap:
            gap, slower = away + GAP_M, driver.v
    wanted = GAP_M + max(0.0, driver.v * HEADWAY_S + driver.v * slower / (2 * math.sqrt(EASY * BRAKE)))
    push = EASY * (1 - (driver.v / wish) ** 4 - (wanted / max(gap, 0.3)) ** 2)
    driver.v = max(0.0, driver.v + max(-HARDEST if hard else -5.0, push) * STEP_S)
    if driver.v < 0.12 and gap < GAP_M + 0.6:
        driver.v = 0.0
    driver.s += driver.v * STEP_S
    driver.done = driver.s > driver.route.length


def _ahead(
    driver: Driver,
    there: Sequence[Driver],
    places: dict[str, tuple[float, float, float]],
    obstacles: Sequence[Path],
    at: float,
) -> tuple[float, float, bool]:
    """The gap to the nearest one in the way, how much slower that one is, and whether it came up suddenly."""
    reach = np.arange(0.0, AHEAD_M)
    line = driver.route.at(driver.s + driver.length / 2 + reach, driver.aside)
    best, slower, hard = math.inf, 0.0, False
    heading = places[driver.name][2]
    for other in there:
        if other is driver or other.name == driver.blind:
            continue
        x, y, theirs = places[other.name]
        gaps = np.hypot(line[:, 0] - x, line[:, 1] - y)
        i = int(np.argmin(gaps))
        ahead = driver.route.heading(driver.s + driver.length / 2 + float(reach[i]))
        lengthwise = abs(math.cos(theirs - float(ahead))) > 0.7
        long, wide = (other.length, other.width) if lengthwise else (other.width, other.length)
        if gaps[i] > BESIDE_M + wide / 2 or i == 0:
            continue
        gap = float(reach[i]) - long / 2
        if gap < best:
            best, slower, hard = (
                gap,
                driver.v - other.v * math.cos(theirs - heading),
                other.wrecked is not None,
            )
    for someone in obstacles:
        for soon in (0.0, 1.0, 2.0, 3.0):
            pose = someone.pose(at + soon)
            if pose is None:
                continue
            gaps = np.hypot(line[:, 0] - pose.x, line[:, 1] - pose.y)
            i = int(np.argmin(gaps))
            gap = float(reach[i]) - ROOM_M
            if gaps[i] <= driver.width / 2 + 1.3 and gap < best and (i > 0 or soon == 0):
                best, slower, hard = max(0.3, gap), driver.v, True
    return best, slower, hard


def _contacts(there: Sequence[Driver], at: float) -> list[Contact]:
    """Whoever was blind to another and is upon him now: both are wrecked."""
    found = []
    for driver in there:
        other = next((d for d in there if d.name == driver.blind), None)
        if driver.wrecked is None and other is not None and not driver.done and overlap(driver, other):
            _crash(driver, other)
            found.append(Contact(hitter=driver.name, struck=other.name, at=at))
    return found


def _crash(hitter: Driver, struck: Driver) -> None:
    """Most of the speed goes into metal: the hitter stops within a metre, the struck one is pushed on a little."""
    (_, _, a), (_, _, b) = hitter.place(), struck.place()
    swing = (a - b + math.pi) % (2 * math.pi) - math.pi
    crosswise = abs(math.sin(swing)) > 0.6
    impact = hitter.v
    hitter.v *= 0.3
    hitter.wrecked = hitter.v / 0.35
    if crosswise:
        struck.v *= 0.35
        struck.spin += 0.22 * math.copysign(1.0, swing)
        struck.slide = (struck.slide[0] + 0.5 * math.cos(a), struck.slide[1] + 0.5 * math.sin(a))
    else:
        struck.v = struck.v * 0.5 + 0.3 * impact
    struck.wrecked = max(struck.v, 0.1) / 0.5
    struck.rest_until = hitter.rest_until


def overlap(one: Driver, other: Driver, grow: float = 0.0) -> bool:
    """Whether the two stand on common ground, each made larger by `grow` metres all round (separating axes)."""
    return footprints_meet(_footprint(one, grow), _footprint(other, grow))


def _footprint(driver: Driver, grow: float) -> npt.NDArray[np.float64]:
    return footprint(*driver.place(), driver.length + 2 * grow, driver.width + 2 * grow)


def footprint(x: float, y: float, heading: float, length: float, width: float) -> npt.NDArray[np.float64]:
    """The four corners of a rectangle on the ground."""
    along = np.array((math.cos(heading), math.sin(heading))) * length / 2
    across = np.array((-math.sin(heading), math.cos(heading))) * width / 2
    middle = np.array((x, y))
    return np.array(
        [middle + along + across, middle - along + across, middle - along - across, middle + along - across]
    )


def footprints_meet(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    """Whether two convex shapes share ground: no side of either parts them."""
    for shape in (one, other):
        for i in range(len(shape)):
            side = shape[(i + 1) % len(shape)] - shape[i]
            normal = np.array((-side[1], side[0]))
            a, b = one @ normal, other @ normal
            if a.max() < b.min() or b.max() < a.min():
                return False
    return True
