"""How a stream comes in: registered, and handed to whoever watches it."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from core import ids
from core.errors import Invalid
from core.ids import JobId
from core.media import Stream, StreamKind
from core.ports import Executor, House, Ledger
from core.work import Job
from jobs.forget import jobs_of
from jobs.runner import GOING_ON

WATCH = "ingest.stream"
CAMERA = "ingest.camera"
REMOTE = frozenset({"http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "srt"})


def watch_job(stream: Stream, *, keyframes: bool = False, for_s: float | None = None) -> Job:
    """The job that watches the stream, a camera for so many seconds where that is said; asked for twice while it is on
    its way, it is one job.
    """
    kind = CAMERA if stream.kind is StreamKind.LIVE else WATCH
    args: dict[str, Any] = {"stream_id": stream.id}
    if keyframes:
        args["keyframes"] = True
    if for_s is not None:
        args["for_s"] = for_s
    return Job(id=JobId(ids.fresh("job")), kind=kind, key=f"{kind}:{stream.id}", args=args)


def submit(stream: Stream, executor: Executor, *, keyframes: bool = False, for_s: float | None = None) -> Job:
    """Hands the stream over to be watched, or only its key pictures."""
    return executor.submit(watch_job(stream, keyframes=keyframes, for_s=for_s))


def latest_job(house: House, stream: Stream) -> Job | None:
    """The last job that was to watch the stream."""
    watching = [job for job in jobs_of(house, stream) if job.kind in (WATCH, CAMERA)]
    return watching[-1] if watching else None


def going_on(job: Job | None) -> bool:
    """Whether the job has not ended."""
    return job is not None and job.state in GOING_ON


def name_from(source: str) -> str:
    """A stream's name from a file name or URL: its last part without the ending, in plain characters."""
    parts = urlsplit(source)
    last = PurePath(parts.path if "://" in source else source).stem or parts.hostname or "stream"
    return re.sub(r"[^\w.-]+", "_", last).strip("._") or "stream"


def free_name(ledger: Ledger, wish: str) -> str:
    """The wish, or the wish with a number, so that no stream has that name yet."""
    taken = {row.name for row in ledger.find(Stream)}
    tries = (wish if n == 1 else f"{wish}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in tries if name not in taken)


def checked_url(url: str) -> str:
    """The URL, if the API may open it: something remote, never a path of the server. Raises `Invalid`."""
    parts = urlsplit(url)
    if parts.scheme.lower() not in REMOTE or not parts.hostname:
        raise Invalid(
            "a stream's url must lead to another machine",
            next_step=f"give a URL that begins with {', '.join(sorted(REMOTE))}; upload a file, or use"
            " `sightline watch` for a path on the server",
        )
    return url
