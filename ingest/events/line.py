"""Lines: `crossed_line`, at the moment of crossing, with the sides."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import Micros
from core.ids import EntityId
from core.place import Layout, Line
from core.sight import Attributes
from ingest.events.book import Book, Part, over, sure
from ingest.events.thresholds import Thresholds
from ingest.events.trail import Step, Trail
from ingest.perception.presence import Visit


@dataclass(slots=True)
class _Side:
    """On which side of a line a thing is known to be (1 left, -1 right, 0 not yet known), and when its path last met
    the drawn line.
    """

    side: int = 0
    met: Micros | None = None


class LineMaker:
    """Tells who crosses which line.

    A thing is on a side once it is a band's width (`line_px`, `line_share`) away from the line; coming to the other
    side by a path that meets the drawn line itself, and not its lengthening, is one crossing, however often the box
    trembles over the line in between. Its time is when the path last met the line, between two looks by straight
    interpolation. Attributes `from`, `to`: left or right of the walk from the line's start to its end; where that is in
    a lane, `lane` and `way`: with or against its direction. Confidence:
    `sure(score, how many bands it is past the line)`.
    """

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book = book
        self._lines = tuple((line, thresholds.at(line.name)) for line in layout.lines)
        self._lanes = [(lane, lane.zone()) for lane in layout.lanes]
        self._sides: dict[EntityId, dict[str, _Side]] = {}

    def step(self, step: Step) -> None:
        """Takes in one look."""
        for trail in step.present:
            sides = self._sides.setdefault(trail.entity_id, {})
            for line, t in self._lines:
                self._look(trail, line, t, sides.setdefault(line.name, _Side()))

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Forgets one who is gone."""
        self._sides.pop(trail.entity_id, None)

    def _look(self, trail: Trail, line: Line, t: Thresholds, known: _Side) -> None:
        if known.side == 0:
            self._first_side(trail, line, t, known)
        if len(trail.points) > 1:
            known.met = _met(trail, line, known.met)
        band = max(t.line_px, t.line_share * trail.box.diagonal)
        away = line.side(trail.place)
        if abs(away) < band:
            return
        side = 1 if away > 0 else -1
        if known.side == -side and known.met is not None:
            self._write(trail, line, known.met, side, over(abs(away) / band, 1.0))
        known.side, known.met = side, None

    def _first_side(self, trail: Trail, line: Line, t: Thresholds, known: _Side) -> None:
        """The side of the first point already counts, so that one found late has not crossed unseen."""
        first = trail.points[0]
        away = line.side(first.place)
        if abs(away) >= max(t.line_px, t.line_share * first.box.diagonal):
            known.side = 1 if away > 0 else -1

    def _write(self, trail: Trail, line: Line, at: Micros, side: int, margin: float) -> None:
        names = {1: "left", -1: "right"}
        self._book.note(
            "crossed_line",
            at,
            [Part(trail.entity_id, trail.box_at(at))],
            zone=line.name,
            confidence=sure(trail.score, margin),
            attributes={"from": names[-side], "to": names[side], **self._lane(trail, at)},
        )

    def _lane(self, trail: Trail, at: Micros) -> Attributes:
        """The lane in which the line was crossed, and whether with or against its direction."""
        place = trail.box_at(at).foot
        for lane, zone in self._lanes:
            if zone.holds(place):
                (vx, vy), (dx, dy) = trail.velocity, lane.direction
                return {"lane": lane.name, "way": "with" if vx * dx + vy * dy >= 0 else "against"}
        return {}


def _met(trail: Trail, line: Line, known: Micros | None) -> Micros | None:
    """When the path last met the drawn line: in the last leg, or else as known; None where it went around its ends."""
    before, after = trail.points[-2], trail.points[-1]
    here, there = line.side(before.place), line.side(after.place)
    if (here > 0) == (there > 0):
        return known
    part = here / (here - there)
    (ax, ay), (bx, by) = before.place, after.place
    return before.at + round(part * (after.at - before.at)) if _on(line, ax, ay, bx, by, part) else None


def _on(line: Line, ax: float, ay: float, bx: float, by: float, part: float) -> bool:
    """Whether the point at that part of the way from a to b lies between the ends of the line."""
    x, y = ax + part * (bx - ax), ay + part * (by - ay)
    (sx, sy), (ex, ey) = line.start, line.end
    along = ((x - sx) * (ex - sx) + (y - sy) * (ey - sy)) / ((ex - sx) ** 2 + (ey - sy) ** 2)
    return 0.0 <= along <= 1.0
