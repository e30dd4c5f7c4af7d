"""Uploads on their way: how far one is, as events."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as InPath

from api import sse
from api.auth import OPERATOR
from api.context import Ctx
from api.errors import problems
from api.incoming import Upload

router = APIRouter(prefix="/v1/uploads", tags=["streams"])

UploadId = Annotated[str, InPath(pattern=r"^[\w-]{8,64}$", description="What was sent as `X-Upload-Id`.")]


@router.get(
    "/{id}/events",
    summary="How an upload comes in, as events",
    dependencies=OPERATOR,
    response_class=sse.EventStream,
    responses={**sse.DOCUMENTED, **problems(401, 403, 422)},
)
def follow_upload(id: UploadId, ctx: Ctx) -> sse.EventStream:
    """An event `upload` whenever it is further, with the bytes `received` and the `total`; the last one says that it was
    `taken`, as which stream, or `refused`. It may be asked for before the upload begins.
    """
    last: list[Upload | None] = [None]

    def read() -> list[bytes]:
        row = ctx.uploads.get(id)
        if row is None or row == last[0]:
            return []
        last[0] = row
        return [sse.message("upload", asdict(row))]

    return sse.EventStream(
        sse.follow(ctx, read, done=lambda: last[0] is not None and last[0].state != "coming")
    )
