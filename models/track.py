"""Follows boxes through one stream: OC-SORT from the `trackers` package."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import supervision as sv
from trackers import BIoU, OCSORTTracker

from core.clock import Micros, seconds
from core.labels import FOUR_WHEELED, LOADS, TWO_WHEELERS
from core.place import Box
from core.sight import THING, Detection, Sighting

LOST_FOR = 1.2
"""Seconds a track is kept without being seen."""
LONGEST_STEP = LOST_FOR / 2
"""Seconds that pass for the tracks between two looks at the most: in what is left out between them, nothing moved."""
SURE_AFTER = 3
"""Looks in a row after which a track counts."""
REACH = 0.4
"""By how much of its size a box is widened for matching: at few looks a second a thin, fast thing overlaps itself no more."""


VEHICLES = FOUR_WHEELED | TWO_WHEELERS
VAGUE = LOADS | {THING}
"""Labels that say little of who moves: nameless, or a load that somebody may be carrying."""
SAME = 0.3
"""Overlap (IoU) with a box of the look before from which on a detection goes on with its family."""
APART = 1e6
"""Pixels between the picture and its copies: boxes of different families are matched in different copies."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A box of the look before, the copy it was matched in, and the family it was last called by, if by any."""

    box: Box
    copy: int
    family: int | None


class OcSortTracker:
    """OC-SORT (Cao et al., "Observation-Centric SORT", 2023), one family of labels apart from the other. Picklable.

    People, vehicles and all the rest are families. Within one, labels are not compared: a thing may be called car in
    one look and truck in the next. What has no telling name belongs to the family of what it overlaps, and what was
    nameless keeps its track when it is given a name.
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
        self._clock = 0.0
        self._known: list[_Known] = []

    def update(self, detections: Sequence[Detection], at: Micros, /) -> list[Sighting]:
        """The confirmed things of this moment. A moment that does not grow is passed over."""
        if at <= self._last:
            return []
        self._clock += min(seconds(at - self._last), LONGEST_STEP)
        self._last = at
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            known = [self._placed(d) for d in detections]
            followed = self._tracker.update(_boxes(detections, known), timestamp=self._clock)
        found = []
        numbers = () if followed.tracker_id is None else followed.tracker_id
        for index, number in zip(followed.data.get("index", ()), numbers, strict=True):
            detection = detections[int(index)]
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

    def _placed(self, detection: Detection) -> _Known:
        """The detection in the copy of what it goes on with, or in that of its own family."""
        family = _family(detection.label)
        fitting = [k for k in self._known if family is None or k.family in (None, family)]
        near = max(fitting, key=lambda k: k.box.iou(detection.box), default=None)
        if near is None or near.box.iou(detection.box) <= SAME:
            return _Known(detection.box, family or 0, family)
        return _Known(detection.box, near.copy, near.family if family is None else family)


def _family(label: str) -> int | None:
    if label in VAGUE:
        return None
    return 1 if label == "person" else 2 if label in VEHICLES else 0


def _boxes(detections: Sequence[Detection], placed: Sequence[_Known]) -> sv.Detections:
    count = len(detections)
    corners = np.array([(d.box.x1, d.box.y1, d.box.x2, d.box.y2) for d in detections], float).reshape(-1, 4)
    return sv.Detections(
        xyxy=corners + APART * np.array([p.copy for p in placed], float).reshape(-1, 1),
        confidence=np.array([d.score for d in detections], float),
        class_id=np.zeros(count, int),
        data={"index": np.arange(count)},
    )
