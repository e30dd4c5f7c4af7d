"""Events of a ball game on a drawn pitch: who has the ball, passes, shots, goals and what else its way tells."""

from __future__ import annotations

import math

from core.place import Box, Layout
from ingest.ball import BALLS, BallFinder
from ingest.ball_holder import Teams, body_at, players, shirt_at
from ingest.decode import Look
from ingest.events_book import Book, Part
from ingest.foreground import Foreground, PitchBackground
from ingest.pitch import Pitch, drawn_pitch
from ingest.play import BallLook, Play
from ingest.presence import Moment

AT_HAND_M = 1.2
"""How far from the ball the entity that has it stands at most."""


class BallMaker:
    """`possession`, `pass`, `shot`, `goal`, `goal_area`, `ball_out`, `fast_break`, where a pitch, court or field is drawn.

    Sighted: the ball is too small for most detectors, so it is followed in the pictures themselves, on the pitch only.
    Where no pitch is drawn, nothing is done.
    """

    def __init__(self, book: Book, layout: Layout) -> None:
        self._pitch = None if drawn_pitch(layout) is None else Pitch(layout)
        if self._pitch is not None:
            self._background, self._ball = PitchBackground(self._pitch), BallFinder(self._pitch)
            self._teams = Teams()
            self._play = Play(book, self._pitch, self._teams)

    def see(self, look: Look, moment: Moment) -> None:
        """Takes in one look's picture."""
        if self._pitch is None:
            return
        if look.cut:
            self._background.reset()
            self._ball.reset()
            self._play.stop(look.at)
        if look.frame is None:
            return
        seen = self._background.see(look.frame)
        if seen is not None:
            self._learn(self._pitch, seen)
        named = [p.box for p in moment.present if p.label in BALLS and p.seen]
        spot = self._ball.look(look.at, seen, named)
        if spot is None:
            self._play.stop(look.at)
            return
        place, foot = self._pitch.metres(spot.box.foot), spot.box.foot
        body = math.inf if seen is None else body_at(seen, self._pitch, spot.box)
        self._play.take(
            BallLook(
                at=look.at,
                box=spot.box,
                place=place,
                seen=spot.seen,
                body=body,
                shirt="" if seen is None else shirt_at(seen, self._pitch, foot),
                player=self._player(self._pitch, spot.box, moment),
            )
        )

    def _learn(self, pitch: Pitch, seen: Foreground) -> None:
        """How tall players look, and what they wear."""
        alone = players(seen)
        pitch.learn([(b.box.y2, b.box.height) for b in alone])
        if pitch.knows_people:
            grown = [b for b in alone if 0.75 <= b.box.height / max(pitch.person(b.box.y2), 1.0) <= 1.3]
            on_it = [(b.box.foot, pitch.metres(b.box.foot)) for b in grown]
            worn = [
                (shirt_at(seen, pitch, foot, 0.25), at[0] / pitch.length)
                for foot, at in on_it
                if pitch.outside(at) < 0.3
            ]
            self._teams.learn([(word, along) for word, along in worn if word])

    def _player(self, pitch: Pitch, ball: Box, moment: Moment) -> Part | None:
        """The person who stands at the ball, if one was recognised there."""
        people = [p for p in moment.present if p.label == "person"]
        near = [(pitch.apart(p.place, ball.foot), i) for i, p in enumerate(people)]
        away, best = min(near, default=(math.inf, -1))
        return Part(people[best].entity_id, people[best].box) if away <= AT_HAND_M else None
