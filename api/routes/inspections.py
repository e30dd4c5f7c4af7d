"""Inspections: pictures and moments looked at on request."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from agent.inspection.tasks import TASKS, task_named
from agent.inspection.video import sum_up
from api.auth import VIEWER
from api.context import Context, Ctx
from api.errors import problems
from api.exhibits import Place, of_data_url, of_stream, span_of
from api.find import stream_named
from api.inspecting import InspectionOut, inspected, looking_model, wire
from api.wire import Out, Page
from core.clock import micros
from core.errors import Invalid
from core.inspection import Exhibit

router = APIRouter(
    prefix="/v1", tags=["inspections"], dependencies=VIEWER, responses=problems(401, 404, 410, 422, 503)
)


class Shown(BaseModel):
    """A picture, or a moment or stretch of a stream."""

    image: str = Field(
        default="", description="A base64 data URL of a picture.", examples=["data:image/jpeg;base64,…"]
    )
    stream: str = Field(default="", description="A stream's name or id.", examples=["dock"])
    at_s: float | None = Field(default=None, ge=0, description="One moment of the stream.")
    start_s: float | None = Field(default=None, ge=0, description="Where a stretch of it begins, …")
    end_s: float | None = Field(default=None, gt=0, description="… and where it ends.")

    def place(self) -> Place:
        """Which part of the stream is meant. Raises `Invalid` where it is none."""
        if self.at_s is not None:
            return Place(what=self.stream, start=micros(self.at_s))
        start = micros(self.start_s or 0.0)
        end = micros(self.end_s) if self.end_s is not None else None
        if end is not None and end <= start:
            raise Invalid("the stretch is empty", next_step="`end_s` must be greater than `start_s`")
        return Place(what=self.stream, start=start if self.start_s is not None or end else None, end=end)


class InspectionIn(BaseModel):
    """What is asked about which pictures."""

    task: str = Field(examples=["check"], description="One of GET /v1/inspections/tasks.")
    pictures: list[Shown] = Field(min_length=1, max_length=16)
    words: str = Field(
        default="",
        max_length=2000,
        description="The question, or what to look for.",
        examples=["Is the door open?"],
    )
    labels: list[Annotated[str, StringConstraints(min_length=1, max_length=200)]] = Field(
        default=[], max_length=100, description="What to choose from, for `classify`."
    )


class TaskOut(Out):
    """Something that can be asked about pictures."""

    name: str
    about: str
    pictures: list[int] = Field(description="How many it takes: the least and the most.")
    wants: list[str] = Field(description="What has to be given beside pictures: words, labels.")


@router.get("/inspections/tasks", summary="What can be asked about pictures")
def list_inspection_tasks() -> Page[TaskOut]:
    """Every task, and what it takes."""
    return Page(
        items=[
            TaskOut(name=t.name, about=t.about, pictures=[t.least, t.most], wants=list(t.wants))
            for t in TASKS.values()
        ]
    )


@router.post("/inspections", summary="Inspect pictures or moments")
def inspect_pictures(body: InspectionIn, ctx: Ctx) -> InspectionOut:
    """Has the model that looks at pictures do the task. Only `status: answered` is a result: what it does not know, or
    says in another form, is told as that. 503 where nobody here can do it.
    """
    task = task_named(body.task)
    house = ctx.house
    first = body.pictures[0]
    if task.name == "summarize" and len(body.pictures) == 1 and first.stream and first.at_s is None:
        stream = stream_named(house.ledger, first.stream)
        span, model = span_of(stream, first.place()), looking_model(house)
        return wire(sum_up(stream, span, store=house.store, frames=house.frames, vlm=model, words=body.words))
    exhibits = [exhibit for shown in body.pictures for exhibit in _exhibits(shown, ctx)]
    return wire(inspected(task, exhibits, house, words=body.words, labels=body.labels))


def _exhibits(shown: Shown, ctx: Context) -> list[Exhibit]:
    if bool(shown.image) == bool(shown.stream):
        raise Invalid("a picture is an `image` or of a `stream`", next_step="give one of the two")
    if shown.image:
        return [Exhibit(name="image", picture=of_data_url(shown.image))]
    return of_stream(stream_named(ctx.house.ledger, shown.stream), shown.place(), ctx.house)
