"""Zones that are read when their pixels change: first text, changes, scores, clocks that run."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import micros
from core.media import Frame, Picture
from core.memory import Event
from core.place import Box, Layout, Zone
from core.sight import Reading
from helpers.moments import maker
from ingest.decode.looks import Look
from ingest.events.maker import EventMaker
from ingest.events.text import score_of
from ingest.perception.presence import Moment

BOARD = ((40.0, 20.0), (200.0, 20.0), (200.0, 60.0), (40.0, 60.0))


def board(kind: str) -> EventMaker:
    return maker(Layout(zones=(Zone(name="board", kind=kind, polygon=BOARD),)))


def shown(text: str) -> Picture:
    picture = np.full((180, 320, 3), 110, np.uint8)
    picture[10:30, 20:100] = 20
    cv2.putText(picture, text, (24, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    return picture


def run(
    one: EventMaker, texts: list[tuple[float, str]], until: float, *, misread: dict[int, str] | None = None
) -> int:
    """Shows the board with the text of each moment; a reader that sees the truth, save for the readings in `misread`.
    Returns how often it was asked.
    """
    asked = 0
    for step in range(round(until * 8)):
        at = step / 8
        text = [words for since, words in texts if since <= at][-1]
        when = micros(at)
        moment = Moment(at=when, present=())
        one.see(Look(at=when, frame=Frame(at=when, picture=shown(text), scale=2.0), moved=0.1), moment)
        for ask in one.to_read():
            says = (misread or {}).get(asked, text)
            asked += 1
            assert ask.picture.shape[0] < 60
            readings = [Reading(text=says, box=Box(50, 30, 180, 50), score=0.9)] if says else []
            one.told(ask, readings, "reader:1")
        one.update(moment)
    return asked


def told(one: EventMaker, until: float) -> list[Event]:
    return one.flush(micros(until), final=True)


def test_a_sign_is_read_once_and_again_when_it_changes() -> None:
    one = board("sign")
    assert run(one, [(0, "OPEN"), (6, "CLOSED")], 12) == 3  # a change is read twice
    seen, changed = told(one, 12)
    assert (seen.kind, seen.attributes, seen.zone) == ("text_seen", {"text": "OPEN"}, "board")
    assert (changed.kind, changed.attributes) == ("text_changed", {"text": "CLOSED", "before": "OPEN"})
    assert changed.span.start == micros(6)
    assert changed.source == "reader:1"
    assert changed.confidence == 0.9
    assert changed.evidence[0].box is not None


def test_a_score_that_changes_is_told_with_both_scores() -> None:
    one = board("scoreboard")
    run(one, [(0, "HOME 1 : 0 AWAY"), (5, "HOME 2 : 0 AWAY"), (11, "HOME 2 : 1 AWAY")], 16)
    scores = [e for e in told(one, 16) if e.kind == "score_changed"]
    assert [(e.attributes["before"], e.attributes["score"]) for e in scores] == [
        ("1:0", "2:0"),
        ("2:0", "2:1"),
    ]
    assert [e.span.start for e in scores] == [micros(5), micros(11)]


def test_a_clock_beside_the_score_is_no_change_of_score_and_keeps_nobody_busy() -> None:
    one = board("scoreboard")
    asked = run(one, [(s, f"A 3-2 B 10:{s:02d}") for s in range(20)], 20)
    assert [e.kind for e in told(one, 20)] == ["text_seen"]
    assert asked <= 21


def test_a_single_misreading_changes_nothing() -> None:
    one = board("scoreboard")
    run(one, [(0, "5 : 5"), (6, "5 : 6")], 14, misread={1: "5 : 8"})
    (changed,) = [e for e in told(one, 14) if e.kind == "score_changed"]
    assert changed.attributes["score"] == "5:6"


def test_a_board_that_nobody_can_read_says_nothing() -> None:
    one = board("sign")
    run(one, [(0, "x")], 4, misread=dict.fromkeys(range(40), ""))
    assert told(one, 4) == []


def test_a_zone_of_another_kind_is_not_read() -> None:
    one = board("dock")
    assert run(one, [(0, "a"), (3, "b")], 6) == 0


def test_what_it_knows_outlasts_a_pause() -> None:
    one = board("sign")
    run(one, [(0, "OPEN")], 4)
    again: EventMaker = pickle.loads(pickle.dumps(one))
    assert [e.attributes["text"] for e in told(again, 4)] == ["OPEN"]


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("HOME 2 : 1 AWAY", (2, 1)),
        ("2-1", (2, 1)),
        ("21–19 Q4", (21, 19)),
        ("12:34 HOME 7 GUEST 10", (7, 10)),
        ("78:12 3:1", (3, 1)),
        ("LEEDS 0 HULL 0 45:00", (0, 0)),
        ("10:12", (10, 12)),
        ("12:34", (12, 34)),
        ("PERIOD 3", None),
        ("no numbers", None),
        ("192.168.10.4", None),
        ("", None),
    ],
)
def test_a_score_is_told_from_a_clock(text: str, score: tuple[int, int] | None) -> None:
    assert score_of(text) == score


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from(["-", "–", " - "]))
def test_a_dashed_pair_is_the_score_whatever_stands_beside_it(a: int, b: int, dash: str) -> None:
    assert score_of(f"14:02 HOME {a}{dash}{b} AWAY 3") == (a, b)
