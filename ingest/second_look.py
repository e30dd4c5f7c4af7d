"""A second look at the pictures of events: a finder is asked for what the fast detector has no name for.

Finders take seconds a picture, so only pictures of a chunk that has events are shown to one, and a few of those. What it
finds is told as events of kind `found`, with the finder's name as their source; nothing that was seen is changed by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core import ids
from core.clock import SECOND, Micros, Span
from core.errors import Invalid
from core.ids import EntityId
from core.media import Frame, Stream
from core.memory import Event, Evidence, Observation, Participant, Query, Want
from core.place import Box
from core.ports import Finder, House
from core.sight import Detection

MOST = 4
"""Pictures of one chunk that are looked at again."""
MOST_ASKED = 24
"""Pictures that one search through a stream looks at."""
NEAR = SECOND
"""A picture shows an event if it was taken this near to a moment of its evidence."""
SAME = 0.3
"""Overlap (IoU) from which on what was found is who was followed there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What a search through a stream found: where and when, and the finder that says so."""

    stream: Stream
    at: Micros
    found: Detection


def second_look(
    observation: Observation, frames: Sequence[Frame], finder: Finder, words: Sequence[str]
) -> Observation:
    """The observation with an event `found` for every thing of these words in the pictures nearest to its events."""
    shown = nearest(frames, moments(observation.events, within=observation.chunk.span), most=MOST)
    if not shown:
        return observation
    best: dict[tuple[str, str], Event] = {}
    for frame, found in zip(shown, finder.find(shown, words), strict=True):
        for detection in found:
            who = _who(observation, frame.at, detection.box)
            key = (detection.label, who or f"{detection.box.rounded()}@{frame.at}")
            if key not in best or detection.score > best[key].confidence:
                best[key] = _event(observation, frame.at, detection, who)
    return replace(observation, events=(*observation.events, *best.values()))


def seek(stream: Stream, words: Sequence[str], house: House, *, span: Span | None = None) -> list[Sought]:
    """What the stream's event pictures show of these words, in order of time.

    Raises `Invalid` where nothing here finds by words, `NotFound` where the stream's pictures are gone.
    """
    if house.finder is None:
        raise Invalid(
            "nothing here finds things by words",
            next_step="set SIGHTLINE_DETECTOR=open:REPO or folder (OWLv2, Grounding DINO)",
        )
    events = house.store.find(Query(want=Want.EVENTS, streams=(stream.id,), span=span)).events
    wanted = sorted(set(moments(events, within=span)))
    chosen = wanted[:: max(1, -(-len(wanted) // MOST_ASKED))]
    frames = house.frames.frames_at(stream.id, chosen)
    rows = house.finder().find(frames, words)
    return [
        Sought(stream=stream, at=at, found=detection)
        for at, row in zip(chosen, rows, strict=True)
        for detection in row
    ]


def moments(events: Sequence[Event], *, within: Span | None) -> list[Micros]:
    """The moments at which the events can be seen: those of their evidence, in order."""
    told = [evidence.at for event in events for evidence in event.evidence]
    return sorted(at for at in told if within is None or within.start <= at < within.end)


def nearest(frames: Sequence[Frame], wanted: Sequence[Micros], *, most: int) -> list[Frame]:
    """The frames taken nearest to those moments, each once, spread over them where there are too many."""
    chosen: dict[Micros, Frame] = {}
    for at in wanted:
        frame = min(frames, key=lambda f: abs(f.at - at), default=None)
        if frame is not None and abs(frame.at - at) <= NEAR:
            chosen[frame.at] = frame
    shown = [chosen[at] for at in sorted(chosen)]
    return shown[:: max(1, -(-len(shown) // most))]


def _who(observation: Observation, at: Micros, box: Box) -> EntityId | None:
    """The entity that was followed where and when something was found."""
    best, overlap = None, SAME
    owner = {track: entity.id for entity in observation.entities for track in entity.tracks}
    for track in observation.tracks:
        point = min(track.points, key=lambda p: abs(p.at - at), default=None)
        if point is None or abs(point.at - at) > NEAR // 2 or track.id not in owner:
            continue
        if point.box.iou(box) > overlap:
            best, overlap = owner[track.id], point.box.iou(box)
    return best


def _event(observation: Observation, at: Micros, detection: Detection, who: EntityId | None) -> Event:
    chunk = observation.chunk
    place = who or tuple(detection.box.rounded())
    return Event(
        id=ids.event_id(chunk.stream_id, "found", chunk.span.start, detection.label, place, detection.source),
        stream_id=chunk.stream_id,
        kind="found",
        span=Span(at, at + 1),
        participants=(Participant(entity_id=who),) if who is not None else (),
        confidence=round(detection.score, 3),
        evidence=(Evidence(chunk_id=chunk.id, at=at, box=detection.box),),
        source=detection.source,
        attributes={"what": detection.label},
        noticed=at,
    )
