"""Reads text in pictures: zones that changed while a stream is watched, and whatever somebody asks to have read."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.clock import SECOND, Micros, Span
from core.colour import BY_COLOURS, COLOURS
from core.errors import Invalid, NotFound, Unavailable
from core.ids import EntityId
from core.media import Frame, Stream
from core.memory import Entity, Observation, Query, Vector, Want
from core.place import Box
from core.ports import House, TextReader
from core.sight import Reading, TrackPoint
from graph.resolve import resolve
from ingest.events.maker import EventMaker
from ingest.events.text import SURE, ToRead, cut, with_room
from ingest.forgotten import shown, write

log = logging.getLogger(__name__)

LEGIBLE = 0.85
"""Lines read from a look with less than this score are read again from the full picture."""
LOOKS_AT_ONE = 8
"""At how many of its moments one thing is read: the largest ones, spread over its stay."""
MOST_MOMENTS = 60
"""How many pictures one request may read."""
MARGIN = 0.08
"""How much round a thing is read with it, of its own size."""
SAID_TWICE = 0.34
"""In which part of the readings of one thing a line has to be found (and at least twice, where it was read often)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSeen:
    """One line of text that was in the picture for that span, as far as it was looked at: `box` in source pixels."""

    span: Span
    reading: Reading
    zone: str | None = None
    entity_id: EntityId | None = None


class ZoneTexts:
    """Reads the zones that an `EventMaker` wants read. Without a reader it says so once and reads nothing."""

    def __init__(self, house: House, stream: Stream) -> None:
        self._house, self._stream = house, stream
        self._without = False

    def serve(self, events: EventMaker) -> None:
        """Reads what is to be read now."""
        for asked in events.to_read():
            reader = self._reader()
            if reader is not None:
                events.told(asked, self._read(reader, asked), reader.name)

    def _reader(self) -> TextReader | None:
        if self._without:
            return None
        try:
            return self._house.reader()
        except Unavailable as error:
            self._without = True
            log.warning("zones of %s are not read: %s", self._stream.name, error)
            return None

    def _read(self, reader: TextReader, asked: ToRead) -> list[Reading]:
        scale = asked.box.width / asked.picture.shape[1]
        found = _placed(reader.read([asked.picture])[0], asked.box, scale)
        if scale < 1.1 or (found and min(reading.score for reading in found) >= LEGIBLE):
            return found
        try:
            (frame,) = self._house.frames.frames_at(self._stream.id, [asked.at])
        except (NotFound, Invalid, Unavailable):
            return found  # a live camera's past cannot be opened again
        better = _placed(reader.read([cut(frame, asked.box)])[0], asked.box, 1.0)
        return better or found


def _placed(readings: Sequence[Reading], box: Box, scale: float) -> list[Reading]:
    """The readings of a cut-out as readings of the source picture."""
    return [
        replace(r, box=Box(*(v * scale + o for v, o in zip((r.box.x1, r.box.y1, r.box.x2, r.box.y2), (box.x1, box.y1, box.x1, box.y1), strict=True))))
        for r in readings
    ]  # fmt: skip


def read_span(house: House, stream: Stream, span: Span, *, zone: str | None = None) -> list[TextSeen]:
    """The text in the pictures of the span (one a second, evenly fewer over long spans), or in one of its zones.

    The same line in the same place is one `TextSeen`. Raises `Unavailable` without a reader, `NotFound` for a zone that is
    not drawn, and what opening the pictures raises.
    """
    reader = house.reader()
    where = _zone_box(stream, zone) if zone is not None else None
    step = max(SECOND, span.duration // MOST_MOMENTS)
    moments = shown(stream, list(range(span.start, span.end, step))[:MOST_MOMENTS])
    frames = house.frames.frames_at(stream.id, moments)
    seen: list[TextSeen] = []
    for at, frame in zip(moments, frames, strict=True):
        box = where or Box(0, 0, frame.width * frame.scale, frame.height * frame.scale)
        for reading in _read_box(reader, frame, box):
            _join(seen, TextSeen(span=Span(at, at + 1), reading=reading, zone=zone), step)
    return seen


def read_entity(house: House, stream: Stream, entity: EntityId, within: Span | None = None) -> list[TextSeen]:
    """The lines of text on one thing (a plate, a number on a shirt), surest first; they become its attribute `text` with
    the reader's name as `text_by`, kept in the memory.

    It is read at several moments at which it was large; a line counts that was read alike in a third of them. Raises
    `NotFound` for a thing that is not known, `Unavailable` without a reader.
    """
    found = house.store.find(Query(want=Want.ENTITIES, streams=(stream.id,), ids=(entity,))).entities
    if not found:
        raise NotFound(
            f"nothing in {stream.name!r} has the id {entity!r}",
            next_step="see `sightline events --json` for the ids",
        )
    points = _points(house, stream, found[0], within)
    if not points:
        raise NotFound(f"{entity!r} was not in the picture then", next_step="leave the span out")
    reader = house.reader()
    frames = house.frames.frames_at(stream.id, [point.at for point in points])
    lines: dict[str, list[tuple[Micros, Reading]]] = defaultdict(list)
    for point, frame in zip(points, frames, strict=True):
        for text, reading in {r.text: r for r in _read_box(reader, frame, _grown(point.box))}.items():
            lines[_plain(text)].append((point.at, reading))
    need = max(2 if len(points) > 3 else 1, SAID_TWICE * len(points))
    agreed = [seen for seen in lines.values() if len(seen) >= need]
    agreed.sort(key=lambda seen: -sum(reading.score for _, reading in seen))
    out = [_agreed(seen, entity) for seen in agreed]
    if out:
        _keep(
            house, stream, found[0], " ".join(t.reading.text for t in sorted(out, key=_from_top)), reader.name
        )
    return out


def _agreed(seen: list[tuple[Micros, Reading]], entity: EntityId) -> TextSeen:
    """What was read several times, in its commonest spelling."""
    (spelling, _), *_ = Counter(reading.text for _, reading in seen).most_common(1)
    _, best = max((s for s in seen if s[1].text == spelling), key=lambda s: s[1].score)
    score = round(sum(reading.score for _, reading in seen) / len(seen), 3)
    span = Span(min(at for at, _ in seen), max(at for at, _ in seen) + 1)
    return TextSeen(span=span, reading=replace(best, score=score), entity_id=entity)


def _from_top(text: TextSeen) -> tuple[float, float]:
    return text.reading.box.y1, text.reading.box.x1


def _plain(text: str) -> str:
    """The text without what readers differ in: spaces, dots and dashes, and its case."""
    return "".join(c for c in text.casefold() if c.isalnum()) or text


def _points(house: House, stream: Stream, entity: Entity, within: Span | None) -> list[TrackPoint]:
    """Moments at which the thing was large, spread over its stay: the largest of each of a few stretches."""
    tracks = house.store.find(Query(want=Want.TRACKS, streams=(stream.id,), ids=entity.tracks)).tracks
    points = sorted((p for track in tracks for p in track.points), key=lambda p: p.at)
    points = [p for p in points if within is None or within.start <= p.at < within.end]
    size = max(1, -(-len(points) // LOOKS_AT_ONE))
    return [max(points[n : n + size], key=lambda p: p.box.area) for n in range(0, len(points), size)]


def _keep(house: House, stream: Stream, entity: Entity, text: str, by: str) -> None:
    """Writes the text down as an attribute of the thing, and asks anew whether it is the same as another with that text.

    All that the chunk says of the thing is said again, and what was looked at in it: the word on them is replaced.
    """
    store = house.store
    chunk = store.find(Query(want=Want.CHUNKS, streams=(stream.id,), span=entity.span)).chunks[-1]
    told = replace(entity, attributes={**entity.attributes, "text": text, "text_by": by})
    looked = store.find(Query(want=Want.COVERAGE, streams=(stream.id,), span=chunk.span)).coverage
    any_look = Vector.of_row("", BY_COLOURS, np.ones(2 * len(COLOURS)))
    look = store.find(Query(want=Want.ENTITIES, ids=(entity.id,), like=any_look)).vectors
    observation = Observation(
        chunk=chunk,
        entities=(told,),
        coverage=tuple(c for c in looked if chunk.span.covers(c.span)),
        vectors=look,
    )
    written = write(observation, store, house.ledger)
    if written is not None:
        resolve(written, store=store, ledger=house.ledger, final=True)


def _read_box(reader: TextReader, frame: Frame, box: Box) -> list[Reading]:
    whole = Box(0, 0, frame.width * frame.scale, frame.height * frame.scale)
    inside = Box(max(box.x1, 0), max(box.y1, 0), min(box.x2, whole.x2), min(box.y2, whole.y2))
    picture = cut(frame, inside)
    readings = reader.read([np.ascontiguousarray(picture)])[0]
    return [r for r in _placed(readings, inside, frame.scale) if r.score >= SURE]


def _grown(box: Box) -> Box:
    dx, dy = MARGIN * box.width, MARGIN * box.height
    return Box(box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy)


def _zone_box(stream: Stream, name: str) -> Box:
    zone = next((zone for zone in stream.layout.zones if zone.name == name), None)
    if zone is None:
        known = ", ".join(repr(zone.name) for zone in stream.layout.zones) or "none"
        raise NotFound(f"{stream.name!r} has no zone {name!r}", next_step=f"drawn are: {known}")
    return with_room(zone.polygon, stream.width, stream.height)


def _join(seen: list[TextSeen], new: TextSeen, step: Micros) -> None:
    """Adds what was read, to what was read there a moment before if it is the same."""
    for n, old in enumerate(seen):
        same = (
            _plain(old.reading.text) == _plain(new.reading.text)
            and old.reading.box.iou(new.reading.box) > 0.3
        )
        if same and new.span.start - old.span.end <= step:
            better = max(old.reading, new.reading, key=lambda reading: reading.score)
            seen[n] = replace(old, span=old.span.hull(new.span), reading=better)
            return
    seen.append(new)
