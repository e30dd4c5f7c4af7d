"""Cameras watched by a command itself: each in a thread of its own, until Ctrl-C or for so long."""

from __future__ import annotations

import threading
import time
from typing import Any

from api.cli.io import note
from api.watching import watched
from api.wire.stream import WatchedOut
from core.errors import SightlineError
from core.media import Stream
from core.ports import House
from core.settings import Settings
from core.work import Cancelled

TURN_S = 0.5
SAID_S = 60.0
"""How a camera stands is said when it changes, and so often."""


class Living:
    """One camera being watched here. All that are watched by one command have one `stop`."""

    def __init__(
        self, stream: Stream, house: House, settings: Settings, stop: threading.Event, for_s: float | None
    ) -> None:
        self._stream, self._house, self._settings, self._stop, self._for_s = (
            stream,
            house,
            settings,
            stop,
            for_s,
        )
        self._error: BaseException | None = None
        self._said, self._said_at = "", 0.0
        self._thread = threading.Thread(target=self._run, name=f"watch-{stream.name}")
        self._began = time.monotonic()
        self._thread.start()

    def __call__(self) -> WatchedOut:
        """Waits for its end and says what came of it; Ctrl-C ends it, with all the others, in good order."""
        try:
            self._wait()
        except KeyboardInterrupt:
            note("stopping …")
            self._stop.set()
            self._wait()
        if isinstance(self._error, SightlineError):
            raise self._error
        if self._error is not None and not isinstance(self._error, Cancelled):
            raise self._error
        return watched(self._house.ledger.get(Stream, self._stream.id), self._result())

    def _wait(self) -> None:
        while self._thread.is_alive():
            self._thread.join(TURN_S)

    def _run(self) -> None:
        from jobs.handlers import CAMERA, handlers
        from jobs.outbox import OutboxLoop

        house = self._house
        outbox = OutboxLoop(house.ledger, house.notifier, house.clock)
        args = {"stream_id": self._stream.id, "for_s": self._for_s}
        try:
            handlers(house, self._settings, wake=outbox.wake)[CAMERA](args, self._told)
        except BaseException as error:  # noqa: BLE001 - it is raised where the command waits
            self._error = error
        finally:
            outbox.close()

    def _told(self, _done: float, message: str) -> None:
        if self._stop.is_set():
            raise Cancelled
        state = message.partition(",")[0]
        now = time.monotonic()
        if state != self._said or now - self._said_at > SAID_S:
            self._said, self._said_at = state, now
            note(f"{self._stream.name}: {message}")

    def _result(self) -> dict[str, Any]:
        """What is known of the stream by now, as the job tells it."""
        from ingest.pipeline import summary
        from jobs.handlers import told

        row = self._house.ledger.get(Stream, self._stream.id) or self._stream
        return told(summary(row, self._house.store, self._began))
