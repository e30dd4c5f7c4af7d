"""What was seen, drawn for people: a clip with boxes, ids, labels and events, and a map of where things stood and went."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import supervision as sv

from api.detections import NAMES, of_sightings
from core.clock import Micros, Span, micros, subtract
from core.errors import Invalid
from core.media import Picture, Stream
from core.memory import Event, Query, Want
from core.ports import House
from core.settings import Settings
from core.sight import Sighting, Track
from evaluate.mot import between
from ingest.reopen import Reopener

EVENT_SHOWN: Micros = micros(1.5)
"""How long the words of an instant stay in the picture."""


def heat_map(stream: Stream, house: House, span: Span | None, labels: Sequence[str] = ()) -> Picture:
    """Where the middle of the lower edge of each box was, look for look, over the stream's picture half-way.

    Raises `Invalid` where nothing of the kind was seen then.
    """
    tracks = [t for t in _tracks(stream, house, span) if not labels or t.label in labels]
    places = [p for t in tracks for p in t.points if span is None or p.at in span]
    if not places:
        raise Invalid(
            "there is nothing to draw: nothing of the kind was seen",
            next_step="ask for another label, another span, or neither",
        )
    shown = subtract(span or Span(0, max(stream.duration, 1)), stream.forgotten)
    middle = max(shown, key=lambda part: part.duration).middle if shown else 0
    (still,) = house.frames.frames_at(stream.id, [middle])
    size = max(4, still.picture.shape[1] // 50)
    painter = sv.HeatMapAnnotator(position=sv.Position.BOTTOM_CENTER, radius=size, kernel_size=size | 1)
    boxes = [(p.box.x1, p.box.y1, p.box.x2, p.box.y2) for p in places]
    every = sv.Detections(xyxy=np.array(boxes, float) / still.scale)
    # supervision works in place and in BGR
    drawn = painter.annotate(np.asarray(cv2.cvtColor(still.picture, cv2.COLOR_RGB2BGR), np.uint8), every)
    return np.asarray(cv2.cvtColor(drawn, cv2.COLOR_BGR2RGB), np.uint8)


def annotated(stream: Stream, house: House, settings: Settings, span: Span, target: Path) -> None:
    """Writes the span as H.264 in MP4 with what was followed, and what happened, drawn into every picture."""
    clip = Reopener(house.ledger, house.media, settings).cut_clip(stream, span)
    tracks = _tracks(stream, house, clip.span)
    found = house.store.find(Query(want=Want.EVENTS, streams=(stream.id,), span=clip.span))
    with av.open(io.BytesIO(clip.data), "r") as given:
        moments = [clip.span.start + micros(f.time or 0.0) for f in given.decode(video=0)]
    seen = _by_picture(tracks, moments)
    with (
        av.open(io.BytesIO(clip.data), "r") as given,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out,
    ):
        source = given.streams.video[0]
        video = out.add_stream("libx264", rate=source.average_rate)
        video.width, video.height, video.pix_fmt = source.width, source.height, "yuv420p"
        video.time_base = source.time_base
        scale = source.width / stream.width if stream.width else 1.0
        for place, frame in enumerate(given.decode(source)):
            picture = _drawn(
                np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), seen.get(place, []), scale
            )
            _say(picture, found.events, moments[place])
            fresh = av.VideoFrame.from_ndarray(picture, format="bgr24")
            fresh.pts, fresh.time_base = frame.pts, frame.time_base
            out.mux(video.encode(fresh))
        out.mux(video.encode())


def _tracks(stream: Stream, house: House, span: Span | None) -> tuple[Track, ...]:
    return house.store.find(Query(want=Want.TRACKS, streams=(stream.id,), span=span)).tracks


def _by_picture(tracks: Sequence[Track], moments: Sequence[Micros]) -> dict[int, list[Sighting]]:
    out: dict[int, list[Sighting]] = {}
    for track in tracks:
        inside = [p for p in track.points if moments and moments[0] <= p.at <= moments[-1]]
        for place, p in between(inside, moments):
            sighting = Sighting(number=track.number, at=p.at, label=track.label, box=p.box, score=p.score)
            out.setdefault(place, []).append(sighting)
    return out


def _drawn(picture: Picture, seen: Sequence[Sighting], scale: float) -> Picture:
    if not seen:
        return picture
    boxes = of_sightings(seen)
    boxes.xyxy = boxes.xyxy * scale
    words = [
        f"{name} {number}" for name, number in zip(boxes.data[NAMES], (s.number for s in seen), strict=True)
    ]
    by_track = sv.ColorLookup.TRACK
    picture = sv.BoxAnnotator(color_lookup=by_track).annotate(picture, boxes)
    return np.asarray(
        sv.LabelAnnotator(color_lookup=by_track).annotate(picture, boxes, labels=words), np.uint8
    )


def _say(picture: Picture, events: Sequence[Event], at: Micros) -> None:
    for line, words in enumerate(_now(events, at)):
        spot = (10, picture.shape[0] - 12 - 22 * line)
        cv2.putText(picture, words, spot, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 4, cv2.LINE_AA)
        cv2.putText(picture, words, spot, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)


def _now(events: Sequence[Event], at: Micros) -> Iterator[str]:
    for event in events:
        if event.span.start <= at < max(event.span.end, event.span.start + EVENT_SHOWN):
            yield event.kind.replace("_", " ") + (f" ({event.zone})" if event.zone else "")
