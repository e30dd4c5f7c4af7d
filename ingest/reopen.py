"""Opens stored pictures again: frames for looking twice and for snapshots, and playable clips."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.clock import SECOND, Micros, Span
from core.errors import Erased, Invalid, NotFound
from core.ids import StreamId
from core.media import Clip, Frame, Stream, StreamKind
from core.ports import Ledger, MediaStore
from core.settings import Settings
from ingest.camera.recording import opened, shown_until
from ingest.decode.looks import pixels
from ingest.decode.supervise import Message, supervised
from ingest.source import is_remote, locate, resolve_source

MAX_CLIP: Micros = 600 * SECOND
MAX_FRAMES = 512


def check_shown(stream: Stream, span: Span) -> None:
    """Raises `Erased` where any of the span was forgotten: that is not shown, though the file may still hold it."""
    if stream.is_forgotten(span):
        when = ", ".join(str(part) for part in stream.forgotten if part.overlaps(span))
        raise Erased(
            f"{when} of {stream.name!r} was forgotten", next_step="ask for a span before it or after it"
        )


@dataclass(frozen=True, slots=True)
class Reopener:
    """The `FrameSource` over registered streams: finds the file again and decodes in a supervised child."""

    ledger: Ledger
    media: MediaStore
    settings: Settings

    def frames_at(
        self, stream: StreamId, moments: Sequence[Micros], /, *, longest: int | None = None
    ) -> list[Frame]:
        """The frame shown at each moment, in the order asked, full size (or its longest side at most `longest`).

        A moment after the end gives the last frame. Raises `NotFound` for an unknown stream or a file that is gone,
        `BadMedia` where the file no longer can be read.
        """
        if not moments:
            return []
        if len(set(moments)) > MAX_FRAMES:
            raise Invalid(
                f"{len(moments)} frames at once are too many", next_step=f"ask for {MAX_FRAMES} at most"
            )
        wanted = sorted({max(0, at) for at in moments})
        found: dict[Micros, Frame] = {}
        known = self._known(stream)
        for at in wanted:
            check_shown(known, Span.at(at))
        with self._source(known, [Span.at(at) for at in wanted]) as source:
            for message in self._run("frames", {"source": source, "moments": wanted, "longest": longest}):
                head = message.head
                check_shown(known, Span.at(head["at"]))  # what is shown at a moment may have begun before it
                picture, scale = pixels(message), head["scale"]
                if known.kind is StreamKind.LIVE:  # what is recorded may be larger than what is looked at
                    scale = known.width / picture.shape[1]
                found[wanted[head["index"]]] = Frame(at=head["at"], picture=picture, scale=scale)
        return [found[max(0, at)] for at in moments]

    def cut_clip(
        self, stream: Stream, span: Span, *, pre: Micros = 0, post: Micros = 0, max_length: Micros = MAX_CLIP
    ) -> Clip:
        """The span with `pre` before and `post` after it as a browser-playable MP4 (H.264, no sound), from 0.

        Raises `Invalid` for a span longer than `max_length` or after the stream's end.
        """
        whole = Span(max(0, span.start - pre), span.end + post)
        length = shown_until(stream, self.media)
        if length:
            if whole.start >= length:
                raise Invalid(
                    f"the stream {stream.name!r} ends before {whole}", next_step="ask for an earlier span"
                )
            whole = Span(whole.start, min(whole.end, length))
        check_shown(self._known(stream.id), whole)
        if whole.duration > max_length:
            raise Invalid(
                f"a clip of {whole} is too long",
                next_step=f"ask for at most {max_length // SECOND} seconds at once",
            )
        return Clip(
            stream_id=stream.id, span=whole, media_type="video/mp4", data=self._encoded(stream, whole)
        )

    def _encoded(self, stream: Stream, span: Span) -> bytes:
        with tempfile.TemporaryDirectory(prefix="sightline-clip-") as folder:
            target = Path(folder, "clip.mp4")
            with self._source(stream, [span]) as source:
                args = {"source": source, "start": span.start, "end": span.end, "target": str(target)}
                for _ in self._run("clip", args):
                    pass
            return target.read_bytes()

    def _run(self, task: str, args: dict[str, Any]) -> Iterator[Message]:
        s = self.settings
        args = {**args, "decoder": s.decoder}
        return supervised(
            task, args, stall_s=s.stall_s, memory_mb=s.decode_memory_mb, remote=is_remote(args["source"])
        )

    def _known(self, stream: StreamId) -> Stream:
        known = self.ledger.get(Stream, stream)
        if known is None:
            raise NotFound(f"there is no stream {stream!r}", next_step="list the streams there are")
        return known

    @contextmanager
    def _source(self, stream: Stream, spans: Sequence[Span]) -> Iterator[str]:
        """What the decoder opens to show the spans: the stream's file, or what was recorded of a camera."""
        if stream.kind is StreamKind.FILE:
            yield locate(resolve_source(stream, self.media))
            return
        with opened(stream, spans, self.media) as source:
            yield source
