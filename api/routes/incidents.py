"""Incidents: what rules found, as a list, as it happens, and what people make of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from alerts import incidents as life
from api import sse, wire
from api.auth import OPERATOR, VIEWER
from api.context import Ctx, Limit
from api.errors import problems
from api.find import row_of, stream_named
from api.wire import work as wire_work
from core.watch import Incident, IncidentState

router = APIRouter(prefix="/v1", tags=["incidents"])


class Note(BaseModel):
    """What a person says beside it."""

    note: str = Field(default="", max_length=2000, examples=["spoke to the driver"])


class Feedback(Note):
    """Whether the alarm was right."""

    verdict: Literal["confirmed", "rejected"]


@router.get("/incidents", summary="List the incidents", dependencies=VIEWER, responses=problems(401, 404))
def list_incidents(
    ctx: Ctx,
    state: Annotated[IncidentState | None, Query()] = None,
    stream: Annotated[str | None, Query(description="A stream's name or id.")] = None,
    limit: Limit = 200,
) -> wire.Page[wire_work.IncidentOut]:
    """The newest first."""
    equals: dict[str, str | bool] = {}
    if state:
        equals["state"] = state
    if stream:
        equals["stream_id"] = stream_named(ctx.house.ledger, stream).id
    rows = ctx.house.ledger.find(Incident, **equals)
    return wire.Page(items=[wire_work.incident(row) for row in reversed(rows[-limit:])])


@router.get("/incidents/{id}", summary="One incident", dependencies=VIEWER, responses=problems(401, 404))
def get_incident(id: str, ctx: Ctx) -> wire_work.IncidentOut:
    """The incident with its alerts and their evidence."""
    return wire_work.incident(row_of(ctx.house.ledger, Incident, id, "incident"))


@router.post(
    "/incidents/{id}/ack",
    summary="Say that someone has seen it",
    dependencies=OPERATOR,
    responses=problems(401, 403, 404, 409),
)
def acknowledge(id: str, ctx: Ctx, body: Note | None = None) -> wire_work.IncidentOut:
    """Twice is once."""
    note = body.note if body else ""
    return wire_work.incident(life.acknowledge(ctx.house.ledger, id, note, clock=ctx.house.clock))


@router.post(
    "/incidents/{id}/resolve",
    summary="Say that it is dealt with",
    dependencies=OPERATOR,
    responses=problems(401, 403, 404, 409),
)
def resolve(id: str, ctx: Ctx, body: Note | None = None) -> wire_work.IncidentOut:
    """Later alerts of its rule open a new incident."""
    note = body.note if body else ""
    return wire_work.incident(life.resolve(ctx.house.ledger, id, note, clock=ctx.house.clock))


@router.post(
    "/incidents/{id}/feedback",
    summary="Say whether the alarm was right",
    dependencies=OPERATOR,
    responses=problems(401, 403, 404, 409, 422),
)
def feedback(id: str, body: Feedback, ctx: Ctx) -> wire_work.IncidentOut:
    """`confirmed` or `rejected`, with a note."""
    return wire_work.incident(
        life.feedback(ctx.house.ledger, id, body.verdict, body.note, clock=ctx.house.clock)
    )


@router.get(
    "/alerts/live",
    summary="Incidents as they open and change, as events",
    dependencies=VIEWER,
    response_class=sse.EventStream,
    responses={**sse.DOCUMENTED, **problems(401)},
)
def live(ctx: Ctx) -> sse.EventStream:
    """An event `incident` for each one that opens or changes from now on."""
    known = {row.id: row for row in ctx.house.ledger.find(Incident)}

    def read() -> list[bytes]:
        fresh = [row for row in ctx.house.ledger.find(Incident) if known.get(row.id) != row]
        known.update((row.id, row) for row in fresh)
        return [
            sse.message("incident", wire_work.incident(row).model_dump(mode="json"), id=row.id)
            for row in fresh
        ]

    return sse.EventStream(sse.follow(ctx, read))
