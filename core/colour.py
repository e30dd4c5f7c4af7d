"""Colour words: which name people give a pixel, and how much of a picture bears each name."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from core.media import Picture

COLOURS: tuple[str, ...] = (
    "black", "grey", "white", "red", "orange", "brown", "beige", "yellow", "green", "blue", "purple", "pink",
)  # fmt: skip
"""The colour names in use: the eleven basic terms of Berlin and Kay, and beige."""

Shares = npt.NDArray[np.float32]
"""One number per name in `COLOURS`, summing to 1 (or all 0 where there was nothing to look at)."""


def lightness_and_hue(rgb: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """CIELAB lightness (0 to 100), chroma and hue angle (degrees) of sRGB values 0 to 255, D65 (IEC 61966-2-1)."""
    linear = rgb / 255.0
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.072175],
            [0.0193339, 0.119192, 0.9503041],
        ]
    )
    xyz = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    a, b = 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])
    return 116 * f[..., 1] - 16, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def name_numbers(rgb: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """The index in `COLOURS` of each sRGB value (last axis): little chroma is a grey, else the hue decides.

    How much chroma a colour needs grows with lightness: dark things are called by hue only when it is plain.
    """
    light, chroma, hue = lightness_and_hue(rgb)
    number = {name: i for i, name in enumerate(COLOURS)}
    out = np.full(light.shape, number["grey"], np.uint8)
    out[light < 24] = number["black"]
    out[light > 76] = number["white"]
    # warm greys are common under lamps and on walls, so beige asks for more chroma than a cool hue does
    cool = 11 + 8 * np.clip((light - 45) / 30, 0, 1)
    coloured = (chroma > np.where((hue > 45) & (hue < 120), np.maximum(15, cool), cool)) & (light > 12)
    for name, low, high in _HUES:
        inside = (hue >= low) & (hue < high) if low < high else (hue >= low) | (hue < high)
        out[coloured & inside] = number[name]
    warm = coloured & (hue >= 20) & (hue < 95)
    out[warm & (chroma < 34) & (light >= 50)] = number["beige"]
    out[warm & (light < 50) & (hue >= 45)] = number["brown"]
    out[warm & (light < 42) & (chroma < 24)] = number["brown"]
    reddish = coloured & ((hue >= 325) | (hue < 30))
    out[reddish & (light > 62) & (chroma < 60)] = number["pink"]
    out[coloured & ((hue >= 330) | (hue < 8)) & (light > 52)] = number["pink"]
    return out


_HUES = (
    ("red", 345.0, 48.0),
    ("orange", 48.0, 76.0),
    ("yellow", 76.0, 108.0),
    ("green", 108.0, 205.0),
    ("blue", 205.0, 306.0),
    ("purple", 306.0, 330.0),
    ("pink", 330.0, 345.0),
)


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.uint8]:
    steps = np.arange(32, dtype=np.float64) * 8 + 4
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    return name_numbers(cube).ravel()


def shares(picture: Picture, mask: npt.NDArray[np.bool_] | None = None) -> Shares:
    """How much of the picture (of its masked part) bears each name."""
    pixels = picture[mask] if mask is not None else picture.reshape(-1, 3)
    if not len(pixels):
        return np.zeros(len(COLOURS), np.float32)
    small = (pixels >> 3).astype(np.int32)
    names = _table()[(small[:, 0] << 10) | (small[:, 1] << 5) | small[:, 2]]
    count = np.bincount(names, minlength=len(COLOURS)).astype(np.float32)
    part: Shares = (count / count.sum()).astype(np.float32)
    return part


BY_COLOURS = "colours:1"
"""The model's name of an `appearance` kept as a vector."""
UNKNOWN = 0.75
"""Likeness of two appearances of which one is unknown, so that it speaks neither for nor against."""
UPPER = (0.14, 0.5)
LOWER = (0.52, 0.92)
"""Where a standing person's upper and lower clothes are, as parts of the box's height."""


def appearance(picture: Picture, mask: npt.NDArray[np.bool_] | None = None) -> tuple[float, ...]:
    """A unit vector by which a thing is known again: square roots of colour shares of its upper and lower half.

    Without a mask the middle of the picture counts alone. Square roots make the dot product of two vectors the
    Bhattacharyya coefficient of their shares.
    """
    if mask is None:
        mask = _middle(picture.shape[0], picture.shape[1])
    height = picture.shape[0]
    halves = []
    for top, bottom in (UPPER, LOWER):
        rows = slice(int(height * top), max(int(height * top) + 1, int(height * bottom)))
        halves.append(np.sqrt(shares(picture[rows], mask[rows])))
    vector = np.concatenate(halves)
    length = float(np.linalg.norm(vector))
    return tuple(float(v) for v in vector / length) if length > 0 else ()


def halves(vector: tuple[float, ...]) -> tuple[Shares, Shares]:
    """The colour shares of the upper and the lower half that an `appearance` was made from, each summing to 1."""
    squared = np.square(np.asarray(vector, np.float32)).reshape(2, len(COLOURS))
    total = np.maximum(squared.sum(axis=1, keepdims=True), 1e-9)
    upper, lower = squared / total
    return upper, lower


def joined(upper: npt.NDArray[np.floating], lower: npt.NDArray[np.floating]) -> tuple[float, ...]:
    """The appearance with these colour shares of its halves, each half counting the same; () where one has none."""
    parts = []
    for half in (upper, lower):
        total = float(half.sum())
        if total <= 0:
            return ()
        parts.append(np.sqrt(half / (2 * total)))
    return tuple(float(v) for v in np.concatenate(parts))


def likeness(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Bhattacharyya coefficient of two appearances, 0 to 1; `UNKNOWN` where either is unknown."""
    return float(np.dot(one, other)) if one and len(one) == len(other) else UNKNOWN


def blended(old: tuple[float, ...], new: tuple[float, ...], share: float) -> tuple[float, ...]:
    """An appearance brought up to date: `share` of it is that of the latest look; an unknown one gives way."""
    if not new:
        return old
    if len(old) != len(new):
        return new
    mixed = (1 - share) * np.asarray(old) + share * np.asarray(new)
    return tuple((mixed / max(float(np.linalg.norm(mixed)), 1e-9)).tolist())


@lru_cache(maxsize=512)
def _middle(height: int, width: int) -> npt.NDArray[np.bool_]:
    """The ellipse that fills 70 % of the box's width and all of its height: mostly the thing, little background."""
    y, x = np.mgrid[0:height, 0:width]
    across = (x + 0.5 - width / 2) / max(width * 0.35, 0.5)
    down = (y + 0.5 - height / 2) / max(height * 0.5, 0.5)
    inside: npt.NDArray[np.bool_] = across * across + down * down <= 1.0
    return inside
