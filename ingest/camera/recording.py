"""What is recorded of a stream: segments in the media store, whose keys say what they hold."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.clock import SECOND, Micros, Span
from core.errors import NotFound
from core.ids import StreamId
from core.media import Stream
from core.ports import MediaStore
from ingest.source import HasPaths

_KEY = re.compile(r"recordings/([^/]+)/(\d+)-(\d+)-(\d+)\.mp4")

NEAR: Micros = SECOND
"""A moment this far beyond a segment is shown by its last picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A recorded piece of a stream: its span and its bytes."""

    stream_id: StreamId
    span: Span
    size: int

    @property
    def key(self) -> str:
        """Where it lies in the media store."""
        return f"{folder_of(self.stream_id)}{self.span.start:015d}-{self.span.end:015d}-{self.size}.mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What there is of a stream's recording: how many segments and bytes, and from when to when (with gaps)."""

    segments: int
    size: int
    span: Span | None


def folder_of(stream: StreamId) -> str:
    """Where a stream's segments lie in the media store."""
    return f"recordings/{stream}/"


def segments(media: MediaStore, stream: StreamId, span: Span | None = None) -> list[Segment]:
    """The stream's segments, or those that show part of the span, in order of time."""
    found = []
    for key in media.keys(folder_of(stream)):
        match = _KEY.fullmatch(key)
        if match and int(match[2]) < int(match[3]):
            part = Span(int(match[2]), int(match[3]))
            if span is None or part.overlaps(span):
                found.append(Segment(stream_id=stream, span=part, size=int(match[4])))
    return found


def recorded(media: MediaStore, stream: StreamId) -> Recorded:
    """What there is of the stream's recording."""
    found = segments(media, stream)
    span = Span(found[0].span.start, max(each.span.end for each in found)) if found else None
    return Recorded(segments=len(found), size=sum(each.size for each in found), span=span)


def remove_span(media: MediaStore, stream: StreamId, span: Span) -> int:
    """Removes every segment that shows part of the span; says how many."""
    return sum(media.remove(each.key) for each in segments(media, stream, span))


@contextmanager
def opened(
    stream: Stream, span: Span, media: MediaStore, *, near: Micros = NEAR
) -> Iterator[list[tuple[str, Micros]]]:
    """The files that show the span, each with its first moment, while the context lasts.

    Raises `NotFound` where nothing of it was recorded, or is kept no more.
    """
    found = segments(media, stream.id, span.widen(near))
    if not found:
        raise NotFound(
            f"nothing is recorded of {stream.name!r} at {span}",
            next_step="the camera was down, recording is off, or the recording was removed for want of room;"
            " `GET /v1/streams/{id}` says from when it is kept",
        )
    with tempfile.TemporaryDirectory(prefix="sightline-recording-") as folder:
        yield [(_file(each, media, Path(folder)), each.span.start) for each in found]


def _file(segment: Segment, media: MediaStore, folder: Path) -> str:
    path = media.path(segment.key) if isinstance(media, HasPaths) else None
    if path is not None:
        return str(path)
    target = folder / f"{segment.span.start}.mp4"
    with media.open(segment.key) as stored, target.open("wb") as out:
        shutil.copyfileobj(stored, out, 1 << 20)
    return str(target)


def shown_at(segments_found: Sequence[Segment], at: Micros) -> bool:
    """Whether one of the segments shows that moment."""
    return any(at in each.span for each in segments_found)
