"""Jobs: work that is asked for now and done by someone; rows of the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.clock import Span
from core.ids import JobId, KeyId, ReportId, StreamId


class JobState(StrEnum):
    """How far a job has come."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work: its kind (a name in `jobs/handlers.py`), its arguments (ids only) and how it stands.

    `key` names the work, not the request: a second job with the key of one that is queued or running is that job.
    `progress` is 0 to 1. `lease_until` is the moment after which a queued or running job counts as abandoned.
    `stop_asked` is true once someone wants a running job to stop. `worker` is who runs it, or ran it last: what another
    writes about it does not count. `lost` is how often in a row its worker died before it came any further.
    """

    id: JobId
    kind: str
    key: str
    args: dict[str, Any] = field(default_factory=dict)
    state: JobState = JobState.QUEUED
    progress: float = 0.0
    message: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    next_step: str = ""
    stage: str = ""
    created_at: datetime | None = None
    changed_at: datetime | None = None
    lease_until: datetime | None = None
    stop_asked: bool = False
    worker: str = ""
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that does jobs: a row of the ledger, kept fresh while it lives. `id` is what its jobs' rows name."""

    id: str
    host: str
    pid: int
    began_at: datetime
    lease_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the work stands: where jobs are handed to (shown without credentials), whether that can be done now (if not,
    `problem` says why), how many workers live to do them, and how many jobs wait and run.
    """

    queue: str
    workers: int
    waiting: int
    running: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key to the API: only its SHA-256 is kept. `role` is `admin`, `operator` or `viewer`."""

    id: KeyId
    name: str
    digest: str = field(repr=False)
    role: str = "admin"
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A written report, where its file lies in the media store, and what it is about: it goes when that is forgotten."""

    id: ReportId
    title: str
    media_key: str
    media_type: str
    created_at: datetime | None = None
    streams: tuple[StreamId, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEmbedder:
    """An embedder that has turned texts of this memory into vectors: its name, and the setting that brings it back.

    While another takes its place, it still turns the questions into vectors that can be compared with its own.
    """

    id: str
    setting: str


Progress = Callable[[float, str], None]
"""Told how far (0 to 1) and what; may raise `Cancelled` to stop the work."""


class Cancelled(Exception):
    """Someone asked the work to stop."""


def quiet(_done: float, _message: str) -> None:
    """A progress that tells nobody."""
