"""What every route works with: the house, the settings, and who does jobs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Query, Request

from api.incoming import Uploads
from core.ports import Executor, House, Vlm
from core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The house and its surroundings; `closing` is set when the server goes down, so that open streams of events end.

    `llm` helps with answering where one is set.
    """

    house: House
    settings: Settings
    executor: Executor
    llm: Vlm | None = None
    closing: threading.Event = field(default_factory=threading.Event)
    uploads: Uploads = field(default_factory=Uploads)


def context(request: Request) -> Context:
    """The app's context."""
    found: Context = request.app.state.context
    return found


Ctx = Annotated[Context, Depends(context)]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items on one page.")]
Cursor = Annotated[str | None, Query(description="`next` of the page before.", max_length=400)]
