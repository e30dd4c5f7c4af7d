"""The shapes of cameras: how one stands, and what is recorded of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from api.wire import Out
from core.camera import Camera, CameraState
from core.clock import Micros, seconds
from core.settings import Settings
from ingest.camera.recording import Recorded

SILENT = timedelta(seconds=20)
"""A camera's row that is older than this is of a watcher that is no more."""


class CameraOut(Out):
    """How a camera stands."""

    state: CameraState
    since: datetime | None = None
    last_frame_at: datetime | None = Field(default=None, description="When its last picture came.")
    last_frame_s: float | None = Field(default=None, description="The same in seconds of the stream's clock.")
    problem: str = Field(default="", description="Why it shows no pictures.")
    reconnects: int = Field(
        default=0, description="How often it stopped showing pictures since it was added."
    )
    looks: int = 0
    dropped: int = Field(default=0, description="Looks left out because looking was slower than the camera.")
    evidence_state: CameraState | None = Field(default=None, description="How its larger picture stands.")
    evidence_problem: str = ""


class RecordingOut(Out):
    """What is recorded of a camera, and how much of it is kept."""

    segments: int
    megabytes: float
    start_s: float | None = None
    end_s: float | None = None
    quota_mb: int = Field(description="0: nothing is recorded.")
    quota_hours: float = Field(description="0: any age is kept.")
    problem: str = ""


def present(value: Camera, now: datetime) -> Camera:
    """The camera's row as it is to be believed: one that nobody writes any more is of a camera nobody watches."""
    if value.state is CameraState.STOPPED or (value.seen_at is not None and now - value.seen_at <= SILENT):
        return value
    return Camera(
        id=value.id,
        state=CameraState.STOPPED,
        since=value.seen_at,
        seen_at=value.seen_at,
        frame_at=value.frame_at,
        last_at=value.last_at,
        problem="whoever watched it is gone" if value.seen_at is not None else "",
        outages=value.outages,
        looks=value.looks,
        dropped=value.dropped,
    )


def camera(value: Camera, now: datetime) -> CameraOut:
    """How the camera stands now."""
    row = present(value, now)
    return CameraOut(
        state=row.state,
        since=row.since,
        last_frame_at=row.frame_at,
        last_frame_s=None if row.last_at is None else seconds(row.last_at),
        problem=row.problem,
        reconnects=row.outages,
        looks=row.looks,
        dropped=row.dropped,
        evidence_state=row.evidence_state,
        evidence_problem=row.evidence_problem,
    )


def recording(value: Recorded, settings: Settings, problem: str = "") -> RecordingOut:
    """What is recorded."""

    def at(moment: Micros | None) -> float | None:
        return None if moment is None else seconds(moment)

    return RecordingOut(
        segments=value.segments,
        megabytes=round(value.size / 1e6, 3),
        start_s=at(value.span.start if value.span else None),
        end_s=at(value.span.end if value.span else None),
        quota_mb=settings.record_mb,
        quota_hours=settings.record_hours,
        problem=problem,
    )
