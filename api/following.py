"""`sightline watch`: here and now, or by the workers, whom it follows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from api.cli.io import note, read_file
from api.living import Living
from api.submit import name_from, submit
from api.watching import layout_from, shown_progress, watch_one, watched
from api.wire.stream import WatchedOut
from api.wiring.hands import executor
from core.errors import Conflict, NotFound, SightlineError, Unavailable
from core.media import Stream, StreamKind
from core.place import Layout
from core.ports import Executor, House
from core.settings import Settings
from core.work import Job, JobState
from ingest.camera.register import register_camera
from ingest.camera.source import as_live, is_live
from ingest.layout.read import read_layout
from ingest.register import register
from jobs.inline import InlineExecutor
from jobs.runner import GOING_ON


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """How cameras are watched: whether sources are to be taken for live, for how long, with which larger picture to be
    recorded; `stop` ends all that are watched here.
    """

    wanted: bool = False
    for_s: float | None = None
    evidence: str = ""
    stop: threading.Event = field(default_factory=threading.Event)


TURN_S = 0.25
ALONE_S = 10.0
"""Seconds without a living worker after which nobody is waited for."""
REPLACED_S = 45.0
"""The same where one lived before: another may be on its way up."""


def begin(
    source: str, *, name: str | None, zones: Path | None, house: House, settings: Settings, live: Live
) -> Callable[[], WatchedOut]:
    """Hands the source over where others do the work; what comes back waits for the end, or does it all here.

    Cameras are watched from now on, side by side, whoever watches them.
    """
    hands = executor(house, settings)
    if live.wanted or is_live(source):
        stream = _camera(as_live(source), name=name, zones=zones, house=house, settings=settings, live=live)
        if isinstance(hands, InlineExecutor):
            hands.close()
            return Living(stream, house, settings, live.stop, live.for_s)
        return partial(_follow, stream, submit(stream, hands, for_s=live.for_s), house, hands)
    if isinstance(hands, InlineExecutor):
        hands.close()
        return partial(watch_one, source, name=name, zones=zones, house=house, settings=settings)
    layout = layout_from(zones, source, settings)
    stream = register(source, name=name, layout=layout, house=house, settings=settings)
    job = submit(stream, hands, keyframes=settings.keyframes)
    return partial(_follow, stream, job, house, hands)


def _camera(
    source: str, *, name: str | None, zones: Path | None, house: House, settings: Settings, live: Live
) -> Stream:
    text = None if zones is None else read_file(zones, "zones file")

    def draw(width: int, height: int) -> Layout:
        return read_layout(text or "", width=width, height=height, filename=str(zones))

    return register_camera(
        source,
        name=name or name_from(source),
        house=house,
        settings=settings,
        draw=None if text is None else draw,
        evidence=as_live(live.evidence) if live.evidence else "",
    )


def _follow(stream: Stream, job: Job, house: House, hands: Executor) -> WatchedOut:
    """Waits until a worker has watched the stream. Raises what it was refused or broken off for."""
    try:
        with shown_progress(stream.name) as told:
            ended = _until_ended(job, house, hands, told)
    except KeyboardInterrupt:
        note(f"{stream.name}: the workers go on with it; the same command follows it again")
        raise
    finally:
        hands.close()
    if stream.kind is StreamKind.LIVE and ended.state is JobState.CANCELLED:
        raise Conflict(f"watching {stream.name} was stopped", next_step="the same command watches it again")
    if ended.state is JobState.CANCELLED:
        raise Conflict(
            f"watching {stream.name} was stopped before its end", next_step="watch it again to go on"
        )
    if ended.state is JobState.FAILED:
        raise SightlineError(ended.problem, next_step=ended.next_step, stage=ended.stage)
    return watched(house.ledger.get(Stream, stream.id), ended.result)


def _until_ended(job: Job, house: House, hands: Executor, told: Callable[[float], None]) -> Job:
    alone, patience = 0.0, ALONE_S
    while True:
        row = house.ledger.get(Job, job.id)
        if row is None:
            raise NotFound("the stream was forgotten while it was watched")
        if row.state not in GOING_ON:
            return row
        told(row.progress)
        if row.state is JobState.RUNNING or hands.standing().workers:
            alone, patience = 0.0, REPLACED_S
        else:
            alone += TURN_S
        if alone >= patience:
            raise Unavailable(
                f"no worker lives; the job {row.id} waits in the queue",
                next_step="start one with `sightline worker`; the same command then follows it",
            )
        house.clock.sleep(TURN_S)
