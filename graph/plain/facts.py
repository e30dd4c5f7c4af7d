"""What the plain memory holds, and how facts are told apart, ordered and kept from change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from core.clock import Micros, Span
from core.ids import ChunkId, EntityId, TrackId
from core.media import Chunk
from core.memory import Caption, Coverage, Entity, Event, Link, Relation, Vector
from core.sight import Track, TrackPoint
from graph import rows

Timed = Chunk | Track | Entity | Event | Relation | Caption | Coverage
Fact = TypeVar("Fact", bound=Timed)


@dataclass(slots=True)
class Facts:
    """Every fact by its id. `said` is the start of the chunk that had the last word on a fact; `points` are a track's,
    by the chunk they were seen in, with that chunk's start; `vectors` are by fact and model.
    """

    chunks: dict[str, Chunk] = field(default_factory=dict)
    tracks: dict[str, Track] = field(default_factory=dict)
    points: dict[TrackId, dict[ChunkId, tuple[Micros, tuple[TrackPoint, ...]]]] = field(default_factory=dict)
    entities: dict[str, Entity] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)
    captions: dict[str, Caption] = field(default_factory=dict)
    coverage: dict[ChunkId, tuple[Coverage, ...]] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    vectors: dict[tuple[str, str], Vector] = field(default_factory=dict)
    said: dict[str, Micros] = field(default_factory=dict)

    def markable(self) -> Iterator[Event | Caption | Entity]:
        """Everything that may have a vector."""
        yield from self.events.values()
        yield from self.captions.values()
        yield from self.entities.values()

    def known(self, ids: Iterable[EntityId]) -> list[Entity]:
        """The entities of these that have been described."""
        return [self.entities[i] for i in ids if i in self.entities]

    def joined(self, track: Track) -> Track:
        """The track with the points of all its chunks."""
        parts = self.points.get(track.id, {})
        in_order = sorted(parts, key=lambda chunk: (parts[chunk][0], chunk))
        return replace(track, points=rows.join_points(parts[chunk][1] for chunk in in_order))


def own(fact: Fact) -> Fact:
    """The fact with attributes nobody else can change."""
    if isinstance(fact, Track | Entity | Event):
        return replace(fact, attributes=dict(fact.attributes))
    return fact


def span_of(fact: Timed) -> Span:
    """When it was, or held."""
    return fact.valid if isinstance(fact, Relation) else fact.span


def _key(fact: Timed) -> tuple[object, ...]:
    if isinstance(fact, Coverage):
        return fact.span, fact.stream_id, fact.state, fact.by, fact.looked_for, fact.reason
    return span_of(fact).start, fact.id


def in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """In order of time, then id."""
    return tuple(sorted(facts, key=_key))


def drop(table: dict[str, Fact], gone: Callable[[Fact], bool]) -> int:
    """Removes what is to go; how much that was."""
    left = {i: fact for i, fact in table.items() if not gone(fact)}
    count = len(table) - len(left)
    table.clear()
    table.update(left)
    return count
