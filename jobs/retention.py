"""Retention: what is older than SIGHTLINE_KEEP_DAYS is forgotten, at intervals, as if somebody had asked for it."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from core import ids
from core.clock import Micros, Span, subtract
from core.errors import SightlineError
from core.ids import JobId
from core.media import Stream, StreamKind
from core.ports import Executor, House
from core.settings import Settings
from core.work import Job, JobState, Progress, Report, quiet
from ingest.camera.recording import remove_span
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
    when it was written before then. What cannot be forgotten now (its watching does not stop, a store is away) is
    counted as `failed` and left for the next time.
    """
    kept = settings.keep_days if days is None else days
    counts: Counter[str] = Counter(streams=0, spans=0, failed=0)
    counts.update(_recordings(house, settings))
    if kept <= 0:
        return dict(counts)
    limit = house.clock.now() - timedelta(days=kept)
    streams = house.ledger.find(Stream)
    for n, stream in enumerate(streams):
        progress(n / len(streams), stream.name)
        counts.update(_tried(stream.name, partial(_of_stream, stream, limit, house, settings)))
    for report in house.ledger.find(Report):
        if report.created_at is not None and report.created_at < limit:
            counts.update(_tried(report.title, partial(_of_report, report, house)))
    return dict(counts)


def _recordings(house: House, settings: Settings) -> Counts:
    """Removes what is recorded of cameras that nobody watches any more, once it is older than is kept."""
    if not settings.record_hours:
        return {}
    limit = house.clock.now() - timedelta(hours=settings.record_hours)
    counts: Counter[str] = Counter()
    for stream in house.ledger.find(Stream, kind=StreamKind.LIVE):
        span = aged(stream, limit)
        if span is not None:
            counts.update(_tried(stream.name, partial(_of_recording, stream, span, house)))
    return dict(counts)


def _of_recording(stream: Stream, span: Span, house: House) -> Counts:
    return {"media": remove_span(house.media, stream.id, span)}


def _tried(name: str, forgets: Callable[[], Counts]) -> Counts:
    """What went; one that cannot go now holds up none of the others."""
    try:
        return forgets()
    except SightlineError as error:
        log.warning("%s is too old and stays for now: %s", name, error.message)
        return {"failed": 1}


def _of_report(report: Report, house: House) -> Counts:
    house.media.remove(report.media_key)
    return {"reports": int(house.ledger.remove(Report, report.id))}


def _of_stream(stream: Stream, limit: datetime, house: House, settings: Settings) -> Counts:
    if stream.kind is StreamKind.FILE:
        if stream.added_at is None or stream.added_at >= limit:
            return {}
        return {"streams": 1, **forget(stream, house, settings)}
    span = aged(stream, limit)
    if span is None:
        return {}
    counts = forget_span(stream, span, house)
    is_more = bool(subtract(span, stream.forgotten)) or any(counts.values())
    return {"spans": int(is_more), **counts}


def aged(stream: Stream, limit: datetime) -> Span | None:
    """What a live stream showed before the limit; what of it was noted as forgotten too, for its removal may have failed."""
    began = stream.started_at or stream.added_at
    if began is None or began >= limit:
        return None
    until: Micros = (limit - began) // timedelta(microseconds=1)
    return Span(0, max(until, 1))


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
        """Ends after what is under way, and the executor with it."""
        self._over.set()
        self._thread.join()
        self._executor.close()

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
