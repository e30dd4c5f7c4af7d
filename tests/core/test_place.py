from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.place import Box, Lane, Layout, Line, Zone

unit = st.floats(0, 100, allow_nan=False)
boxes = st.tuples(unit, unit, st.floats(1, 50), st.floats(1, 50)).map(
    lambda p: Box(p[0], p[1], p[0] + p[2], p[1] + p[3])
)
SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))


@given(boxes, boxes)
def test_boxes_either_overlap_or_have_a_gap_or_touch(a: Box, b: Box) -> None:
    assert not (a.overlap(b) > 0 and a.gap(b) > 0)
    assert a.iou(b) == pytest.approx(b.iou(a))
    assert 0 <= a.iou(b) <= 1 + 1e-9
    assert a.hull(b).area >= max(a.area, b.area) - 1e-6


def test_the_gap_is_measured_corner_to_corner() -> None:
    assert Box(0, 0, 1, 1).gap(Box(4, 5, 6, 6)) == pytest.approx(5.0)


def test_an_empty_box_is_refused() -> None:
    with pytest.raises(ValueError, match="a box needs"):
        Box(3, 0, 3, 5)


@given(st.floats(0.01, 9.99), st.floats(0.01, 9.99))
def test_a_zone_holds_what_is_inside(x: float, y: float) -> None:
    zone = Zone(name="z", polygon=SQUARE)
    assert zone.holds((x, y))
    assert not zone.holds((x + 10, y))
    assert not zone.holds((x, y - 10))


def test_a_concave_zone_has_a_notch() -> None:
    zone = Zone(name="z", polygon=((0, 0), (10, 0), (10, 10), (5, 2), (0, 10)))
    assert not zone.holds((5, 6))
    assert zone.holds((1, 6))


def test_a_place_is_in_the_zone_drawn_first_else_in_the_lane() -> None:
    wide = tuple((x * 2, y * 2) for x, y in SQUARE)
    layout = Layout(
        zones=(Zone(name="a", polygon=SQUARE), Zone(name="b", polygon=SQUARE)),
        lanes=(Lane(name="l", polygon=wide, direction=(1, 0)),),
    )
    assert [layout.zone_at(place) for place in ((5, 5), (15, 5), (25, 5))] == ["a", "l", None]


def test_a_line_knows_its_left_from_its_right() -> None:
    up = Line(name="l", start=(5, 10), end=(5, 0))
    assert up.side((0, 5)) == pytest.approx(5)
    assert up.side((8, 5)) == pytest.approx(-3)
    assert math.isclose(up.side((5, 99)), 0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Zone(name="z", polygon=((0, 0), (1, 1))),
        lambda: Line(name="l", start=(1, 1), end=(1, 1)),
        lambda: Lane(name="a", polygon=SQUARE, direction=(0.0, 0.0)),
        lambda: Layout(zones=(Zone(name="a", polygon=SQUARE), Zone(name="a", polygon=SQUARE))),
    ],
)
def test_drawings_that_mean_nothing_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"needs|has no length|more than once"):
        wrong()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("way", "line"),
    [
        ((0.0, 0.0), ((0, 100), (80, 100))),
        ((50.0, 0.0), ((80, 100), (80, 100), (0, 100))),
        ((10.0, -10.0), ((0, 100), (24.8, 100), (80, 44.8))),
        ((-10.0, 10.0), ((0, 100), (24.8, 100), (80, 44.8))),
        ((10.0, 10.0), ((80, 100), (55.2, 100), (0, 44.8))),
        ((1.0, -1000.0), ((0, 100), (79.8, 100), (80, 0))),
    ],
)
def test_what_goes_aslant_leaves_a_corner_of_its_box_free(
    way: tuple[float, float], line: tuple[tuple[float, float], ...]
) -> None:
    base = Box(0, 0, 80, 100).base(way)
    assert [v for point in base for v in point] == pytest.approx(
        [v for point in line for v in point], abs=0.1
    )


@pytest.mark.parametrize(
    ("now", "far"),
    [
        pytest.param((30, 40, 70, 140), 50, id="went"),
        pytest.param((-20, -50, 60, 150), 50, id="came nearer"),
        pytest.param((0, 0, 40, 40), 0, id="shrank at the bottom"),
        pytest.param((0, 0, 90, 100), 0, id="grew at the right"),
        pytest.param((30, 0, 100, 100), 30, id="went and grew"),
        pytest.param((-30, 0, 90, 100), 0, id="grew at both sides"),
    ],
)
def test_what_grows_or_shrinks_at_one_side_has_not_moved(
    now: tuple[float, float, float, float], far: float
) -> None:
    assert Box(*now).shift(Box(0, 0, 40, 100)) == pytest.approx(far)
