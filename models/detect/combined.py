"""Two eyes together: a detector that names things, and motion for what it cannot name."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.clock import SECOND, Micros
from core.media import Frame
from core.place import Box
from core.sight import Detection
from models.detect.motion import MotionDetector
from models.detect.naming import NamingDetector, Region
from models.detect.regions import dressed, unexplained

FULL_EVERY: Micros = 2 * SECOND
"""How often all tiles of a large picture are looked at, whether something moves in them or not."""


class CombinedDetector:
    """What the naming detector finds, and besides every moving region that no named box explains, as a `thing`."""

    def __init__(self, naming: NamingDetector, motion: MotionDetector) -> None:
        self._naming, self._motion = naming, motion
        self._full_at: Micros | None = None
        self._named: list[Detection] = []
        self._beside: ThreadPoolExecutor | None = None

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self._naming.name}+{self._motion.name}"

    @property
    def vocabulary(self) -> frozenset[str]:
        """What either can say."""
        return self._naming.vocabulary | self._motion.vocabulary

    @property
    def needs_fixed(self) -> frozenset[str]:
        """What only motion can say."""
        return self._motion.needs_fixed - self._naming.vocabulary

    def reset(self) -> None:
        """Forgets the scene, as after a cut."""
        self._motion.reset()
        self._full_at, self._named = None, []

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """Detections per frame; named ones first."""
        self._motion.prepare(frames)
        return [self._look(frame) for frame in frames]

    def _look(self, frame: Frame) -> list[Detection]:
        regions = self._naming.regions(frame)
        if len(regions) > 1:
            (moving,) = self._motion.detect([frame])
            named = self._in_tiles(frame, regions, [d.box.scaled(1 / frame.scale) for d in moving])
        else:
            # both let go of the interpreter while they work, so a second core halves the wait
            if self._beside is None:
                self._beside = ThreadPoolExecutor(1, thread_name_prefix="naming")
            asked = self._beside.submit(self._naming.detect, [frame])
            (moving,) = self._motion.detect([frame])
            (named,) = asked.result()
        return [dressed(frame, d, self._motion.mask) for d in named] + unexplained(
            moving, named, frame, self._motion.mask
        )

    def _in_tiles(self, frame: Frame, regions: Sequence[Region], moving: Sequence[Box]) -> list[Detection]:
        """Looks at the whole of a large picture and at the tiles in which something moves; at all of them after a cut and
        every so often. What was found in a tile that is left out is still there: nothing moved.
        """
        if self._full_at is None or frame.at - self._full_at >= FULL_EVERY:
            self._full_at = frame.at
            (named,) = self._naming.look_into([frame], [regions])
        else:
            whole, *tiles = regions
            chosen = [t for t in tiles if any(Box(*t).overlap(box) > 0 for box in moving)]
            looked = [Box(*t).scaled(frame.scale) for t in chosen]
            left_out = [Box(*t).scaled(frame.scale) for t in tiles if t not in chosen]
            (named,) = self._naming.look_into([frame], [[whole, *chosen]])
            still = [d for d in self._named if not _mostly_in(d.box, looked) and _mostly_in(d.box, left_out)]
            named = [d for d in named if _mostly_in(d.box, looked) or not _mostly_in(d.box, left_out)] + still
        self._named = named
        return named

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_beside": None}


def _mostly_in(box: Box, tiles: Sequence[Box]) -> bool:
    return any(box.overlap(tile) > 0.5 * box.area for tile in tiles)
