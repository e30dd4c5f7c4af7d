"""Who stands at the ball: how far the next body is from it, and what colour of shirt is there."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from core.colour import shares
from core.place import Box, Point
from ingest.attributes import colour_word
from ingest.foreground import Blob, Foreground
from ingest.pitch import PERSON_M, Pitch

TALL = 0.5
"""A column of foreground this part of a player's height or more goes through a body."""
TORSO = (0.82, 0.55)
"""Between which parts of the height, from the feet, the shirt is."""
AROUND_M = 1.6
"""How far around the ball bodies are looked for."""
ALONE, LEAST = (1.6, 4.5), 0.05
"""Height over width of a region that is one player, and its least height as part of the picture's."""
SHIRTS_KEPT = 900


def players(seen: Foreground) -> list[Blob]:
    """The regions that are one player each, going by their shape alone."""
    least = LEAST * seen.height
    return [
        b for b in seen.blobs if ALONE[0] <= b.box.height / b.box.width <= ALONE[1] and b.box.height > least
    ]


def body_at(seen: Foreground, pitch: Pitch, ball: Box) -> float:
    """Metres on the ground from the ball to the next body; infinite where none is within `AROUND_M`."""
    tall = pitch.person(ball.y2) / seen.scale
    reach = AROUND_M * tall / PERSON_M
    x, y = seen.pixel(ball.foot)
    top, left = max(0, int(y - tall - reach)), max(0, int(x - reach))
    part = seen.mask[top : int(y + reach) + 1, left : int(x + reach) + 1] > 0
    if part.size == 0 or tall < 4:
        return math.inf
    bottoms = part.shape[0] - np.argmax(part[::-1], axis=0)
    spot, nearest = pitch.metres(ball.foot), math.inf
    for column in np.flatnonzero(part.any(axis=0)):
        bottom = int(bottoms[column])
        body = part[max(0, bottom - int(tall)) : bottom, column]
        if np.count_nonzero(body) >= TALL * tall:
            place = pitch.metres(seen.place(left + int(column) + 0.5, top + bottom))
            nearest = min(nearest, math.dist(spot, place))
    return nearest


def shirt_at(seen: Foreground, pitch: Pitch, foot: Point, wide_m: float = 0.55) -> str:
    """The colour word of the shirt above a place on the ground, `wide_m` to either side; empty where nobody is."""
    tall = pitch.person(foot[1]) / seen.scale
    x, y = seen.pixel(foot)
    half = max(1.0, wide_m * tall / PERSON_M)
    rows = slice(max(0, int(y - TORSO[0] * tall)), max(0, int(y - TORSO[1] * tall)) + 1)
    columns = slice(max(0, int(x - half)), max(0, int(x + half)) + 1)
    inside = seen.mask[rows, columns] > 0
    if np.count_nonzero(inside) < 4:
        return ""
    return colour_word(shares(seen.picture[rows, columns], inside))


@dataclass(slots=True)
class Teams:
    """The two teams by their shirts: the two commonest colours on the pitch, and at which end each of them is at home.

    Picklable, and bounded: it keeps the last `SHIRTS_KEPT` shirts seen.
    """

    _seen: deque[tuple[str, float]] = field(default_factory=lambda: deque(maxlen=SHIRTS_KEPT))
    _homes: list[tuple[float, str]] = field(default_factory=list)

    def learn(self, shirts: Sequence[tuple[str, float]]) -> None:
        """Takes in shirts seen: colour word, and how far along the pitch (0 to 1)."""
        self._seen.extend(shirts)
        common = Counter(word for word, _ in self._seen).most_common(2)
        self._homes = sorted((fmean(u for word, u in self._seen if word == name), name) for name, _ in common)

    @property
    def names(self) -> list[str]:
        """The two teams' colour words, the one at home at the pitch's beginning first; empty before both are known."""
        return [name for _, name in self._homes] if len(self._homes) == 2 else []

    def team(self, word: str, along: float) -> str:
        """The team of a shirt that far along the pitch; a keeper, who wears another colour, is of the team at home there."""
        names = [name for _, name in self._homes]
        if not word or word in names or len(names) < 2:
            return word
        return names[0] if along < 0.5 else names[1]

    def attacks(self, team: str) -> int:
        """Which way a team plays: 1 along the pitch, -1 back, 0 where that is unknown."""
        names = [name for _, name in self._homes]
        return 0 if len(names) < 2 or team not in names else 1 if team == names[0] else -1
