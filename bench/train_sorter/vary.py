"""Varies a sample as cameras, light and a rough motion detector would: many regions out of one."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from bench.train_sorter.collect import AROUND, Sample
from core.place import Box
from models.detect.sorter import CONTEXT, SIDE, Region

TURNS = frozenset({"topdown_cars", "road_arrows"})
"""Clips seen from straight above: there every direction is as likely as the one filmed."""


def region(
    sample: Sample, dice: np.random.Generator | None, ground: npt.NDArray[np.uint8] | None = None
) -> Region:
    """The sample as it would be judged; with dice, varied, and set before another `ground` if one is given."""
    patch, mask = sample.patch, sample.mask
    box = Box(*sample.box)
    outlined = mask is not None
    if mask is None:
        mask = _guess(patch.shape[0], patch.shape[1], dice)
    mask = cv2.resize(mask, (patch.shape[1], patch.shape[0]), interpolation=cv2.INTER_LINEAR)
    if ground is not None and outlined:
        patch = _moved_before(patch, mask, ground)
    if dice is not None and sample.clip in TURNS and dice.random() < 0.7:
        patch, mask, box = _turned(patch, mask, box, int(dice.integers(4)))
    width, height = box.width, box.height
    u1, v1, u2, v2 = 0.0, 0.0, 1.0, 1.0
    cut = _cut(box, sample.picture)
    if dice is not None:
        u1, v1, u2, v2 = _shaken(dice, sample.kind)
        cut = tuple(c and bool(dice.random() < 0.9) for c in cut)  # type: ignore[assignment]
    wide, tall = u2 - u1, v2 - v1
    seen = (u1 - CONTEXT * wide, v1 - CONTEXT * tall, u2 + CONTEXT * wide, v2 + CONTEXT * tall)
    patch, mask = _part(patch, seen, dice), _part(mask, seen, None)
    width, height = width * wide, height * tall
    picture = sample.picture
    if dice is not None:
        if dice.random() < 0.5:
            patch, mask = np.ascontiguousarray(patch[:, ::-1]), np.ascontiguousarray(mask[:, ::-1])
            cut = (cut[2], cut[1], cut[0], cut[3])
        patch, mask = _lit(patch, dice), _worn(mask, dice)
        far = float(np.exp(dice.normal(0, 0.45)))
        width, height = width * far, height * far
        if dice.random() < 0.15:
            patch, mask = _hidden(patch, mask, dice)
    return Region(patch=patch, mask=mask, width=width, height=height, picture=picture, cut=cut)


def _moved_before(
    patch: npt.NDArray[np.uint8], mask: npt.NDArray[np.uint8], ground: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """What the mask covers, softly cut out and laid on another ground, so that no camera's floor is learned."""
    height, width = mask.shape
    reach = max(1, round(0.03 * min(height, width)))
    soft = cv2.dilate(mask, np.ones((2 * reach + 1,) * 2, np.uint8))
    part = (cv2.GaussianBlur(soft, (0, 0), 0.5 + 0.5 * reach).astype(np.float32) / 255)[..., None]
    behind = cv2.resize(ground, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return (patch * part + behind * (1 - part)).astype(np.uint8)


def _cut(box: Box, picture: tuple[int, int]) -> tuple[bool, bool, bool, bool]:
    x, y = 0.006 * picture[0], 0.006 * picture[1]
    return (box.x1 <= x, box.y1 <= y, box.x2 >= picture[0] - x, box.y2 >= picture[1] - y)


def _shaken(dice: np.random.Generator, kind: str) -> tuple[float, float, float, float]:
    """The box's sides, in parts of the sample's own box: motion boxes are rough already, detectors' are exact."""
    much = 0.05 if kind == "motion" else 0.09
    sides = np.array([0.0, 0.0, 1.0, 1.0]) + dice.normal(0, much, 4)
    if dice.random() < 0.12:
        side = int(dice.integers(4))  # feet or a side lost, or a shadow gained
        sides[side] += (1 if side < 2 else -1) * dice.uniform(-0.25, 0.3)
    return tuple(float(v) for v in np.clip(sides, [-0.3, -0.3, 0.6, 0.6], [0.4, 0.4, 1.3, 1.3]))  # type: ignore[return-value]


def _part(
    plane: np.ndarray, seen: tuple[float, float, float, float], dice: np.random.Generator | None
) -> np.ndarray:
    """SIDE × SIDE of the part of the sample that is seen, in units of its box."""
    height, width = plane.shape[:2]
    x1, y1, x2, y2 = (((v + AROUND) / (1 + 2 * AROUND)) for v in seen)
    sx, sy = (x2 - x1) * width / SIDE, (y2 - y1) * height / SIDE
    lean = float(dice.normal(0, 0.04)) if dice is not None else 0.0
    matrix = np.array(
        [
            [sx, lean * sx, x1 * width + sx / 2 - 0.5 - lean * sx * SIDE / 2],
            [0, sy, y1 * height + sy / 2 - 0.5],
        ],
        np.float32,
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(plane, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _lit(patch: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Another light, another lens, another size, another codec."""
    value = patch.astype(np.float32)
    if dice.random() < 0.2:
        value = np.repeat(value.mean(axis=2, keepdims=True), 3, axis=2)
    elif dice.random() < 0.5:
        value = (
            value[..., dice.permutation(3)]
            if dice.random() < 0.5
            else value * dice.uniform(0.8, 1.2, 3).astype(np.float32)
        )
    middle = value.mean()
    value = (value - middle) * float(np.exp(dice.normal(0, 0.25))) + middle + float(dice.normal(0, 22))
    night = dice.random() < 0.15
    if dice.random() < 0.3 or night:
        bend = float(dice.uniform(1.5, 2.6) if night else dice.uniform(0.6, 1.6))
        value = 255 * (np.clip(value, 0, 255) / 255) ** bend
    if dice.random() < 0.35:
        side = int(dice.integers(12, 36))
        value = cv2.resize(cv2.resize(value, (side, side), interpolation=cv2.INTER_AREA), (SIDE, SIDE))
    if dice.random() < 0.2:
        value = cv2.GaussianBlur(value, (0, 0), float(dice.uniform(0.5, 1.5)))
    if dice.random() < 0.5:
        grain = float(dice.uniform(0, 14 if night else 7))
        value = value + dice.normal(0, grain, value.shape).astype(np.float32)
    return np.clip(value, 0, 255).astype(np.uint8)


def _worn(mask: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """A motion mask that is too fat, too thin, has holes, or says nothing but that the box moved."""
    chance = dice.random()
    if chance < 0.08:
        return _box_mask()
    if chance < 0.3:
        kernel = np.ones((int(dice.integers(2, 5)),) * 2, np.uint8)
        mask = cv2.dilate(mask, kernel) if dice.random() < 0.5 else cv2.erode(mask, kernel)
    if dice.random() < 0.2:
        x, y = dice.integers(4, SIDE - 16, 2)
        mask = mask.copy()
        mask[y : y + int(dice.integers(4, 14)), x : x + int(dice.integers(4, 14))] = 0
    return mask


def _hidden(patch: np.ndarray, mask: np.ndarray, dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Something flat in front of a part."""
    patch, mask = patch.copy(), mask.copy()
    w, h = (int(v) for v in dice.integers(6, 20, 2))
    x, y = int(dice.integers(0, SIDE - w)), int(dice.integers(SIDE // 3, SIDE - h))
    patch[y : y + h, x : x + w] = dice.integers(0, 255, 3)
    mask[y : y + h, x : x + w] = 0
    return patch, mask


def _box_mask() -> np.ndarray:
    out = np.zeros((SIDE, SIDE), np.uint8)
    inner = round(SIDE * CONTEXT / (1 + 2 * CONTEXT))
    out[inner : SIDE - inner, inner : SIDE - inner] = 255
    return out


def _guess(height: int, width: int, dice: np.random.Generator | None) -> np.ndarray:
    """An outline for what was not seen to move: the rounded middle of its box."""
    out = np.zeros((height, width), np.uint8)
    part = 0.5 if dice is None else float(dice.uniform(0.42, 0.52))
    axes = (max(1, int(width * part / 2)), max(1, int(height * part / 2)))
    cv2.ellipse(out, (width // 2, height // 2), axes, 0, 0, 360, 255, -1)
    if dice is not None and dice.random() < 0.5:
        cv2.rectangle(out, (width // 2 - axes[0] * 4 // 5, height // 2 - axes[1] * 4 // 5),
                      (width // 2 + axes[0] * 4 // 5, height // 2 + axes[1] * 4 // 5), 255, -1)  # fmt: skip
    return out


def _turned(
    patch: np.ndarray, mask: np.ndarray, box: Box, quarter: int
) -> tuple[np.ndarray, np.ndarray, Box]:
    patch, mask = (
        np.ascontiguousarray(np.rot90(patch, quarter)),
        np.ascontiguousarray(np.rot90(mask, quarter)),
    )
    if quarter % 2:
        x, y = box.centre
        box = Box(x - box.height / 2, y - box.width / 2, x + box.height / 2, y + box.width / 2)
    return patch, mask, box
