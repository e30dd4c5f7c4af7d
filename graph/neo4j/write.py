"""How the memory in Neo4j takes in an observation: two statements in one transaction, whatever is in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from neo4j import ManagedTransaction

from core.clock import Micros, Span
from core.ids import EntityId, EventId, StreamId
from core.memory import (
    HAND,
    Caption,
    Entity,
    Event,
    Link,
    Observation,
    Participant,
    Relation,
    Vector,
)
from core.sight import Track
from graph import rows, words
from graph.neo4j import cypher
from graph.neo4j import models as neo4j_models
from graph.neo4j import rows as neo4j_rows
from graph.neo4j.rows import Names, Props

Named = TypeVar("Named", Track, Entity, Event, Relation, Caption)


_PARTS = {
    "again": ("spans", "unfollow", "old_events", "spoken"),
    "coverage": ("coverage",),
    "tracks": ("tracks", "points"),
    "entities": ("entities", "shown"),
    "events": ("new_events", "took", "seen", "at"),
    "captions": ("captions",),
    "relations": ("relations",),
    "models": ("models",),
    "pending": ("pending",),
}
"""Kinds of parts of the statement `write` → the lists one of which has something for them."""


def write(tx: ManagedTransaction, names: Names, observation: Observation) -> int:
    """Writes one chunk's observation; of what a later chunk has spoken of, its word stands. How many facts of the whole
    database wait for the vector index since (graph/neo4j/pending.py), or 0 where none of these does.
    """
    return _Writing(tx, names, observation).all_of()


class _Writing:
    """One observation on its way into the database."""

    def __init__(self, tx: ManagedTransaction, names: Names, observation: Observation) -> None:
        self._tx = tx
        self._names = names
        self._observation = observation
        self._chunk = observation.chunk
        self._now: Micros = observation.chunk.span.start
        self._ask()

    def _ask(self) -> None:
        """Takes the stream, and learns what is known of everything that is spoken of."""
        names, one = self._names, self._observation
        who = (id for event in one.events for id in event.entity_ids)
        nouns: tuple[Track | Entity | Event | Caption, ...] = (
            *one.tracks,
            *one.entities,
            *one.events,
            *one.captions,
        )
        asked = {
            "stream": names.into(self._chunk.stream_id),
            "memory": names.memory,
            "chunk": names.into(self._chunk.id),
            "beside": [self._chunk.index - 1, self._chunk.index + 1],
            "ids": names.all_into((*(noun.id for noun in nouns), *who)),
            "relations": names.all_into(relation.id for relation in one.relations),
            "models": neo4j_models.keys(names, one.vectors),
        }
        record = self._tx.run(cypher.named("known"), o=asked).single(strict=True)
        known, related, models, self._again, self._beside = record.values()
        self._known: dict[str, Any] = {names.out(row[0]): row for row in known if row[1] is not None}
        self._took_part = {names.out(row[0]) for row in known if row[8]}
        self._related = {names.out(id): said for id, said in related}
        self._models = neo4j_models.check(self._tx, names, one.vectors, models)

    def all_of(self) -> int:
        """Writes it; how many facts wait for the vector index since."""
        names, one = self._names, self._observation
        stream = names.into(self._chunk.stream_id)
        tracks, entities = self._taken(one.tracks), self._taken(one.entities)
        events, captions = self._taken(one.events), self._taken(one.captions)
        marked = {*(e.id for e in entities), *(e.id for e in events), *(c.id for c in captions)}
        self._vectors = self._of_facts(marked)
        self._looks = self._all_looks(entities)
        old = [event for event in events if event.id in self._known]
        said = {
            "stream": stream,
            "chunk": neo4j_rows.of_chunk(names, self._chunk),
            "counts": {
                "events": self._new(events),
                "entities": self._new(entities),
                "captions": self._new(captions),
            },
            "coverage": [neo4j_rows.of_coverage(names, c, n) for n, c in enumerate(one.coverage)],
            **self._of_tracks(tracks),
            **self._of_entities(entities),
            "old_events": self._rows_of_events(old),
            "new_events": self._rows_of_events([event for event in events if event.id not in self._known]),
            **self._edges(events, stream),
            "captions": [
                neo4j_rows.of_caption(names, c, self._now) | self._vectors.get(c.id, {}) for c in captions
            ],
            **self._of_relations(),
            "spoken": self._spoken_anew(entities, {event.id for event in events}),
            "models": self._models.rows(names),
            "pending": self._models.waiting(names, (v for v in one.vectors if v.of in marked)),
        }
        result = self._tx.run(cypher.parts("write", self._needed(said)), o=said)
        if said["pending"]:
            return int(result.single(strict=True)["waiting"])
        result.consume()
        return 0

    def _needed(self, said: Mapping[str, Any]) -> frozenset[str]:
        """The kinds of parts of the statement that have anything to do."""
        out = {part for part, lists in _PARTS.items() if any(said[name] for name in lists)}
        out.add("again" if self._again else "fresh")
        if self._beside:
            out.add("next")
        return frozenset(out)

    def _taken(self, nouns: Sequence[Named]) -> list[Named]:
        """What of these no later chunk has spoken of; of several words on one thing the last."""
        last = {noun.id: noun for noun in nouns}.values()
        return [noun for noun in last if self._now >= self._said(noun.id)]

    def _new(self, nouns: Sequence[Named]) -> int:
        return sum(noun.id not in self._known for noun in nouns)

    def _said(self, id: str) -> Micros:
        row = self._known.get(id)
        return 0 if row is None else int(row[1])

    def _of_facts(self, taken: set[str]) -> dict[str, Props]:
        out: dict[str, Props] = {}
        for vector in self._observation.vectors:
            if vector.of in taken:
                out.setdefault(vector.of, {}).update(neo4j_rows.of_vector(vector))
        return out

    def _of_tracks(self, taken: Sequence[Track]) -> dict[str, Any]:
        names = self._names
        spans: dict[str, Span] = {}
        points: dict[str, bytes] = {}
        for track in self._observation.tracks:
            before = spans.get(track.id) or self._span(track.id)
            spans[track.id] = track.span if before is None else track.span.hull(before)
            in_order = sorted(track.points, key=lambda point: point.at)
            points[track.id] = rows.pack_points(in_order)
        return {
            "tracks": [neo4j_rows.of_track(names, track, self._now) for track in taken],
            "spans": [
                neo4j_rows.of_span(names, track, spans[track.id])
                for track in self._observation.tracks
                if track.id in self._known
            ],
            "points": [{"track": names.into(id), "points": packed} for id, packed in points.items()],
        }

    def _span(self, id: str) -> Span | None:
        row = self._known.get(id)
        return None if row is None else Span(row[2], row[3])

    def _of_entities(self, taken: Sequence[Entity]) -> dict[str, Any]:
        names = self._names
        moved = [e for e in taken if self._tracks_of(e.id) != [names.into(t) for t in e.tracks]]
        return {
            "entities": [
                neo4j_rows.of_entity(names, e, self._now) | self._vectors.get(e.id, {}) for e in taken
            ],
            "shown": names.all_into(e.id for e in self._observation.entities),
            "unfollow": [names.into(e.id) for e in moved if self._tracks_of(e.id)],
            "follow": [
                {"entity": names.into(e.id), "track": track}
                for e in moved
                for track in names.all_into(e.tracks)
            ],
        }

    def _tracks_of(self, id: str) -> list[str]:
        row = self._known.get(id)
        return list(row[7] or ()) if row is not None else []

    def _all_looks(self, taken: Sequence[Entity]) -> dict[str, Entity]:
        """How everyone looks who is known or described now."""
        known = {id: _seen(EntityId(id), row[4:7]) for id, row in self._known.items() if row[5] is not None}
        return known | {entity.id: entity for entity in taken}

    def _who(self, event: Event) -> list[Entity]:
        return [self._looks[id] for id in event.entity_ids if id in self._looks]

    def _rows_of_events(self, events: Iterable[Event]) -> list[Props]:
        return [
            neo4j_rows.of_event(self._names, event, self._who(event), self._now)
            | self._vectors.get(event.id, {})
            for event in events
        ]

    def _edges(self, events: Sequence[Event], stream: str) -> dict[str, Any]:
        names = self._names
        zones = {
            event.zone: neo4j_rows.zone_id(stream, event.zone) for event in events if event.zone is not None
        }
        return {
            "took": [
                {"event": names.into(event.id), "who": names.into(p.entity_id), "role": p.role}
                for event in events
                for p in event.participants
            ],
            "seen": [
                {"event": names.into(event.id), "chunk": names.into(e.chunk_id), "at_us": e.at}
                for event in events
                for e in event.evidence
            ],
            "zones": [{"id": id, "name": name, "stream_id": stream} for name, id in zones.items()],
            "at": [
                {"event": names.into(event.id), "zone": zones[event.zone]}
                for event in events
                if event.zone is not None
            ],
        }

    def _of_relations(self) -> dict[str, Any]:
        names = self._names
        last = {relation.id: relation for relation in self._observation.relations}.values()
        taken = [r for r in last if self._now >= self._related.get(r.id, 0)]
        return {
            "unrelate": [names.into(r.id) for r in taken if r.id in self._related],
            "relations": [
                {
                    "subject": names.into(r.subject),
                    "object": names.into(r.object),
                    "props": neo4j_rows.of_relation(names, r, self._now),
                }
                for r in taken
            ],
        }

    def _spoken_anew(self, taken: Sequence[Entity], written: set[EventId]) -> list[Props]:
        """The words of events that are told already, where one who took part looks otherwise than before."""
        changed = [e.id for e in taken if e.id in self._took_part and self._looks_anew(e)]
        if not changed:
            return []
        found = self._tx.run(cypher.named("mentions"), ids=self._names.all_into(changed)).values()
        left = [row for row in found if self._names.out(EventId(row[0])) not in written]
        return spoken_anew(self._names, left, self._looks)

    def _looks_anew(self, entity: Entity) -> bool:
        row = self._known.get(entity.id)
        return row is None or words.entity_text(_seen(entity.id, row[4:7])) != words.entity_text(entity)


def spoken_anew(names: Names, told: Iterable[Sequence[Any]], looks: Mapping[str, Entity]) -> list[Props]:
    """The words of events as `mentions` and `told` tell them, where some look now as in `looks`."""
    out = []
    for id, kind, zone, attributes, who, roles, known in told:
        seen = {names.out(row[0]): _seen(EntityId(names.out(row[0])), row[1:4]) for row in known} | {**looks}
        event = Event(
            id=EventId(names.out(id)),
            stream_id=StreamId(""),
            kind=kind,
            span=Span.at(0),
            participants=tuple(
                Participant(entity_id=EntityId(names.out(one)), role=role)
                for one, role in zip(who, roles, strict=True)
            ),
            zone=zone,
            attributes=json.loads(attributes),
        )
        there = [seen[one] for one in event.entity_ids if one in seen]
        out.append({"id": id, **neo4j_rows.said(words.event_terms(event, there))})
    return out


def _seen(id: EntityId, row: Sequence[Any]) -> Entity:
    """As much of an entity as its looks."""
    label, name, attributes = row
    return Entity(
        id=id,
        stream_id=StreamId(""),
        label=label,
        span=Span.at(0),
        confidence=0.0,
        attributes=json.loads(attributes),
        name=name,
    )


def link(tx: ManagedTransaction, names: Names, links: Sequence[Link]) -> None:
    """Writes what is said of pairs of entities that are known; what a person said stands until a person says more."""
    pairs = sorted({(names.into(link.one), names.into(link.other)) for link in links})
    said = {
        (one, other): source for one, other, source in tx.run(cypher.named("linked"), pairs=pairs).values()
    }
    kept: dict[tuple[str, str], Link] = {}
    for each in links:
        pair = (names.into(each.one), names.into(each.other))
        if pair in said and not (said[pair] == HAND and each.source != HAND):
            kept[pair] = each
            said[pair] = each.source
    sent = [
        {
            "one": one,
            "other": other,
            "same": each.same,
            "props": {
                "id": names.into(each.id),
                "memory": names.memory,
                "score": float(each.score),
                "source": each.source,
            },
        }
        for (one, other), each in kept.items()
    ]
    if sent:
        tx.run(cypher.named("link"), rows=sent).consume()


def mark(tx: ManagedTransaction, names: Names, vectors: Sequence[Vector]) -> int:
    """Writes vectors of facts that are there; how many facts wait for the vector index since, as for `write`."""
    models = neo4j_models.known(tx, names, vectors)
    checked = neo4j_models.check(tx, names, vectors, models)
    sent = [{"id": names.into(vector.of), "props": neo4j_rows.of_vector(vector)} for vector in vectors]
    tx.run(cypher.named("mark"), rows=sent).consume()
    checked.write(tx, names)
    waiting = checked.waiting(names, vectors)
    return int(tx.run(cypher.named("pend"), ids=waiting).values()[0][0]) if waiting else 0
