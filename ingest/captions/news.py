"""Tells whether a chunk shows something new: only then is a model asked what it shows."""

from __future__ import annotations

from core.clock import SECOND, Micros, clock_text
from core.memory import Entity, Event, Observation

REFRESH = 300 * SECOND
"""Where things move all the time and nothing new is told of them, a model looks this often: what they do, it alone sees."""
MEMORY = 600 * SECOND
"""What was told is remembered this long after it ended: its id does not come again."""


class News:
    """Remembers what of a stream was told already. Picklable and bounded: it goes into the checkpoint."""

    def __init__(self) -> None:
        self._known: dict[str, Micros] = {}
        self._last: Micros | None = None

    def stale(self, observation: Observation) -> str:
        """Why there is nothing new in the chunk, in words; '' where there is. Each chunk is to be shown once."""
        span = observation.chunk.span
        nouns: list[Event | Entity] = [*observation.events, *observation.entities]
        new = any(noun.id not in self._known and noun.span.end > span.start for noun in nouns)
        for noun in nouns:
            self._known[noun.id] = max(noun.span.end, span.end)
        self._known = {id: end for id, end in self._known.items() if end > span.start - MEMORY}
        if self._last is None or new or span.end - self._last >= REFRESH:
            return ""
        return f"nothing new since {clock_text(self._last)}"

    def told(self, observation: Observation) -> None:
        """A model is asked about this chunk."""
        self._last = observation.chunk.span.end
