"""Decodes a file with decord (its kept fork decord2), for those who have it: the extra `decord`.

decord shows other pictures than it was asked for once it has sought or skipped into an open group of pictures, takes the
timestamps of stored packets for moments, and knows no edit list. So decord only decodes, one picture after the other; which
there are and when each is shown says the file's own index, read by PyAV. A file whose pictures decord counts otherwise is
refused, and so is a container in which it loses some. It costs what decoding everything costs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from core.clock import Micros
from core.errors import BadMedia, Unavailable
from core.media import Footage, Picture
from core.ports import Decoded, Wanted
from ingest.decode.picture import PlainPicture
from ingest.decode.pyav import THREADS, PyavDecoder

CONTAINERS = frozenset({"mov", "matroska", "avi"})
"""Containers whose pictures decord gives one after the other as they are; of MPEG-TS it loses the first."""
ANY = 1e-9
"""Share of pictures decord may make up for damaged ones before it says so: none."""
OTHERWISE = "unset SIGHTLINE_DECODER: PyAV reads it"


class DecordDecoder:
    """One opened file. `tick` is called for every picture: a sign of life.

    Raises `BadMedia` for a file that decord would read wrongly, and what `PyavDecoder` raises.
    """

    def __init__(self, source: str, *, tick: Callable[[], None] = lambda: None) -> None:
        self._source, self._tick = source, tick
        self._index = PyavDecoder(source, tick=tick)
        self._broken = ""
        if "://" in source or not self._index.formats & CONTAINERS:
            raise BadMedia(
                "decord reads files in MP4, MOV, Matroska, WebM and AVI alone without mistakes",
                next_step=OTHERWISE,
                stage="source",
            )
        self._moments = list(self._index.moments())
        self._first = self._read_first()

    @property
    def footage(self) -> Footage:
        """What the file says of itself."""
        return self._index.footage

    @property
    def broken(self) -> str:
        """Why reading had to stop early, in words; empty where it did not."""
        return self._broken or self._index.broken

    def length(self) -> Micros:
        """How long the pictures last."""
        return self._index.length()

    def moments(self) -> Iterator[Micros]:
        """The moment of every picture, by the file's own index."""
        return iter(self._moments)

    def pictures(self, start: Micros = 0, wanted: Wanted | None = None, /) -> Iterator[PlainPicture]:
        """The pictures in order, from the one shown at `start`; all are decoded, those that nobody wants not copied."""
        reader = self._reader()
        first = max(0, bisect_right(self._moments, start) - 1)
        for place, at in enumerate(self._moments):
            self._tick()
            shown = self._next(reader)
            if shown is None:
                return
            if place < first or (place and at == self._moments[place - 1]):
                continue  # the latter is shown at no moment of its own
            if wanted is None or place == first or self._is_wanted(place, wanted):
                yield PlainPicture(at, three_channels(np.asarray(shown.asnumpy(), dtype=np.uint8)))

    def keys(self, start: Micros = 0, /) -> Iterator[Decoded]:
        """The key pictures, by PyAV: decord would have to decode everything for them."""
        return self._index.keys(start)

    def _is_wanted(self, place: int, wanted: Wanted) -> bool:
        moments = self._moments
        before = moments[place - 1] if place else None
        after = moments[place + 1] if place + 1 < len(moments) else None
        return wanted.wants(before, moments[place], after)

    def _reader(self) -> Any:
        """A reader at the beginning of the file."""
        reader, self._first = self._first, None
        return reader or self._read_first()

    def _read_first(self) -> Any:
        try:
            import decord
        except ImportError as error:
            raise Unavailable(
                f"decord cannot be loaded: {error}", next_step="install it: `pip install 'sightline[decord]'`"
            ) from error
        decord.logging.set_level(decord.logging.QUIET)
        try:
            reader = decord.VideoReader(self._source, num_threads=THREADS, fault_tol=ANY)
        except (decord.DECORDError, RuntimeError, AssertionError) as error:
            raise BadMedia(
                f"decord cannot open the file: {_short(error)}", next_step=OTHERWISE, stage="source"
            ) from error
        if len(reader) != len(self._moments):
            raise BadMedia(
                f"decord counts {len(reader)} pictures where the file shows {len(self._moments)}",
                next_step=OTHERWISE,
                stage="source",
            )
        return reader

    def _next(self, reader: Any) -> Any:
        """The next picture, in decord's hands; None where it can read no further."""
        import decord

        try:
            return reader.next()
        except StopIteration:
            return None
        except (decord.DECORDError, RuntimeError) as error:
            self._broken = f"decord: {_short(error)}"
            return None


def three_channels(pixels: Picture) -> Picture:
    """A picture as decord gives it, H × W × 3. Where a row is padded to a multiple of the width, which for small pictures
    hangs on the processor, decord counts the padding for channels: the row is whole and its end is nothing.
    """
    height, width, channels = pixels.shape
    if channels == 3:
        return pixels
    return np.ascontiguousarray(pixels.reshape(height, -1)[:, : 3 * width]).reshape(height, width, 3)


def _short(error: Exception) -> str:
    """The last thing decord says, without the place in its code and the path in ours."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0].rpartition("] ")[2] or type(error).__name__)[:200] if lines else type(error).__name__
