"""A Celery worker at work in a thread of the test, so that its handlers may be functions of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from core import ids
from core.clock import WallClock
from core.ports import Ledger
from core.work import Worker
from jobs.runner import LEASE, Handlers
from jobs.worker import CeleryWorker


@contextmanager
def at_work(
    url: str,
    ledger: Ledger,
    handlers: Handlers,
    *,
    lease: timedelta = LEASE,
    on_deaf: Callable[[], None] = lambda: None,
    look_s: float = 0.5,
) -> Iterator[CeleryWorker]:
    """The worker, which has come up; it is stopped at the end. One at a time: Celery keeps its state for a process."""
    worker = CeleryWorker(
        url, ledger, handlers, WallClock(), id=ids.fresh("wk"), on_deaf=on_deaf, lease=lease, look_s=look_s
    )
    thread = threading.Thread(target=worker.run)
    thread.start()
    deadline = time.monotonic() + 30
    while not ledger.find(Worker):
        assert thread.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        yield worker
    finally:
        worker.stop(patience_s=0.2)
        thread.join(30)
        assert not thread.is_alive(), "the worker did not stop"
