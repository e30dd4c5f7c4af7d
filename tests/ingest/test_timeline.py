from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND
from ingest.decode.timeline import Timeline, in_order


@dataclass(frozen=True)
class Stamp:
    pts: int | None


def line(**more: int) -> Timeline:
    return Timeline(Fraction(1, 90_000), 40_000, **more)


def test_the_first_timestamp_is_moment_zero_and_thirds_are_rounded() -> None:
    clock = line()
    assert [clock.place(pts) for pts in (154_800, 158_403, 164_800)] == [0, 40_033, 111_111]


def test_a_repeated_or_slightly_earlier_timestamp_is_shown_at_no_moment() -> None:
    clock = line()
    assert [clock.place(pts) for pts in (0, 9000, 9000, 4500, 18_000)] == [0, 100_000, None, None, 200_000]


def test_time_goes_on_where_a_camera_starts_its_clock_anew() -> None:
    clock = line()
    assert [clock.place(pts) for pts in (0, 900_000, 0, 9000)] == [0, 10_000_000, 10_040_000, 10_140_000]
    assert clock.breaks == 1


def test_a_leap_of_years_is_a_broken_timestamp_but_a_long_stillness_is_not() -> None:
    clock = line(declared=60 * SECOND)
    assert clock.place(0) == 0
    assert clock.place(50 * 90_000) == 50 * SECOND
    assert clock.place(90_000 * 86_400 * 365) == 50 * SECOND + 40_000


def test_pictures_without_timestamps_follow_at_the_usual_rate_and_are_counted() -> None:
    clock = line()
    assert [clock.place(None) for _ in range(3)] == [0, 40_000, 80_000]
    assert clock.untimed == 3


@given(st.lists(st.one_of(st.none(), st.integers(-(2**40), 2**40)), max_size=60))
def test_moments_only_grow_whatever_a_file_claims(stamps: list[int | None]) -> None:
    clock = line()
    moments = [at for at in map(clock.place, stamps) if at is not None]
    assert all(a < b for a, b in itertools.pairwise(moments))
    assert not moments or moments[0] == 0


@given(st.permutations(range(40)), st.integers(0, 8))
def test_nothing_is_lost_while_pictures_are_put_in_order(order: list[int], depth: int) -> None:
    stamps = [Stamp(pts) for pts in order]
    out = [s.pts for s in in_order(stamps, depth=depth, gap=10**6)]
    assert sorted(out, key=int) == list(range(40))


def test_pictures_that_come_as_stored_are_put_as_shown() -> None:
    stored = [0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11]  # a pyramid of three pictures between two
    assert [s.pts for s in in_order(map(Stamp, stored), gap=1000)] == sorted(stored)


def test_a_clock_that_starts_anew_is_not_mixed_with_the_old_one() -> None:
    stamps = [5000, 5001, 5002, 0, 1, 2]
    assert [s.pts for s in in_order(map(Stamp, stamps), gap=1000)] == stamps
