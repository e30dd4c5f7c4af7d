"""Forgetting a stream: everything that came from it goes, wherever it lies."""

from __future__ import annotations

from alerts.watch import Considered
from core.errors import Conflict, NotFound
from core.media import Stream
from core.memory import Scope
from core.ports import Executor, House
from core.settings import Settings
from core.watch import Delivery, Incident
from core.work import Job, JobState
from ingest.checkpoint import Checkpoints

PATIENCE_S = 60.0
TURN_S = 0.1
_GOING_ON = frozenset({JobState.QUEUED, JobState.RUNNING})


def jobs_of(house: House, stream: Stream) -> list[Job]:
    """The jobs about the stream, the oldest first."""
    return [job for job in house.ledger.find(Job) if stream.id in job.args.values()]


def media_prefixes(stream: Stream) -> tuple[str, ...]:
    """Where in the media store a stream's own bytes lie: its upload, its clips, its snapshots."""
    return (f"uploads/{stream.id}/", f"clips/{stream.id}/", f"snapshots/{stream.id}/")


def _stop(job: Job, house: House) -> None:
    """Waits until the job has stopped, so that nothing is written after it was forgotten. Raises `Conflict`."""
    for _ in range(round(PATIENCE_S / TURN_S)):
        row = house.ledger.get(Job, job.id)
        if row is None or row.state is not JobState.RUNNING:
            return
        if row.lease_until is not None and row.lease_until <= house.clock.now():
            return  # whoever did it is dead
        house.clock.sleep(TURN_S)
    raise Conflict(
        "the stream is still being watched: it was asked to stop and does so after its chunk",
        next_step="try again in a minute; nothing was removed",
    )


def forget(stream: Stream, house: House, settings: Settings, executor: Executor) -> dict[str, int]:
    """Stops what is being done with the stream and removes media, memory, alerts, jobs and the stream; says how much.

    Raises `Conflict` where the work on it does not stop in time, before anything is removed.
    """
    ledger = house.ledger
    jobs = jobs_of(house, stream)
    for job in jobs:
        if job.state in _GOING_ON:
            _stop(executor.cancel(job.id), house)
    counts = dict(house.store.forget(Scope(streams=(stream.id,))).counts)
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
