"""Memories built by hand from what is true of a scene: who came when, from where to where, in which colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core import ids
from core.clock import SECOND, Span, micros
from core.ids import ChunkId, StreamId
from core.media import Chunk, Stream, StreamState
from core.memory import Caption, Coverage, CoverageState, Entity, Event, Evidence, Observation, Participant
from core.place import EMPTY_LAYOUT, Box, Layout, Point
from core.sight import Attributes, Track, TrackPoint
from graph.ledger import MemoryLedger
from graph.plain.store import MemoryStore

CHUNK = 10 * SECOND
COCO = ("person", "car", "truck", "bus", "bicycle", "dog", "bottle", "thing")


@dataclass(kw_only=True)
class Scene:
    """One stream of a given length, filled visit by visit; `kept()` writes it, chunk by chunk, as ingest would."""

    name: str = "yard"
    seconds: float = 60.0
    width: int = 640
    height: int = 360
    layout: Layout = EMPTY_LAYOUT
    looked_for: tuple[str, ...] = COCO
    unlooked: tuple[tuple[float, float], ...] = ()
    store: MemoryStore = field(default_factory=MemoryStore)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    _entities: list[Entity] = field(default_factory=list)
    _tracks: list[Track] = field(default_factory=list)
    _events: list[Event] = field(default_factory=list)
    _captions: list[tuple[float, str]] = field(default_factory=list)

    @property
    def id(self) -> StreamId:
        """The stream's id."""
        return ids.stream_id(self.name)

    @property
    def stream(self) -> Stream:
        """The stream's row."""
        return Stream(
            id=self.id, name=self.name, source=f"/films/{self.name}.mp4", shown_source=f"{self.name}.mp4",
            state=StreamState.WATCHED, duration=micros(self.seconds), width=self.width, height=self.height, layout=self.layout,
        )  # fmt: skip

    def chunk_id(self, at: int) -> ChunkId:
        """The chunk that answers for the moment."""
        return ids.chunk_id(self.id, at // CHUNK * CHUNK, CHUNK, "test")

    def visit(
        self, label: str, start: float, end: float, path: tuple[Point, Point] = ((0, 180), (640, 180)), *,
        size: tuple[float, float] = (60, 80), grows: float = 1.0, confidence: float = 0.9, **attributes: str | float,
    ) -> Entity:  # fmt: skip
        """Someone's stay from `start` to `end` seconds, the box's middle going from the path's first point to its last."""
        number = len(self._tracks) + 1
        (ax, ay), (bx, by) = path
        points = []
        for step in range(41):
            part = step / 40
            w, h = (s * grows**part for s in size)
            x, y = ax + (bx - ax) * part, ay + (by - ay) * part
            points.append(
                TrackPoint(
                    micros(start + (end - start) * part * 0.999),
                    Box(x - w / 2, y - h / 2, x + w / 2, y + h / 2),
                    0.9,
                )
            )
        track_id = ids.track_id(self.id, number, "test")
        span = Span.of_seconds(start, end)
        known: Attributes = dict(attributes)
        self._tracks.append(
            Track(id=track_id, stream_id=self.id, number=number, label=label, span=span, confidence=confidence, points=tuple(points))
        )  # fmt: skip
        entity = Entity(
            id=ids.entity_id(self.id, track_id), stream_id=self.id, label=label, span=span, confidence=confidence,
            attributes=known, tracks=(track_id,),
        )  # fmt: skip
        self._entities.append(entity)
        return entity

    def event(
        self,
        kind: str,
        start: float,
        end: float | None = None,
        *who: Entity,
        zone: str | None = None,
        roles: Sequence[str] = (),
        **attributes: str | float,
    ) -> Event:
        """Something that happened; a moment where no end is given. `roles` are those of `who`, the subjects if none is said."""
        span = Span.at(micros(start)) if end is None else Span.of_seconds(start, end)
        event = Event(
            id=ids.event_id(self.id, kind, span.start, zone, *(e.id for e in who)), stream_id=self.id, kind=kind, span=span, zone=zone,
            participants=tuple(Participant(entity_id=e.id, role=role) for e, role in zip(who, roles or ["subject"] * len(who), strict=True)), confidence=0.8, source="test", attributes=dict(attributes),
            evidence=(Evidence(chunk_id=self.chunk_id(span.start), at=span.start),),
        )  # fmt: skip
        self._events.append(event)
        return event

    def told(self, at: float, text: str) -> None:
        """A caption of the chunk at that second."""
        self._captions.append((at, text))

    def kept(self) -> Scene:
        """Everything written to the store and the ledger."""
        self.ledger.put(self.stream)
        end = micros(self.seconds)
        for index in range(-(-end // CHUNK)):
            span = Span(index * CHUNK, min(end, (index + 1) * CHUNK))
            if any(Span.of_seconds(*missed).overlaps(span) for missed in self.unlooked):
                continue
            self.store.write(self._observation(index, span))
        return self

    def _observation(self, index: int, span: Span) -> Observation:
        chunk = Chunk(id=self.chunk_id(span.start), stream_id=self.id, index=index, span=span)
        tracks = []
        for track in self._tracks:
            if track.span.overlaps(span):
                inside = tuple(p for p in track.points if p.at in span)
                tracks.append(
                    Track(
                        id=track.id, stream_id=self.id, number=track.number, label=track.label, span=track.span,
                        confidence=track.confidence, points=inside,
                    )
                )  # fmt: skip
        return Observation(
            chunk=chunk,
            tracks=tuple(tracks),
            entities=tuple(e for e in self._entities if e.span.overlaps(span)),
            events=tuple(e for e in self._events if e.span.overlaps(span)),
            captions=tuple(
                Caption(id=ids.caption_id(chunk.id, "test"), chunk_id=chunk.id, stream_id=self.id, span=span, text=text, model="test")
                for at, text in self._captions
                if micros(at) in span
            ),
            coverage=(Coverage(stream_id=self.id, span=span, state=CoverageState.LOOKED, by="test", looked_for=self.looked_for),),
        )  # fmt: skip
