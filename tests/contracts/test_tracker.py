"""What every tracker promises, run over all of them."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from core.place import Box
from core.ports import Tracker
from core.sight import Detection
from models.fakes import FakeTracker
from models.track import OcSortTracker

STEP = 125_000
MAKERS: dict[str, Callable[[], Tracker]] = {"fake": FakeTracker, "oc-sort": lambda: OcSortTracker(8.0)}


@pytest.fixture(params=sorted(MAKERS))
def make(request: pytest.FixtureRequest) -> Callable[[], Tracker]:
    return MAKERS[request.param]


def thing(x: float, y: float = 50, label: str = "thing", score: float = 0.7) -> Detection:
    return Detection(label=label, box=Box(x, y, x + 40, y + 60), score=score, source="test")


def test_a_thing_keeps_its_number_while_it_moves(make: Callable[[], Tracker]) -> None:
    tracker = make()
    numbers = {s.number for i in range(20) for s in tracker.update([thing(10 + 12 * i)], i * STEP)}
    assert len(numbers) == 1
    assert min(numbers) >= 1


def test_two_things_have_two_numbers_and_never_swap_them(make: Callable[[], Tracker]) -> None:
    tracker = make()
    rows: dict[int, set[float]] = {}
    for i in range(20):
        for s in tracker.update([thing(10 + 8 * i, 20), thing(400 - 8 * i, 200)], i * STEP):
            rows.setdefault(s.number, set()).add(s.box.y1)
    assert sorted(rows.values(), key=min) == [{20.0}, {200.0}]


def test_sightings_carry_moment_label_and_box_of_the_detection(make: Callable[[], Tracker]) -> None:
    tracker = make()
    last = [tracker.update([thing(10 + i, label="car", score=0.55)], i * STEP) for i in range(8)][-1]
    assert [(s.at, s.label, s.box, s.score) for s in last] == [(7 * STEP, "car", Box(17, 50, 57, 110), 0.55)]


def test_a_moment_that_does_not_grow_is_passed_over(make: Callable[[], Tracker]) -> None:
    tracker = make()
    for i in range(6):
        tracker.update([thing(10)], i * STEP)
    assert tracker.update([thing(10)], 5 * STEP) == []
    assert len(tracker.update([thing(10)], 6 * STEP)) == 1


def test_nothing_seen_is_nothing_followed(make: Callable[[], Tracker]) -> None:
    tracker = make()
    assert all(tracker.update([], i * STEP) == [] for i in range(5))


def test_a_pickled_tracker_goes_on_with_the_same_numbers(make: Callable[[], Tracker]) -> None:
    tracker = make()
    for i in range(8):
        tracker.update([thing(10 + 10 * i)], i * STEP)
    copy: Tracker = pickle.loads(pickle.dumps(tracker))
    assert copy.update([thing(90)], 8 * STEP) == tracker.update([thing(90)], 8 * STEP)


def test_looks_may_come_at_any_rate(make: Callable[[], Tracker]) -> None:
    tracker = make()
    moments = [0, 125, 250, 375, 875, 1375, 1500, 1625, 2125]
    numbers = {s.number for ms in moments for s in tracker.update([thing(10 + ms * 0.04)], ms * 1000)}
    assert len(numbers) == 1
