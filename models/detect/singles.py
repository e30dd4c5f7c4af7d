"""The single things that the centre network finds, followed from look to look just far enough to know which to believe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from core.media import Frame
from core.place import Box
from core.sight import Detection
from models.detect.background import Mask
from models.detect.centres import Centres, Found, own_centres
from models.detect.regions import differing, dressed

SUPPORT = 0.12
"""Of which part of its box a found thing must differ from the background: what has always been there did not come."""
SAME_AS_BEFORE = 0.5
"""Overlap (IoU) from which on a found thing is the one that was there a look before."""
STANDS = 20 * SECOND
"""For how long a thing is believed to stand where it stood though nothing differs: somebody who was there when the
background was learned and has come back to his place.
"""
AT_FIRST = SECOND // 2
"""How long after a scene's beginning what does not differ from the background is believed to be there …"""
PLAINLY = 0.55
"""… if the network is so sure."""
PLAIN = 0.4
"""How sure the network must be of a thing for its place not to be learned as background."""
SETTLED = SECOND // 2
"""After how long in one place a thing is expected to be there at the next look too …"""
IN_PLACE = 0.8
"""… where it has not moved while its box overlaps (IoU) the one it settled in by this …"""
OVERLOOKED = SECOND * 3 // 2
"""… and is still believed for as long as this if the network does not find it …"""
AS_BEFORE = 0.7
"""… and no less than this part differs of what differed when it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A thing as it was found last: when it last differed from the background, by which part of its box, when it was
    last found, and since when and where it has kept still; boxes in picture pixels but for the detection's.
    """

    found: Found
    detection: Detection
    differed: Micros
    part: float
    at: Micros
    place: Box
    since: Micros


class Singles:
    """The things that the network finds, where enough of each differs from the background, and those it overlooks for a
    moment though they stand where they stood. Stateful and picklable.
    """

    def __init__(self, centres: Centres | None = None) -> None:
        self._centres = centres or own_centres()
        self._known: list[_Known] = []
        self._began: Micros | None = None

    @property
    def name(self) -> str:
        """The network's name."""
        return self._centres.name

    @property
    def classes(self) -> Sequence[str]:
        """What it tells apart."""
        return self._centres.classes

    @property
    def network(self) -> Centres:
        """The network itself."""
        return self._centres

    def reset(self) -> None:
        """Forgets the scene, as after a cut."""
        self._known, self._began = [], None

    def look(self, frame: Frame, differs: npt.NDArray[np.uint8], mask: Mask | None) -> list[Detection]:
        """The things in the frame, boxes in source pixels; `differs` is `evidence`, and `mask` what differs."""
        at = frame.at
        self._began = at if self._began is None else self._began
        known: list[_Known] = []
        for found in self._centres.find(frame.picture, differs, [k.found.box for k in self._known]):
            part = differing(differs, found.box, frame)
            before = max(self._known, key=lambda one: one.found.box.iou(found.box), default=None)
            if before is not None and before.found.box.iou(found.box) < SAME_AS_BEFORE:
                before = None
            differed = self._came(at, found, part, before)
            if differed is None:
                continue
            stayed = before is not None and before.place.iou(found.box) >= IN_PLACE
            place, since = (before.place, before.since) if before and stayed else (found.box, at)
            known.append(
                _Known(
                    found=found,
                    detection=_dressed(frame, found, mask),
                    differed=differed,
                    part=part,
                    at=at,
                    place=place,
                    since=since,
                )
            )
        self._known = known + self._overlooked(frame, differs, [one.found for one in known])
        return [one.detection for one in self._known]

    def forget(self, boxes: Sequence[Box]) -> None:
        """There is nothing in these boxes (picture pixels)."""
        self._known = [k for k in self._known if all(k.found.box.iou(box) < SAME_AS_BEFORE for box in boxes)]

    def _came(self, at: Micros, found: Found, part: float, before: _Known | None) -> Micros | None:
        """When what is found last differed from the background, or None where it need not be a thing that came: one
        that is plain and stands where it stood a look before is still it, for a while; so is who stands there at first.
        """
        assert self._began is not None  # noqa: S101 - look() has set it
        if part >= SUPPORT or (at - self._began <= AT_FIRST and found.score >= PLAINLY):
            return at
        if before is None or found.score < PLAIN:
            return None
        return before.differed if at - before.differed <= STANDS else None

    def _overlooked(
        self, frame: Frame, differs: npt.NDArray[np.uint8], found: Sequence[Found]
    ) -> list[_Known]:
        """What stood still and is not found for a moment, while its place looks as full as before: somebody passes before
        it, or the network blinks. It looks as it did: the picture may show who passes.
        """
        out = []
        for one in self._known:
            box = one.found.box
            settled = one.at - one.since >= SETTLED and one.part >= SUPPORT
            if not settled or frame.at - one.at > OVERLOOKED:
                continue
            if any(box.iou(other.box) >= SAME_AS_BEFORE for other in found):
                continue
            if differing(differs, box, frame) >= AS_BEFORE * one.part:
                out.append(one)
        return out

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_centres": None if self._centres is own_centres() else self._centres}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._centres = state["_centres"] or own_centres()


def _dressed(frame: Frame, found: Found, mask: Mask | None) -> Detection:
    plain = Detection(
        label=found.label, box=found.box.scaled(frame.scale), score=found.score, source="centres"
    )
    return dressed(frame, plain, mask)
