"""The ball as the detector calls it: missed, taken for something else, and out of reach."""

from __future__ import annotations

import pickle

import pytest

from core.clock import SECOND, Micros, micros
from core.ids import EntityId, TrackId
from core.place import Box, Layout, Zone
from core.sight import Attributes, Detection
from ingest.decode.looks import Look
from ingest.events.book import Book, Draft
from ingest.events.sports.ball import BallMaker
from ingest.perception.ball_named import NamedBall, Spot
from ingest.perception.presence import Moment, Presence
from ingest.pitch import Pitch

STEP: Micros = 125_000
LAYOUT = Layout(
    zones=(
        Zone(name="pitch", kind="pitch", polygon=((100, 100), (700, 100), (700, 460), (100, 460))),
        Zone(name="goal A", kind="goal", polygon=((64, 220), (100, 220), (100, 340), (64, 340))),
        Zone(name="goal B", kind="goal", polygon=((700, 220), (736, 220), (736, 340), (700, 340))),
    ),
    metres_per_pixel=0.025,
)
"""Seen from above: 15 by 9 metres, 40 pixels a metre."""


def ball(x: float, y: float, score: float = 0.8) -> Detection:
    return Detection(label="sports ball", box=Box(x - 5, y - 10, x + 5, y), score=score, source="test")


PEOPLE = [
    Detection(label="person", box=Box(x, 230, x + 24, 300), score=0.9, source="test") for x in (200, 400, 600)
]


def follow(*looks: list[Detection]) -> list[Spot | None]:
    follower, out = NamedBall(Pitch(LAYOUT)), []
    for i, balls in enumerate(looks):
        follower.look(i * STEP, [*PEOPLE, *balls])
        out.append(follower.spot(i * STEP))
        follower = pickle.loads(pickle.dumps(follower))
    return out


def test_the_ball_is_known_from_the_first_look_and_where_it_was_while_it_is_missed() -> None:
    spots = follow([ball(300, 250)], [], [], [ball(330, 250)])
    assert [spot is not None and spot.seen for spot in spots] == [True, False, False, True]
    assert spots[2] is not None
    assert spots[2].box == spots[0].box  # type: ignore[union-attr]


def test_a_small_false_ball_far_away_is_passed_over_and_one_seen_there_again_is_it() -> None:
    once = follow([ball(200, 250)], [ball(680, 120)], [ball(204, 250)])
    assert [spot.box.foot for spot in once if spot is not None] == [(200, 250), (200, 250), (204, 250)]
    again = follow([ball(200, 250)], [ball(680, 120)], [ball(676, 122)])
    assert again[-1] is not None
    assert again[-1].box.foot == (676, 122)


def test_a_hard_ball_is_followed_and_what_lies_beside_the_pitch_is_none() -> None:
    shot = follow(*([ball(200 + 60 * i, 250)] for i in range(7)))
    assert [spot.box.foot[0] for spot in shot if spot is not None and spot.seen] == [
        200 + 60 * i for i in range(7)
    ]
    assert follow([ball(300, 700)]) == [None]


def test_a_ball_long_unseen_is_lost() -> None:
    follower = NamedBall(Pitch(LAYOUT))
    follower.look(0, [*PEOPLE, ball(300, 250)])
    follower.look(7 * SECOND, PEOPLE)
    assert follower.spot(7 * SECOND) is None


# -- the game told from it --------------------------------------------------------------------------------------------


def player(name: str, x: float, y: float, shirt: str) -> Presence:
    worn: Attributes = {"upper": shirt}
    return Presence(
        entity_id=EntityId(name),
        track_id=TrackId(name),
        label="person",
        box=Box(x - 12, y - 70, x + 12, y),
        score=0.9,
        attributes=worn,
    )


TEAMS = [
    player("r1", 200, 280, "red"),
    player("r2", 400, 200, "red"),
    player("b1", 500, 300, "blue"),
    player("b2", 620, 420, "blue"),
]


def played(spots: list[tuple[float, float, bool]], people: list[Presence] = TEAMS) -> list[Draft]:
    """What is told of a ball at those places, seen or not, look by look."""
    book = Book()
    maker = BallMaker(book, LAYOUT)
    for i, (x, y, seen) in enumerate(spots):
        at = book.now = i * STEP
        moment = Moment(at=at, present=tuple(people), ball=Spot(at, ball(x, y).box, seen))
        maker.see(Look(at=at, frame=None, moved=1.0), moment)
        book, maker = pickle.loads(pickle.dumps((book, maker)))
    return [draft for draft, _, _ in book.hand_over(len(spots) * STEP, final=True)]


def kinds(drafts: list[Draft]) -> list[str]:
    return [draft.kind for draft in drafts if draft.kind != "team_shape"]


def test_who_stands_at_a_named_ball_has_it_from_the_first_picture_on() -> None:
    held = [(212.0, 282.0, True)] * 16
    flown = [(212 + 30.0 * i, 282 - 13.0 * i, True) for i in range(1, 6)]
    got = [(390.0, 204.0, True)] * 16
    drafts = played([*held, *flown, *got])
    assert kinds(drafts) == ["possession", "pass", "possession"]
    assert drafts[0].start == 0
    (passed,) = [draft for draft in drafts if draft.kind == "pass"]
    assert [(part.entity_id, part.role) for part in passed.parts] == [("r1", "from"), ("r2", "to")]


def test_a_ball_hidden_at_somebodys_feet_goes_with_him() -> None:
    spots = [(212.0, 282.0, i < 6) for i in range(16)]
    (held,) = [draft for draft in played(spots) if draft.kind == "possession"]
    assert held.end is not None
    assert held.end >= 14 * STEP


def test_a_ball_in_a_keepers_hands_is_his() -> None:
    keeper = player("k", 130, 280, "pink")
    (held,) = [
        draft for draft in played([(130.0, 242.0, True)] * 16, [*TEAMS, keeper]) if draft.kind == "possession"
    ]
    assert held.parts[0].entity_id == "k"
    assert held.attributes == {"team": "red"}


def test_a_teams_block_is_measured_every_ten_seconds() -> None:
    shapes = [d for d in played([(212.0, 282.0, True)] * 170) if d.kind == "team_shape"]
    told = [(d.start, d.attributes["team"]) for d in shapes]
    assert told == [(0, "blue"), (0, "red"), (micros(10), "blue"), (micros(10), "red")]
    red = shapes[1]
    assert float(red.attributes["length"]) == pytest.approx(200 / 600, abs=0.01)
    assert float(red.attributes["width"]) == pytest.approx(80 / 360, abs=0.01)
    assert {part.role for part in red.parts} == {"member"}
