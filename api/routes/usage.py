"""What models are asked about streams, what that costs, and what it may."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import OPERATOR, VIEWER
from api.context import Ctx
from api.errors import problems
from api.find import names, stream_named, streams_named
from api.routes.memory import Streams
from api.wire import Page
from api.wire import usage as wire_usage
from core.spending import Budget
from graph.spending import used

router = APIRouter(prefix="/v1", tags=["usage"], responses=problems(401, 404, 422, 503))


class BudgetIn(BaseModel):
    """Calls and tokens a day (UTC) that a stream's captions may cost; null does not limit."""

    calls: int | None = Field(default=None, ge=0, examples=[500])
    tokens: int | None = Field(default=None, ge=0)


@router.get("/usage", summary="What models were asked, and what it cost", dependencies=VIEWER)
def list_usage(
    ctx: Ctx,
    stream: Streams = [],  # noqa: B006 - FastAPI copies it
    day: Annotated[
        str,
        Query(description="Only this day (UTC).", pattern=r"^(\d{4}-\d{2}-\d{2})?$", examples=["2026-03-02"]),
    ] = "",
) -> Page[wire_usage.UsageOut]:
    """Calls and tokens by stream, model and use; what was about no stream only where none is named."""
    wanted = {row.id for row in streams_named(ctx.house.ledger, stream)} if stream else None
    rows = [row for row in used(ctx.house.ledger, day=day) if wanted is None or row.stream_id in wanted]
    return Page(items=wire_usage.usage(rows, names(ctx.house.ledger)))


@router.get("/streams/{id}/budget", summary="A stream's budget", dependencies=VIEWER)
def get_budget(id: str, ctx: Ctx) -> wire_usage.BudgetOut:
    """What its captions may cost a day: its own budget, or that of the settings."""
    row = stream_named(ctx.house.ledger, id)
    return wire_usage.budget(ctx.house.ledger.get(Budget, row.id), row.name, ctx.settings)


@router.put("/streams/{id}/budget", summary="Give a stream its own budget", dependencies=OPERATOR)
def put_budget(id: str, body: BudgetIn, ctx: Ctx) -> wire_usage.BudgetOut:
    """From the next chunk on; what is beyond it is skipped, and said to be."""
    row = stream_named(ctx.house.ledger, id)
    own = ctx.house.ledger.put(Budget(id=row.id, calls=body.calls, tokens=body.tokens))
    return wire_usage.budget(own, row.name, ctx.settings)


@router.delete("/streams/{id}/budget", summary="Take a stream's own budget away", dependencies=OPERATOR)
def delete_budget(id: str, ctx: Ctx) -> wire_usage.BudgetOut:
    """The one of the settings is in force again."""
    row = stream_named(ctx.house.ledger, id)
    ctx.house.ledger.remove(Budget, row.id)
    return wire_usage.budget(None, row.name, ctx.settings)
