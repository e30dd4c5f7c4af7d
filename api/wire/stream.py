"""The shapes of streams: what is registered, what is drawn on it, and what came of watching it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from api.wire import Out
from api.wire.camera import CameraOut, RecordingOut
from api.wire.usage import UsageOut
from core.clock import seconds
from core.media import Stream, StreamKind, StreamState
from core.place import Lane, Layout, Zone


class StreamOut(Out):
    """A registered source of pictures. `source` never shows credentials."""

    id: str
    name: str
    source: str
    kind: StreamKind
    state: StreamState
    duration_s: float
    width: int
    height: int
    codec: str
    fps: float
    problem: str = ""
    added_at: datetime | None = None
    started_at: datetime | None = None
    layout: dict[str, Any] = Field(
        default_factory=dict, description="Zones, lines and lanes in source pixels."
    )
    forgotten_s: list[list[float]] = Field(
        default=[], description="Spans of it that were forgotten, as [start, end]: they are not shown."
    )
    job: str | None = Field(default=None, description="The job that watches it, where one is on its way.")
    progress: float | None = Field(default=None, description="How far that job is, 0 to 1.")
    camera: CameraOut | None = Field(default=None, description="How it stands, where it is live.")
    recording: RecordingOut | None = Field(
        default=None, description="What is recorded of it; of one stream alone."
    )
    usage: list[UsageOut] = Field(
        default=[], description="What models were asked about it, by model and use."
    )


class CoveredOut(Out):
    """How a stream's time was treated, in seconds."""

    looked_s: float
    gated_s: float
    failed_s: float


class WatchedOut(Out):
    """What came of watching one source, as `sightline watch --json` prints it."""

    stream: str
    id: str
    duration_s: float
    chunks: int
    events: int
    entities: int
    coverage: CoveredOut
    seconds: float
    problem: str = ""
    captions: dict[str, int] = Field(
        default={}, description="Captions by what became of them: ok, skipped, unparsed, failed."
    )


def layout(value: Layout) -> dict[str, Any]:
    """What is drawn on a stream, in the form of a zones file in pixels."""
    out: dict[str, Any] = {
        "zones": [
            {"name": z.name, "kind": z.kind, "polygon": [list(p) for p in z.polygon], **_limit(z)} for z in value.zones
        ],
        "lines": [{"name": li.name, "from": list(li.start), "to": list(li.end)} for li in value.lines],
        "lanes": [
            {"name": la.name, "polygon": [list(p) for p in la.polygon], "direction": list(la.direction), **_limit(la)}
            for la in value.lanes
        ],
    }  # fmt: skip
    if value.metres_per_pixel is not None:
        out["scale"] = {"metres_per_pixel": value.metres_per_pixel}
    elif value.ground is not None:
        m = value.ground.matrix
        out["scale"] = {"homography": [list(m[:3]), list(m[3:6]), list(m[6:])]}
    return out


def _limit(area: Zone | Lane) -> dict[str, float]:
    return {} if area.limit_kmh is None else {"limit_kmh": area.limit_kmh}


def stream(
    value: Stream,
    *,
    job: str | None = None,
    progress: float | None = None,
    camera: CameraOut | None = None,
    recording: RecordingOut | None = None,
    usage: list[UsageOut] | None = None,
) -> StreamOut:
    """A stream, without its secret source."""
    return StreamOut(
        id=value.id,
        name=value.name,
        source=value.shown_source,
        kind=value.kind,
        state=value.state,
        duration_s=seconds(value.duration),
        width=value.width,
        height=value.height,
        codec=value.codec,
        fps=value.fps,
        problem=value.problem,
        added_at=value.added_at,
        started_at=value.started_at,
        layout=layout(value.layout),
        forgotten_s=[[seconds(span.start), seconds(span.end)] for span in value.forgotten],
        job=job,
        progress=progress,
        camera=camera,
        recording=recording,
        usage=usage or [],
    )


def watched(value: Stream, result: Mapping[str, Any]) -> WatchedOut:
    """What the job that watched a stream came to."""
    coverage = result["coverage"]
    return WatchedOut(
        stream=value.name,
        id=value.id,
        duration_s=seconds(value.duration),
        chunks=result["chunks"],
        events=result["events"],
        entities=result["entities"],
        coverage=CoveredOut(
            looked_s=coverage["looked_s"], gated_s=coverage["gated_s"], failed_s=coverage["failed_s"]
        ),
        seconds=round(result["seconds"], 3),
        problem=result.get("problem", value.problem),
        captions=result.get("captions", {}),
    )
