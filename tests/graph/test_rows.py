from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.place import Box
from core.sight import TrackPoint
from graph.rows import join_points, kept, pack_points, speaker, unpack_points
from helpers.observations import boxes

MOMENTS = st.integers(0, 10**15)
POINTS = st.lists(st.builds(TrackPoint, MOMENTS, boxes(), st.floats(0, 1)), max_size=30)


@given(points=POINTS)
def test_points_come_back_to_a_tenth_of_a_pixel(points: list[TrackPoint]) -> None:
    back = unpack_points(pack_points(points))
    assert back == tuple(kept(point) for point in points)
    for given_point, point in zip(points, back, strict=True):
        assert point.at == given_point.at
        assert point.score == pytest.approx(given_point.score, abs=0.0005001)
        for name in ("x1", "y1", "x2", "y2"):
            assert getattr(point.box, name) == pytest.approx(getattr(given_point.box, name), abs=0.050001)


def test_what_is_kept_is_kept_again_as_it_is() -> None:
    point = kept(TrackPoint(5, Box(0.12, 3.47, 0.13, 99.99), 0.12345))
    assert kept(point) == point
    assert point.box == Box(0.1, 3.5, 0.2, 100.0)


def test_a_walk_costs_few_bytes_a_point() -> None:
    walk = [
        TrackPoint(n * 125_000, Box(n * 3.3 + n % 3, 40 + n % 2, n * 3.3 + 31 + n % 5, 131.0 + n % 3), 0.8 + n % 7 / 100)
        for n in range(80)
    ]  # fmt: skip
    assert len(pack_points(walk)) < 8 * len(walk)


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown form"):
        unpack_points(b"\x02abc")


def test_the_later_chunk_has_the_word_on_a_shared_moment() -> None:
    box = Box(0, 0, 1, 1)
    early = [TrackPoint(1, box, 0.1), TrackPoint(3, box, 0.1)]
    late = [TrackPoint(3, box, 0.9), TrackPoint(2, box, 0.9)]
    assert [(p.at, p.score) for p in join_points([early, late])] == [(1, 0.1), (2, 0.9), (3, 0.9)]


@given(starts=st.lists(st.integers(0, 20), min_size=1, max_size=12).map(sorted), said=st.integers(-1, 21))
def test_the_speaker_is_the_chunk_that_began_then_or_the_one_before_or_the_first(
    starts: list[int], said: int
) -> None:
    at = speaker(said, starts)
    if said in starts:
        assert at == starts.index(said)
    else:
        assert at == max(0, sum(start < said for start in starts) - 1)


def test_a_month_of_chunks_is_spoken_for_in_a_moment() -> None:
    starts = range(0, 260_000 * 10, 10)
    assert [speaker(said, starts) for said in range(5, 2_600_000, 10)] == [*range(260_000)]
