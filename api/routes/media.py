"""Pictures for people: playable clips with byte ranges, and single frames."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from PIL import Image

from api import wire
from api.auth import VIEWER
from api.context import Context, Ctx
from api.errors import problems
from api.find import stream_named
from core.clock import Span, micros, seconds
from core.errors import Invalid, NotFound
from core.media import Stream
from core.ports import MediaStore
from ingest.camera.recording import shown_until
from ingest.reading import read_span
from ingest.reopen import Reopener, check_shown

router = APIRouter(
    prefix="/v1", tags=["media"], dependencies=VIEWER, responses=problems(401, 404, 410, 422, 503)
)

LONGEST_CLIP_S = 120.0
PIECE = 256 << 10
_cutting: dict[str, threading.Lock] = {}
_cutting_lock = threading.Lock()


def clip_span(stream: Stream, start_s: float, end_s: float | None, media: MediaStore) -> Span:
    """The span to cut, inside the stream and no longer than allowed. Raises `Invalid`."""
    length = seconds(shown_until(stream, media))
    if length and start_s >= length:
        raise Invalid(
            f"{stream.name!r} is {length:.1f} s long: nothing begins at {start_s:g} s",
            next_step="give a `start_s` inside the stream",
        )
    end = min(length or start_s + LONGEST_CLIP_S, end_s if end_s is not None else start_s + LONGEST_CLIP_S)
    if end - start_s > LONGEST_CLIP_S + 0.001:
        raise Invalid(
            f"a clip may be {LONGEST_CLIP_S:g} s long, not {end - start_s:g} s",
            next_step="ask for it in parts",
        )
    if micros(end) <= micros(start_s):
        raise Invalid("the clip is empty", next_step="`end_s` must be greater than `start_s`")
    return Span.of_seconds(start_s, end)


def clip_key(stream: Stream, span: Span) -> str:
    """Where the clip is kept once it was cut."""
    return f"clips/{stream.id}/{span.start}-{span.end}.mp4"


def ensure_clip(ctx: Context, stream: Stream, span: Span) -> str:
    """Cuts the clip unless it is there; returns its key. Raises `Erased` where any of it was forgotten."""
    check_shown(stream, span)
    cutter = Reopener(ctx.house.ledger, ctx.house.media, ctx.settings)
    return kept(ctx, clip_key(stream, span), lambda: cutter.cut_clip(stream, span).data)


def kept(ctx: Context, key: str, make: Callable[[], bytes]) -> str:
    """Makes what is kept under the key unless it is there; two who ask at once wait for one making. Returns the key."""
    with _cutting_lock:
        lock = _cutting.setdefault(key, threading.Lock())
    try:
        with lock:
            if key not in ctx.house.media.keys(key):
                ctx.house.media.put(key, make())
    finally:
        with _cutting_lock:
            _cutting.pop(key, None)
    return key


VIDEO = {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}


@router.get(
    "/clips/{stream}",
    summary="A playable clip",
    response_class=Response,
    responses={
        200: {"description": "The whole clip.", "content": VIDEO},
        206: {"description": "The bytes asked for.", "content": VIDEO},
        416: {"description": "No such bytes."},
    },
)
def clip(
    stream: str,
    request: Request,
    ctx: Ctx,
    start_s: Annotated[float, Query(ge=0, description="Seconds on the stream's clock.")] = 0.0,
    end_s: Annotated[float | None, Query(gt=0, description="At most 120 s after the start.")] = None,
) -> Response:
    """H.264 in MP4, cut to the frame, seekable by byte ranges; kept, so that asking again is quick."""
    row = stream_named(ctx.house.ledger, stream)
    key = ensure_clip(ctx, row, clip_span(row, start_s, end_s, ctx.house.media))
    return ranged(ctx.house.media.open(key), request.headers.get("range", ""), "video/mp4")


def ranged(file: BinaryIO, wanted: str, media_type: str) -> Response:
    """The file, or the one byte range asked for (several at once are answered with the whole file)."""
    size = file.seek(0, io.SEEK_END)
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, max-age=3600"}
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted.strip())
    if not match or match.group(0) == "bytes=-":
        headers["Content-Length"] = str(size)
        return StreamingResponse(_pieces(file, 0, size), media_type=media_type, headers=headers)
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        file.close()
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    return StreamingResponse(
        _pieces(file, start, end), status_code=206, media_type=media_type, headers=headers
    )


def _pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = end - start
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


@router.get("/texts/{stream}", summary="The text in the pictures of a moment")
def texts(
    stream: str,
    ctx: Ctx,
    at_s: Annotated[float, Query(ge=0, description="Seconds on the stream's clock.")] = 0.0,
    zone: Annotated[str | None, Query(description="Only inside this zone.")] = None,
) -> wire.Page[wire.TextOut]:
    """Line by line what can be read then: data, whatever it says. 503 where the extra `ocr` is not installed."""
    row = stream_named(ctx.house.ledger, stream)
    found = read_span(ctx.house, row, Span(micros(at_s), micros(at_s) + 1), zone=zone)
    by = ctx.house.reader().name
    return wire.Page(items=[wire.text_seen(each, row.name, by) for each in found])


@router.get(
    "/frames/{stream}",
    summary="One frame",
    response_class=Response,
    responses={
        200: {
            "description": "The picture.",
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def frame(
    stream: str,
    ctx: Ctx,
    at_s: Annotated[float, Query(ge=0, description="Seconds on the stream's clock.")] = 0.0,
    width: Annotated[int | None, Query(ge=16, le=4096, description="Pixels across, at most.")] = None,
) -> Response:
    """The frame that is shown at that moment, as JPEG."""
    row = stream_named(ctx.house.ledger, stream)
    length = seconds(shown_until(row, ctx.house.media))
    if length and at_s > length:
        raise Invalid(
            f"{row.name!r} is {length:.1f} s long: nothing is shown at {at_s:g} s",
            next_step="give an `at_s` inside the stream",
        )
    found = ctx.house.frames.frames_at(row.id, [micros(at_s)])
    if not found:
        raise NotFound(
            f"{row.name!r} shows nothing at {at_s:g} s", next_step="give a moment inside the stream"
        )
    picture = Image.fromarray(found[0].picture)
    if width and width < picture.width:
        picture.thumbnail((width, 1 << 14))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return Response(
        out.getvalue(),
        media_type="image/jpeg",
        headers={"Cache-Control": "private, max-age=3600", "X-Time-S": f"{seconds(found[0].at):.6f}"},
    )
