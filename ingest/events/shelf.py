"""Shelves: `shelf_empty` and `shelf_restocked`, judged by the pixels of a shelf's zone against what it usually shows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from core.media import Frame
from core.place import Box, Layout, Zone
from core.sight import THING
from ingest.decode.looks import Look
from ingest.events.book import Book, Draft, over, sure
from ingest.events.labels import PEOPLE, upright
from ingest.events.thresholds import Thresholds
from ingest.events.trail import SHELVES
from ingest.perception.presence import Moment, Presence

SIDE = 64
"""The zone's longer side in pixels when it is compared: goods are larger than a few of these, noise is not."""
AROUND = 0.25
"""How much of the surroundings is compared as well, as a share of the zone's size: what changed there is light."""
SETTLED: Micros = 3 * SECOND // 4
"""A look at the shelf counts once nothing has moved in it for so long."""
LUMA, CHROMA = 0.14, 7.0
"""What differs: luma by this share of the shelf's brightness (at least 6 levels), or chroma by so many levels."""
TREMBLE = 0.04
"""Moving is a shelf of which more than this share differs from the look before."""
LEARN = 0.05
"""How fast the reference follows slow changes, per look at a shelf that is as it was."""

PERSON_OUT, THING_OUT = 0.25, 0.6
"""Who, or what, has more than this part of its box outside of the shelf's stands before it."""

Planes = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class _Shelf:
    """One shelf: its polygon's mask in the compared crop, its references when full and when empty, and what goes on."""

    zone: Zone
    box: Box
    inside: Flags | None = None
    around: Flags | None = None
    before: Planes | None = None
    calm_since: Micros | None = None
    full: Planes | None = None
    empty: Planes | None = None
    draft: Draft | None = None


class ShelfMaker:
    """Tells when a shelf has been emptied and when it is stocked again.

    A zone of kind shelf is looked at while nobody stands before it and nothing moves in it. The first such look is the
    reference. `shelf_empty` begins when `shelf_share` of the zone's pixels differ from it, and lasts until as many
    differ from the empty shelf, or the zone shows the reference again; that moment is `shelf_restocked`, with the same
    goods or others. Changes of light are taken out by what is around the zone; when most of that changed as well, the
    camera or the light is another, and the reference is learned anew. Confidence: `sure(1, how far past shelf_share)`.
    """

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._thresholds = book, thresholds
        self._shelves = [_Shelf(zone, _bounds(zone)) for zone in layout.zones if zone.kind in SHELVES]

    def see(self, look: Look, moment: Moment) -> None:
        """Takes in one look and who was there."""
        for shelf in self._shelves:
            if look.cut:
                self._forget(shelf, look.at)
            if look.frame is not None:
                self._look(shelf, look.frame, moment)
            elif shelf.before is not None and shelf.calm_since is not None:
                self._judge(shelf, shelf.before, look.at)

    def _look(self, shelf: _Shelf, frame: Frame, moment: Moment) -> None:
        now = self._crop(shelf, frame)
        before, shelf.before = shelf.before, now
        moved = before is None or before.shape != now.shape or self._share(shelf, now, before) > TREMBLE
        if moved or any(_hides(presence, shelf.box) for presence in moment.present):
            shelf.calm_since = None
            return
        if shelf.calm_since is None:
            shelf.calm_since = moment.at
        self._judge(shelf, now, moment.at)

    def _judge(self, shelf: _Shelf, now: Planes, at: Micros) -> None:
        since = shelf.calm_since
        if since is None or at - since < SETTLED:
            return
        if shelf.full is None or shelf.full.shape != now.shape:
            shelf.full = now
            return
        needed = self._thresholds.shelf_share
        changed = self._share(shelf, now, shelf.full)
        if self._elsewhere(shelf, now, shelf.full):
            self._forget(shelf, at)
            shelf.full = now
        elif shelf.draft is None and changed >= needed:
            shelf.draft = self._book.open("shelf_empty", since, (), zone=shelf.zone.name)
            shelf.draft.confidence = sure(1.0, over(changed, needed))
            shelf.draft.first = ((since, shelf.box),)
            shelf.empty = now
        elif shelf.draft is not None and shelf.empty is not None:
            filled = self._share(shelf, now, shelf.empty)
            if filled >= needed or changed <= needed / 2:
                self._stocked(shelf, shelf.draft, since, filled)
                shelf.full = now
        elif changed < needed / 2:
            shelf.full = shelf.full + np.float32(LEARN) * (now - shelf.full)

    def _stocked(self, shelf: _Shelf, draft: Draft, at: Micros, filled: float) -> None:
        self._book.close(draft, at)
        surety = sure(1.0, over(filled, self._thresholds.shelf_share))
        note = self._book.note("shelf_restocked", at, (), zone=shelf.zone.name, confidence=surety)
        note.first = ((at, shelf.box),)
        shelf.draft, shelf.empty = None, None

    def _forget(self, shelf: _Shelf, at: Micros) -> None:
        if shelf.draft is not None:
            self._book.close(shelf.draft, at)
        shelf.draft = shelf.full = shelf.empty = shelf.calm_since = None

    def _crop(self, shelf: _Shelf, frame: Frame) -> Planes:
        """The zone and what is around it, small: luma and two chroma planes."""
        scale = frame.scale
        box, height, width = shelf.box, *frame.picture.shape[:2]
        dx, dy = AROUND * box.width, AROUND * box.height
        x1, y1 = max(0, int((box.x1 - dx) / scale)), max(0, int((box.y1 - dy) / scale))
        x2, y2 = min(width, round((box.x2 + dx) / scale)), min(height, round((box.y2 + dy) / scale))
        x2, y2 = max(x2, x1 + 2), max(y2, y1 + 2)
        part = frame.picture[y1:y2, x1:x2]
        shrink = min(1.0, SIDE * (1 + 2 * AROUND) / max(part.shape[:2]))
        size = (max(4, round(part.shape[1] * shrink)), max(4, round(part.shape[0] * shrink)))
        small = cv2.GaussianBlur(cv2.resize(part, size, interpolation=cv2.INTER_AREA), (3, 3), 0)
        planes: Planes = cv2.cvtColor(small.astype(np.uint8), cv2.COLOR_RGB2YCrCb).astype(np.float32)
        if shelf.inside is None or shelf.inside.shape != planes.shape[:2]:
            corners = np.array(shelf.zone.polygon, np.float64) / scale - (x1, y1)
            mask = np.zeros(planes.shape[:2], np.uint8)
            cv2.fillPoly(mask, [np.round(corners * shrink).astype(np.int32)], (255,))
            shelf.inside, shelf.around = mask > 0, mask == 0
        return planes

    def _differs(self, shelf: _Shelf, now: Planes, known: Planes) -> Flags:
        """Where the two differ once the light around the zone is made the same."""
        assert shelf.inside is not None and shelf.around is not None  # noqa: S101, PT018 - set with the crop
        gain = 1.0
        if np.count_nonzero(shelf.around) > 20:
            gain = float(
                np.clip(
                    np.median((now[..., 0] + 2)[shelf.around] / (known[..., 0] + 2)[shelf.around]), 0.3, 3
                )
            )
        bright = float(np.percentile(known[..., 0][shelf.inside], 90)) if shelf.inside.any() else 128.0
        floor = max(6.0, LUMA * bright)
        luma = np.abs(now[..., 0] / gain - known[..., 0]) > floor
        chroma = np.abs((now[..., 1:] - 128) / gain - (known[..., 1:] - 128)).max(axis=2) > CHROMA / min(
            1.0, gain
        )
        differs: Flags = luma | chroma
        return differs

    def _share(self, shelf: _Shelf, now: Planes, known: Planes) -> float:
        inside = shelf.inside
        if inside is None or not inside.any():
            return 0.0
        return float(np.mean(self._differs(shelf, now, known)[inside]))

    def _elsewhere(self, shelf: _Shelf, now: Planes, known: Planes) -> bool:
        around = shelf.around
        if around is None or np.count_nonzero(around) < 20:
            return False
        return float(np.mean(self._differs(shelf, now, known)[around])) > 0.5


def _bounds(zone: Zone) -> Box:
    across, down = [x for x, _ in zone.polygon], [y for _, y in zone.polygon]
    return Box(min(across), min(down), max(across), max(down))


def _hides(presence: Presence, shelf: Box) -> bool:
    """Whether somebody or something stands before the shelf: the box meets it and reaches out of it. What lies within is
    goods, and so is what is to a good part within and nobody: the place of what was taken, and the shadow under it, also
    where it goes on under the name of who took it, unseen and wider than high.
    """
    box = presence.box
    out = box.area - box.overlap(shelf)
    person = presence.label in PEOPLE or (presence.label == THING and upright(box))
    if person and not presence.seen and box.width > box.height:
        return False
    most = PERSON_OUT if person else THING_OUT
    return box.overlap(shelf) > 0 and out > most * box.area
