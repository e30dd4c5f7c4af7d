"""What was seen: events, entities, tracks, captions, coverage."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query

from api import wire
from api.auth import VIEWER
from api.context import Ctx, Cursor, Limit
from api.errors import problems
from api.find import names, page, streams_named
from core.clock import Span
from core.errors import Invalid
from core.ids import EntityId
from core.memory import Query as MemoryQuery
from core.memory import Want

router = APIRouter(prefix="/v1", tags=["memory"], dependencies=VIEWER, responses=problems(401, 404, 422, 503))

Streams = Annotated[list[str], Query(alias="stream", description="Name or id; several mean any of them.")]
From = Annotated[float | None, Query(ge=0, description="Seconds on the stream's clock.")]
To = Annotated[float | None, Query(gt=0, description="Seconds on the stream's clock.")]
Words = Annotated[str, Query(max_length=500, description="Words to look for; then the best come first.")]
Any_ = Annotated[list[str], Query(description="Several mean any of them.")]


def span_asked(start_s: float | None, end_s: float | None) -> Span | None:
    """The span between `from_s` and `to_s`. Raises `Invalid` for a backward one."""
    try:
        return wire.span_of(start_s, end_s)
    except ValueError as error:
        raise Invalid(
            f"the time from {start_s} s to {end_s} s is empty",
            next_step="`to_s` must be greater than `from_s`",
        ) from error


def _query(
    ctx: Ctx, want: Want, streams: list[str], from_s: float | None, to_s: float | None, text: str = ""
) -> MemoryQuery:
    ids = tuple(row.id for row in streams_named(ctx.house.ledger, streams)) if streams else ()
    return MemoryQuery(want=want, streams=ids, span=span_asked(from_s, to_s), text=text)


@router.get("/events", summary="What happened")
def events(
    ctx: Ctx,
    stream: Streams = [],  # noqa: B006 - FastAPI copies it
    kind: Any_ = [],  # noqa: B006
    label: Any_ = [],  # noqa: B006
    zone: Any_ = [],  # noqa: B006
    entity: Any_ = [],  # noqa: B006
    from_s: From = None,
    to_s: To = None,
    q: Words = "",
    limit: Limit = 200,
    cursor: Cursor = None,
) -> wire.Page[wire.EventOut]:
    """Events in order of time, or the best matches first where words are given (then there is one page)."""
    query = replace(
        _query(ctx, Want.EVENTS, stream, from_s, to_s, q),
        kinds=tuple(kind),
        labels=tuple(label),
        zones=tuple(zone),
        entities=tuple(EntityId(e) for e in entity),
    )
    store = ctx.house.store
    if q:
        found, following = list(store.find(replace(query, limit=limit)).events), None
    else:
        found, following = page(query, lambda q_: store.find(q_).events, limit=limit, cursor=cursor)
    return wire.Page(items=wire.events(found, names(ctx.house.ledger), store), next=following)


@router.get("/entities", summary="Who and what was there")
def entities(
    ctx: Ctx,
    stream: Streams = [],  # noqa: B006
    label: Any_ = [],  # noqa: B006
    from_s: From = None,
    to_s: To = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> wire.Page[wire.EntityOut]:
    """Entities in order of their first moment."""
    query = replace(_query(ctx, Want.ENTITIES, stream, from_s, to_s), labels=tuple(label))
    found, following = page(query, lambda q: ctx.house.store.find(q).entities, limit=limit, cursor=cursor)
    known = names(ctx.house.ledger)
    return wire.Page(items=[wire.entity(e, known) for e in found], next=following)


@router.get("/tracks", summary="What was followed, point by point")
def tracks(
    ctx: Ctx,
    stream: Streams = [],  # noqa: B006
    from_s: From = None,
    to_s: To = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> wire.Page[wire.TrackOut]:
    """Tracks with all their points; boxes in pixels of the source."""
    query = _query(ctx, Want.TRACKS, stream, from_s, to_s)
    found, following = page(query, lambda q: ctx.house.store.find(q).tracks, limit=limit, cursor=cursor)
    known = names(ctx.house.ledger)
    return wire.Page(items=[wire.track(t, known) for t in found], next=following)


@router.get("/captions", summary="What was said of each chunk")
def captions(
    ctx: Ctx,
    stream: Streams = [],  # noqa: B006
    from_s: From = None,
    to_s: To = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> wire.Page[wire.CaptionOut]:
    """Captions word for word, with the model that wrote them."""
    query = _query(ctx, Want.CAPTIONS, stream, from_s, to_s)
    found, following = page(query, lambda q: ctx.house.store.find(q).captions, limit=limit, cursor=cursor)
    known = names(ctx.house.ledger)
    return wire.Page(items=[wire.caption(c, known) for c in found], next=following)


@router.get("/coverage", summary="Which spans were looked at, and which were not")
def coverage(
    ctx: Ctx,
    stream: Streams = [],  # noqa: B006
    from_s: From = None,
    to_s: To = None,
) -> wire.Page[wire.CoverageOut]:
    """Every covered span, in order of time; what is not in the list, nobody looked at."""
    query = _query(ctx, Want.COVERAGE, stream, from_s, to_s)
    known = names(ctx.house.ledger)
    return wire.Page(items=[wire.coverage(c, known) for c in ctx.house.store.find(query).coverage])
