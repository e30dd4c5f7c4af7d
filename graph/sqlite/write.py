"""How one observation is written: who is known is read once, then each table takes its rows in one go."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import apsw

from core.ids import EntityId
from core.memory import HAND, Caption, Entity, Event, Evidence, Link, Observation, Relation
from core.sight import Track
from graph import rows, words
from graph.sqlite import rows as sqlite_rows
from graph.sqlite import texts as sqlite_texts
from graph.sqlite import vectors as sqlite_vectors
from graph.sqlite.rows import LISTED, Rid

Named = TypeVar("Named", Entity, Event, Relation, Caption)
Cell = str | float | bytes | None

_COLUMNS = {
    "entities": ("id", "stream_id", "label", "name", "start_us", "end_us", "confidence", "attributes", "text_rid", "said_us"),
    "events": (
        "id", "stream_id", "kind", "zone", "start_us", "end_us", "confidence", "attributes", "source", "open",
        "noticed_us", "text_rid", "said_us",
    ),
    "relations": (
        "id", "stream_id", "subject", "predicate", "object", "start_us", "end_us", "confidence", "source", "said_us",
    ),
    "captions": (
        "id", "stream_id", "chunk_id", "start_us", "end_us", "text", "model", "status", "text_rid", "said_us",
    ),
}  # fmt: skip
_UPSERTS = {
    table: (
        f"INSERT INTO {table} (rid, {', '.join(names)}) VALUES (?{', ?' * len(names)}) ON CONFLICT (rid) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in names)
    )
    for table, names in _COLUMNS.items()
}


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


@dataclass(slots=True)
class _Taken(Generic[Named]):
    """The nouns whose word stands and the keys of their rows; which rows are there already, and by what text."""

    nouns: list[Named] = field(default_factory=list)
    rids: list[Rid] = field(default_factory=list)
    known: set[Rid] = field(default_factory=set)
    texts: dict[object, Rid] = field(default_factory=dict)

    def add(self, noun: Named, rid: Rid) -> None:
        self.nouns.append(noun)
        self.rids.append(rid)

    def __iter__(self) -> Iterator[tuple[Named, Rid]]:
        return zip(self.nouns, self.rids, strict=True)


class _Writing:
    """One observation on its way into the tables, inside one transaction."""

    def __init__(self, db: apsw.Connection, observation: Observation) -> None:
        self._db = db
        self._of = observation
        self._chunk = observation.chunk
        self._said = observation.chunk.span.start
        self._looks: dict[EntityId, list[str]] = {}

    def all_of(self) -> None:
        self._write_chunk()
        self._write_tracks()
        reworded = self._write_entities()
        written = self._write_events()
        index_events(self._db, _events_of(self._db, reworded) - written)
        self._write_relations()
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
        tracks = self._of.tracks
        if not tracks:
            return
        # The span is the hull of all that was said; the rest is the later word's.
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
        """Those found by other words than before, or spoken of for the first time."""
        taken = self._take("entities", self._of.entities)
        self._looks = {entity.id: words.entity_terms(entity) for entity in taken.nouns}
        texts = sqlite_texts.intern(self._db, [self._looks[entity.id] for entity in taken.nouns])
        self._put(
            "entities",
            [(rid, *self._entity_row(e, text)) for (e, rid), text in zip(taken, texts, strict=True)],
        )
        tracks = {rid: [(track,) for track in e.tracks] for e, rid in taken}
        self._replace("same_as", "entity_rid", ("track_id",), tracks, taken.known)
        self._mark("entities", taken)
        return [e.id for e, text in zip(taken.nouns, texts, strict=True) if taken.texts.get(e.id) != text]

    def _entity_row(self, entity: Entity, text: Rid) -> tuple[Cell, ...]:
        return (
            entity.id, entity.stream_id, entity.label, entity.name, entity.span.start, entity.span.end,
            entity.confidence, rows.pack_attributes(entity.attributes), text, self._said,
        )  # fmt: skip

    def _write_events(self) -> set[Rid]:
        taken = self._take("events", self._of.events)
        others = {i for event in taken.nouns for i in event.entity_ids} - self._looks.keys()
        looks = self._looks | _looks(self._db, others)
        texts = sqlite_texts.intern(self._db, [_event_terms(event, looks) for event in taken.nouns])
        self._put(
            "events", [(rid, *self._event_row(e, text)) for (e, rid), text in zip(taken, texts, strict=True)]
        )
        who: dict[Rid, Sequence[tuple[Cell, ...]]] = {
            rid: [(p.entity_id, p.role) for p in event.participants] for event, rid in taken
        }
        self._replace("took_part", "event_rid", ("entity_id", "role"), who, taken.known)
        self._write_evidence("event", [(rid, event.evidence) for event, rid in taken], taken.known)
        self._mark("events", taken)
        return {*taken.rids}

    def _event_row(self, event: Event, text: Rid) -> tuple[Cell, ...]:
        return (
            event.id, event.stream_id, event.kind, event.zone, event.span.start, event.span.end, event.confidence,
            rows.pack_attributes(event.attributes), event.source, int(event.open), event.noticed, text, self._said,
        )  # fmt: skip

    def _write_relations(self) -> None:
        taken = self._take("relations", self._of.relations)
        self._put("relations", [(rid, *self._relation_row(relation)) for relation, rid in taken])
        self._write_evidence("relation", [(rid, r.evidence) for r, rid in taken], taken.known)

    def _relation_row(self, relation: Relation) -> tuple[Cell, ...]:
        return (
            relation.id, relation.stream_id, relation.subject, relation.predicate, relation.object,
            relation.valid.start, relation.valid.end, relation.confidence, relation.source, self._said,
        )  # fmt: skip

    def _write_captions(self) -> None:
        taken = self._take("captions", self._of.captions)
        texts = sqlite_texts.intern(self._db, [words.caption_terms(caption) for caption in taken.nouns])
        self._put(
            "captions",
            [(rid, *self._caption_row(c, text)) for (c, rid), text in zip(taken, texts, strict=True)],
        )
        self._mark("captions", taken)

    def _caption_row(self, caption: Caption, text: Rid) -> tuple[Cell, ...]:
        return (
            caption.id, caption.stream_id, caption.chunk_id, caption.span.start, caption.span.end,
            rows.kept_text(caption.text), caption.model, caption.status.value, text, self._said,
        )  # fmt: skip

    def _write_coverage(self) -> None:
        self._db.execute("DELETE FROM coverage WHERE chunk_id = ?", (self._chunk.id,))
        self._db.executemany(
            "INSERT INTO coverage (stream_id, chunk_id, start_us, end_us, state, looked_by, label_list, reason) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    c.stream_id, self._chunk.id, c.span.start, c.span.end, c.state.value, c.by,
                    self._label_list(json.dumps(c.looked_for, ensure_ascii=False)), c.reason,
                )
                for c in self._of.coverage
            ],
        )  # fmt: skip

    def _label_list(self, labels: str) -> Rid:
        """The row of this list, written where it is new."""
        sql = "SELECT rid FROM label_lists WHERE labels = ?"
        known = self._db.execute(sql, (labels,)).get
        if known is None:
            self._db.execute("INSERT INTO label_lists (labels) VALUES (?)", (labels,))
            known = self._db.last_insert_rowid()
        return int(known)

    def _write_evidence(
        self, of: str, evidence: Iterable[tuple[Rid, Iterable[Evidence]]], known: Iterable[Rid]
    ) -> None:
        cells: dict[Rid, Sequence[tuple[Cell, ...]]] = {
            rid: [
                (e.chunk_id, e.at, *((e.box.x1, e.box.y1, e.box.x2, e.box.y2) if e.box else (None,) * 4))
                for e in of_one
            ]
            for rid, of_one in evidence
        }
        names = ("chunk_id", "at_us", "x1", "y1", "x2", "y2")
        self._replace(f"{of}_evidence", f"{of}_rid", names, cells, known)

    def _take(self, table: str, nouns: Iterable[Named]) -> _Taken[Named]:
        """What no later chunk has spoken of."""
        last = {noun.id: noun for noun in nouns}
        taken: _Taken[Named] = _Taken()
        if not last:
            return taken
        wordy = table in sqlite_texts.WORDY
        sql = f"SELECT id, rid, said_us, stream_id, start_us, {'text_rid' if wordy else 0} FROM {table} WHERE id IN {LISTED}"
        before: dict[str, list[Any]] = {id: cells for id, *cells in sqlite_rows.select(self._db, sql, last)}
        free: Rid = (self._db.execute(f"SELECT max(rid) FROM {table}").get or 0) + 1
        places = []
        for noun in last.values():
            if noun.id not in before:
                taken.add(noun, free)
                free += 1
            else:
                rid, said, stream, start, text = before[noun.id]
                if self._said < said:
                    continue
                taken.add(noun, rid)
                taken.known.add(rid)
                taken.texts[noun.id] = text
                places.append((stream, start, 0))
            if not isinstance(noun, Relation):
                places.append((noun.stream_id, noun.span.start, noun.span.end))
        if wordy:
            sqlite_texts.touch(self._db, table, places)
        return taken

    def _put(self, table: str, cells: Sequence[tuple[Cell, ...]]) -> None:
        """Writes whole rows, in place of those that are there."""
        if not cells:
            return
        self._db.executemany(_UPSERTS[table], cells)

    def _replace(
        self,
        table: str,
        owner: str,
        names: Sequence[str],
        cells: Mapping[Rid, Sequence[tuple[Cell, ...]]],
        known: Iterable[Rid],
    ) -> None:
        """Replaces what belongs to each row as a whole."""
        if not cells:
            return
        if old := [(rid,) for rid in known if rid in cells]:
            self._db.executemany(f"DELETE FROM {table} WHERE {owner} = ?", old)
        self._db.executemany(
            f"INSERT INTO {table} ({owner}, seq, {', '.join(names)}) VALUES (?, ?{', ?' * len(names)})",
            [(rid, seq, *row) for rid, of_one in cells.items() for seq, row in enumerate(of_one)],
        )

    def _mark(self, table: str, taken: _Taken[Named]) -> None:
        """Vectors are part of the word on a fact: the later word's replace all others."""
        if taken.known:
            sqlite_vectors.drop(self._db, table, taken.known)
        if not self._of.vectors:
            return
        rids: dict[str, Rid] = {noun.id: rid for noun, rid in taken}
        last = {(v.of, v.model): v for v in self._of.vectors if v.of in rids}
        sqlite_vectors.put(self._db, table, [(rids[v.of], v) for v in last.values()])


def _event_terms(event: Event, looks: Mapping[EntityId, Sequence[str]]) -> list[str]:
    return words.event_terms_of(
        event, [looks[p.entity_id] for p in event.participants if p.entity_id in looks]
    )


def _looks(db: apsw.Connection, ids: Collection[EntityId]) -> dict[EntityId, list[str]]:
    """The words that those of the entities that have been described are found by."""
    if not ids:
        return {}
    sql = f"SELECT id, label, name, attributes FROM entities WHERE id IN {LISTED}"
    return {
        id: words.terms(words.looks_text(label, name, json.loads(attributes)))
        for id, label, name, attributes in sqlite_rows.select(db, sql, ids)
    }


def _events_of(db: apsw.Connection, entities: Sequence[str]) -> set[Rid]:
    if not entities:
        return set()
    sql = f"SELECT event_rid FROM took_part WHERE entity_id IN {LISTED}"
    return {rid for (rid,) in sqlite_rows.select(db, sql, entities)}


def index_events(db: apsw.Connection, rids: Iterable[Rid]) -> None:
    """Writes anew what events are found by; it holds the looks of those who took part, which may come later."""
    known = sqlite_rows.events_by_rid(db, sorted(rids))
    if not known:
        return
    looks = _looks(db, {i for event in known.values() for i in event.entity_ids})
    texts = sqlite_texts.intern(db, [_event_terms(event, looks) for event in known.values()])
    db.executemany("UPDATE events SET text_rid = ? WHERE rid = ?", zip(texts, known, strict=True))
    sqlite_texts.touch(db, "events", [(e.stream_id, e.span.start, e.span.end) for e in known.values()])
