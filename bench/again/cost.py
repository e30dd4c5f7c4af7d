"""What knowing the same thing again costs where many were seen: milliseconds a new visit, over a SQLite memory."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core import ids
from core.clock import SECOND, Span
from core.colour import BY_COLOURS, COLOURS
from core.ids import StreamId
from core.media import Chunk, Stream
from core.memory import Entity, Observation, Vector
from graph.ledger import MemoryLedger
from graph.resolve import resolve
from graph.sqlite.store import SqliteStore

STREAMS = 100
CHUNK: int = 10 * SECOND
ASKED = 200


def cost(visits: int) -> tuple[float, float]:
    """The median and the 95th percentile over `ASKED` new visits, after so many of the same day on 100 streams."""
    dice = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="sightline-cost-") as folder:
        store, ledger = SqliteStore(Path(folder, "memory.db")), MemoryLedger()
        streams = [ids.stream_id(f"camera {n}") for n in range(STREAMS)]
        for n, stream in enumerate(streams):
            ledger.put(
                Stream(id=stream, name=str(n), source="", shown_source="", started_at=datetime(2026, 3, 2, 0, n % 60, tzinfo=UTC))
            )  # fmt: skip
        each = visits // STREAMS
        for n in range(each):
            for stream in streams:
                store.write(_visit(dice, stream, n, each))
        took = []
        for n in range(ASKED):
            new = _visit(dice, streams[n % STREAMS], each + n // STREAMS, each)
            store.write(new)
            began = time.perf_counter()
            resolve(new, store=store, ledger=ledger)
            took.append(1000 * (time.perf_counter() - began))
        store.close()
    took.sort()
    return took[len(took) // 2], took[int(0.95 * len(took))]


def _visit(dice: np.random.Generator, stream: StreamId, number: int, each: int) -> Observation:
    """Somebody's visit of 6 s in a chunk of its own, the day's visits spread evenly, in clothes of two colours and a little of all."""
    start = number * (86_000 * SECOND // max(each, 1)) // CHUNK * CHUNK
    track = ids.track_id(stream, number, "cost")
    id = ids.entity_id(stream, track)
    halves = [0.02 * dice.random(len(COLOURS)) for _ in range(2)]
    for half in halves:
        half[dice.integers(len(COLOURS))] += 0.6
        half[dice.integers(len(COLOURS))] += 0.3
    look = np.sqrt(np.concatenate([half / half.sum() / 2 for half in halves]))
    who = Entity(
        id=id, stream_id=stream, label="person", span=Span(start + SECOND, start + 7 * SECOND), confidence=0.9, tracks=(track,)
    )  # fmt: skip
    return Observation(
        chunk=Chunk(
            id=ids.chunk_id(stream, start, CHUNK, "cost"),
            stream_id=stream,
            index=start // CHUNK,
            span=Span(start, start + CHUNK),
        ),
        entities=(who,),
        vectors=(Vector.of_row(id, BY_COLOURS, look),),
    )
