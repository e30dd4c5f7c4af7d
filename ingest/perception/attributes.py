"""What can be said of a thing from how it looked and moved over its whole stay: colour, size, shape, direction, speed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from statistics import median

import numpy as np

from core.clock import SECOND, Micros
from core.colour import COLOURS, Shares, halves, joined
from core.ground import Ground
from core.place import Box, Point
from core.sight import Attributes
from ingest.perception.pose import pose_word

DIRECTIONS: tuple[str, ...] = tuple(
    "-".join(part for part in (depth, across) if part)
    for depth in ("up", "down", "away", "towards", "")
    for across in ("left", "right", "")
    if depth or across
)
"""Ways of moving: in the picture (`up-left`, `right` …), or from or to the camera where the box shrinks or grows."""

SIDES: tuple[str, ...] = ("left", "right", "top", "bottom")
MOVED = 0.35
"""Displacement, in box diagonals, from which on a thing has a direction."""
DEEPER = 1.25
"""Growth of a box's height from which on a thing came nearer (its inverse: went away)."""
SECOND_SHARE = 0.2
"""The part of a thing that its second colour covers at least."""
KIN: dict[str, tuple[str, ...]] = {
    "red": ("pink", "orange", "brown"), "pink": ("red", "purple"), "orange": ("red", "yellow", "brown", "beige"),
    "brown": ("beige", "orange", "red"), "beige": ("brown", "yellow", "white"), "yellow": ("orange", "beige", "green"),
    "green": ("yellow",), "blue": ("purple",), "purple": ("blue", "pink"),
}  # fmt: skip
"""Shades that light and shadow make of each colour."""
LOOKS_KEPT = 400
"""A path longer than this is thinned: only its shape matters."""


class Profile:
    """Gathers one entity's path and colours, look by look. Picklable."""

    def __init__(self) -> None:
        self._path: list[tuple[Micros, Box, bool]] = []
        self._upper = np.zeros(len(COLOURS), np.float64)
        self._lower = np.zeros(len(COLOURS), np.float64)
        self._largest = 0.0

    def note(self, at: Micros, box: Box, *, whole: bool, score: float, appearance: tuple[float, ...]) -> None:
        """One sighting; `whole` is false where the picture's edge or another thing cuts the box."""
        self._path.append((at, box, whole))
        if len(self._path) > LOOKS_KEPT:
            del self._path[1:-1:2]
        self._largest = max(self._largest, box.area)
        if appearance:
            upper, lower = halves(appearance)
            weight = math.sqrt(box.area) * score * (1.0 if whole else 0.25)
            self._upper += weight * upper
            self._lower += weight * lower

    @property
    def appearance(self) -> tuple[float, ...]:
        """How it looked over its whole stay, near and whole looks counting most; () where that is not known."""
        return joined(self._upper, self._lower)

    @property
    def span(self) -> tuple[Micros, Micros]:
        """First and last sighting."""
        return self._path[0][0], self._path[-1][0]

    @property
    def travel(self) -> float:
        """How far its middle got from where it was first seen, in box diagonals."""
        return self._farthest(lambda a, b: math.dist(a.centre, b.centre) / ((a.diagonal + b.diagonal) / 2))

    @property
    def displacement(self) -> float:
        """As `travel`, with growing or shrinking to half counting as much as moving by its own size."""
        return max(self.travel, self._farthest(_growth))

    def _farthest(self, measure: Callable[[Box, Box], float]) -> float:
        first, last = _steady(self._path[:3]), _steady(self._path[-3:])
        half = len(self._path) // 2
        return max(measure(first, last), measure(first, _steady(self._path[half : half + 3])))

    def attributes(self, label: str, frame: tuple[float, float], ground: Ground | None) -> Attributes:
        """All that can be said so far; what is not known is not there."""
        out: Attributes = {}
        box = _steady([p for p in self._path if p[2]][-25:] or self._path[-5:])
        self._say_colours(out, label)
        out["size"] = size_word(self._largest / (frame[0] * frame[1]))
        out["shape"] = shape_word(box)
        if label == "person" and (pose := pose_word(self._path)):
            out["pose"] = pose
        self._say_motion(out, ground)
        return out

    def _say_colours(self, out: Attributes, label: str) -> None:
        total = self._upper + self._lower
        if total.sum() == 0:
            return
        if label == "person":
            for key, part in (("upper", self._upper), ("lower", self._lower)):
                if part.sum() > 0:
                    out[key] = colour_word(part / part.sum())
            out["colour"] = out.get("upper", colour_word(total / total.sum()))
        else:
            first = out["colour"] = colour_word(total / total.sum())
            if second := second_word(total / total.sum(), first):
                out["second_colour"] = second

    def _say_motion(self, out: Attributes, ground: Ground | None) -> None:
        whole = [p for p in self._path if p[2]]
        path = whole if len(whole) >= 4 and len(whole) > len(self._path) // 4 else self._path
        if len(path) < 3:
            return
        step = max(1, min(3, len(path) // 3))
        first, last = _steady(path[:step]), _steady(path[-step:])
        elapsed = (median(at for at, _, _ in path[-step:]) - median(at for at, _, _ in path[:step])) / SECOND
        if elapsed <= 0:
            return
        diagonal = max((first.diagonal + last.diagonal) / 2, 1.0)
        far = math.dist(first.foot, last.foot)
        word = direction_word(first, last)
        if word and (far / diagonal >= MOVED or self.displacement >= 2 * MOVED):
            out["direction"] = word
        travelled = sum(
            math.dist(a[1].centre, b[1].centre) for a, b in zip(path[::4], path[4::4], strict=False)
        )
        whole_time = (path[-1][0] - path[0][0]) / SECOND
        pace = max(far / elapsed, travelled / whole_time if far / diagonal >= MOVED else 0.0)
        metres = None if ground is None else _metres_along(path, first, last, ground)
        if metres is not None:
            out["speed"], out["speed_unit"] = round(metres / elapsed, 2), "m/s"
        else:
            out["speed"] = round(pace / max((first.height + last.height) / 2, 1.0), 2)


def _metres_along(
    path: list[tuple[Micros, Box, bool]], first: Box, last: Box, ground: Ground
) -> float | None:
    """Metres from the first place to the last over steady places in between; None where one shows no ground.

    Who stays within about its own size is taken straight: the trembling of a box is no way.
    """
    straight = ground.metres(first.foot, last.foot)
    if straight is None or math.dist(first.foot, last.foot) < MOVED * (first.diagonal + last.diagonal) / 2:
        return straight
    stops = [_steady(path[n : n + 4]).foot for n in range(0, len(path), 4)]
    legs = [ground.metres(a, b) for a, b in itertools.pairwise((first.foot, *stops[1:-1], last.foot))]
    return None if None in legs else max(straight, sum(leg for leg in legs if leg is not None))


def _growth(one: Box, other: Box) -> float:
    return (abs(math.log(other.height / one.height)) + abs(math.log(other.width / one.width))) / 1.4


def _steady(path: list[tuple[Micros, Box, bool]]) -> Box:
    """The median box of a stretch of path: one bad look does not move it."""
    corners = np.median([(b.x1, b.y1, b.x2, b.y2) for _, b, _ in path], axis=0)
    x1, y1, x2, y2 = (float(v) for v in corners)
    return Box(x1, y1, max(x2, x1 + 1e-3), max(y2, y1 + 1e-3))


def direction_word(first: Box, last: Box) -> str:
    """The key of `DIRECTIONS` for a way from the first box to the last; empty where it did not move.

    A part of the movement counts when it is at least 0.4 of the other. Up or down becomes away or towards where the
    box shrank or grew as it must when a thing goes from or comes to the camera.
    """
    dx, dy = last.foot[0] - first.foot[0], last.foot[1] - first.foot[1]
    growth = math.sqrt((last.height / first.height) * (last.width / first.width))
    depth = ""
    if growth >= DEEPER and dy > -0.2 * abs(dx):
        depth = "towards"
    elif growth <= 1 / DEEPER and dy < 0.2 * abs(dx):
        depth = "away"
    elif abs(dy) > 0.4 * abs(dx) and abs(dy) > 0.1 * last.height:
        depth = "up" if dy < 0 else "down"
    across = ""
    if abs(dx) > 0.4 * abs(dy) and abs(dx) > 0.15 * last.width:
        across = "left" if dx < 0 else "right"
    return "-".join(part for part in (depth, across) if part)


def size_word(part: float) -> str:
    """`small`, `medium` or `large`, by the part of the picture the thing covered at its largest."""
    return "small" if part < 0.01 else "medium" if part < 0.08 else "large"


def shape_word(box: Box) -> str:
    """`tall`, `wide` or `square`."""
    ratio = box.height / box.width
    return "tall" if ratio > 1.35 else "wide" if ratio < 1 / 1.35 else "square"


def colour_word(shares: Shares) -> str:
    """The name people would give: a colour that stands out beats the greys of windows, tyres and shade."""
    part = dict(zip(COLOURS, (float(v) for v in shares), strict=True))
    greys = {name: part[name] for name in ("black", "grey", "white")}
    hues = {name: part[name] for name in COLOURS if name not in greys}
    hue = max(hues, key=lambda name: hues[name])
    grey = max(greys, key=lambda name: greys[name] * (1.25 if name == "white" else 1.0))
    if hues[hue] >= 0.3 or (hues[hue] >= 0.17 and hues[hue] >= 0.4 * greys[grey]):
        return hue
    return grey


def second_word(shares: Shares, first: str) -> str:
    """The other colour of what has two: one that covers at least `SECOND_SHARE` of it and is no shade of the first; '' for none.

    Brown and beige are one coat in shade and in light, called brown where a third of it is. Greys are no second colour:
    windows, tyres, shade and glare are grey on everything; white is one beside a hue.
    """
    part = dict(zip(COLOURS, (float(v) for v in shares), strict=True))
    coat = part.pop("brown") + part.pop("beige")
    brown = float(shares[COLOURS.index("brown")])
    part["brown" if brown >= coat / 3 else "beige"] = coat
    for name in ("black", "grey", first, *KIN.get(first, ())):
        part.pop(name, None)
    best = max(part, key=lambda name: part[name])
    return best if part[best] >= SECOND_SHARE else ""


def side_of(box: Box, velocity: Point, frame: tuple[float, float], *, leaving: bool) -> str:
    """The side of the picture at which a thing with this box and velocity (pixels a second) left or came in, or ''."""
    width, height = frame
    gaps = {"left": box.x1, "right": width - box.x2, "top": box.y1, "bottom": height - box.y2}
    outward = {"left": -velocity[0], "right": velocity[0], "top": -velocity[1], "bottom": velocity[1]}
    sign = 1.0 if leaving else -1.0
    best, least = "", 0.0
    for side in SIDES:
        length = width if side in ("left", "right") else height
        speed = sign * outward[side]
        near = max(0.025 * length, 0.3 * speed)
        if gaps[side] > near or speed < -0.1 * box.diagonal:
            continue
        merit = 1e-6 + max(speed, 0.0) / box.diagonal + 0.2 * max(0.0, 1 - gaps[side] / (0.025 * length))
        if merit > least:
            best, least = side, merit
    return best
