"""What the memory holds of some streams and spans, read through `GraphStore.find` alone, as visits and events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import dist
from statistics import median

from agent import lexicon
from agent.kinds import BLIND
from core.clock import Micros, Span, covered, merge, subtract
from core.ids import EntityId
from core.media import Chunk, Stream
from core.memory import Caption, CaptionStatus, Coverage, CoverageState, Entity, Event, Found, Query, Want
from core.place import Box
from core.ports import GraphStore
from core.sight import Track, TrackPoint

SEEN = (CoverageState.LOOKED, CoverageState.GATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One entity's stay in the picture, with where it was (`points`, in order, inside the asked span)."""

    entity: Entity
    stream: Stream
    points: tuple[TrackPoint, ...] = ()

    @property
    def span(self) -> Span:
        """When it was in the picture."""
        return self.entity.span

    @property
    def first(self) -> Box | None:
        """Where it was at first."""
        return self.points[0].box if self.points else None

    @property
    def middle(self) -> Box | None:
        """Where it was half-way."""
        return self.points[len(self.points) // 2].box if self.points else None

    @property
    def size(self) -> float:
        """Its largest area, square pixels."""
        return max((p.box.area for p in self.points), default=0.0)

    def box_at(self, at: Micros) -> Box | None:
        """Where it was nearest to the moment."""
        return min(self.points, key=lambda p: abs(p.at - at)).box if self.points else None

    def colours(self, part: str = "") -> tuple[str, ...]:
        """Its colours: of the clothes named by `part`, else its own, most telling first."""
        keys = {"upper": ("upper", "colour"), "lower": ("lower",)}.get(part, ("colour", "upper", "lower"))
        if self.entity.label != "person" and not part:
            keys = ("colour", "upper", "lower")
        found = [str(self.entity.attributes[k]) for k in keys if self.entity.attributes.get(k)]
        out: list[str] = []
        for name in found[:1] if part else found:
            out += [c for c in lexicon.colours_in(name) or (name,) if c not in out]
        return tuple(out)

    def second_colour(self) -> tuple[str, ...]:
        """The other colour of what has two."""
        return lexicon.colours_in(str(self.entity.attributes.get("second_colour", "")))

    def side(self, key: str) -> tuple[str, ...]:
        """The sides of the picture by which it `entered` or `left`."""
        value = self.entity.attributes.get(key)
        return lexicon.sides_in(str(value).replace("_", " ")) if value else ()

    def speed(self) -> float | None:
        """Metres a second, where a scale is drawn."""
        value = self.entity.attributes.get("speed")
        known = self.entity.attributes.get("speed_unit") == "m/s"
        return float(value) if known and isinstance(value, int | float) else None

    def pace(self) -> float | None:
        """How fast for its size: its own heights a second, or metres where a scale is drawn."""
        value = self.entity.attributes.get("speed")
        return float(value) if isinstance(value, int | float) else None

    def travel(self) -> float:
        """How far its middle got from where it was at first, in its own diagonals at their largest."""
        if len(self.points) < 3:
            return 0.0
        a, b = self._ends()
        return max(dist(p.box.centre, a.centre) for p in self.points) / max(a.diagonal, b.diagonal)

    def moved(self) -> bool:
        """Whether it went further than half its own size, or straight to or from the camera, where little shows of that."""
        if len(self.points) < 3:
            return "still" not in self.heading()
        if lexicon.heading_of(self.entity.attributes.get("direction")) & {"towards", "away"}:
            return True
        a, b = self._ends()
        far = max(
            ((p.box.foot[0] - a.foot[0]) ** 2 + (p.box.foot[1] - a.foot[1]) ** 2) ** 0.5 for p in self.points
        )
        return bool(far > 0.5 * min(a.diagonal, b.diagonal))

    def heading(self, within: Span | None = None) -> frozenset[str]:
        """The ways it moved (`left right up down towards away still`), in the span if one is given."""
        stored = lexicon.heading_of(self.entity.attributes.get("direction"))
        points = tuple(p for p in self.points if within is None or p.at in within)
        if len(points) < 3:
            return stored
        seen = _heading(points, self.stream)
        whole = within is None or (within.start <= self.span.start and self.span.end <= within.end)
        if seen == {"still"} and whole and stored & {"towards", "away"}:
            return stored
        if not whole or not stored - {"still"} or seen == {"still"}:
            return seen
        contrary = {lexicon.OPPOSITE[way] for way in stored if way in lexicon.OPPOSITE}
        return (stored | (seen - contrary)) - {"still"}

    def _ends(self) -> tuple[Box, Box]:
        return _ends(self.points)


def _ends(points: Sequence[TrackPoint]) -> tuple[Box, Box]:
    """The usual box of the first and of the last eighth of the points: single wild boxes do not count."""
    part = max(1, len(points) // 8)

    def usual(some: Sequence[TrackPoint]) -> Box:
        boxes = [p.box for p in some]
        x1, y1, x2, y2 = (median(getattr(b, k) for b in boxes) for k in ("x1", "y1", "x2", "y2"))
        return Box(x1, y1, max(x2, x1 + 1), max(y2, y1 + 1))

    return usual(points[:part]), usual(points[-part:])


EDGE = 0.006
"""How near, as a part of the picture, a box's side must come to its edge to be cut off by it (as perception has it)."""


def _cut(box: Box, stream: Stream) -> tuple[bool, bool]:
    """Whether the picture's edge cuts the box across (left or right) and down (top or bottom)."""
    width, height = stream.width, stream.height
    if not width or not height:
        return False, False
    across = box.x1 <= EDGE * width or box.x2 >= (1 - EDGE) * width
    return across, box.y1 <= EDGE * height or box.y2 >= (1 - EDGE) * height


def _heading(points: Sequence[TrackPoint], stream: Stream) -> frozenset[str]:
    a, b = _ends(points)
    dx, dy = b.centre[0] - a.centre[0], b.foot[1] - a.foot[1]
    out: set[str] = set()
    far = (dx * dx + dy * dy) ** 0.5
    if far > 0.35 * min(a.diagonal, b.diagonal):
        if abs(dx) > 0.4 * abs(dy):
            out.add("right" if dx > 0 else "left")
        if abs(dy) > 0.4 * abs(dx):
            out.add("down" if dy > 0 else "up")
    grown = _grown(a, b, stream)
    if grown > 1.3:
        out.add("towards")
    elif grown < 1 / 1.3:
        out.add("away")
    return frozenset(out or {"still"})


def _grown(a: Box, b: Box, stream: Stream) -> float:
    """How much larger the second box is, by the measure that the picture's edge does not cut.

    Where only one of the two is cut, its true size is unknown but not smaller: what goes out of the picture has not
    shrunk by that, and what comes in has not grown.
    """
    (a_across, a_down), (b_across, b_down) = _cut(a, stream), _cut(b, stream)
    across, down = a_across or b_across, a_down or b_down
    if across and down:
        return 1.0
    if not across and not down:
        return b.height / a.height
    grown = b.width / a.width if down else b.height / a.height
    cut_a, cut_b = a_across or a_down, b_across or b_down
    return grown if cut_a and cut_b else max(1.0, grown) if cut_b else min(1.0, grown)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One stream within one span: everything the memory holds there, each kind read at most once.

    `home` is the scene of a longer recording that the span lies in: what was elsewhere is another world.
    """

    store: GraphStore
    stream: Stream
    span: Span
    home: Span | None = None
    _found: dict[Want, Found] = field(default_factory=dict, compare=False, repr=False)
    _visits: list[Visit] = field(default_factory=list, compare=False, repr=False)

    def coverage(self) -> tuple[Coverage, ...]:
        """How the span was treated."""
        return self._read(Want.COVERAGE).coverage

    def chunks(self) -> tuple[Chunk, ...]:
        """The chunks that make up the span."""
        return self._read(Want.CHUNKS).chunks

    def events(self, kinds: tuple[str, ...] = (), zones: tuple[str, ...] = ()) -> tuple[Event, ...]:
        """The events of those kinds at those zones."""
        query = Query(want=Want.EVENTS, streams=(self.stream.id,), span=self.span, kinds=kinds, zones=zones)
        return self.store.find(query).events

    def whole(self) -> View:
        """The same stream from its beginning to its end."""
        span = self.home or whole_span(self.stream, self.store)
        return (
            self
            if span == self.span
            else View(store=self.store, stream=self.stream, span=span, home=self.home)
        )

    def captions(self, text: str = "", limit: int = 50) -> tuple[Caption, ...]:
        """The captions, best match first where words are given; what was said out of form is no word on what was seen."""
        query = Query(want=Want.CAPTIONS, streams=(self.stream.id,), span=self.span, text=text, limit=limit)
        return tuple(c for c in self.store.find(query).captions if c.status is CaptionStatus.OK)

    def visits(self) -> tuple[Visit, ...]:
        """Everyone's stays that touch the span, in order of their beginning."""
        if not self._visits:
            self._visits.extend(self._read_visits())
        return tuple(self._visits)

    def _read_visits(self) -> list[Visit]:
        entities = self._read(Want.ENTITIES).entities
        tracks = {t.id: t for t in self._read(Want.TRACKS).tracks} if entities else {}
        out = [
            Visit(
                entity=e,
                stream=self.stream,
                points=_points((tracks[t] for t in e.tracks if t in tracks), e.span),
            )
            for e in entities
        ]
        return sorted(out, key=lambda v: (v.span.start, v.entity.id))

    def visit_of(self, id: EntityId) -> Visit | None:
        """The visit of that entity, if it touches the span."""
        return next((v for v in self.visits() if v.entity.id == id), None)

    def whole_has(self, labels: tuple[str, ...]) -> bool:
        """Whether the stream (or the scene at home) holds anything of those labels at any time."""
        query = Query(want=Want.ENTITIES, streams=(self.stream.id,), labels=labels, span=self.home, limit=1)
        return bool(self.store.find(query).entities)

    def unlooked(self) -> list[Span]:
        """The parts of the span that nobody looked at."""
        return subtract(self.span, (c.span for c in self.coverage() if c.state in SEEN))

    def looked(self) -> list[Span]:
        """The parts of the span that were looked at, gated ones included."""
        seen = (c.span.intersect(self.span) for c in self.coverage() if c.state in SEEN)
        return merge(s for s in seen if s)

    def blinded(self) -> list[Event]:
        """When the camera was dark, covered or frozen: somebody looked, but nothing of the place could be seen."""
        return [e for e in self.events(tuple(sorted(BLIND))) if e.span.duration > 1]

    def unseen(self) -> list[Span]:
        """The parts of the span in which nothing could be seen: nobody looked, or the camera was blind."""
        blind = (s for e in self.blinded() if (s := e.span.intersect(self.span)))
        return merge([*self.unlooked(), *blind])

    def unwatched(self) -> bool:
        """Whether the span was read through and nobody looked for anything in it: seeing was switched off."""
        seen = [c for c in self.coverage() if c.state in SEEN]
        return bool(seen) and not any(c.by for c in seen)

    def covered_share(self) -> float:
        """How much of the span was looked at, 0 to 1."""
        return covered(self.looked()) / self.span.duration

    def seen_share(self) -> float:
        """How much of the span was looked at while the camera could see, 0 to 1."""
        return 1 - covered(self.unseen()) / self.span.duration

    def looked_for(self) -> frozenset[str]:
        """The labels that were looked for."""
        return frozenset(label for c in self.coverage() for label in c.looked_for)

    def chunk_at(self, at: Micros) -> Chunk | None:
        """The chunk that answers for the moment."""
        query = Query(want=Want.CHUNKS, streams=(self.stream.id,), span=Span.at(max(0, at)))
        return next(iter(self.store.find(query).chunks), None)

    def _read(self, want: Want) -> Found:
        if want not in self._found:
            self._found[want] = self.store.find(Query(want=want, streams=(self.stream.id,), span=self.span))
        return self._found[want]


def by_eyes(caption: Caption) -> bool:
    """Whether a model that looked at pictures wrote it, and not the describer or the gate."""
    return caption.status is CaptionStatus.OK and not caption.model.startswith(("describe:", "gate:"))


def _points(tracks: Iterable[Track], span: Span) -> tuple[TrackPoint, ...]:
    """The points of a visit's tracks in order, one per moment."""
    at: dict[Micros, TrackPoint] = {}
    for track in tracks:
        for point in track.points:
            if span.start <= point.at <= span.end:
                at.setdefault(point.at, point)
    return tuple(at[k] for k in sorted(at))


def whole_span(stream: Stream, store: GraphStore) -> Span:
    """All of a stream: by its known length, else as far as it was covered."""
    if stream.duration:
        return Span(0, stream.duration)
    chunks = store.find(Query(want=Want.CHUNKS, streams=(stream.id,))).chunks
    return Span(0, max((c.span.end for c in chunks), default=1))
