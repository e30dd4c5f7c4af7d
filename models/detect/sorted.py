"""Motion that is given names: single things found where something differs, and what is left sorted into a few kinds.
The default without weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from core.media import Frame
from core.place import Box
from core.sight import THING, Detection
from models.detect.centres import Centres, evidence
from models.detect.departed import Departures
from models.detect.motion import MotionDetector
from models.detect.regions import unexplained
from models.detect.singles import PLAIN, Singles
from models.detect.sorter import LEAST_SIDE, Floats, Sorter, cut_out, own_sorter

SAME_PLACE = 0.3
"""Overlap (IoU) from which on a region is taken for the one that was there a look before …"""
REMEMBERED = SECOND
"""… if that look was at most this long ago."""
MEMORY = 6
"""How many looks' opinions of a region are remembered: what is thought of it is their mean, for one look alone is easily
misread.
"""
ESTABLISHED = 8
"""After how many looks under one name a region of the same size is not given one that contradicts it …"""
SAME_SIZE = 2.5
"""… where the same size is at most so many times as large or small: who falls lies like a low car, but does not grow."""
SAME_AS_REGION = 0.5
"""Overlap (IoU) from which on a found thing and a moving region are taken for the same."""
PARTLY = 0.3
"""A region holds each thing of whose box it covers more than this part."""
VEHICLES = frozenset({"car", "truck", "forklift"})


@dataclass(frozen=True, slots=True, eq=False)
class _Opinion:
    """What is thought of the region that was in `box` at that moment, from so many looks; the name it goes by, for how
    many looks, and how large it was then.
    """

    at: Micros
    box: Box
    row: Floats
    looks: int
    name: str = ""
    said: int = 0
    area: float = 0.0

    def contradicts(self, name: str) -> bool:
        """Whether it is known well enough that it cannot be this."""
        if self.said < ESTABLISHED or {self.name, name} - VEHICLES != {"person"} or self.name == name:
            return False
        return 1 / SAME_SIZE < self.box.area / self.area < SAME_SIZE

    def called(self, name: str) -> _Opinion:
        """The opinion after the region was called so."""
        said = self.said + 1 if name == self.name else 1
        return replace(self, name=name, said=said, area=self.box.area)


class SortedDetector:
    """The single things that the centre network finds where something moves or came, and besides what the motion
    detector finds and they do not explain, called by its kind where the sorter is sure and `thing` where not.

    Stateful as the motion detector is, and picklable.
    """

    def __init__(
        self,
        motion: MotionDetector | None = None,
        sorter: Sorter | None = None,
        centres: Centres | None = None,
    ) -> None:
        self._motion = motion or MotionDetector()
        self._sorter = sorter or own_sorter()
        self._singles = Singles(centres)
        self._departures = Departures()
        self._before: list[_Opinion] = []

    @property
    def name(self) -> str:
        """Both methods and their versions."""
        return f"{self._motion.name}+{self._singles.name}+{self._sorter.name}"

    @property
    def vocabulary(self) -> frozenset[str]:
        """The kinds it tells apart, and `thing`; nothing while the motion detector sees nothing."""
        if not self._motion.vocabulary:
            return frozenset()
        return (frozenset(self._sorter.classes) - {"other"}) | frozenset(self._singles.classes) | {THING}

    @property
    def needs_fixed(self) -> frozenset[str]:
        """All: it sorts what the motion detector finds."""
        named = frozenset(self._sorter.classes) | frozenset(self._singles.classes)
        return (named - {"other"}) | self._motion.needs_fixed

    def reset(self) -> None:
        """Forgets the scene, as after a cut."""
        for part in (self._motion, self._singles, self._departures):
            part.reset()
        self._before = []

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """Detections per frame; boxes in source pixels. A named one's score is the probability of its name."""
        self._motion.prepare(frames)
        return [self._look(frame) for frame in frames]

    def _look(self, frame: Frame) -> list[Detection]:
        (moving,) = self._motion.detect([frame])
        if self._motion.strength is None:
            return self._named(frame, moving)
        differs = evidence(self._motion.strength)
        single = fitted(self._singles.look(frame, differs, self._motion.mask), moving)
        rest = unexplained(moving, single, frame, self._motion.mask)
        left = self._left(frame, [*single, *rest], differs)
        single, rest = ([d for d in found if d.box not in left] for found in (single, rest))
        self._motion.keep([d.box for d in single if d.score >= PLAIN], frame)
        return single + self._named(frame, rest)

    def _left(self, frame: Frame, found: list[Detection], differs: npt.NDArray[np.uint8]) -> list[Box]:
        """The boxes of what is there no more: it is in the remembered picture, which is then mended."""
        boxes = [d.box.scaled(1 / frame.scale) for d in found]
        left = self._departures.left(frame, boxes, differs, self._motion.views, self._singles.network)
        out = [d.box for d, box in zip(found, boxes, strict=True) if box in left]
        if left:
            self._motion.forget(out, frame)
            self._singles.forget(left)
        return out

    def _named(self, frame: Frame, found: list[Detection]) -> list[Detection]:
        boxes = [d.box.scaled(1 / frame.scale) for d in found]
        plain = [i for i, box in enumerate(boxes) if min(box.width, box.height) >= LEAST_SIDE]
        table = self._sorter.judge([cut_out(frame.picture, self._motion.mask, boxes[i]) for i in plain])
        out = list(found)
        now = [self._thought(frame.at, found[i].box, row) for i, row in zip(plain, table, strict=True)]
        for place, (i, opinion) in enumerate(zip(plain, now, strict=True)):
            kind = self._sorter.say(opinion.row)
            if kind is not None and not opinion.contradicts(kind[0]):
                out[i] = replace(found[i], label=kind[0], score=kind[1], source="motion+sorter")
                now[place] = opinion.called(kind[0])
        self._before = now
        return out

    def _thought(self, at: Micros, box: Box, row: Floats) -> _Opinion:
        """What is thought of a region, given what was thought of the one in its place a look before."""
        near = [(o.box.iou(box), o) for o in self._before if at - o.at <= REMEMBERED]
        overlap, old = max(near, key=lambda pair: pair[0], default=(0.0, None))
        if old is None or overlap < SAME_PLACE:
            return _Opinion(at, box, row, 1)
        looks = min(old.looks, MEMORY - 1)
        mean: Floats = (old.row * np.float32(looks) + row) / np.float32(looks + 1)
        return replace(old, at=at, box=box, row=mean, looks=looks + 1)

    def __getstate__(self) -> dict[str, Any]:
        sorter = None if self._sorter is own_sorter() else self._sorter
        return {**self.__dict__, "_sorter": sorter}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._sorter = state["_sorter"] or own_sorter()


def fitted(single: Sequence[Detection], moving: Sequence[Detection]) -> list[Detection]:
    """The found things; where one is all that a moving region shows, its box is the mean of both: either errs alone."""
    out = []
    for one in single:
        region = max((m.box for m in moving), key=lambda box: box.iou(one.box), default=None)
        if region is not None and region.iou(one.box) >= SAME_AS_REGION:
            inside = sum(other.box.overlap(region) > PARTLY * other.box.area for other in single)
            if inside == 1:
                one = replace(one, box=one.box.mean(region))
        out.append(one)
    return out
