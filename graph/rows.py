"""How nouns are laid down in rows: attributes as JSON, a chunk's track points as one small blob."""

from __future__ import annotations

import json
import math
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np

from core.clock import Micros
from core.errors import Invalid
from core.memory import Caption, Coverage, Entity, Event, Observation, Query, Relation, Want
from core.place import Box
from core.sight import Attributes, Track, TrackPoint

LONG_US = 60_000_000
"""What lasts longer than this, in microseconds, has an index of its own in every store, so that a query bounded in time
need look back no further.
"""
_FORMAT = b"\x01"
_PX = 10
_SCORE = 1000
_ATTRIBUTES = json.JSONEncoder(allow_nan=False)


def kept(point: TrackPoint) -> TrackPoint:
    """The point as the memory keeps it: the box to a tenth of a pixel (never thinner), the score to a thousandth."""
    left, top = round(point.box.x1 * _PX), round(point.box.y1 * _PX)
    right = max(round(point.box.x2 * _PX), left + 1)
    bottom = max(round(point.box.y2 * _PX), top + 1)
    box = Box(left / _PX, top / _PX, right / _PX, bottom / _PX)
    return TrackPoint(point.at, box, round(point.score * _SCORE) / _SCORE)


def pack_points(points: Sequence[TrackPoint]) -> bytes:
    """Points as differences from one to the next, zigzagged, low bytes first, deflated: 4 to 6 bytes a point."""
    table = np.array(
        [
            (
                p.at,
                round(p.box.x1 * _PX),
                round(p.box.y1 * _PX),
                round(p.box.x2 * _PX) - round(p.box.x1 * _PX),
                round(p.box.y2 * _PX) - round(p.box.y1 * _PX),
                round(p.score * _SCORE),
            )
            for p in map(kept, points)
        ],
        dtype=np.int64,
    ).reshape(-1, 6)
    steps = np.diff(table, axis=0, prepend=np.zeros((1, 6), np.int64)).T
    zigzag = ((steps << 1) ^ (steps >> 63)).astype("<u8")
    planes = np.ascontiguousarray(zigzag).view(np.uint8).reshape(-1, 8).T
    return _FORMAT + zlib.compress(planes.tobytes(), 6)


def unpack_points(blob: bytes) -> tuple[TrackPoint, ...]:
    """The points `pack_points` laid down."""
    if blob[:1] != _FORMAT:
        raise ValueError(f"track points of an unknown form {blob[:1]!r}")
    planes = np.frombuffer(zlib.decompress(blob[1:]), np.uint8).reshape(8, -1)
    zigzag = np.ascontiguousarray(planes.T).view("<u8").reshape(6, -1)
    steps = (zigzag >> np.uint64(1)).astype(np.int64) ^ -(zigzag & np.uint64(1)).astype(np.int64)
    return tuple(
        TrackPoint(at, Box(x / _PX, y / _PX, (x + w) / _PX, (y + h) / _PX), score / _SCORE)
        for at, x, y, w, h, score in np.cumsum(steps, axis=1).T.tolist()
    )


def join_points(parts: Iterable[Sequence[TrackPoint]]) -> tuple[TrackPoint, ...]:
    """Points of several chunks, given in order of the chunks, as one row in order of time.

    Chunks overlap: where two speak of one moment the later chunk's word stands.
    """
    by_moment = {point.at: point for part in parts for point in part}
    return tuple(by_moment[at] for at in sorted(by_moment))


def kept_text(text: str) -> str:
    """The text as the memory keeps it: half characters, which no encoding can write, become `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def pack_attributes(attributes: Attributes) -> str:
    """Attributes as JSON."""
    return _ATTRIBUTES.encode(attributes) if attributes else "{}"


def check(observation: Observation) -> None:
    """Raises `Invalid` for what no store could give back as it was: foreign streams, numbers that are not finite."""
    chunk = observation.chunk
    spoken: tuple[Track | Entity | Event, ...] = (
        *observation.tracks,
        *observation.entities,
        *observation.events,
    )
    others: tuple[Relation | Caption | Coverage, ...] = (
        *observation.relations,
        *observation.captions,
        *observation.coverage,
    )
    for noun in (*spoken, *others):
        if noun.stream_id != chunk.stream_id:
            raise Invalid(
                f"a {type(noun).__name__.lower()} of stream {noun.stream_id} stands in an observation of {chunk.stream_id}",
                next_step="write one observation per chunk and stream",
            )
    for noun in spoken:
        for key, value in noun.attributes.items():
            if not isinstance(value, str) and not math.isfinite(value):
                raise Invalid(
                    f"the attribute {key!r} of {noun.id} is {value}, which is no number to keep",
                    next_step="leave an attribute out where it is not known",
                )


def check_query(query: Query) -> None:
    """Raises `Invalid` for what no store can be asked."""
    if query.limit is not None and query.limit < 0:
        raise Invalid(f"a limit of {query.limit} makes no sense", next_step="give 0 or more, or none")
    if query.text and query.like is not None:
        raise Invalid(
            "a query ranks by words or by likeness, not by both",
            next_step="ask twice, and fuse what comes back",
        )


def markable(want: Want) -> Want:
    """What may have a vector; raises `Invalid` for the rest."""
    if want not in (Want.EVENTS, Want.CAPTIONS, Want.ENTITIES):
        raise Invalid(f"{want.value} have no vectors", next_step="ask for events, captions or entities")
    return want


def speaker(said: Micros, starts: Sequence[Micros]) -> int:
    """Which of a stream's chunks, by its place among their starts (at least one, in order of time), is given what was
    said last by a chunk that began at `said`: that chunk, or where it was forgotten the one before it, or the first.
    """
    at = bisect_left(starts, said)
    return at if at < len(starts) and starts[at] == said else max(0, at - 1)
