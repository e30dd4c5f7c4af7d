"""Questions and answers: text whose every claim points at a span a reader can play."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.clock import Span
from core.ids import ChunkId, EventId, StreamId


class AnswerStatus(StrEnum):
    """What kind of answer it is.

    `answered`: the memory holds it · `not_seen`: the span was looked at and it was not there · `not_covered`: nobody
    looked at that span · `unsupported`: the question is about what nothing here looks for, or cannot be understood.
    """

    ANSWERED = "answered"
    NOT_SEEN = "not_seen"
    NOT_COVERED = "not_covered"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question in plain words, over some streams (none named: all), perhaps with choices to pick from."""

    text: str
    streams: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    span: Span | None = None

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("a question needs words")
        if len(self.choices) == 1:
            raise ValueError("one choice is no choice: give at least two, or none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A span of one stream that a reader can play to check a claim."""

    stream_id: StreamId
    stream: str
    span: Span
    chunk_id: ChunkId
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing done on the way to an answer, for people who want to see how it came about."""

    name: str
    detail: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Text, what kind of answer it is, the picked choice, how sure, and where to check it.

    `guess` is true where a choice had to be made without support from the memory; then `confidence` is at most the
    chance of picking right blindly.
    """

    text: str
    status: AnswerStatus
    choice: int | None = None
    confidence: float = 0.0
    citations: tuple[Citation, ...] = ()
    steps: tuple[Step, ...] = ()
    guess: bool = False
