"""Cameras: how a live stream stands, and what is recorded of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.clock import Micros
from core.ids import StreamId


class CameraState(StrEnum):
    """How the connection to a camera stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    BACKING_OFF = "backing_off"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A live stream as it stands: a row of the ledger, named by its stream and written by whoever watches it.

    `since` is when it came into its `state`, `seen_at` when this was last written down, `frame_at` when its last picture
    came. `problem` says why it does not show pictures. `outages` counts how often it stopped showing them, `looks` how
    many moments were looked at, `dropped` how many were left out because looking was slower than the camera, `behind_s` how
    many seconds the looking is behind the camera at present.
    """

    id: StreamId
    state: CameraState = CameraState.CONNECTING
    since: datetime | None = None
    seen_at: datetime | None = None
    frame_at: datetime | None = None
    last_at: Micros | None = None
    problem: str = ""
    outages: int = 0
    looks: int = 0
    dropped: int = 0
    behind_s: float = 0.0
    evidence_state: CameraState | None = None
    evidence_problem: str = ""
    recording_problem: str = ""
