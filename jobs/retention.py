"""Retention: what is older than SIGHTLINE_KEEP_DAYS is forgotten, at intervals, as if somebody had asked for it."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from datetime import datetime, timedelta

from core import ids
from core.clock import Micros, Span, subtract
from core.errors import Conflict, SightlineError
from core.ids import JobId
from core.media import Stream, StreamKind
from core.ports import Executor, House
from core.settings import Settings
from core.work import Job, JobState, Progress, Report, quiet
from jobs.forget import Counts, forget, forget_span

log = logging.getLogger(__name__)

RETAIN = "memory.retain"
EVERY_S = 3600.0
ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


def retain_job() -> Job:
    """The job that forgets what is too old; asked for twice while it is on its way, it is one job."""
    return Job(id=JobId(ids.fresh("job")), kind=RETAIN, key=RETAIN)


def retain(
    house: House, settings: Settings, *, days: float | None = None, progress: Progress = quiet
) -> Counts:
    """Forgets what is older than `days` (default: the setting; 0 forgets nothing); says how much that was, by kind.

    A file is as old as its coming in and goes whole; of a live stream goes what it showed before then; a report goes
    when it was written before then. A stream whose watching cannot be stopped now is left for the next time.
    """
    kept = settings.keep_days if days is None else days
    counts: Counter[str] = Counter(streams=0, spans=0)
    if kept <= 0:
        return dict(counts)
    limit = house.clock.now() - timedelta(days=kept)
    streams = house.ledger.find(Stream)
    for n, stream in enumerate(streams):
        progress(n / len(streams), stream.name)
        try:
            counts.update(_of_stream(stream, limit, house, settings))
        except Conflict as error:
            log.warning("%s is too old and stays for now: %s", stream.name, error.message)
    for report in house.ledger.find(Report):
        if report.created_at is not None and report.created_at < limit:
            house.media.remove(report.media_key)
            counts["reports"] += house.ledger.remove(Report, report.id)
    return dict(counts)


def _of_stream(stream: Stream, limit: datetime, house: House, settings: Settings) -> Counts:
    if stream.kind is StreamKind.FILE:
        if stream.added_at is None or stream.added_at >= limit:
            return {}
        return {"streams": 1, **forget(stream, house, settings)}
    counts: Counter[str] = Counter()
    for span in aged(stream, limit):
        counts.update({"spans": 1, **forget_span(stream, span, house)})
    return dict(counts)


def aged(stream: Stream, limit: datetime) -> list[Span]:
    """What a live stream showed before the limit and has not been forgotten yet."""
    began = stream.started_at or stream.added_at
    if began is None or began >= limit:
        return []
    until: Micros = (limit - began) // timedelta(microseconds=1)
    return subtract(Span(0, max(until, 1)), stream.forgotten)


class Retention:
    """A thread that has the job done now and then, by an executor of its own: a camera's job never ends, and must not
    hold it up.
    """

    def __init__(self, house: House, executor: Executor, every_s: float = EVERY_S) -> None:
        self._house, self._executor, self._every_s = house, executor, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="retention", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends after what is under way."""
        self._over.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._over.is_set():
            try:
                self._once()
            except SightlineError as error:
                log.warning("what is too old stays for now: %s", error.message)
            self._over.wait(self._every_s)

    def _once(self) -> None:
        done = self._executor.submit(retain_job())
        for job in self._house.ledger.find(Job, kind=RETAIN):
            if job.id != done.id and job.state in ENDED:
                self._house.ledger.remove(
                    Job, job.id
                )  # one row tells how it went last; thousands tell no more
