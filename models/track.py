"""Follows boxes through one stream: OC-SORT from the `trackers` package."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import supervision as sv
from trackers import BIoU, OCSORTTracker

from core.clock import Micros, seconds
from core.place import Box
from core.sight import Detection, Sighting

LOST_FOR = 1.2
"""Seconds a track is kept without being seen."""
SURE_AFTER = 3
"""Looks in a row after which a track counts."""
REACH = 0.4
"""By how much of its size a box is widened for matching: at few looks a second a thin, fast thing overlaps itself no more."""


class OcSortTracker:
    """OC-SORT (Cao et al., "Observation-Centric SORT", 2023) over boxes of every label together. Picklable.

    Labels are not compared: one thing may be called car in one look and truck, or only thing, in the next.
    """

    def __init__(self, looks_per_s: float) -> None:
        self._tracker = OCSORTTracker(
            lost_track_buffer=round(LOST_FOR * 30),
            frame_rate=looks_per_s,
            minimum_consecutive_frames=SURE_AFTER,
            minimum_iou_threshold=0.15,
            direction_consistency_weight=0.2,
            high_conf_det_threshold=0.3,
            delta_t=2,
            iou=BIoU(buffer_ratio=REACH),
        )
        self._last: Micros = -1

    def update(self, detections: Sequence[Detection], at: Micros, /) -> list[Sighting]:
        """The confirmed things of this moment. A moment that does not grow is passed over."""
        if at <= self._last:
            return []
        self._last = at
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            followed = self._tracker.update(_boxes(detections), timestamp=seconds(at))
        found = []
        numbers = () if followed.tracker_id is None else followed.tracker_id
        for box, index, number in zip(followed.xyxy, followed.data.get("index", ()), numbers, strict=True):
            if number < 0:
                continue
            detection = detections[int(index)]
            found.append(
                Sighting(
                    number=int(number) + 1,
                    at=at,
                    label=detection.label,
                    box=Box(*(float(v) for v in box)),
                    score=detection.score,
                )
            )
        return sorted(found, key=lambda s: s.number)


def _boxes(detections: Sequence[Detection]) -> sv.Detections:
    count = len(detections)
    return sv.Detections(
        xyxy=np.array([(d.box.x1, d.box.y1, d.box.x2, d.box.y2) for d in detections], float).reshape(-1, 4),
        confidence=np.array([d.score for d in detections], float),
        class_id=np.zeros(count, int),
        data={"index": np.arange(count)},
    )
