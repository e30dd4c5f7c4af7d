"""The SQLite memory as the observations that would write it again, chunk by chunk."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial

import apsw

from core.ids import StreamId
from core.media import Chunk
from core.memory import Coverage, Observation
from core.sight import Track
from graph import rows
from graph.sqlite import rows as sqlite_rows
from graph.sqlite import vectors as sqlite_vectors
from graph.sqlite.rows import LISTED, Rid

_SPOKEN = ("entities", "events", "relations", "captions")


def observations(db: apsw.Connection, streams: Sequence[StreamId]) -> Iterator[Observation]:
    """The memory (of these streams) in order of stream and time, within one transaction."""
    known = sqlite_rows.every_stream(db)
    for stream in known if not streams else sorted(set(streams) & set(known)):
        sql = f"SELECT rid FROM chunks WHERE stream_id IN {LISTED} ORDER BY start_us, id"
        rids = [rid for (rid,) in sqlite_rows.select(db, sql, [stream])]
        chunks = sqlite_rows.in_order(db, sqlite_rows.chunks_by_rid, rids)
        spoken = {table: _by_chunk(db, table, stream, chunks) for table in _SPOKEN}
        for chunk in chunks:
            yield _observation(db, chunk, {table: of.get(chunk.id, []) for table, of in spoken.items()})


def _by_chunk(
    db: apsw.Connection, table: str, stream: StreamId, chunks: Sequence[Chunk]
) -> dict[str, list[Rid]]:
    """A stream's rows, in order of time, by the chunk that had the last word on them."""
    out: dict[str, list[Rid]] = {}
    starts = [chunk.span.start for chunk in chunks]
    sql = f"SELECT rid, said_us FROM {table} WHERE stream_id = ? ORDER BY start_us, id"
    for rid, said in db.execute(sql, (stream,)):
        out.setdefault(chunks[rows.speaker(said, starts)].id, []).append(rid)
    return out


def _observation(db: apsw.Connection, chunk: Chunk, said: dict[str, list[Rid]]) -> Observation:
    vectors = itertools.chain.from_iterable(
        sqlite_vectors.of_facts(db, table, said[table]) for table in sqlite_vectors.OWNERS if said[table]
    )
    return Observation(
        chunk=chunk,
        tracks=_tracks(db, chunk),
        entities=sqlite_rows.in_order(db, sqlite_rows.entities_by_rid, said["entities"]),
        events=sqlite_rows.in_order(db, sqlite_rows.events_by_rid, said["events"]),
        relations=sqlite_rows.in_order(db, sqlite_rows.relations_by_rid, said["relations"]),
        captions=sqlite_rows.in_order(db, sqlite_rows.captions_by_rid, said["captions"]),
        coverage=_coverage(db, chunk),
        vectors=tuple(sorted(vectors, key=lambda vector: (vector.of, vector.model))),
    )


def _tracks(db: apsw.Connection, chunk: Chunk) -> tuple[Track, ...]:
    """The tracks seen in the chunk, with the points they have in it."""
    sql = (
        "SELECT t.rid FROM tracks t JOIN track_points p ON p.track_rid = t.rid "
        "WHERE p.chunk_id = ? ORDER BY t.start_us, t.id"
    )
    rids = [rid for (rid,) in db.execute(sql, (chunk.id,))]
    return sqlite_rows.in_order(db, partial(sqlite_rows.tracks_by_rid, chunk=chunk.id), rids)


def _coverage(db: apsw.Connection, chunk: Chunk) -> tuple[Coverage, ...]:
    sql = "SELECT rid FROM coverage WHERE chunk_id = ? ORDER BY rid"
    rids = [rid for (rid,) in db.execute(sql, (chunk.id,))]
    return sqlite_rows.in_order(db, sqlite_rows.coverage_by_rid, rids)
