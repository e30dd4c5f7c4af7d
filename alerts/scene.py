"""Where and to whom events happen, and the stays that are read off them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alerts.rule import PRESENT
from core.clock import SECOND, Micros, Span
from core.ids import EntityId, EventId, StreamId
from core.media import Stream
from core.memory import Entity, Event, Participant

SETTLE: Micros = 5 * SECOND
"""How long after it began an event may be written down: a dwell is only one after 5 s, the longest of the usual kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What events alone do not say: on which stream they happened, and what the things are that took part."""

    stream: Stream
    entities: Mapping[EntityId, Entity] = field(default_factory=dict)


def stays(events: Sequence[Event], scene: Scene, until: Micros, *, in_zones: bool) -> Iterator[Event]:
    """Every thing's stay in the picture or, `in_zones`, in each zone it entered, as events of kind `present`."""
    if in_zones:
        yield from _zone_stays(events, scene, until)
        return
    for entity in scene.entities.values():
        if entity.stream_id == scene.stream.id and entity.span.start < until:
            yield _stay(EventId(entity.id), entity.stream_id, entity, entity.span, until)


def _zone_stays(events: Sequence[Event], scene: Scene, until: Micros) -> Iterator[Event]:
    leaves: dict[tuple[EntityId, str | None], list[Micros]] = {}
    for event in sorted(events, key=lambda e: e.span.start):
        if event.kind == "left_zone":
            for id in event.entity_ids:
                leaves.setdefault((id, event.zone), []).append(event.span.start)
    for event in events:
        if event.kind != "entered_zone":
            continue
        for id in event.entity_ids:
            entity = scene.entities.get(id)
            after = [at for at in leaves.get((id, event.zone), ()) if at > event.span.start]
            last = after[0] if after else entity.span.end if entity is not None else event.span.end
            span = Span(event.span.start, max(last, event.span.end))
            stay = _stay(event.id, event.stream_id, entity, span, until, ended=bool(after))
            yield replace(
                stay, zone=event.zone, confidence=event.confidence, participants=(Participant(entity_id=id),)
            )


def _stay(
    id: EventId, stream: StreamId, entity: Entity | None, span: Span, until: Micros, *, ended: bool = False
) -> Event:
    """A stay still goes on where the thing was last seen within the last moments that are known."""
    return Event(
        id=id,
        stream_id=stream,
        kind=PRESENT,
        span=span,
        participants=() if entity is None else (Participant(entity_id=entity.id),),
        confidence=1.0 if entity is None else entity.confidence,
        open=not ended and span.end >= until - SETTLE,
    )
