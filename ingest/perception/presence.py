"""What perception tells the event makers at each look: who is in the picture, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.clock import Micros
from core.ids import EntityId, TrackId
from core.place import Box, Point
from core.sight import Attributes
from ingest.perception.ball_named import Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One entity at one moment. `seen` is false while it is hidden or unmoving and its place is carried on.

    `label` and `attributes` are the best word so far: they may change from look to look. `names` has for
    each name that was ever said of it the part (0 to 1) of all that was said; it is empty where nobody named it.
    """

    entity_id: EntityId
    track_id: TrackId
    label: str
    box: Box
    score: float
    seen: bool = True
    names: Mapping[str, float] = field(default_factory=dict)
    attributes: Attributes = field(default_factory=dict)

    @property
    def place(self) -> Point:
        """Where it stands: the middle of its box's lower edge."""
        return self.box.foot


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One look at the stream: when, and everyone in the picture.

    `quiet` is true when the gate saw nothing move since the look before. `cut` is true when the scene changed here.
    `arrived` and `gone` name the visits that began and ended, with the true moment of each (which may lie a little
    before `at`, because a visit is only counted once it is sure). `ball` is where the ball of a game on a drawn pitch
    is, by what the detector calls a ball; None where it calls nothing so. `lost` is true where the camera showed
    nothing for so long that nobody is known any further, though nobody is said to have left.
    """

    at: Micros
    present: tuple[Presence, ...] = ()
    quiet: bool = False
    cut: bool = False
    lost: bool = False
    arrived: tuple[Visit, ...] = ()
    gone: tuple[Visit, ...] = ()
    ball: Spot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The beginning or end of one entity's stay in the picture.

    `there_from_start` is true for what stood in the very first picture: it did not arrive while we watched. Of what
    stood there unnoticed `path` says where, and where it was when it was noticed.
    """

    entity_id: EntityId
    at: Micros
    box: Box
    label: str
    score: float
    side: str = ""
    there_from_start: bool = False
    attributes: Attributes = field(default_factory=dict)
    path: tuple[tuple[Micros, Box], ...] = ()
