"""Writes what a camera sends into short files, as it comes: nothing is decoded. Runs inside the decoding child only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import av.error
from av.video.stream import VideoStream

from core.clock import SECOND, Micros

MUXED = frozenset({"h264", "hevc", "mpeg4", "mjpeg", "av1", "vp9"})
"""Codecs that an MP4 file holds as they come."""

FRAGMENT: Micros = SECOND
"""So much of a file is lost at most when it is cut off."""

Done = Callable[[Path, Micros, Micros], None]
"""Told of a finished segment: its file, its first moment, and the moment at which it ends."""


class SegmentWriter:
    """Segments of one camera, each beginning with a key picture and holding one connection's packets in order.

    The timestamps in a segment begin at 0, which is its first moment. Files are fragmented MP4: what was written before
    a crash can be read.
    """

    def __init__(self, folder: Path, length: Micros, done: Done) -> None:
        self._folder, self._length, self._done = folder, length, done
        self._open: _Segment | None = None
        self._number = 0
        self._stream: VideoStream | None = None

    def connected(self, stream: VideoStream) -> None:
        """Packets that follow come from this stream."""
        self.cut()
        self._stream = stream

    def add(self, packet: av.Packet[Any], at: Micros) -> None:
        """Takes the next packet, shown at that moment."""
        segment = self._open
        if segment is not None and packet.is_keyframe and at - segment.start >= self._length:
            self._finish(at)
            segment = None
        if segment is None:
            if not packet.is_keyframe or self._stream is None:
                return
            self._number += 1
            path = self._folder / f"{self._number:06d}-{at}.mp4"
            segment = self._open = _Segment(path, self._stream, at)
        segment.write(packet, at)

    def cut(self) -> None:
        """Ends the segment: what follows does not go on from it."""
        self._finish(None)

    def _finish(self, until: Micros | None) -> None:
        segment, self._open = self._open, None
        if segment is not None:
            segment.close()
            self._done(segment.path, segment.start, until if until is not None else segment.end)


class _Segment:
    """One file being written."""

    def __init__(self, path: Path, stream: VideoStream, start: Micros) -> None:
        self.path, self.start = path, start
        self._last = start
        self._step: Micros = SECOND // 25
        flags = {
            "movflags": "+empty_moov+default_base_moof",
            "frag_duration": str(FRAGMENT),
            "flush_packets": "1",
        }
        self._container = av.open(str(path), "w", format="mp4", options=flags)
        self._stream = self._container.add_stream_from_template(stream)
        self._dts: int | None = None

    @property
    def end(self) -> Micros:
        """Until when its last picture is shown, as far as that can be told."""
        return self._last + self._step

    def write(self, packet: av.Packet[Any], at: Micros) -> None:
        """Puts the packet in, on the file's own clock."""
        base = packet.time_base
        pts = round((at - self.start) / SECOND / base)
        late = 0 if packet.pts is None or packet.dts is None else packet.pts - packet.dts
        dts = pts - late
        if self._dts is not None and dts <= self._dts:
            dts = self._dts + 1
        self._dts = dts
        if at > self._last:
            self._step, self._last = min(at - self._last, SECOND), at
        copy = av.Packet(bytes(packet))
        copy.stream, copy.time_base, copy.is_keyframe = self._stream, base, packet.is_keyframe
        copy.pts, copy.dts = max(pts, dts), dts
        self._container.mux(copy)

    def close(self) -> None:
        """Ends the file."""
        self._container.close()
