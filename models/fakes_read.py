"""A stand-in for a reader of text: it reads what it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.media import Picture
from core.sight import Reading


class FakeReader:
    """Says of each picture what its function says, and keeps every picture it was shown in `shown`."""

    def __init__(self, says: Callable[[Picture], Sequence[Reading]] = lambda picture: ()) -> None:
        self._says = says
        self.shown: list[Picture] = []

    @property
    def name(self) -> str:
        """Says that it is not real."""
        return "fake-reader:1"

    def read(self, pictures: Sequence[Picture], /) -> list[list[Reading]]:
        """What it was told, picture by picture."""
        self.shown += pictures
        return [list(self._says(picture)) for picture in pictures]
