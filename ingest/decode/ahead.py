"""Which packets of a file need to be decoded: it reads a little ahead, and holds packets back until a wanted picture needs
them. What nobody needs is never decoded: the rest of a group of pictures after the last wanted one, whole groups without
one, and pictures that no other refers to.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import av
from av.video.stream import VideoStream

from core.clock import Micros
from core.ports import Wanted

Packet: TypeAlias = "av.Packet[VideoStream]"

AHEAD = 16
"""Packets read ahead, so that the neighbours of a picture in time are known: H.264 and HEVC put them out of order by 16 at
most."""
REMEMBERED = 64
"""Timestamps kept of packets read: a picture's neighbours may have been read as long before as after it."""
MOST_PACKETS, MOST_BYTES = 900, 64 << 20
"""Packets held back at most, and their bytes: a group of pictures may be as long as the file."""


class Order(NamedTuple):
    """What the decoder is to do next: decode this packet, whose picture is `needed` or only helps to make others; without
    a packet, to give all it still holds and begin anew.
    """

    packet: Packet | None
    needed: bool = False


EMPTY = Order(None)


class Ahead:
    """Turns packets, as they are stored, into orders for the decoder.

    `moment` says when a timestamp is shown. Once packets come without timestamps, or timestamps jump back by more than
    `gap`, nothing is left out any more (`plain`).
    """

    def __init__(self, wanted: Wanted, moment: Callable[[int], Micros], gap: int) -> None:
        self._wanted, self._moment, self._gap = wanted, moment, gap
        self._coming: deque[Packet] = deque()
        self._held: list[tuple[Packet, bool]] = []
        self._bytes = 0
        self._known: list[int] = []
        self._fed = False
        self.plain = False
        self.newest: int | None = None
        """The latest timestamp read so far."""

    def push(self, packet: Packet) -> Iterator[Order]:
        """Takes the next packet; gives the orders that follow."""
        self._coming.append(packet)
        pts = packet.pts
        if pts is None or (self.newest is not None and pts < self.newest - self._gap):
            self.plain = True
        else:
            self.newest = pts if self.newest is None else max(self.newest, pts)
            if not packet.is_discard:
                insort(self._known, pts)
                del self._known[:-REMEMBERED]
        if self.plain:
            yield from self._everything()
        elif len(self._coming) > AHEAD:
            yield from self._next()

    def rest(self) -> Iterator[Order]:
        """The orders for what was read ahead, at the end of the file; what is still held then, nobody needs."""
        while self._coming:
            yield from self._next()

    @property
    def lowest(self) -> int | None:
        """The earliest timestamp known: of the first packets read, that of the first picture."""
        return self._known[0] if self._known else None

    def idle(self, *, for_ever: bool) -> bool:
        """Whether nothing that was read ahead is needed: the latest picture, whose end is not known yet, in its first
        moment, or `for_ever` after.
        """
        if self.plain:
            return False
        return not any(self._is_needed(p, brief=not for_ever and p.pts == self.newest) for p in self._coming)

    def skip(self) -> Iterator[Order]:
        """Forgets what was read ahead and held back: reading goes on elsewhere, at a key picture."""
        self._coming.clear()
        self._known, self.newest = [], None
        yield from self._drop()

    def _everything(self) -> Iterator[Order]:
        yield from self._release()
        while self._coming:
            self._fed = True
            yield Order(self._coming.popleft(), True)

    def _next(self) -> Iterator[Order]:
        packet = self._coming.popleft()
        needed = self._is_needed(packet)
        if packet.is_keyframe and self._held and not self._leads(packet):
            yield from self._drop()
        self._held.append((packet, needed))
        self._bytes += packet.size
        if needed or len(self._held) > MOST_PACKETS or self._bytes > MOST_BYTES:
            yield from self._release()

    def _release(self) -> Iterator[Order]:
        for packet, needed in self._held:
            self._fed = True
            yield Order(packet, needed)
        self._held, self._bytes = [], 0

    def _drop(self) -> Iterator[Order]:
        self._held, self._bytes = [], 0
        if self._fed:
            self._fed = False
            yield EMPTY

    def _leads(self, key: Packet) -> bool:
        """Whether a needed picture is shown before this key picture though it is stored after it: it may refer to what
        was held back (an open group of pictures).
        """
        shown = key.pts
        return any(
            p.pts is not None and shown is not None and p.pts < shown and self._is_needed(p)
            for p in self._coming
        )

    def _is_needed(self, packet: Packet, *, brief: bool = False) -> bool:
        if packet.pts is None or packet.is_discard:
            return False
        place = bisect_left(self._known, packet.pts)
        before = self._moment(self._known[place - 1]) if place else None
        later = place + 1
        at = self._moment(packet.pts)
        after = self._moment(self._known[later]) if later < len(self._known) else None
        return self._wanted.wants(before, at, at + 1 if brief else after)
