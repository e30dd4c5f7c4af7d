"""Forgetting: a stream, a span of one, or entities; everything that came from it goes, wherever it lies.

What is forgotten of a stream that stays is noted on its row first: from then on it is neither shown nor written again,
whoever is still watching, and then it is removed. A forgotten stream is gone with its row.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from alerts.watch import Considered, is_forgotten
from core.camera import Camera
from core.clock import Span
from core.errors import Conflict, NotFound
from core.ids import EntityId, IncidentId, JobId
from core.media import Passage, Stream
from core.memory import Entity, Query, Scope, Want
from core.ports import Executor, House, Ledger
from core.settings import Settings
from core.spending import Budget, Usage
from core.watch import Alert, Delivery, Incident
from core.work import Job, JobState, Report
from graph.identity import identity
from graph.spending import used
from ingest.camera.recording import folder_of, remove_span
from ingest.checkpoint import Checkpoints
from ingest.forgotten import forget_more
from jobs.runner import GOING_ON, ask_to_stop

PATIENCE_S = 60.0
TURN_S = 0.1
_CLIP = re.compile(r"clips/[^/]+/(\d+)-(\d+)\.(mp4|drawn/)")

Counts = dict[str, int]
"""How much went, by kind."""


def jobs_of(house: House, stream: Stream) -> list[Job]:
    """The jobs about the stream, the oldest first."""
    return [job for job in house.ledger.find(Job) if stream.id in job.args.values()]


def media_prefixes(stream: Stream) -> tuple[str, ...]:
    """Where in the media store a stream's own bytes lie: its upload, its recording, its clips, its snapshots."""
    return (folder_of(stream.id), f"uploads/{stream.id}/", f"clips/{stream.id}/", f"snapshots/{stream.id}/")


def forget(stream: Stream, house: House, settings: Settings, executor: Executor | None = None) -> Counts:
    """Stops what is being done with the stream and removes media, memory, alerts, reports, jobs and the stream.

    Raises `Conflict` where the work on it does not stop in time, before anything is removed.
    """
    ledger = house.ledger
    jobs = jobs_of(house, stream)
    stop: Callable[[JobId], Job] = (
        executor.cancel if executor is not None else partial(ask_to_stop, ledger=ledger, clock=house.clock)
    )
    for job in jobs:
        if job.state in GOING_ON:
            _stop(stop(job.id), house)
    counts = Counter(sweep(stream, house, settings))
    counts["jobs"] = sum(ledger.remove(Job, job.id) for job in jobs)
    if not ledger.remove(Stream, stream.id):
        raise NotFound(f"the stream {stream.name!r} has gone already")
    counts.update(sweep(stream, house, settings))
    return dict(counts)


def sweep(stream: Stream, house: House, settings: Settings) -> Counts:
    """Removes all that came from a stream, but not its row and its jobs.

    Whoever watches it without a job cannot be stopped and may write until the row has gone: so it is done once more
    then, and again by whoever watched it, when that stops (`jobs/handlers.py`).
    """
    ledger = house.ledger
    counts: Counter[str] = Counter(media=sum(house.media.remove(prefix) for prefix in media_prefixes(stream)))
    counts.update(house.store.forget(Scope(streams=(stream.id,))).counts)
    counts.update(_incidents(ledger, stream, lambda _: True, lambda _: True))
    counts.update(_reports(house, stream, None))
    for passage in ledger.find(Passage):
        if stream.id in (passage.one, passage.other):
            ledger.remove(Passage, passage.id)
    ledger.remove(Considered, stream.id)
    ledger.remove(Camera, stream.id)
    shutil.rmtree(settings.home / "spool" / stream.id, ignore_errors=True)
    ledger.remove(Budget, stream.id)
    for usage in used(ledger, stream.id):
        ledger.remove(Usage, usage.id)
    Checkpoints(settings.home / "checkpoints").drop(stream.id)
    return dict(counts)


def forget_span(stream: Stream, span: Span, house: House) -> Counts:
    """Removes what lies in a span of the stream: memory, clips, snapshots, alerts, and reports about it. From then on it
    is not shown though the file is still there, and not learned again.
    """
    forget_more(house.ledger, stream.id, spans=(span,))
    counts = Counter(house.store.forget(Scope(streams=(stream.id,), span=span)).counts)
    counts["media"] = _media(house, stream, span, drawn_only=False) + remove_span(
        house.media, stream.id, span
    )
    counts.update(
        _incidents(house.ledger, stream, lambda a: a.span.overlaps(span), lambda i: i.span.overlaps(span))
    )
    counts.update(_reports(house, stream, span))
    return dict(counts)


def forget_entities(ids: Sequence[EntityId], house: House, *, everywhere: bool = False) -> Counts:
    """Removes entities, with `everywhere` all visits of the same things: what is known of them, what was drawn of them,
    alerts they are in and reports about when they were there. Raises `NotFound` for an unknown one, before anything goes.
    """
    wanted = {member for id in ids for member in (identity(house.store, id) if everywhere else (id,))}
    found = house.store.find(Query(want=Want.ENTITIES, ids=tuple(sorted(wanted)))).entities
    if unknown := wanted - {entity.id for entity in found}:
        raise NotFound(
            f"there is no entity {min(unknown)!r}", next_step="GET /v1/entities lists those there are"
        )
    by_stream: dict[str, list[Entity]] = {}
    for entity in found:
        by_stream.setdefault(entity.stream_id, []).append(entity)
    streams = {stream.id: stream for stream in house.ledger.find(Stream) if stream.id in by_stream}
    for stream in streams.values():
        forget_more(house.ledger, stream.id, entities=[entity.id for entity in by_stream[stream.id]])
    counts = Counter(house.store.forget(Scope(entities=tuple(sorted(wanted)))).counts)
    for stream in streams.values():
        for entity in by_stream[stream.id]:
            counts["media"] += _media(house, stream, entity.span, drawn_only=True)
            counts.update(_reports(house, stream, entity.span))
        counts.update(
            _incidents(house.ledger, stream, lambda a: bool(wanted & {*a.entity_ids}), lambda _: False)
        )
    return dict(counts)


def forget_alerts(stream: Stream, house: House) -> Counts:
    """Removes the alerts about what was forgotten of the stream while rules were asked about it."""
    row = house.ledger.get(Stream, stream.id)
    if row is None:
        return _incidents(house.ledger, stream, lambda _: True, lambda _: True)
    return _incidents(house.ledger, stream, lambda alert: is_forgotten(alert, row), lambda _: False)


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


def _media(house: House, stream: Stream, span: Span, *, drawn_only: bool) -> int:
    """Removes clips that show part of the span (or only those with what was seen drawn in), and the stream's snapshots."""
    gone = 0
    for key in house.media.keys(f"clips/{stream.id}/"):
        cut = _CLIP.match(key)
        if cut is None or (drawn_only and cut[3] == "mp4"):
            continue
        if int(cut[1]) < span.end and span.start < int(cut[2]):
            gone += house.media.remove(key)
    return gone + house.media.remove(f"snapshots/{stream.id}/")


def _incidents(
    ledger: Ledger,
    stream: Stream,
    goes: Callable[[Alert], bool],
    goes_without_alerts: Callable[[Incident], bool],
) -> Counts:
    """Removes alerts, the incidents of which none is left, and what was or is to be delivered about any of them."""
    counts = Counter(incidents=0, alerts=0, deliveries=0)
    for incident in ledger.find(Incident, stream_id=stream.id):
        gone = _shrink(ledger, incident.id, goes, goes_without_alerts)
        if gone is None:
            continue
        counts["alerts"] += gone
        for delivery in ledger.find(Delivery, incident_id=incident.id):
            counts["deliveries"] += ledger.remove(Delivery, delivery.id)
        counts["incidents"] += ledger.get(Incident, incident.id) is None
    return dict(counts)


def _shrink(
    ledger: Ledger,
    id: IncidentId,
    goes: Callable[[Alert], bool],
    goes_without_alerts: Callable[[Incident], bool],
) -> int | None:
    """Leaves the alerts that stay, told by the first of them, or removes the incident where none does; says how many
    went, None where nothing changed. Whoever changes the incident meanwhile (an alert more, a person's word) is heeded.
    """
    while (incident := ledger.get(Incident, id)) is not None:
        left = tuple(alert for alert in incident.alerts if not goes(alert))
        if left == incident.alerts and (left or not goes_without_alerts(incident)):
            return None
        gone = len(incident.alerts) - len(left)
        if not left:
            return gone if ledger.remove(Incident, id) else None
        shrunk = replace(
            incident, alerts=left, span=_hull(a.span for a in left), message=left[0].message, note=""
        )
        try:
            ledger.put(shrunk, replacing=incident)
        except Conflict:
            continue
        return gone
    return None


def _hull(spans: Iterable[Span]) -> Span:
    first, *others = spans
    for span in others:
        first = first.hull(span)
    return first


def _reports(house: House, stream: Stream, span: Span | None) -> Counts:
    """Removes the reports about the stream, or about a span of it, that was forgotten."""
    gone = 0
    for report in house.ledger.find(Report):
        about = stream.id in report.streams
        if about and (span is None or report.span is None or report.span.overlaps(span)):
            house.media.remove(report.media_key)
            gone += house.ledger.remove(Report, report.id)
    return {"reports": gone}
