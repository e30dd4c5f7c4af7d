"""The clock of a live stream: timestamps begin anew, jump, wrap and drift, and moments only grow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND, Micros
from ingest.camera.clock import JUMP, LiveClock

STEP = SECOND // 10


def shown(clock: LiveClock, stamp: Micros, arrived: Micros) -> Micros | None:
    at = clock.arrive(stamp, arrived)
    return at if clock.show(at) else None


def test_the_first_picture_is_moment_zero_whatever_the_camera_says() -> None:
    clock = LiveClock()
    assert shown(clock, 987_654_321, 0) == 0
    assert shown(clock, 987_654_321 + STEP, STEP + 40_000) == STEP


def test_the_networks_unevenness_does_not_show() -> None:
    clock = LiveClock()
    lags = [0, 90, 10, 150, 0, 200, 30, 0, 120, 60]
    moments = [shown(clock, n * STEP, n * STEP + lag * 1000) for n, lag in enumerate(lags)]
    assert moments == [n * STEP for n in range(10)]


def test_a_burst_after_a_hold_up_keeps_the_cameras_own_spacing() -> None:
    clock = LiveClock()
    arrivals = [0, STEP, 40 * STEP, 40 * STEP + 1, 40 * STEP + 2]
    moments = [shown(clock, n * STEP, at) for n, at in enumerate(arrivals)]
    assert moments == [n * STEP for n in range(5)]


def test_a_reconnect_is_a_gap_and_timestamps_begin_anew() -> None:
    clock = LiveClock()
    for n in range(20):
        shown(clock, n * STEP, n * STEP)
    clock.connected()
    assert shown(clock, 5, 9 * SECOND) == 9 * SECOND
    assert shown(clock, 5 + STEP, 9 * SECOND + STEP) == 9 * SECOND + STEP


def test_a_jump_of_the_cameras_clock_is_no_gap_and_goes_no_way_back() -> None:
    for jump in (3600 * SECOND, -3600 * SECOND, -(1 << 32) * SECOND // 90_000):
        clock = LiveClock()
        moments = [shown(clock, 7 * SECOND + n * STEP, n * STEP) for n in range(10)]
        moments += [shown(clock, 7 * SECOND + jump + n * STEP, n * STEP) for n in range(10, 20)]
        assert moments == [n * STEP for n in range(20)]


def test_a_camera_that_paused_without_saying_so_is_believed_after_a_while() -> None:
    clock = LiveClock()
    for n in range(10):
        shown(clock, n * STEP, n * STEP)
    late = [shown(clock, n * STEP, n * STEP + 20 * SECOND) for n in range(10, 80)]
    assert late[0] == 10 * STEP
    assert late[-1] == 79 * STEP + 20 * SECOND


def test_a_clock_that_runs_fast_is_followed_without_a_step() -> None:
    clock, fast = LiveClock(), 1.001
    last = -1
    for n in range(36_000):
        at = shown(clock, round(n * STEP * fast), n * STEP)
        assert at is not None
        assert at - last < 2 * STEP
        last = at
    assert abs(last - 35_999 * STEP) < SECOND


def test_what_was_shown_is_not_shown_again() -> None:
    clock = LiveClock()
    assert shown(clock, 0, 0) == 0
    assert shown(clock, 0, 1) is None
    assert LiveClock(after=5 * SECOND).last == 5 * SECOND


@given(
    st.lists(
        st.tuples(st.integers(-(1 << 40), 1 << 40), st.integers(0, 30 * SECOND), st.booleans()), max_size=60
    )
)
def test_moments_only_grow_and_never_run_ahead(steps: list[tuple[int, int, bool]]) -> None:
    clock, arrived, last = LiveClock(), 0, -1
    for stamp, passed, anew in steps:
        arrived += passed
        if anew:
            clock.connected()
        at = shown(clock, stamp, arrived)
        if at is not None:
            assert at > last
            assert at <= arrived + JUMP * (len(steps) + 1)
            last = at
