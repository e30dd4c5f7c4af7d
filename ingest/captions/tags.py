"""Set-of-marks: what was followed, framed and numbered in the pictures, so that a model can name it.

After Yang et al., "Set-of-Mark Prompting Unleashes Extraordinary Visual Grounding in GPT-4V" (2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2

from core.clock import SECOND, Micros
from core.ids import EntityId
from core.media import Frame, Picture
from core.memory import Observation
from core.place import Box
from core.sight import Track, TrackPoint

MOST = 20
"""Marks in one chunk: more cover the picture up."""
NEAR = 3 * SECOND // 10
"""A thing is where its track was this near to a picture's moment."""
COLOURS = (
    (230, 60, 60), (40, 150, 230), (60, 180, 75), (240, 160, 30), (150, 80, 200), (0, 170, 170), (220, 80, 170), (120, 120, 40),
)  # fmt: skip
"""RGB of frames and numbers, in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A number drawn on a thing: which entity it stands for, and its boxes (source pixels) by the pictures' moments."""

    number: int
    entity_id: EntityId
    label: str
    boxes: Mapping[Micros, Box]


def tags_of(observation: Observation, frames: Sequence[Frame]) -> tuple[Tag, ...]:
    """What was followed in these pictures, numbered from 1 in the order in which the visits began."""
    tracks = {track.id: track for track in observation.tracks}
    out: list[Tag] = []
    for entity in sorted(observation.entities, key=lambda e: (e.span.start, e.id)):
        mine = [tracks[id] for id in entity.tracks if id in tracks]
        boxes = {frame.at: box for frame in frames if (box := _box(mine, frame.at)) is not None}
        if boxes and len(out) < MOST:
            out.append(
                Tag(number=len(out) + 1, entity_id=entity.id, label=entity.label or "thing", boxes=boxes)
            )
    return tuple(out)


def _box(tracks: Sequence[Track], at: Micros) -> Box | None:
    points: list[TrackPoint] = [point for track in tracks for point in track.points]
    nearest = min(points, key=lambda point: abs(point.at - at), default=None)
    return nearest.box if nearest is not None and abs(nearest.at - at) <= NEAR else None


def drawn(frame: Frame, tags: Sequence[Tag]) -> Picture:
    """The frame's picture with its tags drawn in; the picture itself where there are none."""
    here = [(tag.number, tag.boxes[frame.at]) for tag in tags if frame.at in tag.boxes]
    if not here:
        return frame.picture
    picture = frame.picture.copy()
    size = max(0.4, min(picture.shape[:2]) / 640)
    for number, box in here:
        colour = COLOURS[(number - 1) % len(COLOURS)]
        x1, y1, x2, y2 = (round(v / frame.scale) for v in (box.x1, box.y1, box.x2, box.y2))
        cv2.rectangle(picture, (x1, y1), (x2, y2), colour, 1)
        (width, height), _ = cv2.getTextSize(str(number), cv2.FONT_HERSHEY_SIMPLEX, size, 1)
        left = min(max(x1, 0), max(0, picture.shape[1] - width - 4))
        top = max(0, min(y1 - height - 4, picture.shape[0] - height - 4))
        cv2.rectangle(picture, (left, top), (left + width + 3, top + height + 4), colour, -1)
        place = (left + 2, top + height + 2)
        cv2.putText(
            picture, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), 1, cv2.LINE_AA
        )
    return picture
