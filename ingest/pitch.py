"""The pitch as a map: from places in the picture to metres on the ground, by the pitch's four corners."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from core.place import Layout, Point, Zone

PITCHES = frozenset({"pitch", "court", "field"})
GOALS = frozenset({"goal"})
GOAL_AREAS = frozenset({"goal_area", "penalty_area"})
BROAD = 0.6
"""A pitch's width over its length, where nothing else says so: futsal 0.5, basketball 0.54, football 0.65."""
PERSON_M = 1.72
"""How tall a player is taken to be, metres."""


def drawn_pitch(layout: Layout) -> Zone | None:
    """The zone that is a pitch, if one is drawn."""
    return next((zone for zone in layout.zones if zone.kind in PITCHES), None)


class Pitch:
    """Maps a drawn pitch to metres: `length` metres along its longer way (by its goals), `BROAD` times that across.

    The length follows from how tall people look (`PERSON_M`), or from the layout's scale. Raises ValueError for a layout
    without a pitch.
    """

    def __init__(self, layout: Layout) -> None:
        drawn = drawn_pitch(layout)
        if drawn is None:
            raise ValueError("the layout has no zone of kind pitch, court or field")
        self.zone = drawn
        self.goals = tuple(zone for zone in layout.zones if zone.kind in GOALS)
        self.areas = tuple(zone for zone in layout.zones if zone.kind in GOAL_AREAS)
        corners = _along(_four(drawn.polygon), [_middle(zone.polygon) for zone in self.goals])
        unit = np.array([(0, 0), (1, 0), (1, BROAD), (0, BROAD)], np.float32)
        self._to_ground = cv2.getPerspectiveTransform(np.array(corners, np.float32), unit)
        self._to_picture = np.linalg.inv(self._to_ground)
        self._horizon = self._vanishing_row(corners)
        self._tallness: list[float] = []
        self._tall = 0.0
        self._scale = layout.scale
        self.length = 20.0
        self._measure(np.mean(np.array(corners), axis=0))

    def _vanishing_row(self, corners: Sequence[Point]) -> float:
        """The row of the picture at which people would be 0 pixels tall: where the plane's horizon passes over the pitch."""
        line = self._to_ground[2]  # places with this third coordinate 0 are infinitely far
        x = float(np.mean([c[0] for c in corners]))
        top = min(c[1] for c in corners)
        if abs(line[1]) < 1e-12:
            return top - 1e5
        row = -(line[0] * x + line[2]) / line[1]
        return float(row) if row < top - 5 else top - 1e5

    def share(self, place: Point) -> Point:
        """The place along and across the pitch, 0 to 1 along, 0 to `BROAD` across where it is on the pitch."""
        x, y, w = self._to_ground @ (place[0], place[1], 1.0)
        return float(x / w), float(y / w)

    def metres(self, place: Point) -> Point:
        """The place on the ground, metres from a corner of the pitch."""
        u, v = self.share(place)
        return u * self.length, v * self.length

    def apart(self, one: Point, other: Point) -> float:
        """Metres between two places in the picture, on the ground."""
        return math.dist(self.metres(one), self.metres(other))

    def person(self, row: float) -> float:
        """How many pixels tall a player is who stands at that row of the picture; 0 before people were measured."""
        return self._tall * max(row - self._horizon, 1.0)

    def learn(self, heights: Sequence[tuple[float, float]]) -> None:
        """Takes in people seen: (row of the feet, height) in pixels."""
        self._tallness += [
            height / (row - self._horizon) for row, height in heights if row > self._horizon + 1
        ]
        self._tallness = self._tallness[-600:]
        if self._tallness:
            self._tall = float(np.median(self._tallness))
            self._measure(self._middle_of_pitch())

    def _middle_of_pitch(self) -> np.ndarray:
        x, y, w = self._to_picture @ (0.5, BROAD / 2, 1.0)
        return np.array((x / w, y / w))

    def _measure(self, at: np.ndarray) -> None:
        """The pitch's length, so that a way sideways in the picture is as long as people's height says."""
        x, y = float(at[0]), float(at[1])
        left, right = (x - 10, y), (x + 10, y)
        known = self._scale.metres(left, right) if self._scale is not None else None
        if known is None and self._tall:
            known = 20 * PERSON_M / self.person(y)
        if known is not None:
            self.length = known / max(math.dist(self.share(left), self.share(right)), 1e-9)

    def outside(self, metres: Point) -> float:
        """How many metres beyond its edge a place lies; negative on the pitch."""
        u, v = metres
        broad = BROAD * self.length
        return max(-u, u - self.length, -v, v - broad)

    def mouth(self, goal: Zone) -> tuple[float, float, float]:
        """A goal's line along the pitch (0 or `length`) and between which metres across it stands."""
        across = [self.metres(spot)[1] for spot in goal.polygon]
        along = sum(self.share(spot)[0] for spot in goal.polygon) / len(goal.polygon)
        return (self.length if along > 0.5 else 0.0), min(across), max(across)


def _middle(polygon: Sequence[Point]) -> Point:
    return sum(x for x, _ in polygon) / len(polygon), sum(y for _, y in polygon) / len(polygon)


def _four(polygon: Sequence[Point]) -> list[Point]:
    """The polygon's four corners; of one that has more, those of the smallest four-cornered hull that fits."""
    if len(polygon) == 4:
        return list(polygon)
    hull = cv2.convexHull(np.array(polygon, np.float32))
    if len(hull) > 4:
        hull = cv2.approxPolyN(hull, 4, ensure_convex=True)
    spots = [(float(x), float(y)) for x, y in np.asarray(hull).reshape(-1, 2)]
    if len(spots) != 4:
        spots = [
            (float(x), float(y)) for x, y in cv2.boxPoints(cv2.minAreaRect(np.array(polygon, np.float32)))
        ]
    return spots


def _along(corners: list[Point], goals: Sequence[Point]) -> list[Point]:
    """The corners in such an order that the first side runs along the pitch: from one goal to the other, or from the
    only one away; without goals along the longer side.
    """

    def ends(order: list[Point]) -> tuple[Point, Point]:
        return _middle((order[0], order[3])), _middle((order[1], order[2]))

    turned = corners[1:] + corners[:1]
    if goals:

        def off(order: list[Point]) -> float:
            return sum(min(math.dist(goal, end) for end in ends(order)) for goal in goals)

        return min((corners, turned), key=off)
    return max((corners, turned), key=lambda order: math.dist(*ends(order)))
