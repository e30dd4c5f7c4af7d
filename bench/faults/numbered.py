"""Pictures that say which they are, so that it can be told whether any was lost or came twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.rtsp import write_units
from core.clock import Micros
from core.ids import StreamId
from core.media import Stream
from core.ports import House
from core.settings import Settings
from ingest.camera.recorded import RecordedDecoder
from ingest.camera.recording import opened, recorded
from ingest.decode.picture import AvPicture

BITS = 10
COUNT = 600
"""Pictures before the numbers begin again: a minute's."""


def write_numbered(folder: Path, size: tuple[int, int], *, fps: float = 10.0, key_every: int = 10) -> Path:
    """The access units of a minute of numbered pictures of that size, in which something walks to and fro."""
    from fractions import Fraction

    import av

    video, units = folder / f"{size[0]}.mp4", folder / f"{size[0]}.units"
    width, height = size
    scene = np.random.default_rng(3).integers(90, 150, (height // 8, width // 8), dtype=np.uint8)
    still = np.repeat(np.kron(scene, np.ones((8, 8), np.uint8))[:, :, None], 3, axis=2)
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(100))
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = width, height, "yuv420p", key_every
        stream.options = {
            "preset": "veryfast",
            "bf": "0",
            "x264-params": "slices=1:sliced-threads=0:scenecut=0",
        }
        for n in range(COUNT):
            picture = still.copy()
            phase = abs((n % 80) / 40 - 1)
            x = round(phase * (width - width // 10))
            picture[height // 2 : height * 3 // 4, x : x + width // 16] = (200, 40, 40)
            _write_number(picture, n)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return write_units(video, units)


def _write_number(picture: np.ndarray, number: int) -> None:
    high, wide = picture.shape[0] // 10, picture.shape[1] // BITS
    for bit in range(BITS):
        picture[:high, bit * wide : (bit + 1) * wide] = 235 if number >> bit & 1 else 16


def number_in(picture: np.ndarray) -> int:
    """Which picture it is."""
    high, wide = picture.shape[0] // 10, picture.shape[1] // BITS
    return sum(
        (
            picture[high // 4 : high * 3 // 4, bit * wide + wide // 4 : (bit + 1) * wide - wide // 4].mean()
            > 125
        )
        << bit
        for bit in range(BITS)
    )


def recorded_numbers(stream: StreamId, house: House, settings: Settings) -> Iterator[tuple[Micros, int]]:
    """Every picture of the stream's recording: when, and which."""
    row = house.ledger.get(Stream, stream)
    span = recorded(house.media, stream).span
    if row is None or span is None:
        return
    with opened(row, [span], house.media) as source:
        for shown in RecordedDecoder(source).pictures():
            assert isinstance(shown, AvPicture)
            yield shown.at, number_in(shown.picture())


def files_of(source: str) -> list[tuple[str, Micros]]:
    """The files a recording's source names."""
    return [(path, start) for path, start in json.loads(source.partition(":")[2])]
