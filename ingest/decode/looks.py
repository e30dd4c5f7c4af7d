"""Decoding: the looks of a file, made in a supervised child process."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import asdict, dataclass

import numpy as np

from core.clock import Micros
from core.media import Frame, Picture, Tile
from ingest.decode.choice import PYAV
from ingest.decode.supervise import Message, supervised
from ingest.source import is_remote


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodePlan:
    """How a stream is looked at: how large (longest side in pixels), how often, from which moment, by which decoder, within
    what bounds. With `keyframes`, only at key pictures. A source whose longest side is above `tile_above` (0: none) is also
    looked at in tiles.
    """

    look_width: int = 640
    looks_per_s: float = 8.0
    idle_looks_per_s: float = 2.0
    start: Micros = 0
    keyframes: bool = False
    tile_above: int = 0
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
        frame = Frame(at=head["at"], picture=pixels(message), scale=head["scale"], tiles=_tiles(message))
    return Look(at=head["at"], frame=frame, moved=head["moved"], cut=head["cut"])


def pixels(message: Message) -> Picture:
    """The picture that a message's body begins with."""
    shape = message.head["shape"]
    return np.frombuffer(message.body, np.uint8, count=math.prod(shape)).reshape(shape)


def _tiles(message: Message) -> tuple[Tile, ...]:
    """The tiles that follow it."""
    head, out = message.head, []
    start = math.prod(head["shape"])
    for left, top, width, height in head.get("tiles", ()):
        shape = (height, width, 3)
        part = np.frombuffer(message.body, np.uint8, count=math.prod(shape), offset=start).reshape(shape)
        start += math.prod(shape)
        scale = head["fine"]
        out.append(Tile(left=left * scale, top=top * scale, picture=part, scale=scale))
    return tuple(out)
