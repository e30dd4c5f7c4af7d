"""Whether the server lives, whether it can work, and how it goes."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from api.auth import VIEWER, Caller
from api.context import Context, Ctx
from api.errors import problems
from api.wire.camera import present
from core.camera import Camera, CameraState
from core.errors import SightlineError
from core.media import Stream
from core.memory import Query as MemoryQuery
from core.memory import Want
from core.work import ApiKey
from graph.spending import name_of

router = APIRouter(tags=["health"])


class Work(BaseModel):
    """How the work stands: where jobs are handed to, whether that answers, and who lives to do them."""

    queue: str = Field(examples=["inline:", "redis://127.0.0.1:6379/0"])
    answers: bool
    workers: int
    waiting: int
    running: int
    problem: str = ""


class Down(BaseModel):
    """A camera that is watched and shows no pictures."""

    stream: str
    state: CameraState
    problem: str


class Cameras(BaseModel):
    """How the cameras stand that are watched."""

    live: int
    down: list[Down] = Field(default=[])


class Health(BaseModel):
    """How the server is; what is chosen and what was chosen otherwise than asked for is told only with a key."""

    status: Literal["ok", "degraded"] = Field(examples=["ok"])
    version: str
    sees_with: str = ""
    captions_by: str = ""
    reports: list[str] = Field(default=[], description="What was chosen otherwise than asked for.")
    work: Work | None = None
    cameras: Cameras | None = None


class Ready(BaseModel):
    """Whether each part that work needs answers."""

    ready: bool
    parts: dict[str, str] = Field(examples=[{"memory": "ok", "ledger": "ok", "media": "ok"}])


@router.get("/v1/health", summary="Whether the server lives")
def health(ctx: Ctx, key: Caller) -> Health:
    """Open to all; more is told with a key. Degraded: something was chosen otherwise than asked for, jobs cannot be handed
    over, nobody lives to do them, or a camera shows no pictures.
    """
    reports = list(ctx.house.reports)
    stands = ctx.executor.standing()
    cameras = _cameras(ctx)
    well = not reports and not stands.problem and stands.workers > 0 and not cameras.down
    status: Literal["ok", "degraded"] = "ok" if well else "degraded"
    if key is None:
        return Health(status=status, version=version("sightline"))
    return Health(
        status=status,
        version=version("sightline"),
        sees_with=ctx.house.detector().name,
        captions_by=name_of(ctx.house.vlm),
        reports=reports,
        cameras=cameras,
        work=Work(
            queue=stands.queue,
            answers=not stands.problem,
            workers=stands.workers,
            waiting=stands.waiting,
            running=stands.running,
            problem=stands.problem,
        ),
    )


def _cameras(ctx: Context) -> Cameras:
    now, ledger = ctx.house.clock.now(), ctx.house.ledger
    rows = [present(row, now) for row in ledger.find(Camera)]
    watched = [row for row in rows if row.state is not CameraState.STOPPED]
    names = {row.id: row.name for row in ledger.find(Stream)} if watched else {}
    down = [
        Down(stream=names.get(row.id, row.id), state=row.state, problem=row.problem)
        for row in watched
        if row.state is not CameraState.LIVE
    ]
    return Cameras(live=len(watched) - len(down), down=down)


def parts(ctx: Context) -> dict[str, str]:
    """Each part that work needs and `ok`, or why not."""
    house = ctx.house
    asked: dict[str, Any] = {
        "memory": lambda: house.store.find(MemoryQuery(want=Want.CHUNKS, limit=1)),
        "ledger": lambda: house.ledger.get(ApiKey, "none"),
        "media": lambda: house.media.keys("ready/"),
    }
    said = {}
    for name, ask in asked.items():
        try:
            ask()
            said[name] = "ok"
        except SightlineError as error:
            said[name] = error.message
    return said


@router.get(
    "/v1/ready",
    summary="Whether the server can work",
    responses={503: {"model": Ready, "description": "A part does not answer."}},
    response_model=Ready,
)
def ready(ctx: Ctx, key: Caller) -> Response:
    """200 where every part answers, 503 where one does not."""
    said = parts(ctx)
    fine = all(word == "ok" for word in said.values())
    shown = said if key else {name: "ok" if word == "ok" else "failed" for name, word in said.items()}
    return JSONResponse(Ready(ready=fine, parts=shown).model_dump(), status_code=200 if fine else 503)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    dependencies=VIEWER,
    response_class=PlainTextResponse,
    responses=problems(401),
)
def metrics(request: Request) -> Response:
    """Prometheus text format; the scraper sends a viewer's key."""
    return Response(generate_latest(request.app.state.meters.registry), media_type=CONTENT_TYPE_LATEST)
