"""The memory over time in one SQLite file: written a chunk at a time, and read while it is being written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import apsw

from core.ids import StreamId
from core.media import Chunk
from core.memory import (
    Caption,
    Coverage,
    Entity,
    Event,
    Evidence,
    Forgotten,
    Found,
    Observation,
    Query,
    Relation,
    Want,
)
from core.sight import Track
from graph import rows, sqlite_find, sqlite_rows, words
from graph.database import Database
from graph.migrations import MEMORY

_TABLES = ("chunks", "tracks", "entities", "events", "relations", "captions", "coverage")


class SqliteStore:
    """A `GraphStore` in one file (`graph/schema.sql`). Threads and processes may share it, writers too.

    A fact written again is replaced by the later word: that of the chunk further on in the stream, whatever the
    order of writing. What `write` has returned from outlives the death of the process (`graph/database.py` says why).
    Raises `StoreUnavailable` where the file is damaged, full, read-only, held, or of a newer version.
    """

    def __init__(self, path: str | Path) -> None:
        self._db = Database(path, MEMORY)

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._db.path

    def write(self, observation: Observation, /) -> None:
        """Writes one chunk's observation in one transaction; raises `Invalid` for what cannot be kept as it is."""
        rows.check(observation)
        with self._db.write() as db:
            _Writing(db, observation.chunk).all_of(observation)

    def find(self, query: Query, /) -> Found:
        """What the query asks for; raises `Invalid` for a negative limit."""
        with self._db.read() as db:
            return sqlite_find.find(db, query)

    def around(self, ids: Sequence[str], hops: int = 1, /) -> Found:
        """The given entities and events, all within `hops` edges of them, and the relations between those entities."""
        with self._db.read() as db:
            near = frontier = set(ids)
            for _ in range(hops):
                frontier = sqlite_find.neighbours(db, frontier) - near
                if not frontier:
                    break
                near = near | frontier
            entities = (
                sqlite_find.find(db, Query(want=Want.ENTITIES, ids=tuple(near))).entities if near else ()
            )
            events = sqlite_find.find(db, Query(want=Want.EVENTS, ids=tuple(near))).events if near else ()
            relations = sqlite_find.relations_between(db, [entity.id for entity in entities])
        return Found(events=events, entities=entities, relations=relations)

    def forget(self, stream: StreamId, /) -> Forgotten:
        """Removes all that was learned from the stream, and every mention of it in other streams' facts."""
        with self._db.write() as db:
            counts = _forget(db, stream)
        self._db.shrink()
        return Forgotten(counts=counts)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()


class _Writing:
    """One observation on its way into the tables, inside one transaction."""

    def __init__(self, db: apsw.Connection, chunk: Chunk) -> None:
        self._db = db
        self._chunk = chunk
        self._said = chunk.span.start

    def all_of(self, observation: Observation) -> None:
        self._write_chunk()
        for track in observation.tracks:
            self._write_track(track)
        renamed = [entity.id for entity in observation.entities if self._write_entity(entity)]
        spoken = {rid for event in observation.events if (rid := self._write_event(event)) is not None}
        spoken |= _events_of(self._db, renamed)
        _index_events(self._db, spoken)
        for relation in observation.relations:
            self._write_relation(relation)
        for caption in observation.captions:
            self._write_caption(caption)
        self._write_coverage(observation.coverage)

    def _write_chunk(self) -> None:
        c = self._chunk
        self._db.execute(
            "INSERT INTO chunks (id, stream_id, number, start_us, end_us, overlap_us) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET stream_id = excluded.stream_id, number = excluded.number, "
            "start_us = excluded.start_us, end_us = excluded.end_us, overlap_us = excluded.overlap_us",
            (c.id, c.stream_id, c.index, c.span.start, c.span.end, c.overlap),
        )

    def _write_track(self, track: Track) -> None:
        # The span is the hull of all that was said; the rest is the later word's.
        rid = self._db.execute(
            "INSERT INTO tracks (id, stream_id, number, label, start_us, end_us, confidence, attributes, source, said_us) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "start_us = min(start_us, excluded.start_us), end_us = max(end_us, excluded.end_us), "
            + ", ".join(
                f"{name} = iif(excluded.said_us >= said_us, excluded.{name}, {name})"
                for name in ("stream_id", "number", "label", "confidence", "attributes", "source")
            )
            + ", said_us = max(said_us, excluded.said_us) RETURNING rid",
            (
                track.id, track.stream_id, track.number, track.label, track.span.start, track.span.end,
                track.confidence, rows.pack_attributes(track.attributes), track.source, self._said,
            ),
        ).get  # fmt: skip
        points = sorted(track.points, key=lambda point: point.at)
        self._db.execute(
            "INSERT OR REPLACE INTO track_points (track_rid, chunk_us, chunk_id, points) VALUES (?, ?, ?, ?)",
            (rid, self._said, self._chunk.id, rows.pack_points(points)),
        )

    def _write_entity(self, entity: Entity) -> bool:
        """Whether the words it is found by have changed."""
        before: list[tuple[Any, ...]] = self._db.execute(
            "SELECT label, name, attributes FROM entities WHERE id = ?", (entity.id,)
        ).fetchall()
        spoken = words.entity_terms(entity)
        rid = self._upsert(
            "entities",
            id=entity.id, stream_id=entity.stream_id, label=entity.label, name=entity.name,
            start_us=entity.span.start, end_us=entity.span.end, confidence=entity.confidence,
            attributes=rows.pack_attributes(entity.attributes), words=len(spoken), said_us=self._said,
        )  # fmt: skip
        if rid is None:
            return False
        self._set("same_as", "entity_rid", rid, ("track_id",), [(track,) for track in entity.tracks])
        if before:
            label, name, attributes = before[0]
            if words.terms(words.looks_text(label, name, json.loads(attributes))) == spoken:
                return False
        _index(self._db, "entity_words", rid, spoken)
        return True

    def _write_event(self, event: Event) -> int | None:
        rid = self._upsert(
            "events",
            id=event.id, stream_id=event.stream_id, kind=event.kind, zone=event.zone, start_us=event.span.start,
            end_us=event.span.end, confidence=event.confidence, attributes=rows.pack_attributes(event.attributes),
            source=event.source, open=int(event.open), noticed_us=event.noticed, said_us=self._said,
        )  # fmt: skip
        if rid is not None:
            who = [(p.entity_id, p.role) for p in event.participants]
            self._set("took_part", "event_rid", rid, ("entity_id", "role"), who)
            self._write_evidence("event", rid, event.evidence)
        return rid

    def _write_relation(self, relation: Relation) -> None:
        rid = self._upsert(
            "relations",
            id=relation.id, stream_id=relation.stream_id, subject=relation.subject, predicate=relation.predicate,
            object=relation.object, start_us=relation.valid.start, end_us=relation.valid.end,
            confidence=relation.confidence, source=relation.source, said_us=self._said,
        )  # fmt: skip
        if rid is not None:
            self._write_evidence("relation", rid, relation.evidence)

    def _write_caption(self, caption: Caption) -> None:
        spoken = words.caption_terms(caption)
        rid = self._upsert(
            "captions",
            id=caption.id, stream_id=caption.stream_id, chunk_id=caption.chunk_id, start_us=caption.span.start,
            end_us=caption.span.end, text=rows.kept_text(caption.text), model=caption.model,
            status=caption.status.value, words=len(spoken), said_us=self._said,
        )  # fmt: skip
        if rid is not None:
            _index(self._db, "caption_words", rid, spoken)

    def _write_coverage(self, coverage: Iterable[Coverage]) -> None:
        self._db.execute("DELETE FROM coverage WHERE chunk_id = ?", (self._chunk.id,))
        self._db.executemany(
            "INSERT INTO coverage (stream_id, chunk_id, start_us, end_us, state, looked_by, looked_for, reason) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    c.stream_id, self._chunk.id, c.span.start, c.span.end, c.state.value, c.by,
                    json.dumps(c.looked_for, ensure_ascii=False), c.reason,
                )
                for c in coverage
            ],
        )  # fmt: skip

    def _write_evidence(self, of: str, rid: int, evidence: Iterable[Evidence]) -> None:
        cells = [
            (e.chunk_id, e.at, *((e.box.x1, e.box.y1, e.box.x2, e.box.y2) if e.box else (None,) * 4))
            for e in evidence
        ]
        self._set(f"{of}_evidence", f"{of}_rid", rid, ("chunk_id", "at_us", "x1", "y1", "x2", "y2"), cells)

    def _upsert(self, table: str, **cells: str | float | None) -> int | None:
        """The row's key; None where a later word stands already."""
        names = ", ".join(cells)
        changed = ", ".join(f"{name} = excluded.{name}" for name in cells)
        rid: int | None = self._db.execute(
            f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(cells))}) "
            f"ON CONFLICT (id) DO UPDATE SET {changed} WHERE excluded.said_us >= said_us RETURNING rid",
            tuple(cells.values()),
        ).get
        return rid

    def _set(
        self, table: str, owner: str, rid: int, names: Sequence[str], cells: Sequence[tuple[object, ...]]
    ) -> None:
        """Replaces what belongs to one row as a whole."""
        self._db.execute(f"DELETE FROM {table} WHERE {owner} = ?", (rid,))
        self._db.executemany(
            f"INSERT INTO {table} ({owner}, seq, {', '.join(names)}) VALUES (?, ?{', ?' * len(names)})",
            [(rid, seq, *row) for seq, row in enumerate(cells)],
        )


def _index(db: apsw.Connection, table: str, rid: int, spoken: Iterable[str]) -> None:
    db.execute(
        f"INSERT OR REPLACE INTO {table} (rowid, text) VALUES (?, ?)",
        (rid, " ".join(sorted(set(spoken)))),
    )


def _events_of(db: apsw.Connection, entities: Sequence[str]) -> set[int]:
    return {
        rid
        for (rid,) in db.execute(
            "SELECT event_rid FROM took_part WHERE entity_id IN (SELECT value FROM json_each(?))",
            (json.dumps(entities),),
        )
    }


def _index_events(db: apsw.Connection, rids: Iterable[int]) -> None:
    """Writes anew what events are found by; it holds the looks of those who took part, which may come later."""
    known = sqlite_rows.events_by_rid(db, sorted(rids))
    who = sqlite_rows.looks_of(db, {i for event in known.values() for i in event.entity_ids})
    for rid, event in known.items():
        spoken = words.event_terms(event, [who[i] for i in event.entity_ids if i in who])
        _index(db, "event_words", rid, spoken)
        db.execute("UPDATE events SET words = ? WHERE rid = ?", (len(spoken), rid))


def _forget(db: apsw.Connection, stream: StreamId) -> dict[str, int]:
    of_stream = "(SELECT {} FROM {} WHERE stream_id = :stream)".format
    bound = {"stream": stream}
    gone = of_stream("id", "entities")
    db.execute(
        f"DELETE FROM relations WHERE stream_id != :stream AND (subject IN {gone} OR object IN {gone})",
        bound,
    )
    others = db.changes()
    elsewhere = {
        rid
        for (rid,) in db.execute(
            "SELECT p.event_rid FROM took_part p JOIN events e ON e.rid = p.event_rid "
            f"WHERE e.stream_id != :stream AND p.entity_id IN {gone}",
            bound,
        )
    }
    db.execute(f"DELETE FROM took_part WHERE entity_id IN {gone}", bound)
    for table in ("event_evidence", "relation_evidence"):
        db.execute(f"DELETE FROM {table} WHERE chunk_id IN {of_stream('id', 'chunks')}", bound)
    _index_events(db, elsewhere)
    for index, table in (
        ("event_words", "events"),
        ("entity_words", "entities"),
        ("caption_words", "captions"),
    ):
        db.execute(f"DELETE FROM {index} WHERE rowid IN {of_stream('rid', table)}", bound)
    counts = {}
    for table in _TABLES:  # what hangs on a row goes with it: the schema cascades
        db.execute(f"DELETE FROM {table} WHERE stream_id = :stream", bound)
        counts[table] = db.changes()
    counts["relations"] += others
    return counts
