"""One condition of a camera, from its first look to its last, as an event."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from core.clock import Micros, Span
from core.sight import Attributes
from ingest.events.book import Book, Draft, Spell, sure

SOURCE = "pictures"
"""What says so: whole pictures, not what was followed in them."""


class Sight(StrEnum):
    """What a condition of the camera leaves to be seen."""

    NONE = "none"
    LESS = "less"
    MOVING = "moving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Impaired:
    """A stretch in which a camera showed less than it should, why, and what is left: nothing, less, or a moving picture."""

    span: Span
    reason: str
    sight: Sight


class CameraState:
    """One condition of the camera: an event that opens once it has held for a while and closes once it no longer does."""

    def __init__(self, kind: str, book: Book, need: Micros, grace: Micros | None = None) -> None:
        self._kind, self._book = kind, book
        self._spell = Spell(need=need, grace=need if grace is None else grace)
        self._draft: Draft | None = None
        self._ended: deque[Span] = deque(maxlen=64)
        self.at: Micros = 0

    @property
    def on(self) -> bool:
        """Whether it goes on."""
        return self._draft is not None

    @property
    def reason(self) -> str:
        """Why less could be seen meanwhile, in words."""
        return (
            "the camera "
            + ("" if self._kind == "camera_moved" else "was ")
            + self._kind.removeprefix("camera_")
        )

    def judge(self, at: Micros, holds: bool, margin: float, *, turned: Micros | None = None) -> bool:
        """Takes in one look's verdict, and since when it is so if not since now; true when the condition just ended."""
        self.at = at
        ended = False
        if self._draft is None:
            if self._spell.begins(at, holds, turned=turned) and self._spell.since is not None:
                self._draft = self._book.open(self._kind, self._spell.since, ())
                self._draft.source = SOURCE
        elif self._spell.ends(at, holds, turned=turned):
            self.end(at if self._spell.lapsed is None else self._spell.lapsed)
            ended = True
        if self._draft is not None and holds:
            self._draft.confidence = max(
                sure(1.0, margin), self._draft.confidence if self._draft.latest else 0.0
            )
            self._draft.show(at, None)
        return ended

    def end(self, at: Micros) -> None:
        """Ends what goes on, or is about to."""
        if self._draft is not None:
            self._ended.append(Span(self._draft.start, max(at, self._draft.start + 1)))
            self._book.close(self._draft, at)
        self._draft = None
        self._spell.on, self._spell.since, self._spell.lapsed = False, None, None

    def note(self, start: Micros, end: Micros, margin: float, attributes: Attributes) -> None:
        """Writes down what was over as soon as it was known."""
        draft = self._book.open(self._kind, start, (), confidence=sure(1.0, margin), attributes=attributes)
        draft.source = SOURCE
        draft.show(end, None)
        self._book.close(draft, end)

    def spans(self, within: Span) -> list[Span]:
        """The parts of the span in which the condition held, as far as it is known."""
        held = [*self._ended]
        if self._draft is not None:
            held.append(Span(self._draft.start, max(within.end, self._draft.start + 1)))
        return [part for span in held if (part := span.intersect(within)) is not None]
