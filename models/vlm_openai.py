"""Any server that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, NIM, OpenAI itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

import cv2
import openai
from openai.types.chat import ChatCompletion

from core.errors import ModelUnavailable
from core.media import Picture
from core.ports import Ask, Reply
from models.json_reply import parse
from models.openai_server import Fault, connect, fault_of, read_url, said, unavailable

LONGEST_SIDE = 1024
"""Pixels: pictures are made no larger than this before they are sent."""
JPEG_QUALITY = 88


class Way(StrEnum):
    """How a server is asked for JSON, best first; a server that refuses one is asked the next from then on."""

    SCHEMA = "json_schema"
    TOOL = "tool"
    JSON = "json_object"
    WORDS = "words"


class OpenAiVlm:
    """A vision-language (or language) model behind an OpenAI-compatible server. Safe to share between threads.

    The fixed words of an ask (system and schema) come first and byte for byte the same, the pictures last, so that a
    server's prefix cache serves them. The key is never shown.
    """

    def __init__(self, url: str, key: str = "", *, retries: int = 2) -> None:
        self._server = read_url(url)
        self._key = key
        self._way = Way.SCHEMA
        self._client = connect(self._server, key, retries)

    def __repr__(self) -> str:
        return f"OpenAiVlm({self._server.base_url}, model={self._server.model})"

    @property
    def name(self) -> str:
        """`openai:` and the model's name."""
        return f"openai:{self._server.model}"

    @property
    def sees(self) -> bool:
        """Whether its model has eyes is for the server to say; it is sent pictures."""
        return True

    @property
    def at_once(self) -> int:
        """Requests in flight, as the URL says."""
        return self._server.at_once

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def ask(self, asks: Sequence[Ask], /) -> list[Reply]:
        """One reply per ask, in order, several in flight. Raises `ModelUnavailable` when none could be answered."""
        if not asks:
            return []
        sent = _Encoded()
        if len(asks) == 1:
            return [self._one(asks[0], sent)]
        with ThreadPoolExecutor(min(self._server.at_once, len(asks))) as pool:
            outcomes = list(pool.map(lambda ask: self._try(ask, sent), asks))
        away = [o for o in outcomes if isinstance(o, ModelUnavailable)]
        if len(away) == len(outcomes):
            raise away[0]
        return [Reply(text="", problem=o.message) if isinstance(o, ModelUnavailable) else o for o in outcomes]

    def _try(self, ask: Ask, sent: _Encoded) -> Reply | ModelUnavailable:
        try:
            return self._one(ask, sent)
        except ModelUnavailable as error:
            return error

    def _one(self, ask: Ask, sent: _Encoded) -> Reply:
        messages = _messages(ask, sent)
        ways = list(Way) if ask.schema is not None else [Way.WORDS]
        if self._way in ways:
            ways = ways[ways.index(self._way) :]
        for way in ways:
            try:
                completion = self._client.chat.completions.create(
                    model=self._server.model,
                    messages=messages,
                    max_tokens=ask.max_tokens,
                    temperature=0.0,
                    **_how(way, ask.schema),
                )
            except openai.OpenAIError as error:
                if fault_of(type(error)) is Fault.REQUEST and way is not ways[-1]:
                    continue
                return self._translate(error)
            except ValueError as error:  # a body that says it is JSON and is not
                return Reply(
                    text="", problem=f"the model server's reply cannot be read ({type(error).__name__})"
                )
            if ask.schema is not None:
                self._way = way
            return _reply(completion, ask)
        raise AssertionError("unreachable: the last way returns")

    def _translate(self, error: openai.OpenAIError) -> Reply:
        """A reply with a problem where only this ask is to blame; otherwise raises `ModelUnavailable`."""
        where = f"the model server at {self._server.base_url}"
        fault = fault_of(type(error))
        if fault is Fault.REPLY:
            return Reply(text="", problem=f"{where} gave no usable reply ({type(error).__name__})")
        status = error.status_code if isinstance(error, openai.APIStatusError) else 0
        if fault is Fault.REQUEST:
            return Reply(
                text="", problem=f"{where} refused the request with {status}: {said(error, self._key)}"
            )
        keys = "SIGHTLINE_VLM_KEY (or SIGHTLINE_LLM_KEY)"
        raise unavailable(error, self._server, keys=keys, without="SIGHTLINE_VLM=describe:") from None


class _Encoded:
    """Pictures as data URLs, each encoded once per call, however many asks show it."""

    def __init__(self) -> None:
        self._urls: dict[int, tuple[Picture, str]] = {}  # the picture is kept, so that its id stays its own

    def url(self, picture: Picture) -> str:
        """The picture as a JPEG data URL."""
        if id(picture) not in self._urls:
            self._urls[id(picture)] = picture, data_url(picture)
        return self._urls[id(picture)][1]


def data_url(picture: Picture) -> str:
    """An RGB picture as `data:image/jpeg;base64,…`, its longer side at most 1024 pixels."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    shrink = LONGEST_SIDE / max(picture.shape[:2])
    if shrink < 1:
        size = (max(1, round(picture.shape[1] * shrink)), max(1, round(picture.shape[0] * shrink)))
        bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()


def _messages(ask: Ask, sent: _Encoded) -> Any:
    system = ask.system
    if ask.schema is not None:
        form = json.dumps(ask.schema, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        system = f"{system}\n\nReply with one JSON object of this schema and nothing else:\n{form}".strip()
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for turn in (*ask.examples, *ask.history):
        if turn.prompt or turn.pictures:
            messages.append({"role": "user", "content": _content(turn.prompt, turn.pictures, sent)})
        if turn.reply:
            messages.append({"role": "assistant", "content": turn.reply})
    return [*messages, {"role": "user", "content": _content(ask.prompt, ask.pictures, sent)}]


def _content(words: str, pictures: Sequence[Picture], sent: _Encoded) -> str | list[dict[str, Any]]:
    """Words and the pictures after them; words alone are plain text, as a model without eyes may only take that."""
    if not pictures:
        return words
    shown = [{"type": "image_url", "image_url": {"url": sent.url(picture)}} for picture in pictures]
    return [{"type": "text", "text": words}, *shown]


def _how(way: Way, schema: dict[str, Any] | None) -> dict[str, Any]:
    if way is Way.SCHEMA:
        form = {"name": "reply", "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": form}}
    if way is Way.TOOL:
        tool = {"name": "reply", "description": "Hands in the reply.", "parameters": schema}
        return {
            "tools": [{"type": "function", "function": tool}],
            "tool_choice": {"type": "function", "function": {"name": "reply"}},
        }
    return {"response_format": {"type": "json_object"}} if way is Way.JSON else {}


def _reply(completion: Any, ask: Ask) -> Reply:
    """What the completion says; the SDK checks no shapes, so nothing is taken for granted here."""
    choices = completion.choices if isinstance(completion, ChatCompletion) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(first, "message", None)
    if message is None:
        return Reply(text="", problem="the model server's reply is not a chat completion")
    text, ended = _text(message), getattr(first, "finish_reason", None)
    data, problem = _judge(text, getattr(message, "refusal", None), ended, ask)
    usage = getattr(completion, "usage", None)
    return Reply(
        text=text,
        data=data,
        problem=problem,
        tokens_in=getattr(usage, "prompt_tokens", 0) or 0,
        tokens_out=getattr(usage, "completion_tokens", 0) or 0,
    )


def _judge(text: str, refusal: str | None, ended: str | None, ask: Ask) -> tuple[dict[str, Any] | None, str]:
    """The parsed object where one was asked for, and what is wrong with the reply, if anything."""
    if refusal or ended == "content_filter":
        return None, f"the model refused: {refusal or 'content filter'}"[:300]
    if not text.strip():
        return None, "the model's reply is empty"
    if ask.schema is None:
        return None, ""
    data, problem = parse(text, ask.schema, alone=ask.alone)
    if data is None and ended == "length":
        problem = f"the reply was cut off after {ask.max_tokens} tokens"
    return data, problem


def _text(message: Any) -> str:
    """The message's words: the arguments of its tool call where it made one."""
    for call in getattr(message, "tool_calls", None) or ():
        arguments = getattr(getattr(call, "function", None), "arguments", None)
        if isinstance(arguments, str) and arguments.strip():
            return arguments
    content = getattr(message, "content", None)
    return content if isinstance(content, str) else ""
