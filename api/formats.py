"""Tracks in the formats that scoring tools read: MOT-challenge text and COCO-style JSON.

A track's points carry times, and these formats count frames: a frame's number is its place among the pictures of the
file, from 1, by the file's own timestamps. Where the file is gone, pictures are taken to follow one another evenly.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.clock import Micros, micros, nearest, seconds
from core.errors import SightlineError
from core.media import Stream
from core.memory import Entity
from core.ports import MediaStore
from core.settings import Settings
from core.sight import Detection, Track, TrackPoint
from evaluate.coco import CocoBoxes, CocoImage, write_coco
from evaluate.mot import MotRow, between
from ingest.numbering import moments
from ingest.source import resolve_source

log = logging.getLogger(__name__)

EVEN_RATE = 25.0
"""Frames a second where neither the file nor the stream says its rate."""


def moments_of(stream: Stream, media: MediaStore, settings: Settings) -> Sequence[Micros]:
    """The moments of the stream's pictures in order."""
    try:
        source = resolve_source(stream, media)
        return moments(
            source, decoder=settings.decoder, memory_mb=settings.decode_memory_mb, stall_s=settings.stall_s
        )
    except SightlineError as error:
        rate = stream.fps or EVEN_RATE
        log.warning("frames of %s are numbered by its average rate, for %s", stream.name, error.message)
        return [micros(n / rate) for n in range(round(seconds(stream.duration) * rate) + 1)]


def mot_rows(
    tracks: Iterable[Track],
    entities: Iterable[Entity],
    pictures: Sequence[Micros],
    *,
    every_frame: bool = True,
) -> Iterator[MotRow]:
    """A row per box; the id is the entity's: who was lost and known again keeps the number of its first track.

    With `every_frame`, boxes between two looks lie on the straight line between theirs; else only looked-at frames
    have rows.
    """
    first_of = {track: min(entity.tracks) for entity in entities for track in entity.tracks}
    pieces: dict[str, list[Track]] = {}
    for track in tracks:
        pieces.setdefault(first_of.get(track.id, track.id), []).append(track)
    for mine in pieces.values():
        number = min(track.number for track in mine)
        points = {point.at: point for track in mine for point in track.points}
        path = [points[at] for at in sorted(points)]
        for index, point in _placed(path, pictures, every_frame=every_frame):
            yield MotRow(frame=index + 1, number=number, box=point.box, score=point.score)


def _placed(
    path: list[TrackPoint], pictures: Sequence[Micros], *, every_frame: bool
) -> Iterator[tuple[int, TrackPoint]]:
    if every_frame:
        return between(path, pictures)
    return ((nearest(pictures, point.at), point) for point in path)


def coco(tracks: Iterable[Track], stream: Stream, pictures: Sequence[Micros]) -> dict[str, Any]:
    """One image per looked-at frame, one annotation per box (`track_id` ties them), one category per label."""
    kept = list(tracks)
    moments = sorted({point.at for track in kept for point in track.points})
    image_of = {at: number for number, at in enumerate(moments, 1)}
    boxes: dict[int, list[Detection]] = {}
    numbers: dict[tuple[int, int], int] = {}
    for track in kept:
        for point in track.points:
            mine = boxes.setdefault(image_of[point.at], [])
            numbers[image_of[point.at], len(mine)] = track.number
            mine.append(Detection(label=track.label, box=point.box, score=point.score, source=track.source))
    document = write_coco(
        CocoBoxes(
            images=tuple(_image(number, at, stream, pictures) for at, number in image_of.items()),
            categories=dict(enumerate(sorted({track.label for track in kept}), 1)),
            boxes={image: tuple(mine) for image, mine in boxes.items()},
        ),
        description=stream.name,
        tracks=numbers,
    )
    for image in document["images"]:
        image.update(width=stream.width, height=stream.height)
    return document


def _image(number: int, at: Micros, stream: Stream, pictures: Sequence[Micros]) -> CocoImage:
    frame = nearest(pictures, at) + 1
    return CocoImage(id=number, file_name=f"{stream.name}/{frame:06d}.jpg", frame=frame, time_s=seconds(at))
