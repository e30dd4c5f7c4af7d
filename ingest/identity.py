"""Who is who within one stream: the stay of one entity in the picture, and which lost one a new track goes on with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from core import ids
from core.clock import SECOND, Micros, Span
from core.ids import EntityId, TrackId
from core.labels import FOUR_WHEELED, LOADS, TWO_WHEELERS
from core.place import Box, Point
from core.sight import THING, Attributes, Track, TrackPoint
from ingest.attributes import Profile, side_of
from ingest.course import Course

FIXTURES = frozenset(
    {
        "bed", "bench", "book", "cell phone", "chair", "clock", "couch", "dining table", "fire hydrant", "keyboard",
        "laptop", "microwave", "mouse", "oven", "parking meter", "potted plant", "refrigerator", "remote", "sink",
        "stop sign", "toaster", "toilet", "traffic light", "tv", "vase",
    }
)  # fmt: skip
"""What does not travel by itself: a detector that says so of something that does has misread it."""
REACH = 0.9
"""How far, in box diagonals, a thing may turn up from where it was expected."""
ALIKE = 0.55
"""Least likeness of two appearances (Bhattacharyya, 0 to 1) of one and the same thing."""
SETTLED = 2 * SECOND
"""How long a resting thing may be unseen and still be taken for what starts to move near by."""
WORDS_KEPT = 4
"""For how many looks what was said of a thing is said again before it is judged anew."""
GROWTH = 1.25
"""How many times its own area a box that holds what lies must have to be it together with somebody …"""
GROWN_FOR = 3 * SECOND
"""… for so long: what has been larger ever since was seen in part before."""
MOVER = 0.35
"""What travelled and is called a load is one after all where its votes for whatever moves are less than this part of the load's."""
RECENT = SECOND
"""The stretch over which velocity is judged."""


@dataclass(slots=True, kw_only=True)
class Seen:
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
    covered: bool = False
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

    def take(self, seen: Seen, *, clear: bool) -> None:
        """Notes a sighting; `clear` is false while others may be inside the same box."""
        if not self.looks:
            self.born = seen.at
        self.looks += 1
        self.trust += seen.score
        self.named += seen.label != THING
        self.stirred += "motion" in seen.source
        self.votes[seen.label] = self.votes.get(seen.label, 0.0) + seen.score
        self.seen_at, self.box, self.score = seen.at, seen.box, seen.score
        self.missing, self.bare, self.hidden_in, self.covered = 0, 0, None, False
        whole = clear and not cut_off(seen.box, self.frame)
        self.profile.note(seen.at, seen.box, whole=whole, score=seen.score, appearance=seen.appearance)
        self.course.note(seen.at, seen.box)
        if self.looks % 4 == 0:
            self.roams = self.profile.travel > 1.0
        if seen.appearance and clear:
            self.signature = _blend(self.signature, seen.appearance)
        self.recent = [p for p in self.recent if p[0] >= seen.at - RECENT] + [(seen.at, seen.box)]
        if len(self.early) < 8:
            self.early.append((seen.at, seen.box))
        piece = self.tracks.setdefault(self.track_id, Piece(number=self.track_number, born=seen.at))
        piece.seen_at = seen.at
        piece.points.append(TrackPoint(seen.at, seen.box, seen.score))

    def alone(self, seen: Seen) -> Seen:
        """The sighting, less who stands before it: what lies does not grow, so a larger box round its own holds another."""
        mine = self.box.overlap(seen.box) > 0.9 * self.box.area and seen.box.area > GROWTH * self.box.area
        if not mine or self.looks < 8 or not self.lies:
            self.grown_at = None
            return seen
        if self.grown_at is None:
            self.grown_at = seen.at
        if seen.at - self.grown_at > GROWN_FOR:
            return seen
        return replace(seen, box=self.box, label=THING, appearance=())

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
    def velocity(self) -> Point:
        """Pixels a second, over the last second it was seen."""
        return velocity(self.recent)

    @property
    def moving(self) -> bool:
        """Whether it was getting anywhere when last seen."""
        return math.hypot(*self.velocity) > 0.12 * self.box.diagonal

    @property
    def settled(self) -> bool:
        """Whether it has been known for a while and keeps its place."""
        return self.sure and self.looks >= 8 and not self.moving

    @property
    def lies(self) -> bool:
        """Whether it is an object at rest, which goes nowhere by itself: no person, vehicle or two-wheeler."""
        return not self.roams and not self.moving and _kinds(self.label) == {""}

    @property
    def confidence(self) -> float:
        """Mean score, less where it was seen but a few times."""
        return min(1.0, self.trust / max(self.looks, 1) * min(1.0, 0.6 + self.looks / 20))

    def expected(self, at: Micros) -> Box:
        """Where its box should be by now, moving on as it did (for a second at most)."""
        ahead = min((at - self.seen_at) / SECOND, 1.0)
        dx, dy = self.velocity
        return self.box.moved(dx * ahead, dy * ahead)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Who is seen now and may hide others: its box and its velocity, pixels a second."""

    box: Box
    velocity: Point


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


def velocity(path: Sequence[tuple[Micros, Box]]) -> Point:
    """Pixels a second between the ends of a stretch of path."""
    if len(path) < 2:
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


def alike(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Likeness of two appearances, 0 to 1; 0.75 where either is unknown, so that it neither speaks for nor against."""
    if not one or not other or len(one) != len(other):
        return 0.75
    return float(sum(a * b for a, b in zip(one, other, strict=True)))


def fits(one: str, other: str) -> bool:
    """Whether two labels may be said of one thing: a two-wheeler goes with its rider, a load with nobody who moves."""
    if one == other or THING in (one, other):
        return True
    return bool(_kinds(one) & _kinds(other))


def _kinds(label: str) -> frozenset[str]:
    if label in TWO_WHEELERS:
        return frozenset({"person", "vehicle"})
    if label in FOUR_WHEELED:
        return frozenset({"vehicle"})
    return frozenset({"person" if label == "person" else ""})


def heir(lost: Iterable[Stay], first: Seen, *, carriers: dict[EntityId, Carrier]) -> Stay | None:
    """The lost stay that a track beginning with `first` goes on with, or None where nobody fits.

    Judged by place (where it was expected; for one hidden in another's box, that box), size, colours and time.
    """
    best, least = None, 0.0
    for stay in lost:
        merit = _merit(stay, first, carriers)
        if merit > least:
            best, least = stay, merit
    return best


def _merit(stay: Stay, first: Seen, carriers: dict[EntityId, Carrier]) -> float:
    if first.at <= stay.seen_at or not fits(stay.label, first.label):
        return 0.0
    look = alike(stay.signature, first.appearance)
    carrier = carriers.get(stay.hidden_in) if stay.hidden_in is not None else None
    if look < (ALIKE if carrier is None else ALIKE / 2):
        return 0.0
    if carrier is not None:
        if not _within_reach(stay, first, carrier):
            return 0.0
        near = carrier.box.gap(first.box) / max(first.box.diagonal, 1.0)
        return look * max(0.0, 1 - near) + 0.2
    side = side_of(stay.box, stay.velocity, stay.frame, leaving=True)
    if side and stay.moving and not side_of(first.box, stay.velocity, stay.frame, leaving=True):
        return 0.0  # it was on its way out: only what is still at that edge can be it
    if not stay.moving and first.at - stay.seen_at > SETTLED and stay.box.iou(first.box) < 0.3:
        return 0.0  # what rested and was long unseen does not jump up elsewhere
    expected = stay.expected(first.at)
    scale = math.sqrt(first.box.area / expected.area)
    if not 0.4 < scale < 2.5:
        return 0.0
    away = min(math.dist(b.centre, first.box.centre) for b in (expected, stay.box))
    reach = REACH * max(expected.diagonal, first.box.diagonal) + 0.25 * math.hypot(*stay.velocity)
    if away > reach:
        return 0.0
    return look * (1 - 0.7 * away / reach) * math.sqrt(min(scale, 1 / scale))


def _within_reach(hidden: Stay, first: Seen, carrier: Carrier) -> bool:
    """Whether who was hidden can have come so far, by itself or carried, and is of the size to be it."""
    scale = math.sqrt(first.box.area / hidden.box.area)
    if not 0.4 < scale < 2.5:
        return False
    speed = max(math.hypot(*hidden.velocity), math.hypot(*carrier.velocity))
    reach = (
        REACH * max(hidden.box.diagonal, first.box.diagonal) + speed * (first.at - hidden.seen_at) / SECOND
    )
    return math.dist(hidden.box.centre, first.box.centre) <= reach


def _blend(old: tuple[float, ...], new: tuple[float, ...]) -> tuple[float, ...]:
    if not old or len(old) != len(new):
        return new
    mixed = [0.85 * a + 0.15 * b for a, b in zip(old, new, strict=True)]
    length = math.sqrt(sum(v * v for v in mixed))
    return tuple(v / length for v in mixed)
