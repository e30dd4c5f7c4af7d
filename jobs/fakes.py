"""An executor that does a job at once, in the caller: for tests, and for commands that do one thing and end."""

from __future__ import annotations

from core.clock import Clock
from core.errors import Unavailable
from core.ids import JobId
from core.ports import Ledger
from core.work import Job, Standing
from jobs.runner import Handlers, Runner, ask_to_stop, enqueue, standing


class EagerExecutor:
    """An `Executor` whose `submit` comes back when the job has ended."""

    def __init__(self, ledger: Ledger, handlers: Handlers, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._runner = Runner(ledger, handlers, clock)
        self._closed = False

    def submit(self, job: Job, /) -> Job:
        """Does the job and returns its row as it ended; one of its key that is going on is returned instead."""
        if self._closed:
            raise Unavailable("the work is being closed down", next_step="try again when it has started anew")
        row, is_new = enqueue(job, self._ledger, self._clock)
        return (self._runner.run(row.id) or row) if is_new else row

    def cancel(self, id: JobId, /) -> Job:
        """Asks for it to stop. Raises `NotFound`."""
        return ask_to_stop(id, self._ledger, self._clock)

    def standing(self) -> Standing:
        """How the work stands; the worker is whoever submits."""
        return standing(self._ledger, workers=1)

    def close(self) -> None:
        """Takes no more."""
        self._closed = True
