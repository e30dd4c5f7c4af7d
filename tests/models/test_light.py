"""A lamp's light on the ground is no thing; a bright thing is."""

from __future__ import annotations

import cv2
import numpy as np

from core.media import Picture
from models.detect.background import Background

STEP = 125_000


def ground(seed: int) -> Picture:
    """A dark floor with hardly a pattern."""
    rng = np.random.default_rng(3)
    floor = cv2.GaussianBlur(rng.normal(48, 14, (225, 400)).astype(np.float32), (0, 0), 3)
    noisy = floor + np.random.default_rng(seed).normal(0, 1.2, floor.shape)
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def lit(picture: Picture, x: int, y: int) -> Picture:
    """The same with a pool of light, more than twice as bright in its middle and fading away."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    pool = 1 + 1.6 * np.exp(-(((columns - x) / 34) ** 2 + ((rows - y) / 26) ** 2))
    return np.clip(picture * pool[..., None], 0, 255).astype(np.uint8)


def marked(background: Background, picture: Picture, at: int) -> np.ndarray:
    return background.compare(picture, at).mask > 0


def test_a_pool_of_light_that_moves_over_the_ground_is_no_thing() -> None:
    background = Background()
    background.seed([ground(i) for i in range(8)], 0)
    for i in range(1, 9):
        shown = lit(ground(20 + i), 90 + 20 * i, 115)
        assert marked(background, shown, i * STEP).mean() < 0.004, f"look {i}"


def test_a_white_thing_is_a_thing_however_bright() -> None:
    background = Background()
    background.seed([ground(i) for i in range(8)], 0)
    for i in range(1, 5):
        shown = ground(20 + i)
        shown[90:130, 60 + 15 * i : 130 + 15 * i] = 215
        assert marked(background, shown, i * STEP)[94:126, 64 + 15 * i : 126 + 15 * i].mean() > 0.9
