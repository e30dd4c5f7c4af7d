"""An ask as a chat in OpenAI's words, and what a completion says: pure functions, no connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from openai.types.chat import ChatCompletion

from core.media import Picture
from core.ports import Ask, Reply
from models.json_reply import cut_off, reply_to, system_of

Shown = Callable[[Picture], str]
"""Gives a picture's data URL."""

TOOL = "reply"
"""The one tool a model is ever offered: it hands in the reply and does nothing."""


class Way(StrEnum):
    """How a server is asked for JSON, best first; a server that refuses one is asked the next from then on."""

    SCHEMA = "json_schema"
    TOOL = "tool"
    JSON = "json_object"
    WORDS = "words"


def messages(ask: Ask, shown: Shown) -> list[dict[str, Any]]:
    """The chat: first what never changes for this kind of ask (system and schema), then examples and history, and last
    the prompt with its pictures behind it.
    """
    system = system_of(ask)
    out: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for turn in (*ask.examples, *ask.history):
        if turn.prompt or turn.pictures:
            out.append({"role": "user", "content": _content(turn.prompt, turn.pictures, shown)})
        if turn.reply:
            out.append({"role": "assistant", "content": turn.reply})
    return [*out, {"role": "user", "content": _content(ask.prompt, ask.pictures, shown)}]


def _content(words: str, pictures: Sequence[Picture], shown: Shown) -> str | list[dict[str, Any]]:
    """Words and the pictures after them; words alone are plain text, as a model without eyes may only take that."""
    if not pictures:
        return words
    parts = [{"type": "image_url", "image_url": {"url": shown(picture)}} for picture in pictures]
    return [{"type": "text", "text": words}, *parts]


def form_of(way: Way, schema: dict[str, Any] | None) -> dict[str, Any]:
    """What of the request asks for JSON that way."""
    if way is Way.SCHEMA:
        form = {"name": "reply", "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": form}}
    if way is Way.TOOL:
        tool = {"name": TOOL, "description": "Hands in the reply.", "parameters": schema}
        return {
            "tools": [{"type": "function", "function": tool}],
            "tool_choice": {"type": "function", "function": {"name": TOOL}},
        }
    return {"response_format": {"type": "json_object"}} if way is Way.JSON else {}


def read(completion: Any, ask: Ask) -> Reply:
    """What the completion says; the SDK checks no shapes, so nothing is taken for granted here."""
    choices = completion.choices if isinstance(completion, ChatCompletion) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(first, "message", None)
    if message is None:
        return Reply(text="", problem="the model server's reply is not a chat completion")
    usage = getattr(completion, "usage", None)
    counts: dict[str, Any] = {
        "tokens_in": _count(usage, "prompt_tokens"),
        "tokens_out": _count(usage, "completion_tokens"),
    }
    text, ended = _text(message), getattr(first, "finish_reason", None)
    refusal = getattr(message, "refusal", None)
    if refusal or ended == "content_filter":
        return Reply(text=text, problem=f"the model refused: {refusal or 'content filter'}"[:300], **counts)
    reply = reply_to(ask, text, **counts)
    return cut_off(ask, reply) if ended == "length" else reply


def _count(usage: Any, what: str) -> int:
    count = getattr(usage, what, 0)
    return count if isinstance(count, int) and count > 0 else 0


def _text(message: Any) -> str:
    """The message's words: the arguments of its call of the one tool it has. A call of any other is not heard."""
    calls = getattr(message, "tool_calls", None)
    for call in calls if isinstance(calls, list) else ():
        function = getattr(call, "function", None)
        arguments = getattr(function, "arguments", None)
        if getattr(function, "name", None) == TOOL and isinstance(arguments, str) and arguments.strip():
            return arguments
    content = getattr(message, "content", None)
    return content if isinstance(content, str) else ""
