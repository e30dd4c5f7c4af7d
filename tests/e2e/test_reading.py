"""Text in real pictures: a scoreboard that changes, a sign, a number on a shirt; read by the real reader."""

from __future__ import annotations

import json

import cv2
import pytest

from helpers.command import Sightline
from helpers.videos import Rgb, write_video

pytestmark = pytest.mark.slow

SIZE = (960, 540)
ZONES = """
zones:
  - {name: board, kind: scoreboard, polygon: [[620, 30], [930, 30], [930, 100], [620, 100]]}
  - {name: floor, kind: area, polygon: [[0, 300], [960, 300], [960, 540], [0, 540]]}
"""


def match(at: float, picture: Rgb) -> None:
    """A player with the number 10 walks; the score is 1 : 0, from second 6 on 2 : 0; a sign hangs at the left."""
    picture[30:100, 620:930] = (15, 15, 25)
    score = "HOME 1 : 0" if at < 6 else "HOME 2 : 0"
    cv2.putText(picture, score, (640, 78), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 220, 120), 2, cv2.LINE_AA)
    picture[40:90, 40:230] = (230, 230, 230)
    cv2.putText(picture, "GATE 7", (60, 78), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (20, 20, 20), 2, cv2.LINE_AA)
    x = 60 + round(70 * at)
    picture[260:480, x : x + 110] = (170, 25, 35)
    picture[210:260, x + 30 : x + 80] = (205, 165, 140)
    cv2.putText(picture, "10", (x + 15, 360), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (250, 250, 250), 5, cv2.LINE_AA)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Sightline:
    """A home in which the match was watched."""
    folder = tmp_path_factory.mktemp("match")
    video = write_video(folder / "v.mp4", seconds=11, size=SIZE, paint=match)
    zones = folder / "zones.yaml"
    zones.write_text(ZONES)
    one = Sightline(folder / "home")
    one.run("watch", video, "--name", "m", "--zones", zones, "--json")
    return one


def test_a_scoreboard_is_read_while_the_stream_is_watched(line: Sightline) -> None:
    (changed,) = line.run("events", "--stream", "m", "--kind", "score_changed", "--json").lines
    assert changed["start_s"] == pytest.approx(6, abs=0.3)
    assert changed["zone"] == "board"
    (first,) = line.run("events", "--stream", "m", "--kind", "text_seen", "--json").lines
    assert first["start_s"] < 1


def test_all_text_of_one_moment_is_read(line: Sightline) -> None:
    found = line.run("read", "--stream", "m", "--at", "3", "--json").lines
    by_text = {each["text"].replace(" ", ""): each for each in found}
    assert {"HOME1:0", "GATE7", "10"} <= set(by_text)
    assert by_text["GATE7"]["box"][0] == pytest.approx(60, abs=12)
    assert by_text["GATE7"]["by"].startswith("rapidocr/")


def test_a_zone_is_read_over_a_span(line: Sightline) -> None:
    found = line.run("read", "--stream", "m", "--zone", "board", "--from", "3", "--to", "10", "--json").lines
    assert [each["text"].replace(" ", "") for each in found] == ["HOME1:0", "HOME2:0"]
    assert found[0]["end_s"] <= 6 <= found[1]["start_s"] + 0.5
    assert {each["zone"] for each in found} == {"board"}


def test_the_number_on_a_shirt_becomes_an_attribute(line: Sightline) -> None:
    events = line.run("events", "--stream", "m", "--kind", "appeared", "--json").lines
    people = [e["entities"][0]["id"] for e in events if e["entities"][0]["label"] == "person"]
    read = [line.run("read", "--stream", "m", "--entity", each, "--json").lines for each in people]
    (number,) = next(lines for lines in read if lines)  # a drawn player may be seen in parts
    who = number["entity"]
    assert number["text"] == "10"
    assert who in people
    again = line.run("events", "--stream", "m", "--kind", "appeared", "--json").lines
    attributes = next(e["entities"][0]["attributes"] for e in again if e["entities"][0]["id"] == who)
    assert attributes["text"] == "10"
    assert attributes["text_by"].startswith("rapidocr/")


@pytest.mark.parametrize(
    ("words", "status", "cause"),
    [
        (("--zone", "moon"), 2, "no zone 'moon'"),
        (("--entity", "en_0"), 2, "has the id 'en_0'"),
        (("--entity", "en_0", "--zone", "board"), 2, "at once"),
        (("--at", "1", "--to", "2"), 2, "--at is one moment"),
        (("--from", "5", "--to", "2"), 2, "empty"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(
    line: Sightline, words: tuple[str, ...], status: int, cause: str
) -> None:
    done = line.run("read", "--stream", "m", *words, expect=status)
    assert cause in done.err


def test_readings_are_json_and_nothing_else(line: Sightline) -> None:
    for text in line.run("read", "--stream", "m", "--at", "1", "--json").out.splitlines():
        assert set(json.loads(text)) >= {"stream", "start_s", "end_s", "text", "confidence", "box", "by"}
