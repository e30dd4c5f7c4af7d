"""A local model behind OpenAI's chat completions, over real HTTP: what a model server of one's own is."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from core.media import Picture
from core.ports import Ask, Turn
from helpers.vlm_server import Line, Server, vlm_server
from models.vlm_local_model import LocalModel


@contextmanager
def local_server(
    model: LocalModel, *, show: Callable[[list[Picture]], list[Picture]] = lambda shown: shown
) -> Iterator[Server]:
    """Serves the model; what is asked goes through `show` first, which may put other pictures in the place of those sent."""
    turn = threading.Lock()  # a local model is one thread's at a time

    def say(body: dict[str, Any]) -> Line:
        ask = read(body)
        with turn:
            (reply,) = model.ask([Ask(**{**asked(ask), "pictures": tuple(show(list(ask.pictures)))})])
        return Line(text=reply.text)

    with vlm_server(say) as server:
        yield server


def asked(ask: Ask) -> dict[str, Any]:
    """The fields of an ask that a server is told."""
    return {name: getattr(ask, name) for name in ("prompt", "system", "pictures", "max_tokens", "examples")}


def read(body: dict[str, Any]) -> Ask:
    """The request as an ask: the system's words, the turns before the last as examples, the last as what is asked."""
    system, turns = "", []
    for message in body["messages"]:
        words, pictures = _parts(message["content"])
        if message["role"] == "system":
            system = words
        elif message["role"] == "user":
            turns.append(Turn(prompt=words, pictures=pictures))
        else:
            turns[-1] = Turn(prompt=turns[-1].prompt, pictures=turns[-1].pictures, reply=words)
    *before, last = turns
    return Ask(
        prompt=last.prompt,
        pictures=last.pictures,
        system=system,
        examples=tuple(before),
        max_tokens=body["max_tokens"],
    )


def _parts(content: str | list[dict[str, Any]]) -> tuple[str, tuple[Picture, ...]]:
    if isinstance(content, str):
        return content, ()
    words = " ".join(part["text"] for part in content if part["type"] == "text")
    urls = (part["image_url"]["url"] for part in content if part["type"] == "image_url")
    return words, tuple(_decoded(url) for url in urls)


def _decoded(url: str) -> Picture:
    head, _, data = url.partition(",")
    assert head == "data:image/jpeg;base64"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(picture[..., ::-1])
