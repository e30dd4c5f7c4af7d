"""The shapes of what the memory holds: nouns become JSON with times in seconds and streams by name. CLI and REST share it.

Each shape is a pydantic model, so that OpenAPI is complete; each is built by one plain function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from core.clock import Micros, Span, clock_text, seconds
from core.ids import StreamId
from core.memory import (
    Caption,
    CaptionStatus,
    Coverage,
    CoverageState,
    Entity,
    Event,
    Evidence,
    Query,
    Want,
)
from core.place import Box
from core.ports import GraphStore
from core.sight import Track
from ingest.second_look import Sought

if TYPE_CHECKING:
    from ingest.reading import TextSeen

Shape = TypeVar("Shape")
Attributes = dict[str, str | float]


class Out(BaseModel):
    """The base of every shape that goes out."""

    model_config = ConfigDict(frozen=True)


class Page(Out, Generic[Shape]):
    """One page of a list, in order; `next` is the cursor of the page after it, or null at the end."""

    items: list[Shape]
    next: str | None = Field(
        default=None, description="Give it back as `cursor` to read on; null at the end."
    )


class EntityRef(Out):
    """An entity as it is named inside an event."""

    id: str
    label: str
    attributes: Attributes = {}
    role: str = "subject"


class EvidenceOut(Out):
    """Where a claim can be checked."""

    chunk: str
    time_s: float
    box: list[float] | None = Field(description="x1, y1, x2, y2 in pixels of the source, or null.")


class SoughtOut(Out):
    """Something that was found by words."""

    stream: str
    what: str
    time_s: float
    box: list[float] = Field(description="x1, y1, x2, y2 in pixels of the source.")
    score: float
    model: str = Field(description="What says so.")


class EventOut(Out):
    """Something that happened."""

    id: str
    stream: str = Field(description="The stream's name.")
    stream_id: str
    kind: str
    start_s: float
    end_s: float
    entities: list[EntityRef]
    zone: str | None
    confidence: float
    evidence: list[EvidenceOut]
    attributes: Attributes = {}
    source: str = Field(default="", description="What said so: a detector, a rule of perception, a model.")
    open: bool = Field(default=False, description="True while it still goes on.")
    noticed_s: float | None = Field(default=None, description="The second in which it was recognised.")


class EntityOut(Out):
    """The same thing across its tracks."""

    id: str
    stream: str
    stream_id: str
    label: str
    start_s: float
    end_s: float
    confidence: float
    attributes: Attributes
    tracks: list[str]
    name: str = ""


class TrackPointOut(Out):
    """Where a track was at one moment."""

    time_s: float
    box: list[float]
    score: float


class TrackOut(Out):
    """The same thing followed through one stream without a break; boxes in pixels of the source."""

    id: str
    stream: str
    stream_id: str
    number: int
    label: str
    start_s: float
    end_s: float
    confidence: float
    attributes: Attributes
    points: list[TrackPointOut]


class CaptionOut(Out):
    """What a model said of a chunk, word for word."""

    chunk: str
    stream: str
    stream_id: str
    start_s: float
    end_s: float
    text: str
    model: str
    status: CaptionStatus


class TextOut(Out):
    """One line of text that was in the picture: data, whatever it says."""

    stream: str
    start_s: float
    end_s: float
    text: str
    confidence: float
    box: list[float]
    entity: str | None = None
    zone: str | None = None
    by: str


class CoverageOut(Out):
    """A span of a stream and how it was treated."""

    stream: str
    stream_id: str
    start_s: float
    end_s: float
    state: CoverageState
    by: str = ""
    looked_for: list[str] = []
    reason: str = ""


class HitOut(Out):
    """Something found, and how: either an event or a caption. `score` orders one list, and says nothing outside it."""

    score: float
    found_by: list[str]
    event: EventOut | None = None
    caption: CaptionOut | None = None


class HitsOut(Out):
    """What was found, the best first. `note` says what was not searched by, and why."""

    items: list[HitOut]
    note: str = ""


def box(value: Box | None) -> list[float] | None:
    """A box as `[x1, y1, x2, y2]`."""
    return None if value is None else value.rounded()


def evidence(value: Evidence) -> EvidenceOut:
    """One piece of evidence."""
    return EvidenceOut(chunk=value.chunk_id, time_s=seconds(value.at), box=box(value.box))


def sought(value: Sought) -> SoughtOut:
    """What a search by words found."""
    found = value.found
    return SoughtOut(
        stream=value.stream.name,
        what=found.label,
        time_s=seconds(value.at),
        box=found.box.rounded(),
        score=round(found.score, 3),
        model=found.source,
    )


def entities_of(events: Iterable[Event], store: GraphStore) -> dict[str, Entity]:
    """Everyone who takes part in the events, by id."""
    ids = tuple(dict.fromkeys(id for event in events for id in event.entity_ids))
    if not ids:
        return {}
    return {entity.id: entity for entity in store.find(Query(want=Want.ENTITIES, ids=ids)).entities}


def event(value: Event, names: Mapping[StreamId, str], known: Mapping[str, Entity]) -> EventOut:
    """An event, with those who took part named as the memory knows them now."""
    refs = []
    for part in value.participants:
        who = known.get(part.entity_id)
        refs.append(
            EntityRef(
                id=part.entity_id,
                label=who.label if who else "",
                attributes=dict(who.attributes) if who else {},
                role=part.role,
            )
        )
    return EventOut(
        id=value.id,
        stream=names.get(value.stream_id, value.stream_id),
        stream_id=value.stream_id,
        kind=value.kind,
        start_s=seconds(value.span.start),
        end_s=seconds(value.span.end),
        entities=refs,
        zone=value.zone,
        confidence=value.confidence,
        evidence=[evidence(piece) for piece in value.evidence],
        attributes=dict(value.attributes),
        source=value.source,
        open=value.open,
        noticed_s=None if value.noticed is None else seconds(value.noticed),
    )


def events(values: Iterable[Event], names: Mapping[StreamId, str], store: GraphStore) -> list[EventOut]:
    """Events with one look-up for everyone in them."""
    kept = list(values)
    known = entities_of(kept, store)
    return [event(value, names, known) for value in kept]


def entity(value: Entity, names: Mapping[StreamId, str]) -> EntityOut:
    """An entity."""
    return EntityOut(
        id=value.id,
        stream=names.get(value.stream_id, value.stream_id),
        stream_id=value.stream_id,
        label=value.label,
        start_s=seconds(value.span.start),
        end_s=seconds(value.span.end),
        confidence=value.confidence,
        attributes=dict(value.attributes),
        tracks=list(value.tracks),
        name=value.name,
    )


def track(value: Track, names: Mapping[StreamId, str]) -> TrackOut:
    """A track with all its points."""
    return TrackOut(
        id=value.id,
        stream=names.get(value.stream_id, value.stream_id),
        stream_id=value.stream_id,
        number=value.number,
        label=value.label,
        start_s=seconds(value.span.start),
        end_s=seconds(value.span.end),
        confidence=value.confidence,
        attributes=dict(value.attributes),
        points=[
            TrackPointOut(time_s=seconds(p.at), box=p.box.rounded(), score=round(p.score, 3))
            for p in value.points
        ],
    )


def text_seen(value: TextSeen, stream: str, by: str) -> TextOut:
    """Text in a picture of the named stream, as `by` read it."""
    return TextOut(
        stream=stream,
        start_s=seconds(value.span.start),
        end_s=seconds(value.span.end),
        text=value.reading.text,
        confidence=value.reading.score,
        box=value.reading.box.rounded(),
        entity=value.entity_id,
        zone=value.zone,
        by=by,
    )


def caption(value: Caption, names: Mapping[StreamId, str]) -> CaptionOut:
    """A caption."""
    return CaptionOut(
        chunk=value.chunk_id,
        stream=names.get(value.stream_id, value.stream_id),
        stream_id=value.stream_id,
        start_s=seconds(value.span.start),
        end_s=seconds(value.span.end),
        text=value.text,
        model=value.model,
        status=value.status,
    )


def coverage(value: Coverage, names: Mapping[StreamId, str]) -> CoverageOut:
    """One covered span."""
    return CoverageOut(
        stream=names.get(value.stream_id, value.stream_id),
        stream_id=value.stream_id,
        start_s=seconds(value.span.start),
        end_s=seconds(value.span.end),
        state=value.state,
        by=value.by,
        looked_for=list(value.looked_for),
        reason=value.reason,
    )


def span_text(start_s: float, end_s: float) -> str:
    """A span of seconds as people read it: one moment where it is shorter than a tenth of a second."""
    start, end = (round(value * 1_000_000) for value in (start_s, end_s))
    return clock_text(start) if end - start < 100_000 else f"{clock_text(start)}–{clock_text(end)}"


def span_of(start_s: float | None, end_s: float | None) -> Span | None:
    """The span between two times in seconds; None where neither is given. Raises ValueError on a backward one."""
    if start_s is None and end_s is None:
        return None
    start: Micros = round((start_s or 0.0) * 1_000_000)
    end: Micros = round(end_s * 1_000_000) if end_s is not None else 10**15
    return Span(start, end)
