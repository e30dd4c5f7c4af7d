"""The shapes of answers: text, what kind of answer it is, and where each claim can be checked."""

from __future__ import annotations

from api.wire import Out
from core.answers import Answer, AnswerStatus, Citation, Step
from core.clock import seconds


class CitationOut(Out):
    """A span of one stream that a reader can play to check a claim."""

    stream: str
    stream_id: str
    start_s: float
    end_s: float
    chunk: str
    event: str | None = None


class StepOut(Out):
    """One thing done on the way to an answer."""

    name: str
    detail: str
    seconds: float


class AnswerOut(Out):
    """Text whose every claim is cited, and what kind of answer it is."""

    text: str
    status: AnswerStatus
    choice: int | None
    confidence: float
    citations: list[CitationOut]
    steps: list[StepOut]
    guess: bool = False


def citation(value: Citation) -> CitationOut:
    """A citation."""
    return CitationOut(
        stream=value.stream,
        stream_id=value.stream_id,
        start_s=seconds(value.span.start),
        end_s=seconds(value.span.end),
        chunk=value.chunk_id,
        event=value.event_id,
    )


def step(value: Step) -> StepOut:
    """A step."""
    return StepOut(name=value.name, detail=value.detail, seconds=round(value.seconds, 4))


def answer(value: Answer) -> AnswerOut:
    """An answer as `ask` prints it and `POST /v1/questions` returns it."""
    return AnswerOut(
        text=value.text,
        status=value.status,
        choice=value.choice,
        confidence=round(value.confidence, 4),
        citations=[citation(c) for c in value.citations],
        steps=[step(s) for s in value.steps],
        guess=value.guess,
    )
