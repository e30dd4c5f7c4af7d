"""Events of the camera itself: whether its pictures still show the scene, sharp, alive and from the same place."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from core.clock import SECOND, Micros, Span
from ingest.decode.looks import Look
from ingest.events.book import Book, over
from ingest.events.camera.place import CHECKED, CameraPlace
from ingest.events.camera.state import CameraState, Impaired, Sight
from ingest.events.thresholds import Thresholds
from ingest.perception.presence import Moment
from ingest.view import View, change

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
        self._dark = CameraState("camera_dark", book, t.span("dark_s"))
        self._covered = CameraState("camera_covered", book, t.span("covered_s"))
        self._blurred = CameraState("camera_blurred", book, t.span("blurred_s"))
        self._frozen = _Frozen(book, t)
        self._place = CameraPlace(book, t)
        self._base: View | None = None
        self._unlike_since: Micros | None = None
        self._checked: Micros = 0

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

    def impaired(self, within: Span) -> list[Impaired]:
        """In which parts of the span less could be seen, and why."""
        nothing = (self._dark, self._covered, self._frozen.state)
        states = [(state, Sight.NONE) for state in nothing]
        states += [(self._blurred, Sight.LESS), (self._place.state, Sight.MOVING)]
        return [
            Impaired(span=span, reason=state.reason, sight=sight)
            for state, sight in states
            for span in state.spans(within)
        ]

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


class _Frozen:
    """`camera_frozen`: the very same picture again and again, where pictures used to differ by at least some noise.

    How much two pictures differ at the least is learned from the scene: a rendered or heavily compressed one differs by
    nothing when nothing moves, and of it nothing can be said.
    """

    def __init__(self, book: Book, thresholds: Thresholds) -> None:
        self.state = CameraState(
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
        self.state.judge(self.state.at, False, 0.0)

    def _floor(self) -> float | None:
        """How much two pictures of this scene differ at the least (grey levels); None where that is unknown or nothing."""
        if len(self._changes) < 12:
            return None
        floor = float(np.percentile(self._changes, 10))
        return floor if floor >= self._t.frozen_floor else None
