"""The MOT-challenge text format, read and written: one box a line, frames and ids counted from 1.

`frame, id, left, top, width, height, confidence, class, visibility` (Dendorfer et al., "MOT20", 2020). In a truth
file a confidence of 0 marks what is not to be scored; trackers write -1 where they know no class and no visibility.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.clock import SECOND, Micros, nearest
from core.errors import Invalid
from core.place import Box
from core.sight import TrackPoint

GAP: Micros = SECOND
"""Two points of a track at most this far apart are joined by a straight line …"""
RESTING = 0.5
"""… and so are two further apart whose boxes overlap by this IoU: what rests is not looked at all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotRow:
    """One line: a box of one thing in one frame. `kind` and `visibility` are -1 where they are not known."""

    frame: int
    number: int
    box: Box
    score: float = 1.0
    kind: int = -1
    visibility: float = -1.0


def read_mot(text: str, filename: str) -> list[MotRow]:
    """Reads rows separated by commas or blanks. Raises `Invalid` with the line of what is wrong.

    Boxes without a size, which some truth files hold at the picture's edge, are left out.
    """
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        cells = [cell for cell in line.replace(",", " ").replace(";", " ").split() if cell]
        try:
            row = _row([float(cell) for cell in cells])
        except ValueError as error:
            raise Invalid(
                f"{filename}:{number}: this is no line of a MOT file: {error}",
                next_step="write frame, id, left, top, width, height, confidence, class, visibility; frames from 1",
            ) from error
        if row is not None:
            rows.append(row)
    return rows


def _row(cells: Sequence[float]) -> MotRow | None:
    if len(cells) < 6:
        raise ValueError(f"{len(cells)} numbers, at least 6 are needed")
    if not all(math.isfinite(cell) for cell in cells):
        raise ValueError("numbers must be finite")
    frame, number, left, top, width, height = cells[:6]
    if frame < 1:
        raise ValueError("frames are counted from 1")
    if width <= 0 or height <= 0:
        return None
    more = [*cells[6:9], *(1.0, -1.0, -1.0)[max(0, len(cells) - 6) :]]
    return MotRow(
        frame=int(frame), number=int(number), box=Box(left, top, left + width, top + height),
        score=more[0], kind=int(more[1]), visibility=more[2],
    )  # fmt: skip


def write_mot(rows: Iterable[MotRow]) -> Iterator[str]:
    """Lines in order of frames and ids, boxes to a hundredth of a pixel, scores to a thousandth."""
    for row in sorted(rows, key=lambda row: (row.frame, row.number)):
        box = row.box
        place = f"{box.x1:.2f},{box.y1:.2f},{box.width:.2f},{box.height:.2f}"
        unknown = row.kind < 0 and row.visibility < 0
        tail = "-1,-1,-1" if unknown else f"{row.kind},{row.visibility:g}"
        yield f"{row.frame},{row.number},{place},{row.score:.3f},{tail}"


def between(points: Sequence[TrackPoint], moments: Sequence[Micros]) -> Iterator[tuple[int, TrackPoint]]:
    """Where a followed thing was in every frame: index into the sorted `moments`, and the point.

    Points lie at looked-at frames; in the frames between two of them the box goes straight from the one to the other.
    Over a gap longer than `GAP` that is done only where it rested; else it was lost, and has no place there.
    """
    if not moments:
        return
    placed = {nearest(moments, point.at): point for point in points}
    path = sorted(placed.items())
    for (first, before), (second, after) in pairwise(path):
        yield first, before
        if after.at - before.at <= GAP or before.box.iou(after.box) >= RESTING:
            for index in range(first + 1, second):
                yield index, _on_the_way(before, after, moments[index])
    yield from path[-1:]


def _on_the_way(before: TrackPoint, after: TrackPoint, at: Micros) -> TrackPoint:
    share = min(1.0, max(0.0, (at - before.at) / (after.at - before.at)))
    a, b = before.box, after.box
    corners = ((a.x1, b.x1), (a.y1, b.y1), (a.x2, b.x2), (a.y2, b.y2))
    box = Box(*(one + (other - one) * share for one, other in corners))
    return TrackPoint(at, box, before.score + (after.score - before.score) * share)
