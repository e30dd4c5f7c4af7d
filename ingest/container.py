"""Opens a file or URL with PyAV and gives its pictures with their true moments. Runs inside the decoding child only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, NoReturn

import av
import av.error
import av.logging
import numpy as np
import numpy.typing as npt
from av.stream import Disposition
from av.video.stream import VideoStream

from core.clock import SECOND, Micros, clock_text
from core.errors import BadMedia, SightlineError, SourceUnavailable
from core.media import Picture
from ingest.timeline import Timeline, in_order

av.logging.set_level(None)
av.logging.set_libav_level(av.logging.PANIC)
logging.getLogger("libav").disabled = True

FORMATS = (
    "3g2,3gp,aac,amr,asf,av1,avi,dv,evc,f4v,flac,flv,gif,gxf,h261,h263,h264,hevc,ivf,m4a,m4v,matroska,mj2,mjpeg,mp3,"
    "mov,mp4,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,ogv,rm,swf,vc1,vvc,wav,webm,wtv,yuv4mpegpipe"
)
"""Demuxers that read one file and nothing else: playlists, which name other files and hosts, are not among them."""

PROTOCOLS = {"file": "file", "http": "http,tcp", "https": "https,http,tls,tcp"}
"""What libav may open for a source of each scheme."""

SEEKS_WELL = frozenset({"mov", "matroska", "avi"})
"""Demuxers with an index, where a seek lands at or before the wanted moment and timestamps mean the same after it."""

MAX_SIDE = 16_384
MAX_PIXELS = 8192 * 8192
READ_ERRORS = 16
"""This many failed reads in a row and the rest counts as unreadable."""

NOT_VIDEO = "give a video file, such as MP4, MKV, AVI, MOV or WebM"
MENDING = "copy it again from where it came, or repair it with a tool such as ffmpeg or untrunc"


class Shown(NamedTuple):
    """A decoded picture and the moment it is shown."""

    at: Micros
    frame: av.VideoFrame


class Stamp(NamedTuple):
    """A packet's presentation timestamp, without its bytes."""

    pts: int | None


ONE_EACH = frozenset({"h264", "hevc", "mjpeg"})
"""Codecs of which every packet shows one picture; those of others may show none (MPEG-4's "not coded")."""
PACKETS_BACK = 16
"""By how many places packets may be out of the order in which their pictures are shown: H.264 and HEVC allow 16."""


class Video:
    """One opened source. `tick` is called for every decoded picture: a sign of life.

    Raises `BadMedia` where there is no video in it that can be read, `SourceUnavailable` where it cannot be reached.
    """

    def __init__(self, source: str, *, tick: Callable[[], None] = lambda: None) -> None:
        self._source = source
        self._tick = tick
        self._origin: int | None = None
        self.broken = ""
        self.untimed = 0
        self._open()

    def _open(self) -> None:
        self._container = _open(self._source)
        self._stream = _video_stream(self._container)
        context = self._stream.codec_context
        context.thread_type = "AUTO"
        context.thread_count = 2
        context.options = {"max_pixels": str(MAX_PIXELS)}
        check_size(context.width, context.height)

    def close(self) -> None:
        """Lets go of the file."""
        self._container.close()

    def _is(self, *formats: str) -> bool:
        return not set(self._container.format.name.split(",")).isdisjoint(formats)

    @property
    def codec(self) -> str:
        """The codec's short name."""
        return self._stream.codec_context.name

    @property
    def fps(self) -> float:
        """Pictures a second on average, 0.0 where unknown."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(rate) if rate and 0 < rate <= 1000 else 0.0

    @property
    def interval(self) -> Micros:
        """The usual time between two pictures."""
        return round(SECOND / (self.fps or 25.0))

    @property
    def declared(self) -> Micros:
        """How long the file says its pictures last, 0 where it does not say."""
        stream, container = self._stream, self._container
        base = stream.time_base
        if stream.duration is not None and base is not None and stream.duration > 0:
            # of an AVI that was cut off, libav shortens the length but not the number of pictures the header promises
            ticks = max(stream.duration, stream.frames) if self._is("avi") else stream.duration
            return round(ticks * base * SECOND)
        tagged = _tagged_duration(stream.metadata.get("DURATION", ""))
        if tagged or container.duration is None:
            return tagged
        return max(0, round(Fraction(container.duration, av.time_base) * SECOND))

    @property
    def sure_of_end(self) -> bool:
        """Whether `declared` speaks of the pictures alone, so that an earlier end means something is missing."""
        stream = self._stream
        said = bool(stream.duration) or bool(stream.metadata.get("DURATION"))
        return said or len(self._container.streams) == 1

    @property
    def recorded_at(self) -> datetime | None:
        """When the file says it was recorded, UTC; None where it does not say or says nonsense."""
        return _moment(self._container.metadata.get("creation_time", ""))

    def measured(self) -> Micros:
        """How long the pictures last by their packets' own timestamps; reads the file through without decoding it."""
        base = self._stream.time_base or Fraction(1, 1000)
        first: int | None = None
        last = count = 0
        for packet in self._packets():
            self._tick()
            if packet.size:
                count += 1
            if packet.pts is not None:
                first = packet.pts if first is None else min(first, packet.pts)
                last = max(last, packet.pts)
        if first is None:
            return count * self.interval
        return round((last - first) * base * SECOND) + self.interval

    def moments(self) -> Iterator[Micros]:
        """The moment of every picture in the order they are shown, by the packets' timestamps where those can be trusted:
        then nothing is decoded. A picture shown at no moment of its own has that of the one before.
        """
        line = self._timeline()
        second = max(1, round(1 / (self._stream.time_base or Fraction(1, 1000))))
        stamps = (Stamp(packet.pts) for packet in self._packets() if packet.size)
        if self.codec not in ONE_EACH:
            stamps = (Stamp(frame.pts) for frame in self._raw())
        for stamp in in_order(stamps, depth=PACKETS_BACK, gap=second):
            self._tick()
            at = line.place(stamp.pts)
            yield at if at is not None else line.last or 0

    def frames(self, start: Micros = 0) -> Iterator[Shown]:
        """The pictures in the order they are shown, from the last key picture at or before `start` to the end.

        What cannot be decoded is left out; `broken` says why where reading had to stop early.
        """
        if start > 0 and self._seek(start):
            first, later = None, self._decoded()
            for shown in later:
                first = shown
                break
            if first is not None and first.at <= start:
                yield first
                yield from later
                return
            self.close()  # the seek went past the wanted moment: the long way is exact
            self._open()
        yield from self._decoded()

    def _seek(self, start: Micros) -> bool:
        if not self._is(*SEEKS_WELL):
            return False
        if self._origin is None:
            for _ in self._decoded():
                break
        if self._origin is None:
            return False
        line = self._timeline()
        try:
            self._container.seek(line.pts(start), stream=self._stream, backward=True, any_frame=False)
        except av.FFmpegError:
            self.close()
            self._open()
            return False
        return True

    def _timeline(self) -> Timeline:
        base = self._stream.time_base or Fraction(1, 1000)
        return Timeline(base, self.interval, origin=self._origin, declared=self.declared)

    def _decoded(self) -> Iterator[Shown]:
        line = self._timeline()
        second = max(1, round(1 / (self._stream.time_base or Fraction(1, 1000))))
        for frame in in_order(self._raw(), gap=second):
            self._tick()
            at = line.place(frame.pts)
            if self._origin is None:
                self._origin = line.origin
            self.untimed = line.untimed
            if at is not None:
                yield Shown(at, frame)

    def _raw(self) -> Iterator[av.VideoFrame]:
        for packet in self._packets():
            try:
                yield from packet.decode()
            except MemoryError:
                raise
            except av.FFmpegError:
                self._check_memory()  # if not that: a damaged packet, what it should have shown is missing
        try:
            yield from self._stream.codec_context.decode(None)
        except av.FFmpegError:
            return

    def _check_memory(self) -> None:
        """Raises MemoryError if there is no room for a few pictures: libav calls that invalid data."""
        context = self._stream.codec_context
        bytearray(context.width * context.height * 3)

    def _packets(self) -> Iterator[av.Packet[VideoStream]]:
        failed = 0
        while failed < READ_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    failed = 0
                    if packet.dts is None and packet.size == 0:
                        return  # the mark at the end of the file
                    yield packet
            except MemoryError:
                raise
            except av.EOFError:
                return
            except av.FFmpegError as error:
                failed += 1
                self.broken = _plain(error)
            else:
                return


def rotation(frame: av.VideoFrame) -> int:
    """Quarter turns counter-clockwise, in degrees (0, 90, 180 or 270), by which the picture is to be shown."""
    return round(frame.rotation / 90) % 4 * 90


def shown_size(frame: av.VideoFrame) -> tuple[int, int]:
    """Width and height of the picture as shown."""
    turned = rotation(frame) in (90, 270)
    return (frame.height, frame.width) if turned else (frame.width, frame.height)


def picture(frame: av.VideoFrame, size: tuple[int, int] | None = None) -> Picture:
    """The picture as shown, RGB, at `size` (width, height as shown) or at full size."""
    width, height = size or shown_size(frame)
    if rotation(frame) in (90, 270):
        width, height = height, width
    small = width < frame.width
    rgb = frame.reformat(width, height, "rgb24", interpolation="AREA" if small else "BILINEAR").to_ndarray()
    return np.ascontiguousarray(np.rot90(rgb, rotation(frame) // 90), dtype=np.uint8)


def luma(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    """The picture's brightness, H × W, unturned; a view where the frame has one, else a copy."""
    if frame.format.name in _PLANAR:
        plane = frame.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return np.asarray(rows[: frame.height, : frame.width], dtype=np.uint8)
    return np.asarray(frame.reformat(format="gray").to_ndarray(), dtype=np.uint8)


_PLANAR = frozenset(
    [
        "yuv420p",
        "yuvj420p",
        "yuv422p",
        "yuvj422p",
        "yuv444p",
        "yuvj444p",
        "yuv440p",
        "yuvj440p",
        "yuv411p",
        "yuv410p",
        "nv12",
        "nv21",
        "gray",
    ]
)


def _open(source: str) -> av.container.InputContainer:
    scheme = source.partition("://")[0] if "://" in source else "file"
    options = {"protocol_whitelist": PROTOCOLS.get(scheme, "file"), "format_whitelist": FORMATS}
    where = source if scheme in ("http", "https") else f"file:{source}"
    try:
        return av.open(where, options=options)
    except MemoryError:
        raise
    except (av.FFmpegError, OSError) as error:
        if scheme == "file" and _lacks_index(Path(source)):
            raise _truncated() from error
        _explain(error, remote=scheme != "file")


def _lacks_index(path: Path) -> bool:
    """Whether a file begins as an MP4 but its `moov` box, written last by recorders, is not there."""
    kinds: list[bytes] = []
    with path.open("rb") as file:
        size = file.seek(0, 2)
        at = 0
        while at + 8 <= size and len(kinds) < 1000:
            file.seek(at)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            kinds.append(kind)
            length = int.from_bytes(head[8:16], "big") if length == 1 else length
            if length < 8:
                break
            at += length
    return kinds[:1] == [b"ftyp"] and b"moov" not in kinds


def _explain(error: Exception, *, remote: bool) -> NoReturn:
    text = _plain(error)
    if remote and not isinstance(error, av.InvalidDataError | av.ArgumentError):
        raise SourceUnavailable(
            f"the source does not answer as it should: {text}",
            next_step="check the address, the network and the credentials, then try again",
            stage="source",
        ) from error
    if isinstance(error, PermissionError):
        raise BadMedia(
            "the file may not be read by this user", next_step="give read permission", stage="source"
        ) from error
    raise BadMedia(f"the file is no video: {text}", next_step=NOT_VIDEO, stage="source") from error


def _truncated() -> SightlineError:
    return BadMedia(
        "the file is truncated: the index every player needs is missing (a recording or copy that was cut off)",
        next_step=MENDING,
        stage="source",
    )


def _plain(error: Exception) -> str:
    """What libav or the system says, without the path and the address of our file in it."""
    return getattr(error, "strerror", None) or type(error).__name__


def _video_stream(container: av.container.InputContainer) -> VideoStream:
    covers = Disposition.attached_pic
    streams = [s for s in container.streams.video if covers not in s.disposition]
    known = [s for s in streams if getattr(s, "codec_context", None) is not None]  # None: no decoder
    if known:
        return max(known, key=lambda s: s.codec_context.width * s.codec_context.height)
    if streams:
        raise BadMedia(
            "the video in the file is of a codec nobody here knows",
            next_step="convert it to H.264, for example with ffmpeg",
            stage="source",
        )
    if container.streams.audio:
        raise BadMedia("the file holds sound but no video", next_step=NOT_VIDEO, stage="source")
    raise BadMedia("the file holds no video", next_step=NOT_VIDEO, stage="source")


def check_size(width: int, height: int) -> None:
    """Raises `BadMedia` for a picture no camera takes, before anything of it is decoded."""
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadMedia(
            f"the picture is absurdly large: {width}×{height} pixels",
            next_step=f"scale it to at most {MAX_SIDE} pixels a side and {MAX_PIXELS // 1_000_000} million in all",
            stage="source",
        )


def _tagged_duration(text: str) -> Micros:
    """Matroska's per-track DURATION tag, `01:02:03.456000000`."""
    try:
        hours, minutes, secs = text.strip("\0").split(":")
        return round((int(hours) * 3600 + int(minutes) * 60 + float(secs)) * SECOND)
    except ValueError:
        return 0


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC) if moment.year >= 1990 else None  # cameras without a clock say 1904 or 1970


def breaks_off(at: Micros, declared: Micros) -> BadMedia:
    """What to say of a file that ends before it says it does."""
    return BadMedia(
        f"the file breaks off at {clock_text(at)} of {clock_text(declared)}",
        next_step=MENDING,
        stage="decode",
    )
