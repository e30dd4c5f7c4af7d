"""Looks through a source inside the decoding child: which of its pictures are looked at, and what is sent of them."""

from __future__ import annotations

from typing import Any

from core.clock import SECOND, Micros, clock_text
from core.errors import BadMedia
from core.media import Footage
from core.ports import Decoded
from ingest.container import MENDING, breaks_off
from ingest.gate import SIDE, Change, Gate
from ingest.picture import fitted
from ingest.sample import Sampler, Verdict
from ingest.tasks import Sender, no_picture, opened

WARM_UP: Micros = 30 * SECOND
"""A run that starts later lets its gate see this much of what came before, so that it looks at the same moments."""

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
    for shown in video.keys(begin) if keys else video.pictures(begin, looker.sampler):
        at = shown.at
        looker.take(shown, silent=at < start)
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


class _Looker:
    """Takes every picture of a stream and sends the looks."""

    def __init__(self, args: dict[str, Any], footage: Footage, out: Sender) -> None:
        self._longest = int(args["look_width"])
        self.sampler = Sampler(args["looks_per_s"], args["idle_looks_per_s"], footage.fps)
        self._gate = Gate()
        self._out = out
        self._size: tuple[int, int] | None = None
        self._scale = 1.0
        self._unsent: Decoded | None = None

    def take(self, shown: Decoded, *, silent: bool) -> None:
        """Gates one picture, and sends it if it is to be looked at and the run has begun."""
        self._unsent = shown
        if not self.sampler.due(shown.at):
            return
        change = self._gate.see(shown.grey(SIDE), shown.at)
        verdict = self.sampler.decide(shown.at, change.moved > 0 or change.cut)
        if verdict is Verdict.SKIP:
            return
        if verdict is Verdict.PICTURE:
            self._gate.keep()
        if not silent:
            self._send(shown, change, with_picture=verdict is Verdict.PICTURE)

    def finish(self, start: Micros) -> None:
        """The last picture of a stream is always looked at."""
        last = self._unsent
        if last is not None and last.at >= start:
            change = self._gate.see(last.grey(SIDE), last.at)
            self._send(last, change, with_picture=True)

    def _send(self, shown: Decoded, change: Change, *, with_picture: bool) -> None:
        self._unsent = None
        head = {"at": shown.at, "moved": round(change.moved, 6), "cut": change.cut}
        if not with_picture:
            self._out.send("look", **head)
            return
        if self._size is None:
            self._size = fitted(shown.size, self._longest)
            self._scale = max(1.0, max(shown.size) / self._longest)
        pixels = shown.picture(self._size)
        self._out.send("look", pixels.data.cast("B"), shape=pixels.shape, scale=self._scale, **head)
