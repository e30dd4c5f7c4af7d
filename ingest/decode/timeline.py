"""Where each decoded picture stands in time: presentation timestamps made into microseconds from 0 that only grow."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

from core.clock import SECOND, Micros

BREAK: Micros = SECOND
"""A step back longer than this is a new clock (a camera that restarted), not a picture out of order."""

LEAP: Micros = 3600 * SECOND
"""A step forward longer than this, past what the file says it lasts, is a broken timestamp."""


class Timeline:
    """The clock of one stream: turns timestamps into moments.

    The first timestamp is moment 0 unless `origin` says otherwise. A repeated or slightly earlier timestamp gives
    None: that picture is shown at no moment of its own. Where the clock jumps back, or far past `declared`, time goes
    on by one `interval`. `untimed` counts pictures without a timestamp; they follow one `interval` after the last.
    """

    def __init__(
        self, time_base: Fraction, interval: Micros, *, origin: int | None = None, declared: Micros = 0
    ) -> None:
        self._num, self._den = time_base.numerator * SECOND, time_base.denominator
        self._interval = max(1, interval)
        self._declared = declared
        self._shift: Micros = 0
        self.origin = origin
        self.last: Micros | None = None
        self.untimed = 0
        self.breaks = 0

    def exact(self, pts: int) -> Micros:
        """The moment of a timestamp by the origin alone, rounded to the nearest microsecond."""
        return ((pts - (self.origin or 0)) * self._num + self._den // 2) // self._den

    def pts(self, at: Micros) -> int:
        """The timestamp at or right before a moment."""
        return (self.origin or 0) + at * self._den // self._num

    def place(self, pts: int | None) -> Micros | None:
        """The moment of the next picture, or None where it is shown at no moment of its own."""
        if pts is None:
            self.untimed += 1
            return self._keep(0 if self.last is None else self.last + self._interval)
        if self.origin is None:
            self.origin = pts
        at = self.exact(pts) + self._shift
        if self.last is None:
            return self._keep(max(0, at))
        broken = at < self.last - BREAK or at > max(self.last, self._declared) + LEAP
        if broken:
            self.breaks += 1
            self._shift += self.last + self._interval - at
            return self._keep(self.last + self._interval)
        return self._keep(at) if at > self.last else None

    def _keep(self, at: Micros) -> Micros:
        self.last = at
        return at


class Stamped(Protocol):
    """Anything with a presentation timestamp."""

    @property
    def pts(self) -> int | None:
        """The timestamp in the stream's time base, if there is one."""


Item = TypeVar("Item", bound=Stamped)


class Reorder(Generic[Item]):
    """Puts pictures back into the order in which they are shown.

    Decoders do that themselves, except where a file does not say how far its pictures are out of order: then they come
    as stored. Holding back `depth` pictures costs nothing and mends that.
    """

    def __init__(self, depth: int, gap: int) -> None:
        self._depth = depth
        self._gap = gap
        self._heap: list[tuple[int, int, Item]] = []
        self._count = 0
        self._high: int | None = None

    def push(self, item: Item) -> Iterator[Item]:
        """Takes a picture in; gives those whose turn has come. A timestamp more than `gap` back starts anew."""
        if item.pts is None or (self._high is not None and item.pts < self._high - self._gap):
            yield from self.rest()
        if item.pts is None:
            yield item
            return
        self._count += 1
        self._high = item.pts if self._high is None else max(self._high, item.pts)
        heapq.heappush(self._heap, (item.pts, self._count, item))
        if len(self._heap) > self._depth:
            yield heapq.heappop(self._heap)[2]

    def rest(self) -> Iterator[Item]:
        """All that is still held back, in order."""
        while self._heap:
            yield heapq.heappop(self._heap)[2]
        self._high = None


def in_order(items: Iterable[Item], *, depth: int = 4, gap: int) -> Iterator[Item]:
    """The items in the order in which they are shown; see `Reorder`."""
    held: Reorder[Item] = Reorder(depth, gap)
    for item in items:
        yield from held.push(item)
    yield from held.rest()
