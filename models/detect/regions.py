"""Regions that differ from the background, and boxes that name what is in them: what of the one the other explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from core.colour import appearance
from core.media import Frame
from core.place import Box
from core.sight import Detection
from models.detect.background import Mask
from models.detect.centres import ONCE
from models.detect.motion import LEAST_AREA, boxes_of, joined

EXPLAINED = 0.4
"""A moving region of which named boxes cover this part is what they name; so is one that is mostly inside one."""
WITHIN = 0.6
"""A named box of which this part is in a region is in it."""
THEIRS = 0.5
"""A region round named boxes is theirs, too, where so much of what differs in it lies in them: between and beside them
lies what belongs to neither, such as shadows and where somebody stood when the background was learned."""
RIM = 0.4
"""A piece beside a named box that is less than this part of it is its shadow or a limb, or the box is a little small."""
MOVING = 0.2
"""A named box of whose pixels this part differs from the background is a thing that came; its source then says motion too."""


def dressed(frame: Frame, found: Detection, moving: Mask | None) -> Detection:
    """The detection with its appearance, taken from its moving pixels where enough of the box moves; `moving` may be
    smaller than the picture.
    """
    box = found.box.scaled(1 / frame.scale)
    y, x = slice(int(box.y1), int(np.ceil(box.y2))), slice(int(box.x1), int(np.ceil(box.x2)))
    crop = frame.picture[y, x]
    if not crop.size:
        return found
    mask, source = None, found.source
    if moving is not None:
        inside = (
            cv2.resize(part_of(moving, box, frame), crop.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
        )
        if inside.mean() > MOVING:
            mask, source = inside, f"{found.source}+motion"
    return replace(found, source=source, appearance=appearance(crop, mask))


def part_of(plane: Mask, box: Box, frame: Frame) -> Mask:
    """The part of a plane, which may be smaller than the frame's picture, under a box in picture pixels."""
    across, down = plane.shape[1] / frame.width, plane.shape[0] / frame.height
    return plane[
        int(box.y1 * down) : int(np.ceil(box.y2 * down)), int(box.x1 * across) : int(np.ceil(box.x2 * across))
    ]


def differing(differs: Mask, box: Box, frame: Frame) -> float:
    """Which part of the box (picture pixels) differs by at least a threshold; `differs` is `evidence`."""
    part = part_of(differs, box, frame)
    return float((part >= ONCE).mean()) if part.size else 0.0


def unexplained(
    moving: Sequence[Detection], named: Sequence[Detection], frame: Frame, mask: Mask | None
) -> list[Detection]:
    """The moving regions that are nothing a named box shows: not covered by them, and no rim or shadow of one.

    Of a region that holds several named things and more, what `mask` (what moves; it may be smaller than the frame's
    picture) leaves of it outside of their boxes: the whole is nobody's box.
    """
    out = []
    for region in moving:
        near = [n.box for n in named if n.box.overlap(region.box) > 0]
        if _explained(region.box, near):
            continue
        inside = [box for box in near if box.overlap(region.box) > WITHIN * box.area]
        if mask is None or not inside:
            out.append(region)
            continue
        count = np.count_nonzero(part_of(mask, region.box.scaled(1 / frame.scale), frame))
        left = _outside(inside, region.box, frame, mask)
        if np.count_nonzero(left) < (1 - THEIRS) * count:
            continue
        out += [region] if len(inside) == 1 else _pieces(left, region, near, frame, mask)
    return out


def _outside(boxes: Sequence[Box], region: Box, frame: Frame, mask: Mask) -> Mask:
    """What the mask marks in the region, outside of the boxes."""
    left = np.zeros_like(mask)
    place = region.scaled(1 / frame.scale)
    part_of(left, place, frame)[:] = part_of(mask, place, frame)
    for box in boxes:
        part_of(left, box.scaled(1 / frame.scale), frame)[:] = 0
    return left


def _pieces(left: Mask, region: Detection, boxes: Sequence[Box], frame: Frame, mask: Mask) -> list[Detection]:
    """What is left of a region as detections, but for what is no more than a rim of one of the boxes."""
    across, down = mask.shape[1] / frame.width / frame.scale, mask.shape[0] / frame.height / frame.scale
    out = []
    for x1, y1, x2, y2 in joined(boxes_of(left)):
        box = Box(x1 / across, y1 / down, x2 / across, y2 / down)
        touched = max((b.area for b in boxes if b.gap(box) <= 2 / across), default=0.0)
        if box.area < RIM * touched or np.count_nonzero(left[y1:y2, x1:x2]) < LEAST_AREA * mask.size:
            continue
        out.append(replace(dressed(frame, replace(region, box=box), mask), source=region.source))
    return out


def _explained(region: Box, boxes: Sequence[Box]) -> bool:
    if sum(b.overlap(region) for b in boxes) > EXPLAINED * region.area:
        return True
    # a shadow, a reflection or a limb that sticks out touches its owner and is smaller than it
    return any(region.area < b.area and b.overlap(region) > 0.1 * region.area for b in boxes)
