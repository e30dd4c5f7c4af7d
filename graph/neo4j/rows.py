"""How nouns are laid down as Neo4j's properties, and read again: one map a node, one row of columns a noun."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np

from core.clock import Micros, Span
from core.ids import CaptionId, ChunkId, EntityId, EventId, RelationId, StreamId, TrackId, derive
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
    Vector,
)
from core.place import Box
from core.sight import Attributes, Track
from graph import rows, words
from graph.aggregate import DAY_US, HOUR_US

Props = dict[str, Any]
"""Properties by name, as the driver takes them."""

MAIN = "main"
"""The memory a database holds where no other is named; its ids stand as they are."""

Id = TypeVar("Id", bound=str)


@dataclass(frozen=True, slots=True)
class Names:
    """Ids as one of several memories in a database writes them: all but the main one put their name before them."""

    memory: str = MAIN

    @property
    def prefix(self) -> str:
        """What stands before every id of this memory."""
        return "" if self.memory == MAIN else f"{self.memory}/"

    def into(self, id: str) -> str:
        """The id as the database has it."""
        return self.prefix + id

    def all_into(self, ids: Iterable[str]) -> list[str]:
        """Several, each once, in order."""
        return [self.prefix + id for id in dict.fromkeys(ids)]

    def out(self, id: Id) -> Id:
        """The id as everyone else has it."""
        return cast("Id", id[len(self.prefix) :])


def vector_property(model: str) -> str:
    """Where a fact keeps its vector by a model: half-precision numbers, lowest byte first."""
    return f"vector:{model}"


def near_property(model: str) -> str:
    """The same numbers as a list, for Neo4j's vector index; only there once a memory is large, and a while later."""
    return f"near:{model}"


# ---- as properties ---------------------------------------------------------------------------------------------


DURATIONS: tuple[tuple[str, Micros | None], ...] = ((":hour", HOUR_US), (":day", DAY_US), (":longer", None))
"""What `long_id` says, after the stream, of facts longer than a minute: the first of these they are no longer than. So a
query bounded in time looks back an hour into the first, a day into the second, and to the beginning into the last alone.
"""


def long_id(span: Span, stream: str) -> str | None:
    """Under what a fact is found that lasts longer than a minute; None for what does not."""
    if span.duration <= rows.LONG_US:
        return None
    return stream + next(name for name, most in DURATIONS if most is None or span.duration <= most)


def _span(span: Span, stream: str) -> Props:
    return {"start_us": span.start, "end_us": span.end, "long_id": long_id(span, stream)}


def attribute_property(key: str) -> str:
    """Under which name an attribute can be asked for."""
    return f"has_{key}"


def _attributes(attributes: Attributes) -> Props:
    known = {attribute_property(key): value for key, value in attributes.items()}
    return {"attributes": rows.pack_attributes(attributes), **known}


def _evidence(names: Names, evidence: Sequence[Evidence]) -> Props:
    boxes = [_corners(e.box) for e in evidence]
    return {
        "evidence_chunks": [names.into(e.chunk_id) for e in evidence],
        "evidence_us": [e.at for e in evidence],
        "evidence_boxes": [corner for box in boxes for corner in box],
    }


def _corners(box: Box | None) -> tuple[float, float, float, float]:
    return (math.nan,) * 4 if box is None else (float(box.x1), float(box.y1), float(box.x2), float(box.y2))


ALWAYS = "always"
"""The word of `days` for what lasts longer than `MOST_DAYS`."""
MOST_DAYS = 31


def days(span: Span) -> str:
    """The days of its stream's clock that a span touches, as words the full-text index knows: `d0 d1`."""
    first, last = span.start // DAY_US, (span.end - 1) // DAY_US
    return " ".join(f"d{n}" for n in range(first, last + 1)) if last - first < MOST_DAYS else ALWAYS


def said(terms: Sequence[str]) -> Props:
    """The words a fact can be found by, each once between spaces, and how many there were."""
    return {"words": f" {' '.join(dict.fromkeys(terms))} ", "length": len(terms)}


def of_chunk(names: Names, chunk: Chunk) -> Props:
    """A Chunk's properties."""
    stream = names.into(chunk.stream_id)
    return {
        "id": names.into(chunk.id),
        "stream_id": stream,
        "number": chunk.index,
        "overlap_us": chunk.overlap,
        **_span(chunk.span, stream),
    }


def of_span(names: Names, track: Track, span: Span) -> Props:
    """What of a Track moves although a later chunk had the word on it."""
    return {"id": names.into(track.id), **_span(span, names.into(track.stream_id))}


def of_track(names: Names, track: Track, said_us: int) -> Props:
    """A Track's properties; its points are on its edges to the chunks."""
    return {
        **of_span(names, track, track.span),
        "stream_id": names.into(track.stream_id),
        "number": track.number,
        "label": track.label,
        "confidence": float(track.confidence),
        "source": track.source,
        "said_us": said_us,
        **_attributes(track.attributes),
    }


def of_entity(names: Names, entity: Entity, said_us: int) -> Props:
    """An Entity's properties."""
    stream = names.into(entity.stream_id)
    return {
        "id": names.into(entity.id),
        "stream_id": stream,
        "label": entity.label,
        "name": entity.name,
        "confidence": float(entity.confidence),
        "tracks": [names.into(track) for track in entity.tracks],
        "said_us": said_us,
        **_span(entity.span, stream),
        **_attributes(entity.attributes),
        "days": days(entity.span),
        **said(words.entity_terms(entity)),
    }


def of_event(names: Names, event: Event, who: Iterable[Entity], said_us: int) -> Props:
    """An Event's properties; `who` are the entities known to have taken part."""
    stream = names.into(event.stream_id)
    return {
        "id": names.into(event.id),
        "stream_id": stream,
        "kind": event.kind,
        "zone": event.zone,
        "confidence": float(event.confidence),
        "source": event.source,
        "open": event.open,
        "noticed_us": event.noticed,
        "said_us": said_us,
        "who": [names.into(id) for id in event.entity_ids],
        "roles": [p.role for p in event.participants],
        **_span(event.span, stream),
        **_attributes(event.attributes),
        **_evidence(names, event.evidence),
        "days": days(event.span),
        **said(words.event_terms(event, who)),
    }


def of_relation(names: Names, relation: Relation, said_us: int) -> Props:
    """The properties of a REL edge."""
    stream = names.into(relation.stream_id)
    return {
        "id": names.into(relation.id),
        "stream_id": stream,
        "predicate": relation.predicate,
        "confidence": float(relation.confidence),
        "source": relation.source,
        "said_us": said_us,
        **_span(relation.valid, stream),
        **_evidence(names, relation.evidence),
    }


def of_caption(names: Names, caption: Caption, said_us: int) -> Props:
    """A Caption's properties."""
    stream = names.into(caption.stream_id)
    kept = replace(caption, text=rows.kept_text(caption.text))
    return {
        "id": names.into(caption.id),
        "stream_id": stream,
        "chunk_id": names.into(caption.chunk_id),
        "text": kept.text,
        "model": caption.model,
        "status": caption.status.value,
        "said_us": said_us,
        **_span(caption.span, stream),
        "days": days(caption.span),
        **said(words.caption_terms(kept)),
    }


def of_coverage(names: Names, coverage: Coverage, seq: int) -> Props:
    """A Coverage's properties; `seq` is its place in its chunk's list."""
    stream = names.into(coverage.stream_id)
    return {
        "stream_id": stream,
        "seq": seq,
        "state": coverage.state.value,
        "looked_by": coverage.by,
        "looked_for": list(coverage.looked_for),
        "reason": coverage.reason,
        **_span(coverage.span, stream),
    }


def of_vector(vector: Vector) -> Props:
    """What a vector adds to its fact's properties."""
    return {vector_property(vector.model): vector.values}


def spelled_out(model: str, values: bytes) -> Props:
    """The same as a list, for Neo4j's vector index."""
    return {near_property(model): np.frombuffer(values, "<f2").astype(float).tolist()}


def zone_id(stream: str, name: str) -> str:
    """A zone is its name on its stream (the database's id of the stream)."""
    prefix, _, plain = stream.rpartition("/")
    return f"{prefix}/{derive('zo', plain, name)}" if prefix else derive("zo", plain, name)


# ---- as nouns --------------------------------------------------------------------------------------------------

CHUNK = ("id", "stream_id", "number", "start_us", "end_us", "overlap_us")
TRACK = ("id", "stream_id", "number", "label", "start_us", "end_us", "confidence", "attributes", "source")
ENTITY = ("id", "stream_id", "label", "start_us", "end_us", "confidence", "attributes", "tracks", "name")
_EVIDENCE = ("evidence_chunks", "evidence_us", "evidence_boxes")
EVENT = (
    "id", "stream_id", "kind", "start_us", "end_us", "who", "roles", "zone", "confidence", *_EVIDENCE, "source",
    "attributes", "open", "noticed_us",
)  # fmt: skip
RELATION = ("id", "stream_id", "predicate", "start_us", "end_us", "confidence", *_EVIDENCE, "source")
CAPTION = ("id", "stream_id", "chunk_id", "start_us", "end_us", "text", "model", "status")
COVERAGE = ("stream_id", "start_us", "end_us", "state", "looked_by", "looked_for", "reason")

Row = Sequence[Any]


def columns(names: Sequence[str], of: str) -> str:
    """The Cypher list of these properties of a node or edge."""
    return f"[{', '.join(f'{of}.{name}' for name in names)}]"


def chunk(names: Names, row: Row) -> Chunk:
    """The chunk of a row of `CHUNK`."""
    id, stream, number, start, end, overlap = row
    return Chunk(
        id=ChunkId(names.out(id)),
        stream_id=StreamId(names.out(stream)),
        index=number,
        span=Span(start, end),
        overlap=overlap,
    )


def track(names: Names, row: Row, parts: Iterable[bytes]) -> Track:
    """The track of a row of `TRACK`, with the points of all its chunks, given in their order."""
    id, stream, number, label, start, end, confidence, attributes, source = row
    return Track(
        id=TrackId(names.out(id)),
        stream_id=StreamId(names.out(stream)),
        number=number,
        label=label,
        span=Span(start, end),
        confidence=confidence,
        points=rows.join_points(rows.unpack_points(part) for part in parts),
        attributes=json.loads(attributes),
        source=source,
    )


def entity(names: Names, row: Row) -> Entity:
    """The entity of a row of `ENTITY`."""
    id, stream, label, start, end, confidence, attributes, tracks, name = row
    return Entity(
        id=EntityId(names.out(id)),
        stream_id=StreamId(names.out(stream)),
        label=label,
        span=Span(start, end),
        confidence=confidence,
        attributes=json.loads(attributes),
        tracks=tuple(TrackId(names.out(t)) for t in tracks),
        name=name,
    )


def event(names: Names, row: Row) -> Event:
    """The event of a row of `EVENT`."""
    (id, stream, kind, start, end, who, roles, zone, confidence, chunks, moments, boxes, source, attributes, open_,
     noticed) = row  # fmt: skip
    return Event(
        id=EventId(names.out(id)),
        stream_id=StreamId(names.out(stream)),
        kind=kind,
        span=Span(start, end),
        participants=tuple(
            Participant(entity_id=EntityId(names.out(one)), role=role)
            for one, role in zip(who, roles, strict=True)
        ),
        zone=zone,
        confidence=confidence,
        evidence=_cited(names, chunks, moments, boxes),
        source=source,
        attributes=json.loads(attributes),
        open=open_,
        noticed=noticed,
    )


def relation(names: Names, row: Row, subject: str, object: str) -> Relation:
    """The relation of a row of `RELATION` between two entities."""
    id, stream, predicate, start, end, confidence, chunks, moments, boxes, source = row
    return Relation(
        id=RelationId(names.out(id)),
        stream_id=StreamId(names.out(stream)),
        subject=EntityId(names.out(subject)),
        predicate=predicate,
        object=EntityId(names.out(object)),
        valid=Span(start, end),
        confidence=confidence,
        evidence=_cited(names, chunks, moments, boxes),
        source=source,
    )


def _cited(
    names: Names, chunks: Sequence[str], moments: Sequence[int], boxes: Sequence[float]
) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(chunk_id=ChunkId(names.out(of)), at=at, box=_box(boxes[4 * n : 4 * n + 4]))
        for n, (of, at) in enumerate(zip(chunks, moments, strict=True))
    )


def _box(corners: Sequence[float]) -> Box | None:
    return None if math.isnan(corners[0]) else Box(*corners)


def caption(names: Names, row: Row) -> Caption:
    """The caption of a row of `CAPTION`."""
    id, stream, of, start, end, text, model, status = row
    return Caption(
        id=CaptionId(names.out(id)),
        chunk_id=ChunkId(names.out(of)),
        stream_id=StreamId(names.out(stream)),
        span=Span(start, end),
        text=text,
        model=model,
        status=CaptionStatus(status),
    )


def coverage(names: Names, row: Row) -> Coverage:
    """The coverage of a row of `COVERAGE`."""
    stream, start, end, state, by, looked_for, reason = row
    return Coverage(
        stream_id=StreamId(names.out(stream)),
        span=Span(start, end),
        state=CoverageState(state),
        by=by,
        looked_for=tuple(looked_for),
        reason=reason,
    )


def link(names: Names, row: Mapping[str, Any]) -> Link:
    """The link of an edge between two entities."""
    return Link(
        one=EntityId(names.out(row["one"])),
        other=EntityId(names.out(row["other"])),
        score=row["score"],
        source=row["source"],
        same=row["same"],
    )
