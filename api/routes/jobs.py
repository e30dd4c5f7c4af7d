"""Jobs: how work stands, as rows and as events, and how it is stopped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import sse, wire
from api.auth import OPERATOR, VIEWER
from api.context import Ctx
from api.errors import problems
from api.find import row_of
from api.wire import work as wire_work
from core.ids import JobId
from core.work import Job, JobState

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


@router.get("", summary="List the jobs", dependencies=VIEWER, responses=problems(401))
def jobs(
    ctx: Ctx,
    state: Annotated[JobState | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> wire.Page[wire_work.JobOut]:
    """The newest first."""
    rows = ctx.house.ledger.find(Job, state=state) if state else ctx.house.ledger.find(Job)
    return wire.Page(items=[wire_work.job(row) for row in reversed(rows[-limit:])])


@router.get("/{id}", summary="How a job stands", dependencies=VIEWER, responses=problems(401, 404))
def job(id: str, ctx: Ctx) -> wire_work.JobOut:
    """The job."""
    return wire_work.job(row_of(ctx.house.ledger, Job, id, "job"))


@router.get(
    "/{id}/events",
    summary="How a job goes on, as events",
    dependencies=VIEWER,
    response_class=sse.EventStream,
    responses={**sse.DOCUMENTED, **problems(401, 404)},
)
def follow_job(id: str, ctx: Ctx) -> sse.EventStream:
    """An event `job` at each change, the last one when it has ended."""
    row_of(ctx.house.ledger, Job, id, "job")
    last: list[Job | None] = [None]

    def read() -> list[bytes]:
        row = ctx.house.ledger.get(Job, id)
        if row is None or row == last[0]:
            return []
        last[0] = row
        return [sse.message("job", wire_work.job(row).model_dump(mode="json"))]

    return sse.EventStream(sse.follow(ctx, read, done=lambda: last[0] is not None and last[0].state in ENDED))


@router.delete("/{id}", summary="Stop a job", dependencies=OPERATOR, responses=problems(401, 403, 404))
def cancel(id: str, ctx: Ctx) -> wire_work.JobOut:
    """It stops between two chunks; what was learned until then stays."""
    row_of(ctx.house.ledger, Job, id, "job")
    return wire_work.job(ctx.executor.cancel(JobId(id)))
