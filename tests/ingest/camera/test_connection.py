"""The state machine of a camera's connection, on a clock of the test's own."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.camera import CameraState
from ingest.camera.connection import REFUSED, Connection, Patience

PATIENCE = Patience(stall_s=4.0, give_up_s=3.0, connect_s=12.0, longest_wait_s=1.0)


def connection(jitter: float = 1.0) -> Connection:
    return Connection(PATIENCE, lambda: jitter, 0.0)


def test_the_first_picture_makes_it_live() -> None:
    camera = connection()
    assert camera.state is CameraState.CONNECTING
    camera.picture(1.0)
    assert (camera.state, camera.since, camera.problem) == (CameraState.LIVE, 1.0, "")


def test_silence_makes_a_live_camera_stall_and_a_picture_brings_it_back() -> None:
    camera = connection()
    camera.picture(1.0)
    assert camera.look(4.9) is CameraState.LIVE
    assert camera.look(5.0) is CameraState.STALLED
    assert "4 s" in camera.problem
    assert not camera.is_given_up(7.9)
    camera.picture(7.9)
    assert camera.state is CameraState.LIVE
    assert camera.outages == 1


def test_a_stalled_camera_is_given_up_and_tried_again() -> None:
    camera = connection()
    camera.picture(0.0)
    camera.look(4.0)
    assert camera.is_given_up(7.0)
    camera.failed(7.0, "it showed nothing")
    assert (camera.state, camera.problem, camera.outages) == (CameraState.BACKING_OFF, "it showed nothing", 1)
    assert camera.look(7.2) is CameraState.BACKING_OFF
    assert camera.look(7.25) is CameraState.CONNECTING
    assert camera.problem == "it showed nothing"


def test_a_new_connection_that_shows_nothing_is_given_up() -> None:
    camera = connection()
    assert not camera.is_given_up(11.9)
    assert camera.is_given_up(12.0)


@pytest.mark.parametrize(("refused", "longest"), [(False, 1.0), (True, REFUSED)])
def test_tries_in_vain_come_ever_more_seldom_but_never_too_seldom(refused: bool, longest: float) -> None:
    camera, now, waits = connection(), 0.0, []
    for _ in range(12):
        camera.failed(now, "no", refused=refused)
        began = now
        while camera.look(now) is CameraState.BACKING_OFF:
            now += 0.01
        waits.append(now - began)
    assert all(later >= earlier - 0.02 for earlier, later in pairwise(waits))
    assert waits[0] < 0.3
    assert longest - 0.02 <= waits[-1] <= longest + 0.02


def test_cameras_that_went_together_do_not_come_back_together() -> None:
    def wait(jitter: float) -> float:
        camera, now = connection(jitter), 0.0
        camera.failed(now, "no")
        while camera.look(now) is CameraState.BACKING_OFF:
            now += 0.001
        return now

    assert wait(0.0) < wait(0.5) < wait(1.0)


def test_a_picture_makes_the_next_failure_a_first_one_again() -> None:
    camera, now = connection(), 0.0
    for _ in range(8):
        camera.failed(now, "no")
        now += 2
        camera.look(now)
    camera.picture(now)
    camera.failed(now, "no")
    assert camera.look(now + 0.26) is CameraState.CONNECTING


STEPS = st.lists(
    st.tuples(st.sampled_from(["picture", "failed", "look", "stop"]), st.floats(0.0, 20.0)), max_size=40
)


@given(STEPS)
def test_whatever_comes_it_never_rests_for_long_but_when_stopped(steps: list[tuple[str, float]]) -> None:
    camera, now, stopped = connection(), 0.0, False
    for what, passed in steps:
        now += passed
        stopped = stopped or what == "stop"
        match what:
            case "picture":
                camera.picture(now)
            case "failed":
                camera.failed(now, "no")
            case "look":
                camera.look(now)
            case _:
                camera.stop(now)
        assert (camera.state is CameraState.STOPPED) is stopped
        assert camera.since <= now
        assert (camera.state is CameraState.LIVE) <= (camera.problem == "")
    if stopped:
        return
    camera.failed(now, "no")  # from wherever it is, it tries again before long
    assert camera.look(now + REFUSED + 0.01) in (CameraState.CONNECTING, CameraState.BACKING_OFF)
    assert camera.look(now + 3 * REFUSED) is CameraState.CONNECTING
