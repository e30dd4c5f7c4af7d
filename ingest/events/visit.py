"""Coming and going: `appeared`, `left`, and `scene_changed`."""

from __future__ import annotations

from core.sight import Attributes
from ingest.events.book import Book, Part, sure
from ingest.events.trail import Step
from ingest.perception.presence import Visit


class VisitMaker:
    """Writes the first and the last moment of every visit, each once, and every cut of the scene.

    What stood in the first picture has `from_start` = 1: it did not come while we watched. Confidence: the visit's
    score with full margin, because a visit is only named once it is sure; a cut 0.9.
    """

    def __init__(self, book: Book) -> None:
        self._book = book

    def step(self, step: Step) -> None:
        """Takes in one look."""
        if step.cut:
            self._book.note("scene_changed", step.at, (), confidence=0.9)
        for visit, _ in step.arrived:
            self._write("appeared", visit)
        for visit in step.left:
            self._write("left", visit)

    def _write(self, kind: str, visit: Visit) -> None:
        attributes: Attributes = {"label": visit.label}
        if visit.side:
            attributes["side"] = visit.side
        if kind == "appeared" and visit.there_from_start:
            attributes["from_start"] = 1
        part = Part(visit.entity_id, visit.box)
        self._book.note(kind, visit.at, [part], confidence=sure(visit.score, 1.0), attributes=attributes)
