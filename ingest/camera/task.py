"""What the decoding child does with a camera: keeps looking, and recording, while its parent wants it to.

The parent orders every connection, `{"open": true}`, and may have it closed before its end, `{"close": true}`. What comes of it is said as `open`, then `look`, `seen` (a sign of
life: pictures come) and `segment`, until `lost` says why there are no more. Then the child waits for the next order.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.error
import cv2

from core.clock import SECOND, Micros
from core.errors import CameraRefused, SightlineError
from ingest.camera.clock import LiveClock
from ingest.camera.open import explain, open_camera, video_of
from ingest.camera.pace import Pace
from ingest.camera.segments import MUXED, SegmentWriter
from ingest.camera.source import LIVE_FILE, OPEN_S
from ingest.decode.container import MAX_PIXELS, check_size
from ingest.decode.gate import SIDE, Gate
from ingest.decode.picture import AvPicture
from ingest.decode.sample import Sampler, Verdict
from ingest.decode.tasks import Sender

SEEN_S = 0.5
"""A sign of life is given at most so often."""

IDLE_S = 1.0

MOST_HELD = 64

NO_KEY_S = 8.0
"""A camera that sends no key pictures (it refreshes bit by bit) is taken as it is after so many seconds."""

LEAST_OPEN_S = 2.5
LONG_TRY = 8
"""Every so many tries in vain one is given more time."""


RATED = 9
RATED_FOR: Micros = 3 * SECOND
"""So many pictures, or those of so long, tell how often they come."""


def camera(orders: queue.SimpleQueue[dict[str, Any]], args: dict[str, Any], out: Sender) -> None:
    """Opens the camera whenever it is told to, and stays until it is killed."""
    cv2.setNumThreads(1)
    session = _Watching(args, out, orders)
    while True:
        try:
            order = orders.get(timeout=IDLE_S)
        except queue.Empty:
            out.tick()
            continue
        if "open" not in order:
            continue
        try:
            session.run()
            out.send("lost", message="the camera ended the stream", next_step="", ended=True, refused=False)
        except SightlineError as error:
            refused = isinstance(error, CameraRefused)
            out.send("lost", message=error.message, next_step=error.next_step, ended=False, refused=refused)


class _Watching:
    """One camera across its connections: what the gate, the sampler and the clock know of it."""

    def __init__(self, args: dict[str, Any], out: Sender, orders: queue.SimpleQueue[dict[str, Any]]) -> None:
        self._url: str = args["url"]
        self._out, self._orders = out, orders
        self._clock = LiveClock(int(args["after"]))
        self._zero: float | None = args["zero"]
        self._pace = Pace.of(self._url) if self._url.startswith(LIVE_FILE) else None
        self._eye = Eye(args, out) if args["decodes"] else None
        self._seen = 0.0
        self._fps: float = args.get("fps", 0.0)
        self._usual_s: float | None = args["usual_s"]
        self._tries = 0
        self._whole = Whole()
        self._moments: dict[int, Micros] = {}
        """When the pictures are shown that the decoder has not given yet, by their timestamps."""
        self._lately: list[Micros] = []
        self._keeps: str = args["folder"]
        self._segments: SegmentWriter | None = None
        if self._keeps:
            self._segments = SegmentWriter(Path(self._keeps), int(args["segment"]), self._kept)

    def run(self) -> None:
        """One connection, from opening to its end. Raises what broke it off."""
        began = time.monotonic()
        with open_camera(self._url, timeout_s=self._patience()) as container:
            took, self._tries = time.monotonic() - began, 0
            self._usual_s = took if self._usual_s is None else min(took, 1.5 * self._usual_s)
            stream = video_of(container)
            context = stream.codec_context
            context.thread_count = 1
            context.options = {"max_pixels": str(MAX_PIXELS)}
            check_size(context.width, context.height)
            self._begin(container, stream)
            try:
                self._follow(container, stream)
            except (av.FFmpegError, OSError) as error:
                explain(error)
            finally:
                if self._segments is not None:
                    self._segments.cut()

    def _patience(self) -> float:
        """Seconds for opening: a few times as long as it took before, so that a connection that came to nothing does not
        hold up the next one; now and then as long as for a camera that is not known.
        """
        self._tries += 1
        if self._usual_s is None or self._tries % LONG_TRY == 0:
            return OPEN_S
        return min(OPEN_S, max(LEAST_OPEN_S, 3 * self._usual_s))

    def _begin(self, container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> None:
        self._clock.connected()
        self._moments.clear()
        self._lately = []
        if self._pace is not None:
            self._pace.connected()
        context = stream.codec_context
        kept = self._segments is not None and context.name in MUXED
        if self._segments is not None and kept:
            self._segments.connected(stream)
        self._out.send(
            "open",
            codec=context.name,
            width=context.width,
            height=context.height,
            recorded=kept,
            bursts=container.format.name == "hls",
            usual_s=self._usual_s,
        )

    def _follow(self, container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> None:
        recorder = self._segments if stream.codec_context.name in MUXED else None
        base = stream.time_base
        assert base is not None  # noqa: S101 - every demuxer gives one
        begun, opened = False, time.monotonic()
        for packet in stamped(self._whole.of(container.demux(stream)), self._step(base)):
            if not self._orders.empty():
                return  # it is to be closed
            stamp = stamp_of(packet)
            begun = begun or packet.is_keyframe or time.monotonic() - opened > NO_KEY_S
            if stamp is None or not begun:
                continue  # what comes before the first key picture cannot be decoded
            moment = round(stamp * base * SECOND)
            at = self._clock.arrive(moment, self._arrived(moment))
            if recorder is not None:
                recorder.add(packet, at)
            if self._eye is None:
                self._alive(at)
                continue
            self._moments[stamp] = at
            self._decode(packet, self._eye)

    def _step(self, base: Fraction) -> int:
        """How far apart two pictures are, as far as that is known beforehand."""
        return max(1, round(1 / (self._fps or 25.0) / base))

    def _arrived(self, stamp: Micros) -> Micros:
        """When the packet came, on the stream's clock, which begins with the first one."""
        if self._pace is not None:
            return self._pace.wait(stamp, self._clock.last)
        now = time.monotonic()
        if self._zero is None:
            self._zero = now
        return round((now - self._zero) * SECOND)

    def _decode(self, packet: av.Packet[Any], eye: Eye) -> None:
        """Looks at the pictures that are complete with this packet. Each has the moment its own packet had: a clock that
        jumps does not move what was on its way.
        """
        try:
            frames = packet.decode()
        except av.FFmpegError:
            return  # a damaged packet: what it shows is missing
        for frame in frames:
            at = None if frame.pts is None else self._moments.pop(frame.pts, None)
            if at is not None and self._clock.show(at):
                self._show(frame, at)
                self._alive(at)
                eye.see(frame, at)
        while len(self._moments) > MOST_HELD:
            del self._moments[next(iter(self._moments))]

    def _show(self, frame: av.VideoFrame, at: Micros) -> None:
        """Says once of each connection how large its pictures are and how often they come, when a few have."""
        if len(self._lately) == RATED:
            return
        self._lately.append(at)
        if len(self._lately) == RATED or self._lately[-1] - self._lately[0] > RATED_FOR:
            self._lately += [at] * (RATED - len(self._lately))
            steps = sorted(b - a for a, b in pairwise(self._lately) if b > a)
            fps = SECOND / steps[len(steps) // 2] if steps else 0.0
            self._out.send("shows", width=frame.width, height=frame.height, fps=fps)

    def _alive(self, at: Micros) -> None:
        now = time.monotonic()
        if now - self._seen >= SEEN_S:
            self._seen = now
            self._out.send("seen", at=at, zero=self._zero)

    def _kept(self, path: Path, start: Micros, end: Micros) -> None:
        self._out.send("segment", path=str(path), start=start, end=end)


class Whole:
    """Puts the packets of one key picture together: where a camera repeats its parameters between a picture's slices,
    libav takes each slice for a picture.

    Of a camera that was seen to do so each key picture waits for the packet after it; of others nothing waits.
    """

    def __init__(self) -> None:
        self._in_parts = False

    def of(self, packets: Iterable[av.Packet[Any]]) -> Iterator[av.Packet[Any]]:
        """The packets of one connection, whole; what waits when they end is left out: more of it may be missing."""
        held: av.Packet[Any] | None = None
        before: int | None = None
        for packet in packets:
            if not packet.size:
                continue
            if packet.is_keyframe and packet.pts is not None and packet.pts == before:
                self._in_parts = True
            before = packet.pts if packet.is_keyframe else None
            if held is not None and held.pts is not None and held.pts == packet.pts:
                held = _joined(held, packet)
                continue
            if held is not None:
                yield held
            held = packet if packet.is_keyframe and self._in_parts else None
            if held is None:
                yield packet


def stamp_of(packet: av.Packet[Any]) -> int | None:
    """When the packet is shown by its camera's clock, as far as that is said."""
    return packet.pts if packet.pts is not None else packet.dts


def stamped(packets: Iterable[av.Packet[Any]], step: int) -> Iterator[av.Packet[Any]]:
    """The packets, those before the first timestamp with one: of RTSP the first picture often comes without."""
    held: list[av.Packet[Any]] = []
    for packet in packets:
        stamp = stamp_of(packet)
        if stamp is None:
            held.append(packet)
            del held[:-MOST_HELD]
            continue
        for back, earlier in enumerate(reversed(held), 1):
            earlier.pts = earlier.dts = stamp - back * step
        yield from held
        held = []
        yield packet


def _joined(one: av.Packet[Any], other: av.Packet[Any]) -> av.Packet[Any]:
    """Two packets of one picture as one: some cameras send a key picture's slices in parts."""
    both = av.Packet(bytes(one) + bytes(other))
    both.pts, both.dts, both.time_base = one.pts, one.dts, one.time_base
    both.stream, both.is_keyframe = one.stream, one.is_keyframe or other.is_keyframe
    return both


class Eye:
    """Sends the looks among a camera's pictures, all of one size: a camera that changes its own does not change ours."""

    def __init__(self, args: dict[str, Any], out: Sender) -> None:
        self._size = (int(args["width"]), int(args["height"]))
        self._scale = float(args["scale"])
        self._sampler = Sampler(args["looks_per_s"], args["idle_looks_per_s"], args["fps"])
        self._gate = Gate()
        self._out = out

    def see(self, frame: av.VideoFrame, at: Micros) -> None:
        """Gates one picture, and sends it if it is to be looked at."""
        if not self._sampler.due(at):
            return
        shown = AvPicture(at, frame)
        change = self._gate.see(shown.grey(SIDE), at)
        verdict = self._sampler.decide(at, change.moved > 0 or change.cut)
        if verdict is Verdict.SKIP:
            return
        head = {"at": at, "moved": round(change.moved, 6), "cut": change.cut}
        if verdict is Verdict.QUIET:
            self._out.send("look", **head)
            return
        self._gate.keep()
        pixels = shown.picture(self._size)
        self._out.send("look", pixels.data.cast("B"), shape=pixels.shape, scale=self._scale, **head)
