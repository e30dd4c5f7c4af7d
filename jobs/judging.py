"""Has incidents judged beside the looking: a model takes seconds for a verdict, and nobody waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType

from alerts.judge import judge_due
from core.errors import SightlineError
from core.ids import StreamId
from core.ports import House

log = logging.getLogger(__name__)


class Judging:
    """A thread that judges one stream's incidents as they come, while the context lasts; at a good end it judges what
    is left. Where no model looks, incidents stay unverified and nothing is begun.
    """

    def __init__(self, stream: StreamId, house: House, wake: Callable[[], None]) -> None:
        self._stream, self._house, self._tell = stream, house, wake
        self._vlm = house.deep or house.vlm
        self._due, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """There are new incidents."""
        if not self._vlm.sees:
            return
        self._due.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="judge", daemon=True)
            self._thread.start()

    def __enter__(self) -> Judging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is None:
            return
        self._due.set()
        if kind is None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            over = self._over.is_set()
            self._judge()
            if over:
                return

    def _judge(self) -> None:
        house = self._house
        try:
            if judge_due(
                self._stream, ledger=house.ledger, frames=house.frames, vlm=self._vlm, clock=house.clock
            ):
                self._tell()
        except SightlineError as error:
            log.warning("incidents stay unverified: %s", error.message)
        except Exception:
            log.exception("judging broke; incidents stay unverified")
