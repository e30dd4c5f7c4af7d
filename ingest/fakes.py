"""Stand-ins for what reads pictures: for tests, and for trying things out without a video."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from core.clock import Micros
from core.errors import NotFound
from core.ids import StreamId
from core.media import Frame


class HeldFrames:
    """A `FrameSource` over frames held in memory, each stream's in order of time."""

    def __init__(self, frames: Mapping[StreamId, Sequence[Frame]]) -> None:
        self._frames = frames

    def frames_at(self, stream: StreamId, moments: Sequence[Micros], /) -> list[Frame]:
        """The frame shown at each moment. Raises `NotFound` for an unknown stream."""
        if stream not in self._frames:
            raise NotFound(f"there is no stream {stream!r}", next_step="list the streams there are")
        held = self._frames[stream]
        starts = [frame.at for frame in held]
        return [held[max(0, bisect_right(starts, at) - 1)] for at in moments]
