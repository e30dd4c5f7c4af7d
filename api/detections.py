"""`supervision.Detections` in and out, so that what is seen here can be drawn, counted and filtered by that library.

Boxes are pixels of the source; `data["class_name"]` holds the labels, `tracker_id` the numbers of tracks. What that
library has no place for (what found it, the appearance, the moment) rides in `data` too, so that nothing is lost on the
way back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import supervision as sv

from core.clock import Micros
from core.place import Box
from core.sight import Detection, Sighting, Track

NAMES = "class_name"
"""Where supervision keeps the words for classes."""


def of_detections(found: Sequence[Detection], class_ids: Mapping[str, int] | None = None) -> sv.Detections:
    """Detections for supervision. `class_ids` numbers the labels; without it, in order of the alphabet from 0."""
    out = _boxes([d.box for d in found], [d.score for d in found], [d.label for d in found], class_ids)
    out.data["source"] = np.array([d.source for d in found], object)
    appearances = np.empty(len(found), object)
    for place, each in enumerate(found):
        appearances[place] = each.appearance
    out.data["appearance"] = appearances
    return out


def of_sightings(found: Sequence[Sighting], class_ids: Mapping[str, int] | None = None) -> sv.Detections:
    """Followed things for supervision, with `tracker_id`."""
    out = _boxes([s.box for s in found], [s.score for s in found], [s.label for s in found], class_ids)
    out.tracker_id = np.array([s.number for s in found], int)
    out.data["at"] = np.array([s.at for s in found], np.int64)
    return out


def of_tracks(
    tracks: Sequence[Track], at: Micros, class_ids: Mapping[str, int] | None = None
) -> sv.Detections:
    """Who of the tracks was seen at that very moment, with `tracker_id`."""
    seen = [
        Sighting(number=track.number, at=at, label=track.label, box=point.box, score=point.score)
        for track in tracks
        for point in track.points
        if point.at == at
    ]
    return of_sightings(seen, class_ids)


def to_detections(given: sv.Detections, labels: Mapping[int, str] | None = None) -> list[Detection]:
    """Supervision's detections as ours. Labels come from `class_name`, else from `labels` by class id.

    Raises ValueError for a box without a size or a label, and for a score beyond 0 to 1; without scores they are 1.
    """
    sources = given.data.get("source", [""] * len(given))
    appearances = given.data.get("appearance", [()] * len(given))
    return [
        Detection(label=label, box=box, score=score, source=str(source), appearance=tuple(appearance))
        for (label, box, score), source, appearance in zip(
            _plain(given, labels), sources, appearances, strict=True
        )
    ]


def to_sightings(
    given: sv.Detections, at: Micros | None = None, labels: Mapping[int, str] | None = None
) -> list[Sighting]:
    """Followed things as ours; those a tracker was not sure of (`tracker_id` below 0) are left out.

    `at` is their moment, where `data` does not say it. Raises ValueError where nothing says it, or nothing was followed.
    """
    if len(given) and given.tracker_id is None:
        raise ValueError("these detections were not followed: they have no tracker_id")
    moments = given.data.get("at", [at] * len(given))
    if any(moment is None for moment in moments):
        raise ValueError("the moment of these detections is not known: give `at`")
    numbers = given.tracker_id if given.tracker_id is not None else ()
    return [
        Sighting(number=int(number), at=int(moment), label=label, box=box, score=score)
        for (label, box, score), number, moment in zip(_plain(given, labels), numbers, moments, strict=True)
        if number >= 0
    ]


def _boxes(
    boxes: Sequence[Box], scores: Sequence[float], labels: Sequence[str], class_ids: Mapping[str, int] | None
) -> sv.Detections:
    numbers = class_ids or {label: number for number, label in enumerate(sorted(set(labels)))}
    return sv.Detections(
        xyxy=np.array([(b.x1, b.y1, b.x2, b.y2) for b in boxes], float).reshape(-1, 4),
        confidence=np.array(scores, float),
        class_id=np.array([numbers[label] for label in labels], int),
        data={NAMES: np.array(labels, object)},
    )


def _plain(given: sv.Detections, labels: Mapping[int, str] | None) -> list[tuple[str, Box, float]]:
    names = given.data.get(NAMES)
    if names is None:
        if len(given) and (labels is None or given.class_id is None):
            raise ValueError("these detections have no class_name: give `labels` for their class ids")
        names = [labels[int(id)] for id in given.class_id] if labels and given.class_id is not None else []
    scores = [1.0] * len(given) if given.confidence is None else given.confidence
    return [
        (str(name), Box(*(float(v) for v in corners)), float(score))
        for name, corners, score in zip(names, given.xyxy, scores, strict=True)
    ]
