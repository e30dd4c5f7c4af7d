"""Traffic events from scripted paths: collisions, the road, queues, limits and turns, each beside what only looks like it."""

from __future__ import annotations

import pytest

from core.ground import Ground
from core.memory import WAKES_FROM, Event
from core.place import Lane, Layout, Line, Zone
from helpers.moments import Walk, events_of, looks_at, moments

CAR = (90.0, 40.0)
Way = list[tuple[float, float, float]]
EAST = Lane(
    name="eastbound", polygon=((0, 180), (900, 180), (900, 240), (0, 240)), direction=(1, 0), limit_kmh=50
)
ROAD = Zone(name="road", kind="road", polygon=((0, 120), (900, 120), (900, 240), (0, 240)))
ZEBRA = Zone(name="zebra", kind="crossing", polygon=((300, 120), (360, 120), (360, 240), (300, 240)))
SCALE = Ground.flat(0.05)


def car(name: str, path: Way, **more: object) -> Walk:
    return Walk(name=name, path=path, label="car", size=CAR, **more)  # type: ignore[arg-type]


def told(walks: list[Walk], until: float, layout: Layout, kind: str) -> list[Event]:
    events = events_of(moments(walks, looks_at(until, 8.0)), layout, size=(1000, 400))
    return [event for event in events if event.kind == kind]


STANDS: Way = [(0, 500, 220), (12, 500, 220)]


def test_who_runs_into_a_standing_car_and_stays_there_has_collided() -> None:
    hitter = car("b", [(0, 100, 220), (2, 408, 220), (2.25, 416, 220), (12, 416, 220)])
    (crash,) = told([car("a", STANDS), hitter], 10, Layout(lanes=(EAST,)), "collision")
    assert crash.span.start / 1e6 == pytest.approx(2.0, abs=0.3)
    assert [(p.entity_id, p.role) for p in crash.participants] == [("b", "hitter"), ("a", "struck")]
    assert crash.noticed is not None
    assert crash.noticed - crash.span.start < 1.5e6


def test_passing_before_another_in_the_picture_is_no_collision() -> None:
    passing = car("b", [(0, 50, 240), (5, 850, 240)])
    assert told([car("a", STANDS), passing], 8, Layout(lanes=(EAST,)), "collision") == []


@pytest.mark.parametrize("seen_again", [2.7, 20.0])
def test_passing_behind_another_that_hides_one_for_a_while_is_no_collision(seen_again: float) -> None:
    bike = Walk(
        name="b",
        path=[(0, 60, 214), (2, 445, 214), (4, 830, 214), (5, 900, 214)],
        label="bicycle",
        size=(24, 26),
        hidden=[(2.1, seen_again), (seen_again + 0.1, 20)],
    )
    assert told([car("a", STANDS), bike], 10, Layout(lanes=(EAST,)), "collision") == []


def test_passing_behind_one_that_moves_on_meanwhile_is_no_collision() -> None:
    lorry = Walk(name="a", label="truck", size=(190, 70), path=[(0, 150, 226), (12, 990, 226)])
    passing = car("b", [(0, 770, 205), (6, -670, 205)], hidden=[(2.1, 5)])
    assert told([lorry, passing], 8, Layout(lanes=(EAST,)), "collision") == []


def test_passing_behind_one_that_is_still_coming_into_the_picture_is_no_collision() -> None:
    def left(at: float) -> float:
        """The bus's left edge: at the contact just off the picture's, which the eyes may err about."""
        return 3.0 if 1.95 < at < 2.3 else max(0.0, 150.0 * (at - 2.6))

    sides = [(at, left(at), 150.0 * max(0.1, at - 0.7)) for at in (i / 8 for i in range(64))]
    bus = Walk(
        name="a",
        label="bus",
        path=[(at, (x1 + x2) / 2, 226.0) for at, x1, x2 in sides],
        sizes=[(at, (x2 - x1, 70.0)) for at, x1, x2 in sides],
    )
    passing = car("b", [(0, 1070, 205), (3, -130, 205)], hidden=[(2.2, 9)])
    assert told([bus, passing], 6, Layout(lanes=(EAST,)), "collision") == []


@pytest.mark.parametrize(("size", "count"), [(CAR, 1), ((16.0, 44.0), 0)])
def test_a_track_that_goes_over_to_somebody_of_another_size_hit_nobody(
    size: tuple[float, float], count: int
) -> None:
    x = 452.0 - size[0] / 2
    path = [(0.0, 100.0, 220.0), (1.9, 380.0, 220.0), (2.0, x, 220.0), (12.0, x, 220.0)]
    walks = [car("a", STANDS), car("b", path, sizes=[(2.0, size)])]
    assert len(told(walks, 10, Layout(lanes=(EAST,)), "collision")) == count


def test_braking_behind_a_standing_car_is_no_collision() -> None:
    path: Way = [(0, 100, 220), (1.5, 340, 220)]
    path += [(1.5 + i * 0.25, 340 + 160 * (i * 0.25) - 0.5 * 107 * (i * 0.25) ** 2, 220) for i in range(1, 7)]
    path += [(12, path[-1][1], 220)]
    assert (
        told(
            [car("a", [(0, 540, 220), (12, 540, 220)]), car("b", path)],
            10,
            Layout(lanes=(EAST,)),
            "collision",
        )
        == []
    )


def test_driving_away_from_the_camera_past_a_standing_car_is_no_collision() -> None:
    slanted = Ground(
        (0.02, 0.0, -6.4, 0.0, 0.0, 8.0, 0.0, 0.005, -0.4)
    )  # 7 m off at the bottom, 40 m half-way up

    def foot(metres: float) -> float:
        return (8.0 / metres + 0.4) / 0.005

    away: Way = [(i / 8, 300.0, foot(7.3 + 20.0 * i / 8)) for i in range(16)]
    walks = [
        Walk(name=name, path=path, label="car", size=(30, 24))
        for name, path in (("a", [(0, 331.0, foot(16.0)), (12, 331.0, foot(16.0))]), ("b", away))
    ]
    assert told(walks, 4, Layout(ground=slanted), "collision") == []


@pytest.mark.parametrize(("lasts", "wakes"), [(5.6, False), (16.0, True)])
def test_a_queue_that_lasts_hardly_long_enough_wakes_nobody(lasts: float, wakes: bool) -> None:
    line = [
        car(
            name,
            [(0, x - 300, 220), (3, x, 220), (3 + lasts, x, 220), (5 + lasts, x + 250, 220)],
            came="left",
        )
        for name, x in (("a", 600.0), ("b", 490.0), ("c", 380.0))
    ]
    (queue,) = told(line, 6 + lasts, Layout(lanes=(EAST,)), "queue")
    assert (queue.confidence >= WAKES_FROM) == wakes


@pytest.mark.parametrize(("label", "kind"), [("person", "on_road"), ("car", "stalled")])
def test_what_turned_up_on_the_road_and_never_moved_wakes_nobody(label: str, kind: str) -> None:
    came = Walk(name="came", label=label, path=[(0, 0, 220), (3, 300, 220), (18, 300, 220)], size=(20, 50))
    place = Walk(name="place", label=label, path=[(3, 700, 220), (18, 700, 220)], size=(20, 50))
    sure = {
        event.entity_ids[0]: event.confidence >= WAKES_FROM
        for event in told([came, place], 18, Layout(zones=(ROAD,), lanes=(EAST,)), kind)
    }
    assert sure == {"came": True, "place": False}


@pytest.mark.parametrize(("size", "count"), [((24.0, 20.0), 1), (CAR, 0)])
def test_what_is_called_a_car_and_lies_there_all_at_once_is_a_lost_load(
    size: tuple[float, float], count: int
) -> None:
    lies = Walk(name="a", label="car", size=size, path=[(3, 500, 200), (12, 500, 200)])
    found = told([lies], 12, Layout(zones=(ROAD,), ground=SCALE), "on_road")
    assert len(found) == count


def test_whose_shadow_falls_on_the_road_is_not_on_it() -> None:
    layout = Layout(zones=(ROAD,))
    person = Walk(name="a", path=[(0, 200, 110), (8, 500, 110)], size=(20, 50))
    shadow = Walk(name="b", path=[(0, 204, 126), (8, 504, 126)], size=(30, 62))
    assert told([shadow], 8, layout, "on_road") != []
    assert told([person, shadow], 8, layout, "on_road") == []


@pytest.mark.parametrize(("foot", "count"), [(205, 0), (228, 1)])
def test_who_is_in_a_vehicle_is_not_on_the_road_but_who_stands_before_it_is(foot: float, count: int) -> None:
    seen = Walk(name="b", path=[(0, 440, 236), (3, 515, foot), (12, 515, foot)], size=(14, 24))
    assert len(told([car("a", STANDS), seen], 12, Layout(lanes=(EAST,)), "on_road")) == count


def test_whose_feet_seem_to_be_on_the_road_beside_his_own_is_a_shadow() -> None:
    layout = Layout(zones=(ROAD,))
    person = Walk(name="a", path=[(0, 200, 115), (8, 500, 115)], size=(12, 40))
    beside = Walk(name="b", path=[(0, 212, 126), (8, 512, 126)], size=(20, 40))
    assert told([beside], 8, layout, "on_road") != []
    assert told([person, beside], 8, layout, "on_road") == []


def test_who_passes_others_on_his_way_over_the_road_is_told_once() -> None:
    crosses = Walk(name="a", path=[(0, 200, 100), (8, 200, 260)], size=(20, 50))
    passes = Walk(name="b", path=[(0, 80, 110), (8, 400, 110)], size=(20, 50))
    beyond = Walk(name="c", path=[(0, 0, 275), (8, 320, 275)], size=(20, 90))
    (event,) = told([crosses, passes, beyond], 8, Layout(zones=(ROAD,)), "on_road")
    assert event.entity_ids == ("a",)
    assert (event.span.start / 1e6, event.span.end / 1e6) == pytest.approx((1.0, 7.0), abs=0.3)


def test_somebody_on_the_road_is_told_but_not_on_the_crossing_nor_beside_it() -> None:
    layout = Layout(zones=(ROAD, ZEBRA))

    def walk(name: str, x: float) -> Walk:
        return Walk(name=name, path=[(0, x, 90), (6, x, 290)], size=(20, 50))

    (event,) = told([walk("a", 600), walk("b", 330)], 6, layout, "on_road")
    assert event.entity_ids == ("a",)
    assert (event.zone, event.span.start / 1e6) == ("road", pytest.approx(0.9, abs=0.2))
    beside = Walk(name="c", path=[(0, 100, 100), (6, 300, 110)], size=(20, 50))
    assert told([beside], 6, layout, "on_road") == []


def test_three_vehicles_that_stand_in_a_lane_are_a_queue_and_only_the_first_has_stalled() -> None:
    line = [
        car(name, [(0, x - 300, 220), (3, x, 220), (20, x, 220), (22, x + 250, 220)])
        for name, x in (("a", 600.0), ("b", 490.0), ("c", 380.0))
    ]
    layout = Layout(zones=(ROAD,), lanes=(EAST,))
    (queue,) = told(line, 22, layout, "queue")
    assert queue.zone == "eastbound"
    assert queue.span.start / 1e6 == pytest.approx(3.4, abs=0.5)  # nobody comes to a halt so abruptly
    assert queue.span.end / 1e6 == pytest.approx(20.0, abs=1.3)
    (stalled,) = told(line, 22, layout, "stalled")
    assert (stalled.entity_ids, stalled.zone) == (("a",), "eastbound")


def test_a_queue_that_is_hidden_for_a_moment_is_one_queue() -> None:
    line = [car(name, [(0, x, 220), (30, x, 220)]) for name, x in (("a", 600.0), ("b", 490.0))]
    shaken = car(
        "c",
        [(0, 380, 220), (12, 380, 220), (12.1, 300, 220), (13.4, 300, 220), (13.5, 380, 220), (30, 380, 220)],
    )
    (queue,) = told([*line, shaken], 30, Layout(zones=(ROAD,), lanes=(EAST,)), "queue")
    assert queue.span.end / 1e6 > 29


def test_who_breaks_down_in_a_queue_has_stalled_once_the_queue_has_gone() -> None:
    first = car("a", [(0, 600, 220), (12, 600, 220), (14, 850, 220)])
    behind = car("b", [(0, 490, 220), (40, 490, 220)])
    layout = Layout(zones=(ROAD,), lanes=(EAST,))
    assert [e.entity_ids for e in told([first, behind], 20, layout, "stalled")] == [("a",)]
    assert ("b",) in [e.entity_ids for e in told([first, behind], 40, layout, "stalled")]


def test_who_waits_behind_a_larger_one_keeps_its_distance() -> None:
    lorry = car("a", [(0, 300, 220), (3, 600, 220), (30, 600, 220)])
    bike = Walk(name="b", path=[(1, 100, 220), (5, 492, 220), (30, 492, 220)], label="bicycle", size=(27, 13))
    events = told([lorry, bike], 30, Layout(zones=(ROAD,), lanes=(EAST,)), "stalled")
    assert [event.entity_ids for event in events] == [("a",)]


def test_who_was_never_seen_moving_waits_behind_who_is_ahead_in_the_lane() -> None:
    line = [
        car(name, [(0, x, 220), (25, x, 220)], from_start=True) for name, x in (("a", 600.0), ("b", 490.0))
    ]
    events = told(line, 25, Layout(zones=(ROAD,), lanes=(EAST,)), "stalled")
    assert [event.entity_ids for event in events] == [("a",)]


@pytest.mark.parametrize(("comes_from", "lane"), [(100.0, "eastbound"), (900.0, "westbound")])
def test_who_stalls_at_the_border_of_two_lanes_is_in_the_one_that_leads_the_way_it_came(
    comes_from: float, lane: str
) -> None:
    far = Lane(name="westbound", polygon=((0, 120), (900, 120), (900, 180), (0, 180)), direction=(-1, 0))
    for y in (179.0, 181.0):
        stalls = car("a", [(0, comes_from, y), (3, 500, y), (24, 500, y)])
        (event,) = told([stalls], 24, Layout(zones=(ROAD,), lanes=(EAST, far)), "stalled")
        assert event.zone == lane


@pytest.mark.parametrize(("x", "wakes"), [(700.0, True), (930.0, False)])
def test_who_may_wait_for_one_outside_the_picture_wakes_nobody(x: float, wakes: bool) -> None:
    lane = Lane(name="long", polygon=((0, 180), (1000, 180), (1000, 240), (0, 240)), direction=(1, 0))
    (event,) = told(
        [car("a", [(0, 0, 220), (4, x, 220), (26, x, 220)])], 26, Layout(lanes=(lane,)), "stalled"
    )
    assert (event.confidence >= WAKES_FROM) == wakes


def test_driving_out_at_the_edge_beside_a_standing_car_is_no_collision() -> None:
    standing = car("a", [(0, 945, 262), (12, 945, 262)])
    leaving = car("b", [(0, 100, 220), (3.05, 956, 220), (12, 956, 220)])
    assert told([standing, leaving], 8, Layout(lanes=(EAST,)), "collision") == []


def test_somebody_whose_legs_are_hidden_for_a_while_has_not_turned() -> None:
    path = [(0.0, 100.0, 200.0), (16.0, 420.0, 200.0)]
    walk = Walk(name="a", path=path, size=(30, 120), legless=[(4.0, 7.0)])
    assert told([walk], 16, Layout(), "turned") == []


@pytest.mark.parametrize("y", [220, 179])
def test_who_stands_where_waiting_is_meant_has_not_stalled(y: float) -> None:
    waiting = Zone(name="stop", kind="waiting", polygon=EAST.polygon)
    walk = car("a", [(0, 200, y), (3, 500, y), (20, 500, y)])
    assert told([walk], 20, Layout(zones=(waiting,), lanes=(EAST,)), "stalled") == []


@pytest.mark.parametrize(("speed", "count"), [(400.0, 1), (240.0, 0)])
def test_the_limit_drawn_on_a_lane_holds_in_it(speed: float, count: int) -> None:
    walk = car("a", [(0, 60, 220), (800 / speed, 860, 220)])
    found = told([walk], 800 / speed + 1, Layout(lanes=(EAST,), ground=SCALE), "speeding")
    assert [event.zone for event in found] == ["eastbound"] * count


def test_a_turn_names_the_lanes_it_led_from_and_to() -> None:
    south = Lane(
        name="southbound", polygon=((500, 250), (560, 250), (560, 400), (500, 400)), direction=(0, 1)
    )
    walk = car("a", [(0, 100, 220), (3, 530, 220), (5, 530, 390)])
    (turn,) = told([walk], 6, Layout(lanes=(EAST, south)), "turned")
    assert (turn.attributes["from"], turn.attributes["to"]) == ("eastbound", "southbound")
    assert turn.attributes["side"] == "right"


def test_a_crossed_line_names_the_lane_and_the_way_along_it() -> None:
    gate = Line(name="gate", start=(400, 100), end=(400, 300))
    back = car("a", [(0, 700, 220), (4, 100, 220)])
    (crossed,) = told([back], 5, Layout(lines=(gate,), lanes=(EAST,)), "crossed_line")
    assert (crossed.attributes["lane"], crossed.attributes["way"]) == ("eastbound", "against")
