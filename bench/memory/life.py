"""A long life of a hundred cameras: observations as ingest writes them, the same for the same seed and size.

Everything is drawn from one generator per observation, so that any stretch can be made without what comes before it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from core import ids
from core.clock import SECOND, Micros, Span
from core.ids import StreamId
from core.media import Chunk
from core.memory import (
    Coverage,
    CoverageState,
    Entity,
    Event,
    Evidence,
    Observation,
    Participant,
    Vector,
)
from core.place import Box
from core.sight import Attributes

MODEL = "bench:256"
LENGTH = 256
EVENTS_EACH = 5
"""Events of one observation."""
CHUNK_S = 10
DAY_US = 86_400 * SECOND
_RECIPE = "bench"

_KINDS = {
    "appeared": 16, "left": 16, "entered_zone": 11, "left_zone": 10, "crossed_line": 8, "stopped": 8, "started": 7,
    "turned": 5, "dwelled": 4, "approached": 4, "together": 3, "parted": 3, "text_seen": 1.5, "running": 1,
    "queue": 0.7, "blocked": 0.5, "near_miss": 0.4, "speeding": 0.4, "object_left": 0.3, "wrong_way": 0.2,
    "crowd": 0.2, "stalled": 0.2, "fell": 0.1, "collision": 0.05, "camera_moved": 0.05,
}  # fmt: skip
_LABELS = {"person": 55, "car": 25, "truck": 7, "bicycle": 5, "forklift": 5, "dog": 2, "pallet": 1}
_COLOURS = {
    "black": 22, "white": 20, "grey": 16, "blue": 12, "silver": 10, "red": 9, "green": 4, "yellow": 3, "brown": 3,
    "orange": 1,
}  # fmt: skip
_PLACES = (
    "gate", "dock", "aisle", "entrance", "exit", "crossing", "ramp", "yard", "shelf", "counter", "car park",
    "platform", "stairs", "corridor", "loading bay", "pavement",
)  # fmt: skip
_SIDES = ("left", "right", "towards", "away")
_SIZES = ("small", "medium", "large")


class _Draw(random.Random):
    """Draws by weight."""

    def one(self, weights: dict[str, float]) -> str:
        """One of the names."""
        return self.choices(_names(weights), cum_weights=_sums(weights))[0]


def _names(weights: dict[str, float]) -> list[str]:
    return _ONCE.setdefault(id(weights), (list(weights), list(accumulate(weights.values()))))[0]


def _sums(weights: dict[str, float]) -> list[float]:
    _names(weights)
    return _ONCE[id(weights)][1]


_ONCE: dict[int, tuple[list[str], list[float]]] = {}
_NOISE = np.random.default_rng(7).normal(0, 0.05, (4096, LENGTH)).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """So many events on so many streams in so many days."""

    events: int
    streams: int = 100
    days: int = 30
    seed: int = 7

    @property
    def observations(self) -> int:
        """How many observations that makes."""
        return self.events // EVENTS_EACH

    @property
    def span(self) -> Span:
        """All of it, on every stream's clock."""
        return Span(0, self.days * DAY_US + DAY_US)

    def stream(self, number: int) -> StreamId:
        """One of the cameras."""
        return ids.stream_id(f"camera {number % self.streams}")

    def told(self, first: int, last: int) -> Iterator[Observation]:
        """The observations from one number up to another, in order of time."""
        for number in range(first, min(last, self.observations)):
            yield self._observation(number)

    def _observation(self, number: int) -> Observation:
        draw = _Draw(f"{self.seed} {number}")
        step = self.days * DAY_US // max(self.observations, 1)
        # A stream's turn comes round every `streams` observations.
        index = (number * step + int(draw.random() * step)) // (CHUNK_S * SECOND)
        camera = number % self.streams
        stream, start = self.stream(camera), index * CHUNK_S * SECOND
        chunk = Chunk(
            id=ids.chunk_id(stream, start, number, _RECIPE), stream_id=stream, index=index,
            span=Span(start, start + CHUNK_S * SECOND), overlap=0,
        )  # fmt: skip
        people = [_entity(draw, stream, number, n, chunk.span) for n in range(3)]
        events = [_event(draw, chunk, people, n, camera) for n in range(EVENTS_EACH)]
        looked = Coverage(
            stream_id=stream,
            span=chunk.span,
            state=CoverageState.LOOKED,
            by="bench",
            looked_for=("person", "car"),
        )
        return Observation(
            chunk=chunk, entities=tuple(people), events=tuple(events), coverage=(looked,),
            vectors=tuple(Vector.of_row(e.id, MODEL, _place(draw, e, people)) for e in events),
        )  # fmt: skip


def _entity(draw: _Draw, stream: StreamId, number: int, n: int, span: Span) -> Entity:
    label = draw.one(_LABELS)
    looks: Attributes = {"size": draw.choice(_SIZES), "direction": draw.choice(_SIDES)}
    if label == "person":
        looks |= {"upper": draw.one(_COLOURS), "lower": draw.one(_COLOURS)}
    else:
        looks["colour"] = draw.one(_COLOURS)
    if label in ("car", "truck") and draw.random() < 0.1:
        looks["text"] = "".join(draw.choices("ABCDEFGHJKLMNPRSTUVWXYZ", k=3)) + f"{draw.randrange(1000):03d}"
    looks["speed"] = round(draw.gammavariate(2, 0.5), 3)
    track = ids.track_id(stream, number * 3 + n, _RECIPE)
    return Entity(
        id=ids.entity_id(stream, track), stream_id=stream, label=label, span=span,
        confidence=round(draw.uniform(0.4, 1), 3), attributes=looks, tracks=(track,),
    )  # fmt: skip


def _event(draw: _Draw, chunk: Chunk, people: list[Entity], n: int, camera: int) -> Event:
    kind = draw.one(_KINDS)
    start: Micros = chunk.span.start + draw.randrange(CHUNK_S * SECOND)
    one, other = draw.sample(people, 2)
    place = _PLACES[(camera * 5 + draw.randrange(4)) % len(_PLACES)]
    corner = [round(draw.uniform(low, low + 400), 1) for low in (0, 0, 500, 500)]
    length = 1 if kind in ("appeared", "left") else draw.randrange(SECOND, 90 * SECOND)
    return Event(
        id=ids.event_id(chunk.stream_id, kind, start, place, one.id, n), stream_id=chunk.stream_id, kind=kind,
        span=Span(start, start + length),
        participants=(Participant(entity_id=one.id), Participant(entity_id=other.id, role="object")),
        zone=f"{place} {camera % 3 + 1}" if draw.random() < 0.7 else None, confidence=round(draw.uniform(0.4, 1), 3),
        evidence=(Evidence(chunk_id=chunk.id, at=start, box=Box(*corner)),), source="bench",
        attributes={"side": draw.choice(_SIDES[:2])} if kind in ("appeared", "left") else {}, noticed=start,
    )  # fmt: skip


@cache
def direction(word: str) -> npt.NDArray[np.float32]:
    """Where a word lies in the space of the bench's own model."""
    seed = int.from_bytes(word.encode()[:16].ljust(16, b"\0"), "big")
    return np.random.default_rng(seed).normal(0, 1 / np.sqrt(LENGTH), LENGTH).astype(np.float32)


def _place(draw: _Draw, event: Event, people: list[Entity]) -> npt.NDArray[np.float32]:
    """What a text embedder does: facts that share words lie near one another."""
    spoken = [event.kind, event.zone or "nowhere"]
    for entity in people:
        if entity.id in event.entity_ids:
            spoken += [
                entity.label,
                *(str(v) for k, v in entity.attributes.items() if k not in ("speed", "text")),
            ]
    row = _NOISE[draw.randrange(len(_NOISE))].copy()
    for word in spoken:
        row += direction(word)
    return row
