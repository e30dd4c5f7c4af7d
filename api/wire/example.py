"""An example as JSON, on the command line and over HTTP."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.wire import Out
from core.example import Example


class ExampleOut(Out):
    """A labelled picture, without the picture."""

    id: str
    label: str = Field(description="One of the operator's names; '' for none.")
    text: str = Field(description="What a good description says of it.")
    added_at: datetime | None


def example(row: Example) -> ExampleOut:
    """The example without its picture."""
    return ExampleOut(id=row.id, label=row.label, text=row.text, added_at=row.added_at)
