"""Reads a folder of numbered pictures with OpenCV as if they were a video: one picture after the other, each with its moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np

from core.clock import SECOND, Micros
from core.errors import BadMedia
from core.media import Footage
from core.ports import Wanted
from ingest.decode.container import check_size
from ingest.decode.picture import PlainPicture
from ingest.folder import folder_source, pictures_in

READING = "check that the picture opens elsewhere, or take it out of the folder"


class ImagesDecoder:
    """A folder of pictures as one source, in the order of the numbers in their names. `tick` is called for every picture.

    Its clock is the rate given in the source (`images:FOLDER?fps=10`) or, without one, the times at which the files were
    last written. Raises `BadMedia` where there is no picture, or the files' times do not follow their numbers.
    """

    def __init__(self, source: str, *, tick: Callable[[], None] = lambda: None) -> None:
        folder, fps = folder_source(source)
        self._tick = tick
        self._files = pictures_in(folder)
        if not self._files:
            raise BadMedia(
                f"there are no pictures in {folder.name!r}",
                next_step="give a folder of numbered JPEG, PNG, BMP, TIFF or WebP files",
                stage="source",
            )
        self._began: datetime | None = None
        if fps:
            self._moments = [round(n * SECOND / fps) for n in range(len(self._files))]
        else:
            self._moments = self._by_time()
        self._fps = fps or self._usual_rate()
        self._broken = ""

    def _by_time(self) -> list[Micros]:
        times = [file.stat().st_mtime_ns // 1000 for file in self._files]
        wrong = next((n for n in range(1, len(times)) if times[n] <= times[n - 1]), None)
        if wrong is not None:
            raise BadMedia(
                f"{self._files[wrong].name} was written no later than {self._files[wrong - 1].name}: their times are no clock",
                next_step="say how many pictures a second they are: images:FOLDER?fps=10",
                stage="source",
            )
        self._began = datetime.fromtimestamp(times[0] / SECOND, UTC)
        return [at - times[0] for at in times]

    def _usual_rate(self) -> float:
        if len(self._moments) < 2:
            return 0.0
        return float(SECOND / np.median(np.diff(self._moments)))

    @property
    def footage(self) -> Footage:
        """What the folder says: its length is that of its pictures."""
        return Footage(
            codec=self._files[0].suffix.lower().lstrip("."),
            fps=self._fps,
            declared=self.length(),
            sure_of_end=True,
            recorded_at=self._began,
        )

    @property
    def broken(self) -> str:
        """Nothing: a picture that cannot be read is left out."""
        return self._broken

    def length(self) -> Micros:
        """To the end of the last picture, which is shown as long as usual."""
        return self._moments[-1] + round(SECOND / (self._fps or 25.0))

    def moments(self) -> Iterator[Micros]:
        """The moment of every picture."""
        return iter(self._moments)

    def pictures(self, start: Micros = 0, wanted: Wanted | None = None, /) -> Iterator[PlainPicture]:
        """The pictures in order, from the one shown at `start`; those that nobody wants are not opened."""
        first = max(0, bisect_right(self._moments, start) - 1)
        for place in range(first, len(self._files)):
            self._tick()
            before = self._moments[place - 1] if place else None
            after = self._moments[place + 1] if place + 1 < len(self._files) else None
            if wanted is not None and place > first and not wanted.wants(before, self._moments[place], after):
                continue
            picture = self._read(place)
            if picture is not None:
                yield picture

    def keys(self, start: Micros = 0, /) -> Iterator[PlainPicture]:
        """Every picture: none needs another."""
        return self.pictures(start)

    def _read(self, place: int) -> PlainPicture | None:
        import cv2

        try:
            pixels = cv2.imread(str(self._files[place]), cv2.IMREAD_COLOR)
        except cv2.error:
            pixels = None
        if pixels is None:
            return None
        check_size(pixels.shape[1], pixels.shape[0])
        return PlainPicture(self._moments[place], np.asarray(pixels, dtype=np.uint8), blue_first=True)
