"""Pictures of a recording, out of the segments it was kept in. Runs inside the decoding child only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from core.clock import Micros
from core.errors import BadMedia
from core.media import Footage
from core.ports import Decoded, Wanted
from ingest.decode.choice import SEGMENTS
from ingest.decode.picture import AvPicture
from ingest.decode.pyav import PyavDecoder


class RecordedDecoder:
    """A `Decoder` over segments, on their stream's clock. Between two of them the last picture stays."""

    def __init__(self, source: str, *, tick: Callable[[], None] = lambda: None) -> None:
        self._parts: list[tuple[str, Micros]] = [
            (str(path), int(start)) for path, start in json.loads(source.removeprefix(SEGMENTS))
        ]
        self._tick = tick
        if not self._parts:
            raise BadMedia("the recording holds no segment", stage="source")
        self._first = PyavDecoder(self._parts[0][0], tick=tick)
        self.broken = ""

    @property
    def footage(self) -> Footage:
        """What its first segment says; how long it is, it does not say."""
        return replace(self._first.footage, declared=0, sure_of_end=False)

    def length(self) -> Micros:
        """When the last segment ends."""
        path, start = self._parts[-1]
        return start + PyavDecoder(path, tick=self._tick).length()

    def moments(self) -> Iterator[Micros]:
        """The moment of every picture."""
        for path, start in self._parts:
            for at in PyavDecoder(path, tick=self._tick).moments():
                yield start + at

    def pictures(self, start: Micros = 0, wanted: Wanted | None = None, /) -> Iterator[Decoded]:
        """The pictures in order, from one shown at or before `start`; segments without a wanted one are not opened."""
        for path, began, until in self._from(start):
            if wanted is not None and until is not None:
                soonest = wanted.next(max(began, start) - 1)
                if soonest is not None and soonest >= until:
                    continue
            decoder = PyavDecoder(path, tick=self._tick)
            inside = None if wanted is None else _Within(wanted, began)
            yield from self._shifted(decoder.pictures(max(0, start - began), inside), began)
            self.broken = self.broken or decoder.broken

    def keys(self, start: Micros = 0, /) -> Iterator[Decoded]:
        """The key pictures alone."""
        for path, began, _ in self._from(start):
            decoder = PyavDecoder(path, tick=self._tick)
            yield from self._shifted(decoder.keys(max(0, start - began)), began)

    def _from(self, start: Micros) -> Iterator[tuple[str, Micros, Micros | None]]:
        """The segments that show `start` and what comes after: file, first moment, and that of the next one."""
        nexts = [*(began for _, began in self._parts[1:]), None]
        for (path, began), until in zip(self._parts, nexts, strict=True):
            if until is None or until > start:
                yield path, began, until

    @staticmethod
    def _shifted(pictures: Iterator[Decoded], by: Micros) -> Iterator[Decoded]:
        for shown in pictures:
            assert isinstance(shown, AvPicture)  # noqa: S101 - PyAV's decoder gives no other
            yield AvPicture(shown.at + by, shown.frame, shown.timed)


@dataclass(frozen=True, slots=True)
class _Within:
    """What is wanted of one segment, on its own clock."""

    wanted: Wanted
    began: Micros

    def wants(self, before: Micros | None, at: Micros, after: Micros | None, /) -> bool:
        """Whether the picture is wanted."""

        def there(moment: Micros | None) -> Micros | None:
            return None if moment is None else moment + self.began

        return self.wanted.wants(there(before), at + self.began, there(after))

    def next(self, at: Micros, /) -> Micros | None:
        """The next wanted moment."""
        found = self.wanted.next(at + self.began)
        return None if found is None else max(0, found - self.began)
