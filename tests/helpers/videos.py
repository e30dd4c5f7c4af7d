"""Small videos rendered for tests, with known content and exact timestamps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

Rgb = npt.NDArray[np.uint8]
Paint = Callable[[float, Rgb], None]
"""Draws onto the background what there is to see at a time in seconds."""

TICKS = 90_000


def background(width: int, height: int, *, seed: int = 7) -> Rgb:
    """A still scene with soft texture."""
    coarse = np.random.default_rng(seed).integers(
        90, 170, (height // 16 + 2, width // 16 + 2), dtype=np.uint8
    )
    grey = np.kron(coarse, np.ones((16, 16), np.uint8))[:height, :width]
    return np.repeat(grey[:, :, None], 3, axis=2)


def walker(at: float, picture: Rgb) -> None:
    """A red thing as tall as a third of the picture walks to and fro, once across in four seconds."""
    height, width = picture.shape[:2]
    phase = at / 4 % 2
    share = phase if phase <= 1 else 2 - phase
    tall, wide = height // 3, max(4, width // 16)
    x, y = round(share * (width - wide)), height // 2
    picture[y : y + tall, x : x + wide] = (200, 30, 30)


def nothing(_at: float, _picture: Rgb) -> None:
    """The scene without anything in it."""


def write_video(
    path: Path,
    *,
    seconds: float = 4.0,
    fps: float = 15.0,
    size: tuple[int, int] = (320, 240),
    paint: Paint = walker,
    codec: str = "libx264",
    times: Sequence[float] | None = None,
    key_every: int = 30,
    faststart: bool = False,
) -> Path:
    """Writes a video of the painted scene and returns its path; `times` (in seconds) replaces the even rate.

    `faststart` writes an MP4's index first, so that a copy cut short still plays.
    """
    moments = [n / fps for n in range(round(seconds * fps))] if times is None else list(times)
    scene = background(*size)
    flags = {"movflags": "+faststart"} if faststart and path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=flags) as container:
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = key_every
        stream.options = {"preset": "ultrafast"} if codec == "libx264" else {}
        if codec == "libx264":
            stream.codec_context.time_base = Fraction(1, TICKS)
        base = stream.codec_context.time_base or Fraction(1, round(fps))
        for at in moments:
            picture = scene.copy()
            paint(at, picture)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(at / base), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turned(path: Path, target: Path) -> Path:
    """A copy of an MP4 that says it is to be shown a quarter turn clockwise, as telephones held upright write it."""
    data = bytearray(path.read_bytes())
    one, zero = (1 << 16).to_bytes(4, "big"), bytes(4)
    minus, last = (-(1 << 16)).to_bytes(4, "big", signed=True), (1 << 30).to_bytes(4, "big")
    plain = b"".join((one, zero, zero, zero, one, zero, zero, zero, last))
    clockwise = b"".join((zero, one, zero, minus, zero, zero, zero, zero, last))
    header = data.index(b"tkhd")
    at = data.index(plain, header)
    data[at : at + len(plain)] = clockwise
    target.write_bytes(data)
    return target
