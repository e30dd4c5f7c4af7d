"""Decoding: the looks of a file, made in a supervised child process."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import asdict, dataclass

import numpy as np

from core.clock import Micros
from core.media import Frame, Picture
from ingest.decoders import PYAV
from ingest.source import is_remote
from ingest.supervise import Message, supervised


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodePlan:
    """How a stream is looked at: how large (longest side in pixels), how often, from which moment, by which decoder, within
    what bounds. With `keyframes`, only at key pictures.
    """

    look_width: int = 640
    looks_per_s: float = 8.0
    idle_looks_per_s: float = 2.0
    start: Micros = 0
    keyframes: bool = False
    decoder: str = PYAV
    stall_s: float = 20.0
    memory_mb: int = 2048

    def __post_init__(self) -> None:
        for name in ("look_width", "looks_per_s", "idle_looks_per_s", "stall_s", "memory_mb"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be above 0, got {value}")
        if self.start < 0:
            raise ValueError(f"start must not be before 0, got {self.start}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """One moment at which the stream was looked at.

    `frame` is None where nothing moved. `moved` is the share of the picture that changed (0 to 1); a frame with
    `moved` 0 is a heartbeat, or shows what has just come to rest. `cut` says that another scene begins here.
    """

    at: Micros
    frame: Frame | None
    moved: float
    cut: bool = False


def looks(source: str, plan: DecodePlan) -> Generator[Look, None, None]:
    """The looks of a file or URL in order of time, from `plan.start` on; the first and the last picture are among them.

    Everything that can be decoded is yielded first. Then, where the source breaks off, the decoder crashed, hung or
    wanted too much memory, raises `BadMedia` (for a remote source that stops answering, `SourceUnavailable`) with the
    stage it broke in. Close the iterator to stop early: the child process ends with it.
    """
    args = {"source": source, **asdict(plan)}
    messages = supervised(
        "looks", args, stall_s=plan.stall_s, memory_mb=plan.memory_mb, remote=is_remote(source)
    )
    try:
        for message in messages:
            yield _look(message)
    finally:
        messages.close()


def _look(message: Message) -> Look:
    head = message.head
    frame = None
    if message.body:
        frame = Frame(at=head["at"], picture=pixels(message), scale=head["scale"])
    return Look(at=head["at"], frame=frame, moved=head["moved"], cut=head["cut"])


def pixels(message: Message) -> Picture:
    """The picture in a message's body."""
    return np.frombuffer(message.body, np.uint8).reshape(message.head["shape"])
