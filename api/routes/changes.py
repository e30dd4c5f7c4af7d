"""What changed: a day against the days before it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import VIEWER
from api.context import Ctx
from api.errors import problems
from api.find import streams_named
from api.routes.memory import Streams
from api.wire import changes as wire_changes
from graph.changes import DAYS

router = APIRouter(prefix="/v1", tags=["memory"], dependencies=VIEWER, responses=problems(401, 404, 422, 503))


@router.get("/changes", summary="What changed on a day")
def changes(
    ctx: Ctx,
    day: Annotated[
        date | None, Query(description="The day; default: today.", examples=["2026-03-02"])
    ] = None,
    stream: Streams = [],  # noqa: B006 - FastAPI copies it
    days: Annotated[int, Query(ge=3, le=90, description="How many days before it are compared.")] = DAYS,
    tz: Annotated[
        str, Query(description="The time zone whose day and hours count.", examples=["Europe/Berlin"])
    ] = "UTC",
) -> wire_changes.ChangesOut:
    """Events per zone, kind and hour of the day against the days before, by time looked at; only what is notable.

    The rule is in `rule`. Hours nobody looked at are in `unlooked_hours`: they are not fewer.
    """
    house = ctx.house
    rows = streams_named(house.ledger, stream)
    return wire_changes.compared(house, rows, day, days=days, tz=tz)
