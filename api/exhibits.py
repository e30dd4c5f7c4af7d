"""What is to be inspected, as people name it: a picture file, a moment of a video or stream, a stretch of one."""

from __future__ import annotations

import base64
import binascii
import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from api.find import stream_named
from core.clock import Micros, Span, micros
from core.errors import Invalid
from core.inspection import Exhibit
from core.media import Picture, Stream
from core.ports import House
from core.settings import Settings

LARGEST_SIDE = 16384
SPREAD = 8
"""Pictures shown of a stretch."""
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})

_WHEN = re.compile(r"^(?P<what>.+)@(?P<start>\d+(?:\.\d+)?)(?:-(?P<end>\d+(?:\.\d+)?))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where pictures are: a file or a stream, and which moment or stretch of it."""

    what: str
    start: Micros | None = None
    end: Micros | None = None

    @classmethod
    def of(cls, text: str) -> Place:
        """`PICTURE`, `WHAT@SECONDS` or `WHAT@FROM-TO`. Raises `Invalid` for a stretch that ends before it begins."""
        match = _WHEN.match(text)
        if match is None:
            return cls(what=text)
        start = micros(float(match["start"]))
        end = micros(float(match["end"])) if match["end"] else None
        if end is not None and end <= start:
            raise Invalid(f"the stretch {text!r} is empty", next_step="write it as WHAT@FROM-TO, in seconds")
        return cls(what=match["what"], start=start, end=end)


def exhibits_of(texts: list[str], house: House, settings: Settings) -> list[Exhibit]:
    """The pictures that are named, in order. Raises `Invalid` or `NotFound` for what is neither a file nor a stream."""
    return [exhibit for text in texts for exhibit in _of(Place.of(text), house, settings)]


def _of(place: Place, house: House, settings: Settings) -> list[Exhibit]:
    path = Path(place.what)
    if path.is_file():
        return _of_file(path, place, settings)
    return of_stream(stream_named(house.ledger, place.what), place, house)


def _of_file(path: Path, place: Place, settings: Settings) -> list[Exhibit]:
    if path.suffix.lower() in PICTURES:
        return [Exhibit(name=path.name, picture=opened(path.read_bytes()))]
    from ingest.source import probe
    from ingest.stills import stills

    length = probe(str(path), max_hours=settings.max_hours).duration
    moments = _moments(place, length)
    return [Exhibit(name=path.name, picture=f.picture, at=f.at) for f in stills(str(path), moments, settings)]


def of_stream(stream: Stream, place: Place, house: House) -> list[Exhibit]:
    """The pictures of a stream's moment, or spread over a stretch of it or over all of it."""
    if place.start is not None and stream.duration and place.start >= stream.duration:
        raise Invalid(
            f"{stream.name!r} is over by then: it lasts {stream.duration / 1e6:.1f} s",
            next_step="name an earlier moment",
        )
    found = house.frames.frames_at(stream.id, _moments(place, stream.duration))
    return [Exhibit(name=stream.name, picture=f.picture, stream=stream.id, at=f.at) for f in found]


def span_of(stream: Stream, place: Place) -> Span:
    """The stretch of the stream that is named: all of it where none is."""
    end = place.end if place.end is not None else max(stream.duration, (place.start or 0) + 1)
    return Span(place.start or 0, end)


def _moments(place: Place, length: Micros) -> list[Micros]:
    """The one moment, or moments spread over the stretch."""
    if place.start is not None and place.end is None:
        return [place.start]
    start, end = place.start or 0, place.end or max(length, 1)
    step = (end - start) // SPREAD
    return [start + step // 2 + n * step for n in range(SPREAD)] if step else [start]


def opened(data: bytes) -> Picture:
    """The bytes of a picture file as RGB, upright. Raises `Invalid` for what is none, or too large."""
    try:
        with Image.open(io.BytesIO(data)) as found:
            if max(found.size) > LARGEST_SIDE:
                raise Invalid(
                    "a picture is too large", next_step=f"send at most {LARGEST_SIDE} pixels a side"
                )
            upright = ImageOps.exif_transpose(found)
            return np.asarray(upright.convert("RGB"), dtype=np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise Invalid(
            "a picture cannot be read", next_step="give JPEG or PNG; a video by WHAT@SECONDS"
        ) from error


def of_data_url(url: str) -> Picture:
    """A base64 data URL as a picture. Raises `Invalid`."""
    head, _, body = url.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        raise Invalid("a picture must be sent as a base64 data URL", next_step="data:image/jpeg;base64,…")
    try:
        data = base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise Invalid("a picture cannot be read", next_step="send JPEG or PNG, base64-encoded") from error
    return opened(data)
