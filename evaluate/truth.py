"""Labelled events as they lie in files: `NAME.truth.json`, or a table `NAME.truth.csv`.

JSON is a list of events, or an object with `events` and, if wanted, `kinds` (those to score: what is not labelled is
no mistake), `duration_s` and `domain`. An event has `kind` and `start_s`, and perhaps `end_s` (default: an instant),
`zone`, `due_s` (from when it can be recognised, default its start) and `optional`. A CSV has these as its columns.
Fields of other names are passed over.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.clock import Micros, Span, micros
from core.errors import Invalid
from evaluate.events import Mark

HELP = 'an event looks like {"kind": "stopped", "start_s": 12.5, "end_s": 20}, in seconds'


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTruth:
    """What truly happened in one stream. `kinds` is None where the file does not say which are labelled."""

    marks: tuple[Mark, ...]
    kinds: frozenset[str] | None = None
    duration: Micros = 0
    domain: str = ""


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    kind: str = Field(min_length=1)
    start_s: float = Field(ge=0)
    end_s: float | None = None
    zone: str | None = None
    due_s: float | None = Field(default=None, ge=0)
    optional: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> _Row:
        if self.end_s is not None and self.end_s < self.start_s:
            raise ValueError("end_s lies before start_s")
        return self

    def mark(self) -> Mark:
        start = micros(self.start_s)
        end = start if self.end_s is None else micros(self.end_s)
        return Mark(
            kind=self.kind,
            span=Span(start, max(end, start + 1)),
            zone=self.zone or None,
            at=start if self.due_s is None else micros(self.due_s),
            optional=self.optional,
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    events: list[_Row]
    kinds: list[str] | None = None
    duration_s: float = Field(default=0.0, ge=0)
    domain: str = ""


def read_events(path: Path) -> EventTruth:
    """Reads a file of labelled events by its ending (.json, .csv). Raises `Invalid` with the place of what is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        value = {"events": _table(text)} if path.suffix.lower() == ".csv" else json.loads(text)
    except (OSError, ValueError, csv.Error) as error:
        raise Invalid(f"{path.name}: cannot be read: {error}", next_step=HELP) from error
    try:
        file = _File.model_validate({"events": value} if isinstance(value, list) else value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = " ".join(str(part) for part in first["loc"])
        raise Invalid(f"{path.name}: {where}: {str(first['msg']).lower()}", next_step=HELP) from error
    return EventTruth(
        marks=tuple(row.mark() for row in file.events),
        kinds=None if file.kinds is None else frozenset(file.kinds),
        duration=micros(file.duration_s),
        domain=file.domain,
    )


def read_found(path: Path) -> tuple[Mark, ...]:
    """Found events from a file: what `sightline events --json` prints, or a form in which events are labelled.

    A `noticed_s` says when an event was noticed. Raises `Invalid` with the line of what is wrong.
    """
    try:
        lines = [
            json.loads(line) for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()
        ]
        rows = [_Told.model_validate(line) for line in lines]
    except (
        OSError,
        ValueError,
    ):  # no JSON lines: then it must be of a labelled form, and that says what is wrong
        return tuple(replace(mark, at=None) for mark in read_events(path).marks)
    return tuple(
        replace(row.mark(), at=None if row.noticed_s is None else micros(row.noticed_s)) for row in rows
    )


class _Told(_Row):
    noticed_s: float | None = None


def _table(text: str) -> list[dict[str, Any]]:
    """Rows of a CSV; an empty cell is a missing field."""
    return [
        {name: cell for name, cell in row.items() if name and cell}
        for row in csv.DictReader(text.splitlines(), skipinitialspace=True)
    ]
