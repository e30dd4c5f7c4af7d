"""Events of the camera itself: whether its pictures still show the scene."""

from __future__ import annotations

import numpy as np

from core.media import Picture
from ingest.decode import Look
from ingest.events_book import Book, Draft, Spell, over, sure
from ingest.presence import Moment
from ingest.thresholds import Thresholds

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""


class DarkMaker:
    """`camera_dark`: hardly anything in the picture is bright enough to be told apart, for as long as it lasts.

    Sighted: it judges pictures. Where the gate saw nothing move, things are as they were.
    """

    def __init__(self, book: Book, thresholds: Thresholds) -> None:
        self._book, self._t = book, thresholds
        self._spell = Spell(need=thresholds.span("dark_s"), grace=thresholds.span("dark_s"))
        self._draft: Draft | None = None

    def see(self, look: Look, moment: Moment) -> None:
        """Takes in one look's picture."""
        if look.frame is None:
            return
        bright = brightness(look.frame.picture)
        dark = bright < self._t.dark_level
        if self._draft is None:
            if self._spell.begins(look.at, dark):
                certain = sure(1.0, over(self._t.dark_level, max(bright, 0.5)))
                start = self._spell.since if self._spell.since is not None else look.at
                self._draft = self._book.open("camera_dark", start, (), confidence=certain)
        elif self._spell.ends(look.at, dark):
            end = self._spell.lapsed if self._spell.lapsed is not None else look.at
            self._book.close(self._draft, end)
            self._draft = None
        if self._draft is not None and dark:
            self._draft.show(look.at, None)


def brightness(picture: Picture) -> float:
    """How bright the brighter parts of the picture are (0 to 255): the level that one pixel in twenty reaches."""
    return float(np.percentile(picture[::4, ::4].astype(np.float32) @ LUMA, 95))
