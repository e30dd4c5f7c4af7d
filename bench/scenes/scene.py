"""A scene as data: a camera, what is drawn on it, and actors with their paths over time. No pixels, no files."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bench.scenes.camera import Camera
from bench.scenes.conditions import Conditions
from bench.scenes.shapes import Figure, Pixels
from core.place import Layout

if TYPE_CHECKING:
    from bench.scenes.truth import Happening, Stay

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Where an actor is at a moment (seconds, metres) and what it does until the next key.

    `ease` makes the way there start and end gently; `facing` (radians, 0 is +x) overrides the way it walks.
    """

    at: float
    x: float
    y: float
    ease: bool = False
    doing: str = ""
    facing: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """An actor at one moment: place in metres, heading, speed in metres a second, metres walked so far, and doing:
    what, for how many seconds already, and for how many more.
    """

    at: float
    x: float
    y: float
    facing: float
    speed: float
    walked: float
    doing: str
    since: float = 0.0
    left: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Path:
    """Keys in order of time; before the first and after the last the actor is not in the world."""

    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        if len(self.keys) < 2 or any(b.at <= a.at for a, b in zip(self.keys, self.keys[1:], strict=False)):
            raise ValueError("a path needs at least two keys in order of time")

    @cached_property
    def _walked(self) -> list[float]:
        total = [0.0]
        for a, b in zip(self.keys, self.keys[1:], strict=False):
            total.append(total[-1] + math.hypot(b.x - a.x, b.y - a.y))
        return total

    def pose(self, at: float) -> Pose | None:
        """The pose at that moment, or None outside the path."""
        if not self.keys[0].at <= at <= self.keys[-1].at:
            return None
        i = min(bisect_right([k.at for k in self.keys], at) - 1, len(self.keys) - 2)
        a, b = self.keys[i], self.keys[i + 1]
        share = (at - a.at) / (b.at - a.at)
        rate = 1.0 / (b.at - a.at)
        if b.ease:
            rate *= 6 * share * (1 - share)
            share = share * share * (3 - 2 * share)
        length = math.hypot(b.x - a.x, b.y - a.y)
        return Pose(
            at=at,
            x=a.x + (b.x - a.x) * share,
            y=a.y + (b.y - a.y) * share,
            facing=self._facing(i, at),
            speed=length * rate,
            walked=self._walked[i] + length * share,
            doing=a.doing,
            since=at - a.at,
            left=b.at - at,
        )

    def _heading(self, i: int) -> float:
        """The way of leg i; a leg that stays keeps the way of the one before."""
        for j in range(i, -1, -1):
            a, b = self.keys[j], self.keys[j + 1]
            if a.facing is not None:
                return a.facing
            if math.hypot(b.x - a.x, b.y - a.y) > 1e-6:
                return math.atan2(b.y - a.y, b.x - a.x)
        a, b = self.keys[i], self.keys[-1]
        return math.atan2(b.y - a.y, b.x - a.x)

    def _facing(self, i: int, at: float, turn: float = 0.5) -> float:
        """The heading, turning over the first half second of a leg."""
        now = self._heading(i)
        if i == 0:
            return now
        before, since = self._heading(i - 1), at - self.keys[i].at
        if since >= turn:
            return now
        swing = (now - before + math.pi) % (2 * math.pi) - math.pi
        return before + swing * since / turn


class Walk:
    """Builds a path leg by leg: `Walk(2.0, -8, 11).to(0, 11, speed=1.3).wait(4)`."""

    def __init__(self, at: float, x: float, y: float, *, facing: float | None = None) -> None:
        self.keys = [Key(at=at, x=x, y=y, facing=facing)]

    @property
    def at(self) -> float:
        """The moment reached so far."""
        return self.keys[-1].at

    def to(
        self, x: float, y: float, *, speed: float, ease: bool = False, facing: float | None = None
    ) -> Walk:
        """Moves on in a straight line at a mean speed in metres a second."""
        last = self.keys[-1]
        took = math.hypot(x - last.x, y - last.y) / speed
        self._face(facing)
        self.keys.append(Key(at=last.at + took, x=x, y=y, ease=ease))
        return self

    def wait(self, seconds: float, *, doing: str = "", facing: float | None = None) -> Walk:
        """Stays."""
        last = self.keys[-1]
        self.keys[-1] = Key(at=last.at, x=last.x, y=last.y, ease=last.ease, doing=doing, facing=facing)
        self.keys.append(Key(at=last.at + seconds, x=last.x, y=last.y))
        return self

    def wait_until(self, at: float, *, doing: str = "", facing: float | None = None) -> Walk:
        """Stays until a moment."""
        return self.wait(at - self.at, doing=doing, facing=facing)

    def then(self, doing: str) -> Walk:
        """Does this from here on, until the next leg is told otherwise."""
        self.keys[-1] = replace(self.keys[-1], doing=doing)
        return self

    def _face(self, facing: float | None) -> None:
        if facing is not None:
            last = self.keys[-1]
            self.keys[-1] = replace(last, facing=facing)

    def path(self) -> Path:
        """The finished path."""
        return Path(keys=tuple(self.keys))


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Something that moves or is put somewhere: a label, colours, one path per visit, and how it is drawn.

    `figure` turns a pose into shapes in the world. `vehicle` says what near misses count it as, `put_down` that it is
    an object that lies from its first key to its last, where it may stay until `gone` (seconds) on somebody's forks. `scenery` is painted but belongs to the place (goods in a
    shelf, a fan): no visit, no box, no events of its own; `share` says how much of it is there at a moment, 0 to 1.
    """

    name: str
    label: str
    colour: str
    paths: tuple[Path, ...]
    figure: Callable[[Pose], Figure]
    attributes: dict[str, str] = field(default_factory=dict)
    vehicle: bool = False
    put_down: bool = False
    gone: float | None = None
    scenery: bool = False
    share: Callable[[float], float] | None = None

    def pose(self, at: float) -> Pose | None:
        """The pose at that moment, or None while it is not in the world."""
        for path in self.paths:
            pose = path.pose(at)
            if pose is not None:
                return pose
        return None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that a renderer and the truth need. `stage` paints the still background; `rules` are rule documents.

    `truths` say what else truly happens, by kinds of a domain's own, given the scene and everyone's visits. `overlay`
    is painted over the finished picture (scene, picture, seconds), as a scoreboard is; a clock runs beside `title`
    unless that is empty. `scored` are the kinds of event the domain is about (none: all that occur).
    """

    kind: str
    seed: int
    camera: Camera
    fps: int
    duration: float
    actors: tuple[Actor, ...]
    layout: Layout
    stage: Callable[[Scene], Pixels]
    title: str
    rules: tuple[dict[str, Any], ...] = ()
    conditions: Conditions = field(default_factory=Conditions)
    scored: tuple[str, ...] = ()
    truths: tuple[Callable[[Scene, list[Stay]], list[Happening]], ...] = ()
    overlay: Callable[[Scene, Pixels, float], None] | None = None

    @property
    def frames(self) -> int:
        """How many pictures the scene has."""
        return round(self.duration * self.fps)
