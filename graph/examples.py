"""The operator's labelled pictures: kept, and found again by likeness to what a model is about to be shown."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.colour import shares
from core.errors import BadMedia, Invalid, NotFound
from core.example import Example
from core.ids import derive
from core.media import Picture
from core.ports import Ledger, MediaStore

CELLS = 3
"""A look is taken of so many by so many cells."""
TURNS = 8
"""Directions of edges that are told apart, per cell."""
LONGEST_SIDE = 768
"""Pixels: examples are kept no larger than this, for each goes with many asks."""
MOST = 2000
MOST_KEPT = 64
"""Decoded pictures held, so that each is sent as the same bytes again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An example with its picture, and how alike it is to what it was looked up for (0 to 1)."""

    example: Example
    picture: Picture
    likeness: float = 1.0


class Shelf:
    """The examples of one house. Threads may share it."""

    def __init__(self, ledger: Ledger, media: MediaStore) -> None:
        self._ledger, self._media = ledger, media
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Picture] = OrderedDict()

    def add(
        self, picture: Picture, *, label: str = "", text: str = "", at: datetime | None = None
    ) -> Example:
        """Keeps the picture with what is to be said of it; the same twice is once. Raises `Invalid` where nothing is
        said of it, or there are too many.
        """
        import cv2  # who only reads the memory does not wait for it to load

        label, text = label.strip(), text.strip()
        if not (label or text):
            raise Invalid("an example needs a label or a text", next_step="give --label or --text")
        if len(self._ledger.find(Example)) >= MOST:
            raise Invalid(
                f"there are {MOST} examples already", next_step="remove some: sightline examples list"
            )
        small = _at_most(picture, LONGEST_SIDE)
        made, data = cv2.imencode(".png", small[..., ::-1])
        if not made:
            raise BadMedia("the picture cannot be kept", next_step="give a picture of at least one pixel")
        content = data.tobytes()
        id = derive("ex", content.hex(), label, text)
        row = Example(id=id, key=f"examples/{id}.png", label=label, text=text, look=look(small), added_at=at)
        self._media.put(row.key, content)
        return self._ledger.put(row)

    def all(self) -> list[Example]:
        """Every example, in the order in which they were added."""
        return self._ledger.find(Example)

    def get(self, id: str) -> Example:
        """One example. Raises `NotFound`."""
        row = self._ledger.get(Example, id)
        if row is None:
            raise NotFound(
                f"there is no example {id!r}", next_step="`sightline examples list` lists those there are"
            )
        return row

    def remove(self, id: str) -> Example:
        """Removes the row and its picture. Raises `NotFound`."""
        row = self.get(id)
        self._ledger.remove(Example, id)
        self._media.remove(row.key)
        with self._lock:
            self._kept.pop(id, None)
        return row

    def picture(self, example: Example) -> Picture:
        """Its picture; the same object again as long as it is held. Raises `NotFound` where its file has gone."""
        import cv2

        with self._lock:
            if example.id in self._kept:
                self._kept.move_to_end(example.id)
                return self._kept[example.id]
        with self._media.open(example.key) as file:
            found = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
        if found is None:
            raise BadMedia(
                f"the picture of the example {example.id} cannot be read", next_step="remove the example"
            )
        with self._lock:
            kept = self._kept.setdefault(example.id, np.ascontiguousarray(found[..., ::-1]))
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return kept

    def nearest(self, pictures: Sequence[Picture], most: int) -> list[Shown]:
        """The examples most alike to any of the pictures, the most alike last, where it stands nearest to the question."""
        rows = self.all()
        if not rows or not pictures or most < 1:
            return []
        mine = np.array([look(picture) for picture in pictures], np.float32)
        alike = (np.array([row.look for row in rows], np.float32) @ mine.T).max(axis=1)
        best = np.argsort(-alike, kind="stable")[:most][::-1]
        return [
            Shown(example=rows[i], picture=self.picture(rows[i]), likeness=float(alike[i]))
            for i in best.tolist()
        ]


def look(picture: Picture) -> tuple[float, ...]:
    """A unit vector of what a picture looks like, without a model: per cell of a grid, square roots of the shares of the
    named colours and of the edges' directions (weighted by their strength), so that a dot product compares shares.
    """
    small = _at_most(picture, 96)
    grey = small.astype(np.float32).mean(axis=2)
    down, across = np.gradient(grey) if min(grey.shape) > 1 else (np.zeros_like(grey), np.zeros_like(grey))
    strength = np.hypot(across, down)
    turn = ((np.arctan2(down, across) + np.pi) / (2 * np.pi) * TURNS).astype(int) % TURNS
    parts = []
    for rows in np.array_split(np.arange(small.shape[0]), CELLS):
        for columns in np.array_split(np.arange(small.shape[1]), CELLS):
            if not (len(rows) and len(columns)):
                rows, columns = np.arange(1), np.arange(1)
            cell = np.ix_(rows, columns)
            colours = shares(small[cell], np.ones((len(rows), len(columns)), bool))
            edges = np.bincount(turn[cell].ravel(), strength[cell].ravel() + 1e-3, TURNS)
            parts += [np.sqrt(colours), np.sqrt(edges / edges.sum())]
    vector = np.concatenate(parts)
    return tuple(float(v) for v in vector / np.linalg.norm(vector))


def _at_most(picture: Picture, longest: int) -> Picture:
    """The picture, its longer side at most so many pixels."""
    shrink = longest / max(picture.shape[:2])
    if shrink >= 1:
        return picture
    import cv2

    size = max(1, round(picture.shape[1] * shrink)), max(1, round(picture.shape[0] * shrink))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
