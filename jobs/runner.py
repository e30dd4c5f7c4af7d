"""Runs one job of the ledger to its end: whoever carries it (threads, Celery), the rows and the rules are these."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from core import ids
from core.clock import Clock
from core.errors import Conflict, Invalid, NotFound, SightlineError
from core.ids import JobId
from core.ports import Ledger
from core.work import Cancelled, Job, JobState, Progress, Standing
from graph.ledger import change as change_row

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any], Progress], dict[str, Any]]
"""Does one kind of job: arguments (ids only) and whom to tell how far; returns the result as plain data."""

Handlers = Mapping[str, Handler]

LEASE = timedelta(seconds=60)
"""How long a job is taken for alive after its worker last said so."""

MOST_LOST = 3
"""How often in a row a job may take its worker down before it is given up: a clip that kills every process that opens
it must not go on doing so."""

WRITE_EVERY_S = 0.5
"""Progress is written no more often than this."""

STAYING = frozenset({"ingest.camera"})
"""Kinds of job that do not end by themselves: each has a thread of its own, so that it holds up no other."""

GOING_ON = frozenset({JobState.QUEUED, JobState.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Whose turn it is under a job key; a row of the ledger, so that two processes cannot both take it."""

    id: str
    job_id: JobId


class Stopping(Cancelled):
    """The worker is going down; the job is put back and goes on elsewhere or later."""


class Lost(Cancelled):
    """Another worker has the job: this one was not heard of for longer than a lease. It has no more say in it."""


def change(ledger: Ledger, id: str, how: Callable[[Job], Job]) -> Job:
    """Changes the job's row as it is now, whoever else is changing it. Raises `NotFound`."""
    row = change_row(ledger, Job, id, how)
    if row is None:
        raise NotFound(f"there is no job {id!r}", next_step="GET /v1/jobs lists them")
    return row


def enqueue(job: Job, ledger: Ledger, clock: Clock, lease: timedelta = LEASE) -> tuple[Job, bool]:
    """Writes the job down as queued, unless one with its key is going on: then that one and False."""
    now = clock.now()
    queued = replace(job, state=JobState.QUEUED, created_at=now, changed_at=now, lease_until=now + lease)
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


def overdue(ledger: Ledger, clock: Clock) -> list[Job]:
    """The jobs whose worker, or whoever keeps them waiting, has not been heard of for longer than a lease."""
    now = clock.now()
    return [
        job
        for state in (JobState.RUNNING, JobState.QUEUED)
        for job in ledger.find(Job, state=state)
        if job.lease_until is None or job.lease_until <= now
    ]


def requeue(job: Job, ledger: Ledger, clock: Clock, lease: timedelta = LEASE) -> Job | None:
    """The overdue job queued anew, for whoever asks first; None for all others, and where it is not to go on."""
    now = clock.now()
    again = replace(job, state=JobState.QUEUED, worker="", changed_at=now, lease_until=now + lease)
    if job.state is JobState.RUNNING:
        again = _without_worker(again)
    try:
        ledger.put(again, replacing=job)
    except Conflict:
        return None  # its worker lives, or another process took it
    return again if again.state is JobState.QUEUED else None


def _without_worker(job: Job) -> Job:
    """What becomes of a job whose worker died: it waits anew, unless it was to stop or has cost too many workers."""
    if job.stop_asked:
        return replace(job, state=JobState.CANCELLED, message="cancelled")
    if job.lost + 1 < MOST_LOST:
        return replace(job, lost=job.lost + 1)
    return replace(
        job,
        state=JobState.FAILED,
        lost=job.lost + 1,
        problem=f"the worker that did it died, {MOST_LOST} times in a row at the same place",
        next_step="the log says how, if anything does (not enough memory?); ask again when that is mended",
    )


def abandoned(ledger: Ledger, clock: Clock, lease: timedelta = LEASE) -> list[Job]:
    """The overdue jobs, queued anew."""
    found = (requeue(job, ledger, clock, lease) for job in overdue(ledger, clock))
    return [job for job in found if job is not None]


def release(worker: str, ledger: Ledger, clock: Clock) -> list[Job]:
    """Puts back what the worker ran, which is known to have died: due at once, with no lease to wait for."""

    def put_back(job: Job) -> Job:
        if job.state is not JobState.RUNNING or job.worker != worker:
            return job
        now = clock.now()
        left = replace(job, state=JobState.QUEUED, changed_at=now, lease_until=now)
        return _without_worker(left)

    held = [job for job in ledger.find(Job, state=JobState.RUNNING) if job.worker == worker]
    return [change(ledger, job.id, put_back) for job in held]


def put_back(id: JobId, ledger: Ledger, clock: Clock) -> None:
    """Makes a job that waits due at once, for whoever asks next: here nobody will take it any more."""

    def due(job: Job) -> Job:
        return replace(job, lease_until=clock.now()) if job.state is JobState.QUEUED else job

    with suppress(NotFound):
        change(ledger, id, due)


def standing(ledger: Ledger, *, queue: str = "inline:", workers: int, problem: str = "") -> Standing:
    """How the work stands by the ledger, where so many workers live."""
    return Standing(
        queue=queue,
        workers=workers,
        waiting=len(ledger.find(Job, state=JobState.QUEUED)),
        running=len(ledger.find(Job, state=JobState.RUNNING)),
        problem=problem,
    )


class Runner:
    """Claims a queued job, runs its handler and writes down what came of it.

    `worker` is the name under which it claims. What it has to say of a job counts only while the row names it.
    """

    def __init__(
        self, ledger: Ledger, handlers: Handlers, clock: Clock, *, worker: str = "", lease: timedelta = LEASE
    ) -> None:
        self._ledger, self._handlers, self._clock, self.lease = ledger, handlers, clock, lease
        self.worker = worker or ids.fresh("wk")
        self._running: set[JobId] = set()

    def run(self, id: JobId, *, stop: Callable[[], bool] = lambda: False) -> Job | None:
        """Runs the job, unless it is no longer queued or another has claimed it: then None.

        `stop` is asked at every progress; when it says yes the job is put back into the queue. What the handler
        raises becomes the row's problem.
        """
        claimed = self._claim(id)
        if claimed is None:
            return None
        try:
            return self._carry(claimed, stop)
        finally:
            self._running.discard(id)

    def _carry(self, job: Job, stop: Callable[[], bool]) -> Job | None:
        handler = self._handlers.get(job.kind)
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            unknown = Invalid(f"nobody does {job.kind!r} here", next_step=f"the kinds are {known}")
            return self._failed(job.id, unknown)
        try:
            result = handler(dict(job.args), self._progress(job.id, stop))
        except Lost:
            log.warning("job %s (%s) was taken over by another worker", job.id, job.kind)
            return None
        except Stopping:
            return self._end(job.id, JobState.QUEUED, lease_until=self._clock.now())
        except Cancelled:
            return self._end(job.id, JobState.CANCELLED, message="cancelled")
        except SightlineError as error:
            return self._failed(job.id, error)
        except Exception:
            # Whatever else goes wrong is ours, not the user's: the log has it whole, the row says where to look.
            log.exception("job %s (%s) broke", job.id, job.kind)
            problem = SightlineError(
                "something went wrong inside Sightline",
                next_step=f"the log has the details under {job.id}; try again, and report it if it stays",
            )
            return self._failed(job.id, problem)
        return self._end(job.id, JobState.DONE, result=result, progress=1.0)

    def _claim(self, id: JobId) -> Job | None:
        job = self._ledger.get(Job, id)
        if job is None or job.state is not JobState.QUEUED or id in self._running:
            return None
        now = self._clock.now()
        running = replace(
            job, state=JobState.RUNNING, worker=self.worker, changed_at=now, lease_until=now + self.lease
        )
        try:
            self._ledger.put(running, replacing=job)
        except Conflict:
            return None
        self._running.add(id)
        return running

    def _mine(self, job: Job) -> bool:
        return job.state is JobState.RUNNING and job.worker == self.worker

    def _progress(self, id: JobId, stop: Callable[[], bool]) -> Progress:
        written = [-1e9]

        def told(done: float, message: str) -> None:
            if stop():
                raise Stopping
            if time.monotonic() - written[0] < WRITE_EVERY_S:
                return
            written[0] = time.monotonic()
            if self._say(id, progress=min(1.0, max(0.0, done)), message=message).stop_asked:
                raise Cancelled

        return told

    def _say(self, id: JobId, **fields: Any) -> Job:
        """Writes down how far a job of ours has come. Raises `Lost` where it is no longer ours, `Cancelled` where it
        has gone.
        """
        now = self._clock.now()

        def said(job: Job) -> Job:
            if not self._mine(job):
                raise Lost
            return replace(job, lease_until=now + self.lease, changed_at=now, lost=0, **fields)

        try:
            return change(self._ledger, id, said)
        except NotFound as error:
            raise Cancelled from error  # the row was removed: nobody wants the work any more

    def renew(self, id: JobId) -> None:
        """Says that whoever has the job lives, running it or keeping it waiting; another's stays as it is."""
        now = self._clock.now()

        def renewed(job: Job) -> Job:
            here = job.state is JobState.QUEUED or self._mine(job)
            return replace(job, lease_until=now + self.lease, changed_at=now) if here else job

        with suppress(NotFound):  # the job notices at its next progress
            change(self._ledger, id, renewed)

    def _failed(self, id: JobId, error: SightlineError) -> Job | None:
        return self._end(
            id, JobState.FAILED, problem=error.message, next_step=error.next_step, stage=error.stage
        )

    def _end(self, id: JobId, state: JobState, **fields: Any) -> Job | None:
        now = self._clock.now()

        def ended(job: Job) -> Job:
            return replace(job, **{"state": state, "changed_at": now, **fields}) if self._mine(job) else job

        try:
            return change(self._ledger, id, ended)
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
        while not self._over.wait(self._runner.lease.total_seconds() / 4):
            self.beat()

    def beat(self) -> None:
        """Renews every lease once."""
        for id in self._held():
            try:
                self._runner.renew(id)
            except SightlineError as error:
                log.warning("the lease of job %s could not be renewed: %s", id, error.message)

    def close(self) -> None:
        """Stops beating."""
        self._over.set()
        self._thread.join()
