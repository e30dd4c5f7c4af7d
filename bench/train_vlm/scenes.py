"""Scenes for the tiny vision-language model: what is in them as data, and their pictures, drawn from a seed.

A scene shows one or two groups of things before clutter. The things of a group are of one kind and colour and move
the same way between the frames; two groups stand to each other in one relation, judged in the last frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.uint8]
"""Frames of one scene, `(frames, SIDE, SIDE, 3)`, RGB."""
Array = npt.NDArray[np.float32]

SIDE = 96
"""Pixels of a picture's side."""
FRAMES = 2
KINDS = ("ball", "box", "cone", "cross", "ring", "star", "person", "car")
COLOURS = {
    "red": (215, 40, 35), "orange": (240, 140, 20), "yellow": (240, 225, 50), "green": (45, 170, 60),
    "cyan": (50, 205, 215), "blue": (45, 70, 210), "purple": (150, 50, 185), "white": (240, 240, 240),
}  # fmt: skip
MOTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1), "still": (0, 0)}
RELATIONS = ("left of", "right of", "above", "below", "near")
MOST = 5
"""Things in a group."""
SIZES = (13, 17)
"""Least and largest side of a thing, in pixels."""
SHIFT = (14.0, 20.0)
"""How far a thing moves between the first and the last frame, in pixels."""
SENT = 0.5
"""The share of scenes whose pictures went over a wire."""
CLOSE, APART = 20.0, 27.0
"""Pixels between the centres of the nearest two things of both groups: at most, where they are near; at least, where not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """What the scenes of one place are made of."""

    kinds: tuple[str, ...] = KINDS
    colours: tuple[str, ...] = tuple(COLOURS)
    night: bool = False


DAY = Domain()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """So many things of one kind and colour that move one way."""

    count: int
    colour: str
    kind: str
    motion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is to be seen: one group, or two in order of kind and colour with the relation of the first to the second.

    `centres` are the things' places per frame, middles of pixels, `(frames, things, 2)`, and `members` which group each thing is of.
    """

    groups: tuple[Group, ...]
    relation: str = ""
    centres: Array = field(repr=False, compare=False)
    members: tuple[int, ...] = field(repr=False, compare=False)


def draw_scene(dice: np.random.Generator, domain: Domain = DAY) -> Scene:
    """A scene that can be laid out; three of four have two groups."""
    while True:
        groups = _groups(dice, domain, 2 if dice.random() < 0.75 else 1)
        relation = str(dice.choice(RELATIONS)) if len(groups) == 2 else ""
        for _ in range(4):
            centres = _lay_out(dice, groups, relation)
            if centres is not None:
                members = tuple(i for i, g in enumerate(groups) for _ in range(g.count))
                return Scene(groups=groups, relation=relation, centres=centres, members=members)


def draw_crowd(dice: np.random.Generator, domain: Domain = DAY) -> Scene:
    """A picture full of things that have nothing to do with each other: what an encoder learns to see from, fastest."""
    across = SIDE // (SIZES[1] + 2)
    cell = SIDE / across
    cells = dice.permutation(across * across)[: int(dice.integers(across * 2, across * across + 1))]
    corners = np.stack([cells % across, cells // across], -1).astype(np.float32)
    free = (cell - SIZES[1]) / 2
    centres = (corners + 0.5) * cell + dice.uniform(-free, free, corners.shape).astype(np.float32)
    groups = tuple(
        Group(
            count=1,
            colour=str(dice.choice(domain.colours)),
            kind=str(dice.choice(domain.kinds)),
            motion="still",
        )
        for _ in cells
    )
    return Scene(
        groups=groups, centres=_in_pixels(centres)[None].repeat(FRAMES, 0), members=tuple(range(len(groups)))
    )


def _groups(dice: np.random.Generator, domain: Domain, wanted: int) -> tuple[Group, ...]:
    looks: list[tuple[int, int]] = []
    while len(looks) < wanted:
        look = int(dice.integers(len(domain.kinds))), int(dice.integers(len(domain.colours)))
        if look not in looks:
            looks.append(look)
    return tuple(
        Group(
            count=int(dice.integers(1, MOST + 1)),
            colour=domain.colours[colour],
            kind=domain.kinds[kind],
            motion=str(dice.choice(list(MOTIONS))),
        )
        for kind, colour in sorted(looks)
    )


def _lay_out(dice: np.random.Generator, groups: tuple[Group, ...], relation: str) -> Array | None:
    """Places of every thing in every frame, or None where these dice find no room."""
    half = SIZES[1] / 2 + 1
    areas = _areas(dice, relation, half) or [(half, half, SIDE - half, SIDE - half)] * len(groups)
    first: list[tuple[float, float]] = []
    last: list[tuple[float, float]] = []
    owner: list[int] = []
    order = [(i, n) for i, g in enumerate(groups) for n in range(g.count)]
    if relation == "near":  # one of each first, so that they find room beside each other
        order.sort(key=lambda one: one[1])
    for place, (i, _) in enumerate(order):
        far = dice.uniform(*SHIFT)
        dx, dy = (far * d for d in MOTIONS[groups[i].motion])
        beside = last[0] if relation == "near" and place == 1 else None
        for _ in range(60):
            x, y = _end(dice, areas[i], dx, dy, beside)
            if _is_free((x - dx, y - dy), first) and _is_free((x, y), last):
                first.append((x - dx, y - dy))
                last.append((x, y))
                owner.append(i)
                break
        else:
            return None
    ends, who = np.array(last, np.float32), np.array(owner)
    if relation:
        gaps = np.linalg.norm(ends[who == 0][:, None] - ends[who == 1][None], axis=-1)
        if (gaps.min() > CLOSE) if relation == "near" else (gaps.min() < APART):
            return None
    ranks = np.argsort(who, kind="stable")
    steps = np.linspace(0, 1, FRAMES, dtype=np.float32)[:, None, None]
    starts = np.array(first, np.float32)
    return _in_pixels((starts + (ends - starts) * steps)[:, ranks])


def _in_pixels(places: Array) -> Array:
    """The middles of the pixels that the places are in."""
    return np.floor(places).astype(np.float32) + np.float32(0.5)


def _areas(dice: np.random.Generator, relation: str, half: float) -> list[tuple[float, float, float, float]]:
    """Where the last places of the first and of the second group lie: left, top, right, bottom; none where it is all one."""
    if relation in ("", "near"):
        return []
    cut = SIDE / 2 + dice.uniform(-8, 8)
    low, high = cut - 10, cut + 10
    if relation in ("left of", "right of"):
        sides = [(half, half, low, SIDE - half), (high, half, SIDE - half, SIDE - half)]
    else:
        sides = [(half, half, SIDE - half, low), (half, high, SIDE - half, SIDE - half)]
    return sides if relation in ("left of", "above") else sides[::-1]


def _end(
    dice: np.random.Generator,
    area: tuple[float, float, float, float],
    dx: float,
    dy: float,
    beside: tuple[float, float] | None,
) -> tuple[float, float]:
    """A last place in the area whose first place lies in the picture."""
    half = SIZES[1] / 2 + 1
    left, right = max(area[0], half + max(dx, 0)), min(area[2], SIDE - half + min(dx, 0))
    top, bottom = max(area[1], half + max(dy, 0)), min(area[3], SIDE - half + min(dy, 0))
    if beside is not None:
        turn, far = dice.uniform(0, 2 * np.pi), dice.uniform(SIZES[1], CLOSE)
        x, y = beside[0] + far * np.cos(turn), beside[1] + far * np.sin(turn)
        return float(np.clip(x, left, max(left, right))), float(np.clip(y, top, max(top, bottom)))
    return float(dice.uniform(left, max(left, right))), float(dice.uniform(top, max(top, bottom)))


def _is_free(place: tuple[float, float], others: list[tuple[float, float]]) -> bool:
    """Whether a thing there covers none of the others: boxes of the largest size do not meet."""
    return all(max(abs(place[0] - x), abs(place[1] - y)) >= SIZES[1] for x, y in others)


def render(
    scene: Scene, dice: np.random.Generator, domain: Domain = DAY, frames: range = range(FRAMES)
) -> Pictures:
    """The pictures of a scene: things before clutter, with noise of their own in every frame."""
    ground = _ground(dice)
    bank = shapes()
    looks = []
    for group in (scene.groups[i] for i in scene.members):
        masks = bank[group.kind]
        tint = np.array(COLOURS[group.colour], np.float32) * dice.uniform(0.85, 1.06)
        looks.append(
            (masks[int(dice.integers(len(masks)))], tint + dice.uniform(-9, 9, 3).astype(np.float32))
        )
    pictures = np.empty((len(frames), SIDE, SIDE, 3), np.uint8)
    for number, at in enumerate(frames):
        picture = ground * np.float32(dice.uniform(0.97, 1.03))
        for (mask, tint), (x, y) in zip(looks, scene.centres[at], strict=True):
            _set_in(picture, mask, tint, int(x), int(y))
        picture += dice.standard_normal((SIDE, SIDE, 1), np.float32) * np.float32(4.0)
        if domain.night:
            picture = _at_night(picture, dice)
        pictures[number] = np.clip(picture, 0, 255).astype(np.uint8)
    return _as_sent(pictures, dice) if dice.random() < SENT else pictures


def _as_sent(pictures: Pictures, dice: np.random.Generator) -> Pictures:
    """The pictures after they went over a wire as JPEG, as those for a model server do."""
    quality = int(dice.integers(75, 96))
    made = (
        cv2.imencode(".jpg", each[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for each in pictures
    )
    return np.stack([cv2.imdecode(each, cv2.IMREAD_COLOR)[..., ::-1] for each in made])


def _set_in(picture: Array, mask: Array, tint: Array, x: int, y: int) -> None:
    side = mask.shape[0]
    top, left = y - side // 2, x - side // 2
    cut = picture[top : top + side, left : left + side]
    alpha = mask[: cut.shape[0], : cut.shape[1], :1]
    cut += alpha * (tint * mask[: cut.shape[0], : cut.shape[1], 1:] - cut)


def _at_night(picture: Array, dice: np.random.Generator) -> Array:
    """Sodium light: little blue left, dark, and a noisy sensor."""
    lit = picture * np.array([0.62, 0.42, 0.20], np.float32) * np.float32(dice.uniform(0.8, 1.0))
    return lit + dice.standard_normal((SIDE, SIDE, 3), np.float32) * np.float32(3.0)


def _ground(dice: np.random.Generator) -> Array:
    """Dull, uneven ground with dull clutter on it and a few coloured specks."""
    coarse = dice.uniform(40, 130) + dice.uniform(-22, 22, (5, 5, 1)) + dice.uniform(-8, 8, (5, 5, 3))
    ground = cv2.resize(coarse.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(dice.integers(4, 10))):
        grey = dice.uniform(30, 150)
        colour = tuple(float(grey + d) for d in dice.uniform(-14, 14, 3))
        (x, y), (u, v) = dice.integers(0, SIDE, 2).tolist(), dice.integers(0, SIDE, 2).tolist()
        what = int(dice.integers(3))
        if what == 0:
            cv2.line(ground, (x, y), (u, v), colour, int(dice.integers(1, 4)), cv2.LINE_AA)
        elif what == 1:
            cv2.rectangle(ground, (x, y), (x + u // 3, y + v // 3), colour, -1)
        else:
            cv2.ellipse(ground, (x, y), (4 + u // 6, 4 + v // 6), float(u), 0, 360, colour, -1, cv2.LINE_AA)
    names = list(COLOURS)
    for _ in range(int(dice.integers(0, 7))):
        x, y, side = (int(n) for n in dice.integers((0, 0, 1), (SIDE, SIDE, 4)))
        ground[y : y + side, x : x + side] = COLOURS[names[int(dice.integers(len(names)))]]
    return cv2.GaussianBlur(ground, (3, 3), 0)


@cache
def shapes() -> dict[str, list[Array]]:
    """Per kind its masks in several sizes and small turns, their middles in that of a pixel: `(SIZES[1], SIZES[1], 2)`, how much it covers and how it is lit."""
    dice = np.random.default_rng(5)
    return {
        kind: [
            _mask(outline, size, float(turn))
            for size in range(SIZES[0], SIZES[1] + 1)
            for turn in dice.uniform(-9, 9, 5)
        ]
        for kind, outline in OUTLINES.items()
    }


def _mask(outline: list[tuple[str, list[float]]], size: int, turn: float) -> Array:
    fine = 8
    side = SIZES[1]
    canvas = np.zeros((side * fine, side * fine), np.uint8)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))

    def at(x: float, y: float) -> tuple[int, int]:
        middle, half = side * fine / 2, size * fine / 2 * 0.95
        return round(middle + half * (x * cos - y * sin)), round(middle + half * (x * sin + y * cos))

    for what, numbers in outline:
        value = 0 if what.startswith("-") else 255
        if what.endswith("disc"):
            cv2.circle(canvas, at(*numbers[:2]), round(numbers[2] * 0.95 * size * fine / 2), value, -1)
        else:
            points = [at(x, y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
            cv2.fillPoly(canvas, [np.array(points, np.int32)], value)
    alpha = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    light = np.linspace(1.08, 0.86, side, dtype=np.float32)[:, None].repeat(side, 1)
    return np.stack([alpha, light], -1)


def _star() -> list[float]:
    turns = np.arange(10) * np.pi / 5 - np.pi / 2
    far = np.where(np.arange(10) % 2 == 0, 1.0, 0.42)
    return [float(n) for x, y in zip(np.cos(turns) * far, np.sin(turns) * far, strict=True) for n in (x, y)]


OUTLINES: dict[str, list[tuple[str, list[float]]]] = {
    "ball": [("disc", [0, 0, 0.92])],
    "box": [("area", [-1, -0.66, 1, -0.66, 1, 0.66, -1, 0.66])],
    "cone": [("area", [0, -1, 0.95, 0.9, -0.95, 0.9])],
    "cross": [("area", [-0.3, -1, 0.3, -1, 0.3, 1, -0.3, 1]), ("area", [-1, -0.3, 1, -0.3, 1, 0.3, -1, 0.3])],
    "ring": [("disc", [0, 0, 0.98]), ("-disc", [0, 0, 0.52])],
    "star": [("area", _star())],
    "person": [
        ("disc", [0, -0.66, 0.33]),
        ("area", [-0.42, -0.28, 0.42, -0.28, 0.42, 0.3, -0.42, 0.3]),
        ("area", [-0.4, 0.3, -0.08, 0.3, -0.08, 1, -0.4, 1]),
        ("area", [0.08, 0.3, 0.4, 0.3, 0.4, 1, 0.08, 1]),
    ],
    "car": [
        ("area", [-1, -0.05, 1, -0.05, 1, 0.45, -1, 0.45]),
        ("area", [-0.55, -0.05, -0.3, -0.55, 0.4, -0.55, 0.65, -0.05]),
        ("disc", [-0.52, 0.5, 0.24]),
        ("disc", [0.52, 0.5, 0.24]),
    ],
    "tree": [("disc", [0, -0.3, 0.68]), ("area", [-0.16, 0.2, 0.16, 0.2, 0.16, 1, -0.16, 1])],
}  # fmt: skip
"""What each kind looks like, in halves of its side from its middle: discs, areas, and what is cut out again (`-`)."""
