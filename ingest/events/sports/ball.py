"""Events of a ball game on a drawn pitch: who has the ball, passes, shots, goals and what else its way tells."""

from __future__ import annotations

import math

from core.ids import EntityId
from core.place import Box, Layout, Point
from ingest.decode.looks import Look
from ingest.events.book import Book, Part
from ingest.events.sports.play import BallLook, Play
from ingest.events.sports.shape import ShapeMaker
from ingest.events.sports.teams import Teams
from ingest.perception.ball_named import Spot
from ingest.perception.presence import Moment, Presence
from ingest.pitch import Pitch, drawn_pitch

AT_HAND_M = 1.2
"""How far from the ball the entity that has it stands at most."""
HELD_UP, HELD_FOR = 0.3, 3
"""A ball seen before somebody this part of the height above the feet, and near nobody's feet, is in his hands if it stays
so for this many looks."""


class BallMaker:
    """`possession`, `pass`, `shot`, `goal`, `goal_area`, `ball_out`, `fast_break` and `team_shape`, where a pitch, court
    or field is drawn.

    The ball is what the detector calls one (`Moment.ball`). Where no pitch is drawn, nothing is done.
    """

    def __init__(self, book: Book, layout: Layout) -> None:
        self._pitch = None if drawn_pitch(layout) is None else Pitch(layout)
        if self._pitch is not None:
            self._teams = Teams()
            self._play = Play(book, self._pitch, self._teams)
            self._shapes = ShapeMaker(book, self._pitch, self._teams)
            self._with: EntityId | None = None
            self._held: list[EntityId] = []

    def see(self, look: Look, moment: Moment) -> None:
        """Takes in the ball and the people of one look."""
        if self._pitch is None:
            return
        if look.cut:
            self._play.stop(look.at)
            self._shapes.stop()
        people = [p for p in moment.present if p.label == "person"]
        self._learn_people(self._pitch, people)
        self._shapes.take(look.at, people)
        if moment.ball is None:
            self._play.stop(look.at)
        else:
            self._play.take(self._by_people(self._pitch, moment.ball, people))

    def _learn_people(self, pitch: Pitch, people: list[Presence]) -> None:
        """How tall players look, and what each of them wears."""
        seen = [p for p in people if p.seen]
        pitch.learn([(p.box.y2, p.box.height) for p in seen])
        spots = [(p, pitch.metres(p.place)) for p in seen]
        self._teams.learn(
            [
                (str(p.attributes["upper"]), at[0] / pitch.length)
                for p, at in spots
                if pitch.outside(at) < 0.3 and p.attributes.get("upper")
            ]
        )

    def _by_people(self, pitch: Pitch, spot: Spot, people: list[Presence]) -> BallLook:
        """The ball beside the people there. One in the air before somebody is at his place, and one that is hidden is
        supposed to be still with who had it.
        """
        foot = spot.box.foot
        away, nearest = _nearest(pitch, foot, people)
        owner = None
        if not spot.seen:
            owner = next((p for p in people if p.entity_id == self._with), None)
        elif away > AT_HAND_M:
            owner = self._in_hands(spot.box, people)
        else:
            self._held = []
        if owner is not None:
            foot, away, nearest = owner.place, 0.0, owner
        player = nearest if away <= AT_HAND_M else None
        if spot.seen:
            self._with = None if player is None else player.entity_id
        return BallLook(
            at=spot.at,
            box=spot.box,
            place=pitch.metres(foot),
            seen=spot.seen,
            body=away,
            shirt="" if player is None else str(player.attributes.get("upper", "")),
            player=None if player is None else Part(player.entity_id, player.box),
        )

    def _in_hands(self, ball: Box, people: list[Presence]) -> Presence | None:
        """Who holds the ball up, if it was before the same one's body for a while."""
        before = [p for p in people if _before(ball, p.box)]
        same = next((p for p in before if self._held and p.entity_id == self._held[-1]), None)
        first = same or (before[0] if before else None)
        self._held = [] if first is None else [*(self._held if same else [])[-HELD_FOR:], first.entity_id]
        return first if len(self._held) >= HELD_FOR else None


def _nearest(pitch: Pitch, foot: Point, people: list[Presence]) -> tuple[float, Presence | None]:
    """How many metres on the ground the next of them is from a place in the picture, and who that is."""
    near = [(pitch.apart(p.place, foot), i) for i, p in enumerate(people)]
    away, best = min(near, default=(math.inf, -1))
    return away, people[best] if best >= 0 else None


def _before(ball: Box, person: Box) -> bool:
    """Whether a ball that is seen is before the person's body and well above the feet."""
    x, y = ball.centre
    return person.x1 <= x <= person.x2 and person.y1 <= y <= person.y2 - HELD_UP * person.height
