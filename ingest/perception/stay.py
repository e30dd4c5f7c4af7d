"""The stay of one entity in the picture: what is known of it so far, and may still change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core import ids
from core.clock import SECOND, Micros, Span
from core.colour import blended
from core.ids import EntityId, TrackId
from core.labels import FOUR_WHEELED, LOADS, TWO_WHEELERS
from core.place import Box, Point
from core.sight import THING, Attributes, Track, TrackPoint
from ingest.course import Course
from ingest.perception.attributes import Profile

FIXTURES = frozenset(
    {
        "bed", "bench", "book", "cell phone", "chair", "clock", "couch", "dining table", "fire hydrant", "keyboard",
        "laptop", "microwave", "mouse", "oven", "parking meter", "potted plant", "refrigerator", "remote", "sink",
        "stop sign", "toaster", "toilet", "traffic light", "tv", "vase",
    }
)  # fmt: skip
"""What does not travel by itself: a detector that says so of something that does has misread it."""
WORDS_KEPT = 4
"""For how many looks what was said of a thing is said again before it is judged anew."""
GROWTH = 1.25
"""How many times its own area a box that holds what lies must have to be it together with somebody …"""
GROWN_FOR = 3 * SECOND
"""… for so long: what has been larger ever since was seen in part before."""
MOVER = 0.35
"""What travelled and is called a load is one after all where its votes for whatever moves are less than this part of the load's."""
LATEST = 0.15
"""How much of what it looks like is how it looked last."""
RECENT = SECOND
"""The stretch over which velocity is judged."""


@dataclass(slots=True, kw_only=True)
class Glimpse:
    """One look's worth of a followed thing."""

    at: Micros
    box: Box
    label: str
    score: float
    appearance: tuple[float, ...] = ()
    source: str = ""


@dataclass(slots=True)
class Stay:
    """One entity's stay in the picture, from its first sighting on; everything here may still change. Picklable."""

    entity_id: EntityId
    track_id: TrackId
    track_number: int
    frame: tuple[float, float]
    there_from_start: bool = False
    unnoticed: bool = False
    born: Micros = 0
    seen_at: Micros = 0
    box: Box = field(default_factory=lambda: Box(0, 0, 1, 1))
    score: float = 0.0
    looks: int = 0
    named: int = 0
    trust: float = 0.0
    stirred: int = 0
    roams: bool = False
    sure: bool = False
    missing: Micros = 0
    touched: Micros | None = None
    bare: Micros = 0
    grown_at: Micros | None = None
    hidden_in: EntityId | None = None
    split_from: EntityId | None = None
    entered: str = ""
    votes: dict[str, float] = field(default_factory=dict)
    signature: tuple[float, ...] = ()
    profile: Profile = field(default_factory=Profile)
    course: Course = field(default_factory=Course)
    recent: list[tuple[Micros, Box]] = field(default_factory=list)
    early: list[tuple[Micros, Box]] = field(default_factory=list)
    tracks: dict[TrackId, Piece] = field(default_factory=dict)
    said: tuple[int, Attributes] = field(default_factory=lambda: (-WORDS_KEPT, {}))

    def take(self, glimpse: Glimpse, *, clear: bool) -> None:
        """Notes a sighting; `clear` is false while others may be inside the same box."""
        if not self.looks:
            self.born = glimpse.at
        self.looks += 1
        self.trust += glimpse.score
        self.named += glimpse.label != THING
        self.stirred += "motion" in glimpse.source
        self.votes[glimpse.label] = self.votes.get(glimpse.label, 0.0) + glimpse.score
        self.seen_at, self.box, self.score = glimpse.at, glimpse.box, glimpse.score
        self.missing, self.bare, self.hidden_in, self.touched = 0, 0, None, None
        whole = clear and not cut_off(glimpse.box, self.frame)
        self.profile.note(
            glimpse.at, glimpse.box, whole=whole, score=glimpse.score, appearance=glimpse.appearance
        )
        self.course.note(glimpse.at, glimpse.box)
        if self.looks % 4 == 0:
            self.roams = self.profile.travel > 1.0
        if glimpse.appearance and clear:
            self.signature = blended(self.signature, glimpse.appearance, LATEST)
        self.recent = [p for p in self.recent if p[0] >= glimpse.at - RECENT] + [(glimpse.at, glimpse.box)]
        if len(self.early) < 8:
            self.early.append((glimpse.at, glimpse.box))
        piece = self.tracks.setdefault(self.track_id, Piece(number=self.track_number, born=glimpse.at))
        piece.seen_at = glimpse.at
        piece.points.append(TrackPoint(glimpse.at, glimpse.box, glimpse.score))

    def alone(self, glimpse: Glimpse) -> Glimpse:
        """The sighting, less who stands before it: what lies does not grow, so a larger box round its own holds another."""
        mine = (
            self.box.overlap(glimpse.box) > 0.9 * self.box.area and glimpse.box.area > GROWTH * self.box.area
        )
        if not mine or self.looks < 8 or not self.lies:
            self.grown_at = None
            return glimpse
        if self.grown_at is None:
            self.grown_at = glimpse.at
        if glimpse.at - self.grown_at > GROWN_FOR:
            return glimpse
        return replace(glimpse, box=self.box, label=THING, appearance=())

    @property
    def label(self) -> str:
        """The word most looks agree on; `thing` where it was named in few looks, and those were unsure."""
        named = {name: vote for name, vote in self.votes.items() if name != THING}
        if not named:
            return THING
        if self.roams:
            # a load that travels is whoever carries it, seen load first; what is hardly ever called a mover was carried
            movers = {n: vote for n, vote in named.items() if n not in FIXTURES | LOADS} or {THING: 0.0}
            loads = max((vote for n, vote in named.items() if n in LOADS), default=0.0)
            if max(movers.values()) >= MOVER * loads:
                named = movers
        best = max(named, key=lambda name: named[name])
        return best if self.named >= 0.25 * self.looks or named[best] > 4.0 else THING

    @property
    def names(self) -> dict[str, float]:
        """The names it was given, each with its part (0 to 1) of all that was said."""
        named = {name: vote for name, vote in self.votes.items() if name != THING and vote > 0}
        total = sum(named.values())
        return {name: vote / total for name, vote in named.items()}

    @property
    def velocity(self) -> Point:
        """Pixels a second, over the last second it was seen."""
        return velocity(self.recent)

    @property
    def moving(self) -> bool:
        """Whether it was getting anywhere when last seen."""
        return math.hypot(*self.velocity) > 0.12 * self.box.diagonal

    @property
    def well_named(self) -> bool:
        """Whether it was named in so many looks that it is no mere moving region."""
        return self.named >= 0.4 * self.looks

    @property
    def settled(self) -> bool:
        """Whether it has been known for a while and keeps its place."""
        return self.sure and self.looks >= 8 and not self.moving

    @property
    def lies(self) -> bool:
        """Whether it is an object at rest, which goes nowhere by itself: no person, vehicle or two-wheeler."""
        return not self.roams and not self.moving and kinds(self.label) == {""}

    @property
    def confidence(self) -> float:
        """Mean score, less where it was seen but a few times."""
        return min(1.0, self.trust / max(self.looks, 1) * min(1.0, 0.6 + self.looks / 20))

    def expected(self, at: Micros) -> Box:
        """Where its box should be by now, moving on as it did (for a second at most)."""
        ahead = min((at - self.seen_at) / SECOND, 1.0)
        dx, dy = self.velocity
        return self.box.moved(dx * ahead, dy * ahead)


@dataclass(slots=True, kw_only=True)
class Piece:
    """One track of a stay: its number, when it began, and its points since the last chunk was written."""

    number: int
    born: Micros
    seen_at: Micros = 0
    points: list[TrackPoint] = field(default_factory=list)

    def track(self, stay: Stay, id: TrackId, stream: ids.StreamId, source: str) -> Track:
        """The track as it is written."""
        return Track(
            id=id,
            stream_id=stream,
            number=self.number,
            label=stay.label,
            span=Span(self.born, self.seen_at + 1),
            confidence=stay.confidence,
            points=tuple(self.points),
            source=source,
        )


def is_sure(stay: Stay, parent: Stay | None) -> bool:
    """Whether this is somebody's stay, and no flicker, shadow or leaf in the wind; `parent` is whom it came apart from."""
    if stay.missing or stay.looks < 4:
        return False
    lasted = stay.seen_at - stay.born
    moved = stay.profile.displacement
    if stay.well_named:
        score = stay.trust / stay.looks
        if moved > 0.3 or stay.stirred > 0.3 * stay.looks:
            return stay.looks >= 5 and score > 0.42
        return stay.looks >= 10 and score > 0.48
    if lasted < (SECOND if stay.split_from else SECOND // 2):
        return False
    if parent is not None and stay.box.area < 0.2 * parent.box.area and moved < 1.0:
        return False
    small = stay.box.area < 0.002 * stay.frame[0] * stay.frame[1]
    if small and (stay.looks < 7 or stay.profile.travel < 1.2):
        return False
    if stay.profile.travel > 0.6 or moved > 0.8:
        return True
    return lasted > 2 * SECOND and stay.split_from is not None and _steady_place(stay)


def _steady_place(stay: Stay) -> bool:
    """Whether it has kept its place and size for the last second, look for look: at rest, not fluttering."""
    boxes = [box for _, box in stay.recent]
    return len(boxes) >= 4 and min(a.iou(boxes[-1]) for a in boxes) > 0.7 and THING in stay.votes


def velocity(path: Sequence[tuple[Micros, Box]]) -> Point:
    """Pixels a second between the ends of a stretch of path; none where it is of one moment, at which two tracks may both
    have been of the same thing.
    """
    if len(path) < 2 or path[0][0] == path[-1][0]:
        return (0.0, 0.0)
    (t0, a), (t1, b) = path[0], path[-1]
    elapsed = (t1 - t0) / SECOND
    return ((b.centre[0] - a.centre[0]) / elapsed, (b.centre[1] - a.centre[1]) / elapsed)


def cut_off(box: Box, frame: tuple[float, float]) -> bool:
    """Whether the picture's edge cuts the box."""
    width, height = frame
    return (
        box.x1 <= 0.006 * width
        or box.y1 <= 0.006 * height
        or box.x2 >= 0.994 * width
        or box.y2 >= 0.994 * height
    )


def kinds(label: str) -> frozenset[str]:
    """What may be called so: `person`, `vehicle`, both, or none of what moves (an empty word)."""
    if label in TWO_WHEELERS:
        return frozenset({"person", "vehicle"})
    if label in FOUR_WHEELED:
        return frozenset({"vehicle"})
    return frozenset({"person" if label == "person" else ""})
