"""Searching: what fits some words best, by words, meaning and neighbourhood, inside exact bounds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import searching, wire
from api.auth import VIEWER
from api.context import Ctx
from api.errors import problems
from api.find import streams_named
from api.routes.memory import Any_, From, Streams, To, span_asked
from core.ids import EntityId
from core.memory import Query as MemoryQuery
from core.memory import Want

router = APIRouter(prefix="/v1", tags=["memory"], dependencies=VIEWER, responses=problems(401, 404, 422, 503))


@router.get("/search", summary="What fits these words best")
def search(
    ctx: Ctx,
    q: Annotated[str, Query(min_length=1, max_length=500, description="What to look for.")],
    stream: Streams = [],  # noqa: B006 - FastAPI copies it
    kind: Any_ = [],  # noqa: B006
    label: Any_ = [],  # noqa: B006
    zone: Any_ = [],  # noqa: B006
    entity: Any_ = [],  # noqa: B006
    from_s: From = None,
    to_s: To = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> wire.HitsOut:
    """Events and captions, the best first, each with how it was found and an order's score.

    `words` and `meaning` were asked for; `with` (the same thing took part) and `beside` (shortly before or after) are
    neighbours of those. Captions are left out where a kind, label, zone or entity is asked for.
    """
    ids = tuple(row.id for row in streams_named(ctx.house.ledger, stream)) if stream else ()
    bounds = MemoryQuery(
        want=Want.EVENTS,
        streams=ids,
        span=span_asked(from_s, to_s),
        kinds=tuple(kind),
        labels=tuple(label),
        zones=tuple(zone),
        entities=tuple(EntityId(e) for e in entity),
    )
    return searching.search(ctx.house, bounds, q, limit=limit)
