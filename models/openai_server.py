"""Where a server that speaks OpenAI's words is, how it is called, and what its failures mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import openai

from core.errors import Invalid, ModelUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where to ask, and for which model: what the URL in the setting says."""

    base_url: str
    model: str
    timeout_s: float = 120.0
    at_once: int = 4
    longest: int = 1024


def read_url(url: str) -> Server:
    """Reads `openai+http://host:port/v1?model=NAME[&timeout_s=120][&at_once=4][&longest=1024]`.

    `timeout_s` is for one request, `at_once` how many may be in flight, `longest` the longer side in pixels to which
    pictures are made smaller. Raises `Invalid` saying what is wrong.
    """
    parts = urlsplit(url)
    example = "write openai+http://localhost:8000/v1?model=NAME"
    if parts.scheme not in ("openai+http", "openai+https") or not parts.hostname:
        raise Invalid("the model server's URL is not of the form openai+http(s)://host", next_step=example)
    if parts.username or parts.password:
        raise Invalid(
            "the model server's URL holds a user name or password",
            next_step="put the key into the setting for it (SIGHTLINE_VLM_KEY, SIGHTLINE_LLM_KEY or "
            "SIGHTLINE_EMBEDDER_KEY) and leave it out of the URL",
        )
    options = dict(parse_qsl(parts.query))
    model = options.pop("model", "")
    if not model:
        raise Invalid("the model server's URL names no model", next_step=example)
    unknown = sorted(options.keys() - {"timeout_s", "at_once", "longest"})
    if unknown:
        raise Invalid(f"the model server's URL has an unknown option {unknown[0]!r}", next_step=example)
    try:
        timeout_s = float(options.get("timeout_s", 120))
        at_once, longest = int(options.get("at_once", 4)), int(options.get("longest", 1024))
        if not 0 < timeout_s < float("inf") or at_once < 1 or longest < 1:
            raise ValueError
    except ValueError:
        raise Invalid(
            "timeout_s, at_once and longest in the model server's URL must be numbers above 0",
            next_step=example,
        ) from None
    base = urlunsplit((parts.scheme.removeprefix("openai+"), parts.netloc, parts.path.rstrip("/"), "", ""))
    return Server(base_url=base, model=model, timeout_s=timeout_s, at_once=at_once, longest=longest)


class Fault(StrEnum):
    """Whose fault an exception of the SDK is, which decides what becomes of it."""

    AWAY = "away"
    KEY = "key"
    MODEL = "model"
    REQUEST = "request"
    REPLY = "reply"


FAULTS: dict[type[Exception], Fault] = {
    openai.APIConnectionError: Fault.AWAY,
    openai.APITimeoutError: Fault.AWAY,
    TimeoutError: Fault.AWAY,
    openai.RateLimitError: Fault.AWAY,
    openai.InternalServerError: Fault.AWAY,
    openai.AuthenticationError: Fault.KEY,
    openai.OAuthError: Fault.KEY,
    openai.PermissionDeniedError: Fault.KEY,
    openai.NotFoundError: Fault.MODEL,
    openai.BadRequestError: Fault.REQUEST,
    openai.ConflictError: Fault.REQUEST,
    openai.UnprocessableEntityError: Fault.REQUEST,
    openai.APIStatusError: Fault.REQUEST,
    openai.APIResponseValidationError: Fault.REPLY,
    openai.LengthFinishReasonError: Fault.REPLY,
    openai.ContentFilterFinishReasonError: Fault.REPLY,
}
"""The exceptions that a chat completion can raise, the SDK's and that of our own clock; a subclass is treated as its nearest named parent."""


def fault_of(kind: type[BaseException]) -> Fault | None:
    """Whose fault it is, or None for what is not in the table."""
    return next((FAULTS[parent] for parent in kind.__mro__ if parent in FAULTS), None)


def connect(server: Server, key: str, retries: int) -> openai.OpenAI:
    """A client of this server alone."""
    client = openai.OpenAI(
        api_key=key or "none", base_url=server.base_url, max_retries=retries, timeout=server.timeout_s
    )
    _forget_environment(client)
    return client


def connect_async(server: Server, key: str) -> openai.AsyncOpenAI:
    """A client of this server alone for many requests at once; what fails is tried again by whoever holds it."""
    client = openai.AsyncOpenAI(
        api_key=key or "none", base_url=server.base_url, max_retries=0, timeout=server.timeout_s
    )
    _forget_environment(client)
    return client


def _forget_environment(client: openai.OpenAI | openai.AsyncOpenAI) -> None:
    """What lies in OPENAI_* variables is meant for another service and must not reach this server."""
    client.organization = client.project = client.admin_api_key = None
    client._custom_headers = {}


def unavailable(
    error: openai.OpenAIError | TimeoutError, server: Server, *, keys: str, without: str
) -> ModelUnavailable:
    """What a failure that is not the request's or the reply's fault means.

    `keys` names the settings that hold a key, `without` the one that does without the server.
    """
    where = f"the model server at {server.base_url}"
    fault = fault_of(type(error))
    status = error.status_code if isinstance(error, openai.APIStatusError) else 0
    if fault is Fault.KEY:
        return ModelUnavailable(
            f"{where} refuses the key ({status})", next_step=f"set {keys} to a key it knows"
        )
    if fault is Fault.MODEL:
        return ModelUnavailable(
            f"{where} knows no model {server.model!r} ({status})",
            next_step=f"check the URL's path and the model's name; {server.base_url}/models lists them",
        )
    if status == 429:
        return ModelUnavailable(f"{where} is too busy (429)", next_step="try again later")
    cause = f"failed with {status}" if status else "does not answer"
    return ModelUnavailable(
        f"{where} {cause} ({type(error).__name__})", next_step=f"start it, or set {without}"
    )


def said(error: openai.OpenAIError | TimeoutError, key: str) -> str:
    """The server's own words, short, without the key."""
    words = str(getattr(error, "message", "") or error)
    return (words.replace(key, "…") if key else words)[:200]
