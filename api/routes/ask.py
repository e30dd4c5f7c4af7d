"""Asking: questions, summaries and reports, answered from memory with citations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Response
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from agent.answer import answer
from agent.report import write_report
from agent.summarize import summarize
from api import sse, wire
from api.auth import OPERATOR, VIEWER
from api.context import Context, Ctx
from api.errors import problems
from api.find import row_of, streams_named
from api.routes.memory import span_asked
from api.wire import answer as wire_answer
from api.wire import work as wire_work
from core import ids
from core.answers import Answer, Question
from core.clock import Span
from core.errors import Invalid, SightlineError
from core.ids import ReportId
from core.work import Report

router = APIRouter(prefix="/v1", tags=["asking"])


class Scope(BaseModel):
    """Which streams, and which stretch of their time."""

    model_config = ConfigDict(populate_by_name=True)

    streams: list[str] = Field(
        default=[],
        validation_alias=AliasChoices("streams", "stream"),
        description="Names or ids; none: all.",
        examples=[["dock"]],
    )
    from_s: float | None = Field(default=None, ge=0, description="Seconds on the stream's clock.")
    to_s: float | None = Field(default=None, gt=0)

    @field_validator("streams", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    def names(self, ctx: Context) -> tuple[str, ...]:
        """The streams' names, or none where all are meant. Raises `NotFound`."""
        return (
            tuple(row.name for row in streams_named(ctx.house.ledger, self.streams)) if self.streams else ()
        )

    def span(self) -> Span | None:
        """The stretch of time. Raises `Invalid`."""
        return span_asked(self.from_s, self.to_s)


class QuestionIn(Scope):
    """A question in plain words, perhaps with choices to pick from."""

    question: str = Field(
        min_length=1,
        max_length=2000,
        validation_alias=AliasChoices("question", "text", "q"),
        examples=["When did the forklift stop near the pallets?"],
    )
    choices: list[str] = Field(
        default=[],
        max_length=26,
        validation_alias=AliasChoices("choices", "choice"),
        examples=[["once", "twice"]],
    )

    def noun(self, ctx: Context) -> Question:
        """The question as the agent takes it. Raises `Invalid` and `NotFound`."""
        try:
            return Question(
                text=self.question, streams=self.names(ctx), choices=tuple(self.choices), span=self.span()
            )
        except ValueError as error:
            raise Invalid(str(error), next_step="see `POST /v1/questions` in /openapi.json") from error


def answered(question: Question, ctx: Context) -> Answer:
    """The answer out of this house's memory."""
    house = ctx.house
    return answer(
        question,
        store=house.store,
        ledger=house.ledger,
        llm=ctx.llm,
        vlm=house.deep or house.vlm,
        frames=house.frames,
    )


@router.post(
    "/questions",
    summary="Ask a question; with `Accept: text/event-stream` the steps come first, then the answer",
    dependencies=VIEWER,
    response_model=wire_answer.AnswerOut,
    responses={
        200: {"description": "The answer.", "content": sse.DOCUMENTED[200]["content"]},
        **problems(401, 404, 422, 502, 503),
    },
)
def ask(body: QuestionIn, ctx: Ctx, accept: Annotated[str, Header()] = "*/*") -> Any:
    """Every claim in the answer is cited; `status` tells what was not seen from what nobody looked at."""
    question = body.noun(ctx)
    if sse.MEDIA_TYPE in accept:
        return sse.EventStream(_told(question, ctx))
    return wire_answer.answer(answered(question, ctx))


def _told(question: Question, ctx: Context) -> Iterator[bytes]:
    """Events `step` …, then `answer`; or `problem`, because the status has been sent already."""
    try:
        found = answered(question, ctx)
    except SightlineError as error:
        yield sse.message("problem", {"detail": error.message, "next_step": error.next_step})
        return
    for step in found.steps:
        yield sse.message("step", wire_answer.step(step).model_dump(mode="json"))
    yield sse.message("answer", wire_answer.answer(found).model_dump(mode="json"))


@router.post(
    "/summaries", summary="Sum up what was seen", dependencies=VIEWER, responses=problems(401, 404, 422)
)
def sum_up(body: Scope, ctx: Ctx) -> wire_answer.AnswerOut:
    """A text whose every sentence is cited."""
    streams = streams_named(ctx.house.ledger, body.streams)
    return wire_answer.answer(summarize(streams, body.span(), store=ctx.house.store, llm=ctx.llm))


class ReportIn(Scope):
    """What a report is to be about, and its form."""

    title: str = Field(default="", max_length=200, examples=["Loading dock, Monday"])
    format: Literal["html", "md"] = "html"


MEDIA_TYPES = {"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8"}
REPORT_CSP = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"


@router.post(
    "/reports",
    summary="Write a report",
    status_code=201,
    dependencies=OPERATOR,
    responses=problems(401, 403, 404, 422),
)
def add_report(body: ReportIn, ctx: Ctx) -> wire_work.ReportOut:
    """A self-contained file with snapshots and a timeline; `url` is where to fetch it."""
    house = ctx.house
    streams = streams_named(house.ledger, body.streams)
    title = body.title or "Report on " + (", ".join(row.name for row in streams[:3]) or "nothing")
    written = write_report(
        streams, body.span(), store=house.store, ledger=house.ledger, frames=house.frames, title=title
    )
    id = ReportId(ids.fresh("rp"))
    key = f"reports/{id}.{body.format}"
    text = written.html if body.format == "html" else written.markdown
    house.media.put(key, text.encode())
    row = Report(
        id=id,
        title=title,
        media_key=key,
        media_type=MEDIA_TYPES[body.format],
        created_at=house.clock.now(),
        streams=tuple(stream.id for stream in streams),
        span=body.span(),
    )
    return wire_work.report(house.ledger.put(row, new=True))


@router.get("/reports", summary="List the reports", dependencies=VIEWER, responses=problems(401))
def reports(ctx: Ctx) -> wire.Page[wire_work.ReportOut]:
    """Every report that was written."""
    return wire.Page(items=[wire_work.report(row) for row in ctx.house.ledger.find(Report)])


@router.get(
    "/reports/{id}",
    summary="Fetch a report",
    dependencies=VIEWER,
    response_class=Response,
    responses={
        200: {
            "description": "The file.",
            "content": {
                name.partition(";")[0]: {"schema": {"type": "string"}} for name in MEDIA_TYPES.values()
            },
        },
        **problems(401, 404),
    },
)
def get_report(id: str, ctx: Ctx) -> Response:
    """The report's file; it may run no script and load nothing."""
    row = row_of(ctx.house.ledger, Report, id, "report")
    with ctx.house.media.open(row.media_key) as file:
        body = file.read()
    return Response(body, media_type=row.media_type, headers={"Content-Security-Policy": REPORT_CSP})
