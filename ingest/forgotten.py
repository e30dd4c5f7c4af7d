"""What was forgotten of a stream stays forgotten: noted on its row, and kept out of whatever is still learned of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from core.clock import Micros, Span, merge
from core.errors import NotFound
from core.ids import EntityId, StreamId
from core.media import Stream
from core.memory import Event, Observation, Relation, Scope
from core.ports import Ledger, Memory
from core.work import Cancelled
from graph.ledger import change


def amend(ledger: Ledger, id: StreamId, how: Callable[[Stream], Stream]) -> Stream:
    """Changes the stream's row as it is now, whoever else is changing it. Raises `NotFound` where it has gone."""
    row = change(ledger, Stream, id, how)
    if row is None:
        raise NotFound(f"there is no stream {id!r}", next_step="it was forgotten")
    return row


def forget_more(
    ledger: Ledger, id: StreamId, *, spans: Iterable[Span] = (), entities: Iterable[EntityId] = ()
) -> Stream:
    """Notes that these spans and entities of the stream are forgotten."""
    more = tuple(spans), tuple(entities)

    def noted(row: Stream) -> Stream:
        return replace(
            row,
            forgotten=tuple(merge((*row.forgotten, *more[0]))),
            forgotten_entities=tuple(dict.fromkeys((*row.forgotten_entities, *more[1]))),
        )

    return amend(ledger, id, noted)


def write(observation: Observation, store: Memory, ledger: Ledger) -> Observation | None:
    """Writes what of the observation was not forgotten, and returns that; None where that is nothing.

    What was forgotten while it was written is removed again. Raises `Cancelled` where the stream was forgotten whole:
    whoever watches it has to stop.
    """
    id = observation.chunk.stream_id
    before = stream_row(ledger, id)
    left = spared(observation, before)
    if left is not None:
        store.write(left)
    after = ledger.get(Stream, id)
    if after is None:
        store.forget(Scope(streams=(id,)))
        raise Cancelled
    if (after.forgotten, after.forgotten_entities) == (before.forgotten, before.forgotten_entities):
        return left
    for scope in scopes(after):
        store.forget(scope)
    return spared(observation, after)


def stream_row(ledger: Ledger, id: StreamId) -> Stream:
    """The stream's row as it is now. Raises `Cancelled` where it was forgotten: whoever watches it has to stop."""
    row = ledger.get(Stream, id)
    if row is None:
        raise Cancelled
    return row


def shown(stream: Stream, moments: Sequence[Micros]) -> list[Micros]:
    """Those of the moments that may be shown; all of them where none may: then whoever opens them is told why."""
    return [at for at in moments if not stream.is_forgotten(Span.at(at))] or list(moments)


def scopes(stream: Stream) -> list[Scope]:
    """All that was forgotten of the stream, as it is forgotten by a store."""
    out = [Scope(streams=(stream.id,), span=span) for span in stream.forgotten]
    return out + ([Scope(entities=stream.forgotten_entities)] if stream.forgotten_entities else [])


def spared(observation: Observation, stream: Stream) -> Observation | None:
    """The observation without what was forgotten; None where its chunk touches a forgotten span.

    An event that began in a forgotten span stays forgotten however long it goes on; an entity that stays beyond one is
    known from then on, as it is where the span is forgotten afterwards.
    """
    if not stream.forgotten and not stream.forgotten_entities:
        return observation
    if stream.is_forgotten(observation.chunk.span):
        return None
    gone = set(stream.forgotten_entities)
    entities = tuple(e for e in observation.entities if e.id not in gone and not _inside(stream, e.span))
    gone |= {e.id for e in observation.entities} - {e.id for e in entities}
    tracks_gone = {t for e in observation.entities if e.id in gone for t in e.tracks}
    events = tuple(_without(e, gone, stream) for e in observation.events if not _goes(e, gone, stream))
    left = {e.id for e in entities} | {e.id for e in events} | {c.id for c in observation.captions}
    return replace(
        observation,
        entities=entities,
        events=events,
        tracks=tuple(
            t for t in observation.tracks if t.id not in tracks_gone and not _inside(stream, t.span)
        ),
        relations=tuple(r for r in observation.relations if not _ended(r, gone, stream)),
        vectors=tuple(v for v in observation.vectors if v.of in left),
    )


def _inside(stream: Stream, span: Span) -> bool:
    return any(forgotten.covers(span) for forgotten in stream.forgotten)


def _goes(event: Event, gone: set[EntityId], stream: Stream) -> bool:
    if stream.is_forgotten(event.span):
        return True
    return bool(event.participants) and set(event.entity_ids) <= gone


def _ended(relation: Relation, gone: set[EntityId], stream: Stream) -> bool:
    return stream.is_forgotten(relation.valid) or bool({relation.subject, relation.object} & gone)


def _without(event: Event, gone: set[EntityId], stream: Stream) -> Event:
    who = tuple(p for p in event.participants if p.entity_id not in gone)
    shown = tuple(e for e in event.evidence if not stream.is_forgotten(Span.at(e.at)))
    return replace(event, participants=who, evidence=shown)
