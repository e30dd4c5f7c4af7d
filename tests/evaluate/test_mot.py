"""The MOT text format: what is written is read again, and boxes between looks lie where the thing went."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND, micros
from core.errors import Invalid
from core.place import Box
from core.sight import TrackPoint
from evaluate.mot import MotRow, between, read_mot, write_mot

cents = st.integers(-50_000, 500_000).map(lambda v: v / 100)
sizes = st.integers(1, 200_000).map(lambda v: v / 100)
boxes = st.tuples(cents, cents, sizes, sizes).map(lambda b: Box(b[0], b[1], b[0] + b[2], b[1] + b[3]))
known = st.tuples(st.integers(0, 12), st.integers(0, 100).map(lambda v: v / 100))
rows = st.builds(
    lambda frame, number, box, score, more: MotRow(
        frame=frame, number=number, box=box, score=score, kind=more[0], visibility=more[1]
    ),
    st.integers(1, 10**6),
    st.integers(0, 10**6),
    boxes,
    st.integers(0, 1000).map(lambda v: v / 1000),
    known | st.just((-1, -1.0)),
)


@given(st.lists(rows, max_size=20))
def test_rows_survive_being_written_and_read(given_: list[MotRow]) -> None:
    again = read_mot("\n".join(write_mot(given_)), "t.txt")
    wanted = sorted(given_, key=lambda row: (row.frame, row.number))
    assert [(r.frame, r.number, r.score, r.kind, r.visibility) for r in again] == [
        (r.frame, r.number, r.score, r.kind, r.visibility) for r in wanted
    ]
    for one, other in zip(again, wanted, strict=True):
        for a, b in zip(one.box.rounded(), other.box.rounded(), strict=True):
            assert a == pytest.approx(b, abs=0.11)
    assert "\n".join(write_mot(again)) == "\n".join(write_mot(given_)), "a second round changes nothing"


def test_the_forms_of_others_are_read() -> None:
    (plain,) = read_mot("3, 7, 10, 20, 30, 40\n\n", "t.txt")
    assert plain == MotRow(frame=3, number=7, box=Box(10, 20, 40, 60))
    (blank,) = read_mot("3 7 10 20 30 40 1 2 0.5", "t.txt")
    assert (blank.kind, blank.visibility) == (2, 0.5)
    assert read_mot("3,7,10,20,0,40,1,1,1", "t.txt") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [("1,1,2,3\n", "t.txt:1: .*at least 6"), ("1,1,2,3,4,5\na,b,c,d,e,f\n", "t.txt:2"), ("0,1,2,3,4,5", "counted from 1"),
     ("1,1,nan,3,4,5", "finite")],
)  # fmt: skip
def test_what_is_no_mot_file_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=f"(?s){says}"):
        read_mot(text, "t.txt")


MOMENTS = [micros(n / 25) for n in range(200)]


def point(at: float, x: float) -> TrackPoint:
    return TrackPoint(micros(at), Box(x, 10, x + 20, 50), 0.5)


def test_between_two_looks_the_box_goes_straight() -> None:
    placed = dict(between([point(0.4, 100), point(0.8, 140)], MOMENTS))
    assert sorted(placed) == list(range(10, 21))
    assert placed[15].box.x1 == pytest.approx(120)
    assert placed[10].box.x1 == 100
    assert placed[20].box.x1 == 140


def test_who_was_lost_has_no_place_meanwhile_but_who_rested_has() -> None:
    lost = dict(between([point(1, 0), point(3, 100)], MOMENTS))
    assert sorted(lost) == [25, 75]
    rested = dict(between([point(1, 0), point(5, 2)], MOMENTS))
    assert sorted(rested) == list(range(25, 126))


def test_a_look_at_no_frames_own_moment_is_taken_for_the_nearest_frame() -> None:
    near = dict(between([point(0.41, 100), point(0.79, 140)], MOMENTS))
    assert sorted(near) == list(range(10, 21))
    assert list(between([], MOMENTS)) == list(between([point(1, 0)], [])) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 80), st.integers(0, 500)), min_size=1, max_size=15, unique_by=lambda p: p[0]
    )
)
def test_every_look_keeps_its_own_box_and_no_frame_has_two(looks: list[tuple[int, int]]) -> None:
    path = [TrackPoint(n * SECOND // 10, Box(x, 0, x + 10, 10), 1.0) for n, x in sorted(looks)]
    moments = [n * SECOND // 30 for n in range(300)]
    frames = list(between(path, moments))
    assert [index for index, _ in frames] == sorted({index for index, _ in frames})
    for each in path:
        assert any(moments[index] == each.at and placed.box == each.box for index, placed in frames)
