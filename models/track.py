"""Follows boxes through one stream: OC-SORT from the `trackers` package."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import supervision as sv
from trackers import BIoU, OCSORTTracker

from core.clock import Micros, seconds
from core.place import Box
from core.sight import THING, Detection, Sighting

LOST_FOR = 1.2
"""Seconds a track is kept without being seen."""
SURE_AFTER = 3
"""Looks in a row after which a track counts."""
REACH = 0.4
"""By how much of its size a box is widened for matching: at few looks a second a thin, fast thing overlaps itself no more."""


VEHICLES = frozenset({"car", "truck", "bus", "motorcycle", "train", "van"})
APART = 1e6
"""Pixels between the picture and its copies: boxes of different families are matched in different copies."""


class OcSortTracker:
    """OC-SORT (Cao et al., "Observation-Centric SORT", 2023), one family of labels apart from the other. Picklable.

    People, vehicles and all the rest are families. Within one, labels are not compared: a thing may be called car in
    one look and truck in the next. A `thing` belongs to the family of the track it overlaps, if any.
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
        self._known: list[tuple[Box, int]] = []

    def update(self, detections: Sequence[Detection], at: Micros, /) -> list[Sighting]:
        """The confirmed things of this moment. A moment that does not grow is passed over."""
        if at <= self._last:
            return []
        self._last = at
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            families = [self._family(d) for d in detections]
            followed = self._tracker.update(_boxes(detections, families), timestamp=seconds(at))
        found, known = [], []
        numbers = () if followed.tracker_id is None else followed.tracker_id
        for index, number in zip(followed.data.get("index", ()), numbers, strict=True):
            detection = detections[int(index)]
            known.append((detection.box, families[int(index)]))
            if number < 0:
                continue
            found.append(
                Sighting(
                    number=int(number) + 1,
                    at=at,
                    label=detection.label,
                    box=detection.box,
                    score=detection.score,
                )
            )
        self._known = known
        return sorted(found, key=lambda s: s.number)

    def _family(self, detection: Detection) -> int:
        if detection.label == "person":
            return 1
        if detection.label in VEHICLES:
            return 2
        if detection.label == THING:
            box, family = max(self._known, key=lambda k: k[0].iou(detection.box), default=(detection.box, 0))
            return family if box.iou(detection.box) > 0.3 else 0
        return 0


def _boxes(detections: Sequence[Detection], families: Sequence[int]) -> sv.Detections:
    count = len(detections)
    corners = np.array([(d.box.x1, d.box.y1, d.box.x2, d.box.y2) for d in detections], float).reshape(-1, 4)
    return sv.Detections(
        xyxy=corners + APART * np.array(families, float).reshape(-1, 1),
        confidence=np.array([d.score for d in detections], float),
        class_id=np.zeros(count, int),
        data={"index": np.arange(count)},
    )
