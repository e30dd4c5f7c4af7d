"""The REST API and the page: one FastAPI app over one house."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from api.context import Context
from api.described import describe
from api.metrics import Metered, Meters
from api.routes import (
    ask,
    changes,
    chat,
    drawn,
    examples,
    forget,
    graph,
    health,
    identity,
    incidents,
    inspections,
    jobs,
    media,
    memory,
    rules,
    search,
    session,
    streams,
    uploads,
    usage,
    webhooks,
)
from core.ports import Executor, House, Vlm
from core.settings import Settings

STATIC = Path(__file__).parent / "static"
SMALL_BODY = 24 << 20
"""Bytes any request but an upload may have: room for a few pictures in a chat."""

DESCRIPTION = """Watches video, writes down what it saw, and answers with citations that can be played.

Send a key with every request: `Authorization: Bearer KEY`. Times are seconds on the stream's own clock. Every failure is
a problem document (RFC 9457) with `detail` (what is wrong) and `next_step` (what to do about it).
"""

TAGS = [
    {"name": "streams", "description": "What is watched: files, uploaded or named by URL."},
    {"name": "jobs", "description": "Work on its way."},
    {"name": "memory", "description": "What was seen, when, by what, how sure, on what evidence."},
    {"name": "asking", "description": "Questions, summaries and reports, every claim cited."},
    {"name": "rules", "description": "Conditions as data: written, tested on history, armed."},
    {"name": "incidents", "description": "What rules found, and what people made of it."},
    {"name": "webhooks", "description": "Receivers of incidents, and every try to reach them."},
    {"name": "media", "description": "Playable clips, single frames, and what was seen drawn into both."},
    {"name": "inspections", "description": "Pictures and moments looked at on request."},
    {"name": "usage", "description": "What models were asked, what it cost, and what it may."},
    {
        "name": "examples",
        "description": "Labelled pictures of one's own that a model is shown before it is asked.",
    },
    {"name": "openai", "description": "The same memory in OpenAI's shapes."},
    {"name": "keys", "description": "Who may do what."},
    {"name": "health", "description": "Whether it lives, whether it can work, and how it goes."},
]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
GUARDS = {
    b"content-security-policy": CSP.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}


class Guarded:
    """ASGI middleware that sends the security headers with every answer; a route may set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and adds the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                there = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in GUARDS.items() if name not in there]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, guarded)


def create_app(
    house: House,
    settings: Settings,
    executor: Executor,
    *,
    llm: Vlm | None = None,
    on_start: Sequence[Callable[[], object]] = (),
    on_stop: Sequence[Callable[[], object]] = (),
) -> FastAPI:
    """The app. `on_start` and `on_stop` are called when its server comes up and goes down (the outbox, the executor)."""
    context = Context(house=house, settings=settings, executor=executor, llm=llm)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        for begin in on_start:
            begin()
        yield
        context.closing.set()
        for end in on_stop:
            end()

    meters = Meters(house.ledger)
    app = FastAPI(
        title="Sightline",
        version=version("sightline"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,  # these pages fetch their scripts from elsewhere
        redoc_url=None,
        lifespan=life,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        generate_unique_id_function=_operation_id,
        middleware=[Middleware(Metered, meters=meters), Middleware(Guarded), Middleware(errors.TooLargeTold)],
    )
    app.state.context = context
    app.state.meters = meters
    errors.install(app)
    app.include_router(streams.router, max_body_size=settings.max_upload_mb << 20)
    rooms = (
        jobs,
        memory,
        identity,
        changes,
        forget,
        search,
        graph,
        ask,
        rules,
        incidents,
        webhooks,
        media,
        uploads,
        drawn,
        examples,
        chat,
        inspections,
        usage,
        session,
        health,
    )
    for room in rooms:
        app.include_router(room.router, max_body_size=SMALL_BODY)
    _serve_page(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _operation_id(route: APIRoute) -> str:
    """The function's own name: `list_streams`, not `list_streams_v1_streams_get`."""
    return route.name


def _serve_page(app: FastAPI) -> None:
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        """The page."""
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})
