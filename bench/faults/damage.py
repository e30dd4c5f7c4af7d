"""Small healthy videos of every usual container, and what is done to them: seeded, so that every damaged file comes again."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SECONDS, RATE, SIZE = 2, 10, (64, 48)
KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "index_last.mp4": ("libx264", "yuv420p", {"bf": "2"}),
    "index_first.mp4": ("libx264", "yuv420p", {"movflags": "+faststart"}),
    "fragmented.mp4": ("libx264", "yuv420p", {"movflags": "+frag_keyframe+empty_moov"}),
    "hevc.mp4": ("libx265", "yuv420p", {"x265-params": "log-level=error"}),
    "pictures.mov": ("mjpeg", "yuvj420p", {}),
    "plain.mkv": ("libx264", "yuv420p", {"bf": "2"}),
    "plain.webm": ("libvpx-vp9", "yuv420p", {"cpu-used": "8", "deadline": "realtime"}),
    "plain.avi": ("mpeg4", "yuv420p", {}),
    "plain.ts": ("libx264", "yuv420p", {}),
    "plain.flv": ("flv", "yuv420p", {}),
    "raw.h264": ("libx264", "yuv420p", {}),
}
"""Name → codec, pixel format, options of container (`movflags`) and encoder."""

EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
BOXES = b"ftyp moov mvhd trak tkhd edts elst mdia mdhd hdlr minf stbl stsd stts ctts stsc stsz stco co64 stss avcC moof traf tfhd trun mdat".split()


def healthy(folder: Path) -> dict[str, bytes]:
    """The bytes of one healthy video of each kind that this machine's libav can write."""
    out = {}
    for name, (codec, pixels, options) in KINDS.items():
        path = folder / name
        mux = {name: value for name, value in options.items() if name == "movflags"}
        encode = {name: value for name, value in options.items() if name not in mux}
        with av.open(str(path), "w", options=mux) as container:
            stream = container.add_stream(codec, rate=Fraction(RATE), options=encode)
            stream.width, stream.height = SIZE
            stream.pix_fmt = pixels
            for number in range(SECONDS * RATE):
                picture = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
                left = number * 2 % (SIZE[0] - 12)
                picture[10:30, left : left + 12] = (220, 40, 40)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        out[name] = path.read_bytes()
    return out


def flip(data: bytearray, draw: random.Random) -> None:
    """A few bits are turned over."""
    for _ in range(draw.choice((1, 4, 16, 64, 256))):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def flip_head(data: bytearray, draw: random.Random) -> None:
    """The same where the container says what is in it."""
    for _ in range(draw.choice((1, 4, 16))):
        data[draw.randrange(min(len(data), 1024))] ^= 1 << draw.randrange(8)


def cut(data: bytearray, draw: random.Random) -> None:
    """The rest is missing."""
    del data[draw.randrange(1, len(data)) :]


def hole(data: bytearray, draw: random.Random) -> None:
    """A stretch is missing, as after a lost packet."""
    start = draw.randrange(len(data))
    del data[start : start + draw.randrange(1, 2048)]


def blank(data: bytearray, draw: random.Random) -> None:
    """A stretch is empty, or noise, as on a worn disk."""
    start = draw.randrange(len(data))
    length = min(len(data) - start, draw.choice((16, 512, 4096)))
    data[start : start + length] = draw.randbytes(length) if draw.random() < 0.5 else bytes(length)


def twice(data: bytearray, draw: random.Random) -> None:
    """A stretch stands in the file twice."""
    start = draw.randrange(len(data))
    part = data[start : start + draw.randrange(1, 4096)]
    data[start:start] = part


def number(data: bytearray, draw: random.Random) -> None:
    """A number somewhere is as large or small as can be."""
    width = draw.choice((2, 4, 8))
    at = draw.randrange(max(1, len(data) - width))
    data[at : at + width] = (draw.choice(EXTREMES) & (1 << 8 * width) - 1).to_bytes(
        width, draw.choice(("big", "little"))
    )


def box(data: bytearray, draw: random.Random) -> None:
    """A box of an MP4 lies about its length, its kind or a number in it; elsewhere as `number`."""
    places = [at for kind in BOXES if (at := bytes(data).find(kind)) >= 4]
    if not places:
        number(data, draw)
        return
    at = draw.choice(places)
    match draw.randrange(3):
        case 0:
            data[at - 4 : at] = draw.choice(EXTREMES).to_bytes(4, "big")
        case 1:
            data[at : at + 4] = draw.choice(BOXES)
        case _:
            field = at + 4 + 4 * draw.randrange(12)
            data[field : field + 4] = draw.choice(EXTREMES).to_bytes(4, "big")


DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flip, flip_head, cut, hole, blank, twice, number, box, box, box
)  # fmt: skip


def damaged(seed: int, healthy: dict[str, bytes]) -> tuple[str, bytes]:
    """The damaged file of a seed: its name and its bytes."""
    draw = random.Random(f"damage {seed}")
    name = draw.choice(sorted(healthy))
    data = bytearray(healthy[name])
    done = [draw.choice(DAMAGES) for _ in range(draw.choice((1, 1, 2)))]
    for damage in done:
        if data:
            damage(data, draw)
    words = "-".join(damage.__name__ for damage in done)
    stem, _, ending = name.partition(".")
    return f"{seed:05d}-{stem}-{words}.{ending}", bytes(data)
