"""What is remembered: entities, events, relations, captions, coverage — each with its span, confidence and evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from core.clock import Micros, Span
from core.ids import CaptionId, ChunkId, EntityId, EventId, LinkId, RelationId, StreamId, TrackId, link_id
from core.media import Chunk
from core.place import Box
from core.sight import Attributes, Track

EVENT_KINDS: tuple[str, ...] = (
    "appeared", "left", "entered_zone", "left_zone", "crossed_line", "stopped", "started", "dwelled", "turned",
    "approached", "together", "parted", "near_miss", "collision", "fell", "running", "wrong_way", "speeding", "queue",
    "crowd", "object_left", "object_removed", "shelf_empty", "shelf_restocked", "blocked", "stalled", "on_road",
    "possession", "pass", "shot", "goal", "goal_area", "ball_out", "fast_break", "scene_changed", "camera_moved", "camera_dark", "camera_covered",
    "camera_blurred", "camera_frozen", "text_seen", "text_changed", "score_changed", "stream_down", "stream_up",
    "described", "action", "hazard",
)  # fmt: skip
"""The common kinds of event; the vocabulary is open."""
ALARMS: frozenset[str] = frozenset(
    {
        "near_miss", "collision", "fell", "wrong_way", "speeding", "on_road", "stalled", "blocked", "object_left",
        "object_removed", "shelf_empty", "crowd", "queue", "camera_dark", "camera_moved", "camera_covered",
        "camera_frozen", "camera_blurred",
    }
)  # fmt: skip
"""Kinds that somebody is woken for; coming, going and playing ball are not."""
WAKES_FROM = 0.5
"""The confidence from which an alarm may wake somebody: from here on it is rather true than not."""


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
    """What became of a request for a caption; `skipped` where none was made."""

    OK = "ok"
    UNPARSED = "unparsed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What a model said of a chunk, word for word, with the model's name and version; never edited.

    `status` is `unparsed` when the reply was not of the asked form (then `text` is the raw reply), `failed` when there
    was none, and `skipped` when the model was not asked (then `text` is the reason).
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
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A span and how it was treated: looked at (by what, for which labels), gated (nothing moved), failed, or down.

    A gated span counts as covered: nothing moved in it. What no entry names, nobody looked at; what was looked at `by`
    nobody was only read through, for seeing was switched off. A span is `untold`
    besides where the model `by` was asked what it shows and its reply, or part of it, could not be used: what only it
    could have told is not known.
    """

    stream_id: StreamId
    span: Span
    state: CoverageState
    by: str = ""
    looked_for: tuple[str, ...] = ()
    reason: str = ""


HAND = "hand"
"""The source of what a person said of the memory; no program's word replaces it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Whether two entities are the same thing (`SAME_AS`), how sure that is (`score`, 0 to 1) and who says so.

    A link is known by its two ends, whose order does not matter: they are kept in the order of their ids. What `HAND`
    says stands until `HAND` says otherwise. Raises ValueError for an entity linked to itself.
    """

    one: EntityId
    other: EntityId
    score: float
    source: str
    same: bool = True

    def __post_init__(self) -> None:
        checked_confidence(self.score)
        if self.one == self.other:
            raise ValueError(f"the entity {self.one} is linked to itself")
        if self.one > self.other:
            one, other = self.other, self.one
            object.__setattr__(self, "one", one)
            object.__setattr__(self, "other", other)

    @property
    def id(self) -> LinkId:
        """Derived from the two ends."""
        return link_id(self.one, self.other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """Where an event, a caption or an entity lies in the space of one model: near lies what is alike.

    `of` is the fact's id, `model` the name of the embedder; `values` are half-precision numbers, lowest byte first.
    Raises ValueError for numbers that are not finite, or all of them 0.
    """

    of: str
    model: str
    values: bytes

    def __post_init__(self) -> None:
        row = self.row
        if not len(row) or not np.isfinite(row).all() or not row.any():
            raise ValueError(f"the vector of {self.of} by {self.model} points nowhere")

    @classmethod
    def of_row(cls, of: str, model: str, row: npt.NDArray[np.floating]) -> Vector:
        """The vector with these numbers, scaled to length 1."""
        long = np.asarray(row, np.float32)
        length = float(np.linalg.norm(long))
        scaled = long / length if length > 0 else long
        return cls(of=of, model=model, values=scaled.astype("<f2").tobytes())

    @property
    def length(self) -> int:
        """How many numbers it has."""
        return len(self.values) // 2

    @property
    def row(self) -> npt.NDArray[np.float32]:
        """Its numbers."""
        return np.frombuffer(self.values, "<f2").astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """All that was learned from one chunk: the unit in which memory is written, all or nothing, twice = once.

    `vectors` are of its own entities, events and captions, and part of the word on them: the later word replaces them.
    """

    chunk: Chunk
    tracks: tuple[Track, ...] = ()
    entities: tuple[Entity, ...] = ()
    events: tuple[Event, ...] = ()
    relations: tuple[Relation, ...] = ()
    captions: tuple[Caption, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    vectors: tuple[Vector, ...] = ()


class Want(StrEnum):
    """What a query asks the memory for."""

    EVENTS = "events"
    ENTITIES = "entities"
    RELATIONS = "relations"
    CAPTIONS = "captions"
    CHUNKS = "chunks"
    TRACKS = "tracks"
    COVERAGE = "coverage"
    LINKS = "links"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A typed question to the memory. Empty fields do not restrict; several values in one field mean any of them.

    `span` keeps what overlaps it. `text` is matched word by word (BM25, any word) against events, captions and
    entities; `like` keeps those of them that have a vector of its model. Both rank inside the other bounds; to ask for
    both at once is refused: `graph/retrieve.py` fuses. Results are in order of time (then id), or best first with
    `text` or `like`. Links have no time: they are bounded by `entities`, `ids` and the `streams` of either end, and
    ordered by id.
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
    like: Vector | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a query brought back; only the wanted field is filled (`around` fills several).

    With `like` the `vectors` of its model come along, one for each fact found, in that order.
    """

    events: tuple[Event, ...] = ()
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    captions: tuple[Caption, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    tracks: tuple[Track, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    links: tuple[Link, ...] = ()
    vectors: tuple[Vector, ...] = ()


class By(StrEnum):
    """What facts are put together by. Hours and days are whole ones since the beginning of the clock that counts."""

    STREAM = "stream"
    KIND = "kind"
    ZONE = "zone"
    LABEL = "label"
    ENTITY = "entity"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """Facts to be counted by the store: the events or entities a query bounds, put together `by` what.

    `shift` is added to a stream's clock before hours and days are told (the wall clock's: its start since 1970).
    An event counts under every label or entity that took part in it, and under '' where nobody did; an entity counts
    under its own. `kind` and `zone` say nothing of entities: ''. With `top` only so many groups, the largest first.
    The query's own `limit`, `text` and `like` do not count and are refused.
    """

    query: Query
    by: tuple[By, ...] = ()
    shift: dict[StreamId, Micros] = field(default_factory=dict)
    top: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One group: its values in the order of `by`, how many facts, how long they last together, and when.

    A fact's time counts where it lies in the query's span. It belongs to the hour and day in which it begins.
    `span` runs from the beginning of the first to the end of the last, on the shifted clock.
    """

    key: tuple[str | int, ...]
    count: int
    duration: Micros
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is to be forgotten: whole streams, a span of streams, or entities. Raises ValueError for neither.

    Of a span goes whatever overlaps it: chunks with their track points, captions, coverage, events and relations; the
    tracks and entities that lie in it whole, and those of whose points or tracks none is left; and the stream whole
    where no chunk is left. Of an entity go its tracks, links and vectors, its relations, the events in which nobody
    else took part, and its part in the others. What is left no longer cites what went.
    """

    streams: tuple[StreamId, ...] = ()
    span: Span | None = None
    entities: tuple[EntityId, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.streams) == bool(self.entities) or (self.span is not None and not self.streams):
            raise ValueError("forget streams, a span of streams, or entities")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How much went when something was forgotten, by kind of row."""

    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What an analyst's query brought back: plain values in columns. `more` says that rows were left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool = False
