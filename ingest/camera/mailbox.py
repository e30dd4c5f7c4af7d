"""Where what a camera shows waits for whoever looks at it: never much, and the latest looks win."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace

from core.clock import SECOND, Micros
from ingest.decode.looks import Look

MOST_PICTURES = 16
"""Pictures that wait at most: two seconds', where things move."""

MOST_WAITING = 64

OLDEST: Micros = 3 * SECOND
"""What is older than this beside the latest look is left out, whether it shows a picture or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The camera shows nothing since `since`; now it is `until`. `over`: it shows pictures again, and the first is shown
    at `until`.
    """

    since: Micros
    until: Micros
    reason: str
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Nothing more will come; `problem` says why, where that is not what was wanted."""

    problem: str = ""


class Mailbox:
    """Holds looks and outages in order of time. When too many pictures wait, the oldest one is left out and counted; what
    it alone said of the scene (that it was cut) is said by the next. With `waits` nothing is left out: who puts waits.
    """

    def __init__(self, most: int = MOST_PICTURES, *, waits: bool = False) -> None:
        self._most, self._waits = most, waits
        self._waiting: deque[Look | Outage | Ended] = deque()
        self._pictures = 0
        self._changed = threading.Condition()
        self.looks = 0
        self.dropped = 0

    def put(self, item: Look | Outage | Ended) -> None:
        """Adds what came; waits for nobody, unless it is to."""
        with self._changed:
            while self._waits and self._pictures >= self._most:
                self._changed.wait()
            last = self._waiting[-1] if self._waiting else None
            if isinstance(item, Outage) and isinstance(last, Outage) and last.since == item.since:
                self._waiting.pop()
            self._waiting.append(item)
            if isinstance(item, Look):
                self.looks += 1
                self._pictures += item.frame is not None
            while not self._waits and self._is_full(item):
                self._leave_out()
            self._changed.notify_all()

    def take(self, within_s: float) -> Look | Outage | Ended | None:
        """The oldest of what waits; None where nothing came in time."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(within_s)
            if not self._waiting:
                return None
            item = self._waiting.popleft()
            if isinstance(item, Look) and item.frame is not None:
                self._pictures -= 1
                self._changed.notify_all()
            return item

    def let_go(self) -> None:
        """Nobody takes any more: who waits to put goes on."""
        with self._changed:
            self._waits = False
            self._changed.notify_all()

    def _is_full(self, latest: Look | Outage | Ended) -> bool:
        first = self._waiting[0]
        late = isinstance(first, Look) and isinstance(latest, Look) and latest.at - first.at > OLDEST
        return late or self._pictures > self._most or len(self._waiting) > MOST_WAITING

    def _leave_out(self) -> None:
        """Leaves out the oldest picture, or where none waits the oldest look; what is too old goes in order."""
        looks = [(n, item) for n, item in enumerate(self._waiting) if isinstance(item, Look)]
        if not looks:
            self._waiting.popleft()
            return
        if self._pictures > self._most:
            looks_shown = [(n, look) for n, look in looks if look.frame is not None]
            place, gone = looks_shown[0]
        else:
            place, gone = looks[0]
        del self._waiting[place]
        self.dropped += 1
        self._pictures -= gone.frame is not None
        if not gone.cut:
            return
        for n, later in looks:
            if n > place:
                self._waiting[n - 1] = replace(later, cut=True)
                return
