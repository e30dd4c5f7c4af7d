"""What is remembered: entities, events, relations, captions, coverage — each with its span, confidence and evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.clock import Micros, Span
from core.ids import CaptionId, ChunkId, EntityId, EventId, RelationId, StreamId, TrackId
from core.media import Chunk
from core.place import Box
from core.sight import Attributes, Track

EVENT_KINDS: tuple[str, ...] = (
    "appeared", "left", "entered_zone", "left_zone", "crossed_line", "stopped", "started", "dwelled", "turned",
    "approached", "together", "parted", "near_miss", "collision", "fell", "running", "wrong_way", "speeding", "queue",
    "crowd", "object_left", "object_removed", "shelf_empty", "shelf_restocked", "blocked", "stalled", "on_road",
    "possession", "pass", "shot", "goal", "goal_area", "ball_out", "fast_break", "scene_changed", "camera_moved", "camera_dark", "camera_covered",
    "camera_blurred", "camera_frozen", "text_seen", "text_changed", "score_changed", "stream_down", "stream_up",
)  # fmt: skip
"""The common kinds of event; the vocabulary is open."""


def checked_confidence(value: float) -> None:
    """Raises ValueError unless `value` is between 0 and 1."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"a confidence is between 0 and 1, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a claim can be checked: a chunk, a moment in it and, where there is one, a box in source pixels."""

    chunk_id: ChunkId
    at: Micros
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """The same thing across tracks, streams and days: what it is, how it looks, and when it was in the picture.

    One entity per visit is the rule inside one stream: broken track pieces of one visit belong to one entity.
    """

    id: EntityId
    stream_id: StreamId
    label: str
    span: Span
    confidence: float
    attributes: Attributes = field(default_factory=dict)
    tracks: tuple[TrackId, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        checked_confidence(self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Who took part in an event, and as what (subject, object, vehicle, person, owner …)."""

    entity_id: EntityId
    role: str = "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened: what kind, when, to whom, where, how sure, on what evidence, and says who.

    `open` is true while it still goes on (a rest that has not ended): the same id is written again with a later end.
    `zone` is the name of the zone, line or lane it happened at. `noticed` is the moment of the look with which it was
    recognised: never before the event began, and as long after it as its definition and the seeing took.
    """

    id: EventId
    stream_id: StreamId
    kind: str
    span: Span
    participants: tuple[Participant, ...] = ()
    zone: str | None = None
    confidence: float = 1.0
    evidence: tuple[Evidence, ...] = ()
    source: str = ""
    attributes: Attributes = field(default_factory=dict)
    open: bool = False
    noticed: Micros | None = None

    def __post_init__(self) -> None:
        checked_confidence(self.confidence)

    @property
    def entity_ids(self) -> tuple[EntityId, ...]:
        """Everyone who took part."""
        return tuple(p.entity_id for p in self.participants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A fact between two entities and the span for which it holds."""

    id: RelationId
    stream_id: StreamId
    subject: EntityId
    predicate: str
    object: EntityId
    valid: Span
    confidence: float
    evidence: tuple[Evidence, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        checked_confidence(self.confidence)


class CaptionStatus(StrEnum):
    """What became of a request for a caption."""

    OK = "ok"
    UNPARSED = "unparsed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What a model said of a chunk, word for word, with the model's name and version; never edited.

    `status` is `unparsed` when the reply was not of the asked form (then `text` is the raw reply) and `failed` when
    there was none (then `text` is the reason).
    """

    id: CaptionId
    chunk_id: ChunkId
    stream_id: StreamId
    span: Span
    text: str
    model: str
    status: CaptionStatus = CaptionStatus.OK


class CoverageState(StrEnum):
    """How a span was treated."""

    LOOKED = "looked"
    GATED = "gated"
    FAILED = "failed"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A span and how it was treated: looked at (by what, for which labels), gated (nothing moved), failed, or down.

    A gated span counts as covered: nothing moved in it. What no entry names, nobody looked at.
    """

    stream_id: StreamId
    span: Span
    state: CoverageState
    by: str = ""
    looked_for: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """All that was learned from one chunk: the unit in which memory is written, all or nothing, twice = once."""

    chunk: Chunk
    tracks: tuple[Track, ...] = ()
    entities: tuple[Entity, ...] = ()
    events: tuple[Event, ...] = ()
    relations: tuple[Relation, ...] = ()
    captions: tuple[Caption, ...] = ()
    coverage: tuple[Coverage, ...] = ()


class Want(StrEnum):
    """What a query asks the memory for."""

    EVENTS = "events"
    ENTITIES = "entities"
    RELATIONS = "relations"
    CAPTIONS = "captions"
    CHUNKS = "chunks"
    TRACKS = "tracks"
    COVERAGE = "coverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A typed question to the memory. Empty fields do not restrict; several values in one field mean any of them.

    `span` keeps what overlaps it. `text` is matched word by word (BM25, any word) against events, captions and
    entities and is applied inside the other bounds. Results are in order of time (then id), or best first with `text`.
    """

    want: Want
    streams: tuple[StreamId, ...] = ()
    span: Span | None = None
    kinds: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    entities: tuple[EntityId, ...] = ()
    ids: tuple[str, ...] = ()
    text: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a query brought back; only the wanted field is filled (`around` fills several)."""

    events: tuple[Event, ...] = ()
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    captions: tuple[Caption, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    tracks: tuple[Track, ...] = ()
    coverage: tuple[Coverage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How much went when something was forgotten, by kind of row."""

    counts: dict[str, int] = field(default_factory=dict)
