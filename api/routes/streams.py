"""Streams: uploaded or named by URL, listed, and forgotten."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, ValidationError

from api import wire
from api.auth import ADMIN, OPERATOR, VIEWER
from api.context import Context, Ctx
from api.errors import Duplicate, problems
from api.find import stream_named
from api.incoming import Arrived, Form, Upload, read_form
from api.submit import checked_url, free_name, going_on, latest_job, name_from, submit
from api.wire import camera as wire_camera
from api.wire import stream as wire_stream
from api.wire import usage as wire_usage
from core import ids
from core.camera import Camera
from core.errors import Conflict, Invalid, SightlineError
from core.media import Stream, StreamKind
from core.place import Layout
from core.ports import Ledger
from ingest.camera.recording import recorded
from ingest.camera.register import register_camera
from ingest.camera.source import as_live, is_live
from ingest.layout.read import read_layout
from ingest.register import register, same_content
from ingest.source import probe
from jobs.forget import forget

router = APIRouter(prefix="/v1/streams", tags=["streams"])


class NewStream(BaseModel):
    """A stream named by URL, or the fields beside an uploaded file."""

    url: str = Field(default="", max_length=4000, examples=["https://camera.example/dock.mp4"])
    name: str = Field(default="", max_length=200, pattern=r"^[^/\\\x00-\x1f]*$", examples=["dock"])
    live: bool = Field(
        default=False, description="Whether the URL is a camera's; of rtsp:// and .m3u8 that is known."
    )
    evidence_url: str = Field(
        default="", max_length=4000, description="The same camera's larger picture, to be recorded."
    )
    zones: dict[str, Any] | str = Field(
        default="", description="A zones file, as an object or as YAML or JSON text."
    )
    keyframes: bool = Field(default=False, description="Look at key pictures alone: cheaper, and coarser.")

    def zones_text(self) -> str:
        """The zones file as text; empty where there is none."""
        return self.zones if isinstance(self.zones, str) else json.dumps(self.zones, indent=1)


class Accepted(BaseModel):
    """A stream that was taken in, and the job that watches it."""

    id: str
    job: str
    name: str


class Gone(BaseModel):
    """How much went, by kind."""

    id: str
    removed: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What was sent: the fields, and the file where one was uploaded (it lies on disk until the answer is sent)."""

    fields: NewStream
    file: Arrived | None = None
    upload: Upload


UPLOAD_ID = re.compile(r"[\w-]{8,64}")


async def submission(request: Request, ctx: Ctx) -> AsyncIterator[Submission]:
    """Reads the body, as a form with a file or as JSON. It comes after the key was checked: strangers upload nothing."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        yield Submission(fields=_fields(_json(await request.body())), upload=Upload(id=""))
        return
    if kind != "multipart/form-data":
        raise Invalid(
            f"a stream cannot be sent as {kind or 'nothing'}",
            next_step='send a file as multipart/form-data, or {"url": …, "name": …} as application/json',
        )
    upload = _upload(request)
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=ctx.settings.home) as folder:
        try:
            form = await read_form(request, Path(folder), ctx.uploads, upload)
            yield _of_form(form, upload)
        except BaseException:
            ctx.uploads.put(replace(upload, state="refused"))
            raise


def _upload(request: Request) -> Upload:
    """What is known of an upload before it comes."""
    given, length = request.headers.get("x-upload-id", ""), request.headers.get("content-length", "")
    if given and not UPLOAD_ID.fullmatch(given):
        raise Invalid(
            "X-Upload-Id is none", next_step="choose 8 to 64 letters, digits, `-` and `_`, or leave it out"
        )
    return Upload(id=given, total=int(length) if length.isdigit() else None)


def _of_form(form: Form, upload: Upload) -> Submission:
    if form.file is None:
        raise Invalid("the form holds no file", next_step="send the video in the field `file`")
    given = {name: value for name, value in form.fields.items() if name != "url"}
    return Submission(fields=_fields(given), file=form.file, upload=upload)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise Invalid("the body is no JSON", next_step='send {"url": …, "name": …, "zones": …}') from error


def _fields(given: Any) -> NewStream:
    try:
        return NewStream.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Invalid(
            f"{where}: {first['msg']}", next_step="`GET /openapi.json` says what this path takes"
        ) from error


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "The video."},
                        "name": {"type": "string"},
                        "zones": {"type": "string", "description": "A zones file's text, YAML or JSON."},
                        "keyframes": {"type": "boolean", "description": "Look at key pictures alone."},
                    },
                }
            },
            "application/json": {
                "schema": {"$ref": "#/components/schemas/NewStream"},
                "example": {"url": "https://camera.example/dock.mp4", "name": "dock"},
            },
        },
    }
}


@router.post(
    "",
    summary="Add a stream and begin to watch it",
    status_code=202,
    dependencies=OPERATOR,
    openapi_extra=_BODY,
    responses=problems(401, 403, 409, 413, 422, 503),
)
def add_stream(sent: Annotated[Submission, Depends(submission)], ctx: Ctx) -> Accepted:
    """Takes in an uploaded file or a URL; the job that watches it is on its way when this answers."""
    stream = _uploaded(sent.fields, sent.file, ctx) if sent.file else _remote(sent.fields, ctx)
    came = ctx.uploads.get(sent.upload.id) or sent.upload
    ctx.uploads.put(replace(came, state="taken", stream=stream.id))
    return Accepted(
        id=stream.id, job=submit(stream, ctx.executor, keyframes=sent.fields.keyframes).id, name=stream.name
    )


def _remote(fields: NewStream, ctx: Context) -> Stream:
    if not fields.url:
        raise Invalid(
            "the stream has no url", next_step="give `url`, or upload a file as multipart/form-data"
        )
    url = checked_url(fields.url)
    if fields.live or is_live(url):
        return _camera(fields, url, ctx)
    return register(
        url,
        name=fields.name or name_from(url),
        layout=_layout(fields, url, ctx),
        house=ctx.house,
        settings=ctx.settings,
    )


def _camera(fields: NewStream, url: str, ctx: Context) -> Stream:
    text = fields.zones_text()

    def draw(width: int, height: int) -> Layout:
        return read_layout(text, width=width, height=height, filename="zones")

    return register_camera(
        as_live(url),
        name=fields.name or name_from(url),
        house=ctx.house,
        settings=ctx.settings,
        draw=draw if text.strip() else None,
        evidence=as_live(checked_url(fields.evidence_url)) if fields.evidence_url else "",
    )


def _uploaded(fields: NewStream, file: Arrived, ctx: Context) -> Stream:
    """The upload as a stream, known by its bytes; what proves to be no video is not kept."""
    filename = _filename(file)
    ledger, media = ctx.house.ledger, ctx.house.media
    there = same_content(ledger, file.digest)
    if there is not None:
        raise _duplicate(there)
    path = file.path.rename(file.path.with_name(filename))
    name = _free(fields.name, ledger) or free_name(ledger, name_from(filename))
    layout = _layout(fields, str(path), ctx)
    key = f"uploads/{ids.stream_id(name)}/{file.digest[:12]}/{filename}"
    with path.open("rb") as data:
        media.put(key, data)
    try:
        return register(
            str(path), name=name, layout=layout, house=ctx.house, settings=ctx.settings, media_key=key
        )
    except SightlineError:
        media.remove(key)
        raise


def _filename(file: Arrived) -> str:
    """The upload's file name in plain characters: it becomes part of a path."""
    given = PurePath(file.filename or "upload.mp4")
    suffix = re.sub(r"[^.\w]", "", given.suffix)[:10]
    return f"{name_from(given.name)[:100]}{suffix}"


def _free(name: str, ledger: Ledger) -> str:
    """The name, if no stream has it yet. Raises `Conflict`."""
    if name and (there := ledger.get(Stream, ids.stream_id(name.strip()))) is not None:
        raise Conflict(
            f"the name {there.name!r} stands for other content ({there.shown_source})",
            next_step=f"give another name, or DELETE /v1/streams/{there.id} first",
        )
    return name.strip()


def _duplicate(there: Stream) -> Duplicate:
    error = Duplicate(
        f"this video is here already, as {there.name!r} ({there.id})",
        next_step=f"use that stream, or DELETE /v1/streams/{there.id} first",
    )
    error.existing = there.id
    return error


def _layout(fields: NewStream, source: str, ctx: Context) -> Layout | None:
    text = fields.zones_text()
    if not text.strip():
        return None
    info = probe(source, decoder=ctx.settings.decoder, max_hours=ctx.settings.max_hours)
    return read_layout(text, width=info.width, height=info.height, filename="zones")


def _out(stream: Stream, ctx: Context, *, whole: bool = False) -> wire_stream.StreamOut:
    """The stream as it is shown; `whole` with what is recorded of it, which takes a look at the media store."""
    job = latest_job(ctx.house, stream)
    live, now = going_on(job), ctx.house.clock.now()
    camera = recording = None
    if stream.kind is StreamKind.LIVE:
        row = ctx.house.ledger.get(Camera, stream.id) or Camera(id=stream.id)
        camera = wire_camera.camera(row, now)
        if whole:
            found = recorded(ctx.house.media, stream.id)
            recording = wire_camera.recording(found, ctx.settings, row.recording_problem)
    return wire_stream.stream(
        stream,
        job=job.id if job else None,
        progress=round(job.progress, 4) if job and live and camera is None else None,
        camera=camera,
        recording=recording,
    )


@router.get("", summary="List the streams", dependencies=VIEWER, responses=problems(401))
def list_streams(ctx: Ctx) -> wire.Page[wire_stream.StreamOut]:
    """Every stream, in the order they were added."""
    return wire.Page(items=[_out(row, ctx) for row in ctx.house.ledger.find(Stream)])


@router.get("/{id}", summary="One stream", dependencies=VIEWER, responses=problems(401, 404))
def get_stream(id: str, ctx: Ctx) -> wire_stream.StreamOut:
    """The stream with that id or name."""
    row = stream_named(ctx.house.ledger, id)
    spent = wire_usage.of_stream(row.id, row.name, ctx.house)
    return _out(row, ctx, whole=True).model_copy(update={"usage": spent})


@router.delete(
    "/{id}",
    summary="Forget a stream and all that came from it",
    dependencies=ADMIN,
    responses=problems(401, 403, 404, 409, 503),
)
def forget_stream(id: str, ctx: Ctx) -> Gone:
    """Removes its media, memory, alerts, jobs and checkpoints; says how much that was."""
    stream = stream_named(ctx.house.ledger, id)
    return Gone(id=stream.id, removed=forget(stream, ctx.house, ctx.settings, ctx.executor))
