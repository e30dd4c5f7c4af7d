"""A game told from its ball: scripted ways of the ball, and what they are called."""

from __future__ import annotations

import itertools
import pickle

import pytest

from core.clock import Micros, micros
from core.place import Box, Layout, Zone
from ingest.events.book import Book
from ingest.events.sports.play import BallLook, Play
from ingest.events.sports.teams import Teams
from ingest.pitch import Pitch


def oblong(x1: float, y1: float, x2: float, y2: float) -> tuple[tuple[float, float], ...]:
    return ((x1, y1), (x2, y1), (x2, y2), (x1, y2))


LAYOUT = Layout(
    zones=(
        Zone(name="pitch", kind="pitch", polygon=oblong(100, 100, 700, 460)),
        Zone(name="goal A", kind="goal", polygon=oblong(64, 220, 100, 340)),
        Zone(name="goal B", kind="goal", polygon=oblong(700, 220, 736, 340)),
        Zone(name="area B", kind="goal_area", polygon=oblong(580, 170, 700, 390)),
    ),
    metres_per_pixel=0.025,
)
"""Seen from above: 15 by 9 metres, 40 pixels a metre."""

Leg = tuple[float, tuple[float, float], str]
"""Until when (seconds) the ball gets to which place (pixels), and the shirt beside it all the way ('' in flight)."""


def told(*legs: Leg) -> list[tuple[str, float, float, str | None, object]]:
    """What is told of a ball that goes so, starting at the first place: kind, start, end, zone, team."""
    book, pitch, teams = Book(), Pitch(LAYOUT), Teams()
    teams.learn([("red", 0.3)] * 20 + [("blue", 0.7)] * 20)
    play = Play(book, pitch, teams)
    at: Micros = 0
    for (begun, start, _), (until, goal, shirt) in itertools.pairwise(((0.0, legs[0][1], ""), *legs)):
        while at < micros(until):
            share = (at / 1e6 - begun) / (until - begun)
            x, y = (a + share * (b - a) for a, b in zip(start, goal, strict=True))
            box = Box(x - 5, y - 10, x + 5, y)
            book.now = at
            play.take(
                BallLook(
                    at=at,
                    box=box,
                    place=pitch.metres((x, y)),
                    shirt=shirt,
                    body=0.5 if shirt else 9.0,
                )
            )
            at += 125_000
        book, pitch, teams, play = pickle.loads(pickle.dumps((book, pitch, teams, play)))
    return [
        (
            draft.kind,
            round(span.start / 1e6, 1),
            round(span.end / 1e6, 1),
            draft.zone,
            draft.attributes.get("team"),
        )
        for draft, span, _ in book.hand_over(at, final=True)
    ]


def test_the_pitch_is_measured_by_the_layouts_scale() -> None:
    pitch = Pitch(LAYOUT)
    assert pitch.length == pytest.approx(15, rel=0.01)
    assert pitch.apart((100, 200), (300, 200)) == pytest.approx(5, rel=0.01)
    assert pitch.mouth(LAYOUT.zones[1])[0] in (0.0, pitch.length)


def test_a_ball_played_to_a_mate_is_a_pass_between_two_possessions() -> None:
    out = told((2, (200, 250), "red"), (2.75, (400, 250), ""), (5, (420, 250), "red"))
    assert [kind for kind, *_ in out] == ["possession", "pass", "possession"]
    assert {team for *_, team in out} == {"red"}
    _, start, end, *_ = out[1]
    assert start == pytest.approx(2, abs=0.26)
    assert end == pytest.approx(2.75, abs=0.26)


def test_a_ball_that_the_other_team_gets_is_no_pass() -> None:
    out = told((2, (200, 250), "red"), (2.75, (400, 250), ""), (5, (420, 250), "blue"))
    assert [(kind, team) for kind, *_, team in out] == [("possession", "red"), ("possession", "blue")]


def test_a_ball_dribbled_on_is_one_possession() -> None:
    out = told((2, (200, 250), "red"), (2.3, (230, 250), ""), (5, (380, 250), "red"))
    assert [kind for kind, *_ in out] == ["possession"]


def test_a_ball_that_passes_somebody_by_is_not_his() -> None:
    out = told(
        (2, (200, 250), "red"),
        (2.5, (330, 250), ""),
        (2.7, (380, 250), "blue"),
        (3, (460, 250), ""),
        (4, (460, 250), ""),
    )
    assert [kind for kind, *_ in out] == ["possession"]


def test_a_ball_kicked_hard_into_the_goal_is_a_shot_and_a_goal() -> None:
    out = told((2, (520, 280), "red"), (2.5, (725, 280), ""), (4, (725, 280), ""))
    kinds = {kind: (start, zone) for kind, start, _, zone, _ in out}
    assert kinds["shot"][0] == pytest.approx(2, abs=0.26)
    assert kinds["goal"][0] == pytest.approx(2.45, abs=0.26)
    assert kinds["shot"][1] == kinds["goal"][1] == "goal B"
    assert [kind for kind, *_ in out].count("goal") == 1
    assert "ball_out" not in kinds


def test_a_ball_in_the_goal_is_not_the_keepers_who_stands_beside_it() -> None:
    out = told((2, (520, 280), "red"), (2.5, (725, 280), ""), (5, (725, 280), "blue"))
    assert [team for kind, *_, team in out if kind == "possession"] == ["red"]


def test_a_ball_wide_of_the_goal_is_a_shot_and_out() -> None:
    out = told((2, (520, 280), "red"), (2.5, (740, 180), ""), (4, (740, 180), ""))
    assert {"shot", "ball_out"} <= {kind for kind, *_ in out}
    assert "goal" not in {kind for kind, *_ in out}


def test_a_ball_over_the_touch_line_is_out_once() -> None:
    out = told((2, (300, 420), "red"), (2.6, (330, 500), ""), (5, (330, 500), ""))
    assert [kind for kind, *_ in out if kind != "possession"] == ["ball_out"]


def test_a_stay_in_the_goal_area_lasts_as_long_as_the_ball_is_there() -> None:
    out = told(
        (2, (500, 280), "red"),
        (3, (620, 280), "red"),
        (5, (640, 280), "red"),
        (6, (480, 280), "red"),
        (8, (480, 280), "red"),
    )
    ((_, start, end, zone, _),) = [one for one in out if one[0] == "goal_area"]
    assert zone == "area B"
    assert start == pytest.approx(2.67, abs=0.08), "half-way between the looks on either side"
    assert end == pytest.approx(5.38, abs=0.08)


def test_a_ball_won_and_brought_forward_fast_is_a_fast_break_and_a_slow_one_is_none() -> None:
    won = ((2, (250, 280), "blue"), (2.5, (170, 280), ""), (3, (170, 280), "red"))
    fast = told(*won, (5.5, (520, 280), "red"), (7, (520, 280), "red"))
    slow = told(*won, (9.0, (520, 280), "red"), (10, (520, 280), "red"))
    assert ("fast_break", "red") in [(kind, team) for kind, *_, team in fast]
    assert "fast_break" not in [kind for kind, *_ in slow]


def test_a_keeper_is_of_the_team_at_home_at_his_end() -> None:
    teams = Teams()
    teams.learn([("red", 0.3)] * 20 + [("blue", 0.7)] * 20 + [("pink", 0.02)] * 3)
    assert teams.team("pink", 0.02) == "red"
    assert teams.team("pink", 0.98) == "blue"
    assert teams.attacks("red") == 1
