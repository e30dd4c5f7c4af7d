"""Forgetting a stream: everything that came from it goes, wherever it lies."""

from __future__ import annotations

from alerts.watch import Considered
from core.errors import NotFound
from core.media import Stream
from core.ports import Executor, House
from core.settings import Settings
from core.watch import Delivery, Incident
from core.work import Job, JobState
from ingest.checkpoint import Checkpoints

_GOING_ON = frozenset({JobState.QUEUED, JobState.RUNNING})


def jobs_of(house: House, stream: Stream) -> list[Job]:
    """The jobs about the stream, the oldest first."""
    return [job for job in house.ledger.find(Job) if stream.id in job.args.values()]


def media_prefixes(stream: Stream) -> tuple[str, ...]:
    """Where in the media store a stream's own bytes lie: its upload, its clips, its snapshots."""
    return (f"uploads/{stream.id}/", f"clips/{stream.id}/", f"snapshots/{stream.id}/")


def forget(stream: Stream, house: House, settings: Settings, executor: Executor) -> dict[str, int]:
    """Stops what is being done with the stream and removes media, memory, alerts, jobs and the stream; says how much."""
    ledger = house.ledger
    jobs = jobs_of(house, stream)
    for job in jobs:
        if job.state in _GOING_ON:
            executor.cancel(job.id)
    counts = dict(house.store.forget(stream.id).counts)
    counts["media"] = sum(house.media.remove(prefix) for prefix in media_prefixes(stream))
    incidents = ledger.find(Incident, stream_id=stream.id)
    counts["incidents"] = len(incidents)
    counts["deliveries"] = 0
    for incident in incidents:
        for delivery in ledger.find(Delivery, incident_id=incident.id):
            counts["deliveries"] += ledger.remove(Delivery, delivery.id)
        ledger.remove(Incident, incident.id)
    counts["jobs"] = sum(ledger.remove(Job, job.id) for job in jobs)
    ledger.remove(Considered, stream.id)
    Checkpoints(settings.home / "checkpoints").drop(stream.id)
    if not ledger.remove(Stream, stream.id):
        raise NotFound(f"the stream {stream.name!r} has gone already")
    return counts
