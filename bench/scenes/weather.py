"""Light and rain over a finished picture: darkness with lamps and beams, glows, streaks, a wet floor."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from bench.scenes.scene import Scene
from bench.scenes.shapes import Pixels, Sprite, paint_glows

AMBIENT = {"day": (1.0, 1.0, 1.0), "dusk": (0.60, 0.58, 0.62), "night": (0.26, 0.28, 0.34)}
"""How much of the day's light is left, red, green and blue."""
LAMPLIGHT = (1.0, 0.93, 0.78)
COARSE = 4
"""Pixels per cell of the light map."""
SLANT = 0.18
"""Pixels to the side a streak of rain goes per pixel down."""


class Weather:
    """What light and rain do to one scene's pictures, worked out once."""

    def __init__(self, scene: Scene) -> None:
        self._seen_in = scene.conditions
        self._size = scene.camera.width, scene.camera.height_px
        self._light = None if self._seen_in.light == "day" else _light_map(scene)
        self._streaks = _streaks(scene) if self._seen_in.rain else None

    @property
    def plain(self) -> bool:
        """Whether nothing is changed."""
        return self._light is None and self._streaks is None

    def wet(self, still: Pixels) -> Pixels:
        """The still background with a sheen on its lower part: what stands above, smeared downwards."""
        rain = self._seen_in.rain
        if not rain:
            return still
        height = still.shape[0]
        smeared = cv2.blur(cv2.flip(still, 0), (3, max(3, height // 6) | 1))
        share = (np.linspace(0.0, 0.30, height) ** 1.0 * rain)[:, None, None]
        darker = still.astype(np.float32) * (1 - 0.18 * rain)
        return np.clip(darker * (1 - share) + smeared * share, 0, 255).astype(np.uint8)

    def over(self, picture: Pixels, sprites: list[Sprite], frame: int) -> Pixels:
        """The picture as the camera would see it; glows of the sprites included, which darkness does not dim."""
        if self._light is not None:
            picture = self._dimmed(picture, sprites)
            for sprite in sprites:
                paint_glows(picture, sprite)
        return picture if self._streaks is None else self._rained_on(picture, frame)

    def _dimmed(self, picture: Pixels, sprites: list[Sprite]) -> Pixels:
        light = self._light
        assert light is not None
        beams = [beam for sprite in sprites for beam in sprite.beams]
        if beams:
            light = light.copy()
            for corners, strength in beams:
                spot = np.zeros(light.shape[:2], np.uint8)
                cv2.fillPoly(spot, [np.round(corners / COARSE * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
                spot = cv2.GaussianBlur(spot, (0, 0), 2.5)
                part = spot[:, :, None] * (np.array(LAMPLIGHT, np.float32) * strength)
                light = cv2.add(light, np.clip(part, 0, 255).astype(np.uint8))
        full = cv2.resize(light, self._size, interpolation=cv2.INTER_LINEAR)
        return cv2.multiply(picture, full, scale=1 / 255)

    def _rained_on(self, picture: Pixels, frame: int) -> Pixels:
        assert self._streaks is not None
        rain = self._seen_in.rain
        height, width = picture.shape[:2]
        tall, wide = self._streaks.shape[:2]
        y = -frame * (height // 3) % (tall - height)
        x = (frame * 97) % (wide - width)
        mist = 1 - 0.22 * rain
        falling = self._streaks[y : y + height, x : x + width]
        faded = cv2.addWeighted(picture, mist, picture, 0.0, float(picture[::16, ::16].mean()) * (1 - mist))
        return cv2.add(faded, falling)


def _light_map(scene: Scene) -> Pixels:
    """Light per cell, 255 is the day's: what is left of it, and a round under each lamp."""
    width, height = scene.camera.width // COARSE, scene.camera.height_px // COARSE
    gy, gx = np.mgrid[0:height, 0:width].astype(np.float32) * COARSE
    light = np.ones((height, width, 3), np.float32) * np.array(AMBIENT[scene.conditions.light], np.float32)
    for lamp in scene.conditions.lamps:
        u, v = scene.camera.pixel(lamp.x, lamp.y)
        _, near = scene.camera.pixel(lamp.x, max(0.5, lamp.y - lamp.radius))
        wide = lamp.radius * scene.camera.focal / scene.camera.depth(lamp.x, lamp.y, 0.0)
        tall = max(8.0, near - v)
        far = ((gx - u) / wide) ** 2 + ((gy - v) / tall) ** 2
        light += (np.exp(-far) * lamp.strength)[:, :, None] * np.array(LAMPLIGHT, np.float32)
    return np.clip(light * 255, 0, 255).astype(np.uint8)


def _streaks(scene: Scene) -> npt.NDArray[np.uint8]:
    """A sheet of rain, larger than the picture, from which each frame takes another part."""
    rng = np.random.default_rng(scene.seed + 2)
    width, height = scene.camera.width + 240, scene.camera.height_px * 2
    sheet = np.zeros((height, width), np.uint8)
    many = round(scene.conditions.rain * width * height / 2600)
    bright = 46 if scene.conditions.light == "day" else 34
    for _ in range(many):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        long = rng.uniform(0.02, 0.06) * scene.camera.height_px
        shade = int(bright * rng.uniform(0.4, 1.0))
        a, b = (round(x), round(y)), (round(x - SLANT * long), round(y + long))
        cv2.line(sheet, a, b, shade, 1, cv2.LINE_AA)
    return cv2.cvtColor(sheet, cv2.COLOR_GRAY2RGB)
