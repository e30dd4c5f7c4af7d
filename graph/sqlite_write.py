"""How one observation is written: who is known is read once, then each table takes its rows in one go."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import apsw

from core.memory import HAND, Caption, Entity, Event, Evidence, Link, Observation, Relation
from core.sight import Track
from graph import rows, sqlite_rows, sqlite_vectors, words
from graph.sqlite_rows import LISTED, Rid

Named = TypeVar("Named", Entity, Event, Relation, Caption)
Cell = str | float | bytes | None

_COLUMNS = {
    "entities": ("id", "stream_id", "label", "name", "start_us", "end_us", "confidence", "attributes", "words", "said_us"),
    "events": (
        "id", "stream_id", "kind", "zone", "start_us", "end_us", "confidence", "attributes", "source", "open",
        "noticed_us", "words", "said_us",
    ),
    "relations": (
        "id", "stream_id", "subject", "predicate", "object", "start_us", "end_us", "confidence", "source", "said_us",
    ),
    "captions": (
        "id", "stream_id", "chunk_id", "start_us", "end_us", "text", "model", "status", "words", "said_us",
    ),
}  # fmt: skip


def write(db: apsw.Connection, observation: Observation) -> None:
    """Writes the observation within one transaction."""
    sqlite_vectors.check_lengths(db, observation.vectors)
    _Writing(db, observation).all_of()


def link(db: apsw.Connection, links: Sequence[Link]) -> None:
    """Writes links between entities that are there; a program's word does not replace a hand's."""
    db.executemany(
        "INSERT INTO links (id, one, other, score, source, same) SELECT ?1, ?2, ?3, ?4, ?5, ?6 "
        "WHERE EXISTS (SELECT 1 FROM entities WHERE id = ?2) AND EXISTS (SELECT 1 FROM entities WHERE id = ?3) "
        "ON CONFLICT (id) DO UPDATE SET score = excluded.score, source = excluded.source, same = excluded.same "
        f"WHERE source != '{HAND}' OR excluded.source = '{HAND}'",
        [(k.id, k.one, k.other, k.score, k.source, int(k.same)) for k in links],
    )


class _Writing:
    """One observation on its way into the tables, inside one transaction."""

    def __init__(self, db: apsw.Connection, observation: Observation) -> None:
        self._db = db
        self._of = observation
        self._chunk = observation.chunk
        self._said = observation.chunk.span.start

    def all_of(self) -> None:
        of = self._of
        self._write_chunk()
        self._write_tracks()
        reworded = self._write_entities()
        written = self._write_events()
        index_events(self._db, written | _events_of(self._db, reworded))
        relations, _ = self._take("relations", of.relations)
        self._put("relations", [(rid, *self._relation_row(noun)) for noun, rid in relations])
        self._write_evidence("relation", [(rid, noun.evidence) for noun, rid in relations])
        self._write_captions()
        self._write_coverage()

    def _write_chunk(self) -> None:
        c = self._chunk
        self._db.execute(
            "INSERT INTO chunks (id, stream_id, number, start_us, end_us, overlap_us) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET stream_id = excluded.stream_id, number = excluded.number, "
            "start_us = excluded.start_us, end_us = excluded.end_us, overlap_us = excluded.overlap_us",
            (c.id, c.stream_id, c.index, c.span.start, c.span.end, c.overlap),
        )

    def _write_tracks(self) -> None:
        # The span is the hull of all that was said; the rest is the later word's.
        tracks = self._of.tracks
        self._db.executemany(
            "INSERT INTO tracks (id, stream_id, number, label, start_us, end_us, confidence, attributes, source, said_us) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "start_us = min(start_us, excluded.start_us), end_us = max(end_us, excluded.end_us), "
            + ", ".join(
                f"{name} = iif(excluded.said_us >= said_us, excluded.{name}, {name})"
                for name in ("stream_id", "number", "label", "confidence", "attributes", "source")
            )
            + ", said_us = max(said_us, excluded.said_us)",
            [self._track_row(track) for track in tracks],
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO track_points (track_rid, chunk_us, chunk_id, points) "
            "SELECT rid, ?, ?, ? FROM tracks WHERE id = ?",
            [
                (
                    self._said,
                    self._chunk.id,
                    rows.pack_points(sorted(t.points, key=lambda point: point.at)),
                    t.id,
                )
                for t in tracks
            ],
        )

    def _track_row(self, track: Track) -> tuple[Cell, ...]:
        return (
            track.id, track.stream_id, track.number, track.label, track.span.start, track.span.end,
            track.confidence, rows.pack_attributes(track.attributes), track.source, self._said,
        )  # fmt: skip

    def _write_entities(self) -> list[str]:
        """Those whose looks are other than before, or that somebody may have spoken of before they were described."""
        before = self._looks(entity.id for entity in self._of.entities)
        taken, known = self._take("entities", self._of.entities)
        spoken = {entity.id: words.entity_terms(entity) for entity, _ in taken}
        self._put("entities", [(rid, *self._entity_row(e, len(spoken[e.id]))) for e, rid in taken])
        self._replace(
            "same_as",
            "entity_rid",
            ("track_id",),
            {rid: [(track,) for track in entity.tracks] for entity, rid in taken},
            known,
        )
        self._mark("entities", [(entity.id, rid) for entity, rid in taken], known)
        reworded = [(e, rid) for e, rid in taken if before.get(e.id) != spoken[e.id]]
        _index(self._db, "entity_words", [(rid, spoken[e.id]) for e, rid in reworded])
        return [entity.id for entity, _ in reworded]

    def _looks(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """The words these entities are found by at present."""
        sql = f"SELECT id, label, name, attributes FROM entities WHERE id IN {LISTED}"
        return {
            id: words.terms(words.looks_text(label, name, json.loads(attributes)))
            for id, label, name, attributes in sqlite_rows.select(self._db, sql, ids)
        }

    def _entity_row(self, entity: Entity, count: int) -> tuple[Cell, ...]:
        return (
            entity.id, entity.stream_id, entity.label, entity.name, entity.span.start, entity.span.end,
            entity.confidence, rows.pack_attributes(entity.attributes), count, self._said,
        )  # fmt: skip

    def _write_events(self) -> set[Rid]:
        taken, known = self._take("events", self._of.events)
        self._put("events", [(rid, *self._event_row(event)) for event, rid in taken])
        who: dict[Rid, Sequence[tuple[Cell, ...]]] = {
            rid: [(p.entity_id, p.role) for p in event.participants] for event, rid in taken
        }
        self._replace("took_part", "event_rid", ("entity_id", "role"), who, known)
        self._write_evidence("event", [(rid, event.evidence) for event, rid in taken], known)
        self._mark("events", [(event.id, rid) for event, rid in taken], known)
        return {rid for _, rid in taken}

    def _event_row(self, event: Event) -> tuple[Cell, ...]:
        return (
            event.id, event.stream_id, event.kind, event.zone, event.span.start, event.span.end, event.confidence,
            rows.pack_attributes(event.attributes), event.source, int(event.open), event.noticed, 0, self._said,
        )  # fmt: skip

    def _relation_row(self, relation: Relation) -> tuple[Cell, ...]:
        return (
            relation.id, relation.stream_id, relation.subject, relation.predicate, relation.object,
            relation.valid.start, relation.valid.end, relation.confidence, relation.source, self._said,
        )  # fmt: skip

    def _write_captions(self) -> None:
        taken, known = self._take("captions", self._of.captions)
        spoken = {caption.id: words.caption_terms(caption) for caption, _ in taken}
        self._put("captions", [(rid, *self._caption_row(c, len(spoken[c.id]))) for c, rid in taken])
        _index(self._db, "caption_words", [(rid, spoken[c.id]) for c, rid in taken])
        self._mark("captions", [(caption.id, rid) for caption, rid in taken], known)

    def _caption_row(self, caption: Caption, count: int) -> tuple[Cell, ...]:
        return (
            caption.id, caption.stream_id, caption.chunk_id, caption.span.start, caption.span.end,
            rows.kept_text(caption.text), caption.model, caption.status.value, count, self._said,
        )  # fmt: skip

    def _write_coverage(self) -> None:
        self._db.execute("DELETE FROM coverage WHERE chunk_id = ?", (self._chunk.id,))
        self._db.executemany(
            "INSERT INTO coverage (stream_id, chunk_id, start_us, end_us, state, looked_by, looked_for, reason) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    c.stream_id, self._chunk.id, c.span.start, c.span.end, c.state.value, c.by,
                    json.dumps(c.looked_for, ensure_ascii=False), c.reason,
                )
                for c in self._of.coverage
            ],
        )  # fmt: skip

    def _write_evidence(
        self, of: str, evidence: Iterable[tuple[Rid, Iterable[Evidence]]], known: Iterable[Rid] | None = None
    ) -> None:
        cells: dict[Rid, Sequence[tuple[Cell, ...]]] = {
            rid: [
                (e.chunk_id, e.at, *((e.box.x1, e.box.y1, e.box.x2, e.box.y2) if e.box else (None,) * 4))
                for e in of_one
            ]
            for rid, of_one in evidence
        }
        self._replace(
            f"{of}_evidence",
            f"{of}_rid",
            ("chunk_id", "at_us", "x1", "y1", "x2", "y2"),
            cells,
            cells.keys() if known is None else known,
        )

    def _take(self, table: str, nouns: Iterable[Named]) -> tuple[list[tuple[Named, Rid]], set[Rid]]:
        """What no later chunk has spoken of, with the keys of their rows, and which of these are there already."""
        last = {noun.id: noun for noun in nouns}
        if not last:
            return [], set()
        found = sqlite_rows.select(
            self._db, f"SELECT id, rid, said_us FROM {table} WHERE id IN {LISTED}", last
        )
        before = {id: (rid, said) for id, rid, said in found}
        free: Rid = (self._db.execute(f"SELECT max(rid) FROM {table}").get or 0) + 1
        taken: list[tuple[Named, Rid]] = []
        for id, noun in last.items():
            rid, said = before.get(id, (free, 0))
            free += id not in before
            if self._said >= said:
                taken.append((noun, rid))
        return taken, {rid for rid, _ in before.values()}

    def _put(self, table: str, cells: Sequence[tuple[Cell, ...]]) -> None:
        """Writes whole rows, in place of those that are there."""
        names = _COLUMNS[table]
        changed = ", ".join(f"{name} = excluded.{name}" for name in names)
        self._db.executemany(
            f"INSERT INTO {table} (rid, {', '.join(names)}) VALUES (?{', ?' * len(names)}) "
            f"ON CONFLICT (rid) DO UPDATE SET {changed}",
            cells,
        )

    def _replace(
        self,
        table: str,
        owner: str,
        names: Sequence[str],
        cells: Mapping[Rid, Sequence[tuple[Cell, ...]]],
        known: Iterable[Rid],
    ) -> None:
        """Replaces what belongs to each row as a whole."""
        old = [(rid,) for rid in known if rid in cells]
        self._db.executemany(f"DELETE FROM {table} WHERE {owner} = ?", old)
        self._db.executemany(
            f"INSERT INTO {table} ({owner}, seq, {', '.join(names)}) VALUES (?, ?{', ?' * len(names)})",
            [(rid, seq, *row) for rid, of_one in cells.items() for seq, row in enumerate(of_one)],
        )

    def _mark(self, table: str, taken: Sequence[tuple[str, Rid]], known: set[Rid]) -> None:
        """Vectors are part of the word on a fact: the later word's replace all others."""
        sqlite_vectors.drop(self._db, table, [rid for _, rid in taken if rid in known])
        rids = dict(taken)
        last = {(v.of, v.model): v for v in self._of.vectors if v.of in rids}
        sqlite_vectors.put(self._db, table, [(rids[v.of], v) for v in last.values()])


def _index(db: apsw.Connection, table: str, spoken: Iterable[tuple[Rid, Iterable[str]]]) -> None:
    db.executemany(
        f"INSERT OR REPLACE INTO {table} (rowid, text) VALUES (?, ?)",
        [(rid, " ".join(sorted(set(of_one)))) for rid, of_one in spoken],
    )


def _events_of(db: apsw.Connection, entities: Sequence[str]) -> set[Rid]:
    if not entities:
        return set()
    sql = f"SELECT event_rid FROM took_part WHERE entity_id IN {LISTED}"
    return {rid for (rid,) in sqlite_rows.select(db, sql, entities)}


def index_events(db: apsw.Connection, rids: Iterable[Rid]) -> None:
    """Writes anew what events are found by; it holds the looks of those who took part, which may come later."""
    known = sqlite_rows.events_by_rid(db, sorted(rids))
    who = sqlite_rows.looks_of(db, {i for event in known.values() for i in event.entity_ids})
    for rid, event in known.items():
        spoken = words.event_terms(event, [who[i] for i in event.entity_ids if i in who])
        _index(db, "event_words", [(rid, spoken)])
        db.execute("UPDATE events SET words = ? WHERE rid = ?", (len(spoken), rid))
