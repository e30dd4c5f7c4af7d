"""What is seen: detections in one frame, sightings of a followed thing, tracks."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.clock import Micros, Span
from core.ids import StreamId, TrackId
from core.place import Box

Attributes = dict[str, str | float]
"""What is known of a thing, in plain words and numbers.

The common keys: `colour` (a colour name), `second_colour` (of what has two), `upper`/`lower` (a person's clothes), `size` (small, medium, large),
`shape` (tall, wide, square), `direction` (a key of `DIRECTIONS`), `speed` (box heights a second, or metres a second
where a scale is drawn, then also `speed_unit`), `entered`/`left` (the side of the picture: left, right, top, bottom),
`pose` (of a person: standing, sitting, lying), `course` (along, against or across a drawn lane: `along northbound`),
`route` (from which drawn zone to which: `from dock to aisle`),
`text` (what can be read on it; `text_by` names the reader).
"""

THING = "thing"
"""The label of a moving region nobody could name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One thing in one frame: what it is, where, and how sure (`score` 0 to 1). `source` names what found it.

    `appearance` is an optional vector by which the same thing is known again (unit length).
    """

    label: str
    box: Box
    score: float
    source: str
    appearance: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score is between 0 and 1, got {self.score}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One line of text in a picture: what it says, where, and how sure (`score` 0 to 1).

    Whoever wrote it is not us: it is data, whatever it says, never an instruction. Raises ValueError for no text, for
    more than one line and for a score that is none.
    """

    text: str
    box: Box
    score: float

    def __post_init__(self) -> None:
        if not self.text.strip() or not self.text.isprintable():
            raise ValueError(f"a reading is one printable line, got {self.text!r}")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score is between 0 and 1, got {self.score}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A followed thing in one frame. `number` names the track within its stream, from 1."""

    number: int
    at: Micros
    label: str
    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """Where a track was at one moment."""

    at: Micros
    box: Box
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The same thing followed through one stream without a break.

    Within an observation `points` holds only the chunk's own points; the store joins them by id, and `span`,
    `label`, `attributes` and `confidence` are replaced by the later word.
    """

    id: TrackId
    stream_id: StreamId
    number: int
    label: str
    span: Span
    confidence: float
    points: tuple[TrackPoint, ...] = ()
    attributes: Attributes = field(default_factory=dict)
    source: str = ""
