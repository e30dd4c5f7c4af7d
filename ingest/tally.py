"""The account of how a stream's time was treated, chunk by chunk."""

from __future__ import annotations

from dataclasses import replace

from core.clock import Micros, Span
from core.ids import StreamId
from core.memory import Coverage, CoverageState
from ingest.decode.looks import Look


class Tally:
    """Keeps account of how a stream's time was treated: looked at, gated, failed.

    A look stands for the time since the one before; where looks are far apart, for no more than `reach` after it. What no
    look reaches is in no entry: nobody looked at it.
    """

    def __init__(
        self, stream: StreamId, *, by: str, looked_for: tuple[str, ...], reach: Micros | None = None
    ) -> None:
        self._stream, self._by, self._looked_for, self._reach = stream, by, looked_for, reach
        self._entries: list[Coverage] = []
        self._treated = (CoverageState.LOOKED, "")
        self.end: Micros = 0
        self.began: Micros = 0
        self.last: Micros | None = None

    def begin(self, at: Micros) -> None:
        """Starts to count at a moment other than 0 (a resumed run)."""
        self.end = self.began = at

    def note(self, look: Look) -> None:
        """The time since the look before was spent as this look says."""
        state = CoverageState.GATED if look.frame is None else CoverageState.LOOKED
        if self._reach is not None:
            self.fill(look.at)
            self.end = max(self.end, look.at)
        self._add(max(look.at, self.end) + 1, state, "" if look.frame is not None else "nothing moved")
        self.last = look.at

    def fail(self, until: Micros, reason: str) -> None:
        """All from here to `until` could not be looked at."""
        self._add(until, CoverageState.FAILED, reason)

    def down(self, until: Micros, reason: str) -> None:
        """All from here to `until` was not shown: the camera was away."""
        self._add(until, CoverageState.DOWN, reason)

    def fill(self, until: Micros) -> None:
        """What no look has reached yet is treated as the last one was."""
        if self._reach is not None:
            until = until if self.last is None else min(until, self.last + self._reach)
        self._add(until, *self._treated)

    def amend(
        self, span: Span, *, reason: str, blind: bool = True, looked_for: tuple[str, ...] | None = None
    ) -> None:
        """Notes of the looks in the span that nothing could be made of them (`blind`), or that less could be, and why;
        `looked_for` is what was still looked for, where that is less than always.
        """
        out: list[Coverage] = []
        for entry in self._entries:
            part = entry.span.intersect(span)
            if part is None or entry.state in (CoverageState.FAILED, CoverageState.DOWN):
                out.append(entry)
                continue
            if entry.span.start < part.start:
                out.append(replace(entry, span=Span(entry.span.start, part.start)))
            if blind:
                out.append(self._entry(part, CoverageState.FAILED, reason))
            else:
                labels = entry.looked_for if looked_for is None else looked_for
                out.append(replace(entry, span=part, reason=reason, looked_for=labels))
            if part.end < entry.span.end:
                out.append(replace(entry, span=Span(part.end, entry.span.end)))
        self._entries = _joined(out)

    def _add(self, until: Micros, state: CoverageState, reason: str) -> None:
        if until <= self.end:
            return
        self._treated = (state, reason)
        last = self._entries[-1] if self._entries else None
        span = Span(self.end, until)
        entry = self._entry(span, state, reason)
        if last is not None and replace(last, span=span) == entry and last.span.end == span.start:
            self._entries[-1] = replace(last, span=last.span.hull(span))
        else:
            self._entries.append(entry)
        self.end = until

    def _entry(self, span: Span, state: CoverageState, reason: str) -> Coverage:
        looked = state in (CoverageState.LOOKED, CoverageState.GATED)
        return Coverage(
            stream_id=self._stream,
            span=span,
            state=state,
            by=self._by if looked else "",
            looked_for=self._looked_for if looked else (),
            reason=reason,
        )

    def take(self, chunk: Span, *, final: bool) -> tuple[Coverage, ...]:
        """What was noted inside the chunk; a chunk's open end is treated as its last look was."""
        self.fill(chunk.end)
        inside = self.inside(chunk)
        self._entries = [
            replace(entry, span=Span(max(entry.span.start, chunk.end), entry.span.end))
            for entry in self._entries
            if entry.span.end > chunk.end and not final
        ]
        return inside

    def inside(self, chunk: Span) -> tuple[Coverage, ...]:
        """What is noted so far inside the chunk."""
        parts = ((entry, entry.span.intersect(chunk)) for entry in self._entries)
        return tuple(replace(entry, span=part) for entry, part in parts if part is not None)


def _joined(entries: list[Coverage]) -> list[Coverage]:
    """Neighbours that say the same as one."""
    out: list[Coverage] = []
    for entry in entries:
        last = out[-1] if out else None
        if last is not None and replace(last, span=entry.span) == entry and last.span.end == entry.span.start:
            out[-1] = replace(last, span=last.span.hull(entry.span))
        else:
            out.append(entry)
    return out
