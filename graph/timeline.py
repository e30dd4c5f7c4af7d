"""Everything one and the same thing took part in, across visits and streams, in order of wall time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.clock import Micros
from core.ids import EntityId, StreamId
from core.media import Stream
from core.memory import Entity, Event, Link, Query, Want
from core.ports import Memory
from graph.identity import known_as
from graph.places import wall_start


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The visits of one thing, what happened in them, and the links that hold the visits together.

    In order of wall time; visits and events of streams without a clock come after the others, stream by stream.
    """

    id: EntityId
    visits: tuple[Entity, ...]
    events: tuple[Event, ...]
    links: tuple[Link, ...]


def timeline(store: Memory, streams: Iterable[Stream], id: EntityId) -> Timeline:
    """The timeline of the thing of which `id` is one visit. Raises `NotFound` where there is no such entity."""
    starts = {stream.id: wall_start(stream) for stream in streams}
    known = known_as(store, id)
    visits = store.find(Query(want=Want.ENTITIES, ids=known.members)).entities
    events = store.find(Query(want=Want.EVENTS, entities=known.members)).events
    return Timeline(
        id=id,
        visits=tuple(sorted(visits, key=lambda each: _when(each, starts))),
        events=tuple(sorted(events, key=lambda each: _when(each, starts))),
        links=known.links,
    )


def _when(fact: Entity | Event, starts: dict[StreamId, Micros | None]) -> tuple[int, str, Micros, str]:
    start = starts.get(fact.stream_id)
    if start is None:
        return 1, fact.stream_id, fact.span.start, fact.id
    return 0, "", start + fact.span.start, fact.id
