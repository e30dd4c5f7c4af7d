"""Colour names, sizes, shapes, directions, sides: the words for what was seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND
from core.colour import COLOURS, appearance, name_numbers, shares
from core.ground import Ground
from core.place import Box
from ingest.perception.attributes import (
    DIRECTIONS,
    SIDES,
    Profile,
    colour_word,
    direction_word,
    shape_word,
    side_of,
    size_word,
)

FRAME = (640.0, 360.0)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((15, 15, 18), "black"), ((128, 128, 128), "grey"), ((240, 240, 238), "white"), ((200, 30, 30), "red"),
        ((90, 30, 30), "red"), ((240, 130, 30), "orange"), ((110, 70, 40), "brown"), ((200, 170, 130), "beige"),
        ((240, 220, 40), "yellow"), ((40, 150, 60), "green"), ((30, 70, 40), "green"), ((30, 60, 180), "blue"),
        ((70, 85, 120), "blue"), ((120, 50, 150), "purple"), ((240, 150, 180), "pink"), ((170, 175, 180), "grey"),
    ],
)  # fmt: skip
def test_colours_have_the_names_people_give_them(rgb: tuple[int, int, int], name: str) -> None:
    assert COLOURS[int(name_numbers(np.array(rgb, float)))] == name


def test_a_car_is_named_by_its_paint_and_not_by_its_windows() -> None:
    car = np.zeros((40, 80, 3), np.uint8)
    car[:] = (25, 25, 28)
    car[10:30, 5:60] = (190, 30, 35)
    assert colour_word(shares(car)) == "red"
    car[10:30, 5:60] = (235, 235, 235)
    car[:6] = (120, 120, 120)
    assert colour_word(shares(car[8:32])) == "white"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({(240, 240, 238): 0.6, (110, 70, 40): 0.25, (128, 128, 128): 0.15}, ("brown", "white")),
        ({(240, 240, 238): 0.7, (110, 70, 40): 0.1, (200, 170, 130): 0.12}, ("white", "brown")),
        ({(240, 240, 238): 0.8, (110, 70, 40): 0.1}, ("white", None)),
        ({(200, 30, 30): 0.5, (240, 130, 30): 0.3, (15, 15, 18): 0.2}, ("red", None)),
        ({(30, 60, 180): 0.6, (240, 240, 238): 0.3}, ("blue", "white")),
        ({(200, 30, 30): 0.4, (15, 15, 18): 0.3, (128, 128, 128): 0.3}, ("red", None)),
    ],
)
def test_what_has_two_colours_keeps_both_and_shade_is_no_second_one(
    parts: dict[tuple[int, int, int], float], words: tuple[str, str | None]
) -> None:
    thing = np.full((100, 100, 3), 128, np.uint8)
    row = 0
    for rgb, part in parts.items():
        thing[:, row : row + round(100 * part)] = rgb
        row += round(100 * part)
    profile = Profile()
    for i in range(5):
        everywhere = np.ones((100, 100), np.bool_)
        profile.note(i, Box(0, 0, 100, 100), whole=True, score=0.9, appearance=appearance(thing, everywhere))
    said = profile.attributes("dog", FRAME, None)
    assert (said["colour"], said.get("second_colour")) == words
    assert "second_colour" not in profile.attributes("person", FRAME, None)


def test_a_person_has_an_upper_and_a_lower_colour() -> None:
    body = np.zeros((100, 40, 3), np.uint8)
    body[:50], body[50:] = (200, 30, 30), (30, 50, 190)
    profile = Profile()
    for i in range(5):
        profile.note(
            i * SECOND // 8, Box(100, 100, 140, 200), whole=True, score=0.9, appearance=appearance(body)
        )
    words = profile.attributes("person", FRAME, None)
    assert (words["upper"], words["lower"], words["colour"]) == ("red", "blue", "red")
    assert "upper" not in profile.attributes("car", FRAME, None)


@pytest.mark.parametrize(
    ("first", "last", "word"),
    [
        (Box(10, 100, 50, 180), Box(400, 100, 440, 180), "right"),
        (Box(400, 100, 440, 180), Box(10, 104, 50, 184), "left"),
        (Box(100, 200, 200, 300), Box(100, 20, 200, 120), "up"),
        (Box(100, 20, 200, 120), Box(100, 200, 200, 300), "down"),
        (Box(300, 60, 320, 100), Box(280, 150, 360, 330), "towards"),
        (Box(280, 150, 360, 330), Box(200, 60, 220, 100), "away-left"),
        (Box(100, 100, 140, 180), Box(240, 220, 280, 300), "down-right"),
        (Box(100, 100, 140, 180), Box(100, 100, 140, 180), ""),
    ],
)
def test_directions_in_plain_words(first: Box, last: Box, word: str) -> None:
    assert direction_word(first, last) == word


boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    st.floats(0, 600), st.floats(0, 300), st.floats(4, 300), st.floats(4, 300),
)  # fmt: skip


@given(boxes, boxes)
def test_every_direction_is_a_key(first: Box, last: Box) -> None:
    assert direction_word(first, last) in ("", *DIRECTIONS)


@given(boxes, st.tuples(st.floats(-500, 500), st.floats(-500, 500)), st.booleans())
def test_every_side_is_a_side_or_none(box: Box, velocity: tuple[float, float], leaving: bool) -> None:
    assert side_of(box, velocity, FRAME, leaving=leaving) in ("", *SIDES)


@pytest.mark.parametrize(
    ("box", "velocity", "side"),
    [
        (Box(600, 100, 640, 200), (150, 0), "right"),
        (Box(0, 100, 40, 200), (-150, 0), "left"),
        (Box(300, 0, 340, 60), (0, -80), "top"),
        (Box(300, 260, 340, 360), (10, 80), "bottom"),
        (Box(560, 260, 640, 360), (200, 40), "right"),
        (Box(300, 100, 340, 200), (150, 0), ""),
        (Box(0, 100, 40, 200), (150, 0), ""),
    ],
)
def test_where_a_thing_leaves(box: Box, velocity: tuple[float, float], side: str) -> None:
    assert side_of(box, velocity, FRAME, leaving=True) == side


def test_where_a_thing_comes_in_is_where_it_moves_away_from() -> None:
    assert side_of(Box(0, 100, 40, 200), (150, 0), FRAME, leaving=False) == "left"
    assert side_of(Box(300, 300, 340, 360), (0, -90), FRAME, leaving=False) == "bottom"


def test_speed_is_in_box_heights_or_in_metres_where_a_scale_is_drawn() -> None:
    profile = Profile()
    for i in range(17):
        profile.note(
            i * SECOND // 8, Box(40 + 20 * i, 100, 90 + 20 * i, 200), whole=True, score=0.9, appearance=()
        )
    plain, metric = (
        profile.attributes("car", FRAME, None),
        profile.attributes("car", FRAME, Ground.flat(0.05)),
    )
    assert plain["speed"] == pytest.approx(1.6, rel=0.1)
    assert "speed_unit" not in plain
    assert (metric["speed"], metric["speed_unit"]) == (pytest.approx(8.0, rel=0.1), "m/s")
    assert plain["direction"] == "right"


def test_a_resting_thing_has_no_direction_and_no_speed_to_speak_of() -> None:
    profile = Profile()
    for i in range(30):
        jitter = i % 2
        profile.note(i * SECOND // 8, Box(100 + jitter, 100, 150, 200), whole=True, score=0.9, appearance=())
    words = profile.attributes("car", FRAME, None)
    assert "direction" not in words
    assert float(words["speed"]) < 0.05


def test_sizes_and_shapes() -> None:
    assert [size_word(part) for part in (0.001, 0.03, 0.2)] == ["small", "medium", "large"]
    assert [shape_word(Box(0, 0, w, 100)) for w in (40, 100, 250)] == ["tall", "square", "wide"]
