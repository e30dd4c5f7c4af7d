"""Rows of the SQLite memory as nouns again, by the row's key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import apsw

from core.clock import Span
from core.ids import ChunkId, StreamId
from core.media import Chunk
from core.memory import (
    Caption,
    CaptionStatus,
    Coverage,
    CoverageState,
    Entity,
    Event,
    Evidence,
    Link,
    Participant,
    Relation,
)
from core.place import Box
from core.sight import Track
from graph import rows

T = TypeVar("T")
Rid = int
ByRid = Callable[[apsw.Connection, Sequence[Rid]], dict[Rid, T]]
"""Reads nouns by the keys of their rows."""

LISTED = "(SELECT value FROM json_each(?))"
"""The place in SQL where a JSON list of values is bound."""


_EVERY_STREAM = """
    WITH RECURSIVE known (id) AS (
      SELECT min(stream_id) FROM chunks UNION ALL
      SELECT (SELECT min(stream_id) FROM chunks WHERE stream_id > known.id) FROM known WHERE known.id IS NOT NULL
    ) SELECT id FROM known WHERE id IS NOT NULL
"""  # hops through the index from stream to stream, where DISTINCT would read every chunk


def every_stream(db: apsw.Connection) -> tuple[StreamId, ...]:
    """The streams of which there are chunks, in order of their ids."""
    return tuple(stream for (stream,) in db.execute(_EVERY_STREAM))


def select(
    db: apsw.Connection, sql: str, keys: Iterable[int] | Iterable[str], *values: Any
) -> list[tuple[Any, ...]]:
    """What the statement gives for the keys, bound as one list, and the values after it."""
    return list(db.execute(sql, (json.dumps(list(keys)), *values)))


def _grouped(
    db: apsw.Connection, sql: str, rids: Sequence[Rid], *values: Any
) -> dict[Rid, list[tuple[Any, ...]]]:
    """Rows by their first column, in the order they came."""
    out: dict[Rid, list[tuple[Any, ...]]] = {}
    for rid, *cells in select(db, sql, rids, *values):
        out.setdefault(rid, []).append(tuple(cells))
    return out


def in_order(db: apsw.Connection, by_rid: ByRid[T], rids: Sequence[Rid]) -> tuple[T, ...]:
    """The nouns of these rows, one after another."""
    found = by_rid(db, rids) if rids else {}
    return tuple(found[rid] for rid in rids)


def chunks_by_rid(db: apsw.Connection, rids: Sequence[Rid]) -> dict[Rid, Chunk]:
    """Chunks by row."""
    sql = f"SELECT rid, id, stream_id, number, start_us, end_us, overlap_us FROM chunks WHERE rid IN {LISTED}"
    return {
        rid: Chunk(id=id, stream_id=stream, index=number, span=Span(start, end), overlap=overlap)
        for rid, id, stream, number, start, end, overlap in select(db, sql, rids)
    }


def tracks_by_rid(db: apsw.Connection, rids: Sequence[Rid], chunk: ChunkId | None = None) -> dict[Rid, Track]:
    """Tracks by row, each with the points of all its chunks, or of one."""
    points = _grouped(
        db,
        "SELECT track_rid, points FROM track_points "
        f"WHERE track_rid IN {LISTED} AND (?2 IS NULL OR chunk_id = ?2) ORDER BY track_rid, chunk_us, chunk_id",
        rids,
        chunk,
    )
    sql = (
        "SELECT rid, id, stream_id, number, label, start_us, end_us, confidence, attributes, source "
        f"FROM tracks WHERE rid IN {LISTED}"
    )
    return {
        rid: Track(
            id=id, stream_id=stream, number=number, label=label, span=Span(start, end), confidence=confidence,
            attributes=json.loads(attributes), source=source,
            points=rows.join_points(rows.unpack_points(blob) for (blob,) in points.get(rid, ())),
        )
        for rid, id, stream, number, label, start, end, confidence, attributes, source in select(db, sql, rids)
    }  # fmt: skip


def entities_by_rid(db: apsw.Connection, rids: Sequence[Rid]) -> dict[Rid, Entity]:
    """Entities by row."""
    tracks = _grouped(
        db,
        f"SELECT entity_rid, track_id FROM same_as WHERE entity_rid IN {LISTED} ORDER BY entity_rid, seq",
        rids,
    )
    sql = (
        "SELECT rid, id, stream_id, label, name, start_us, end_us, confidence, attributes "
        f"FROM entities WHERE rid IN {LISTED}"
    )
    return {
        rid: Entity(
            id=id, stream_id=stream, label=label, name=name, span=Span(start, end), confidence=confidence,
            attributes=json.loads(attributes), tracks=tuple(track for (track,) in tracks.get(rid, ())),
        )
        for rid, id, stream, label, name, start, end, confidence, attributes in select(db, sql, rids)
    }  # fmt: skip


def _evidence(db: apsw.Connection, of: str, rids: Sequence[Rid]) -> dict[Rid, tuple[Evidence, ...]]:
    cells = _grouped(
        db,
        f"SELECT {of}_rid, chunk_id, at_us, x1, y1, x2, y2 FROM {of}_evidence "
        f"WHERE {of}_rid IN {LISTED} ORDER BY {of}_rid, seq",
        rids,
    )
    return {
        rid: tuple(
            Evidence(chunk_id=chunk, at=at, box=None if box[0] is None else Box(*box))
            for chunk, at, *box in of_one
        )
        for rid, of_one in cells.items()
    }


def events_by_rid(db: apsw.Connection, rids: Sequence[Rid]) -> dict[Rid, Event]:
    """Events by row, with who took part and the evidence."""
    who = _grouped(
        db,
        f"SELECT event_rid, entity_id, role FROM took_part WHERE event_rid IN {LISTED} ORDER BY event_rid, seq",
        rids,
    )
    evidence = _evidence(db, "event", rids)
    sql = (
        "SELECT rid, id, stream_id, kind, zone, start_us, end_us, confidence, attributes, source, open, "
        f"noticed_us FROM events WHERE rid IN {LISTED}"
    )
    return {
        rid: Event(
            id=id, stream_id=stream, kind=kind, zone=zone, span=Span(start, end), confidence=confidence,
            attributes=json.loads(attributes), source=source, open=bool(is_open), evidence=evidence.get(rid, ()),
            participants=tuple(Participant(entity_id=i, role=role) for i, role in who.get(rid, ())), noticed=noticed,
        )
        for rid, id, stream, kind, zone, start, end, confidence, attributes, source, is_open, noticed
        in select(db, sql, rids)
    }  # fmt: skip


def relations_by_rid(db: apsw.Connection, rids: Sequence[Rid]) -> dict[Rid, Relation]:
    """Relations by row, with the evidence."""
    evidence = _evidence(db, "relation", rids)
    sql = (
        "SELECT rid, id, stream_id, subject, predicate, object, start_us, end_us, confidence, source "
        f"FROM relations WHERE rid IN {LISTED}"
    )
    return {
        rid: Relation(
            id=id, stream_id=stream, subject=subject, predicate=predicate, object=obj, valid=Span(start, end),
            confidence=confidence, source=source, evidence=evidence.get(rid, ()),
        )
        for rid, id, stream, subject, predicate, obj, start, end, confidence, source in select(db, sql, rids)
    }  # fmt: skip


def captions_by_rid(db: apsw.Connection, rids: Sequence[Rid]) -> dict[Rid, Caption]:
    """Captions by row."""
    sql = (
        "SELECT rid, id, stream_id, chunk_id, start_us, end_us, text, model, status "
        f"FROM captions WHERE rid IN {LISTED}"
    )
    return {
        rid: Caption(
            id=id, stream_id=stream, chunk_id=chunk, span=Span(start, end), text=text, model=model,
            status=CaptionStatus(status),
        )
        for rid, id, stream, chunk, start, end, text, model, status in select(db, sql, rids)
    }  # fmt: skip


def coverage_by_rid(db: apsw.Connection, rids: Sequence[Rid]) -> dict[Rid, Coverage]:
    """Coverage by row."""
    sql = (
        "SELECT t.rid, stream_id, start_us, end_us, state, looked_by, labels, reason "
        f"FROM coverage t JOIN label_lists l ON l.rid = t.label_list WHERE t.rid IN {LISTED}"
    )
    return {
        rid: Coverage(
            stream_id=stream, span=Span(start, end), state=CoverageState(state), by=by,
            looked_for=tuple(json.loads(labels)), reason=reason,
        )
        for rid, stream, start, end, state, by, labels, reason in select(db, sql, rids)
    }  # fmt: skip


def links(db: apsw.Connection, where: str, values: Sequence[Any]) -> tuple[Link, ...]:
    """Links `t` that hold the condition, in the order it asks for."""
    sql = f"SELECT one, other, score, source, same FROM links t WHERE {where}"
    return tuple(
        Link(one=one, other=other, score=score, source=source, same=bool(same))
        for one, other, score, source, same in db.execute(sql, values)
    )
