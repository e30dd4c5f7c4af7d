"""Keeps so many worker processes at work: one that ends is replaced, and what it ran goes on elsewhere at once."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from core import ids
from core.clock import Clock
from core.ports import Ledger
from core.work import Worker
from jobs.runner import release

log = logging.getLogger(__name__)

SHORT_LIFE_S = 10.0
"""A process that lives no longer than this is replaced only after a while, a longer one every time."""

LONGEST_WAIT_S = 60.0
END_S = 20.0
"""Seconds a process may take to put back what it runs when it is told to end; then it is killed, and that is put back
from outside. A job stops between two chunks, so a slow one does not make it.
"""

Start = Callable[[str], "subprocess.Popen[bytes]"]
"""Starts a worker process of that id. It is to end, having put back what it runs, when its standard input does."""


@dataclass(slots=True, kw_only=True)
class _Place:
    """One of the places of a crew: the process that has it, and when the next one may."""

    id: str = ""
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    short_lives: int = 0
    free_from: float = 0.0


class Crew:
    """So many processes, started by `start`. Call `look()` every second or so, and `close()` at the end."""

    def __init__(self, start: Start, size: int, *, ledger: Ledger, clock: Clock) -> None:
        self._start, self._ledger, self._clock = start, ledger, clock
        self._places = [_Place() for _ in range(size)]
        for row in ledger.find(Worker):
            if row.lease_until < clock.now():
                ledger.remove(Worker, row.id)  # of a crew that went without a word

    @property
    def pids(self) -> list[int]:
        """The processes that live."""
        return [place.process.pid for place in self._places if place.process is not None]

    def look(self) -> None:
        """Puts back what a process that has ended ran, and replaces it. Raises `StoreUnavailable` where the ledger does
        not answer; nothing is lost by looking again.
        """
        for place in self._places:
            if place.process is not None and place.process.poll() is not None:
                self._ended(place)
            if place.process is None and time.monotonic() >= place.free_from:
                place.id = ids.fresh("wk")
                place.process, place.began = self._start(place.id), time.monotonic()

    def close(self) -> None:
        """Ends them all: each puts back what it runs, and has it put back if it does not make it in time."""
        going = [place for place in self._places if place.process is not None]
        for place in going:
            if place.process is not None and place.process.stdin is not None:
                place.process.stdin.close()
        until = time.monotonic() + END_S
        for place in going:
            if place.process is not None:
                try:
                    place.process.wait(max(0.0, until - time.monotonic()))
                except subprocess.TimeoutExpired:
                    place.process.kill()
                    place.process.wait()
            self._put_back(place)

    def _ended(self, place: _Place) -> None:
        self._put_back(place)  # first: where the ledger does not answer, the next look tries again
        process, place.process = place.process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        short = time.monotonic() - place.began < SHORT_LIFE_S
        place.short_lives = place.short_lives + 1 if short else 0
        wait_s = min(LONGEST_WAIT_S, 2.0**place.short_lives) if short else 0.0
        place.free_from = time.monotonic() + wait_s
        log.warning(
            "worker %s ended %s; another takes its place%s",
            place.id,
            _how(process.returncode),
            f" in {wait_s:g} s" if wait_s else "",
        )

    def _put_back(self, place: _Place) -> None:
        for job in release(place.id, self._ledger, self._clock):
            log.warning("job %s (%s), which it ran, is now %s", job.id, job.kind, job.state)
        self._ledger.remove(Worker, place.id)


def _how(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if -status in set(signal.Signals) else f"with status {status}"
