"""Plays a file at the speed of life, or so many times as fast, for trials of what is meant for cameras."""

from __future__ import annotations

import time
from urllib.parse import parse_qs

from core.clock import SECOND, Micros


class Pace:
    """How fast a file is played: `speed` times real time. Its moments are the file's own, at any speed, and go on when
    it is played again.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._began: float | None = None
        self._first: Micros = 0
        self._from: Micros = 0
        self._last: Micros = 0
        self._step: Micros = SECOND // 25

    @classmethod
    def of(cls, url: str) -> Pace:
        """What `live+file:///path?speed=4` asks for."""
        return cls(float(parse_qs(url.partition("?")[2]).get("speed", ["1"])[0]))

    def connected(self) -> None:
        """The file is played from its beginning."""
        self._began = None

    def wait(self, stamp: Micros, after: Micros) -> Micros:
        """Waits until the packet would come from a camera; says when that is, on the stream's clock. `after` is the
        stream's last moment, -1 for none.
        """
        if self._began is None:
            self._began, self._first = time.monotonic(), stamp
            self._from = 0 if after < 0 else after + self._step
        passed = stamp - self._first
        if passed > self._last:
            self._step = min(SECOND, passed - self._last)
        self._last = passed
        time.sleep(max(0.0, self._began + passed / SECOND / self._speed - time.monotonic()))
        return self._from + passed


def loops_of(url: str) -> int:
    """How often `live+file:///path?loops=3` is to be played again; -1 for ever."""
    return int(parse_qs(url.partition("?")[2]).get("loops", ["0"])[0])


def waits(url: str) -> bool:
    """Whether every look is to be taken, as `live+file:///path?every=1` asks for: then it is played no faster than that."""
    return parse_qs(url.partition("?")[2]).get("every", ["0"])[0] == "1"
