"""Runs one job of the ledger to its end: whoever carries it (threads, Celery), the rows and the rules are these."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from core import ids
from core.clock import Clock
from core.errors import Conflict, Invalid, NotFound, SightlineError
from core.ids import JobId
from core.ports import Ledger
from core.work import Cancelled, Job, JobState, Progress

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any], Progress], dict[str, Any]]
"""Does one kind of job: arguments (ids only) and whom to tell how far; returns the result as plain data."""

Handlers = Mapping[str, Handler]

LEASE = timedelta(seconds=60)
"""How long a job is taken for alive after its worker last said so."""

WRITE_EVERY_S = 0.5
"""Progress is written no more often than this."""

GOING_ON = frozenset({JobState.QUEUED, JobState.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Whose turn it is under a job key; a row of the ledger, so that two processes cannot both take it."""

    id: str
    job_id: JobId


class Stopping(Cancelled):
    """The worker is going down; the job is put back and goes on elsewhere or later."""


def change(ledger: Ledger, id: str, how: Callable[[Job], Job]) -> Job:
    """Changes the job's row as it is now, whoever else is changing it. Raises `NotFound`."""
    while True:
        before = ledger.get(Job, id)
        if before is None:
            raise NotFound(f"there is no job {id!r}", next_step="GET /v1/jobs lists them")
        after = how(before)
        if after == before:
            return before
        try:
            return ledger.put(after, replacing=before)
        except Conflict:
            continue


def enqueue(job: Job, ledger: Ledger, clock: Clock) -> tuple[Job, bool]:
    """Writes the job down as queued, unless one with its key is going on: then that one and False."""
    now = clock.now()
    queued = replace(job, state=JobState.QUEUED, created_at=now, changed_at=now, lease_until=now + LEASE)
    turn = Turn(id=ids.derive("turn", job.key), job_id=job.id)
    while True:
        holder = ledger.get(Turn, turn.id)
        held = ledger.get(Job, holder.job_id) if holder is not None else None
        if held is not None and held.state in GOING_ON:
            return held, False
        ledger.put(queued, new=True)
        try:
            ledger.put(turn, replacing=holder, new=holder is None)
        except Conflict:
            ledger.remove(Job, queued.id)
            continue
        return queued, True


def ask_to_stop(id: str, ledger: Ledger, clock: Clock) -> Job:
    """Cancels a queued job; asks a running one to stop; leaves an ended one as it is. Raises `NotFound`."""

    def stopped(job: Job) -> Job:
        if job.state is JobState.QUEUED:
            return replace(
                job, state=JobState.CANCELLED, stop_asked=True, message="cancelled", changed_at=clock.now()
            )
        return replace(job, stop_asked=True) if job.state is JobState.RUNNING else job

    return change(ledger, id, stopped)


def abandoned(ledger: Ledger, clock: Clock) -> list[Job]:
    """The jobs whose worker has not been heard of for longer than a lease, queued anew."""
    now = clock.now()
    found = []
    for state in (JobState.RUNNING, JobState.QUEUED):
        for job in ledger.find(Job, state=state):
            if job.lease_until is not None and job.lease_until > now:
                continue
            again = replace(
                job,
                state=JobState.CANCELLED if job.stop_asked else JobState.QUEUED,
                changed_at=now,
                lease_until=now + LEASE,
            )
            try:
                ledger.put(again, replacing=job)
            except Conflict:
                continue  # its worker lives, or another process took it
            if again.state is JobState.QUEUED:
                found.append(again)
    return found


class Runner:
    """Claims a queued job, runs its handler and writes down what came of it."""

    def __init__(self, ledger: Ledger, handlers: Handlers, clock: Clock) -> None:
        self._ledger, self._handlers, self._clock = ledger, handlers, clock

    def run(self, id: JobId, *, stop: Callable[[], bool] = lambda: False) -> Job | None:
        """Runs the job, unless it is no longer queued or another has claimed it: then None.

        `stop` is asked at every progress; when it says yes the job is put back into the queue. What the handler
        raises becomes the row's problem.
        """
        claimed = self._claim(id)
        if claimed is None:
            return None
        handler = self._handlers.get(claimed.kind)
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            unknown = Invalid(f"nobody does {claimed.kind!r} here", next_step=f"the kinds are {known}")
            return self._failed(id, unknown)
        try:
            result = handler(dict(claimed.args), self._progress(id, stop))
        except Stopping:
            return self._end(id, JobState.QUEUED, lease_until=self._clock.now())
        except Cancelled:
            return self._end(id, JobState.CANCELLED, message="cancelled")
        except SightlineError as error:
            return self._failed(id, error)
        except Exception:
            # Whatever else goes wrong is ours, not the user's: the log has it whole, the row says where to look.
            log.exception("job %s (%s) broke", id, claimed.kind)
            problem = SightlineError(
                "something went wrong inside Sightline",
                next_step=f"the log has the details under {id}; try again, and report it if it stays",
            )
            return self._failed(id, problem)
        return self._end(id, JobState.DONE, result=result, progress=1.0)

    def _claim(self, id: JobId) -> Job | None:
        job = self._ledger.get(Job, id)
        if job is None or job.state is not JobState.QUEUED:
            return None
        now = self._clock.now()
        running = replace(job, state=JobState.RUNNING, changed_at=now, lease_until=now + LEASE)
        try:
            return self._ledger.put(running, replacing=job)
        except Conflict:
            return None

    def _progress(self, id: JobId, stop: Callable[[], bool]) -> Progress:
        written = [-1e9]

        def told(done: float, message: str) -> None:
            if stop():
                raise Stopping
            if time.monotonic() - written[0] < WRITE_EVERY_S:
                return
            written[0] = time.monotonic()
            if self.renew(id, progress=min(1.0, max(0.0, done)), message=message).stop_asked:
                raise Cancelled

        return told

    def renew(self, id: JobId, **fields: Any) -> Job:
        """Says that the worker lives, and what else is to be said; a job that has ended stays as it is."""
        now = self._clock.now()

        def renewed(job: Job) -> Job:
            if job.state not in GOING_ON:
                return job
            return replace(job, lease_until=now + LEASE, changed_at=now, **fields)

        try:
            return change(self._ledger, id, renewed)
        except NotFound as error:
            raise Cancelled from error  # the row was removed: nobody wants the work any more

    def _failed(self, id: JobId, error: SightlineError) -> Job | None:
        return self._end(
            id, JobState.FAILED, problem=error.message, next_step=error.next_step, stage=error.stage
        )

    def _end(self, id: JobId, state: JobState, **fields: Any) -> Job | None:
        try:
            return change(
                self._ledger,
                id,
                lambda job: replace(job, **{"state": state, "changed_at": self._clock.now(), **fields}),
            )
        except NotFound:
            return None  # forgotten while it ran


class Heart:
    """Keeps the leases of a worker's jobs alive, from a thread of its own."""

    def __init__(self, runner: Runner, held: Callable[[], list[JobId]]) -> None:
        self._runner, self._held = runner, held
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="leases", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._over.wait(LEASE.total_seconds() / 4):
            self.beat()

    def beat(self) -> None:
        """Renews every lease once."""
        for id in self._held():
            try:
                self._runner.renew(id)
            except Cancelled:
                continue  # its row has gone; the job notices at its next progress
            except SightlineError as error:
                log.warning("the lease of job %s could not be renewed: %s", id, error.message)

    def close(self) -> None:
        """Stops beating."""
        self._over.set()
        self._thread.join()
