"""Looks through a source inside the decoding child: which of its pictures are looked at, and what is sent of them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from core.clock import SECOND, Micros, clock_text
from core.errors import BadMedia
from core.media import Footage
from core.ports import Decoded
from ingest.decode.container import MENDING, breaks_off
from ingest.decode.gate import LARGE, SIDE, Change, Gate
from ingest.decode.picture import fitted
from ingest.decode.sample import Sampler, Verdict
from ingest.decode.tasks import Sender, no_picture, opened
from ingest.decode.tiles import Tiling

cv2.setNumThreads(1)
"""The gate's planes are so small that sharing them out costs more than it saves."""

WARM_UP: Micros = 30 * SECOND
"""A run that starts later lets its gate see this much of what came before, so that it looks at the same moments."""

AT_ONCE, HELD_PIXELS = 12, 25_000_000
"""At most so many pictures, of so many pixels together, are gated in a row: with decoding between them, the processor would have
to read the gate's code and planes anew for each.
"""

MISSING_AT_END: Micros = SECOND
"""A stream that ends this much before its declared end has lost something."""


def looks(args: dict[str, Any], out: Sender) -> None:
    """Sends the looks of the plan in order; ends in an error where the file breaks off."""
    video = opened(args, out)
    footage = video.footage
    looker = _Looker(args, footage, out)
    start, at = int(args["start"]), None
    begin = max(0, start - WARM_UP) if start else 0
    keys = bool(args["keyframes"])
    try:
        for shown in video.keys(begin) if keys else video.pictures(begin, looker.sampler):
            at = shown.at
            looker.take(shown, silent=at < start)
    finally:
        looker.gate_held()
    if at is None:
        if start and not video.broken:
            return
        raise no_picture(video)
    looker.finish(start)
    _check_end(at, footage, video.broken, far=keys)


def _check_end(at: Micros, footage: Footage, broken: str, *, far: bool) -> None:
    """Raises `BadMedia` where the file did not come to its end; with `far`, its last key picture may be far from it."""
    end = at + footage.interval
    if not far and footage.sure_of_end and footage.declared - end > max(MISSING_AT_END, 3 * footage.interval):
        raise breaks_off(end, footage.declared)
    if broken:
        raise BadMedia(
            f"the file cannot be read beyond {clock_text(end)}: {broken}", next_step=MENDING, stage="decode"
        )


def at_once(size: tuple[int, int]) -> int:
    """How many pictures of this size are gated in a row."""
    return max(1, min(AT_ONCE, HELD_PIXELS // (size[0] * size[1])))


class _Looker:
    """Takes every picture of a stream and sends the looks."""

    def __init__(self, args: dict[str, Any], footage: Footage, out: Sender) -> None:
        self._longest = int(args["look_width"])
        self.sampler = Sampler(args["looks_per_s"], args["idle_looks_per_s"], footage.fps)
        self._gate = Gate()
        self._out = out
        self._tile_above = int(args["tile_above"])
        self._size: tuple[int, int] | None = None
        self._scale = 1.0
        self._side = SIDE
        self._tiling: Tiling | None = None
        self._held: list[tuple[Decoded, bool]] = []
        self._at_once = 1
        self._unsent: Decoded | None = None

    def take(self, shown: Decoded, *, silent: bool) -> None:
        """Takes one picture; what is to be looked at of it and a few others is sent with the last of them, or with
        `gate_held`, if the run has begun.
        """
        self._unsent = shown
        if self._size is None:
            self._measure(shown.size)
        if self.sampler.due(shown.at):
            self._held.append((shown, silent))
        if len(self._held) >= self._at_once:
            self.gate_held()

    def gate_held(self) -> None:
        """Gates the pictures that are held, and sends what is to be looked at."""
        held, self._held = self._held, []
        for shown, silent in held:
            self._see(shown, silent=silent)

    def _see(self, shown: Decoded, *, silent: bool) -> None:
        change = self._gate.see(shown.grey(self._side), shown.at)
        verdict = self.sampler.decide(shown.at, change.moved > 0 or change.cut)
        if verdict is Verdict.SKIP:
            return
        if verdict is Verdict.PICTURE:
            self._gate.keep()
        if not silent:
            self._send(shown, change, with_picture=verdict is Verdict.PICTURE)

    def _measure(self, size: tuple[int, int]) -> None:
        """Settles how the pictures of the source are handed on."""
        self._at_once = at_once(size)
        self._size = fitted(size, self._longest)
        self._scale = max(1.0, max(size) / self._longest)
        if 0 < self._tile_above < max(size) and self._scale > 1:
            self._side, self._tiling = SIDE * LARGE, Tiling(size, self._longest)

    def finish(self, start: Micros) -> None:
        """The last picture of a stream is always looked at."""
        last = self._unsent
        if last is not None and last.at >= start:
            change = self._gate.see(last.grey(self._side), last.at)
            self._send(last, change, with_picture=True)

    def _send(self, shown: Decoded, change: Change, *, with_picture: bool) -> None:
        if self._unsent is shown:
            self._unsent = None
        head: dict[str, Any] = {"at": shown.at, "moved": round(change.moved, 6), "cut": change.cut}
        if not with_picture:
            self._out.send("look", **head)
            return
        pixels = shown.picture(self._size)
        head.update(shape=pixels.shape, scale=self._scale)
        if self._tiling is None:
            self._out.send("look", pixels.data.cast("B"), **head)
            return
        body, tiles = bytearray(pixels.data.cast("B")), []
        due = self._tiling.due(shown.at, self._gate.changed)
        fine = shown.picture(self._tiling.size) if due else pixels
        for left, top, width, height in (self._tiling.parts[number] for number in due):
            body += np.ascontiguousarray(fine[top : top + height, left : left + width]).data.cast("B")
            tiles.append((left, top, width, height))
        self._out.send("look", body, tiles=tiles, fine=self._tiling.scale, **head)
