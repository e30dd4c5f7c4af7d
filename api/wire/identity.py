"""The shapes of who is who: one thing's visits across streams, what holds them together, and the ways between streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import Field

from api import wire
from core.clock import Micros, seconds
from core.ids import StreamId
from core.media import Passage, Stream
from core.memory import Link
from core.ports import Memory
from graph.identity import Identity
from graph.timeline import Timeline


class LinkOut(wire.Out):
    """What is said of two entities."""

    one: str
    other: str
    same: bool
    score: float
    source: str = Field(description="`hand`, or what program said so.")


class IdentityOut(wire.Out):
    """The visits of one and the same thing, and the links that hold them together."""

    entities: list[str]
    links: list[LinkOut]


class SplitOut(wire.Out):
    """Who the entity is now the same as, and who it was; give `was` back to `merge` to take the split back."""

    entities: list[str]
    links: list[LinkOut]
    was: list[str]


class VisitOut(wire.EntityOut):
    """One visit of a thing, with its wall time where the stream's clock is known."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None


class MomentOut(wire.EventOut):
    """Something that happened, with its wall time where the stream's clock is known."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None


class TimelineOut(wire.Out):
    """One thing across visits and streams: the entity asked for, all its visits, everything it took part in, in order.

    Order is that of wall time; of streams whose clock is not known, after the others, stream by stream.
    """

    entity: wire.EntityOut
    visits: list[VisitOut]
    streams: list[str]
    events: list[MomentOut]
    links: list[LinkOut]


class PassageOut(wire.Out):
    """The way between what two streams show."""

    streams: list[str] = Field(description="The two streams' names.")
    least_s: float = Field(description="Seconds it takes at least from one to the other.")
    together: bool = Field(description="Whether both may show the same thing at once.")


def link(value: Link) -> LinkOut:
    """A link."""
    return LinkOut(
        one=value.one, other=value.other, same=value.same, score=round(value.score, 4), source=value.source
    )


def identity(value: Identity) -> IdentityOut:
    """Who is one and the same."""
    return IdentityOut(entities=list(value.members), links=[link(each) for each in value.links])


def split(now: Identity, before: Identity, id: str) -> SplitOut:
    """What a split left, and what it took apart."""
    return SplitOut(**identity(now).model_dump(), was=[member for member in before.members if member != id])


def wall(stream: Stream | None, at: Micros) -> datetime | None:
    """The wall time of a stream's moment, where its clock is known."""
    if stream is None or stream.started_at is None:
        return None
    return stream.started_at + timedelta(microseconds=at)


def timeline(value: Timeline, streams: Sequence[Stream], store: Memory) -> TimelineOut:
    """A timeline."""
    rows: Mapping[StreamId, Stream] = {row.id: row for row in streams}
    names = {row.id: row.name for row in streams}
    visits = [
        VisitOut(
            **wire.entity(each, names).model_dump(),
            starts_at=wall(rows.get(each.stream_id), each.span.start),
            ends_at=wall(rows.get(each.stream_id), each.span.end),
        )
        for each in value.visits
    ]
    told = wire.events(value.events, names, store)
    events = [
        MomentOut(
            **shape.model_dump(),
            starts_at=wall(rows.get(each.stream_id), each.span.start),
            ends_at=wall(rows.get(each.stream_id), each.span.end),
        )
        for each, shape in zip(value.events, told, strict=True)
    ]
    asked = next(each for each in value.visits if each.id == value.id)
    return TimelineOut(
        entity=wire.entity(asked, names),
        visits=visits,
        streams=list(dict.fromkeys(visit.stream for visit in visits)),
        events=events,
        links=[link(each) for each in value.links],
    )


def passage(value: Passage, names: Mapping[StreamId, str]) -> PassageOut:
    """A passage."""
    return PassageOut(
        streams=[names.get(value.one, value.one), names.get(value.other, value.other)],
        least_s=seconds(value.least),
        together=value.together,
    )
