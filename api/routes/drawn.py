"""Pictures of what was seen: clips with boxes and words drawn in, and maps of where things stood and went."""

from __future__ import annotations

import hashlib
import io
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from PIL import Image

from api.auth import VIEWER
from api.context import Context, Ctx
from api.errors import problems
from api.find import stream_named
from api.routes.media import VIDEO, clip_key, clip_span, kept, ranged
from core import memory
from core.clock import Span, micros, seconds
from core.errors import Invalid
from core.media import Stream
from core.memory import Want
from ingest.reopen import check_shown

router = APIRouter(
    prefix="/v1", tags=["media"], dependencies=VIEWER, responses=problems(401, 404, 410, 422, 503)
)


@router.get(
    "/clips/{stream}/annotated",
    summary="A clip with what was seen drawn in",
    response_class=Response,
    responses={
        200: {"description": "The whole clip.", "content": VIDEO},
        206: {"description": "The bytes asked for.", "content": VIDEO},
        416: {"description": "No such bytes."},
    },
)
def annotated_clip(
    stream: str,
    request: Request,
    ctx: Ctx,
    start_s: Annotated[float, Query(ge=0, description="Seconds on the stream's clock.")] = 0.0,
    end_s: Annotated[float | None, Query(gt=0, description="At most 120 s after the start.")] = None,
) -> Response:
    """As the plain clip, with boxes, numbers, labels and events; drawn anew where the memory has learned more since."""
    row = stream_named(ctx.house.ledger, stream)
    key = ensure_annotated(ctx, row, clip_span(row, start_s, end_s, ctx.house.media))
    return ranged(ctx.house.media.open(key), request.headers.get("range", ""), "video/mp4")


def ensure_annotated(ctx: Context, stream: Stream, span: Span) -> str:
    """Draws the clip unless it is there, as the memory is now; one drawn from an older memory is removed. Returns its key."""
    from api.draw import annotated  # supervision, which draws, takes a second to load

    check_shown(stream, span)
    drawn = clip_key(stream, span).removesuffix(".mp4") + ".drawn/"
    key = f"{drawn}{_learned(ctx, stream, span)}.mp4"

    def draw() -> bytes:
        ctx.house.media.remove(drawn)
        with tempfile.TemporaryDirectory(prefix="sightline-drawn-") as folder:
            target = Path(folder, "clip.mp4")
            annotated(stream, ctx.house, ctx.settings, span, target)
            return target.read_bytes()

    return kept(ctx, key, draw)


def _learned(ctx: Context, stream: Stream, span: Span) -> str:
    """What the memory holds there, as a digest: another one where anything that is drawn differs."""

    def found(want: Want) -> memory.Found:
        return ctx.house.store.find(memory.Query(want=want, streams=(stream.id,), span=span))

    told = [(e.id, e.kind, e.zone, e.span.start, e.span.end) for e in found(Want.EVENTS).events]
    went = [(t.number, t.label, len(t.points), t.span.start, t.span.end) for t in found(Want.TRACKS).tracks]
    return hashlib.sha256(repr((told, went)).encode()).hexdigest()[:16]


@router.get(
    "/heatmaps/{stream}",
    summary="Where things stood and went",
    response_class=Response,
    responses={
        200: {
            "description": "The map, over the stream's own picture.",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def heat_map(
    stream: str,
    ctx: Ctx,
    start_s: Annotated[float | None, Query(ge=0, description="From here on; without it, all.")] = None,
    end_s: Annotated[float | None, Query(gt=0, description="Up to here.")] = None,
    label: Annotated[
        list[str] | None, Query(description="Only things so called; several are possible.")
    ] = None,
) -> Response:
    """Look for look where the middle of the lower edge of each box was, as PNG; 422 where nothing of the kind was seen then."""
    from api import draw  # supervision, which draws, takes a second to load

    row = stream_named(ctx.house.ledger, stream)
    picture = draw.heat_map(row, ctx.house, _stretch(row, start_s, end_s), label or ())
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return Response(out.getvalue(), media_type="image/png", headers={"Cache-Control": "private, max-age=60"})


def _stretch(stream: Stream, start_s: float | None, end_s: float | None) -> Span | None:
    """The span asked for; None for all of it. Raises `Invalid` for an empty one."""
    if start_s is None and end_s is None:
        return None
    start = micros(start_s or 0.0)
    end = max(stream.duration, start + 1) if end_s is None else micros(end_s)
    if end <= start:
        raise Invalid("the span is empty", next_step="`end_s` must be greater than `start_s`")
    if stream.duration and start >= stream.duration:
        raise Invalid(
            f"{stream.name!r} is {seconds(stream.duration):.1f} s long: nothing begins at {start_s:g} s",
            next_step="give a `start_s` inside the stream",
        )
    return Span(start, end)
