"""The picture that a scene began with: who is first noticed later on, where he has stood ever since, stood in it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from core.media import Frame
from core.place import Box

WATCHED = 20 * SECOND
"""For how long after its beginning a scene's first picture tells of those who stood in it: by then it is another light."""
AROUND = 0.15
"""How far around its present place a thing is looked for there, in heights of its box …"""
ROOM_PX = 2
"""… and pixels of the picture besides."""
ALIKE = 0.5
"""Least likeness (normalised correlation coefficient) of what is in the box now to what was there then."""
LEAST_PX = 6
"""A box smaller than this, each way, shows too little to be told from the floor."""

PLAIN = 3.0
"""So does one in which grey varies by less (a standard deviation, of 255)."""


class Opening:
    """A scene's first picture. Picklable; it holds one look's picture for `WATCHED`."""

    def __init__(self, at: Micros, frame: Frame) -> None:
        self.at = at
        self._picture = _grey(frame)

    def box(self, now: Box, frame: Frame) -> Box | None:
        """Where what is in the box now was at the scene's beginning (source pixels); None where it was not just here."""
        seen = now.scaled(1 / frame.scale)
        left, top = max(0, round(seen.x1)), max(0, round(seen.y1))
        it = _grey(frame)[top : round(seen.y2), left : round(seen.x2)]
        if min(it.shape) < LEAST_PX or it.std() < PLAIN:
            return None
        room = round(AROUND * it.shape[0]) + ROOM_PX
        x, y = max(0, left - room), max(0, top - room)
        around = self._picture[y : top + it.shape[0] + room, x : left + it.shape[1] + room]
        if around.shape[0] < it.shape[0] or around.shape[1] < it.shape[1]:
            return None
        _, likeness, _, spot = cv2.minMaxLoc(cv2.matchTemplate(around, it, cv2.TM_CCOEFF_NORMED))
        if likeness < ALIKE:
            return None
        return now.moved((x + spot[0] - left) * frame.scale, (y + spot[1] - top) * frame.scale)


def _grey(frame: Frame) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(frame.picture, cv2.COLOR_RGB2GRAY), np.uint8)
