"""The ground plane: found from measured distances, and what it makes of speeds and gaps."""

from __future__ import annotations

import math
import random
from statistics import median

import pytest

from core.ground import Ground
from core.place import Box, Layout
from helpers.moments import Walk, events_of, looks_at, moments
from ingest.layout.ground import Pair, from_distances, misfit
from ingest.perception.attributes import Profile

WIDTH, HEIGHT = 1280, 720


def camera(tilt_deg: float, focal: float, up: float = 4.0) -> Ground:
    """The ground below a camera `up` metres high that looks so far below level; written out by hand."""
    s, c = math.sin(math.radians(tilt_deg)), math.cos(math.radians(tilt_deg))
    f, cx, cy = focal, WIDTH / 2, HEIGHT / 2
    return Ground((up / f, 0, -up * cx / f, 0, -up * s / f, up * (c + s * cy / f), 0, c / f, s - c * cy / f))


def measured(ground: Ground, count: int, rng: random.Random, error: float = 0.01) -> list[Pair]:
    """Pairs that somebody might measure: a metre to a dozen apart, not too far from the camera."""
    out: list[Pair] = []
    while len(out) < count:
        a = (rng.uniform(0, WIDTH), rng.uniform(0.3 * HEIGHT, HEIGHT))
        b = (rng.uniform(0, WIDTH), rng.uniform(0.3 * HEIGHT, HEIGHT))
        metres, place = ground.metres(a, b), ground.place(a)
        if metres and place and 1 < metres < 12 and math.hypot(*place) < 30:
            out.append((a, b, metres * math.exp(rng.gauss(0, error))))
    return out


@pytest.mark.parametrize("tilt", [15, 30, 50, 80])
def test_a_few_distances_give_speeds_anywhere_in_the_picture(tilt: float) -> None:
    rng = random.Random(tilt)
    amiss = []
    for focal in (0.65 * WIDTH, 0.85 * WIDTH, 1.1 * WIDTH):
        true = camera(tilt, focal)
        found = from_distances(measured(true, 4, rng), WIDTH, HEIGHT)
        for _ in range(40):
            at, velocity = (rng.uniform(0, WIDTH), rng.uniform(0.55 * HEIGHT, HEIGHT)), (30.0, 20.0)
            right, got = true.speed(at, velocity), found.speed(at, velocity)
            assert right
            assert got
            amiss.append(abs(got / right - 1))
    assert median(amiss) < 0.06
    assert max(amiss) < 0.3


def test_a_distance_that_fits_no_plane_stands_out() -> None:
    pairs = measured(camera(30, WIDTH), 5, random.Random(3))
    a, b, metres = pairs[2]
    pairs[2] = (a, b, 3 * metres)
    found = from_distances(pairs, WIDTH, HEIGHT)
    assert max(range(5), key=lambda n: misfit(found, pairs[n])) == 2


def test_there_is_no_ground_above_the_horizon() -> None:
    ground = camera(15, WIDTH)
    assert ground.place((640, 700)) is not None
    assert ground.place((640, 1)) is None
    assert ground.metres((640, 700), (640, 1)) is None
    assert ground.speed((640, 1), (5, 5)) is None


def test_a_homography_of_other_than_nine_finite_numbers_is_refused() -> None:
    for bad in ((1.0,) * 8, (math.nan,) * 9):
        with pytest.raises(ValueError, match="nine finite"):
            Ground(bad)
    with pytest.raises(ValueError, match="not both"):
        Layout(metres_per_pixel=1.0, ground=Ground.flat(1.0))


def test_boxes_that_touch_in_the_picture_may_stand_far_apart() -> None:
    ground = camera(20, WIDTH)
    near, far = Box(600, 400, 680, 600), Box(640, 330, 670, 420)
    assert near.gap(far) == 0
    gap = near.metres_to(far, ground)
    assert gap is not None
    assert gap > 2
    beside = Box(700, 400, 780, 600)
    gap = near.metres_to(beside, ground)
    across = ground.metres((680, 600), (700, 600))
    assert gap == pytest.approx(across)
    assert near.metres_to(near, ground) == pytest.approx(0, abs=1e-9)
    assert near.metres_to(Box(700, 400, 780, 600), Ground.flat(0.01)) == pytest.approx(0.2)


def test_a_walk_into_the_depth_has_the_same_speed_all_along() -> None:
    ground = camera(12, WIDTH)
    profile = Profile()
    pixels = feet_walking(ground, 1.5)
    for at, (x, y) in pixels:
        tall = 1.7 / (ground.speed((x, y), (1.0, 0.0)) or 1.0)
        profile.note(
            round(at * 1e6),
            Box(x - tall / 6, y - tall, x + tall / 6, y),
            whole=True,
            score=0.9,
            appearance=(),
        )
    words = profile.attributes("person", (WIDTH, HEIGHT), ground)
    assert words["speed_unit"] == "m/s"
    assert words["speed"] == pytest.approx(1.5, rel=0.08)


def feet_walking(ground: Ground, pace: float) -> list[tuple[float, tuple[float, float]]]:
    """Seconds and picture points of feet that go straight away from the camera at so many metres a second."""
    rows = [y / 4 for y in range(4 * 700, 4 * 250, -1)]
    start = ground.metres((640, 700), (640, 700))
    assert start == 0
    out = []
    for step in range(60):
        at = step / 8
        row = min(rows, key=lambda y: abs((ground.metres((640, 700), (640, y)) or 0) - pace * at))
        out.append((at, (640.0, row)))
    return out


def test_running_is_judged_in_metres_where_somebody_is() -> None:
    ground = camera(10, WIDTH)
    layout = Layout(ground=ground)
    near = ground.speed((640, 700), (1, 0)) or 1
    far = ground.speed((640, 240), (1, 0)) or 1
    # the same 90 pixels a second: a stroll at the front, a run far behind
    stroll = Walk(name="s", path=[(0, 300, 700), (6, 840, 700)], size=(60, 1.7 / near))
    run = Walk(name="r", path=[(0, 300, 240), (6, 840, 240)], size=(20, 1.7 / far))
    assert 90 * near < 2 < 3 < 90 * far
    told = events_of(moments([stroll, run], looks_at(6)), layout)
    assert [e.entity_ids for e in told if e.kind == "running"] == [("r",)]
