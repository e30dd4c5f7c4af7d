"""The picture that a scene began with: who is first noticed later on, where he has stood ever since, stood in it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from core.media import Frame, Picture
from core.place import Box
from core.sight import THING, Detection
from ingest.perception.stay import Glimpse, Stay, cut_off

WATCHED = 20 * SECOND
"""For how long after its beginning a scene's first picture tells of those who stood in it: by then it is another light."""
AROUND = 0.15
"""How far around its present place a thing is looked for there, in heights of its box …"""
ROOM_PX = 2
"""… and pixels of the picture besides."""
ALIKE = 0.5
"""Least likeness (normalised correlation coefficient) of what is in the box now to what was there then."""
CONTRAST = 1.6
"""So many times as much as the other, at most, either of the two varies in grey (a standard deviation) …"""
LIGHT = 32.0
"""… by so much (of 255), at most, their mean grey differs …"""
TINT = 10.0
"""… and by so much each of their mean colour differences (Cr, Cb): likeness alone knows neither light, contrast nor colour."""
LEAST_PX = 6
"""A box smaller than this, each way, shows too little to be told from the floor …"""
PLAIN = 3.0
"""… and so does one in which grey varies by less (a standard deviation, of 255)."""
PLAINLY = 0.45
"""Score from which on somebody is so plainly seen that his likeness in the scene's first picture is his."""
SETS_OFF = 0.5
"""Who sets off gets no further than so many diagonals of his box while he is first noticed: who does came along."""
ELSEWHERE = 0.3
"""Overlap (IoU) with everyone known below which a detection is of somebody new."""
AGREED = 0.6
"""Overlap (IoU) of the places that two looks say he stood in."""


class Opening:
    """A scene's first picture, and who of those seen since has a likeness in it. Whoever stands still from the start is
    taken for background until he moves.

    Picklable; it holds one look's picture for `WATCHED`.
    """

    def __init__(self, at: Micros, frame: Frame) -> None:
        self.at = at
        self._picture: npt.NDArray[np.uint8] | None = _planes(frame.picture)
        self._stood: list[tuple[Micros, Box, Box]] = []

    def compare(self, frame: Frame, detections: Sequence[Detection], stays: Collection[Stay]) -> None:
        """Notes who is seen for the first time where the first picture shows him, too, and where it does."""
        if frame.at - self.at > WATCHED:
            self._stood, self._picture = [], None
            return
        self._stood = [known for known in self._stood if known[0] >= frame.at - SECOND]
        if frame.at == self.at:
            return
        size = (frame.width * frame.scale, frame.height * frame.scale)
        taken = [s.early[0][1] for s in stays if s.there_from_start]
        for d in detections:
            known = any(s.box.iou(d.box) > ELSEWHERE for s in stays)
            if known or cut_off(d.box, size) or d.score < PLAINLY or d.label == THING:
                continue
            then = self.box(d.box, frame)
            if then is not None and all(box.iou(then) < ELSEWHERE for box in taken):
                self._stood.append((frame.at, d.box, then))

    def first_glimpse(self, path: Sequence[Glimpse]) -> Glimpse | None:
        """How a newcomer on this path stood in the first picture; None if no two looks say that he did, and where."""
        if math.dist(path[0].box.centre, path[-1].box.centre) > SETS_OFF * path[-1].box.diagonal:
            return None
        places = [
            (glimpse, then)
            for glimpse in path
            for at, box, then in self._stood
            if (at, box) == (glimpse.at, glimpse.box)
        ]
        if len(places) < 2 or places[0][1].iou(places[1][1]) < AGREED:
            return None
        first, then = places[0]
        return replace(first, at=self.at, box=then)

    def box(self, now: Box, frame: Frame) -> Box | None:
        """Where what is in the box now was at the scene's beginning (source pixels); None where it was not just here."""
        seen = now.scaled(1 / frame.scale)
        left, top = max(0, round(seen.x1)), max(0, round(seen.y1))
        part = frame.picture[top : round(seen.y2), left : round(seen.x2)]
        if min(part.shape[:2]) < LEAST_PX:
            return None
        it = _planes(part)
        if it[..., 0].std() < PLAIN:
            return None
        room = round(AROUND * it.shape[0]) + ROOM_PX
        x, y = max(0, left - room), max(0, top - room)
        assert self._picture is not None  # noqa: S101 - asked only while it is watched
        around = self._picture[y : top + it.shape[0] + room, x : left + it.shape[1] + room]
        if around.shape[0] < it.shape[0] or around.shape[1] < it.shape[1]:
            return None
        likeness, spot = _likeness(around[..., 0], it[..., 0])
        was = around[spot[1] : spot[1] + it.shape[0], spot[0] : spot[0] + it.shape[1]]
        if likeness < ALIKE or not _same_light(it, was):
            return None
        return now.moved((x + spot[0] - left) * frame.scale, (y + spot[1] - top) * frame.scale)


def _likeness(around: npt.NDArray[np.uint8], it: npt.NDArray[np.uint8]) -> tuple[float, Sequence[int]]:
    """How much the place in `around` that looks most like it does so, -1 to 1, and where that is."""
    alike = cv2.matchTemplate(np.ascontiguousarray(around), np.ascontiguousarray(it), cv2.TM_CCOEFF_NORMED)
    _, best, _, spot = cv2.minMaxLoc(alike)
    return best, spot


def _same_light(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    """Whether both are about as bright and of one tint, and vary in grey about as much."""
    less, more = sorted((float(one[..., 0].std()), float(other[..., 0].std())))
    light, *tint = np.abs(one.mean(axis=(0, 1)) - other.mean(axis=(0, 1)))
    return bool(more <= CONTRAST * less and light <= LIGHT and max(tint) <= TINT)


def _planes(picture: Picture) -> npt.NDArray[np.uint8]:
    """The picture as grey and two colour differences."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb), np.uint8)
