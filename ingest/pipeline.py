"""Watches one stream from end to end: decode → detect → track → events → caption → one write per chunk.

The function `watch` reads as the recipe. Everything that perception has to remember between two chunks lies in a
`Checkpoint`, saved after each write, so that a run that was cut off goes on with the chunk after the last written one.
What happens is written once more as soon as it is noticed, so that nobody is warned of it only at the chunk's end.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace

from core.clock import Micros, covered
from core.errors import BadMedia, Conflict
from core.media import Stream, StreamState
from core.memory import Caption, CaptionStatus, CoverageState, Query, Want
from core.ports import Detector, GraphStore, House
from core.settings import Settings
from core.work import Progress, quiet
from ingest.decode.looks import DecodePlan, looks
from ingest.forgotten import amend
from ingest.run import OnChunk, Run
from ingest.source import resolve_source

log = logging.getLogger(__name__)

RECIPE_VERSION = 23
"""Goes up whenever the same pictures would give other events: what an older version learned is then learned anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What came of watching one stream: how long it is, what was learned, and how its time was spent.

    `problem` says why the rest could not be looked at, where a file broke off; then `failed` is not 0. `captions` are
    counted by their status.
    """

    stream: Stream
    chunks: int
    events: int
    entities: int
    looked: Micros
    gated: Micros
    failed: Micros
    seconds: float
    problem: str = ""
    captions: dict[str, int] = field(default_factory=dict)


def recipe(detector: Detector, settings: Settings, wanted: tuple[str, ...] = (), *, longest: int = 0) -> str:
    """What decides the outcome of watching, in one line: part of every chunk's and track's id.

    `longest` is the longest side of a file's picture: above a setting it is looked at in tiles. `wanted` are the words a second look asks for, by the model that SIGHTLINE_DETECTOR names.
    """
    second = f"/{settings.detector}" if wanted else ""
    tiles = f"/tiles above {settings.tile_above}" if 0 < settings.tile_above < longest else ""
    keys = " of key pictures" if settings.keyframes else ""
    return (
        f"{RECIPE_VERSION}/{detector.name}/{settings.chunk_s:g}s+{settings.overlap_s:g}"
        f"/{settings.looks_per_s:g}-{settings.idle_looks_per_s:g}/s{keys}/{settings.look_width}px{tiles}{second}"
    )


def watch(
    stream: Stream,
    house: House,
    settings: Settings,
    *,
    progress: Progress = quiet,
    on_chunk: OnChunk | None = None,
) -> Watched:
    """Watches the stream to its end and returns what was learned; a stream watched before by this recipe is not
    watched again.

    `on_chunk` is told of each observation right after it was written: of a whole chunk's at its end, and before that of
    what was noticed in it, with the span looked at so far. Raises `BadMedia` when not one frame could be
    read, `core.work.Cancelled` when `progress` does; what was written until then stays. How a run that raised is
    noted on the stream's row is the caller's to say (`jobs/handlers.py`).
    """
    began = time.monotonic()
    detector = house.detector()
    how = recipe(detector, settings, house.wanted, longest=max(stream.width, stream.height))
    if stream.state is StreamState.WATCHED and stream.recipe == how:
        return summary(stream, house.store, began)
    _check_forgotten(stream, how)
    run = Run(stream, house, settings, how, detector)
    with closing(run):
        problem = _through(run, progress, on_chunk)
    length = run.stream.duration

    def ended(row: Stream) -> Stream:
        return replace(row, state=StreamState.WATCHED, problem=problem, duration=length)

    done = amend(house.ledger, stream.id, ended)
    run.checkpoints.drop(stream.id)
    return summary(done, house.store, began)


def _through(run: Run, progress: Progress, on_chunk: OnChunk | None) -> str:
    """Looks at everything that is left; returns why the rest could not be read, if so."""
    problem = ""
    source = resolve_source(run.stream, run.house.media)
    try:
        with closing(looks(source, _plan(run))) as coming:
            for look in coming:
                run.finish_until(look.at, progress, on_chunk)
                run.take(look)
                run.tell(on_chunk)
    except BadMedia as error:
        if run.is_new:
            raise
        problem = error.message
        log.warning("stream %s breaks off: %s", run.stream.name, problem)
    run.finish_all(problem, progress, on_chunk)
    return problem


def _plan(run: Run) -> DecodePlan:
    s = run.settings
    return DecodePlan(
        look_width=s.look_width,
        looks_per_s=s.looks_per_s,
        idle_looks_per_s=s.idle_looks_per_s,
        start=run.memory.next_chunk * run.grid.length,
        keyframes=s.keyframes,
        tile_above=s.tile_above,
        decoder=s.decoder,
        stall_s=s.stall_s,
        memory_mb=s.decode_memory_mb,
    )


def _check_forgotten(stream: Stream, how: str) -> None:
    """Raises `Conflict` where watching anew would bring back, under other ids, entities that were forgotten."""
    if stream.forgotten_entities and stream.recipe not in ("", how):
        raise Conflict(
            f"{stream.name!r} cannot be watched anew: that would bring back {len(stream.forgotten_entities)} forgotten entities",
            next_step="keep what was learned; or forget the spans they were there in, or the stream, and watch that",
        )


def summary(stream: Stream, store: GraphStore, began: float) -> Watched:
    """What is known of the stream, which was watched since `began` (seconds of the monotonic clock)."""

    def found(want: Want) -> Query:
        return Query(want=want, streams=(stream.id,))

    coverage = store.find(found(Want.COVERAGE)).coverage
    captions = store.find(found(Want.CAPTIONS)).captions

    def time_in(*states: CoverageState) -> Micros:
        return covered(entry.span for entry in coverage if entry.state in states)

    return Watched(
        stream=stream,
        chunks=len(store.find(found(Want.CHUNKS)).chunks),
        events=len(store.find(found(Want.EVENTS)).events),
        entities=len(store.find(found(Want.ENTITIES)).entities),
        looked=time_in(CoverageState.LOOKED),
        gated=time_in(CoverageState.GATED),
        failed=time_in(CoverageState.FAILED, CoverageState.DOWN),
        seconds=time.monotonic() - began,
        problem="; ".join(part for part in (stream.problem, _unsaid(captions)) if part),
        captions=dict(Counter(caption.status.value for caption in captions)),
    )


def _unsaid(captions: tuple[Caption, ...]) -> str:
    """What became of captions nobody wrote in a form that can be used, in words; empty where all were written."""
    out = []
    for status, words in ((CaptionStatus.FAILED, "failed"), (CaptionStatus.UNPARSED, "could not be read")):
        those = [caption for caption in captions if caption.status is status]
        if those:
            out.append(f"{len(those)} of {len(captions)} captions {words}: {those[0].text[:300]}")
    return "; ".join(out)
