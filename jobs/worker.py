"""A worker process's hands: takes messages from the queue, runs one job at a time, and watches that it hears them."""

from __future__ import annotations

import logging
import os
import socket
import threading
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from core.clock import Clock
from core.errors import SightlineError, Unavailable
from core.ids import JobId
from core.ports import Ledger
from core.work import Job, Worker
from jobs.celery_executor import QUEUE, TASK, Broker, transport
from jobs.runner import LEASE, STAYING, Handlers, Heart, Runner, put_back

log = logging.getLogger(__name__)

DEAF_AFTER = 3
"""Looks in a row at which messages wait while nothing is done and none was taken: then the consumer is deaf."""


class CeleryWorker:
    """Runs what the queue brings, in the thread that calls `run()`, until it is told to stop; a job that stays (a
    camera's) in a thread of its own, so that the next message is taken.

    In that thread (Celery's `solo` pool) and not in forked children, because Celery's may not have children of their
    own, and watching a stream needs a decoding one. Several jobs side by side are several such processes.

    A consumer can stop consuming: where Redis goes away between a job's end and its acknowledgement, kombu counts the
    message as still at work, and with a prefetch of one it never asks for another (Celery 5.6). Where messages wait that
    an idle worker does not take, `on_deaf` is called, once.
    """

    def __init__(
        self,
        url: str,
        ledger: Ledger,
        handlers: Handlers,
        clock: Clock,
        *,
        id: str,
        on_deaf: Callable[[], None],
        lease: timedelta = LEASE,
        look_s: float = 5.0,
    ) -> None:
        self.id = id
        self._ledger, self._clock, self._lease, self._look_s = ledger, clock, lease, look_s
        self._on_deaf = on_deaf
        self._broker = Broker(url)
        self._runner = Runner(ledger, handlers, clock, worker=id, lease=lease)
        self._closing, self._stopping, self._over = threading.Event(), threading.Event(), threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._held: JobId | None = None
        self._staying: dict[JobId, threading.Thread] = {}
        self._taken = 0
        self._app = transport(url, lease=lease)
        self._app.task(self._carry, name=TASK, shared=False, acks_on_failure_or_timeout=True)
        self._controller: Any = None

    def run(self) -> None:
        """Takes and runs jobs until `stop()`."""
        from celery.exceptions import CPendingDeprecationWarning
        from celery.worker import WorkController, state

        # It announces that a later Celery will stop tasks when Redis goes; ours is told not to.
        warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
        state.should_stop = None
        self._app.set_default()
        self._app.finalize()
        self._controller = WorkController(
            app=self._app,
            hostname=self.id,
            pool_cls="solo",
            concurrency=1,
            queues=[QUEUE],
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        began = self._clock.now()
        self._show(began)
        heart = Heart(self._runner, self._mine)
        watch = threading.Thread(target=self._watch, args=(began,), name="watch", daemon=True)
        watch.start()
        try:
            self._controller.start()
        finally:
            self._over.set()
            watch.join()
            heart.close()
            self._ledger.remove(Worker, self.id)
            self._broker.close()

    def stop(self, *, patience_s: float) -> None:
        """Takes no more and waits for the job at hand; after so many seconds it is asked to stop between two chunks,
        and put back. Comes back when it has.
        """
        from celery.worker import state

        self._closing.set()
        for thread in list(self._staying.values()):
            thread.join()
        if not self._idle.wait(patience_s):
            self._stopping.set()
            self._idle.wait()
        state.should_stop = os.EX_OK

    def _carry(self, id: str) -> None:
        """What Celery calls for each message. Whatever came of the job stands in the ledger."""
        job = JobId(id)
        self._taken += 1
        if self._closing.is_set():
            put_back(job, self._ledger, self._clock)
            return
        try:
            row = self._ledger.get(Job, job)
        except SightlineError as error:
            log.warning("job %s could not be carried: %s", job, error)
            return
        if row is not None and row.kind in STAYING:
            if job not in self._staying:
                thread = threading.Thread(target=self._stay, args=(job,), name="camera-job", daemon=True)
                self._staying[job] = thread
                thread.start()
            return
        self._held = job
        self._idle.clear()
        try:
            self._runner.run(job, stop=self._stopping.is_set)
        except SightlineError as error:
            log.warning("job %s could not be carried: %s", job, error)
        except Exception:
            log.exception("job %s could not be carried", job)
        finally:
            self._held = None
            self._idle.set()

    def _stay(self, job: JobId) -> None:
        try:
            self._runner.run(job, stop=self._closing.is_set)
        except SightlineError as error:
            log.warning("job %s could not be carried: %s", job, error)
        except Exception:
            log.exception("job %s could not be carried", job)
        finally:
            self._staying.pop(job, None)

    def _mine(self) -> list[JobId]:
        held = self._held
        return [*self._staying] if held is None else [held, *self._staying]

    def _show(self, began: Any) -> None:
        now = self._clock.now()
        row = Worker(
            id=self.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            began_at=began,
            lease_until=now + self._lease,
        )
        self._ledger.put(row)

    def _watch(self, began: Any) -> None:
        """Says that the worker lives, and notices when it no longer hears the queue."""
        in_vain, taken, said = 0, -1, ""
        every = min(self._look_s, self._lease.total_seconds() / 4)
        while not self._over.wait(every):
            try:
                self._show(began)
                idle = self._idle.is_set() and not self._closing.is_set() and taken == self._taken
                in_vain = in_vain + 1 if idle and self._broker.messages() else 0
                said = ""
            except Unavailable as error:
                in_vain = 0
                if error.message != said:
                    said = error.message
                    log.warning("%s", said)
            taken = self._taken
            if in_vain == DEAF_AFTER:
                log.warning("messages wait that this worker does not hear: it begins anew")
                self._on_deaf()
