"""The book of events: notes what happened at once, keeps what still goes on, hands both over chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core import ids
from core.clock import Micros, Span
from core.ids import EntityId, StreamId
from core.memory import ALARMS, WAKES_FROM, Event, Evidence, Participant, Relation
from core.place import Box
from core.sight import Attributes
from ingest.chunk import Grid

SOURCE = "tracks"
"""What events and relations made here say of who said so."""


def sure(score: float, margin: float, certainty: float = 1.0) -> float:
    """How sure an event is: `score × (0.7 + 0.3 × margin) × certainty`, to three places, 0 to 1.

    `score` is the mean detection score of those who took part (the least of them), `margin` how far the threshold was
    passed, from 0 (just) to 1 (twice or more), `certainty` how sure it is that they are of the kinds the event needs.
    """
    return round(_unit(score) * (0.7 + 0.3 * _unit(margin)) * _unit(certainty), 3)


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


def over(value: float, threshold: float) -> float:
    """How far a value is past its threshold, as `sure` wants it: 0 at the threshold, 1 at twice the threshold."""
    return _unit(value / threshold - 1.0) if threshold > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Part:
    """Who takes part in an event, as what, and the box to show for it."""

    entity_id: EntityId
    box: Box
    role: str = "subject"


@dataclass(slots=True, kw_only=True)
class Draft:
    """An event being written: everything but its end, which may still move."""

    kind: str
    start: Micros
    parts: tuple[Part, ...]
    key: tuple[str, ...]
    zone: str | None = None
    confidence: float = 1.0
    attributes: Attributes = field(default_factory=dict)
    first: tuple[tuple[Micros, Box | None], ...] = ()
    latest: tuple[tuple[Micros, Box | None], ...] = ()
    end: Micros | None = None
    lapsed: Micros | None = None
    noticed: Micros = 0
    woke: bool = False
    source: str = SOURCE

    @property
    def may_wake(self) -> bool:
        """Whether it is an alarm that is sure enough to wake somebody."""
        return self.kind in ALARMS and self.confidence >= WAKES_FROM

    def show(self, at: Micros, *boxes: Box | None) -> None:
        """Replaces the later evidence: the moment and the boxes of those who take part."""
        self.latest = tuple((at, box) for box in boxes)

    def join(self, part: Part) -> None:
        """Adds one who takes part from now on; the id stays."""
        if all(known.entity_id != part.entity_id for known in self.parts):
            self.parts = (*self.parts, part)


class Book:
    """Drafts of one stream: open ones, and those closed since they were last handed over.

    `now` is the moment of the look that is being taken in: what is written down now was noticed then.
    """

    def __init__(self) -> None:
        self.now: Micros = 0
        self._open: list[Draft] = []
        self._closed: list[Draft] = []
        self._fresh: list[Draft] = []

    def note(
        self,
        kind: str,
        at: Micros,
        parts: Sequence[Part],
        *,
        zone: str | None = None,
        confidence: float = 1.0,
        attributes: Attributes | None = None,
    ) -> Draft:
        """Writes down what happened at one moment."""
        draft = self.open(kind, at, parts, zone=zone, confidence=confidence, attributes=attributes)
        self.close(draft, at + 1)
        return draft

    def open(
        self,
        kind: str,
        start: Micros,
        parts: Sequence[Part],
        *,
        zone: str | None = None,
        confidence: float = 1.0,
        attributes: Attributes | None = None,
    ) -> Draft:
        """Begins what goes on until `close`; its id is that of its kind, start, first participants and zone."""
        start = max(0, start)
        boxes = tuple((start, part.box) for part in parts) or ((start, None),)
        draft = Draft(
            kind=kind,
            start=start,
            parts=tuple(parts),
            key=(*(part.entity_id for part in parts), zone or ""),
            zone=zone,
            confidence=confidence,
            attributes=dict(attributes or {}),
            first=boxes,
            noticed=max(self.now, start),
        )
        self._open.append(draft)
        self._fresh.append(draft)
        return draft

    def close(self, draft: Draft, end: Micros) -> None:
        """Ends what went on; an end before its start leaves a moment."""
        draft.end = max(end, draft.start + 1)
        self._open.remove(draft)
        self._closed.append(draft)

    def hand_over(self, until: Micros, *, final: bool) -> list[tuple[Draft, Span, bool]]:
        """What was closed since the last time, and what is open at `until`: drafts with their spans and whether they
        still go on, in order of time. With `final` everything is closed at `until`, or when it lapsed.
        """
        if final:
            for draft in list(self._open):
                self.close(draft, until if draft.lapsed is None else draft.lapsed)
        closed, self._closed, self._fresh = self._closed, [], []
        for draft in self._open:
            draft.woke = draft.may_wake
        return _in_order([*closed, *self._open], until)

    def fresh(self, until: Micros) -> list[tuple[Draft, Span, bool]]:
        """What was begun or noted since the last time this or `hand_over` was asked, and the alarms that have become sure
        enough to wake somebody, as they stand at `until`; they will be handed over all the same.
        """
        risen = [
            draft for draft in self._open if draft not in self._fresh and draft.may_wake and not draft.woke
        ]
        fresh, self._fresh = [*self._fresh, *risen], []
        for draft in fresh:
            draft.woke = draft.may_wake
        return _in_order(fresh, until)


def _in_order(drafts: Sequence[Draft], until: Micros) -> list[tuple[Draft, Span, bool]]:
    out = []
    for draft in drafts:
        end = until if draft.end is None else draft.end
        out.append((draft, Span(draft.start, max(end, draft.start + 1)), draft.end is None))
    return sorted(out, key=lambda one: (one[1].start, one[0].kind, one[0].key))


def to_event(draft: Draft, span: Span, still_open: bool, stream_id: StreamId, grid: Grid) -> Event:
    """The draft as an event of the stream."""
    return Event(
        id=ids.event_id(stream_id, draft.kind, draft.start, *draft.key),
        stream_id=stream_id,
        kind=draft.kind,
        span=span,
        participants=tuple(Participant(entity_id=p.entity_id, role=p.role) for p in draft.parts),
        zone=draft.zone,
        confidence=draft.confidence,
        evidence=_evidence(draft, span, grid),
        source=draft.source,
        attributes=dict(draft.attributes),
        open=still_open,
        noticed=draft.noticed,
    )


def to_relation(draft: Draft, span: Span, stream_id: StreamId, grid: Grid) -> Relation:
    """The draft as a relation between its first two participants."""
    subject, other = draft.parts[0].entity_id, draft.parts[1].entity_id
    return Relation(
        id=ids.relation_id(stream_id, subject, draft.kind, other, draft.start),
        stream_id=stream_id,
        subject=subject,
        predicate=draft.kind,
        object=other,
        valid=span,
        confidence=draft.confidence,
        evidence=_evidence(draft, span, grid),
        source=SOURCE,
    )


def _evidence(draft: Draft, span: Span, grid: Grid) -> tuple[Evidence, ...]:
    shown = [*draft.first, *((at, box) for at, box in draft.latest if at != draft.start)]
    return tuple(
        Evidence(chunk_id=grid.id_at(at), at=at, box=box)
        for at, box in ((min(max(at, span.start), span.end), box) for at, box in shown)
    )


@dataclass(slots=True, kw_only=True)
class Spell:
    """A condition that has to hold for `need` to count, and to fail for `grace` to be over (both microseconds).

    `since` is when it began to hold, `lapsed` when it began to fail.
    """

    need: Micros
    grace: Micros = 0
    on: bool = False
    since: Micros | None = None
    lapsed: Micros | None = None

    def begins(self, at: Micros, holds: bool, *, turned: Micros | None = None) -> bool:
        """Takes in one look while it is off; true when the spell begins with it. `turned` is the true moment at which
        the condition changed, if that lies before the look.
        """
        if not holds:
            self.since = None
            return False
        if self.since is None:
            self.since = at if turned is None else turned
        self.on = at - self.since >= self.need
        self.lapsed = None
        return self.on

    def ends(self, at: Micros, holds: bool, *, turned: Micros | None = None) -> bool:
        """Takes in one look while it is on; true when the spell is over, which it was at `lapsed`."""
        if holds:
            self.lapsed = None
            return False
        if self.lapsed is None:
            self.lapsed = at if turned is None else turned
        if at - self.lapsed < self.grace:
            return False
        self.on, self.since = False, None
        return True

    def over_by(self, at: Micros) -> Micros:
        """Until when it held, as known at that moment: when it lapsed, or until then."""
        return at if self.lapsed is None else min(self.lapsed, at)
