"""Follows boxes through one stream: OC-SORT from the `trackers` package."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import supervision as sv
from trackers import OCSORTTracker
from trackers.core.ocsort.tracklet import OCSORTTracklet
from trackers.utils.iou import BaseIoU

from core.clock import Micros, seconds
from core.colour import blended, likeness
from core.labels import FOUR_WHEELED, LOADS, TWO_WHEELERS
from core.place import Box
from core.sight import THING, Detection, Sighting

LOST_FOR = 1.2
"""Seconds a track is kept without being seen."""
LONGEST_STEP = LOST_FOR / 2
"""Seconds that pass for the tracks between two looks at the most: in what is left out between them, nothing moved."""
SURE_AFTER = 3
"""Looks in a row after which a track counts."""
LEAST_SCORE = 0.3
"""Score from which on a box begins or goes on with a track."""
REACH = 2.0
"""How far from where it was expected a box may be, in lengths of a square as large: at few looks a second a thin, fast
thing overlaps itself no more."""
WORN = 0.2
"""How much of a track's look is that of its latest box."""

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


class _Likeness(BaseIoU):
    """How well a box goes on with a track: 1 where it is expected and as it looked, 0 too far away or too unlike.

    By the distance of centres and of upper and lower edges, over `REACH`, less what the looks differ (1 - Bhattacharyya
    coefficient): overlap alone gives two players who cross each other's boxes, and passes names on in chains.
    """

    def __init__(self) -> None:
        self.tracker: OCSORTTracker | None = None
        self._offered: list[tuple[float, ...]] = []
        self._worn: list[tuple[OCSORTTracklet, tuple[float, ...]]] = []

    @property
    def _tracks(self) -> list[OCSORTTracklet]:
        return [] if self.tracker is None else self.tracker.tracks

    def _compute(self, boxes_1: np.ndarray, boxes_2: np.ndarray) -> np.ndarray:
        (x, top, bottom, side), (x2, top2, bottom2, side2) = (
            (each[:, None] for each in _measures(boxes_1)),
            (each[None, :] for each in _measures(boxes_2)),
        )
        off = np.sqrt((x - x2) ** 2 + ((top - top2) ** 2 + (bottom - bottom2) ** 2) / 2)
        near = 1 - off / (REACH * np.sqrt(side * side2))
        return np.asarray(np.maximum(near - self._unlike(), 0.0), float)

    def _unlike(self) -> np.ndarray:
        """How unlike every track (in the tracker's order) and every offered look are."""
        worn = {id(track): look for track, look in self._worn}
        return np.array(
            [[1 - likeness(worn.get(id(t), ()), other) for other in self._offered] for t in self._tracks],
            float,
        )

    def offer(self, detections: Sequence[Detection]) -> None:
        """Says what the boxes look like that the tracker is to be given, those it leaves out left out."""
        self._offered = [d.appearance for d in detections if d.score >= LEAST_SCORE]

    def wear(self, boxes: sv.Detections) -> None:
        """Notes what those tracks look like that went on with one of the boxes given."""
        given = boxes.xyxy[np.asarray(boxes.confidence) >= LEAST_SCORE]
        worn = {id(track): look for track, look in self._worn}
        now = []
        for track in self._tracks:
            look = worn.get(id(track), ())
            here = np.flatnonzero((given == track.last_observation).all(axis=1))
            if len(here):
                look = blended(look, self._offered[int(here[0])], WORN)
            if look:
                now.append((track, look))
        self._worn = now


def _measures(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Middle across, upper edge, lower edge, and the side of a square as large, of each box."""
    wide, tall = np.maximum(boxes[:, 2] - boxes[:, 0], 1.0), np.maximum(boxes[:, 3] - boxes[:, 1], 1.0)
    return (boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 1], boxes[:, 3], np.sqrt(wide * tall)


class OcSortTracker:
    """OC-SORT (Cao et al., "Observation-Centric SORT", 2023), one family of labels apart from the other. Picklable.

    Boxes are matched by place, size and looks (`_Likeness`) in place of overlap.

    People, vehicles and all the rest are families. Within one, labels are not compared: a thing may be called car in
    one look and truck in the next. What has no telling name belongs to the family of what it overlaps, and what was
    nameless keeps its track when it is given a name.
    """

    def __init__(self, looks_per_s: float) -> None:
        self._likeness = _Likeness()
        self._tracker = OCSORTTracker(
            lost_track_buffer=round(LOST_FOR * 30),
            frame_rate=looks_per_s,
            minimum_consecutive_frames=SURE_AFTER,
            minimum_iou_threshold=0.15,
            direction_consistency_weight=0.2,
            high_conf_det_threshold=LEAST_SCORE,
            delta_t=2,
            iou=self._likeness,
        )
        self._likeness.tracker = self._tracker
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
            boxes = _boxes(detections, known)
            self._likeness.offer(detections)
            followed = self._tracker.update(boxes, timestamp=self._clock)
            self._likeness.wear(boxes)
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
