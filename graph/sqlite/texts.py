"""The texts of the SQLite memory: each set of words that facts are found by, kept once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import apsw

from graph import words

Rid = int
T = TypeVar("T")
WORDY = ("events", "entities", "captions")
"""The tables whose rows are found by words."""

BLOCK_US = 21_600_000_000
"""How long a block of a stream's clock is (graph/sqlite/columns.py): six hours. Longer ones would cost more to read
again whenever something is written, shorter ones would be more to look through.
"""
ANY = ("", -1)
"""Stream and part of the row of `blocks` whose version is another whenever any other's is."""
_BATCH = 2000


def intern(db: apsw.Connection, spoken: Sequence[Sequence[str]]) -> list[Rid]:
    """The row of each text, written where it is new; a text is its words in any order and their count."""
    if not spoken:
        return []
    sets = [" ".join(sorted(set(of_one))) for of_one in spoken]
    keys = [_key(text, len(of_one)) for text, of_one in zip(sets, spoken, strict=True)]
    sql = "SELECT key, rid FROM texts WHERE key IN (SELECT unhex(value) FROM json_each(?))"
    known: dict[bytes, Rid] = dict(db.execute(sql, (json.dumps([key.hex() for key in keys]),)))
    if all(key in known for key in keys):
        return [known[key] for key in keys]
    # Not one more than the highest there is: a number that was forgotten is not given again.
    free: Rid = (db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'texts'").get or 0) + 1
    new: list[tuple[Rid, bytes, int, str]] = []
    for key, text, of_one in zip(keys, sets, spoken, strict=True):
        if key not in known:
            known[key] = free + len(new)
            new.append((known[key], key, len(of_one), text))
    db.executemany("INSERT INTO texts (rid, key, words) VALUES (?, ?, ?)", [row[:3] for row in new])
    db.executemany(
        "INSERT INTO text_words (rowid, text) VALUES (?, ?)", [(rid, text) for rid, *_, text in new]
    )
    return [known[key] for key in keys]


def _key(text: str, count: int) -> bytes:
    return hashlib.blake2b(f"{count} {text}".encode(), digest_size=12).digest()


def sweep(db: apsw.Connection) -> None:
    """Removes the texts nothing is found by any more."""
    used = " UNION ALL ".join(f"SELECT text_rid FROM {table}" for table in WORDY)
    gone = [(rid,) for (rid,) in db.execute(f"SELECT rid FROM texts WHERE rid NOT IN ({used})")]
    db.executemany("DELETE FROM text_words WHERE rowid = ?", gone)
    db.executemany("DELETE FROM texts WHERE rid = ?", gone)
    if gone:  # the index marks rows as gone; that their words go too takes a merge
        db.execute("INSERT INTO text_words (text_words) VALUES ('optimize')")


def touch(db: apsw.Connection, table: str, places: Iterable[tuple[str, int, int]]) -> None:
    """Says that facts with this stream, start and end have changed, and that any have (`ANY`)."""
    latest: dict[tuple[str, int], int] = {ANY: 0}
    for stream, start, end in places:
        at = stream, start // BLOCK_US
        latest[at] = max(latest.get(at, 0), end)
    db.executemany(
        "INSERT INTO blocks (of, stream_id, part, latest_us, version) VALUES (?, ?, ?, ?, random()) "
        "ON CONFLICT DO UPDATE SET version = excluded.version, latest_us = max(latest_us, excluded.latest_us)",
        [(table, stream, part, end) for (stream, part), end in latest.items()],
    )


def bring_up(db: apsw.Connection) -> None:
    """Gives every fact of a file that had no texts its own (step 4 of graph/sqlite/migrations.py)."""
    for table, read in (("events", _of_events), ("entities", _of_entities), ("captions", _of_captions)):
        for batch in _batches(read(db)):
            texts = intern(db, [spoken for _, spoken in batch])
            db.executemany(
                f"UPDATE {table} SET text_rid = ? WHERE rid = ?",
                [(text, rid) for text, (rid, _) in zip(texts, batch, strict=True)],
            )
        db.execute(
            f"INSERT INTO blocks SELECT '{table}', stream_id, start_us / {BLOCK_US}, max(end_us), random() "
            f"FROM {table} GROUP BY stream_id, start_us / {BLOCK_US}"
        )
        touch(db, table, ())


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    each = iter(rows)
    while batch := list(islice(each, _BATCH)):
        yield batch


def _of_events(db: apsw.Connection) -> Iterator[tuple[Rid, list[str]]]:
    who = (
        "(SELECT json_group_array(json_array(p.role, n.label, n.name, json(n.attributes)) ORDER BY p.seq) "
        "FROM took_part p LEFT JOIN entities n ON n.id = p.entity_id WHERE p.event_rid = e.rid)"
    )
    sql = f"SELECT rid, kind, zone, attributes, {who} FROM events e ORDER BY rid"
    for rid, kind, zone, attributes, took_part in list(db.execute(sql)):
        people = json.loads(took_part)
        looks = [words.looks_text(*of_one) for _, *of_one in people if of_one[0] is not None]
        roles = [role for role, *_ in people]
        parts = words.happening_parts(kind, zone, roles, json.loads(attributes), looks)
        yield rid, words.terms(" ".join(parts))


def _of_entities(db: apsw.Connection) -> Iterator[tuple[Rid, list[str]]]:
    for rid, label, name, attributes in list(db.execute("SELECT rid, label, name, attributes FROM entities")):
        yield rid, words.terms(words.looks_text(label, name, json.loads(attributes)))


def _of_captions(db: apsw.Connection) -> Iterator[tuple[Rid, list[str]]]:
    for rid, text in list(db.execute("SELECT rid, text FROM captions")):
        yield rid, words.terms(text)
