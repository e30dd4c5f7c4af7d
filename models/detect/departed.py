"""Tells what left from what came: where something differs and keeps still, the thing may be in the remembered picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from core.media import Frame
from core.place import Box
from models.detect.background import Views
from models.detect.centres import Centres
from models.detect.regions import differing

STILL = SECOND // 2
"""How long something must keep still before both pictures are compared …"""
IN_PLACE = 0.75
"""… which it does while its box overlaps (IoU) the one before by this."""
SUDDENLY = 0.3
"""A place of which so much more differs than a look before holds something else, or nothing any more."""
LEAST = 0.35
"""How sure the network must be of a thing in the remembered picture …"""
MORE, PLAINLY_MORE = 0.05, 0.2
"""… and how much surer than of one in the picture that is seen: a little where the remembered picture has the edge round it
too, much where floor markings give both an edge.
"""

NOTHING = 0.5
"""Where the remembered picture may be wrong, it is if the network is less sure than this of any thing in the one seen …"""
UNSURE = 0.5
"""… which it may be where things passed through this part of the place while it was learned."""


@dataclass(frozen=True, slots=True)
class _Place:
    box: Box
    since: Micros
    part: float
    judged: bool = False


class Departures:
    """Watches for places that something has left which was there when the background was learned.

    Asks the network about the same place in both pictures, once for each thing that comes to rest. Where things passed
    while the background was learned, that may be wrong, and what differs there is nothing unless the network sees
    something. Picklable.
    """

    def __init__(self) -> None:
        self._places: list[_Place] = []

    def reset(self) -> None:
        """Forgets the scene, as after a cut."""
        self._places = []

    def left(
        self,
        frame: Frame,
        boxes: Sequence[Box],
        differs: npt.NDArray[np.uint8],
        views: Views | None,
        network: Centres,
    ) -> list[Box]:
        """Those of the boxes (picture pixels) that something has left; `differs` is `evidence`, `views` is None while
        nothing is remembered.
        """
        places = [self._placed(frame, box, differing(differs, box, frame)) for box in boxes]
        due = [p for p in places if views and not p.judged and frame.at - p.since >= STILL]
        self._places = [replace(p, judged=True) if p in due else p for p in places]
        if views is None or not due:
            return []
        known, now = views.picture(views.known, frame), views.picture(views.now, frame)
        out = []
        for box in [p.box for p in due]:
            unsure = views.part_unsure(box, frame) >= UNSURE
            there = network.sees(known, differs, box)
            if there < LEAST and not unsure:
                continue
            here = network.sees(now, differs, box)
            more = there - here if there >= LEAST else 0.0
            plainly = more >= PLAINLY_MORE or (more >= MORE and views.edge_is_remembered(box, frame))
            if plainly or (unsure and here < NOTHING):
                out.append(box)
        return out

    def _placed(self, frame: Frame, box: Box, part: float) -> _Place:
        """The place as it is known from the look before; one that all at once differs is another: somebody left it."""
        near = max(self._places, key=lambda place: place.box.iou(box), default=None)
        if near is None or near.box.iou(box) < IN_PLACE or part > near.part + SUDDENLY:
            return _Place(box, frame.at, part)
        return replace(near, box=box, part=part)
