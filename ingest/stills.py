"""Single pictures of a file that is no stream of ours: decoded in a supervised child, like any other."""

from __future__ import annotations

from collections.abc import Sequence

from core.clock import Micros
from core.media import Frame
from core.settings import Settings
from ingest.decode.looks import pixels
from ingest.decode.supervise import supervised
from ingest.source import is_remote, locate


def stills(source: str, moments: Sequence[Micros], settings: Settings) -> list[Frame]:
    """The frame shown at each of the moments, which are in order; raises `BadMedia` where there is none."""
    args = {"source": locate(source), "moments": list(moments), "longest": None, "decoder": settings.decoder}
    messages = supervised(
        "frames",
        args,
        stall_s=settings.stall_s,
        memory_mb=settings.decode_memory_mb,
        remote=is_remote(source),
    )
    return [
        Frame(at=message.head["at"], picture=pixels(message), scale=message.head["scale"])
        for message in messages
    ]
