"""Does jobs in threads of this process; the ledger is the truth, so another process may pick up what is left."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta

from core.clock import Clock
from core.errors import Unavailable
from core.ids import JobId
from core.ports import Ledger
from core.work import Job, Standing
from jobs.runner import (
    LEASE,
    STAYING,
    Handlers,
    Heart,
    Runner,
    abandoned,
    ask_to_stop,
    enqueue,
    put_back,
    standing,
)

log = logging.getLogger(__name__)


class InlineExecutor:
    """An `Executor` on a pool of threads, and one thread more for each job that stays (a camera's).

    `recover()` takes up what a dead process left behind.
    """

    def __init__(
        self, ledger: Ledger, handlers: Handlers, clock: Clock, *, workers: int = 1, lease: timedelta = LEASE
    ) -> None:
        self._ledger, self._handlers, self._clock = ledger, handlers, clock
        self._lease, self._workers = lease, workers
        self._runner = Runner(ledger, handlers, clock, lease=lease)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="jobs")
        self._lock = threading.Lock()
        self._held: dict[JobId, Future[None]] = {}
        self._closed = False
        self._stopping, self._leaving = threading.Event(), threading.Event()
        self._heart = Heart(self._runner, self._mine)

    def submit(self, job: Job, /) -> Job:
        """Takes the job over, or returns the one of its key that is going on. Raises `Unavailable` when closed."""
        if self._closed:
            raise Unavailable("the work is being closed down", next_step="try again when it has started anew")
        row, is_new = enqueue(job, self._ledger, self._clock, self._lease)
        if is_new:
            self._hand_over(row)
        return row

    def cancel(self, id: JobId, /) -> Job:
        """Asks for it to stop; it stops between two chunks. Raises `NotFound`."""
        return ask_to_stop(id, self._ledger, self._clock)

    def standing(self) -> Standing:
        """How the work stands; the workers are this process's threads."""
        return standing(self._ledger, workers=self._workers)

    def recover(self) -> list[Job]:
        """Queues what a worker left behind that has not been heard of for longer than a lease."""
        left = abandoned(self._ledger, self._clock, self._lease)
        found = [job for job in left if job.kind in self._handlers]
        for job in found:
            log.info("job %s (%s) is taken up again", job.id, job.kind)
            self._hand_over(job)
        return found

    def close(self, *, patience_s: float | None = None) -> None:
        """Waits for what it took over and takes no more.

        After `patience_s` what runs is asked to stop, and like what still waits it is put back into the queue, due
        at once: the next start's `recover()` goes on with it. Jobs that stay are asked at once.
        """
        self._closed = True
        self._leaving.set()
        with self._lock:
            going = list(self._held.values())
        if patience_s is not None and wait(going, timeout=patience_s).not_done:
            self._stopping.set()
        self._pool.shutdown(wait=True)
        wait(going)
        self._heart.close()

    def _hand_over(self, job: Job) -> None:
        with self._lock:
            if job.kind not in STAYING:
                self._held[job.id] = self._pool.submit(self._do, job.id, self._stopping)
                return
            done = self._held[job.id] = Future[None]()
        threading.Thread(target=self._stay, args=(job.id, done), name="camera-job", daemon=True).start()

    def _stay(self, id: JobId, done: Future[None]) -> None:
        try:
            self._do(id, self._leaving)
        finally:
            done.set_result(None)

    def _do(self, id: JobId, stopping: threading.Event) -> None:
        try:
            if stopping.is_set():
                put_back(id, self._ledger, self._clock)
            else:
                self._runner.run(id, stop=stopping.is_set)
        except Exception:
            log.exception("job %s could not be carried", id)
        finally:
            with self._lock:
                self._held.pop(id, None)

    def _mine(self) -> list[JobId]:
        with self._lock:
            return list(self._held)
