"""Chunks whose captions are owed: a run was cut off while they were with the model."""

from __future__ import annotations

from collections.abc import Iterator

from core.clock import Micros, Span
from core.ids import StreamId
from core.media import Chunk
from core.memory import CoverageState, Observation, Query, Want
from core.ports import GraphStore
from ingest.captions.caption import MOST_PICTURES
from ingest.second_look import moments


def owed(stream: StreamId, store: GraphStore) -> Iterator[tuple[Observation, list[Micros]]]:
    """Every chunk of the stream that was looked at and has no caption of any kind, as it is remembered, and the moments
    whose pictures are to be shown of it.
    """

    def of(want: Want, span: Span | None = None) -> Query:
        return Query(want=want, streams=(stream,), span=span)

    told = {caption.chunk_id for caption in store.find(of(Want.CAPTIONS)).captions}
    for chunk in store.find(of(Want.CHUNKS)).chunks:
        if chunk.id in told:
            continue
        span = chunk.span
        found = Observation(
            chunk=chunk,
            tracks=store.find(of(Want.TRACKS, span)).tracks,
            entities=store.find(of(Want.ENTITIES, span)).entities,
            events=store.find(of(Want.EVENTS, span)).events,
            coverage=tuple(c for c in store.find(of(Want.COVERAGE, span)).coverage if span.covers(c.span)),
        )
        if shown := _moments(chunk, found):
            yield found, shown


def _moments(chunk: Chunk, found: Observation) -> list[Micros]:
    """Moments of its events, and others spread over what of the chunk was looked at."""
    looked = [c.span for c in found.coverage if c.state is CoverageState.LOOKED]
    if not looked:
        return []
    step = max(1, sum(span.duration for span in looked) // MOST_PICTURES)
    spread = [at for span in looked for at in range(span.start + step // 2, span.end, step)]
    told = moments(found.events, within=chunk.span)[: MOST_PICTURES // 2]
    return sorted({*told, *spread})
