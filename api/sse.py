"""Server-sent events: how changing rows and answers in the making reach a browser or a program as they happen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import anyio
import anyio.to_thread
from fastapi.responses import StreamingResponse

from api.context import Context

POLL_S = 0.4
PING_EVERY_S = 15.0
MEDIA_TYPE = "text/event-stream"


class EventStream(StreamingResponse):
    """A response of server-sent events."""

    media_type = MEDIA_TYPE

    def __init__(self, content: AsyncIterator[bytes] | Iterable[bytes], status_code: int = 200) -> None:
        super().__init__(content, status_code, {"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


def message(name: str, data: Any, *, id: str = "") -> bytes:
    """One event: its name and its data as JSON on one line."""
    head = f"id: {id}\n" if id else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, default=str)}\n\n".encode()


async def follow(
    ctx: Context, read: Callable[[], list[bytes]], *, done: Callable[[], bool] = lambda: False
) -> AsyncIterator[bytes]:
    """What `read` gives, asked again and again until `done`, the reader leaves or the server closes.

    `read` runs in a thread, because it waits for the ledger. A comment is sent now and then, so that a reader that is
    gone is noticed and nothing in between takes the line for dead.
    """
    yield b": hello\n\n"
    quiet_for = 0.0
    while not ctx.closing.is_set():
        fresh = await anyio.to_thread.run_sync(read)
        for each in fresh:
            yield each
        if done():
            return
        quiet_for = 0.0 if fresh else quiet_for + POLL_S
        if quiet_for >= PING_EVERY_S:
            quiet_for = 0.0
            yield b": still here\n\n"
        await anyio.sleep(POLL_S)


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events as they happen.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}
"""The OpenAPI entry of an operation that answers with events."""
