"""One list of boxes from all that point at things: a model's views of a picture, detectors, finders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from core.place import Box
from core.sight import Detection

SAME = 0.5
"""Shared area over that of the smaller box from which two boxes are of one thing: a part's view may have cut it off."""


def merged(found: Sequence[Detection]) -> list[Detection]:
    """The things that were found, each once: boxes of one thing are put together, the largest evidence first.

    A thing that several independent sources found is as sure as one minus the chance that all of them err. Boxes of one
    source (a model's several views) are one word: the surest of them counts.
    """
    import supervision as sv  # half a second: only who locates pays for it

    if not found:
        return []
    labels = sorted({d.label for d in found})
    rows = np.array([[d.box.x1, d.box.y1, d.box.x2, d.box.y2, d.score, labels.index(d.label)] for d in found])
    groups = sv.box_non_max_merge(rows, iou_threshold=SAME, overlap_metric=sv.OverlapMetric.IOS)
    out = [_one([found[index] for index in group]) for group in groups]
    return sorted(out, key=lambda d: (-d.score, d.box.x1, d.box.y1))


def _one(group: Sequence[Detection]) -> Detection:
    surest: dict[str, float] = defaultdict(float)
    for detection in group:
        surest[detection.source] = max(surest[detection.source], detection.score)
    missed = 1.0
    for score in surest.values():
        missed *= 1.0 - score
    best = max(group, key=lambda d: (d.box.area, d.score))
    return Detection(
        label=best.label,
        box=_middle([d.box for d in group if d.box.iou(best.box) >= SAME]),
        score=round(1.0 - missed, 4),
        source="+".join(sorted(surest)),
    )


def _middle(boxes: Sequence[Box]) -> Box:
    """The box whose sides are the medians of theirs."""
    sides = np.median([[b.x1, b.y1, b.x2, b.y2] for b in boxes], axis=0)
    return Box(*(float(side) for side in sides))
