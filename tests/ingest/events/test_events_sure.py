"""Nobody is woken for what only looks like something: each alarm beside the mistake of the eyes that resembles it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.ground import Ground
from core.memory import WAKES_FROM, Event
from core.place import Lane, Layout, Zone
from helpers.moments import Walk, events_of, looks_at, moments

SCALE = Ground.flat(0.05)
EAST = Lane(name="eastbound", polygon=((0, 180), (900, 180), (900, 240), (0, 240)), direction=(1, 0))
ROAD = Zone(name="road", kind="road", polygon=((0, 120), (900, 120), (900, 240), (0, 240)))
AISLE = Zone(name="aisle", kind="aisle", polygon=((0, 120), (900, 120), (900, 300), (0, 300)))
CAR = (90.0, 40.0)


def told(walks: list[Walk], until: float, layout: Layout, kind: str) -> list[Event]:
    events = events_of(moments(walks, looks_at(until, 8.0)), layout, size=(1000, 400))
    return [event for event in events if event.kind == kind]


PASSES = Walk(name="f", label="forklift", size=(120, 90), path=[(0, 50, 150), (4, 850, 150)])


@pytest.mark.parametrize("lasts", [0.15, 0.3, 0.5])
def test_a_box_that_holds_somebody_else_for_a_moment_is_not_near_him(lasts: float) -> None:
    stands = Walk(name="p", path=[(0, 450, 300), (8, 455, 300)])
    merged = Walk(name="f", label="forklift", size=(120, 90), path=PASSES.path, merged=[(2, 2 + lasts, 100)])
    assert told([merged, stands], 4, Layout(), "near_miss") == []


@pytest.mark.parametrize(
    ("names", "count"),
    [
        pytest.param({"person": 1.0}, 1, id="surely a person"),
        pytest.param({"person": 0.5, "bicycle": 0.5}, 1, id="a rider, whichever of the two"),
        pytest.param({"person": 0.5, "car": 0.5}, 0, id="as often a car"),
    ],
)
def test_a_near_miss_takes_somebody_who_is_known_for_it(names: dict[str, float], count: int) -> None:
    stands = Walk(name="p", path=[(0, 450, 200), (8, 455, 200)], names=names)
    assert len(told([PASSES, stands], 4, Layout(), "near_miss")) == count


@pytest.mark.parametrize(("x", "count"), [(372.0, 1), (474.0, 0)])
def test_who_stands_at_the_free_corner_of_a_turning_cars_box_is_not_near_it(x: float, count: int) -> None:
    steep = Ground((0.067, 0.0, -25.8, 0.0, -0.062, 24.4, 0.0, 0.001, 0.795))
    turns = Walk(name="f", label="car", size=(60, 66), path=[(0, 320, 390), (4, 520, 190)])
    stands = Walk(name="p", path=[(0, x, 293), (8, x, 293)], size=(14, 20))
    assert len(told([turns, stands], 3, Layout(ground=steep), "near_miss")) == count


def drives(metres_s: float, nearer: float = 0.0) -> Walk:
    """A forklift so fast where somebody who stands is 100 px tall, so many pixels nearer to the camera."""
    path = [(0, 180, 220 + nearer), (6, 180 + 6 * metres_s * 100 / 1.75, 220 + nearer)]
    return Walk(name="f", label="forklift", size=(240, 190), path=path)


@pytest.mark.parametrize(
    ("metres_s", "nearer", "count"),
    [
        pytest.param(1.8, 0, 1, id="fast, for somebody on foot"),
        pytest.param(1.2, 0, 0, id="no faster than a walk"),
        pytest.param(1.8, 90, 0, id="nearer, where as many pixels are fewer metres"),
        pytest.param(2.6, 90, 1, id="nearer, and fast even so"),
    ],
)
def test_without_a_scale_who_stands_beside_it_tells_how_fast_a_vehicle_is(
    metres_s: float, nearer: float, count: int
) -> None:
    stands = Walk(name="p", path=[(0, 480, 220), (8, 485, 220)])
    assert len(told([drives(metres_s, nearer), stands], 6, Layout(), "near_miss")) == count


@pytest.mark.parametrize(
    ("size", "metres_s", "count"),
    [
        pytest.param((34.0, 50.0), 1.2, 0, id="half hidden, at a walking pace"),
        pytest.param((34.0, 50.0), 2.0, 1, id="half hidden, fast"),
        pytest.param((100.0, 30.0), 1.2, 0, id="lying, at a walking pace"),
        pytest.param((100.0, 30.0), 2.0, 1, id="lying, fast"),
    ],
)
def test_who_is_half_hidden_or_lies_is_as_tall_as_anybody(
    size: tuple[float, float], metres_s: float, count: int
) -> None:
    there = Walk(name="p", path=[(0, 480, 220), (8, 485, 220)], size=size)
    assert len(told([drives(metres_s), there], 6, Layout(), "near_miss")) == count


def test_a_near_miss_by_one_who_brakes_lasts_until_he_has_stood_for_a_second() -> None:
    brakes = Walk(
        name="f", label="forklift", size=(120, 90), path=[(0, 50, 150), (2, 350, 150), (9, 360, 150)]
    )
    stands = Walk(name="p", path=[(0, 450, 200), (9, 450, 200)])
    (event,) = told([brakes, stands], 9, Layout(), "near_miss")
    assert event.span.end / 1e6 == pytest.approx(3.2, abs=0.4)


def test_a_near_miss_is_over_once_one_of_the_two_is_out_of_sight() -> None:
    stands = Walk(name="p", path=[(0, 450, 200), (16, 455, 200)], hidden=[(2.0, 16.5)])
    stays = Walk(name="f", label="forklift", size=(120, 90), path=[*PASSES.path, (16, 850, 150)])
    (event,) = told([stays, stands], 15, Layout(), "near_miss")
    assert event.span.end / 1e6 == pytest.approx(2.0, abs=0.3)


def test_who_comes_out_from_behind_a_parked_forklift_did_not_run() -> None:
    parked = Walk(name="f", label="forklift", size=(120, 90), path=[(0, 450, 220)], stays=True)
    walk = Walk(name="p", path=[(0, 150, 210), (9, 780, 210)], legless=[(3.0, 6.2)])
    assert told([parked, walk], 9, Layout(), "near_miss") == []


def test_who_drove_onto_the_road_is_not_on_foot_where_he_waits() -> None:
    rider = Walk(
        name="a", size=(20, 50), path=[(0, 100, 210), (3, 580, 210), (12, 580, 210)]
    )  # 8 m/s, then none
    walker = Walk(name="b", size=(20, 50), path=[(0, 300, 90), (6, 300, 220), (12, 300, 220)])
    events = told([rider, walker], 12, Layout(zones=(ROAD,), ground=SCALE), "on_road")
    assert [event.entity_ids for event in events] == [("b",)]


def test_whose_legs_are_hidden_before_the_road_does_not_stand_on_it() -> None:
    walk = Walk(name="a", size=(20, 50), path=[(0, 100, 260), (8, 500, 260)], legless=[(3, 6)])
    assert told([walk], 8, Layout(zones=(ROAD,)), "on_road") == []


def test_who_is_a_person_as_often_as_a_bicycle_is_not_on_the_road_on_foot() -> None:
    doubtful = {"person": 0.6, "bicycle": 0.4}
    walk = Walk(name="a", size=(20, 50), path=[(0, 300, 90), (6, 300, 220), (12, 300, 220)], names=doubtful)
    assert told([walk], 12, Layout(zones=(ROAD,)), "on_road") == []


def test_against_the_lane_is_who_goes_there_not_whose_box_comes_apart() -> None:
    layout = Layout(lanes=(EAST,), ground=SCALE)
    wrong = Walk(name="a", label="car", size=CAR, path=[(0, 880, 220), (5, 80, 220)])
    (event,) = told([wrong], 5, layout, "wrong_way")
    assert (event.entity_ids, event.zone) == (("a",), "eastbound")
    creeps = Walk(
        name="a", label="car", size=CAR, path=[(0, 500, 220), (2, 500, 220), (3.4, 470, 220), (6, 470, 220)]
    )
    assert told([creeps], 6, layout, "wrong_way") == []


def test_the_same_two_collide_once() -> None:
    layout = Layout(lanes=(EAST,))
    stands = Walk(name="a", label="car", size=CAR, path=[(0, 500, 220), (30, 500, 220)])
    path = [(0.0, 100.0, 220.0), (2.0, 408.0, 220.0), (2.25, 416.0, 220.0), (9.0, 416.0, 220.0)]
    path += [
        (9.5, 260.0, 220.0),
        (12.0, 260.0, 220.0),
        (13.0, 408.0, 220.0),
        (13.25, 416.0, 220.0),
        (30.0, 416.0, 220.0),
    ]
    hitter = Walk(name="b", label="car", size=CAR, path=path)
    assert len(told([stands, hitter], 20, layout, "collision")) == 1


@pytest.mark.parametrize(("rests", "count"), [(10.3, 0), (12.0, 1)])
def test_a_rest_just_long_enough_is_not_told_for_nobody_knows_its_ends_so_well(
    rests: float, count: int
) -> None:
    path = [
        (0.0, 100.0, 220.0),
        (2.0, 500.0, 220.0),
        (2.0 + rests, 500.0, 220.0),
        (4.0 + rests, 880.0, 220.0),
    ]
    walk = Walk(name="a", label="car", size=CAR, path=path)
    assert len(told([walk], 4 + rests, Layout(lanes=(EAST,)), "stalled")) == count


def test_a_piece_of_a_stalled_car_is_no_other_that_stalled() -> None:
    whole = Walk(name="a", label="car", size=CAR, path=[(0, 100, 220), (2, 500, 220), (40, 500, 220)])
    piece = Walk(name="b", label="car", size=(40, 30), path=[(3, 510, 215), (40, 510, 215)])
    events = told([whole, piece], 30, Layout(lanes=(EAST,)), "stalled")
    assert [event.entity_ids for event in events] == [("a",)]


def test_somebody_who_lies_is_nothing_that_blocks_the_aisle() -> None:
    lies = {"car": 0.6, "person": 0.4}
    walk = Walk(name="a", label="car", size=(120, 30), path=[(0, 300, 220), (20, 300, 220)], names=lies)
    assert told([walk], 20, Layout(zones=(AISLE,)), "blocked") == []
    path = [(0.0, 62.0, 220.0), (3.0, 400.0, 220.0), (20.0, 400.0, 220.0)]
    lorry = Walk(name="a", label="car", size=(120, 30), path=path, names={"car": 1.0})
    assert len(told([lorry], 20, Layout(zones=(AISLE,)), "blocked")) == 1


def test_a_track_that_goes_over_to_the_car_it_passed_hit_nobody() -> None:
    stands = Walk(name="a", label="car", size=CAR, path=[(0, 320, 220), (5, 320, 220)], stays=True)
    passed = Walk(
        name="c", label="car", size=CAR, path=[(0, 416, 220), (5, 416, 220)], stays=True, hidden=[(4.2, 9)]
    )
    path = [(1.0, 900.0, 205.0), (4.0, 480.0, 205.0), (4.3, 416.0, 220.0), (12.0, 416.0, 220.0)]
    swaps = Walk(name="b", label="car", size=CAR, path=path)
    layout = Layout(lanes=(EAST,))
    assert len(told([stands, swaps], 10, layout, "collision")) == 1
    assert told([stands, passed, swaps], 10, layout, "collision") == []


def test_who_leaps_from_one_place_to_another_does_not_drive_against_the_lane() -> None:
    layout = Layout(lanes=(EAST,), ground=SCALE)
    path = [(0.0, 500.0, 220.0), (4.0, 500.0, 220.0), (4.25, 370.0, 220.0), (6.0, 335.0, 220.0)]
    leaps = Walk(name="a", label="car", size=CAR, path=path)
    assert told([leaps], 6, layout, "wrong_way") == []


def test_a_lorry_whose_box_reaches_over_the_car_before_it_stays_in_its_lane() -> None:
    layout = Layout(lanes=(EAST,), ground=SCALE)
    west = [(0.0, 980.0, 170.0), (5.0, 80.0, 170.0)]
    lorry = Walk(name="a", label="truck", size=(150, 70), path=west, merged=[(1.5, 3.0, 40)])
    assert told([lorry], 5, layout, "wrong_way") == []


@pytest.mark.parametrize(("metres_per_pixel", "count"), [(0.05, 1), (1.0, 0)])
def test_where_a_pixel_is_worth_metres_a_rest_has_to_last_longer(metres_per_pixel: float, count: int) -> None:
    path = [(0.0, 100.0, 220.0), (2.0, 500.0, 220.0), (14.2, 500.0, 220.0), (16.2, 880.0, 220.0)]
    walk = Walk(name="a", label="car", size=CAR, path=path)
    layout = Layout(lanes=(EAST,), ground=Ground.flat(metres_per_pixel))
    assert len(told([walk], 16, layout, "stalled")) == count


SHELF = Zone(name="A", kind="shelf", polygon=((400, 100), (600, 100), (600, 200), (400, 200)))


@pytest.mark.parametrize("reaches", [200, 222])
def test_the_place_of_goods_taken_is_nothing_that_stands_there_though_it_reaches_out_of_the_shelf(
    reaches: float,
) -> None:
    taker = Walk(name="p", path=[(0, 100, 240), (4, 480, 240), (7, 480, 240), (11, 900, 240)])
    gap = Walk(name="g", label="car", size=(160, 95), path=[(4.2, 500, reaches), (60, 500, reaches)])
    events = events_of(moments([taker, gap], looks_at(30, 8.0)), Layout(zones=(SHELF,)), size=(1000, 400))
    assert [
        e.kind for e in events if "g" in e.entity_ids and e.kind in ("stopped", "near_miss", "dwelled")
    ] == []


def test_goods_that_were_one_region_with_who_put_them_there_are_not_left() -> None:
    put = Walk(
        name="g",
        label="pallet",
        size=(240, 200),
        path=[(0, 560, 295), (2, 560, 295), (2.01, 500, 195), (14, 500, 195)],
        sizes=[(2, (160, 90))],
    )
    leaves = Walk(name="w", path=[(0, 540, 225), (2, 600, 225), (4, 950, 225)])
    assert told([put, leaves], 14, Layout(zones=(SHELF,)), "object_left") == []
    assert len(told([put, leaves], 14, Layout(), "object_left")) == 1


def test_what_stands_before_the_shelf_is_no_goods() -> None:
    stands = Walk(name="g", label="car", size=(160, 95), path=[(0, 100, 290), (4, 500, 290), (20, 500, 290)])
    assert told([stands], 20, Layout(zones=(SHELF,)), "stopped")


@pytest.mark.parametrize(
    ("third", "sure"),
    [
        pytest.param(
            Walk(name="c", path=[(2, 700, 210), (12, 700, 210)]), False, id="turned up, never moved"
        ),
        pytest.param(
            Walk(
                name="c",
                path=[(2, 700, 210), (5, 700, 210), (5.01, 700, 140), (12, 700, 140)],
                sizes=[(5, (40.0, 30.0))],
            ),
            False,
            id="shrank",
        ),
        pytest.param(
            Walk(name="c", path=[(2, 900, 210), (4, 700, 210), (12, 700, 210)]), True, id="walked up"
        ),
        pytest.param(
            Walk(name="c", path=[(0, 700, 210), (12, 700, 210)], from_start=True), True, id="was there"
        ),
    ],
)
def test_a_crowd_wakes_nobody_where_one_of_three_may_be_a_changed_place(third: Walk, sure: bool) -> None:
    first = Walk(name="a", path=[(0, 100, 210), (4, 300, 210), (12, 300, 210)])
    second = Walk(name="b", path=[(0, 200, 310), (4, 500, 310), (12, 500, 310)])
    (crowd,) = told([first, second, third], 12, Layout(), "crowd")
    assert (crowd.confidence >= WAKES_FROM) is sure


@pytest.mark.parametrize(("size", "count"), [((40.0, 100.0), 1), ((134.0, 43.0), 0)])
def test_a_shelf_that_somebodys_track_went_over_to_is_nobody_in_a_crowd(
    size: tuple[float, float], count: int
) -> None:
    people = [
        Walk(name="a", path=[(0, 100, 210), (4, 300, 210), (14, 300, 210)]),
        Walk(name="b", path=[(0, 200, 310), (4, 500, 310), (14, 500, 310)]),
        Walk(
            name="c",
            path=[(0, 900, 210), (3, 700, 210), (14, 700, 210)],
            hidden=[(3.1, 6)],
            sizes=[(3.1, size)],
        ),
    ]
    assert len([crowd for crowd in told(people, 14, Layout(), "crowd") if crowd.span.end > 8e6]) == count


@pytest.mark.parametrize(("foot", "count"), [(190.0, 0), (260.0, 1)])
def test_the_place_of_goods_is_nobody_in_a_crowd_however_it_moves_along_its_shelf(
    foot: float, count: int
) -> None:
    shelf = Zone(
        name="rack", polygon=((600.0, 50.0), (900.0, 50.0), (900.0, 200.0), (600.0, 200.0)), kind="shelf"
    )
    people = [
        Walk(name="a", path=[(0, 100, 210), (4, 300, 210), (14, 300, 210)]),
        Walk(name="b", path=[(0, 200, 310), (4, 500, 310), (14, 500, 310)]),
        Walk(name="c", path=[(3, 650, foot), (6, 650, foot), (10, 840, foot), (14, 840, foot)]),
    ]
    assert len(told(people, 14, Layout(zones=(shelf,)), "crowd")) == count


@pytest.mark.parametrize(("x", "count"), [(515.0, 0), (700.0, 1)])
def test_who_is_named_anew_where_he_went_out_of_sight_is_counted_once(x: float, count: int) -> None:
    people = [
        Walk(name="a", path=[(0, 100, 210), (4, 300, 210), (14, 300, 210)]),
        Walk(name="b", path=[(0, 200, 310), (4, 500, 310), (14, 500, 310)], hidden=[(5, 14.5)]),
        Walk(name="c", path=[(4.5, x, 310), (6, x + 60, 310), (14, x + 60, 310)]),
    ]
    assert len(told(people, 14, Layout(), "crowd")) == count


@pytest.mark.parametrize(("anew", "count"), [((600.0,), 0), ((850.0,), 1), ((600.0, 610.0), 1)])
def test_who_comes_out_elsewhere_no_further_off_than_he_walks_is_counted_once(
    anew: tuple[float, ...], count: int
) -> None:
    people = [
        Walk(name="a", path=[(0, 100, 210), (4, 300, 210), (14, 300, 210)]),
        Walk(name="b", path=[(0, 200, 310), (4, 500, 310), (14, 500, 310)], hidden=[(5, 14.5)]),
        *(Walk(name=f"c{n}", path=[(7, x, 310), (9, x + 60 - 200 * n, 310), (14, x + 60 - 200 * n, 310)]) for n, x in enumerate(anew)),
    ]  # fmt: skip
    assert len(told(people, 14, Layout(), "crowd")) == count


def test_two_who_go_out_of_sight_soon_after_they_came_are_not_each_the_other() -> None:
    people = [
        Walk(name="a", path=[(0, 100, 210), (4, 300, 210), (14, 300, 210)]),
        Walk(name="d", path=[(0, 800, 210), (4, 700, 210), (14, 700, 210)]),
        Walk(name="b", path=[(4, 500, 310), (14, 500, 310)], hidden=[(5, 14.5)]),
        Walk(name="c", path=[(4.5, 560, 310), (14, 560, 310)], hidden=[(5.5, 14.5)]),
    ]
    assert [crowd.attributes["most"] for crowd in told(people, 14, Layout(), "crowd")] == [3]


def test_who_shows_on_both_sides_of_a_post_is_counted_once() -> None:
    people = [
        Walk(name="a", path=[(0, 100, 210), (4, 300, 210), (14, 300, 210)]),
        Walk(name="b", path=[(0, 200, 310), (4, 500, 310), (14, 500, 310)], hidden=[(5, 14.5)]),
        Walk(name="load first", path=[(4.8, 570, 250), (14, 650, 250)], size=(20.0, 30.0)),
    ]
    assert told(people, 14, Layout(), "crowd") == []


@pytest.mark.parametrize(("edge", "count"), [(980, 0), (900, 1)])
def test_who_went_out_at_the_edge_while_somebody_hid_him_is_not_in_the_crowd(edge: float, count: int) -> None:
    people = [
        Walk(name="a", path=[(0, 100, 210), (4, 300, 210), (14, 300, 210)]),
        Walk(name="b", path=[(4, 500, 310), (14, 500, 310)]),
        Walk(name="c", path=[(0, edge - 450, 210), (4, edge, 210), (14, edge, 210)], hidden=[(4.1, 14.5)]),
    ]
    assert len(told(people, 14, Layout(), "crowd")) == count


def test_what_its_taker_hides_until_both_have_left_was_taken_when_it_was_seen_last() -> None:
    box = Walk(
        name="box",
        label="box",
        size=(40, 30),
        path=[(0, 330, 200), (14, 330, 200)],
        from_start=True,
        went="left",
        hidden=[(10, 14.5)],
    )
    taker = Walk(name="t", path=[(6, 900, 200), (10, 360, 200), (14, 20, 200)])
    seen = [
        replace(moment, gone=tuple(replace(visit, at=moment.at) for visit in moment.gone))
        for moment in moments([box, taker], looks_at(16))
    ]
    (removed,) = (event for event in events_of(seen) if event.kind == "object_removed")
    assert removed.span.start / 1e6 == pytest.approx(10, abs=0.3)


@pytest.mark.parametrize(("until", "sure"), [(12.0, True), (5.0, False)])
def test_what_vanishes_where_nobody_is_wakes_nobody(until: float, sure: bool) -> None:
    box = Walk(name="box", label="box", size=(40, 30), path=[(0, 330, 200), (10, 330, 200)], from_start=True)
    taker = Walk(name="t", path=[(0, 0, 200), (until - 2, 360, 200), (until, 700, 200)])
    (removed,) = told([box, taker], 14, Layout(), "object_removed")
    assert (removed.confidence >= WAKES_FROM) is sure


@pytest.mark.parametrize(("noticed", "sure"), [(0.0, True), (3.0, False)])
def test_what_stood_there_unnoticed_and_vanishes_on_the_spot_wakes_nobody(noticed: float, sure: bool) -> None:
    box = Walk(
        name="box", label="box", size=(40, 30), path=[(noticed, 330, 200), (10, 330, 200)], from_start=True
    )
    taker = Walk(name="t", path=[(0, 0, 200), (10, 360, 200), (12, 700, 200)])
    (removed,) = told([box, taker], 14, Layout(), "object_removed")
    assert (removed.confidence >= WAKES_FROM) is sure


@pytest.mark.parametrize(("y", "sure"), [(200, True), (181, False)])
def test_who_is_against_the_lane_by_a_hair_drives_in_the_other(y: float, sure: bool) -> None:
    lorry = Walk(name="a", label="truck", size=(200.0, 90.0), path=[(0, 880, y), (5, 80, y)])
    (event,) = told([lorry], 5, Layout(lanes=(EAST,), ground=SCALE), "wrong_way")
    assert (event.confidence >= WAKES_FROM) is sure


@pytest.mark.parametrize(("third", "count"), [(210.0, 1), (176.0, 0)])
def test_who_stands_at_the_edge_of_the_lane_queues_in_it_by_all_of_its_rest(third: float, count: int) -> None:
    lane = Lane(name="east in", polygon=((0, 180), (900, 180), (900, 240), (0, 240)), direction=(1, 0))
    cars = [
        Walk(name="a", label="car", size=CAR, path=[(0, 100, 210), (4, 600, 210), (20, 600, 210)]),
        Walk(name="b", label="car", size=CAR, path=[(0, 50, 210), (4, 480, 210), (20, 480, 210)]),
        Walk(name="c", label="car", size=CAR, path=[(0, 20, third), (4, 360, third), (20, 360, third)], merged=[(14, 14.4, 6)]),
    ]  # fmt: skip
    assert len(told(cars, 20, Layout(lanes=(lane,)), "queue")) == count
