"""Builds the moments that perception would tell of, from paths written down by hand."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.clock import Micros, micros
from core.ids import ChunkId, EntityId, StreamId, TrackId
from core.memory import Event, Relation
from core.place import EMPTY_LAYOUT, Box, Layout
from ingest.chunk import Grid
from ingest.events.maker import EventMaker
from ingest.events.thresholds import DEFAULT, Thresholds
from ingest.perception.presence import Moment, Presence, Visit

STREAM = StreamId("st_test")
GRID = Grid(stream_id=STREAM, length=micros(10), overlap=0, recipe="test")


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One visit: its path as (second, x, y) of the foot, straight in between, and how it looks.

    It is seen from the first point to the last. `hidden` are spans (seconds) in which it is listed but not seen, `legless`
    those in which something before it hides more and more of its legs, then less and less, `merged` those in which its box
    reaches so many pixels lower, for somebody is in it, `sizes` its (width, height) from a second on. `names` is what part each name has of all that was said of it.
    `sure_after` seconds pass before perception names it. With `stays` it never leaves.
    """

    name: str
    path: Sequence[tuple[float, float, float]]
    label: str = "person"
    size: tuple[float, float] = (40.0, 100.0)
    score: float = 0.9
    from_start: bool = False
    stays: bool = False
    came: str = ""
    went: str = ""
    sure_after: float = 0.0
    hidden: Sequence[tuple[float, float]] = ()
    legless: Sequence[tuple[float, float]] = ()
    merged: Sequence[tuple[float, float, float]] = ()
    sizes: Sequence[tuple[float, tuple[float, float]]] = ()
    names: Mapping[str, float] = field(default_factory=dict)

    @property
    def entity_id(self) -> EntityId:
        """Its id is its name."""
        return EntityId(self.name)

    @property
    def begins(self) -> Micros:
        """The first moment."""
        return micros(self.path[0][0])

    @property
    def ends(self) -> Micros:
        """The last moment."""
        return micros(1e6) if self.stays else micros(self.path[-1][0])

    def box(self, at: Micros) -> Box:
        """Where it is at that moment."""
        x, y = self._foot(at / 1e6)
        width, height = next((size for since, size in reversed(self.sizes) if at / 1e6 >= since), self.size)
        seen = min((self._shown(at / 1e6, *span) for span in self.legless), default=1.0)
        lower = sum(more for start, end, more in self.merged if start <= at / 1e6 < end)
        return Box(x - width / 2, y - height, x + width / 2, y - height + seen * height + lower)

    @staticmethod
    def _shown(at: float, start: float, end: float) -> float:
        """The part of its height that shows: down to 0.4 within a second and a half, and as slowly back."""
        return 1 - 0.6 * max(0.0, min((at - start) / 1.5, (end - at) / 1.5, 1.0))

    def _foot(self, at: float) -> tuple[float, float]:
        before = self.path[0]
        for point in self.path:
            if point[0] > at:
                part = (at - before[0]) / (point[0] - before[0]) if point[0] > before[0] else 0.0
                return before[1] + part * (point[1] - before[1]), before[2] + part * (point[2] - before[2])
            before = point
        return before[1], before[2]


def looks_at(until: float, looks_per_s: float = 5.0) -> list[Micros]:
    """Moments as far apart as that, from 0 up to `until` seconds."""
    return [micros(i / looks_per_s) for i in range(int(until * looks_per_s) + 1)]


def moments(
    walks: Iterable[Walk],
    times: Sequence[Micros],
    *,
    jitter: float = 0.0,
    seed: int = 0,
    quiet: Sequence[tuple[float, float]] = (),
    cuts: Sequence[float] = (),
) -> list[Moment]:
    """What perception says at those times. `jitter` moves every edge of every box by up to so many pixels; looks in a
    `quiet` span (seconds) are not looked at, and everyone is carried on where they were."""
    rng = random.Random(seed)
    told = _Told(list(walks), jitter, rng)
    return [
        told.moment(at, quiet=_within(at, quiet), cut=any(abs(at - micros(c)) < 1000 for c in cuts))
        for at in times
    ]


def _within(at: Micros, spans: Sequence[tuple[float, float]]) -> bool:
    return any(micros(start) <= at < micros(end) for start, end in spans)


@dataclass
class _Told:
    walks: list[Walk]
    jitter: float
    rng: random.Random
    last: dict[str, tuple[Micros, Box]] = field(default_factory=dict)
    first: dict[str, tuple[Micros, Box]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    over: set[str] = field(default_factory=set)

    def moment(self, at: Micros, *, quiet: bool, cut: bool) -> Moment:
        present, arrived, gone = [], [], []
        for walk in self.walks:
            if walk.name in self.over or at < walk.begins:
                continue
            if at > walk.ends and not quiet:
                self.over.add(walk.name)
                if walk.name in self.named:
                    gone.append(self._visit(walk, self.last[walk.name], walk.went))
                continue
            seen = not quiet and not _within(at, walk.hidden)
            if seen:
                self.last[walk.name] = (at, self._shaken(walk.box(at)))
                self.first.setdefault(walk.name, self.last[walk.name])
            if walk.name not in self.first:
                continue
            if walk.name not in self.named:
                if not seen or at < walk.begins + micros(walk.sure_after):
                    continue
                self.named.add(walk.name)
                arrived.append(self._visit(walk, self.first[walk.name], walk.came))
            present.append(self._presence(walk, seen))
        return Moment(
            at=at, present=tuple(present), quiet=quiet, cut=cut, arrived=tuple(arrived), gone=tuple(gone)
        )

    def _shaken(self, box: Box) -> Box:
        x1, y1, x2, y2 = (
            v + self.rng.uniform(-self.jitter, self.jitter) for v in (box.x1, box.y1, box.x2, box.y2)
        )
        return Box(x1, y1, max(x2, x1 + 1), max(y2, y1 + 1))

    def _presence(self, walk: Walk, seen: bool) -> Presence:
        return Presence(
            entity_id=walk.entity_id,
            track_id=TrackId(f"tr_{walk.name}"),
            label=walk.label,
            box=self.last[walk.name][1],
            score=walk.score,
            seen=seen,
            names=walk.names,
        )

    def _visit(self, walk: Walk, when: tuple[Micros, Box], side: str) -> Visit:
        return Visit(
            entity_id=walk.entity_id,
            at=when[0],
            box=when[1],
            label=walk.label,
            score=walk.score,
            side=side,
            there_from_start=walk.from_start,
        )


def maker(
    layout: Layout = EMPTY_LAYOUT,
    thresholds: Thresholds = DEFAULT,
    *,
    size: tuple[int, int] | None = None,
) -> EventMaker:
    """An event maker for the stream of these tests."""
    return EventMaker(STREAM, GRID, layout, thresholds, size=size)


def events_of(
    told: Sequence[Moment],
    layout: Layout = EMPTY_LAYOUT,
    thresholds: Thresholds = DEFAULT,
    *,
    size: tuple[int, int] | None = None,
) -> list[Event]:
    """All events of those moments, in one flush at the end."""
    one = maker(layout, thresholds, size=size)
    for moment in told:
        one.update(moment)
    return one.flush(told[-1].at + 1, final=True)


def relations_of(told: Sequence[Moment], layout: Layout = EMPTY_LAYOUT) -> list[Relation]:
    """All relations of those moments."""
    one = maker(layout)
    for moment in told:
        one.update(moment)
    one.flush(told[-1].at + 1, final=True)
    return one.relations(told[-1].at + 1, final=True)


def told_of(events: Iterable[Event], *kinds: str) -> list[tuple[str, tuple[str, ...], float, float]]:
    """(kind, who, start, end) in seconds to a tenth, of the given kinds or of all."""
    return [
        (e.kind, tuple(e.entity_ids), round(e.span.start / 1e6, 1), round(e.span.end / 1e6, 1))
        for e in events
        if not kinds or e.kind in kinds
    ]


def chunk_at(at: Micros) -> ChunkId:
    """The chunk that evidence at that moment must name."""
    return GRID.id_at(at)
