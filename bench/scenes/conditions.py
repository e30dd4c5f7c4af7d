"""Under which conditions a camera sees a scene: light, rain, the sensor's noise, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal

from bench.scenes.shapes import SUN, Figure

Light = Literal["day", "dusk", "night"]

NOISE: dict[Light, float] = {"day": 1.3, "dusk": 2.2, "night": 3.6}
"""Standard deviation of the sensor's noise in grey levels: the less light, the more the sensor amplifies."""
BEGINS: dict[Light, time] = {"day": time(8, 14), "dusk": time(17, 46), "night": time(1, 14)}
"""What the camera's own clock shows at the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """A lamp that lights a round of the ground at dusk and at night: place and radius in metres, strength 0 to 1."""

    x: float
    y: float
    radius: float
    strength: float = 0.6


@dataclass(frozen=True, kw_only=True)
class Occluder:
    """Something that stands still in front of others: a pillar, a rack, a post. `y` metres away from the camera.

    Who is farther away is painted before it and hidden by it; the truth's visibility knows.
    """

    figure: Figure
    y: float


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Light, rain (0 none to 1 heavy), noise (grey levels; None: what the light brings), lamps, occluders, and which
    way (metres per metre of height) and how dark shadows fall.
    """

    light: Light = "day"
    rain: float = 0.0
    noise: float | None = None
    lamps: tuple[Lamp, ...] = ()
    occluders: tuple[Occluder, ...] = ()
    sun: tuple[float, float] = SUN
    shadow: float = 0.42

    @property
    def grain(self) -> float:
        """Standard deviation of the noise, grey levels."""
        return NOISE[self.light] if self.noise is None else self.noise

    @property
    def begins(self) -> datetime:
        """What the camera's clock shows at the start: a Monday."""
        return datetime.combine(datetime(2026, 3, 2), BEGINS[self.light])  # noqa: DTZ001 - a burnt-in clock has no zone

    @property
    def words(self) -> str:
        """The conditions in a few words: `night, rain, occlusion`."""
        parts = [self.light]
        parts += ["rain"] if self.rain else []
        parts += ["occlusion"] if self.occluders else []
        return ", ".join(parts)
