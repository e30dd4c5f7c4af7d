"""How the SQLite memory forgets: what goes, and how nothing that is left speaks of it."""

from __future__ import annotations

import json
from typing import Any

import apsw

from core.memory import Scope
from graph.sqlite import texts as sqlite_texts
from graph.sqlite import vectors as sqlite_vectors
from graph.sqlite import write as sqlite_write

_TABLES = ("events", "relations", "captions", "coverage", "links", "chunks", "tracks", "entities")
_OF_CHUNKS = ("track_points", "event_evidence", "relation_evidence")
_IDS = ("streams", "chunk_ids", "track_ids", "entity_ids")


def forget(db: apsw.Connection, scope: Scope) -> dict[str, int]:
    """Removes all of the scope within one transaction; how much that was, by kind of row.

    What goes is overwritten in the file, not only given up: pages with zeros, the full-text index by being written anew.
    """
    db.execute("PRAGMA secure_delete = ON").fetchall()
    for name in _IDS:
        db.execute(f"CREATE TEMP TABLE gone_{name} (id TEXT PRIMARY KEY) WITHOUT ROWID")
    for table in _TABLES:
        db.execute(f"CREATE TEMP TABLE gone_{table} (rid PRIMARY KEY) WITHOUT ROWID")
    if scope.entities:
        _choose_by_entities(db, scope)
    else:
        _choose_by_streams(db, scope)
    _choose_links(db)
    shortened = _unmention(db)
    counts = _delete(db)
    sqlite_write.index_events(db, shortened)
    sqlite_texts.sweep(db)
    for name in (*_IDS, *_TABLES):
        db.execute(f"DROP TABLE temp.gone_{name}")
    db.execute("PRAGMA secure_delete = OFF").fetchall()
    return counts


def _choose_by_entities(db: apsw.Connection, scope: Scope) -> None:
    db.execute(
        "INSERT OR IGNORE INTO gone_entity_ids SELECT value FROM json_each(?)", (json.dumps(scope.entities),)
    )
    db.execute(
        """
        INSERT INTO gone_entities SELECT rid FROM entities WHERE id IN (SELECT id FROM gone_entity_ids);
        INSERT INTO gone_tracks SELECT rid FROM tracks WHERE id IN
          (SELECT track_id FROM same_as WHERE entity_rid IN (SELECT rid FROM gone_entities));
        INSERT INTO gone_track_ids SELECT id FROM tracks WHERE rid IN (SELECT rid FROM gone_tracks);
        INSERT INTO gone_events SELECT DISTINCT event_rid FROM took_part p
          WHERE entity_id IN (SELECT id FROM gone_entity_ids) AND NOT EXISTS
            (SELECT 1 FROM took_part o WHERE o.event_rid = p.event_rid AND o.entity_id NOT IN (SELECT id FROM gone_entity_ids));
        INSERT INTO gone_relations SELECT rid FROM relations
          WHERE subject IN (SELECT id FROM gone_entity_ids) UNION
          SELECT rid FROM relations WHERE object IN (SELECT id FROM gone_entity_ids);
        """
    )


def _choose_by_streams(db: apsw.Connection, scope: Scope) -> None:
    bound: dict[str, Any] = {"listed": json.dumps(scope.streams)}
    inside = "0"
    if scope.span is not None:
        bound |= {"start": scope.span.start, "end": scope.span.end}
        inside = "start_us < :end AND end_us > :start"
    mine = "stream_id IN (SELECT value FROM json_each(:listed))"
    goes = f"{mine} AND (stream_id IN (SELECT id FROM gone_streams) OR ({inside}))"
    covered = "0" if scope.span is None else "start_us >= :start AND end_us <= :end"
    chunks = mine if scope.span is None else f"{mine} AND {inside}"
    for sql in (
        f"INSERT INTO gone_chunks SELECT rid FROM chunks WHERE {chunks}",
        "INSERT INTO gone_chunk_ids SELECT id FROM chunks WHERE rid IN (SELECT rid FROM gone_chunks)",
        "INSERT OR IGNORE INTO gone_streams SELECT value FROM json_each(:listed) WHERE NOT EXISTS "
        "(SELECT 1 FROM chunks c WHERE c.stream_id = value AND c.rid NOT IN (SELECT rid FROM gone_chunks))",
        f"INSERT INTO gone_tracks SELECT rid FROM tracks t WHERE {mine} AND "
        f"(stream_id IN (SELECT id FROM gone_streams) OR ({covered}) OR NOT EXISTS "
        "(SELECT 1 FROM track_points p WHERE p.track_rid = t.rid AND p.chunk_id NOT IN (SELECT id FROM gone_chunk_ids)))",
        "INSERT INTO gone_track_ids SELECT id FROM tracks WHERE rid IN (SELECT rid FROM gone_tracks)",
        f"INSERT INTO gone_entities SELECT rid FROM entities e WHERE {mine} AND "
        f"(stream_id IN (SELECT id FROM gone_streams) OR ({covered}) OR ("
        "EXISTS (SELECT 1 FROM same_as s WHERE s.entity_rid = e.rid) AND NOT EXISTS "
        "(SELECT 1 FROM same_as s WHERE s.entity_rid = e.rid AND s.track_id NOT IN (SELECT id FROM gone_track_ids))))",
        "INSERT INTO gone_entity_ids SELECT id FROM entities WHERE rid IN (SELECT rid FROM gone_entities)",
        f"INSERT INTO gone_events SELECT rid FROM events WHERE {goes}",
        f"INSERT INTO gone_captions SELECT rid FROM captions WHERE ({goes}) UNION "
        "SELECT rid FROM captions WHERE chunk_id IN (SELECT id FROM gone_chunk_ids)",
        f"INSERT INTO gone_coverage SELECT rid FROM coverage WHERE ({goes}) UNION "
        "SELECT rid FROM coverage WHERE chunk_id IN (SELECT id FROM gone_chunk_ids)",
        f"INSERT INTO gone_relations SELECT rid FROM relations WHERE ({goes}) UNION "
        "SELECT rid FROM relations WHERE subject IN (SELECT id FROM gone_entity_ids) UNION "
        "SELECT rid FROM relations WHERE object IN (SELECT id FROM gone_entity_ids)",
    ):
        db.execute(sql, bound)


def _choose_links(db: apsw.Connection) -> None:
    db.execute(
        "INSERT INTO gone_links SELECT id FROM links WHERE one IN (SELECT id FROM gone_entity_ids) UNION "
        "SELECT id FROM links WHERE other IN (SELECT id FROM gone_entity_ids)"
    )


def _unmention(db: apsw.Connection) -> list[int]:
    """Takes what goes out of what is left; the events that are found by other words from now on."""
    sql = (
        "SELECT DISTINCT event_rid FROM took_part WHERE entity_id IN (SELECT id FROM gone_entity_ids) "
        "AND event_rid NOT IN (SELECT rid FROM gone_events)"
    )
    shortened = [rid for (rid,) in db.execute(sql)]
    db.execute("DELETE FROM took_part WHERE entity_id IN (SELECT id FROM gone_entity_ids)")
    db.execute("DELETE FROM same_as WHERE track_id IN (SELECT id FROM gone_track_ids)")
    for table in _OF_CHUNKS:
        db.execute(f"DELETE FROM {table} WHERE chunk_id IN (SELECT id FROM gone_chunk_ids)")
    return shortened


def _delete(db: apsw.Connection) -> dict[str, int]:
    counts = {"vectors": 0}
    for table, of in sqlite_vectors.OWNERS.items():
        db.execute(
            f"UPDATE blocks SET version = random() WHERE of = '{table}' AND (stream_id, part) IN (SELECT stream_id, "
            f"start_us / {sqlite_texts.BLOCK_US} FROM {table} WHERE rid IN (SELECT rid FROM gone_{table}))"
        )
        db.execute(f"DELETE FROM {of}_vectors WHERE {of}_rid IN (SELECT rid FROM gone_{table})")
        counts["vectors"] += db.changes()
    for table in _TABLES:
        key = "id" if table == "links" else "rid"
        db.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT rid FROM gone_{table})")
        counts[table] = db.changes()
    for table in sqlite_texts.WORDY:
        sqlite_texts.touch(db, table, ())
        db.execute(
            f"DELETE FROM blocks WHERE of = '{table}' AND part >= 0 AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.stream_id = "
            f"blocks.stream_id AND t.start_us >= part * {sqlite_texts.BLOCK_US} AND t.start_us < (part + 1) * {sqlite_texts.BLOCK_US})"
        )
    return counts
