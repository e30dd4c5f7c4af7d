"""Cuts a stream's time into chunks."""

from __future__ import annotations

from dataclasses import dataclass

from core import ids
from core.clock import Micros, Span
from core.ids import ChunkId, StreamId
from core.media import Chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """How one stream is cut: chunk after chunk of `length`, each looking back by `overlap`.

    The grid knows a moment's chunk before the chunk is finished, so evidence can name it as it is found.
    """

    stream_id: StreamId
    length: Micros
    overlap: Micros
    recipe: str

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.length:
            raise ValueError(f"a chunk needs 0 <= overlap < length, got {self.overlap} and {self.length}")

    def index(self, at: Micros) -> int:
        """Which chunk answers for the moment, from 0."""
        return at // self.length

    def id_at(self, at: Micros) -> ChunkId:
        """The id of the chunk that answers for the moment."""
        return ids.chunk_id(self.stream_id, self.index(at) * self.length, self.length, self.recipe)

    def chunk(self, index: int, *, end: Micros | None = None) -> Chunk:
        """The chunk with that index; `end` cuts the last one short where the stream stops."""
        start = index * self.length
        stop = start + self.length if end is None else min(end, start + self.length)
        return Chunk(
            id=self.id_at(start),
            stream_id=self.stream_id,
            index=index,
            span=Span(start, stop),
            overlap=min(self.overlap, start),
        )
