"""The clips in `tests/data/footage` and what ffprobe and ffmpeg say of them; pictures that carry their number."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.clock import Micros, micros

FOOTAGE = Path(__file__).parents[1] / "data" / "footage"
BARS = 8


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a clip: its size as shown, how it is turned, and each picture's moment and number."""

    size: tuple[int, int]
    rotation: int
    moments: tuple[Micros, ...]
    numbers: tuple[int, ...]


@cache
def truths() -> dict[str, Truth]:
    """The truth of every clip, by its name; where ffprobe gives no timestamp, pictures follow one another at 25 a second."""
    told: dict[str, Any] = json.loads((FOOTAGE / "truth.json").read_text())
    del told["made_with"]
    return {name: _truth(said) for name, said in told.items()}


def _truth(said: dict[str, Any]) -> Truth:
    frames = said["frames"]
    timed = all(at for at, _ in frames)
    first = float(frames[0][0]) if timed else 0.0
    moments = tuple(micros(float(at) - first) if timed else n * 40_000 for n, (at, _) in enumerate(frames))
    return Truth(tuple(said["size"]), said["rotation"], moments, tuple(number for _, number in frames))


def number_in(grey: npt.NDArray[Any]) -> int:
    """The number that a picture's eight bars carry; the picture as it was rendered, upright."""
    height, width = grey.shape
    number = 0
    for bar in range(BARS):
        middle = round(width * (bar + 0.5) / BARS)
        part = grey[height // 2 - 3 : height // 2 + 3, middle - 2 : middle + 3]
        number = number * 2 + int(part.mean() > 125)
    return number


def picture(number: int, size: tuple[int, int] = (96, 64)) -> npt.NDArray[np.uint8]:
    """An RGB picture that carries the number, as `tests/data/footage/make.py` paints it."""
    width, height = size
    out = np.full((height, width, 3), 110, np.uint8)
    for bar in range(BARS):
        bright = number >> (BARS - 1 - bar) & 1
        across = slice(width * bar // BARS, width * (bar + 1) // BARS)
        out[height // 4 : height * 3 // 4, across] = 225 if bright else 25
    return out
