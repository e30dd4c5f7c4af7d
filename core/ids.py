"""Ids: typed, and derived from what they name, so that doing a thing twice changes nothing."""

from __future__ import annotations

import hashlib
import secrets
from typing import NewType

StreamId = NewType("StreamId", str)
ChunkId = NewType("ChunkId", str)
TrackId = NewType("TrackId", str)
EntityId = NewType("EntityId", str)
EventId = NewType("EventId", str)
RelationId = NewType("RelationId", str)
LinkId = NewType("LinkId", str)
CaptionId = NewType("CaptionId", str)
RuleId = NewType("RuleId", str)
AlertId = NewType("AlertId", str)
IncidentId = NewType("IncidentId", str)
DeliveryId = NewType("DeliveryId", str)
WebhookId = NewType("WebhookId", str)
JobId = NewType("JobId", str)
ReportId = NewType("ReportId", str)
KeyId = NewType("KeyId", str)
PassageId = NewType("PassageId", str)


PLACE_US = 3_600_000_000
"""What happens within one hour of its stream's clock has one place."""

PLACE_TRACKS = 64
"""So many tracks in a row of a stream have one place."""


def derive(prefix: str, *parts: object) -> str:
    """`prefix_` and 20 hex digits of BLAKE2b over the parts: the same parts always give the same id.

    Parts are joined with their lengths, so ("ab", "c") and ("a", "bc") differ.
    """
    digest = hashlib.blake2b(digest_size=10)
    for part in parts:
        text = str(part).encode()
        digest.update(len(text).to_bytes(8, "big"))
        digest.update(text)
    return f"{prefix}_{digest.hexdigest()}"


def placed(prefix: str, place: int, *parts: object) -> str:
    """The same, with 4 of the digits for its place among its kind, so that later ones mostly come later in order too.

    An index over ids in no order at all takes every new one into another of its pages: with a million of them, a write
    dirtied three times the pages it needs. In order, it grows at its end. 64 bits are left to tell apart those of a place.
    """
    return f"{prefix}_{place % 0x10000:04x}{derive(prefix, place, *parts)[-16:]}"


def place_of(id: str) -> int:
    """The place that an id was given."""
    return int(id.partition("_")[2][:4], 16)


def fresh(prefix: str) -> str:
    """A new random id, for the few things that happen once and are named by nothing (jobs, reports, keys)."""
    return f"{prefix}_{secrets.token_hex(10)}"


def stream_id(name: str) -> StreamId:
    """A stream is known by its name."""
    return StreamId(derive("st", name))


def chunk_id(stream: StreamId, start: int, length: int, recipe: str) -> ChunkId:
    """A chunk is where its stream was cut, by which length, by which version of the recipe."""
    return ChunkId(placed("ch", start // PLACE_US, stream, start, length, recipe))


def track_id(stream: StreamId, number: int, recipe: str) -> TrackId:
    """A track is the n-th thing followed on its stream by one version of the recipe."""
    return TrackId(placed("tr", number // PLACE_TRACKS, stream, number, recipe))


def entity_id(stream: StreamId, first_track: TrackId) -> EntityId:
    """An entity is named after the first track it was known by."""
    return EntityId(placed("en", place_of(first_track), stream, first_track))


def event_id(stream: StreamId, kind: str, start: int, *who_and_where: object) -> EventId:
    """An event is its kind, its first moment, who took part and where; its end may still move."""
    return EventId(placed("ev", start // PLACE_US, stream, kind, start, *who_and_where))


def relation_id(stream: StreamId, subject: str, predicate: str, obj: str, start: int) -> RelationId:
    """A relation is its two ends, its predicate and the moment it began to hold."""
    return RelationId(placed("re", start // PLACE_US, stream, subject, predicate, obj, start))


def caption_id(chunk: ChunkId, model: str) -> CaptionId:
    """One caption per chunk and model."""
    return CaptionId(placed("ca", place_of(chunk), chunk, model))


def link_id(one: EntityId, other: EntityId) -> LinkId:
    """A link is its two ends, in the order of their ids."""
    return LinkId(derive("ln", *sorted((one, other))))


def passage_id(one: StreamId, other: StreamId) -> PassageId:
    """A passage is its two streams, whichever way."""
    return PassageId(derive("pa", *sorted((one, other))))
