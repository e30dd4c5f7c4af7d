"""What is recorded of a stream: segments in the media store, whose keys say what they hold."""

from __future__ import annotations

import json
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
from core.media import Stream, StreamKind
from core.ports import MediaStore
from ingest.decode.choice import SEGMENTS
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


def shown_until(stream: Stream, media: MediaStore) -> Micros:
    """Until when there is anything to be shown of the stream: of a camera also what was recorded a moment ago."""
    if stream.kind is StreamKind.FILE:
        return stream.duration
    span = recorded(media, stream.id).span
    return stream.duration if span is None else max(stream.duration, span.end)


def remove_span(media: MediaStore, stream: StreamId, span: Span) -> int:
    """Removes every segment that shows part of the span; says how many."""
    return sum(media.remove(each.key) for each in segments(media, stream, span))


@contextmanager
def opened(stream: Stream, spans: Sequence[Span], media: MediaStore) -> Iterator[str]:
    """The source that shows the spans, for the decoder, while the context lasts.

    Raises `NotFound` where nothing of one of them was recorded, or is kept no more.
    """
    found = segments(media, stream.id)
    wanted: dict[Micros, Segment] = {}
    for span in spans:
        near = [each for each in found if each.span.overlaps(span.widen(NEAR))]
        if not near:
            raise _not_recorded(stream, span)
        exact = [each for each in near if each.span.overlaps(span)] or near
        wanted |= {each.span.start: each for each in exact}
    with tempfile.TemporaryDirectory(prefix="sightline-recording-") as folder:
        files = [(_file(wanted[start], media, Path(folder)), start) for start in sorted(wanted)]
        yield SEGMENTS + json.dumps(files)


def _not_recorded(stream: Stream, span: Span) -> NotFound:
    return NotFound(
        f"nothing is recorded of {stream.name!r} at {span}",
        next_step="the camera was down then, recording is off, or that part was removed to keep to the quota;"
        " `GET /v1/streams/{id}` says what is kept",
    )


def _file(segment: Segment, media: MediaStore, folder: Path) -> str:
    path = media.path(segment.key) if isinstance(media, HasPaths) else None
    if path is not None:
        return str(path)
    target = folder / f"{segment.span.start}.mp4"
    with media.open(segment.key) as stored, target.open("wb") as out:
        shutil.copyfileobj(stored, out, 1 << 20)
    return str(target)
