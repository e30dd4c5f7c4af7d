"""Tracks against labelled truth: HOTA, CLEAR MOT and identity metrics, by the `trackers` package.

Sources: HOTA, DetA, AssA (Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", 2021),
MOTA and identity switches (Bernardin & Stiefelhagen, "CLEAR MOT", 2008), IDF1 (Ristani et al., 2016). Classes are not
compared: whoever is followed rightly counts, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluate.mot import MotRow

LEAST_IOU = 0.5
"""IoU from which a box counts as found for MOTA and IDF1; HOTA goes over 19 thresholds from 0.05 to 0.95."""

Frames = dict[int, list[MotRow]]


@dataclass(frozen=True, kw_only=True)
class TrackScore:
    """How well the things of one or several videos were followed; shares between 0 and 1, MOTA at most 1."""

    name: str
    hota: float
    deta: float
    assa: float
    loca: float
    idf1: float
    mota: float
    switches: int
    true_boxes: int
    found_boxes: int
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def score_tracks(
    true: Iterable[MotRow], found: Iterable[MotRow], *, name: str = "", frames: Iterable[int] | None = None
) -> TrackScore:
    """Scores one video's tracks. Both sides must count the same frames; `frames` limits it to some of them.

    A found box that lies best on a true one of confidence 0 is passed over, as the MOT challenge does it.
    """
    from trackers.eval import compute_clear_metrics, compute_hota_metrics, compute_identity_metrics

    sides = (_frames(true, frames), _frames(found, frames))
    true_ids, found_ids, overlaps = _prepared(*sides)
    raw = {
        "hota": compute_hota_metrics(true_ids, found_ids, overlaps),
        "clear": compute_clear_metrics(true_ids, found_ids, overlaps, threshold=LEAST_IOU),
        "identity": compute_identity_metrics(true_ids, found_ids, overlaps, threshold=LEAST_IOU),
    }
    return _score(name, raw)


def together(scores: Sequence[TrackScore], name: str = "all") -> TrackScore:
    """Several videos' score as if they were one long one, combined as TrackEval combines sequences."""
    from trackers.eval import aggregate_clear_metrics, aggregate_hota_metrics, aggregate_identity_metrics

    return _score(
        name,
        {
            "hota": aggregate_hota_metrics([dict(each.raw["hota"]) for each in scores]),
            "clear": aggregate_clear_metrics([dict(each.raw["clear"]) for each in scores]),
            "identity": aggregate_identity_metrics([dict(each.raw["identity"]) for each in scores]),
        },
    )


def _score(name: str, raw: dict[str, Any]) -> TrackScore:
    hota, clear, identity = raw["hota"], raw["clear"], raw["identity"]
    return TrackScore(
        name=name,
        hota=float(hota["HOTA"]),
        deta=float(hota["DetA"]),
        assa=float(hota["AssA"]),
        loca=float(hota["LocA"]),
        idf1=float(identity["IDF1"]),
        mota=float(clear["MOTA"]),
        switches=int(clear["IDSW"]),
        true_boxes=int(clear["CLR_TP"] + clear["CLR_FN"]),
        found_boxes=int(clear["CLR_TP"] + clear["CLR_FP"]),
        raw=raw,
    )


def _frames(rows: Iterable[MotRow], wanted: Iterable[int] | None) -> Frames:
    kept = None if wanted is None else frozenset(wanted)
    out: Frames = {}
    for row in rows:
        if (kept is None or row.frame in kept) and row.number >= 0:
            out.setdefault(row.frame, []).append(row)
    return out


Ids = list[npt.NDArray[np.int64]]


def _prepared(true: Frames, found: Frames) -> tuple[Ids, Ids, list[npt.NDArray[np.float64]]]:
    """Frame by frame: ids from 0 on both sides, and the IoU of every true with every found box."""
    known: tuple[dict[int, int], dict[int, int]] = ({}, {})
    true_ids: Ids = []
    found_ids: Ids = []
    overlaps = []
    for frame in sorted(true.keys() | found.keys()):
        wanted, given = true.get(frame, []), found.get(frame, [])
        iou = _iou(wanted, given)
        scored = [i for i, row in enumerate(wanted) if row.score != 0]
        if len(scored) < len(wanted):
            passed = _on_unscored(wanted, iou)
            kept = [j for j in range(len(given)) if j not in passed]
            wanted, given = [wanted[i] for i in scored], [given[j] for j in kept]
            iou = iou[np.ix_(scored, kept)]
        true_ids.append(_numbered(wanted, known[0]))
        found_ids.append(_numbered(given, known[1]))
        overlaps.append(iou)
    return true_ids, found_ids, overlaps


def _iou(true: Sequence[MotRow], found: Sequence[MotRow]) -> npt.NDArray[np.float64]:
    from trackers.eval import box_iou

    if not true or not found:
        return np.zeros((len(true), len(found)))
    return np.asarray(box_iou(_corners(true), _corners(found), box_format="xyxy"), np.float64)


def _corners(rows: Sequence[MotRow]) -> npt.NDArray[np.float64]:
    return np.array([(r.box.x1, r.box.y1, r.box.x2, r.box.y2) for r in rows], np.float64)


def _on_unscored(true: Sequence[MotRow], iou: npt.NDArray[np.float64]) -> set[int]:
    """The found boxes that belong to a true one which is not to be scored."""
    from scipy.optimize import linear_sum_assignment

    enough = np.where(iou >= LEAST_IOU, iou, 0.0)
    rows, columns = linear_sum_assignment(enough, maximize=True)
    return {int(j) for i, j in zip(rows, columns, strict=True) if enough[i, j] > 0 and true[i].score == 0}


def _numbered(rows: Sequence[MotRow], known: dict[int, int]) -> npt.NDArray[np.int64]:
    return np.array([known.setdefault(row.number, len(known)) for row in rows], np.int64)
