"""Ways to get the pictures shown at given moments: ours, and the best peers', each as its own documentation does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from ingest.decode.pyav import PyavDecoder
from ingest.decode.tasks import shown_at

SIZE = (640, 360)
"""What every reader gives, in RGB: the size of a look."""
THREADS = 2

Picture = npt.NDArray[np.uint8]
Reader = Callable[[Path, Sequence[Micros]], list[Picture]]


def ours(path: Path, asked: Sequence[Micros]) -> list[Picture]:
    """The decoder as the decoding child uses it."""
    return [shown.picture(SIZE) for _, shown in shown_at(PyavDecoder(str(path)), list(asked))]


def plain_pyav(path: Path, asked: Sequence[Micros]) -> list[Picture]:
    """PyAV as its cookbook does it: a seek to the key picture before each moment, then decoding on to it; where the moments
    lie close together, decoding through.
    """
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = THREADS
        base = stream.time_base or Fraction(1, 1000)
        first = stream.start_time or 0
        out: list[Picture] = []
        if len(asked) > 1 and asked[1] - asked[0] < SECOND:
            frames, at = container.decode(stream), 0
            held: Any = next(frames)
            for frame in frames:
                while at < len(asked) and frame.pts > first + asked[at] / SECOND / base:
                    out.append(_rgb(held))
                    at += 1
                held = frame
            return out + [_rgb(held) for _ in asked[at:]]
        for moment in asked:
            wanted = first + int(moment / SECOND / base)
            container.seek(wanted, stream=stream, backward=True)
            held = None
            for frame in container.decode(stream):
                if frame.pts > wanted and held is not None:
                    break
                held = frame
            out.append(_rgb(held))
        return out


def _rgb(frame: Any) -> Picture:
    return np.asarray(frame.reformat(*SIZE, "rgb24", interpolation="AREA").to_ndarray(), dtype=np.uint8)


def opencv(path: Path, asked: Sequence[Micros]) -> list[Picture]:
    """OpenCV: grabbing through and retrieving what is wanted; a seek by time where moments are far apart."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, THREADS])
    out: list[Picture] = []
    try:
        if len(asked) > 1 and asked[1] - asked[0] >= SECOND:
            for moment in asked:
                capture.set(cv2.CAP_PROP_POS_MSEC, moment / 1000)
                out.append(_shrunk(capture.read()[1]))
            return out
        held: Any = None
        at = 0
        while at < len(asked) and capture.grab():
            moment = round(capture.get(cv2.CAP_PROP_POS_MSEC) * 1000)
            while at < len(asked) and moment > asked[at] + 500:
                out.append(_shrunk(held))
                at += 1
            if at < len(asked) and moment + SECOND > asked[at]:
                held = capture.retrieve()[1]
        return out + [_shrunk(held) for _ in asked[at:]]
    finally:
        capture.release()


def _shrunk(picture: Any) -> Picture:
    small = cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def decord(path: Path, asked: Sequence[Micros]) -> list[Picture]:
    """decord2: the numbers of the frames from its own timestamps, then all in one batch."""
    import decord

    reader = decord.VideoReader(str(path), width=SIZE[0], height=SIZE[1], num_threads=THREADS)
    starts = reader.get_frame_timestamp(list(range(len(reader))))[:, 0]
    moments = np.asarray(asked) / SECOND + starts[0]
    numbers = np.maximum(0, np.searchsorted(starts, moments + 5e-4, side="right") - 1)
    return list(np.asarray(reader.get_batch(numbers).asnumpy(), dtype=np.uint8))


def torchcodec(path: Path, asked: Sequence[Micros]) -> list[Picture]:
    """Torchcodec in its exact mode, which reads the file through first, and scales as it decodes."""
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize

    decoder = VideoDecoder(
        str(path), num_ffmpeg_threads=THREADS, dimension_order="NHWC", transforms=[Resize(SIZE[::-1])]
    )
    first = decoder.metadata.begin_stream_seconds or 0.0
    batch = decoder.get_frames_played_at([first + at / SECOND + 5e-4 for at in asked])
    return list(np.asarray(batch.data.numpy(), dtype=np.uint8))


PEERS: dict[str, tuple[Reader, str, str]] = {
    "PyAV": (plain_pyav, "av", "av"),
    "OpenCV": (opencv, "cv2", "opencv-python-headless"),
    "decord2": (decord, "decord", "decord2"),
    "torchcodec": (torchcodec, "torchcodec", "torchcodec"),
}
"""Peer → how it reads, its module, and the package whose version is told."""


def present() -> dict[str, Reader]:
    """The peers that are installed, with their versions in their names."""
    out: dict[str, Reader] = {}
    for name, (reader, module, package) in PEERS.items():
        if find_spec(module) is None:
            continue
        try:
            out[f"{name} {version(package)}"] = reader
        except PackageNotFoundError:
            out[name] = reader
    return out


def absent() -> list[str]:
    """The peers that are not installed."""
    return [name for name, (_, module, _package) in PEERS.items() if find_spec(module) is None]
