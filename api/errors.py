"""Every error as a problem document (RFC 9457): the one table from error class to HTTP status lives here.

A document says what is wrong in `detail` and what to do in `next_step`; `stage` names the step of the pipeline that
failed. Nothing of the inside of the program is in it.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import errors
from core.errors import SightlineError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class NoKey(errors.Denied):
    """The request carries no key that is known here."""


class Duplicate(errors.Conflict):
    """The same content is here already, under the id in `existing`."""

    existing: str = ""


STATUS: dict[type[SightlineError], int] = {
    SightlineError: 500,
    errors.Refused: 400,
    errors.NotFound: 404,
    errors.Erased: 410,
    errors.Conflict: 409,
    errors.Invalid: 422,
    errors.BadMedia: 422,
    errors.Denied: 403,
    NoKey: 401,
    Duplicate: 409,
    errors.Unavailable: 503,
    errors.SourceUnavailable: 503,
    errors.CameraRefused: 503,
    errors.ModelUnavailable: 503,
    errors.StoreUnavailable: 503,
    errors.BadReply: 502,
    errors.Unparsable: 502,
    errors.Uncited: 502,
}


class Problem(BaseModel):
    """What went wrong, in the form of RFC 9457."""

    type: str = Field(examples=["urn:sightline:problem:not-found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no stream 'gate-3'"])
    next_step: str = Field(default="", examples=["`GET /v1/streams` lists the streams there are"])
    stage: str = Field(default="", description="The step of the pipeline that failed, where one did.")
    instance: str = Field(default="", description="The path that was asked for.")
    errors: list[dict[str, Any]] = Field(default=[], description="Field by field, where a body is wrong.")
    existing: str = Field(default="", description="The id of what is there already, at a conflict.")


def status_of(error: SightlineError) -> int:
    """The HTTP status of an error: that of its nearest class in the table."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500


def slug(kind: type[BaseException]) -> str:
    """A class name as words with dashes: NotFound → not-found."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", kind.__name__).lower()


def respond(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """The problem as a response; empty fields are left out."""
    body = {k: v for k, v in problem.model_dump().items() if v not in ("", []) or k == "detail"}
    return JSONResponse(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def of_error(request: Request, error: SightlineError) -> JSONResponse:
    """Our own errors."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.Unavailable):
        headers["Retry-After"] = str(round(error.retry_after_s or 5))
    problem = Problem(
        type=f"urn:sightline:problem:{slug(type(error))}",
        title=slug(type(error)).replace("-", " ").capitalize(),
        status=status,
        detail=error.message,
        next_step=error.next_step,
        stage=error.stage,
        instance=request.url.path,
        existing=error.existing if isinstance(error, Duplicate) else "",
    )
    return respond(problem, headers)


def of_http(request: Request, error: HTTPException) -> JSONResponse:
    """What the framework itself refuses: unknown paths and methods, broken bodies, bodies that are too large."""
    words = HTTPStatus(error.status_code).phrase
    detail = str(error.detail) if error.detail and error.detail != words else words.lower()
    next_step = "`GET /openapi.json` lists every path and method" if error.status_code in (404, 405) else ""
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        detail = "the body is larger than this server takes"
        next_step = "send less, or raise SIGHTLINE_MAX_UPLOAD_MB on the server"
    problem = Problem(
        type="about:blank",
        title=words,
        status=error.status_code,
        detail=detail,
        next_step=next_step,
        instance=request.url.path,
    )
    return respond(problem, dict(error.headers or {}))


def of_validation(request: Request, error: RequestValidationError) -> JSONResponse:
    """A request whose fields do not fit; each is named, no value is repeated."""
    fields = [
        {"field": ".".join(str(part) for part in each["loc"][1:]) or str(each["loc"][0]), "problem": each["msg"]}
        for each in error.errors()
    ]  # fmt: skip
    first = fields[0] if fields else {"field": "body", "problem": "does not fit"}
    problem = Problem(
        type="urn:sightline:problem:invalid",
        title="Invalid",
        status=422,
        detail=f"{first['field']}: {first['problem']}",
        next_step="`GET /openapi.json` says what this path takes",
        instance=request.url.path,
        errors=fields,
    )
    return respond(problem)


def of_anything(request: Request, error: Exception) -> JSONResponse:
    """A fault of ours: logged in full, told in one sentence."""
    log.error("unexpected fault on %s %s", request.method, request.url.path, exc_info=error)
    problem = Problem(
        type="urn:sightline:problem:fault",
        title="Fault",
        status=500,
        detail="something went wrong inside Sightline; nothing stored was lost",
        next_step="look into the server's log, and report it if it happens again",
        instance=request.url.path,
    )
    return respond(problem)


class TooLargeTold:
    """ASGI middleware that turns the framework's plain answer to a body that is too large into a problem document."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on, and holds back a 413 in plain text to say it better."""
        told = False

        async def tell(message: Message) -> None:
            nonlocal told
            if told:
                return
            if message["type"] == "http.response.start" and message["status"] == 413:
                kind = dict(message["headers"]).get(b"content-type", b"")
                if not kind.startswith(MEDIA_TYPE.encode()):
                    told = True
                    await of_http(Request(scope), HTTPException(413))(scope, receive, send)
                    return
            await send(message)

        await self.app(scope, receive, tell)


def install(app: FastAPI) -> None:
    """Makes the app answer every failure with a problem document."""
    app.add_exception_handler(SightlineError, of_error)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, of_http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, of_validation)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, of_anything)


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in (401, 403, 404, 409, 410, 413, 422, 502, 503)
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented failures of an operation, for its OpenAPI entry."""
    return {status: PROBLEMS[status] for status in statuses}
