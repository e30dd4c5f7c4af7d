"""How surely an alarm is true: by how it was seen, and by how much what was measured errs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ground import Ground
from core.ids import EntityId
from core.place import Box, Lane, Layout, Zone
from helpers.moments import Walk, events_of, looks_at, moments
from ingest.events.book import Book
from ingest.events.surety import (
    CREEPS,
    at_least,
    called,
    came,
    clear,
    inside,
    longer_by,
    place_error,
    there,
    told,
)
from ingest.events.trail import Rest, Trail, Trails

SHARES = st.floats(0, 1)
LANE = Lane(name="east", polygon=((0, 100), (400, 100), (400, 140), (0, 140)), direction=(1, 0))


def trail(looks: int, score: float, **names: float) -> Trail:
    box = Box(0, 0, 40, 100)
    one = Trail(entity_id=EntityId("a"), label="person", born=0, first_box=box, names=names)
    for n in range(looks):
        one.add(n * 125_000, box, score, cut_off=False)
    return one


@given(st.integers(1, 40), st.floats(0.05, 0.95))
def test_more_looks_and_better_ones_are_surer_of_somebody(looks: int, score: float) -> None:
    sure = there(trail(looks, score))
    assert 0 <= sure <= there(trail(looks + 1, score)) + 1e-9 <= 1 + 1e-9
    assert sure <= there(trail(looks, score + 0.05))


def test_looks_at_what_never_moved_err_alike_and_weigh_as_one() -> None:
    still, walked = trail(40, 0.6), trail(40, 0.6)
    walked.add(41 * 125_000, Box(80, 0, 120, 100), 0.6, cut_off=False)
    assert there(still) == pytest.approx(0.6)
    assert there(walked) > 0.95


@pytest.mark.parametrize(
    ("at_edge", "at_first", "walked", "sure"),
    [
        (True, False, 0.0, True),
        (False, True, 0.0, True),
        (False, False, 90.0, True),
        (False, False, 0.0, False),
    ],
)
def test_who_turned_up_within_the_picture_and_never_moved_may_be_a_place(
    at_edge: bool, at_first: bool, walked: float, sure: bool
) -> None:
    somebody = trail(3, 0.9)
    somebody.at_edge, somebody.at_first = at_edge, at_first
    somebody.add(3 * 125_000, Box(walked, 0, walked + 40, 100), 0.9, cut_off=False)
    assert (came(somebody) == 1.0) == sure


def test_what_stood_there_from_the_start_was_seen_as_the_scene_began() -> None:
    at_once, later = (
        Walk(name=name, path=[(since, 300, 200), (12, 300, 200)], from_start=True)
        for name, since in (("at once", 0.0), ("later", 5.0))
    )
    trails = Trails((1000, 500))
    for moment in moments([at_once, later], looks_at(12)):
        trails.push(moment)
    assert {name: trail.at_first for name, trail in trails.trails.items()} == {
        "at once": True,
        "later": False,
    }


def test_a_rest_far_from_the_camera_may_seem_longer_than_one_near_it() -> None:
    slanted = Ground((0.02, 0.0, -6.4, 0.0, 0.0, 8.0, 0.0, 0.005, -0.4))
    near, far = (longer_by(Rest(since=0, centre=(300.0, y), radius=6.0), slanted) for y in (300.0, 120.0))
    assert CREEPS == near < far
    assert longer_by(Rest(since=0, centre=(0.0, 0.0), radius=6.0), None) == CREEPS


def test_what_is_said_of_somebody_decides_what_he_is() -> None:
    people = frozenset({"person"})
    often, seldom, once = (
        called(trail(n, 0.5, **names), people)
        for n, names in ((20, {"person": 1.0}), (20, {"person": 0.5, "car": 0.5}), (1, {"person": 1.0}))
    )
    assert often > 0.95 > once > seldom
    assert called(trail(20, 0.5), frozenset({"car"}), nameless=0.6) == pytest.approx(0.6, abs=0.02)


@given(st.floats(-50, 50), st.floats(0.01, 50))
def test_a_margin_counts_by_how_much_it_errs(margin: float, error: float) -> None:
    assert clear(margin, error) + clear(-margin, error) == pytest.approx(1)
    assert (clear(margin, error) - 0.5) * margin >= 0
    assert abs(clear(margin, error) - 0.5) >= abs(clear(margin, 2 * error) - 0.5)


@given(st.lists(SHARES, max_size=7), st.integers(0, 8))
def test_so_many_at_least_are_no_surer_the_more_it_takes(sureties: list[float], number: int) -> None:
    assert at_least(0, sureties) == pytest.approx(1)
    assert 0 <= at_least(number + 1, sureties) <= at_least(number, sureties) + 1e-9
    assert at_least(len(sureties) + 1, sureties) == 0


def test_three_of_three_take_all_and_three_of_four_do_not() -> None:
    assert at_least(3, [0.9, 0.9, 0.5]) == pytest.approx(0.405)
    assert at_least(3, [0.9, 0.9, 0.9, 0.5]) == pytest.approx(0.729 * 0.5 + 0.972 * 0.5, abs=0.002)


def test_how_far_within_a_lane_does_not_ask_where_it_ends() -> None:
    assert inside(LANE.zone(), (2, 120)) == pytest.approx(2)
    assert inside(LANE.zone(), (2, 120), LANE.direction) == pytest.approx(20)
    assert inside(LANE.zone(), (200, 90), LANE.direction) == pytest.approx(-10)


def test_far_from_the_camera_a_pixel_is_worth_more() -> None:
    slanted = Ground((0.02, 0.0, -6.4, 0.0, 0.0, 8.0, 0.0, 0.005, -0.4))
    near, far = (place_error(Box(300, foot - 30, 320, foot), slanted) for foot in (300.0, 120.0))
    assert near is not None and far is not None and far > 3 * near  # noqa: PT018
    assert place_error(Box(300, 10, 320, 40), slanted) is None


@given(st.lists(SHARES, max_size=5))
def test_a_confidence_is_never_above_its_weakest_part(sureties: list[float]) -> None:
    assert 0 <= told(*sureties) <= min([*sureties, 1.0]) + 5e-4


def test_an_alarm_that_becomes_sure_is_told_again_at_once() -> None:
    book = Book()
    draft = book.open("stalled", 0, (), confidence=0.3)
    assert [d for d, _, _ in book.fresh(1)] == [draft]
    assert book.fresh(2) == []
    draft.confidence = 0.6
    assert [d for d, _, _ in book.fresh(3)] == [draft]
    assert book.fresh(4) == []


@pytest.mark.parametrize(("gap", "sure"), [(2.0, True), (28.0, False)])
def test_a_near_miss_by_a_hair_of_the_limit_is_less_sure(gap: float, sure: bool) -> None:
    stands = Walk(name="p", path=[(0, 350, 200), (1, 450, 200), (8, 452, 200)])
    passes = Walk(name="f", label="forklift", size=(120, 90), path=[(0, 50, 290 + gap), (4, 850, 290 + gap)])
    events = events_of(moments([passes, stands], looks_at(4, 8.0)), Layout(), size=(1000, 500))
    (event,) = (e for e in events if e.kind == "near_miss")
    assert (event.confidence > 0.55) == sure


def test_a_cab_in_the_box_of_its_lorry_makes_no_queue() -> None:
    cars = [
        Walk(name=n, label="car", size=(60, 30), path=[(t, x, 130) for t, x in ((0, x0), (20, x0))])
        for n, x0 in (("a", 100), ("b", 200))
    ]
    piece = Walk(name="c", label="car", size=(30, 28), path=[(0, 210, 129), (20, 210, 129)])
    other = Walk(name="d", label="car", size=(60, 30), path=[(0, 300, 130), (20, 300, 130)])

    def queues(walks: list[Walk]) -> int:
        events = events_of(moments(walks, looks_at(15, 5.0)), Layout(lanes=(LANE,)), size=(1000, 400))
        return sum(event.kind == "queue" for event in events)

    assert queues([*cars, piece]) == 0
    assert queues([*cars, other]) == 1


def test_who_was_never_seen_apart_from_somebody_is_no_third() -> None:
    two = [Walk(name=n, path=[(0, x, 200), (20, x + 20, 200)]) for n, x in (("a", 100), ("b", 300))]
    arm = Walk(name="c", size=(20, 70), path=[(0, 95, 190), (20, 115, 190)])
    third = Walk(name="d", path=[(0, 500, 200), (20, 520, 200)])

    def crowds(walks: list[Walk]) -> int:
        events = events_of(moments(walks, looks_at(15, 5.0)), Layout(), size=(1000, 400))
        return sum(event.kind == "crowd" for event in events)

    assert (crowds([*two, arm]), crowds([*two, third])) == (0, 1)


def test_a_car_that_is_all_at_once_in_the_aisle_is_somebody_who_fell() -> None:
    aisle = Zone(name="aisle", kind="aisle", polygon=((0, 120), (900, 120), (900, 300), (0, 300)))
    lies = Walk(name="a", label="car", size=(100, 30), path=[(2, 400, 220), (20, 400, 220)])
    came = Walk(name="a", label="car", size=(100, 30), path=[(0, 60, 220), (3, 400, 220), (20, 400, 220)])

    def blocked(walk: Walk) -> int:
        events = events_of(moments([walk], looks_at(18, 5.0)), Layout(zones=(aisle,)), size=(1000, 400))
        return sum(event.kind == "blocked" for event in events)

    assert (blocked(lies), blocked(came)) == (0, 1)
