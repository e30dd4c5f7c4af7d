"""Looking at pictures on request: what is looked at, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.clock import Micros
from core.media import Picture
from core.sight import Detection


class InspectionStatus(StrEnum):
    """What came of an inspection.

    `answered`: the model said it, in the asked form · `unsure`: it says itself that it cannot tell, or its words do not
    agree with one another · `unreadable`: it said something else than what was asked for, or refused · `failed`: it said
    nothing. Only the first is a result.
    """

    ANSWERED = "answered"
    UNSURE = "unsure"
    UNREADABLE = "unreadable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exhibit:
    """A picture that is inspected, what it is called, and its moment where it is of a stream."""

    name: str
    picture: Picture
    stream: str = ""
    at: Micros | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A thing that was pointed at, in which of the exhibits; its box is in pixels of that picture."""

    exhibit: int
    detection: Detection


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What came of one task: words for people, the typed result (`data`), what was located, and by which model.

    `problem` says why it is no result, where it is none; then `text` is what the model said and nothing else is filled.
    """

    task: str
    status: InspectionStatus
    text: str
    model: str
    data: dict[str, Any] = field(default_factory=dict)
    located: tuple[Located, ...] = ()
    confidence: float = 0.0
    problem: str = ""
    calls: int = 1
    tokens: int = 0
