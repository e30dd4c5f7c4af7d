"""Falls: `fell`, from what a path shows of somebody's posture."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import SECOND, Micros
from core.ids import EntityId
from core.place import Layout
from ingest.events.book import Book, Draft, Part
from ingest.events.labels import PEOPLE, UNNAMED
from ingest.events.surety import called, clear, edge_error, there, told
from ingest.events.thresholds import Thresholds
from ingest.events.trail import Step, Trail, TrailPoint
from ingest.perception.presence import Visit

SLENDER = 1.5
"""Height over width from which somebody stands …"""
FLAT = 1.0
"""… and below which he or she lies; who bends or kneels is in between."""
DROPPING: Micros = 5 * SECOND // 2
"""Upright to lying takes at most so long: who sits or lies down does it slowly, or in steps."""
UP_AGAIN = 0.8
"""Up again is who has this share of the old height …"""
UP_FOR: Micros = SECOND // 2
"""… for so long."""
SINKING = 0.85
"""A fall begins when less than this share of the height is left."""
WIDER = 1.3
"""Who lies is so many times as wide as before; who is half hidden is only lower."""
SAME_FLOOR = 0.6
"""The place on the floor moves by at most this share of the height: else it is somebody else, or only a part is seen."""


@dataclass(slots=True)
class _Fall:
    """One who lies, or may: how tall and wide he or she stood, since when the height sank, and since when it is low."""

    tall: float
    since: Micros
    low_since: Micros
    certainty: float
    draft: Draft | None = None
    up_since: Micros | None = None


class FallMaker:
    """Tells of falls: a person's box was upright and within `DROPPING` is at most `fall_share` as tall and at least as
    wide as tall and wider than before, its place on the floor hardly changed, and stays so for `fall_s`.

    Heights are compared with what the same person had just before, so that no scale is needed. Boxes cut by the
    picture's edge are not judged. The span lasts from the beginning of the fall until the person is up again or gone.
    Bending and kneeling leave more than half the height. Confidence: how surely somebody is there, and lies (`surety`).
    """

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._layout, self._thresholds = book, layout, thresholds
        self._falls: dict[EntityId, _Fall] = {}

    def step(self, step: Step) -> None:
        """Takes in one look."""
        for trail in step.present:
            fall = self._falls.get(trail.entity_id)
            if fall is None:
                self._look_for_fall(trail)
            else:
                self._go_on(trail, fall)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Ends the fall of one who is gone."""
        fall = self._falls.pop(trail.entity_id, None)
        if fall is not None and fall.draft is not None:
            self._book.close(fall.draft, visit.at)

    def _look_for_fall(self, trail: Trail) -> None:
        now = trail.points[-1]
        certainty = 1.0 if trail.label in PEOPLE else 0.6 if trail.label in UNNAMED else 0.0
        if certainty == 0 or now.cut_off or now.box.height > FLAT * now.box.width:
            return
        stood = _stood(trail)
        if stood is None or not self._lies(now, stood):
            return
        sank = _sank(trail, stood)
        self._falls[trail.entity_id] = _Fall(stood.box.height, sank, trail.at, certainty)

    def _lies(self, now: TrailPoint, stood: TrailPoint) -> bool:
        low = now.box.height <= self._thresholds.fall_share * stood.box.height
        near = abs(now.box.y2 - stood.box.y2) <= SAME_FLOOR * stood.box.height
        return low and near and now.box.width >= WIDER * stood.box.width

    def _go_on(self, trail: Trail, fall: _Fall) -> None:
        box = trail.box
        up = box.height >= UP_AGAIN * fall.tall or (
            box.height > SLENDER * box.width and box.height > 0.6 * fall.tall
        )
        if not up:
            fall.up_since = None
        elif fall.up_since is None:
            fall.up_since = trail.at
        if fall.draft is None:
            self._wait(trail, fall)
            return
        fall.draft.confidence = max(fall.draft.confidence, self._confidence(trail, fall))
        fall.draft.show(trail.at, box)
        if fall.up_since is not None and trail.at - fall.up_since >= UP_FOR:
            self._book.close(fall.draft, fall.up_since)
            del self._falls[trail.entity_id]

    def _wait(self, trail: Trail, fall: _Fall) -> None:
        box = trail.box
        if (
            box.height > max(self._thresholds.fall_share, 0.5) * fall.tall * 1.1
            or box.height > FLAT * box.width
        ):
            del self._falls[trail.entity_id]
        elif trail.at - fall.low_since >= self._thresholds.span("fall_s"):
            part = Part(trail.entity_id, trail.box_at(fall.since))
            fall.draft = self._book.open(
                "fell",
                fall.since,
                [part],
                zone=self._layout.zone_at(part.box.foot),
                confidence=self._confidence(trail, fall),
            )

    def _confidence(self, trail: Trail, fall: _Fall) -> float:
        box, error = trail.box, edge_error(trail.box)
        low = clear(self._thresholds.fall_share * fall.tall - box.height, error)
        return told(
            there(trail), called(trail, PEOPLE, fall.certainty), low, clear(box.width - box.height, error)
        )


def _stood(trail: Trail) -> TrailPoint | None:
    """The last look within `DROPPING` at which the person stood upright, whole in the picture."""
    for point in reversed(trail.points):
        if point.at < trail.at - DROPPING:
            return None
        if point.box.height >= SLENDER * point.box.width:
            return None if point.cut_off else _tallest_about(trail, point)
    return None


def _tallest_about(trail: Trail, point: TrailPoint) -> TrailPoint:
    """The tallest of the looks in the second before: the last upright one may already be sinking."""
    near = [
        p
        for p in trail.points
        if point.at - SECOND <= p.at <= point.at and not p.cut_off and p.box.height >= SLENDER * p.box.width
    ]
    return sorted(near, key=lambda p: p.box.height)[len(near) * 3 // 4]


def _sank(trail: Trail, stood: TrailPoint) -> Micros:
    """When the height began to sink for good."""
    for point in reversed(trail.points):
        if point.box.height >= SINKING * stood.box.height:
            return point.at
    return stood.at
