"""Seeing switched off: a stream is read, gated and kept account of, and nothing is looked for in its pictures."""

from __future__ import annotations

from collections.abc import Sequence

from core.media import Frame
from core.sight import Detection


class NoDetector:
    """Finds nothing and says so: its vocabulary is empty, so what was watched by it was looked at for nothing."""

    @property
    def name(self) -> str:
        """What is stored beside the coverage."""
        return "none/1"

    @property
    def vocabulary(self) -> frozenset[str]:
        """No label at all."""
        return frozenset()

    @property
    def needs_fixed(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """No detections for each frame."""
        return [[] for _ in frames]

    def reset(self) -> None:
        """It remembers nothing."""
