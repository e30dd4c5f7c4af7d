"""What the decoding child can do: probe a source, look through it, fetch frames, cut a clip.

Each task takes its arguments as plain values and speaks through an outbox. Nothing here runs in the parent.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Protocol

import av

from core.clock import SECOND, Micros, clock_text
from core.errors import BadMedia
from ingest.container import (
    MENDING,
    NOT_VIDEO,
    Shown,
    Video,
    breaks_off,
    check_size,
    luma,
    picture,
    rotation,
    shown_size,
)
from ingest.gate import Change, Gate, small
from ingest.sample import Sampler, Verdict

WARM_UP: Micros = 30 * SECOND
"""A run that starts later lets its gate see this much of what came before, so that it looks at the same moments."""

MISSING_AT_END: Micros = SECOND
"""A stream that ends this much before its declared end has lost something."""

CLIP_SIDE = 1920
"""Longest side of a clip made for a person: every browser plays H.264 of this size."""

CLIP_BASE = Fraction(1, 90_000)


AT_ONCE: Micros = 1000
"""A picture shown this soon after a clip's start is shown at its start."""


class Sender(Protocol):
    """Where a task says what it found."""

    def send(self, kind: str, body: bytes | memoryview = b"", /, **head: Any) -> None:
        """One message."""

    def tick(self) -> None:
        """A sign of life."""


def probe(args: dict[str, Any], out: Sender) -> None:
    """Opens the source, decodes its first picture and says what it is."""
    video = Video(args["source"], tick=out.tick)
    first = next(video.frames(), None)
    if first is None:
        raise no_picture(video)
    width, height = shown_size(first.frame)
    check_size(width, height)
    duration = video.declared
    if duration <= 0:
        duration = Video(args["source"], tick=out.tick).measured()
    recorded = video.recorded_at
    out.send(
        "info",
        duration=duration,
        width=width,
        height=height,
        codec=video.codec,
        fps=video.fps,
        rotation=rotation(first.frame),
        recorded_at=recorded.isoformat() if recorded else None,
        timed=video.untimed == 0,
    )


def moments(args: dict[str, Any], out: Sender) -> None:
    """Sends the moments of all pictures in order, as 64-bit integers."""
    video = Video(args["source"], tick=out.tick)
    out.send("moments", array("q", video.moments()).tobytes())


def looks(args: dict[str, Any], out: Sender) -> None:
    """Sends the looks of the plan in order; ends in an error where the file breaks off."""
    video = Video(args["source"], tick=out.tick)
    looker = _Looker(args, video, out)
    start, at = int(args["start"]), None
    for shown in video.frames(max(0, start - WARM_UP) if start else 0):
        at = shown.at
        looker.take(shown, silent=at < start)
    if at is None:
        if start and not video.broken:
            return
        raise no_picture(video)
    looker.finish(start)
    end = at + video.interval
    if video.sure_of_end and video.declared - end > max(MISSING_AT_END, 3 * video.interval):
        raise breaks_off(end, video.declared)
    if video.broken:
        raise BadMedia(
            f"the file cannot be read beyond {clock_text(end)}: {video.broken}",
            next_step=MENDING,
            stage="decode",
        )


class _Looker:
    """Takes every picture of a stream and sends the looks."""

    def __init__(self, args: dict[str, Any], video: Video, out: Sender) -> None:
        self._longest = int(args["look_width"])
        self._sampler = Sampler(args["looks_per_s"], args["idle_looks_per_s"], video.fps)
        self._gate = Gate()
        self._out = out
        self._size: tuple[int, int] | None = None
        self._scale = 1.0
        self._unsent: Shown | None = None

    def take(self, shown: Shown, *, silent: bool) -> None:
        """Gates one picture, and sends it if it is to be looked at and the run has begun."""
        self._unsent = shown
        if not self._sampler.due(shown.at):
            return
        change = self._gate.see(small(luma(shown.frame)), shown.at)
        verdict = self._sampler.decide(shown.at, change.moved > 0 or change.cut)
        if verdict is Verdict.SKIP:
            return
        if verdict is Verdict.PICTURE:
            self._gate.keep()
        if not silent:
            self._send(shown, change, with_picture=verdict is Verdict.PICTURE)

    def finish(self, start: Micros) -> None:
        """The last picture of a stream is always looked at."""
        last = self._unsent
        if last is not None and last.at >= start:
            change = self._gate.see(small(luma(last.frame)), last.at)
            self._send(last, change, with_picture=True)

    def _send(self, shown: Shown, change: Change, *, with_picture: bool) -> None:
        self._unsent = None
        head = {"at": shown.at, "moved": round(change.moved, 6), "cut": change.cut}
        if not with_picture:
            self._out.send("look", **head)
            return
        if self._size is None:
            self._size, self._scale = _look_size(shown_size(shown.frame), self._longest)
        pixels = picture(shown.frame, self._size)
        self._out.send("look", pixels.data.cast("B"), shape=pixels.shape, scale=self._scale, **head)


def _look_size(size: tuple[int, int], longest: int) -> tuple[tuple[int, int], float]:
    """The size with its longest side at most `longest`, and how many source pixels one of its pixels is."""
    scale = max(1.0, max(size) / longest)
    if scale == 1.0:
        return size, scale
    return (max(1, round(size[0] / scale)), max(1, round(size[1] / scale))), scale


def frames(args: dict[str, Any], out: Sender) -> None:
    """Sends the full-size picture shown at each of the sorted moments; seeks over gaps longer than `gap`."""
    video = Video(args["source"], tick=out.tick)
    longest = int(args.get("longest") or 0)
    for index, shown in shown_at(video, args["moments"], gap=int(args["gap"])):
        size, scale = _look_size(shown_size(shown.frame), longest or max(shown_size(shown.frame)))
        pixels = picture(shown.frame, size)
        out.send("frame", pixels.data.cast("B"), index=index, at=shown.at, shape=pixels.shape, scale=scale)


def shown_at(video: Video, moments: list[Micros], *, gap: Micros) -> Iterator[tuple[int, Shown]]:
    """For each sorted moment its place in the list and the picture on the screen then.

    Before the first picture that is the first one; after the end, the last one.
    """
    coming: Iterator[Shown] = iter(())
    now: Shown | None = None
    after: Shown | None = None
    for index, moment in enumerate(moments):
        if now is None or moment - now.at > gap:
            coming = video.frames(moment)
            now, after = next(coming, None), None
            if now is None:
                raise no_picture(video)
            after = next(coming, None)
        while after is not None and after.at <= moment:
            now, after = after, next(coming, None)
        yield index, now


def clip(args: dict[str, Any], out: Sender) -> None:
    """Writes the span as a browser-playable H.264 MP4 to the file `target`."""
    video = Video(args["source"], tick=out.tick)
    start, end = int(args["start"]), int(args["end"])
    with av.open(args["target"], "w", format="mp4", options={"movflags": "+faststart"}) as container:
        writer: _ClipWriter | None = None
        for shown in _within(video, start, end):
            writer = writer or _ClipWriter(container, shown, video.fps)
            writer.add(shown, max(0, shown.at - start) if writer.count else 0)
            out.tick()
        if writer is None:
            raise no_picture(video)
        writer.finish(end - start)
    out.send("clip", written=writer.count)


def _within(video: Video, start: Micros, end: Micros) -> Iterator[Shown]:
    """The picture on the screen at `start` and all that follow before `end`."""
    before: Shown | None = None
    for shown in video.frames(start):
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

    def __init__(self, container: av.container.OutputContainer, first: Shown, fps: float) -> None:
        self._container = container
        size, _ = _look_size(shown_size(first.frame), CLIP_SIDE)
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

    def add(self, shown: Shown, at: Micros) -> None:
        """Encodes a picture, shown from `at` on."""
        if rotation(shown.frame):
            upright = av.VideoFrame.from_ndarray(picture(shown.frame, self._size), format="rgb24")
        else:
            upright = shown.frame
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


def no_picture(video: Video) -> BadMedia:
    """What to say of a video without a single picture."""
    why = f" ({video.broken})" if video.broken else ""
    return BadMedia(
        f"not one picture in the video could be decoded{why}", next_step=NOT_VIDEO, stage="source"
    )
