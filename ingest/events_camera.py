"""Events of the camera itself: whether its pictures still show the scene, sharp, alive and from the same place."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from core.clock import SECOND, Micros, Span
from core.sight import Attributes
from ingest.decode import Look
from ingest.events_book import Book, Draft, Spell, over, sure
from ingest.presence import Moment
from ingest.thresholds import Thresholds
from ingest.view import Motion, View, change, kept, matched, motion, votes

SOURCE = "pictures"
"""What says so: whole pictures, not what was followed in them."""
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
FOLLOWED = 0.1
"""How far the remembered view follows the present one at each check."""
GIVEN_UP: Micros = 20 * SECOND
"""A view that has been unlike the remembered one for so long without being an event is the new one."""
SCENE_STAYS = 0.65
"""Correlation of the tiny pictures from which on two show the same scene: out of focus it still is."""
PAIRS_KEPT = 60
"""How many changes from picture to picture are remembered to know how alive the scene usually is."""


class CameraMaker:
    """`camera_dark`, `camera_covered`, `camera_blurred`, `camera_frozen`, `camera_moved`, each for as long as it lasts.

    Sighted: each picture is compared with the scene's own past, never with what a scene should look like. A camera that
    moves all the time is told of once. Where the gate saw nothing move, things are as they were.
    """

    def __init__(self, book: Book, thresholds: Thresholds) -> None:
        t = self._t = thresholds
        self._dark = _State("camera_dark", book, t.span("dark_s"))
        self._covered = _State("camera_covered", book, t.span("covered_s"))
        self._blurred = _State("camera_blurred", book, t.span("blurred_s"))
        self._frozen = _Frozen(book, t)
        self._place = _Place(book, t)
        self._base: View | None = None
        self._unlike_since: Micros | None = None

    def see(self, look: Look, moment: Moment) -> None:
        """Takes in one look's picture."""
        if look.frame is None:
            return
        view, at = View.of(look.frame.picture), look.at
        dark = view.bright < self._t.dark_level
        self._dark.judge(at, dark, over(self._t.dark_level, max(view.bright, 0.5)))
        if dark:
            self._frozen.pause()
            self._place.pause()
            return
        self._frozen.see(view, at, new_scene=look.cut, learn=not (self._blurred.on or self._covered.on))
        moved = self._place.see(view, at, look)
        if moved or self._base is None:
            self._remember(view)
            return
        self._compare(view, self._base, at)

    def impaired(self, within: Span) -> list[tuple[Span, str, bool]]:
        """In which parts of the span less could be seen, why, and whether it was nothing at all."""
        nothing = (self._dark, self._covered, self._frozen.state)
        states = [*((state, True) for state in nothing), (self._blurred, False), (self._place.state, False)]
        return [(span, state.reason, blind) for state, blind in states for span in state.spans(within)]

    def _compare(self, view: View, base: View, at: Micros) -> None:
        """Judges focus and cover against the scene as it was."""
        alike, hidden, sharp = view.alike(base), view.hidden(base), view.sharpness(base, self._frozen.noise)
        dimmed = float(view.coarse.mean() / max(base.coarse.mean(), 0.1))
        covered = hidden >= self._t.covered_share and alike < SCENE_STAYS and dimmed < 0.6
        blurred = not covered and alike >= SCENE_STAYS and sharp < self._t.blurred_share
        self._covered.judge(at, covered, over(hidden, self._t.covered_share))
        self._blurred.judge(at, blurred, over(self._t.blurred_share, max(sharp, 0.05)))
        usual = alike >= SCENE_STAYS and hidden < 0.3 and sharp > 0.75
        if usual:
            self._unlike_since = None
            if at - self._checked >= CHECKED:
                self._checked = at
                self._base = _following(base, view)
            return
        if self._unlike_since is None:
            self._unlike_since = at
        excused = self._covered.on or self._blurred.on
        if at - self._unlike_since >= GIVEN_UP and not excused:
            self._remember(view)

    _checked: Micros = 0

    def _remember(self, view: View) -> None:
        """From here on this is what the scene looks like."""
        self._base, self._unlike_since = view, None


def _following(base: View, view: View) -> View:
    """The remembered view, a little more like the present one."""

    def mixed(old: np.ndarray, new: np.ndarray) -> np.ndarray:
        return np.asarray(old + FOLLOWED * (new - old), np.float32)

    return replace(
        base,
        fine=mixed(base.fine, view.fine),
        coarse=mixed(base.coarse, view.coarse),
        tiny=mixed(base.tiny, view.tiny),
    )


class _State:
    """One condition of the camera: an event that opens once it has held for a while and closes once it no longer does."""

    def __init__(self, kind: str, book: Book, need: Micros, grace: Micros | None = None) -> None:
        self._kind, self._book = kind, book
        self._spell = Spell(need=need, grace=need if grace is None else grace)
        self._draft: Draft | None = None
        self._ended: deque[Span] = deque(maxlen=64)
        self._at: Micros = 0

    @property
    def on(self) -> bool:
        """Whether it goes on."""
        return self._draft is not None

    @property
    def reason(self) -> str:
        """Why less could be seen meanwhile, in words."""
        return (
            "the camera "
            + ("" if self._kind == "camera_moved" else "was ")
            + self._kind.removeprefix("camera_")
        )

    def judge(self, at: Micros, holds: bool, margin: float, *, turned: Micros | None = None) -> bool:
        """Takes in one look's verdict, and since when it is so if not since now; true when the condition just ended."""
        self._at = at
        ended = False
        if self._draft is None:
            if self._spell.begins(at, holds, turned=turned) and self._spell.since is not None:
                self._draft = self._book.open(self._kind, self._spell.since, ())
                self._draft.source = SOURCE
        elif self._spell.ends(at, holds, turned=turned):
            self.end(at if self._spell.lapsed is None else self._spell.lapsed)
            ended = True
        if self._draft is not None and holds:
            self._draft.confidence = max(
                sure(1.0, margin), self._draft.confidence if self._draft.latest else 0.0
            )
            self._draft.show(at, None)
        return ended

    def end(self, at: Micros) -> None:
        """Ends what goes on, or is about to."""
        if self._draft is not None:
            self._ended.append(Span(self._draft.start, max(at, self._draft.start + 1)))
            self._book.close(self._draft, at)
        self._draft = None
        self._spell.on, self._spell.since, self._spell.lapsed = False, None, None

    def note(self, start: Micros, end: Micros, margin: float, attributes: Attributes) -> None:
        """Writes down what was over as soon as it was known."""
        draft = self._book.open(self._kind, start, (), confidence=sure(1.0, margin), attributes=attributes)
        draft.source = SOURCE
        draft.show(end, None)
        self._book.close(draft, end)

    def spans(self, within: Span) -> list[Span]:
        """The parts of the span in which the condition held, as far as it is known."""
        held = [*self._ended]
        if self._draft is not None:
            held.append(Span(self._draft.start, max(within.end, self._draft.start + 1)))
        return [part for span in held if (part := span.intersect(within)) is not None]


class _Frozen:
    """`camera_frozen`: the very same picture again and again, where pictures used to differ by at least some noise.

    How much two pictures differ at the least is learned from the scene: a rendered or heavily compressed one differs by
    nothing when nothing moves, and of it nothing can be said.
    """

    def __init__(self, book: Book, thresholds: Thresholds) -> None:
        self.state = _State(
            "camera_frozen", book, thresholds.span("frozen_s"), grace=thresholds.span("frozen_s") // 2
        )
        self._t = thresholds
        self._before: View | None = None
        self._changes: deque[float] = deque(maxlen=PAIRS_KEPT)
        self.noise = 0.0
        """How much two pictures differ lately by noise alone (grey levels)."""

    def see(self, view: View, at: Micros, *, new_scene: bool, learn: bool) -> None:
        """Takes in one picture; `learn` says that it shows the scene as it usually is: a smooth one has
        no noise left once it was compressed, and is not frozen by that.
        """
        before, self._before = self._before, view
        if new_scene:
            self._changes.clear()
        if before is None or new_scene or before.grey.shape != view.grey.shape:
            self.state.judge(at, False, 0.0)
            return
        differs = change(before.grey, view.grey)
        floor = self._floor()
        dead = learn and floor is not None and differs < self._t.frozen_share * floor
        self.state.judge(at, dead, over(self._t.frozen_share * (floor or 0.0), max(differs, 0.01)))
        if learn and not dead:
            self._changes.append(differs)
            self.noise = min(list(self._changes)[-8:])

    def pause(self) -> None:
        """Nothing can be said of a dark picture."""
        self._before = None
        self.state.judge(self.state._at, False, 0.0)

    def _floor(self) -> float | None:
        """How much two pictures of this scene differ at the least (grey levels); None where that is unknown or nothing."""
        if len(self._changes) < 12:
            return None
        floor = float(np.percentile(self._changes, 10))
        return floor if floor >= self._t.frozen_floor else None


class _Place:
    """`camera_moved`: for as long as the camera moves; or from its last look at the old view to its first at another
    part of the same scene, where it was pushed between two looks.
    """

    def __init__(self, book: Book, thresholds: Thresholds) -> None:
        self._t = thresholds
        self.state = _State(
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
                return True
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
