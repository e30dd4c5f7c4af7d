"""What is drawn on a stream: read from YAML and JSON, with every error naming its line."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wire import stream as wire_stream
from core.errors import Invalid
from core.place import Layout
from ingest.layout.read import read_layout

GOOD = """
zones:
  - name: dock
    kind: dock
    polygon: [[10, 10], [200, 10], [200, 150], [10, 150]]
  - {name: floor, polygon: [[0, 0], [640, 0], [640, 360]]}
lines:
  - {name: gate, from: [100, 0], to: [100, 360]}
lanes:
  - {name: out, polygon: [[0, 0], [50, 0], [50, 360], [0, 360]], direction: [0, -1]}
scale: {metres_per_pixel: 0.02}
"""


def read(text: str) -> Layout:
    return read_layout(text, width=640, height=360, filename="zones.yaml")


def test_reads_everything_the_contract_names() -> None:
    layout = read(GOOD)
    assert [(z.name, z.kind, len(z.polygon)) for z in layout.zones] == [
        ("dock", "dock", 4),
        ("floor", "area", 3),
    ]
    assert [(li.name, li.start, li.end) for li in layout.lines] == [("gate", (100.0, 0.0), (100.0, 360.0))]
    assert [(la.name, la.direction) for la in layout.lanes] == [("out", (0.0, -1.0))]
    assert layout.metres_per_pixel == 0.02


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_is_read_as_well(indent: int | str | None) -> None:
    same = {
        "zones": [{"name": "dock", "kind": "dock", "polygon": [[10, 10], [200.5, 10], [1e2, 1.5e2]]}],
        "lines": [],
        "scale": None,
    }
    layout = read(json.dumps(same, indent=indent))
    assert layout.zones[0].polygon == ((10.0, 10.0), (200.5, 10.0), (100.0, 150.0))


def test_relative_numbers_are_parts_of_the_picture() -> None:
    layout = read(
        """
        units: relative
        zones: [{name: z, polygon: [[0, 0], [1, 0], [0.5, 1]]}]
        lines: [{name: l, from: [0.25, 0], to: [0.25, 1]}]
        lanes: [{name: a, polygon: [[0, 0], [1, 0], [1, 0.5]], direction: [1, 1]}]
        scale: {points: [{from: [0, 0], to: [0.5, 0], metres: 6.4}]}
        """
    )
    assert layout.zones[0].polygon == ((0.0, 0.0), (640.0, 0.0), (320.0, 360.0))
    assert layout.lines[0].start == (160.0, 0.0)
    assert layout.lanes[0].direction == (640.0, 360.0)
    assert layout.metres_per_pixel == pytest.approx(0.02)


def test_units_may_stand_last() -> None:
    assert read("zones: [{name: z, polygon: [[0,0],[1,0],[1,1]]}]\nunits: relative").zones[0].polygon[2] == (
        640,
        360,
    )


def test_distances_that_agree_everywhere_are_a_view_from_straight_above() -> None:
    layout = read(
        "scale: {points: [{from: [0, 0], to: [100, 0], metres: 2}, {from: [0, 300], to: [0, 350], metres: 1},"
        " {from: [500, 300], to: [600, 300], metres: 2}]}"
    )
    assert layout.scale is not None
    assert layout.scale.metres((100, 100), (200, 100)) == pytest.approx(2, rel=0.03)
    assert layout.scale.metres((100, 250), (100, 150)) == pytest.approx(2, rel=0.03)


def test_distances_in_different_depths_make_a_ground_that_recedes() -> None:
    layout = read(
        "scale: {points: [{from: [200, 340], to: [400, 340], metres: 2}, {from: [200, 140], to: [400, 140], metres: 6}]}"
    )
    assert layout.scale is not None
    assert layout.scale.metres((220, 340), (420, 340)) == pytest.approx(2, rel=0.03)
    assert layout.scale.metres((220, 140), (420, 140)) == pytest.approx(6, rel=0.03)
    near, far = layout.scale.speed((300, 300), (0, -10)), layout.scale.speed((300, 150), (0, -10))
    assert near is not None
    assert far is not None
    assert far > 4 * near  # depth shrinks twice: things get smaller, and the ground is seen flatter


def test_places_on_a_plan_are_met_exactly() -> None:
    layout = read(
        "scale: {points: [{at: [100, 350], metres: [0, 0]}, {at: [540, 350], metres: [4, 0]},"
        " {at: [400, 150], metres: [4, 12]}, {at: [240, 150], metres: [0, 12]}]}"
    )
    assert layout.scale is not None
    assert layout.scale.metres((100, 350), (540, 350)) == pytest.approx(4)
    assert layout.scale.metres((100, 350), (400, 150)) == pytest.approx(160**0.5)
    assert layout.scale.place((320, 10)) is None  # that is above the horizon


def test_a_layout_that_was_shown_reads_as_it_was() -> None:
    layout = read(
        "scale: {points: [{at: [100, 350], metres: [0, 0]}, {at: [540, 350], metres: [4, 0]},"
        " {at: [400, 150], metres: [4, 12]}, {at: [240, 150], metres: [0, 12]}]}"
    )
    assert read(json.dumps(wire_stream.layout(layout))) == layout


def test_a_relative_homography_is_of_parts_of_the_picture() -> None:
    layout = read("units: relative\nscale: {homography: [[16, 0, 0], [0, 9, 0], [0, 0, 1]]}")
    assert layout.scale is not None
    assert layout.scale.metres((0, 0), (640, 0)) == pytest.approx(16)
    assert layout.scale.metres((0, 0), (0, 360)) == pytest.approx(9)


def test_a_polygon_may_be_closed_by_its_first_corner() -> None:
    assert len(read("zones: [{name: z, polygon: [[0, 0], [9, 0], [9, 9], [0, 0]]}]").zones[0].polygon) == 3


def test_a_file_that_draws_nothing_is_an_empty_layout() -> None:
    assert read("{}") == Layout()
    assert read("zones: []\nlines:\n") == Layout()


BAD = [
    ("", None, "the file is empty"),
    ("# only a comment\n", None, "the file is empty"),
    ("zones: [\n{name: a", 2, "neither YAML nor JSON"),
    ("zones: a\n\tb: c", 2, "neither YAML nor JSON"),
    ("\x00", None, "neither YAML nor JSON"),
    ("[" * 9, 1, "neither YAML nor JSON"),
    ("[" * 9000 + "]" * 9000, 1, "too deep"),
    ("- a\n- b\n", 1, "the file is a list"),
    ("hello", 1, "the file is 'hello'"),
    ("lines: []\nzone: []\n", 2, "unknown key 'zone'"),
    ("zones: []\nlines: []\nzones: []\n", 3, "'zones' stands twice"),
    ("zones: {name: a}", 1, "zones is keys and values"),
    ("zones:\n  - dock\n", 2, "a zone is 'dock'"),
    ("zones:\n  - polygon: [[0, 0], [9, 0], [9, 9]]\n", 2, "has no name"),
    ("zones:\n  - name: ''\n", 2, "name of a zone is empty"),
    ("zones:\n  - name: a\n", 2, "has no polygon"),
    ("zones:\n  - name: a\n    polygon: 3\n", 3, "polygon of zone 'a' is '3'"),
    ("zones:\n  - name: a\n    polygon: [[0, 0], [9, 9]]\n", 3, "at least 3 corners, got 2"),
    ("zones:\n  - name: a\n    polygon: [[0, 0], [9, 0], [0, 0]]\n", 3, "at least 3 corners, got 2"),
    ("zones:\n  - name: a\n    polygon:\n    - [0, 0]\n    - [900, 0]\n    - [9, 9]\n", 5, "outside the picture"),
    ("zones:\n  - name: a\n    polygon:\n    - [0, 0]\n    - [9, -1]\n    - [9, 9]\n", 5, "outside the picture"),
    ("zones:\n  - name: a\n    polygon:\n    - [0, 0]\n    - [9, x]\n    - [9, 9]\n", 5, "holds 'x'"),
    ("zones:\n  - name: a\n    polygon:\n    - [0, 0]\n    - [9, .nan]\n    - [9, 9]\n", 5, "holds '.nan'"),
    ("zones:\n  - name: a\n    polygon:\n    - [0, 0]\n    - [9, '3']\n    - [9, 9]\n", 5, "holds '3'"),
    ("zones:\n  - name: a\n    polygon:\n    - [0, 0]\n    - [9, 0, 4]\n    - [9, 9]\n", 5, "is a list"),
    ("zones:\n  - name: a\n    polygon: [[0, 0], [9, 9],\n      [9, 0], [0, 9]]\n", 4, "crosses itself"),
    ("zones:\n  - name: a\n    polygon: [[0, 0], [4, 4], [9, 9]]\n", 3, "no area"),
    ("zones:\n  - name: a\n    polygon: [[0, 0], [9, 0], [9, 9],\n      [9, 0], [0, 9]]\n", 4, "twice"),
    ("zones:\n  - name: a\n    polygn: []\n", 3, "unknown key 'polygn'"),
    ("zones: [{name: a, polygon: [[0,0],[9,0],[9,9]]}]\nlines: [{name: a, from: [0,0], to: [1,1]}]", 2, "is taken (line 1)"),
    ("lines:\n  - name: l\n    from: [0, 0]\n", 2, "has no to"),
    ("lines:\n  - name: l\n    from: [3, 3]\n    to: [3, 3]\n", 4, "no length"),
    ("lanes:\n  - name: l\n    polygon: [[0,0],[9,0],[9,9]]\n", 2, "has no direction"),
    ("lanes:\n  - name: l\n    polygon: [[0,0],[9,0],[9,9]]\n    direction: [0, 0]\n", 4, "is [0, 0]"),
    ("scale: 4", 1, "scale is '4'"),
    ("scale: {}", 1, "one of metres_per_pixel, points and homography"),
    ("scale: {metres_per_pixel: 1, points: []}", 1, "one of metres_per_pixel, points and homography"),
    ("scale:\n  metres_per_pixel: 0\n", 2, "metres_per_pixel is 0"),
    ("scale:\n  points: []\n", 2, "no points"),
    ("scale:\n  points:\n  - {from: [0, 0], to: [0, 0], metres: 2}\n", 3, "between"),
    ("scale:\n  points:\n  - {from: [0, 0], to: [5, 0], metres: -2}\n", 3, "between"),
    ("scale:\n  points:\n  - {at: [0, 0], metres: [0, 0]}\n", 3, "1 places do not settle"),
    ("scale:\n  points: [{at: [0, 0], metres: [0, 0]}, {at: [1, 1], metres: [1, 1]}, {at: [2, 2], metres: [2, 2]}, {at: [3, 3], metres: [3, 3]}]\n", 2, "do not settle"),
    ("scale:\n  points:\n  - {from: [0, 300], to: [100, 300], metres: 1}\n  - {from: [500, 300], to: [600, 300], metres: 9}\n  - {from: [200, 300], to: [300, 300], metres: 1}\n  - {from: [200, 100], to: [300, 100], metres: 1.5}\n  - {from: [400, 100], to: [500, 100], metres: 1.5}\n", 4, "no flat ground has 9 m"),
    ("scale:\n  homography: [[1, 0, 0], [0, 1, 0]]\n", 2, "homography is a list"),
    ("scale:\n  homography: [[1, 0, 0], [2, 0, 0], [0, 0, 1]]\n", 2, "flattens"),
    ("scale:\n  homography: [[1, 0, 0], [0, 1, 0], [0, 0, -1]]\n", 2, "no ground at"),
    ("units: yards", 1, "units are 'yards'"),
    ("units: relative\nzones:\n  - name: a\n    polygon: [[0, 0], [9, 0], [9, 9]]\n", 4, "has the point [9, 0]"),
    ("zones: &a []\nlines: *a\n", 2, "aliases"),
    ("zones: []\n---\nlines: []\n", 2, "neither YAML nor JSON"),
    ("x" * 200_001, None, "too many"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "cause"), BAD)
def test_every_error_names_file_line_and_cause(text: str, line: int | None, cause: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(text)
    assert cause in caught.value.message
    where = "zones.yaml:" if line is None else f"zones.yaml, line {line}:"
    assert caught.value.message.startswith(where)
    assert caught.value.next_step


def test_a_relative_corner_outside_says_how_numbers_are_written() -> None:
    with pytest.raises(Invalid, match="x and y are 0 to 1"):
        read("units: relative\nzones: [{name: a, polygon: [[0, 0], [2, 0], [1, 1]]}]")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(read(text), Layout)
    except Invalid as refused:
        assert refused.message.startswith("zones.yaml")  # noqa: PT017 - either outcome is right


@given(
    st.integers(3, 12),
    st.floats(0, math.tau),
    st.lists(st.floats(0.3, 1.0), min_size=12, max_size=12),
    st.sampled_from([2, None]),
)
def test_any_star_shaped_polygon_is_read_as_it_was_written(
    corners: int, turn: float, reach: list[float], indent: int | None
) -> None:
    angles = [turn + math.tau * i / corners for i in range(corners)]
    polygon = [
        [round(320 + 170 * r * math.cos(a), 3), round(180 + 170 * r * math.sin(a), 3)]
        for a, r in zip(angles, reach, strict=False)
    ]
    layout = read(json.dumps({"zones": [{"name": "star", "polygon": polygon}]}, indent=indent))
    assert [list(corner) for corner in layout.zones[0].polygon] == polygon


@given(st.integers(4, 10), st.data())
def test_swapping_two_corners_of_a_convex_polygon_is_noticed(corners: int, data: st.DataObject) -> None:
    angles = [math.tau * i / corners for i in range(corners)]
    polygon = [[round(320 + 150 * math.cos(a), 3), round(180 + 150 * math.sin(a), 3)] for a in angles]
    i = data.draw(st.integers(0, corners - 1))
    j = (i + 1) % corners
    polygon[i], polygon[j] = polygon[j], polygon[i]
    with pytest.raises(Invalid, match="crosses itself"):
        read(json.dumps({"zones": [{"name": "bow", "polygon": polygon}]}))
