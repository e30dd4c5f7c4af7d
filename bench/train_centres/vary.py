"""Training samples out of shots: a part of the picture at another size and light, now and then with things of other shots
set into it, and what the network should say of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from bench.train_centres.collect import IGNORED, Shot
from models.detect.centres import CLASSES, STEP, Floats

Bytes = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 256, 224
"""Pixels of a sample."""
LEAST = 3.0
"""A thing must be so many pixels wide and high to be told."""
GRAIN = np.random.default_rng(0).normal(0, 18, (2 * HEIGHT, 2 * WIDTH, 3)).astype(np.int16)
"""A sheet of noise of which each sample gets a part."""
ALIKE = 0.7
"""Overlap at which a box still counts as found: it sets how far a middle's hill reaches (CornerNet)."""


@dataclass(slots=True, kw_only=True)
class Scene:
    """A shot at full size, decoded: what the network sees (H × W × 4), and boxes with classes."""

    seen: Bytes
    boxes: Floats


@dataclass(slots=True, kw_only=True)
class Sample:
    """What the network sees, and what it should say: hills of middles, which places count, and boxes at their middles.

    `places` are rows of y, x; `edges` rows of left, top, right, bottom from there, in pixels.
    """

    seen: Bytes
    heat: Floats
    counts: Floats
    places: npt.NDArray[np.int64]
    edges: Floats


def opened(shot: Shot) -> Scene:
    """The shot, decoded."""
    coded = np.frombuffer(shot.picture, np.uint8)
    picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)
    size = (picture.shape[1], picture.shape[0])
    differs = cv2.resize(shot.differs, size, interpolation=cv2.INTER_LINEAR)
    return Scene(seen=_joined(picture, np.asarray(differs, np.uint8)), boxes=shot.boxes.copy())


def _joined(picture: Bytes, differs: Bytes) -> Bytes:
    """Four planes of three and one: OpenCV's merge takes a fifth of numpy's time."""
    return np.asarray(cv2.merge([*cv2.split(picture), differs]), np.uint8)


def varied(shot: Shot, donors: list[Shot], rare: Floats, dice: np.random.Generator) -> Sample:
    """One sample of the shot; `rare` says by class how much more often than others it should be looked at."""
    scene = _part(opened(shot), rare, dice)
    for donor in donors:
        _set_in(scene, opened(donor), dice)
    if dice.random() < 0.5:
        scene.seen = np.asarray(cv2.flip(scene.seen, 1), np.uint8)
        scene.boxes[:, [0, 2]] = WIDTH - scene.boxes[:, [2, 0]]
    *colours, differs = cv2.split(scene.seen)
    picture = np.asarray(cv2.merge(colours), np.uint8)
    scene.seen = _joined(_light(picture, dice), _weaker(np.asarray(differs, np.uint8), dice))
    return _wanted(scene)


def _part(scene: Scene, rare: Floats, dice: np.random.Generator) -> Scene:
    """A part of the picture round a thing, larger or smaller than it was."""
    height, width = scene.seen.shape[:2]
    scale = float(np.exp(dice.uniform(np.log(0.65), np.log(1.7))))
    stretch = float(np.exp(dice.normal(0, 0.06)))
    known = scene.boxes[scene.boxes[:, 4] != IGNORED]
    if len(known) and dice.random() < 0.85:
        chance = rare[known[:, 4].astype(int)]
        box = known[dice.choice(len(known), p=chance / chance.sum())]
        if dice.random() < 0.5:  # a thing too large for the sample is shown whole
            scale = min(scale, 0.9 * WIDTH / (box[2] - box[0]), 0.9 * HEIGHT / (box[3] - box[1]))
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    else:
        x, y = dice.uniform(0, width), dice.uniform(0, height)
    sx, sy = scale * stretch, scale / stretch
    x += dice.uniform(-0.4, 0.4) * WIDTH / sx
    y += dice.uniform(-0.4, 0.4) * HEIGHT / sy
    # no more of the outside than must be
    x = np.clip(x, min(WIDTH / 2 / sx, width / 2), max(width - WIDTH / 2 / sx, width / 2))
    y = np.clip(y, min(HEIGHT / 2 / sy, height / 2), max(height - HEIGHT / 2 / sy, height / 2))
    matrix = np.array([[sx, 0, WIDTH / 2 - sx * x], [0, sy, HEIGHT / 2 - sy * y]], np.float32)
    seen = scene.seen
    if scale < 0.8:
        seen = np.asarray(cv2.blur(seen, (2, 2)), np.uint8)
    out = cv2.warpAffine(
        seen, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    boxes = scene.boxes.copy()
    boxes[:, [0, 2]] = boxes[:, [0, 2]] * sx + matrix[0, 2]
    boxes[:, [1, 3]] = boxes[:, [1, 3]] * sy + matrix[1, 2]
    return Scene(seen=np.asarray(out, np.uint8), boxes=_cut(boxes))


def _cut(boxes: Floats) -> Floats:
    """The boxes cut at the sample's edges; of what was mostly outside nothing is asked."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    boxes[:, [0, 2]] = boxes[:, [0, 2]].clip(0, WIDTH)
    boxes[:, [1, 3]] = boxes[:, [1, 3]].clip(0, HEIGHT)
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    boxes = boxes.copy()
    boxes[wide * high < 0.35 * area, 4] = IGNORED
    boxes[np.minimum(wide, high) < LEAST, 4] = IGNORED
    return np.asarray(boxes[(wide > 0.5) & (high > 0.5)], np.float32)


def _set_in(scene: Scene, other: Scene, dice: np.random.Generator) -> None:
    """Sets a thing of another shot into this one, by preference before or beside one that is there."""
    alone = [b for b in other.boxes if b[4] != IGNORED and _alone(b, other.boxes)]
    if not alone:
        return
    box = alone[dice.integers(len(alone))]
    x1, y1, x2, y2 = (round(float(v)) for v in box[:4])
    patch = other.seen[max(0, y1) : y2, max(0, x1) : x2]
    if min(patch.shape[:2]) < 6:
        return
    outline = cv2.morphologyEx(
        (patch[..., 3] > 50).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
    )
    if outline.mean() < 0.4:
        return
    mine = scene.boxes[scene.boxes[:, 4] == box[4]]
    high = patch.shape[0] * float(np.exp(dice.uniform(-0.4, 0.4)))
    near = None
    if len(mine) and dice.random() < 0.8:
        near = mine[dice.integers(len(mine))]
        high = (near[3] - near[1]) * float(np.exp(dice.normal(0, 0.12)))
    scale = high / patch.shape[0]
    size = (max(4, round(patch.shape[1] * scale)), max(4, round(high)))
    if size[0] > 0.8 * WIDTH or size[1] > 0.9 * HEIGHT:
        return
    if near is None:
        x, y = dice.uniform(0, WIDTH - size[0]), dice.uniform(0, HEIGHT - size[1])
    else:
        shift = dice.uniform(0.35, 1.1) * size[0] * (1 if dice.random() < 0.5 else -1)
        x, y = near[0] + shift, near[3] - size[1] + dice.normal(0, 0.06) * size[1]
    x, y = int(np.clip(x, 0, WIDTH - size[0])), int(np.clip(y, 0, HEIGHT - size[1]))
    small = cv2.resize(patch, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    alpha = cv2.GaussianBlur(cv2.resize(outline.astype(np.float32), size), (3, 3), 0)[..., None]
    if dice.random() < 0.5:
        small, alpha = small[:, ::-1], alpha[:, ::-1]
    spot = (slice(y, y + size[1]), slice(x, x + size[0]))
    scene.seen = scene.seen.copy()
    scene.seen[spot] = (small * alpha + scene.seen[spot] * (1 - alpha)).astype(np.uint8)
    for row in scene.boxes:
        a = (slice(int(row[1]), int(row[3]) + 1), slice(int(row[0]), int(row[2]) + 1))
        cover = np.zeros((HEIGHT, WIDTH), np.float32)
        cover[spot] = alpha[..., 0] > 0.5
        if cover[a].size and cover[a].mean() > 0.6:
            row[4] = IGNORED
    new = np.array([[x, y, x + size[0], y + size[1], box[4]]], np.float32)
    scene.boxes = np.concatenate([scene.boxes, new])


def _alone(box: Floats, boxes: Floats) -> bool:
    wide = np.minimum(box[2], boxes[:, 2]) - np.maximum(box[0], boxes[:, 0])
    high = np.minimum(box[3], boxes[:, 3]) - np.maximum(box[1], boxes[:, 1])
    return int(((wide > 0) & (high > 0)).sum()) <= 1


def _light(picture: Bytes, dice: np.random.Generator) -> Bytes:
    """Other light, colours, noise and sharpness."""
    levels = np.repeat(np.arange(256, dtype=np.float32)[:, None], 3, axis=1)
    if dice.random() < 0.7:
        levels = levels * np.float32(dice.uniform(0.6, 1.4)) + np.float32(dice.uniform(-25, 25))
    if dice.random() < 0.5:
        levels = levels * dice.uniform(0.85, 1.15, 3).astype(np.float32)
    if dice.random() < 0.3:
        levels = 255 * (np.clip(levels, 0, 255) / 255) ** np.float32(dice.uniform(0.6, 1.7))
    table = np.clip(levels, 0, 255).astype(np.uint8)[None]
    out = cv2.LUT(picture, table)
    if dice.random() < 0.3:
        grey = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        more = dice.uniform(0, 1.5)
        out = cv2.addWeighted(out, more, grey, 1 - more, 0)
    if dice.random() < 0.2:
        out = cv2.GaussianBlur(out, (3, 3), dice.uniform(0.4, 1.2))
    if dice.random() < 0.5:
        y, x = dice.integers(0, GRAIN.shape[0] - HEIGHT), dice.integers(0, GRAIN.shape[1] - WIDTH)
        grain = GRAIN[y : y + HEIGHT, x : x + WIDTH]
        out = cv2.add(out, (grain * np.float32(dice.uniform(0.05, 0.5))).astype(np.int16), dtype=cv2.CV_8U)
    return np.asarray(out, np.uint8)


def _weaker(differs: Bytes, dice: np.random.Generator) -> Bytes:
    """What differs, more or less plainly than it did."""
    if dice.random() < 0.4:
        return np.asarray(cv2.convertScaleAbs(differs, alpha=dice.uniform(0.6, 1.4)), np.uint8)
    return differs


def _wanted(scene: Scene) -> Sample:
    rows, columns = HEIGHT // STEP, WIDTH // STEP
    heat = np.zeros((len(CLASSES), rows, columns), np.float32)
    counts = np.ones((1, rows, columns), np.float32)
    places, edges = [], []
    for x1, y1, x2, y2, kind in scene.boxes:
        if kind == IGNORED:
            a = (slice(int(y1 // STEP), int(y2 // STEP) + 1), slice(int(x1 // STEP), int(x2 // STEP) + 1))
            counts[0][a] = 0
    for x1, y1, x2, y2, kind in scene.boxes:
        if kind == IGNORED:
            continue
        x, y = min(columns - 1, int((x1 + x2) / 2 // STEP)), min(rows - 1, int((y1 + y2) / 2 // STEP))
        _hill(heat[int(kind)], counts[0], x, y, (x2 - x1) / STEP, (y2 - y1) / STEP)
        for row in range(max(0, y - 1), min(rows, y + 2)):
            for column in range(max(0, x - 1), min(columns, x + 2)):
                px, py = (column + 0.5) * STEP, (row + 0.5) * STEP
                inside = x1 < px < x2 and y1 < py < y2
                if (row == y and column == x) or inside:
                    places.append((row, column))
                    edges.append((max(0.5, px - x1), max(0.5, py - y1), max(0.5, x2 - px), max(0.5, y2 - py)))
    return Sample(
        seen=np.ascontiguousarray(scene.seen), heat=heat, counts=counts,
        places=np.array(places, np.int64).reshape(-1, 2), edges=np.array(edges, np.float32).reshape(-1, 4),
    )  # fmt: skip


def _hill(heat: Floats, counts: Floats, x: int, y: int, wide: float, high: float) -> None:
    """Draws a middle: 1 there, less around it, as far as a box moved so far would still overlap by ALIKE."""
    share = (1 - ALIKE) / (1 + ALIKE) / 1.2
    reach_x, reach_y = max(0.6, wide * share), max(0.6, high * share)
    span_x, span_y = int(np.ceil(2 * reach_x)), int(np.ceil(2 * reach_y))
    ys = np.arange(max(0, y - span_y), min(heat.shape[0], y + span_y + 1))
    xs = np.arange(max(0, x - span_x), min(heat.shape[1], x + span_x + 1))
    hill = np.exp(
        -((ys[:, None] - y) ** 2) / (2 * (reach_y / 1.5) ** 2) - (xs - x) ** 2 / (2 * (reach_x / 1.5) ** 2)
    )
    part = heat[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]
    np.maximum(part, hill, out=part)
    heat[y, x] = 1.0
    counts[y, x] = 1.0
