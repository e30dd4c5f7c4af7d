"""Files of earlier versions, brought up to date with what is in them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from core.memory import Event, Observation, Query, Relation, Vector, Want
from graph.plain.store import MemoryStore
from graph.rows import pack_points
from graph.sqlite.database import Database
from graph.sqlite.migrations import MEMORY, Form
from graph.sqlite.store import SqliteStore
from helpers.memories import everything
from helpers.observations import YARD, caption, coverage, entity, event, observation, relation, track, vector
from models.embed_words import WordEmbedder

ANN = entity(1, "person", 2, 14, name="Ann", upper="red")
TRUCK = entity(2, "forklift", 0, 30, colour="yellow", speed=1.5)
GUEST = entity(7, "person", 1, 2, stream=YARD, upper="red")
BEFORE = (
    observation(
        0, ANN, TRUCK, track(1, 2, 10), track(2, 0, 10, label="forklift"), event("appeared", 2, None, ANN),
        event("near_miss", 5, 6, TRUCK, ANN, zone="aisle 3"), relation(ANN, "near", TRUCK, 4, 7),
        caption(0, "A forklift passes a woman in red."), coverage(0, 10),
    ),
    observation(1, event("stopped", 12, 75, TRUCK, entity(9), zone="dock", side="left"), coverage(10, 20)),
    observation(2000, GUEST, event("left", 20_005, None, GUEST, stream=YARD), stream=YARD),
)  # fmt: skip
"""What an older version wrote."""


def file_of_version_2(path: Path, history: Iterable[Observation]) -> None:
    """A file as version 2 left it, with the statements that version used."""
    db = apsw.Connection(str(path))
    for step in MEMORY.steps[:2]:
        assert isinstance(step, str)
        db.execute(step)
    db.execute(f"PRAGMA user_version = 2; PRAGMA application_id = {MEMORY.mark}")
    for one in history:
        _write_as_version_2(db, one)
    db.close()


def _write_as_version_2(db: apsw.Connection, one: Observation) -> None:
    c, said = one.chunk, one.chunk.span.start
    db.execute(
        "INSERT INTO chunks VALUES (NULL, ?, ?, ?, ?, ?, ?)",
        (c.id, c.stream_id, c.index, c.span.start, c.span.end, c.overlap),
    )
    for t in one.tracks:
        db.execute(
            "INSERT INTO tracks VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(t.id, t.stream_id, t.number, t.label, t.span.start, t.span.end, t.confidence),
                *(json.dumps(t.attributes), t.source, said),
            ),
        )
        points = (db.last_insert_rowid(), said, c.id, pack_points(t.points))
        db.execute("INSERT INTO track_points VALUES (?, ?, ?, ?)", points)
    for e in one.entities:
        db.execute(
            "INSERT INTO entities VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, 9, ?)",
            (
                *(e.id, e.stream_id, e.label, e.name, e.span.start, e.span.end, e.confidence),
                *(json.dumps(e.attributes), said),
            ),
        )
        rid = db.last_insert_rowid()
        db.execute("INSERT INTO entity_words (rowid, text) VALUES (?, 'red')", (rid,))
        db.executemany(
            "INSERT INTO same_as VALUES (?, ?, ?)", [(rid, n, id) for n, id in enumerate(e.tracks)]
        )
    for happened in one.events:
        _write_event_as_version_2(db, happened, said)
    for r in one.relations:
        ends = (r.subject, r.predicate, r.object)
        db.execute(
            "INSERT INTO relations VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (r.id, r.stream_id, *ends, r.valid.start, r.valid.end, r.confidence, r.source, said),
        )
        _write_evidence(db, "relation", r)
    for k in one.captions:
        db.execute(
            "INSERT INTO captions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, 9, ?)",
            (k.id, k.stream_id, k.chunk_id, k.span.start, k.span.end, k.text, k.model, k.status.value, said),
        )
    for v in one.coverage:
        db.execute(
            "INSERT INTO coverage VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(v.stream_id, c.id, v.span.start, v.span.end, v.state.value, v.by),
                *(json.dumps(v.looked_for), v.reason),
            ),
        )


def _write_event_as_version_2(db: apsw.Connection, e: Event, said: int) -> None:
    db.execute(
        "INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 9, ?, ?)",
        (
            *(e.id, e.stream_id, e.kind, e.zone, e.span.start, e.span.end, e.confidence),
            *(json.dumps(e.attributes), e.source, int(e.open), said, e.noticed),
        ),
    )
    rid = db.last_insert_rowid()
    who = [(rid, n, p.entity_id, p.role) for n, p in enumerate(e.participants)]
    db.executemany("INSERT INTO took_part VALUES (?, ?, ?, ?)", who)
    _write_evidence(db, "event", e)


def _write_evidence(db: apsw.Connection, of: str, fact: Event | Relation) -> None:
    rid = db.last_insert_rowid()
    for n, e in enumerate(fact.evidence):
        box = (e.box.x1, e.box.y1, e.box.x2, e.box.y2) if e.box else (None,) * 4
        db.execute(
            f"INSERT INTO {of}_evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (rid, n, e.chunk_id, e.at, *box)
        )


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An older file."""
    path = tmp_path / "memory.db"
    file_of_version_2(path, BEFORE)
    return path


def test_a_file_of_version_2_is_brought_up_with_all_that_is_in_it(old: Path) -> None:
    store, plain = SqliteStore(old), MemoryStore()
    for one in BEFORE:
        plain.write(one)
    assert everything(store) == everything(plain)
    for want in (Want.EVENTS, Want.ENTITIES, Want.CAPTIONS):
        for text in ("red", "forklift stopped", "aisle ann", "left"):
            query = Query(want=want, text=text)
            assert store.find(query) == plain.find(query)
    later = observation(3, ANN, event("left", 31, None, ANN), vector(ANN.id, 1, 0))
    for memory in (store, plain):
        memory.write(later)
        memory.write(BEFORE[1])
    assert everything(store) == everything(plain)
    assert store.find(Query(want=Want.EVENTS, text="ann")) == plain.find(Query(want=Want.EVENTS, text="ann"))
    store.close()


def test_every_version_on_the_way_can_be_brought_up(old: Path) -> None:
    for version in range(3, MEMORY.version + 1):
        form = Form(name=MEMORY.name, mark=MEMORY.mark, steps=MEMORY.steps[:version])
        Database(old, form).close()
    store = SqliteStore(old)
    assert len(store.find(Query(want=Want.EVENTS, text="red")).events) == 3
    store.close()


def test_vectors_of_version_4_are_packed_and_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    (row,) = WordEmbedder().embed(["a red forklift"])
    marked = Vector.of_row(ANN.id, "words:1", row)
    store = SqliteStore(path)
    store.write(observation(1, ANN, marked))
    store.close()
    with closing(apsw.Connection(str(path))) as db:
        db.execute("UPDATE entity_vectors SET numbers = ?", (marked.values,))
        db.execute("ALTER TABLE coverage DROP COLUMN label_list")
        db.execute("ALTER TABLE coverage ADD COLUMN looked_for TEXT NOT NULL DEFAULT '[]'")
        db.execute("DROP TABLE label_lists")
        db.execute("PRAGMA user_version = 4")
    store = SqliteStore(path)
    found = store.find(Query(want=Want.ENTITIES, like=marked))
    assert found.vectors == (marked,)
    store.close()
    with closing(apsw.Connection(str(path))) as db:
        assert db.execute("SELECT length(numbers) FROM entity_vectors").get < len(marked.values) / 2
