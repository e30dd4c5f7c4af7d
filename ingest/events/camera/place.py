"""Whether a camera stands where it stood: `camera_moved`."""

from __future__ import annotations

from collections import deque

from core.clock import SECOND, Micros
from core.sight import Attributes
from ingest.decode.looks import Look
from ingest.events.book import Book, over
from ingest.events.camera.state import CameraState
from ingest.events.thresholds import Thresholds
from ingest.view import Motion, View, kept, matched, motion, votes

LATELY: Micros = SECOND
"""How far back the view is compared to tell whether the camera moves."""
STEADY = 0.45
"""Plain edges that kept their place over that time (`view.kept`), from which on the camera stands still."""
THERE = 0.2
"""… and from which on a camera stands where it stood, whatever came and went before it meanwhile."""
STIRRED = 0.65
"""In which part of the picture hardly any point may keep its place where the camera moves …"""
AGREE = 0.2
"""… and which part of the points has to agree on how: a crowd stirs everywhere too, but not as one."""
SWAY = 0.006
"""Movement (picture widths between two looks compared) below which a camera on a mast merely sways."""
SOME_CELLS = 0.4
"""The part of the picture that must have something to go by."""
MOST_CELLS, FEW_CELLS = 0.45, 0.12
"""The view lies elsewhere if this part of the picture's cells says so, and at most that part that it is where it was."""
MOST_AT_CUT = 0.6
"""What a cut shows is most likely another scene, so that more cells have to say so."""
FARTHEST = 0.6
"""Further than this (picture widths) two views share too little to be told for one scene."""
FOLLOWED_EVERY: Micros = SECOND // 5
"""Points are followed this often: it is the dearest part of it."""
GOES_ON: Micros = 4 * SECOND
"""A moving camera is taken to move on for so long without a look that proves it, while nothing proves it still."""
CHECKED: Micros = SECOND
"""How often the place of the camera is compared with the scene's own past."""


class CameraPlace:
    """`camera_moved`: for as long as the camera moves; or from its last look at the old view to its first at another
    part of the same scene, where it was pushed between two looks.
    """

    def __init__(self, book: Book, thresholds: Thresholds) -> None:
        self._t = thresholds
        self.state = CameraState(
            "camera_moved", book, thresholds.span("moved_s"), grace=thresholds.span("moved_s") * 3 // 2
        )
        self._recent: deque[tuple[Micros, View]] = deque(maxlen=16)
        self._verdicts: deque[tuple[Micros, bool]] = deque(maxlen=32)
        self._base: View | None = None
        self._seen_there: Micros = 0
        self._elsewhere: Micros | None = None
        self._checked: Micros = -CHECKED
        self._swayed_at: Micros = -GOES_ON
        self._followed_at: Micros = -FOLLOWED_EVERY
        self._sways_now = False

    def see(self, view: View, at: Micros, look: Look) -> bool:
        """Takes in one picture; true where the remembered view is void: the camera moves, moved, or shows a new scene."""
        before = [(then, past) for then, past in self._recent if at - then <= LATELY + SECOND // 4]
        self._recent.append((at, view))
        if look.cut:
            return self._cut(view, at)
        if self._base is None:
            self._settle(view, at)
            return False
        still = not before or kept(before[0][1], view) >= STEADY
        if still or at - self._followed_at >= FOLLOWED_EVERY:
            self._followed_at = at
            self._sways_now = not still and self._sways(view, before, look)
        swaying = self._sways_now
        self._swayed_at = at if swaying else self._swayed_at
        moving, turned = self._mostly(at, swaying or (self.state.on and not still and self._swayed(at)))
        ended = self.state.judge(at, moving, 0.5, turned=turned)
        if self.state.on or ended or moving:
            self._settle(view, at)
            return True
        if not swaying and at - self._checked >= CHECKED:
            return self._check(view, at)
        return False

    def pause(self) -> None:
        """Nothing can be said of a dark picture."""
        self._recent.clear()

    def _sways(self, view: View, before: list[tuple[Micros, View]], look: Look) -> bool:
        """Whether the picture moved as a whole since the last looks."""
        if look.moved < 0.01:
            return False
        for _, past in (before[-1], before[-min(3, len(before))]):
            flow = motion(past.grey, view.grey)
            if flow is not None and _as_one(flow) and flow.far >= SWAY:
                return votes(past, view, flow)[1] <= FEW_CELLS  # two large cars may be all there is to follow
        return False

    def _swayed(self, at: Micros) -> bool:
        """Whether it moved a while ago: of a view down a road little can be followed, but it is not at rest either."""
        return at - self._swayed_at < GOES_ON

    def _mostly(self, at: Micros, swaying: bool) -> tuple[bool, Micros]:
        """Whether the camera moved at half of the looks lately (one that began to move goes on at a fifth), and since
        which look it does, or does no more.
        """
        self._verdicts.append((at, swaying))
        lately = [(then, verdict) for then, verdict in self._verdicts if at - then < 3 * SECOND // 2]
        part = sum(verdict for _, verdict in lately) / len(lately)
        moving = part >= (0.2 if self.state.on else 0.5) and len(lately) >= 3
        if moving:
            return True, next(then for then, verdict in lately if verdict)
        last = max((then for then, verdict in lately if verdict), default=at)
        return False, max(
            self._swayed_at, last - LATELY
        )  # a view unlike that of a second ago may be at rest by now

    def _cut(self, view: View, at: Micros) -> bool:
        """Another scene, or the same from elsewhere: a camera that is knocked shows that in one look."""
        shift = self._shift(view, MOST_AT_CUT)
        self.state.end(at)
        if shift is not None:
            self._note(self._seen_there, at, shift)
        self._verdicts.clear()
        self._settle(view, at)
        return True

    def _check(self, view: View, at: Micros) -> bool:
        """Whether the camera still stands where it stood; told once it has been elsewhere for a while."""
        self._checked = at
        base = self._base
        if base is None or kept(base, view) >= THERE:
            self._base, self._seen_there, self._elsewhere = view, at, None
            return False
        shift = self._shift(view, MOST_CELLS)
        if shift is None:
            return False
        if self._elsewhere is None:
            self._elsewhere = at
        if at - self._elsewhere < self._t.span("moved_s"):
            return False
        self._note(self._seen_there, self._elsewhere, shift)
        self._settle(view, at)
        return True

    def _shift(self, view: View, most: float) -> Motion | None:
        """How the view lies on the remembered one, if it is the same scene from elsewhere."""
        base = self._base
        if base is None or base.grey.shape != view.grey.shape:
            return None
        for look in (motion, matched):
            flow = look(base.grey, view.grey)
            if flow is None or not self._t.moved_share <= flow.far <= FARTHEST:
                continue
            moved, stayed = votes(base, view, flow)
            if moved >= most and stayed <= FEW_CELLS:
                return flow
        return None

    def _note(self, start: Micros, end: Micros, shift: Motion) -> None:
        words: Attributes = {"shift_share": round(shift.far, 3)}
        side = max(
            (abs(shift.across), "left" if shift.across > 0 else "right"),
            (abs(shift.down), "up" if shift.down > 0 else "down"),
        )
        if side[0] >= self._t.moved_share / 2:
            words["direction"] = side[1]  # what it shows goes the other way
        self.state.note(start, end, over(shift.far, self._t.moved_share), words)

    def _settle(self, view: View, at: Micros) -> None:
        self._base, self._seen_there, self._elsewhere, self._checked = view, at, None, at


def _as_one(flow: Motion) -> bool:
    return (
        flow.cells >= SOME_CELLS
        and flow.stirred >= STIRRED
        and flow.agree >= AGREE
        and flow.spread >= SOME_CELLS
    )
