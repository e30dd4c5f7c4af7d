"""Decodes a file or URL with PyAV: its pictures with their true moments, and no more of them than is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

import av

from core.clock import SECOND, Micros
from core.media import Footage
from core.ports import Wanted
from ingest.decode.ahead import Ahead, Order, Packet
from ingest.decode.container import (
    MAX_PIXELS,
    check_size,
    open_container,
    plain,
    recorded,
    tagged_duration,
    video_stream,
)
from ingest.decode.picture import AvPicture
from ingest.decode.timeline import Timeline, in_order

SEEKS_WELL = frozenset({"mov", "matroska", "avi"})
"""Demuxers with an index, where a seek lands at or before the wanted moment and timestamps mean the same after it."""

READ_ERRORS = 16
"""This many failed reads in a row and the rest counts as unreadable."""

ONE_EACH = frozenset({"h264", "hevc", "mjpeg"})
"""Codecs of which every packet shows one picture; those of others may show none (MPEG-4's "not coded")."""
LEAVES_OUT = frozenset({"h264"})
"""Codecs whose decoder leaves out a picture that no other refers to when told to, before it costs anything."""
PACKETS_BACK = 16
"""By how many places packets may be out of the order in which their pictures are shown: H.264 and HEVC allow 16."""
FAR: Micros = 10 * SECOND
"""A wanted moment this far ahead of what was read is gone to by a seek; reading on to a nearer one costs about as much."""
NEAR: Micros = SECOND
"""A moment this near to the beginning is read on to: a seek first has to find out where the beginning is, by a picture of its own."""
NOWHERE: Micros = -1
"""In place of a moment: nothing more is wanted."""
THREADS = 2


class Stamp(NamedTuple):
    """A packet's presentation timestamp, without its bytes."""

    pts: int | None


class _Missing(Exception):
    """A picture that reading began anew for did not come out: its key picture was none."""


class PyavDecoder:
    """One opened source. `tick` is called for every picture: a sign of life.

    Raises `BadMedia` where there is no video in it that can be read, `SourceUnavailable` where it cannot be reached.
    """

    def __init__(self, source: str, *, tick: Callable[[], None] = lambda: None) -> None:
        self._source = source
        self._tick = tick
        self._origin: int | None = None
        self._threads = THREADS
        self._broken = ""
        self._open()

    def _open(self) -> None:
        self._container = open_container(self._source)
        self._formats = frozenset(self._container.format.name.split(","))
        self._stream = video_stream(self._container)
        context = self._stream.codec_context
        context.thread_type = "AUTO"
        context.thread_count = self._threads
        context.options = {"max_pixels": str(MAX_PIXELS)}
        check_size(context.width, context.height)
        self._base = self._stream.time_base or Fraction(1, 1000)
        self._second = max(1, round(1 / self._base))
        self._fresh = True

    def _reopen(self) -> None:
        """Starts at the beginning again."""
        self._container.close()
        self._open()

    @property
    def formats(self) -> frozenset[str]:
        """The names that libav has for the container."""
        return self._formats

    @property
    def broken(self) -> str:
        """Why reading had to stop early, in words; empty where it did not."""
        return self._broken

    @property
    def footage(self) -> Footage:
        """What the file says of itself; the recording's time is left out where it is nonsense."""
        stream = self._stream
        rate = stream.average_rate or stream.guessed_rate
        said = bool(stream.duration) or bool(stream.metadata.get("DURATION"))
        return Footage(
            codec=stream.codec_context.name,
            fps=float(rate) if rate and 0 < rate <= 1000 else 0.0,
            declared=self._declared,
            sure_of_end=said or len(self._container.streams) == 1,
            recorded_at=recorded(self._container.metadata.get("creation_time", "")),
        )

    @property
    def _out_of_order(self) -> bool:
        """Whether the container holds only the order of decoding: what libav then says of a picture's moment is wrong where
        pictures are shown in another order, but the moments of decoding, shifted, are those of showing.
        """
        return "avi" in self.formats and self._stream.codec_context.name != "mjpeg"

    @property
    def _declared(self) -> Micros:
        stream, container = self._stream, self._container
        base = stream.time_base
        if stream.duration is not None and base is not None and stream.duration > 0:
            # of an AVI that was cut off, libav shortens the length but not the number of pictures the header promises
            ticks = max(stream.duration, stream.frames) if "avi" in self.formats else stream.duration
            return round(ticks * base * SECOND)
        tagged = tagged_duration(stream.metadata.get("DURATION", ""))
        if tagged or container.duration is None:
            return tagged
        return max(0, round(Fraction(container.duration, av.time_base) * SECOND))

    def length(self) -> Micros:
        """How long the pictures last: as declared, else by their packets' timestamps, without decoding."""
        return self._declared or self._measured()

    def _measured(self) -> Micros:
        self._rewind()
        first: int | None = None
        last = count = 0
        interval = self.footage.interval
        for packet in self._packets():
            self._tick()
            count += 1
            if packet.pts is not None:
                first = packet.pts if first is None else min(first, packet.pts)
                last = max(last, packet.pts)
        if first is None:
            return count * interval
        return round((last - first) * self._base * SECOND) + interval

    def moments(self) -> Iterator[Micros]:
        """The moment of every picture in the order they are shown, by the packets' timestamps where those can be trusted:
        then nothing is decoded. A picture shown at no moment of its own has that of the one before.
        """
        self._rewind()
        line = self._timeline()
        stamps = (Stamp(packet.pts) for packet in self._packets() if not packet.is_discard)
        if self.footage.codec not in ONE_EACH:
            stamps = (Stamp(frame.pts) for frame in self._all())
        for stamp in in_order(stamps, depth=PACKETS_BACK, gap=self._second):
            self._tick()
            at = line.place(stamp.pts)
            yield at if at is not None else line.last or 0

    def pictures(self, start: Micros = 0, wanted: Wanted | None = None, /) -> Iterator[AvPicture]:
        """The pictures in the order they are shown, from the last key picture at or before `start` to the end.

        What cannot be decoded is left out; `broken` says why where reading had to stop early.
        """
        sparing = wanted is not None and self.footage.codec in ONE_EACH and not self._out_of_order
        shown = None
        try:
            for picture in self._from(start, wanted if sparing else None):
                shown = picture.at
                yield picture
        except _Missing:
            self._reopen()
            yield from (p for p in self._placed(self._all()) if shown is None or p.at > shown)

    def keys(self, start: Micros = 0, /) -> Iterator[AvPicture]:
        """The key pictures alone, from the last one at or before `start`; nothing else is decoded. Without timestamps,
        each is where its packet stands in the file.
        """
        self._find_origin()
        self._threads = 1  # a picture at a time: there is nothing to do beside it
        self._reopen()
        if start > 0 and self.formats & SEEKS_WELL:
            self._seek(start)
        context = self._stream.codec_context
        line = self._timeline()
        if self._out_of_order:
            line.origin = self._stream.start_time  # pictures come out later than their packets go in
        for packet in self._packets():
            self._tick()
            stamp = packet.dts if self._out_of_order else packet.pts
            if stamp is None:
                at = line.place(None)
            if not packet.is_keyframe or packet.is_discard:
                continue
            if stamp is not None:
                at = line.place(stamp)
            for frame in [*self._decode(packet), *self._drain()]:
                if at is not None:
                    yield AvPicture(at, frame, stamp is not None)
            context.flush_buffers()

    def _from(self, start: Micros, wanted: Wanted | None) -> Iterator[AvPicture]:
        if wanted is not None and start < NEAR:
            start = 0
        if start <= 0 or not self.formats & SEEKS_WELL or not self._find_origin() or not self._seek(start):
            self._rewind()
            yield from self._placed(self._some(wanted, 0))
            return
        coming = self._placed(self._some(wanted, start))
        first = next(coming, None)
        if first is not None and (wanted is not None or first.at <= start):
            yield first
            yield from coming
            return
        self._reopen()  # the seek went past the wanted moment: the long way is exact
        yield from self._placed(self._some(wanted, 0))

    def _find_origin(self) -> bool:
        """Finds the timestamp of the first picture, which is moment 0."""
        if self._origin is None:
            self._rewind()
            next(self._placed(self._all()), None)
        return self._origin is not None

    def _rewind(self) -> None:
        if not self._fresh:
            self._reopen()

    def _seek(self, at: Micros) -> bool:
        self._fresh = False
        try:
            pts = self._timeline().pts(at)
            self._container.seek(pts, stream=self._stream, backward=True, any_frame=False)
        except av.FFmpegError:
            self._reopen()
            return False
        return True

    def _timeline(self) -> Timeline:
        return Timeline(self._base, self.footage.interval, origin=self._origin, declared=self._declared)

    def _placed(self, frames: Iterator[av.VideoFrame]) -> Iterator[AvPicture]:
        line = self._timeline()
        for frame in in_order(self._stamped(frames), gap=self._second):
            self._tick()
            at = line.place(frame.pts)
            if self._origin is None:
                self._origin = line.origin
            if at is not None:
                yield AvPicture(at, frame, frame.pts is not None)

    def _stamped(self, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        if not self._out_of_order:
            yield from frames
            return
        for frame in frames:
            frame.pts = frame.dts  # None for the very last: each follows the one before
            yield frame

    def _all(self) -> Iterator[av.VideoFrame]:
        for packet in self._packets():
            yield from self._decode(packet)
        yield from self._drain()

    def _some(self, wanted: Wanted | None, start: Micros) -> Iterator[av.VideoFrame]:
        """The frames that are wanted, and some that are not. Raises `_Missing` where what was left out turns out to have
        been needed: then all has to be decoded.
        """
        if wanted is None:
            yield from self._all()
            return
        course = _Course(wanted, self._timeline(), self._second, start)
        for packet in self._packets():
            course.check_landing(packet)
            for order in course.ahead.push(packet):
                yield from self._obey(order, course)
            goal = course.goal(packet) if self.formats & SEEKS_WELL else None
            if goal is None:
                continue
            for order in course.ahead.skip():
                yield from self._obey(order, course)
            if goal == NOWHERE:
                return
            if not self._seek(goal):
                raise _Missing
        for order in course.ahead.rest():
            yield from self._obey(order, course)
        yield from course.checked(self._drain())

    def _obey(self, order: Order, course: _Course) -> Iterator[av.VideoFrame]:
        if self._origin is not None and not course.agrees(self._origin):
            raise _Missing
        context = self._stream.codec_context
        if order.packet is None:
            yield from course.checked(self._drain())
            context.flush_buffers()
            course.begin()
            return
        course.expect(order)
        if context.name in LEAVES_OUT and course.sparing == order.needed:
            course.sparing = not order.needed
            context.skip_frame = "NONREF" if course.sparing else "DEFAULT"
        yield from course.checked(self._decode(order.packet))

    def _decode(self, packet: Packet) -> Iterator[av.VideoFrame]:
        self._fresh = False
        try:
            yield from packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:
            self._check_memory()  # if not that: a damaged packet, what it should have shown is missing

    def _drain(self) -> Iterator[av.VideoFrame]:
        try:
            yield from self._stream.codec_context.decode(None)
        except av.FFmpegError:
            return

    def _check_memory(self) -> None:
        """Raises MemoryError if there is no room for a few pictures: libav calls that invalid data."""
        context = self._stream.codec_context
        bytearray(context.width * context.height * 3)

    def _packets(self) -> Iterator[Packet]:
        failed = 0
        self._fresh = False
        while failed < READ_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    failed = 0
                    if packet.size:
                        yield packet
                    elif packet.dts is None:
                        return  # the mark at the end of the file
            except MemoryError:
                raise
            except av.EOFError:
                return
            except av.FFmpegError as error:
                failed += 1
                self._broken = plain(error)
            else:
                return


class _Course:
    """How far the reading of what is wanted has come, and whether what was left out can be told not to be missing."""

    def __init__(self, wanted: Wanted, line: Timeline, second: int, start: Micros) -> None:
        self.ahead = Ahead(wanted, self._moment, second)
        self.sparing = False
        """Whether the decoder was last told to leave out what no other picture refers to."""
        self._wanted, self._line = wanted, line
        self._landing: Micros | None = start or None
        self._went: Micros = -1
        self._anew = False
        self._awaited: int | None = None
        self._floor: int | None = None
        self._highest: int | None = None

    def _moment(self, pts: int) -> Micros:
        if self._line.origin is None:
            self._line.origin = self.ahead.lowest
        return self._line.exact(pts)

    def agrees(self, origin: int) -> bool:
        """Whether the stream's moment 0 is what it was taken for when the first packets were read."""
        return self._line.origin is None or self._line.origin == origin

    def check_landing(self, packet: Packet) -> None:
        """Raises `_Missing` if this packet, the first after a seek, is of a later moment than was sought."""
        if self._landing is not None and packet.pts is not None:
            if self._line.exact(packet.pts) > self._landing:
                raise _Missing
            self._landing = None

    def begin(self) -> None:
        """The decoder was emptied: what comes now begins with a key picture."""
        self._anew, self._floor = True, self._highest

    def expect(self, order: Order) -> None:
        """This is decoded next."""
        pts = order.packet.pts if order.packet is not None else None
        if pts is None:
            return
        if self._anew:  # what a key picture leads to, but is shown before it, would rest on what was left out
            self._anew = False
            self._floor = pts - 1 if self._floor is None else max(self._floor, pts - 1)
            self._awaited = None
        if order.needed:
            self._highest = pts if self._highest is None else max(self._highest, pts)
            if self._floor is not None and self._awaited is None and pts > self._floor:
                self._awaited = pts

    def checked(self, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """The frames that are new. Raises `_Missing` if the first one that is needed of what began anew is not among
        them in its place.
        """
        for frame in frames:
            pts = frame.pts
            if pts is None:
                yield frame
                continue
            if self._floor is not None and pts <= self._floor:
                continue
            if self._awaited is not None and pts >= self._awaited:
                if pts > self._awaited:
                    raise _Missing
                self._awaited = self._floor = None
            yield frame

    def goal(self, packet: Packet) -> Micros | None:
        """Where to go on reading after this packet: None for right behind it."""
        newest = self.ahead.newest
        if newest is None or not packet.is_keyframe:
            return None
        at = self._moment(newest)
        then = self._wanted.next(at)
        if then is None:
            return NOWHERE if self.ahead.idle(for_ever=True) else None
        if then - at < FAR or then <= self._went or not self.ahead.idle(for_ever=False):
            return None
        self._went = self._landing = then
        return then
