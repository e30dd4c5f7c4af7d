"""Streams, the chunks they are cut into, and the frames that are looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros, Span
from core.ids import ChunkId, EntityId, PassageId, StreamId, passage_id
from core.place import EMPTY_LAYOUT, Layout

Picture = npt.NDArray[np.uint8]
"""H × W × 3, uint8, RGB."""
Grey = npt.NDArray[np.uint8]
"""H × W, uint8: brightness alone."""


class StreamKind(StrEnum):
    """Where a stream's pictures come from."""

    FILE = "file"
    LIVE = "live"


class StreamState(StrEnum):
    """How far a stream has been watched."""

    NEW = "new"
    WATCHING = "watching"
    WATCHED = "watched"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One registered source of pictures (a file, an upload, a camera) with its own clock.

    `source` is a path or URL as given, credentials included: it is a secret and is shown only through `shown_source`.
    `evidence_source` is the same camera's larger picture, likewise secret, which is recorded in place of the one looked at.
    `digest` is the SHA-256 of a file's bytes; two streams with one digest hold the same content. What is `forgotten` of
    it, spans and entities, is not shown, and not learned again.
    """

    id: StreamId
    name: str
    source: str = field(repr=False)
    shown_source: str
    kind: StreamKind = StreamKind.FILE
    evidence_source: str = field(default="", repr=False)
    state: StreamState = StreamState.NEW
    digest: str = ""
    started_at: datetime | None = None
    duration: Micros = 0
    width: int = 0
    height: int = 0
    codec: str = ""
    fps: float = 0.0
    recipe: str = ""
    layout: Layout = EMPTY_LAYOUT
    problem: str = ""
    added_at: datetime | None = None
    forgotten: tuple[Span, ...] = ()
    forgotten_entities: tuple[EntityId, ...] = ()

    def is_forgotten(self, span: Span) -> bool:
        """Whether any of the span was forgotten."""
        return any(forgotten.overlaps(span) for forgotten in self.forgotten)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The way between what two streams show: how long it takes at `least`, and whether both may show one thing at once
    (`together`). Said by whoever knows the place; a row of the ledger.
    """

    one: StreamId
    other: StreamId
    least: Micros = 0
    together: bool = False
    id: PassageId = field(default=PassageId(""))

    def __post_init__(self) -> None:
        if self.one == self.other or self.least < 0:
            raise ValueError("a passage leads from one stream to another, and takes no negative time")
        object.__setattr__(self, "id", passage_id(self.one, self.other))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A span cut by policy: the unit we look at and store. Consecutive chunks may overlap by `overlap`.

    `span` is the part this chunk alone answers for; looking starts `overlap` earlier, so that what straddles the
    cut is seen whole.
    """

    id: ChunkId
    stream_id: StreamId
    index: int
    span: Span
    overlap: Micros = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tile:
    """A part of a large frame, finer than the frame itself: where it begins in source pixels, and its picture with source
    pixels per picture pixel.
    """

    left: float
    top: float
    picture: Picture
    scale: float

    @property
    def width(self) -> float:
        """Source pixels across."""
        return float(self.picture.shape[1]) * self.scale

    @property
    def height(self) -> float:
        """Source pixels down."""
        return float(self.picture.shape[0]) * self.scale

    def __repr__(self) -> str:
        return f"Tile({self.left}, {self.top}, picture={self.picture.shape}, scale={self.scale})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture and the moment it is shown; it never leaves the processes that decode and look at it.

    `picture` may be smaller than the source; `scale` is source pixels per picture pixel. Of a large source, `tiles` show
    finer the parts in which something moved.
    """

    at: Micros
    picture: Picture
    scale: float = 1.0
    tiles: tuple[Tile, ...] = ()

    def __post_init__(self) -> None:
        if self.picture.ndim != 3 or self.picture.shape[2] != 3 or self.picture.dtype != np.uint8:
            raise ValueError(f"a picture is H x W x 3 uint8, got {self.picture.shape} {self.picture.dtype}")

    @property
    def width(self) -> int:
        """Picture pixels across."""
        return int(self.picture.shape[1])

    @property
    def height(self) -> int:
        """Picture pixels down."""
        return int(self.picture.shape[0])

    def __repr__(self) -> str:
        return f"Frame(at={self.at}, picture={self.picture.shape}, scale={self.scale})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """What a decoder knows of a source before it has read it through.

    `fps` is the average rate, 0.0 where unknown. `declared` is how long the pictures are said to last, 0 where nothing
    is said; `sure_of_end` whether that speaks of the pictures alone, so that an earlier end means something is missing.
    """

    codec: str
    fps: float = 0.0
    declared: Micros = 0
    sure_of_end: bool = False
    recorded_at: datetime | None = None

    @property
    def interval(self) -> Micros:
        """The usual time between two pictures."""
        return round(SECOND / (self.fps or 25.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A playable cut made for a person: its bytes and what they are."""

    stream_id: StreamId
    span: Span
    media_type: str
    data: bytes = field(repr=False)
