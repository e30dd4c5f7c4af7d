"""What the decoding child can do beside looking (`ingest/decode/looking.py`): probe a source, fetch frames, cut a clip.

Each task takes its arguments as plain values and speaks through an outbox. Nothing here runs in the parent.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import av

from core.clock import SECOND, Micros
from core.errors import BadMedia
from core.ports import Decoded, Decoder
from ingest.decode.choice import open_source
from ingest.decode.container import NOT_VIDEO, check_size
from ingest.decode.picture import AvPicture, fitted

CLIP_SIDE = 1920
"""Longest side of a clip made for a person: every browser plays H.264 of this size."""

CLIP_BASE = Fraction(1, 90_000)

AT_ONCE: Micros = 1000
"""A picture shown this soon after a clip's start is shown at its start."""


class Sender(Protocol):
    """Where a task says what it found."""

    def send(self, kind: str, body: bytes | bytearray | memoryview = b"", /, **head: Any) -> None:
        """One message."""

    def tick(self) -> None:
        """A sign of life."""


def opened(args: dict[str, Any], out: Sender) -> Decoder:
    """The task's source, opened."""
    return open_source(args["source"], args["decoder"], out.tick)


def probe(args: dict[str, Any], out: Sender) -> None:
    """Opens the source, decodes its first picture and says what it is."""
    video = opened(args, out)
    first = next(video.pictures(), None)
    if first is None:
        raise no_picture(video)
    width, height = first.size
    check_size(width, height)
    footage = video.footage
    out.send(
        "info",
        duration=video.length(),
        width=width,
        height=height,
        codec=footage.codec,
        fps=footage.fps,
        rotation=first.rotation,
        recorded_at=footage.recorded_at.isoformat() if footage.recorded_at else None,
        timed=first.timed,
    )


def moments(args: dict[str, Any], out: Sender) -> None:
    """Sends the moments of all pictures in order, as 64-bit integers."""
    out.send("moments", array("q", opened(args, out).moments()).tobytes())


def frames(args: dict[str, Any], out: Sender) -> None:
    """Sends the picture shown at each of the sorted moments, at full size or its longest side at most `longest`."""
    video = opened(args, out)
    longest = int(args.get("longest") or 0)
    for index, shown in shown_at(video, args["moments"]):
        size = fitted(shown.size, longest) if longest else shown.size
        pixels = shown.picture(size)
        scale = max(shown.size) / max(size)
        out.send("frame", pixels.data.cast("B"), index=index, at=shown.at, shape=pixels.shape, scale=scale)


@dataclass(frozen=True, slots=True)
class ShownAt:
    """Wants the pictures on the screen at the given sorted moments."""

    moments: list[Micros]

    def wants(self, before: Micros | None, at: Micros, after: Micros | None) -> bool:
        """Whether one of the moments falls to this picture; the first and the last one stand for all before and after."""
        first = 0 if before is None else bisect_left(self.moments, at)
        return first < (len(self.moments) if after is None else bisect_left(self.moments, after))

    def next(self, at: Micros) -> Micros | None:
        """The first of the moments after `at`."""
        place = bisect_right(self.moments, at)
        return self.moments[place] if place < len(self.moments) else None


def shown_at(video: Decoder, moments: list[Micros]) -> Iterator[tuple[int, Decoded]]:
    """For each sorted moment its place in the list and the picture on the screen then.

    Before the first picture that is the first one; after the end, the last one.
    """
    coming = iter(video.pictures(moments[0], ShownAt(moments)))
    now = next(coming, None)
    if now is None:
        raise no_picture(video)
    after = next(coming, None)
    for index, moment in enumerate(moments):
        while after is not None and after.at <= moment:
            now, after = after, next(coming, None)
        yield index, now


def clip(args: dict[str, Any], out: Sender) -> None:
    """Writes the span as a browser-playable H.264 MP4 to the file `target`."""
    video = opened(args, out)
    start, end = int(args["start"]), int(args["end"])
    with av.open(args["target"], "w", format="mp4", options={"movflags": "+faststart"}) as container:
        writer: _ClipWriter | None = None
        for shown in _within(video, start, end):
            writer = writer or _ClipWriter(container, shown, video.footage.fps)
            writer.add(shown, max(0, shown.at - start) if writer.count else 0)
            out.tick()
        if writer is None:
            raise no_picture(video)
        writer.finish(end - start)
    out.send("clip", written=writer.count)


def _within(video: Decoder, start: Micros, end: Micros) -> Iterator[Decoded]:
    """The picture on the screen at `start` and all that follow before `end`."""
    before: Decoded | None = None
    for shown in video.pictures(start):
        if shown.at >= end:
            break
        if shown.at <= start + AT_ONCE:
            before = shown
            continue
        if before is not None:
            yield before
            before = None
        yield shown
    if before is not None:
        yield before


class _ClipWriter:
    """Encodes pictures as H.264 with their own moments, from 0."""

    def __init__(self, container: av.container.OutputContainer, first: Decoded, fps: float) -> None:
        self._container = container
        size = fitted(first.size, CLIP_SIDE)
        self._size = (max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2))  # yuv420p halves both sides
        rate = Fraction(fps or 25.0).limit_denominator(1001)
        self._stream = container.add_stream(
            "libx264", rate=rate, options={"preset": "veryfast", "crf": "23", "bf": "0"}
        )
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = CLIP_BASE
        self._stream.codec_context.thread_count = 2
        self._held: av.Packet[Any] | None = None
        self.count = 0

    def add(self, shown: Decoded, at: Micros) -> None:
        """Encodes a picture, shown from `at` on."""
        if isinstance(shown, AvPicture) and not shown.rotation:
            upright = shown.frame
        else:
            upright = av.VideoFrame.from_ndarray(shown.picture(self._size), format="rgb24")
        self._encode(upright.reformat(*self._size, "yuv420p"), at)

    def finish(self, length: Micros) -> None:
        """Shows the last picture until the end of the span, and writes what the encoder still has."""
        self._mux(self._stream.encode(None))
        if self._held is not None:
            self._write(self._held, length * 90_000 // SECOND)

    def _encode(self, frame: av.VideoFrame, at: Micros) -> None:
        frame.pts = at * 90_000 // SECOND
        frame.time_base = CLIP_BASE
        frame.pict_type = 0  # the source's own choice of key pictures is not ours
        self._mux(self._stream.encode(frame))
        self.count += 1

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        for packet in packets:
            if self._held is not None and packet.pts is not None:
                self._write(self._held, packet.pts)
            self._held = packet

    def _write(self, packet: av.Packet[Any], until: int) -> None:
        """A picture lasts until the next one: players need to be told."""
        packet.duration = max(1, until - (packet.pts or 0))
        self._container.mux(packet)


def no_picture(video: Decoder) -> BadMedia:
    """What to say of a video without a single picture."""
    why = f" ({video.broken})" if video.broken else ""
    return BadMedia(
        f"not one picture in the video could be decoded{why}", next_step=NOT_VIDEO, stage="source"
    )
