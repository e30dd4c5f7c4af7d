"""The truth's boxes in place of a detector's: what is lost with them is lost by tracking, identity and events."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.scenes.files import CLASSES
from core.clock import seconds
from core.colour import appearance
from core.media import Frame
from core.place import Box
from core.sight import Detection

SHOWN = 0.25
"""Share of a thing that shows from which on it is seen: what is hidden further no detector finds."""
LABELS = {"box": "pallet", "van": "truck", "bus": "truck", "cart": "forklift", "ball": "sports ball"}
"""What detectors call the scenes' things, where that is not what the scenes call them."""
VOCABULARY = frozenset(LABELS.get(name, name) for name in CLASSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How far from exact: `jitter` of each edge (a normal deviation, share of the box's side), shares of looks in which a
    thing or the ball is `missed`, and in which something small is taken for a ball (`false_balls`, where one is played).
    """

    jitter: float = 0.04
    missed: float = 0.07
    ball_missed: float = 0.25
    false_balls: float = 0.03


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    label: str
    box: Box


class ExactDetector:
    """Reads the boxes in the `.gt.txt` beside a rendered scene, with `noise` made worse than they are, the same each time.

    Their source says motion too, as of a detector that works together with motion: nothing in them is scenery.
    Raises `OSError` where the scene's truth is missing.
    """

    def __init__(self, video: Path, noise: Noise | None = None) -> None:
        self._noise = noise
        self._fps = float(json.loads(video.with_suffix(".truth.json").read_text())["fps"])
        self._rows = _read(video.with_suffix(".gt.txt"))
        self._ball = any(row.label in ("ball", "sports ball") for rows in self._rows.values() for row in rows)

    @property
    def name(self) -> str:
        """What is stored beside every detection."""
        return "exact/1" if self._noise is None else "exact+noise/1"

    @property
    def vocabulary(self) -> frozenset[str]:
        """What the scenes show."""
        return VOCABULARY

    @property
    def needs_fixed(self) -> frozenset[str]:
        """None: it is told what is there."""
        return frozenset()

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """What truly stands in each frame."""
        return [self._in(frame) for frame in frames]

    def reset(self) -> None:
        """Remembers nothing of the scene."""

    def _in(self, frame: Frame) -> list[Detection]:
        number = round(seconds(frame.at) * self._fps) + 1
        rows = self._rows.get(number, [])
        if self._noise is not None:
            rows = self._worse(rows, self._noise, number, frame)
        seen = [(row, _crop(frame, row.box)) for row in rows]
        return [
            Detection(
                label=row.label,
                box=row.box,
                score=0.9,
                source=f"{self.name}+motion",
                appearance=appearance(crop),
            )
            for row, crop in seen
            if crop.size
        ]

    def _worse(self, rows: Sequence[_Row], noise: Noise, number: int, frame: Frame) -> list[_Row]:
        out = []
        for row in rows:
            dice = np.random.default_rng((number, row.number))
            missed = noise.ball_missed if row.label == LABELS["ball"] else noise.missed
            if dice.random() >= missed:
                out.append(replace(row, box=_jittered(row.box, noise.jitter, dice)))
        dice = np.random.default_rng(number)
        balls = [row.box for row in rows if row.label == LABELS["ball"]]
        if self._ball and dice.random() < noise.false_balls:
            side = balls[0].width if balls else 0.012 * frame.width * frame.scale
            x, y = dice.random() * frame.width * frame.scale, dice.random() * frame.height * frame.scale
            out.append(_Row(0, LABELS["ball"], Box(x, y, x + side, y + side)))
        return out


def _read(path: Path) -> dict[int, list[_Row]]:
    """The boxes by frame number, from 1, less what hardly shows."""
    names = {number: name for name, number in CLASSES.items()}
    rows: dict[int, list[_Row]] = {}
    with path.open(newline="") as lines:
        for frame, number, x, y, width, height, _, kind, shown in csv.reader(lines):
            if float(shown) < SHOWN:
                continue
            name = names.get(int(kind), "thing")
            box = Box(float(x), float(y), float(x) + float(width), float(y) + float(height))
            rows.setdefault(int(frame), []).append(_Row(int(number), LABELS.get(name, name), box))
    return rows


def _jittered(box: Box, share: float, dice: np.random.Generator) -> Box:
    x1, x2 = np.array((box.x1, box.x2)) + dice.normal(0, share * box.width, 2)
    y1, y2 = np.array((box.y1, box.y2)) + dice.normal(0, share * box.height, 2)
    return Box(float(x1), float(y1), max(float(x2), float(x1) + 1), max(float(y2), float(y1) + 1))


def _crop(frame: Frame, box: Box) -> np.ndarray:
    small = box.scaled(1 / frame.scale)
    return frame.picture[max(0, int(small.y1)) : int(small.y2) + 1, max(0, int(small.x1)) : int(small.x2) + 1]
