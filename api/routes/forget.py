"""Forgetting a span of a stream, and entities; forgetting a whole stream stands beside the streams."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import ADMIN
from api.context import Ctx
from api.errors import problems
from api.find import stream_named
from api.wire import Out, span_of
from core.errors import Invalid
from core.ids import EntityId
from jobs.forget import forget, forget_entities, forget_span

router = APIRouter(prefix="/v1", tags=["memory"], dependencies=ADMIN)


class Forget(BaseModel):
    """What is to be forgotten: a stream, or a span of it; or entities."""

    stream: str = Field(default="", description="Name or id.")
    from_s: float | None = Field(default=None, ge=0, description="Seconds on the stream's clock.")
    to_s: float | None = Field(default=None, gt=0, description="Seconds on the stream's clock.")
    entities: list[str] = Field(default=[], max_length=1000, description="Ids.")
    everywhere: bool = Field(default=False, description="All visits of the same things too, on every stream.")


class Removed(Out):
    """How much went, by kind."""

    removed: dict[str, int]


@router.post(
    "/forget",
    summary="Forget a stream, a span of one, or entities",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def forget_asked(body: Forget, ctx: Ctx) -> Removed:
    """It goes from the memory, its indexes, clips, alerts, deliveries and reports; it is not shown and not learned again."""
    house = ctx.house
    if bool(body.stream) == bool(body.entities):
        raise Invalid("it does not say what to forget", next_step="give `stream` or `entities`")
    bounded = body.from_s is not None or body.to_s is not None
    if body.entities and bounded:
        raise Invalid(
            "an entity is forgotten whole, not for a span",
            next_step="leave `from_s` and `to_s` out, or give `stream` with them instead",
        )
    if body.stream and body.everywhere:
        raise Invalid(
            "`everywhere` is about entities, not about a stream", next_step="leave it out, or give `entities`"
        )
    if body.entities:
        ids = [EntityId(id) for id in body.entities]
        return Removed(removed=forget_entities(ids, house, everywhere=body.everywhere))
    stream = stream_named(house.ledger, body.stream)
    if not bounded:
        return Removed(removed=forget(stream, house, ctx.settings, ctx.executor))
    try:
        span = span_of(body.from_s, body.to_s)
    except ValueError as error:
        raise Invalid("the span is empty", next_step="`to_s` must be greater than `from_s`") from error
    assert span is not None  # noqa: S101 - one end is given
    return Removed(removed=forget_span(stream, span, house))


@router.delete("/entities/{id}", summary="Forget an entity", responses=problems(401, 403, 404, 503))
def forget_entity(
    id: str,
    ctx: Ctx,
    everywhere: Annotated[bool, Query(description="All visits of the same thing, on every stream.")] = False,
) -> Removed:
    """Its tracks, links, vectors and relations, the events in which nobody else took part, and its part in the others."""
    return Removed(removed=forget_entities([EntityId(id)], ctx.house, everywhere=everywhere))
