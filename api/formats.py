"""Tracks in the formats that scoring tools read: MOT-challenge text and COCO-style JSON.

A track's points carry times, and these formats count frames: the frame is the time times the stream's average rate,
rounded, from 1. On a stream of variable rate that is the nearest frame of an even one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from core.clock import Micros, seconds
from core.media import Stream
from core.sight import Track

EVEN_RATE = 25.0
"""Frames a second where a stream does not say its rate."""


def frame_number(at: Micros, stream: Stream) -> int:
    """The number of the frame shown then, from 1."""
    return round(seconds(at) * (stream.fps or EVEN_RATE)) + 1


def mot(tracks: Iterable[Track], stream: Stream) -> Iterator[str]:
    """Lines `frame, id, left, top, width, height, confidence, -1, -1, -1`, in order of frames."""
    rows = [
        (frame_number(point.at, stream), track.number, point)
        for track in tracks
        for point in track.points
    ]  # fmt: skip
    for frame, number, point in sorted(rows, key=lambda row: row[:2]):
        box = point.box
        yield (
            f"{frame},{number},{box.x1:.1f},{box.y1:.1f},{box.width:.1f},{box.height:.1f},{point.score:.3f},-1,-1,-1"
        )


def coco(tracks: Iterable[Track], stream: Stream) -> dict[str, Any]:
    """One image per looked-at frame, one annotation per box (`track_id` ties them), one category per label."""
    kept = list(tracks)
    moments = sorted({point.at for track in kept for point in track.points})
    image_of = {at: number for number, at in enumerate(moments, 1)}
    category_of = {label: n for n, label in enumerate(sorted({track.label for track in kept}), 1)}
    boxes = [(track, point) for track in kept for point in track.points]
    return {
        "info": {"description": stream.name},
        "images": [
            {
                "id": image_of[at],
                "file_name": f"{stream.name}/{frame_number(at, stream):06d}.jpg",
                "width": stream.width,
                "height": stream.height,
                "time_s": seconds(at),
                "frame": frame_number(at, stream),
            }
            for at in moments
        ],
        "categories": [{"id": id, "name": label} for label, id in category_of.items()],
        "annotations": [
            {
                "id": number,
                "image_id": image_of[point.at],
                "category_id": category_of[track.label],
                "bbox": [
                    round(v, 1) for v in (point.box.x1, point.box.y1, point.box.width, point.box.height)
                ],
                "area": round(point.box.area, 1),
                "iscrowd": 0,
                "track_id": track.number,
                "score": round(point.score, 3),
            }
            for number, (track, point) in enumerate(boxes, 1)
        ],
    }
