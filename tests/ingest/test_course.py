"""Ways by what is drawn: along a lane, and from zone to zone."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.place import Box, Lane, Layout, Zone
from helpers.moments import Walk, events_of, looks_at, moments
from ingest.course import MOST, Course, course_word

STEP = 125_000
LANE = Lane(name="northbound", polygon=((100, 0), (200, 0), (200, 400), (100, 400)), direction=(0, -1))


def square(name: str, x: float, width: float = 100) -> Zone:
    return Zone(name=name, polygon=((x, 0), (x + width, 0), (x + width, 300), (x, 300)))


def go(layout: Layout, start: tuple[float, float], end: tuple[float, float], looks: int = 40) -> Course:
    """A walk in so many looks, five seconds of them."""
    course = Course(layout)
    for n in range(looks):
        part = n / (looks - 1)
        x, y = (a + part * (b - a) for a, b in zip(start, end, strict=True))
        course.note(n * STEP, Box(x - 10, y - 40, x + 10, y))
    return course


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ((150, 380), (150, 40), "along northbound"),
        ((150, 40), (160, 380), "against northbound"),
        ((105, 200), (195, 205), "across northbound"),
        ((150, 200), (155, 205), None),
        ((350, 380), (350, 40), None),
    ],
)
def test_a_way_is_told_by_the_lane(
    start: tuple[float, float], end: tuple[float, float], words: str | None
) -> None:
    assert go(Layout(lanes=(LANE,)), start, end).words().get("course") == words


def test_a_route_names_the_zones_where_it_stayed_and_not_those_it_touched() -> None:
    drawn = Layout(
        zones=(square("yard", 0, 600), square("dock", 0), square("seam", 100, 5), square("aisle", 105, 200), square("shelf", 305)),
    )  # fmt: skip
    assert go(drawn, (20, 200), (380, 200)).words() == {"route": "from dock through aisle to shelf"}
    assert go(drawn, (20, 200), (80, 200)).words() == {}


def test_a_long_route_is_bounded_and_pickled() -> None:
    drawn = Layout(zones=(square("a", 0), square("b", 100)))
    course = Course(drawn)
    for n in range(400):
        x = 50 + 100 * (n // 8 % 2)
        course.note(n * STEP, Box(x - 5, 100, x + 5, 140))
    again = pickle.loads(pickle.dumps(course))
    route = str(again.words()["route"])
    assert route.startswith("from a through")
    assert route.count(" and ") <= MOST


@given(st.tuples(*[st.floats(-100, 100)] * 4))
def test_turning_round_turns_along_into_against(ends: tuple[float, float, float, float]) -> None:
    start, end = ends[:2], ends[2:]
    there, back = (course_word("x", (1, 2), *way) for way in ((start, end), (end, start)))
    assert back == {"along x": "against x", "against x": "along x"}.get(there, there)


def test_who_leaves_a_lane_is_told_which_way_it_went() -> None:
    walk = Walk(name="a", label="car", path=[(0, 150, 20), (4, 150, 440)])
    (left,) = (
        e for e in events_of(moments([walk], looks_at(5)), Layout(lanes=(LANE,))) if e.kind == "left_zone"
    )
    assert left.attributes["course"] == "against northbound"
