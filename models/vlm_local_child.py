"""The process in which a local model lives: loads it, answers asks that come through a pipe, until the pipe closes."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from core.errors import ModelUnavailable
from core.media import Picture
from core.ports import Ask, Reply, Turn
from models.vlm_local_model import LocalModel, LocalWish

SIGN_S = 2.0
"""A sign of life is given so often."""


def main() -> None:
    """Serves the connection whose file descriptor is the last argument."""
    with Connection(int(sys.argv[-1])) as line:
        signs = _Signs(line)
        try:
            model = LocalModel(LocalWish(**json.loads(line.recv_bytes())))
        except ModelUnavailable as error:
            signs.say({"type": "error", "message": error.message, "next_step": error.next_step})
            return
        signs.say({"type": "ready", "name": model.name})
        while True:
            try:
                asks = receive(line)
            except EOFError:
                return
            signs.say({"type": "replies", "replies": [asdict(reply) for reply in answered(model, asks)]})


def answered(model: LocalModel, asks: list[Ask]) -> list[Reply]:
    """The replies. What a model's code makes of an ask it cannot bear is not foreseeable: it is that ask's problem."""
    try:
        return model.ask(asks)
    except Exception as error:  # noqa: BLE001 - told as a problem of the ask
        if len(asks) > 1:
            return [reply for ask in asks for reply in answered(model, [ask])]
        said = (str(error).splitlines() or [""])[0][:200]
        return [Reply(text="", problem=f"the model cannot take this ask ({type(error).__name__}: {said})")]


class _Signs:
    """Says things through the pipe, and in between that the process lives."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._lock = threading.Lock()
        threading.Thread(target=self._live, daemon=True).start()

    def say(self, message: dict[str, Any]) -> None:
        """One message, whole."""
        with self._lock:
            self._line.send_bytes(json.dumps(message).encode())

    def _live(self) -> None:
        waiting = threading.Event()
        while not waiting.wait(SIGN_S):
            try:
                self.say({"type": "tick"})
            except OSError:
                os._exit(0)  # nobody listens any more


def send(line: Connection, asks: list[Ask]) -> None:
    """Asks through a pipe: their words as JSON, then every picture's bytes."""
    pictures: list[Picture] = []

    def turn(prompt: str, shown: tuple[Picture, ...], reply: str = "") -> dict[str, Any]:
        pictures.extend(shown)
        return {"prompt": prompt, "reply": reply, "shapes": [picture.shape for picture in shown]}

    rows = [
        {
            "examples": [turn(t.prompt, t.pictures, t.reply) for t in ask.examples],
            "history": [turn(t.prompt, t.pictures, t.reply) for t in ask.history],
            "ask": turn(ask.prompt, ask.pictures),
            "system": ask.system,
            "schema": ask.schema,
            "max_tokens": ask.max_tokens,
            "alone": ask.alone,
        }
        for ask in asks
    ]
    line.send_bytes(json.dumps(rows).encode())
    for picture in pictures:
        line.send_bytes(np.ascontiguousarray(picture).reshape(-1).data)


def receive(line: Connection) -> list[Ask]:
    """The asks that were sent. Raises `EOFError` where the other side has gone."""
    return [
        Ask(
            examples=_turns(line, row["examples"]),
            history=_turns(line, row["history"]),
            prompt=row["ask"]["prompt"],
            pictures=_pictures(line, row["ask"]["shapes"]),
            system=row["system"],
            schema=row["schema"],
            max_tokens=row["max_tokens"],
            alone=row["alone"],
        )
        for row in json.loads(line.recv_bytes())
    ]


def _turns(line: Connection, rows: list[dict[str, Any]]) -> tuple[Turn, ...]:
    return tuple(
        Turn(prompt=row["prompt"], reply=row["reply"], pictures=_pictures(line, row["shapes"]))
        for row in rows
    )


def _pictures(line: Connection, shapes: list[list[int]]) -> tuple[Picture, ...]:
    return tuple(np.frombuffer(line.recv_bytes(), np.uint8).reshape(shape) for shape in shapes)
