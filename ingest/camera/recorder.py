"""Keeps a camera's segments: brings them into the media store as they end, and removes the oldest beyond the quota."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.clock import SECOND, Micros, Span
from core.errors import SightlineError
from core.media import Stream
from core.ports import Ledger, MediaStore
from ingest.camera.recording import Segment, segments

log = logging.getLogger(__name__)

MOST_WAITING = 32
"""Segments that wait for a media store that does not answer; then the oldest is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much of one stream's recording is kept: bytes, and seconds (0: any age)."""

    size: int
    age: Micros = 0

    @classmethod
    def of(cls, megabytes: int, hours: float) -> Quota:
        """The quota as it is set."""
        return cls(size=megabytes * 1_000_000, age=round(hours * 3600 * SECOND))


class Recorder:
    """Takes segments over in a thread of its own, so that a slow store does not hold up who watches the camera."""

    def __init__(
        self, stream: Stream, quota: Quota, ledger: Ledger, media: MediaStore, now: Callable[[], Micros]
    ) -> None:
        self._stream, self._quota, self._ledger, self._media, self._now = stream, quota, ledger, media, now
        self._kept: deque[Segment] = deque(segments(media, stream.id))
        self._size = sum(each.size for each in self._kept)
        self.problem = ""
        self._waiting: queue.Queue[tuple[Path, Span] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def take(self, path: Path, start: Micros, end: Micros) -> None:
        """Takes over a finished file that holds the time from `start` to `end`."""
        while self._waiting.qsize() >= MOST_WAITING:
            try:
                given_up = self._waiting.get_nowait()
            except queue.Empty:
                break
            if given_up is not None:
                given_up[0].unlink(missing_ok=True)
                self.problem = "the media store takes too long: part of the recording was given up"
        self._waiting.put((path, Span(start, max(end, start + 1))))

    def close(self) -> None:
        """Takes over what waits, and ends."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            path, span = item
            try:
                self._keep(path, span)
                self.problem = ""
            except (SightlineError, OSError) as error:
                self.problem = f"a segment could not be kept: {error}"
                log.warning("%s: %s", self._stream.name, self.problem)
            finally:
                path.unlink(missing_ok=True)

    def _keep(self, path: Path, span: Span) -> None:
        row = self._ledger.get(Stream, self._stream.id)
        size = path.stat().st_size
        if row is None or row.is_forgotten(span) or not size:
            return
        segment = Segment(stream_id=self._stream.id, span=span, size=size)
        with path.open("rb") as file:
            self._media.put(segment.key, file)
        self._kept.append(segment)
        self._size += size
        self._enforce()

    def _enforce(self) -> None:
        """Removes the oldest segments until what is left keeps to the quota."""
        too_old = self._now() - self._quota.age if self._quota.age else 0
        while self._kept and (self._size > self._quota.size or self._kept[0].span.end < too_old):
            oldest = self._kept.popleft()
            self._media.remove(oldest.key)
            self._size -= oldest.size
