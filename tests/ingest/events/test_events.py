"""Events from scripted paths: the contract's definitions, one by one, at their true times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.clock import micros
from core.memory import WAKES_FROM, Event
from core.place import Box, Lane, Layout, Line, Zone
from helpers.moments import Walk, chunk_at, events_of, looks_at, moments, relations_of, told_of
from ingest.events.thresholds import Thresholds
from ingest.perception.presence import Moment

RATES = [2.0, 5.0, 8.0]


def only(events: list[Event], kind: str) -> Event:
    found = [e for e in events if e.kind == kind]
    assert len(found) == 1, f"{len(found)} × {kind} in {told_of(events)}"
    return found[0]


def near(event: Event, start: float, end: float | None = None, *, by: float = 0.15) -> None:
    assert event.span.start / 1e6 == pytest.approx(start, abs=by)
    if end is not None:
        assert event.span.end / 1e6 == pytest.approx(end, abs=by)


def zone(name: str, x1: float, x2: float, kind: str = "area") -> Zone:
    return Zone(name=name, kind=kind, polygon=((x1, 0), (x2, 0), (x2, 400), (x1, 400)))


# -- coming and going --------------------------------------------------------------------------------------------


def test_a_visit_appears_and_leaves_once_at_its_first_and_last_moment() -> None:
    walk = Walk(name="a", path=[(1, 0, 200), (4, 300, 200)], came="left", went="right", sure_after=0.6)
    events = events_of(moments([walk], looks_at(6)))
    near(only(events, "appeared"), 1, by=0.01)
    near(only(events, "left"), 4, by=0.01)
    assert only(events, "appeared").attributes["side"] == "left"
    assert only(events, "left").attributes["side"] == "right"


def test_who_is_still_there_at_the_end_has_not_left() -> None:
    events = events_of(moments([Walk(name="a", path=[(1, 0, 200), (9, 300, 200)])], looks_at(5)))
    assert told_of(events, "left") == []


def test_what_stood_there_from_the_start_says_so() -> None:
    walk = Walk(name="a", path=[(0, 50, 200)], stays=True, from_start=True)
    assert only(events_of(moments([walk], looks_at(3))), "appeared").attributes["from_start"] == 1


def test_evidence_names_chunk_moment_and_box() -> None:
    walk = Walk(name="a", path=[(1, 50, 200), (25, 50, 200), (27, 400, 200)])
    stopped = only(events_of(moments([walk], looks_at(27))), "stopped")
    first, last = stopped.evidence
    assert (first.at, first.chunk_id) == (stopped.span.start, chunk_at(micros(1)))
    assert last.chunk_id == chunk_at(micros(25))
    assert first.box == walk.box(micros(1))


# -- rests -------------------------------------------------------------------------------------------------------

REST = [(0.0, 0.0, 200.0), (4.0, 320.0, 200.0), (9.0, 320.0, 200.0), (12.0, 600.0, 200.0)]


@pytest.mark.parametrize("rate", RATES)
def test_a_rest_spans_from_standing_still_to_moving_on(rate: float) -> None:
    events = events_of(moments([Walk(name="a", path=REST)], looks_at(12, rate)))
    near(only(events, "stopped"), 4, 9, by=0.25)
    near(only(events, "started"), 9, by=0.25)
    assert only(events, "started").attributes["direction"] == "right"


def test_trembling_boxes_neither_break_nor_make_a_rest() -> None:
    events = events_of(moments([Walk(name="a", path=REST)], looks_at(12, 6), jitter=3.0, seed=7))
    near(only(events, "stopped"), 4, 9, by=0.4)


def test_who_shifts_from_foot_to_foot_rests_on() -> None:
    path = [(0, 0, 200), (3, 300, 200), (5.5, 300, 200), (5.7, 308, 200), (8, 308, 200), (8.2, 299, 200)]
    events = events_of(
        moments([Walk(name="a", path=[*path, (11, 299, 200), (13, 600, 200)])], looks_at(13, 8))
    )
    near(only(events, "stopped"), 3, 11, by=0.25)
    near(only(events, "started"), 11, by=0.25)


def test_who_creeps_to_a_halt_stops_once() -> None:
    path = [(0, 0, 200), (3, 300, 200), (8, 314, 200), (12, 314, 200)]
    events = events_of(moments([Walk(name="a", label="car", size=(80, 40), path=path)], looks_at(12, 8)))
    near(only(events, "stopped"), 3, 12, by=0.5)
    assert told_of(events, "started") == []


def test_who_was_not_seen_while_standing_started_when_it_moved_and_not_when_it_was_last_seen() -> None:
    walk = Walk(
        name="a", path=[(0, 0, 200), (3, 300, 200), (12, 300, 200), (15, 600, 200)], hidden=[(6, 12.2)]
    )
    events = events_of(moments([walk], looks_at(15, 8)))
    near(only(events, "stopped"), 3, 12, by=0.3)
    near(only(events, "started"), 12, by=0.3)


@pytest.mark.parametrize(("rest", "count"), [(1.5, 0), (2.6, 1)])
def test_a_rest_takes_two_seconds(rest: float, count: int) -> None:
    path = [(0, 0, 200), (3, 300, 200), (3 + rest, 300, 200), (6 + rest, 600, 200)]
    assert (
        len(told_of(events_of(moments([Walk(name="a", path=path)], looks_at(6 + rest))), "stopped")) == count
    )


def test_a_long_rest_is_not_absorbed_while_nothing_moves() -> None:
    walk = Walk(
        name="car",
        label="car",
        size=(120, 60),
        path=[(0, 0, 200), (3, 300, 200), (600, 300, 200), (603, 0, 200)],
    )
    times = [
        *looks_at(10),
        *range(micros(12), micros(595), micros(3)),
        *(t for t in looks_at(603) if t > micros(595)),
    ]
    events = events_of(moments([walk], times, quiet=[(10, 595)]))
    near(only(events, "stopped"), 3, 600, by=0.3)


def test_who_shifts_a_little_and_rests_again_rests_twice_one_after_the_other() -> None:
    walk = Walk(
        name="w", size=(20, 20), path=[(0, 18, 51), (3, 18, 51), (4.5, 0, 50)], stays=True, from_start=True
    )
    first, second = told_of(events_of(moments([walk], looks_at(9, 8))), "stopped")
    assert first[2] == 0
    assert first[3] <= second[2]


def test_who_shifts_within_the_circle_rests_once() -> None:
    """From one edge of it to the other: 10 pixels, where a circle of 6 is allowed."""
    walk = Walk(
        name="w", size=(20, 20), path=[(0, 16, 51), (3, 16, 51), (4.5, 6, 51)], stays=True, from_start=True
    )
    (rest,) = told_of(events_of(moments([walk], looks_at(9, 8))), "stopped")
    assert rest[2] == 0


def test_one_jumping_box_does_not_end_a_rest() -> None:
    told = moments([Walk(name="a", path=REST)], looks_at(12))
    jumped = [_moved(m, 60) if m.at == micros(6) else m for m in told]
    near(only(events_of(jumped), "stopped"), 4, 9, by=0.25)


def _moved(moment: Moment, by: float) -> Moment:
    present = tuple(
        replace(p, box=Box(p.box.x1 + by, p.box.y1, p.box.x2 + by, p.box.y2)) for p in moment.present
    )
    return replace(moment, present=present)


def test_a_hidden_walker_does_not_rest_where_it_was_lost() -> None:
    walk = Walk(name="a", path=[(0, 0, 200), (10, 800, 200)], hidden=[(4, 7)])
    assert told_of(events_of(moments([walk], looks_at(10))), "stopped", "started") == []


def test_a_rest_goes_on_behind_what_hides_it() -> None:
    walk = Walk(name="a", path=REST, hidden=[(5, 7)])
    near(only(events_of(moments([walk], looks_at(12))), "stopped"), 4, 9, by=0.25)


def test_who_stood_unnoticed_from_the_start_rested_until_he_set_off() -> None:
    walk = Walk(name="a", path=[(3, 300, 200), (6, 600, 200)], from_start=True)
    told = moments([walk], looks_at(6))
    for i, moment in enumerate(told):
        came = tuple(replace(v, at=0, path=((0, v.box), (micros(3), v.box))) for v in moment.arrived)
        told[i] = replace(moment, arrived=came)
    events = events_of(told)
    near(only(events, "stopped"), 0, 3, by=0.3)
    near(only(events, "started"), 3, by=0.3)


def test_who_vanishes_while_resting_has_not_started() -> None:
    walk = Walk(name="a", path=[(0, 0, 200), (3, 300, 200), (8, 300, 200)])
    events = events_of(moments([walk], looks_at(12)))
    near(only(events, "stopped"), 3, 8, by=0.25)
    assert told_of(events, "started") == []


def clipped(moment: Moment, height: float) -> Moment:
    """What a detector sees of it: no box reaches beyond the picture's edges."""
    present = tuple(
        replace(p, box=Box(p.box.x1, max(p.box.y1, 0), p.box.x2, min(p.box.y2, height)))
        for p in moment.present
        if p.box.y1 < height and p.box.y2 > 0
    )
    arrived = tuple(replace(v, box=Box(v.box.x1, v.box.y1, v.box.x2, height)) for v in moment.arrived)
    return replace(moment, present=present, arrived=arrived)


def test_who_comes_in_through_the_lower_edge_does_not_stand_there() -> None:
    """A long car from below: the lower side of its box stays at the edge while it drives in."""
    car = Walk(name="c", label="car", size=(200, 380), path=[(0.2, 300, 800), (6, 300, 100)])
    told = [clipped(m, 432) for m in moments([car], looks_at(6))]
    assert told_of(events_of(told, size=(768, 432)), "stopped", "started") == []
    assert told_of(events_of(told), "stopped") != [], "without the picture's size nobody can know"


def test_a_thing_in_the_aisle_blocks_it_and_a_person_does_not() -> None:
    layout = Layout(zones=(zone("aisle 3", 200, 400, "aisle"),))
    pallet = Walk(
        name="p",
        label="pallet",
        size=(80, 50),
        path=[(0, 0, 200), (3, 300, 200), (15, 300, 200), (18, 600, 200)],
    )
    person = Walk(name="x", path=[(0, 350, 300)], stays=True, from_start=True)
    blocked = only(events_of(moments([pallet, person], looks_at(18)), layout), "blocked")
    near(blocked, 3, 15, by=0.3)
    assert (blocked.zone, blocked.entity_ids) == ("aisle 3", ("p",))


def test_a_car_that_rests_on_the_road_has_stalled() -> None:
    layout = Layout(zones=(zone("A1", 0, 900, "road"),))
    car = Walk(name="c", label="car", size=(120, 60), path=[(0, 0, 200), (3, 300, 200), (20, 300, 200)])
    near(only(events_of(moments([car], looks_at(22)), layout), "stalled"), 3, 20, by=0.3)


# -- zones and lines ---------------------------------------------------------------------------------------------

DOCK = Layout(zones=(zone("dock", 200, 400, "dock"),))


@pytest.mark.parametrize("rate", RATES)
def test_zones_are_entered_and_left_at_the_border(rate: float) -> None:
    walk = Walk(name="a", path=[(0, 0, 200), (6, 600, 200)])
    events = events_of(moments([walk], looks_at(6, rate)), DOCK)
    near(only(events, "entered_zone"), 2, by=0.02)
    near(only(events, "left_zone"), 4, by=0.02)
    assert told_of(events, "dwelled") == []
    assert only(events, "entered_zone").zone == "dock"


def test_a_zone_that_is_only_brushed_is_not_entered() -> None:
    walk = Walk(name="a", path=[(0, 0, 200), (2, 190, 200), (2.2, 220, 200), (2.6, 190, 200), (5, 0, 200)])
    assert told_of(events_of(moments([walk], looks_at(5, 8)), DOCK), "entered_zone", "left_zone") == []


def test_standing_on_a_border_is_one_change() -> None:
    walk = Walk(name="a", path=[(0, 0, 200), (2, 203, 200), (20, 203, 200)])
    events = events_of(moments([walk], looks_at(20), jitter=5.0, seed=3), DOCK)
    assert len(told_of(events, "entered_zone")) <= 2


def test_a_stay_of_five_seconds_dwells_from_entering_to_leaving() -> None:
    walk = Walk(name="a", path=[(0, 100, 200), (2, 300, 200), (8, 300, 200), (10, 500, 200)])
    dwelled = only(events_of(moments([walk], looks_at(10)), DOCK), "dwelled")
    near(dwelled, 1, 9, by=0.05)


def test_what_stands_in_a_zone_from_the_start_has_not_entered_it_but_dwells() -> None:
    walk = Walk(name="a", path=[(0, 300, 200)], stays=True, from_start=True)
    events = events_of(moments([walk], looks_at(8)), DOCK)
    assert told_of(events, "entered_zone") == []
    near(only(events, "dwelled"), 0, 8, by=0.01)


def test_who_appears_and_leaves_the_picture_inside_says_so() -> None:
    walk = Walk(name="a", path=[(1, 300, 200), (4, 350, 200)], sure_after=0.6)
    events = events_of(moments([walk], looks_at(6)), DOCK)
    near(only(events, "entered_zone"), 1, by=0.01)
    assert only(events, "entered_zone").attributes["by"] == "appearing"
    near(only(events, "left_zone"), 4, by=0.01)
    assert only(events, "left_zone").attributes["by"] == "leaving the picture"


def test_a_zone_may_have_a_definition_of_its_own() -> None:
    walk = Walk(name="a", path=[(0, 100, 200), (2, 300, 200), (8, 300, 200), (10, 500, 200)])
    slow = Thresholds(zones={"dock": {"dwell_s": 20}})
    assert told_of(events_of(moments([walk], looks_at(10)), DOCK, slow), "dwelled") == []


GATE = Layout(lines=(Line(name="gate", start=(300, 0), end=(300, 400)),))


@pytest.mark.parametrize("rate", RATES)
def test_a_line_is_crossed_at_the_moment_of_crossing_with_its_sides(rate: float) -> None:
    there = Walk(name="a", path=[(0, 0, 200), (6, 600, 200)])
    back = Walk(name="b", path=[(0, 600, 300), (6, 0, 300)])
    crossed = [
        e for e in events_of(moments([there, back], looks_at(6, rate)), GATE) if e.kind == "crossed_line"
    ]
    assert [round(e.span.start / 1e6, 2) for e in crossed] == [3.0, 3.0]
    sides = {e.entity_ids[0]: (e.attributes["from"], e.attributes["to"]) for e in crossed}
    assert sides == {"a": ("right", "left"), "b": ("left", "right")} or sides == {
        "a": ("left", "right"),
        "b": ("right", "left"),
    }
    line = GATE.lines[0]
    assert (sides["a"][0] == "left") == (line.side((0, 200)) > 0)


def test_trembling_on_a_line_crosses_it_once() -> None:
    """Seven to the right, nine to the left, each lingering on the line with a trembling box."""
    walks = []
    for i in range(16):
        path = [
            (i * 2.0, 0.0, 200.0),
            (i * 2.0 + 2, 300.0, 200.0),
            (i * 2.0 + 5, 300.0, 200.0),
            (i * 2.0 + 7, 600.0, 200.0),
        ]
        if i >= 7:
            path = [(t, 600 - x, y) for t, x, y in path]
        walks.append(Walk(name=f"w{i:02}", path=path))
    events = events_of(moments(walks, looks_at(40), jitter=4.0, seed=1), GATE)
    towards = [e.attributes["to"] for e in events if e.kind == "crossed_line"]
    assert sorted((towards.count("left"), towards.count("right"))) == [7, 9]


def test_who_walks_around_the_end_of_a_line_has_not_crossed_it() -> None:
    short = Layout(lines=(Line(name="gate", start=(300, 0), end=(300, 100)),))
    walk = Walk(name="a", path=[(0, 0, 200), (6, 600, 200)])
    assert told_of(events_of(moments([walk], looks_at(6)), short), "crossed_line") == []


def test_who_turns_around_before_the_line_has_not_crossed_it() -> None:
    walk = Walk(name="a", path=[(0, 0, 200), (3, 302, 200), (6, 0, 200)])
    assert told_of(events_of(moments([walk], looks_at(6)), GATE), "crossed_line") == []


def test_a_crossing_before_one_was_sure_still_counts() -> None:
    walk = Walk(name="a", path=[(0, 0, 200), (6, 600, 200)], sure_after=4.0)
    crossed = only(events_of(moments([walk], looks_at(6)), GATE), "crossed_line")
    near(crossed, 3, by=0.05)


# -- ways of moving ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("to", "turns"), [((300, 500), 1), ((600, 230), 0), ((0, 205), 1)])
def test_a_turn_is_a_settled_change_of_direction(to: tuple[float, float], turns: int) -> None:
    walk = Walk(name="a", path=[(0, 0, 200), (4, 300, 200), (8, *to)])
    found = told_of(events_of(moments([walk], looks_at(8), jitter=1.5, seed=2)), "turned")
    assert len(found) == turns
    assert all(abs(start - 4) < 0.7 for _, _, start, _ in found)


def test_a_wide_bend_is_one_turn_to_the_right() -> None:
    import math

    bend = [(2 + i * 0.2, 200 + 150 * math.sin(i * 0.1), 350 - 150 * math.cos(i * 0.1)) for i in range(16)]
    x, y = bend[-1][1:]
    path = [(0, 50, 200), *bend, (7, x + 2, y + 150)]
    turned = only(
        events_of(moments([Walk(name="a", label="car", size=(60, 40), path=path)], looks_at(7))), "turned"
    )
    assert turned.attributes["side"] == "right"


def test_running_is_told_from_walking() -> None:
    runner = Walk(name="r", path=[(0, 0, 200), (1, 80, 200), (4, 740, 200), (6, 900, 200)])
    walker = Walk(name="w", path=[(0, 0, 300), (6, 540, 300)])
    running = only(events_of(moments([runner, walker], looks_at(6))), "running")
    assert running.entity_ids == ("r",)
    near(running, 1, 4, by=0.5)


LANES = Layout(
    lanes=(Lane(name="east", polygon=((0, 0), (900, 0), (900, 400), (0, 400)), direction=(1, 0)),),
    metres_per_pixel=0.05,
)


def test_wrong_way_is_against_the_lane_for_a_second() -> None:
    right = Walk(name="r", label="car", size=(80, 40), path=[(0, 0, 200), (6, 900, 200)])
    wrong = Walk(name="w", label="car", size=(80, 40), path=[(0, 900, 300), (6, 0, 300)])
    short = Walk(name="s", label="car", size=(80, 40), path=[(0, 500, 100), (0.6, 400, 100), (5, 800, 100)])
    event = only(events_of(moments([right, wrong, short], looks_at(6)), LANES), "wrong_way")
    assert (event.entity_ids, event.zone) == (("w",), "east")
    near(event, 0, 6, by=0.5)


def test_speeding_takes_a_limit_and_a_scale() -> None:
    car = Walk(name="c", label="car", size=(80, 40), path=[(0, 0, 200), (3, 900, 200)])  # 15 m/s, 54 km/h
    told = moments([car], looks_at(3))
    assert told_of(events_of(told, LANES), "speeding") == []
    assert told_of(events_of(told, LANES, Thresholds(speed_limit_kmh=60)), "speeding") == []
    event = only(events_of(told, LANES, Thresholds(speed_limit_kmh=50)), "speeding")
    assert event.attributes["speed"] == pytest.approx(15, abs=0.5)


# -- pairs -------------------------------------------------------------------------------------------------------

MEET = [
    Walk(name="a", path=[(0, 0, 200), (4, 300, 200), (10, 300, 200), (14, 0, 200)]),
    Walk(name="b", path=[(0, 350, 200)], stays=True, from_start=True),
]


def test_two_people_meet_and_part() -> None:
    events = events_of(moments(MEET, looks_at(16)))
    approached = only(events, "approached")
    assert [(p.entity_id, p.role) for p in approached.participants] == [("a", "subject"), ("b", "object")]
    near(approached, 3.5, by=0.5)
    near(only(events, "together"), 3.5, 10.7, by=0.7)
    near(only(events, "parted"), 10.7, by=0.6)
    assert len(only(events, "parted").evidence) == 2


def test_who_passes_by_has_not_approached() -> None:
    one = Walk(name="a", path=[(0, 0, 200), (5, 600, 200)])
    other = Walk(name="b", path=[(0, 600, 205), (5, 0, 205)])
    assert told_of(events_of(moments([one, other], looks_at(5))), "approached", "together") == []


def test_relations_hold_for_a_span() -> None:
    found = {r.predicate: r for r in relations_of(moments(MEET, looks_at(16)))}
    assert set(found) == {"near", "together"}
    assert found["together"].valid.start / 1e6 == pytest.approx(3.5, abs=0.6)
    assert {found["near"].subject, found["near"].object} == {"a", "b"}
    assert len(found["near"].evidence) == 4


def test_one_follows_the_other() -> None:
    ahead = Walk(name="a", path=[(0, 0, 200), (10, 800, 200)])
    behind = Walk(name="b", path=[(1.5, 0, 205), (11.5, 800, 205)])
    followed = [r for r in relations_of(moments([ahead, behind], looks_at(12))) if r.predicate == "followed"]
    assert [(r.subject, r.object) for r in followed] == [("b", "a")]


FORKLIFT = Walk(name="f", label="forklift", size=(120, 90), path=[(0, 0, 200), (6, 720, 200)])


def test_a_near_miss_names_vehicle_and_person_at_the_closest_moment() -> None:
    person = Walk(name="p", path=[(0, 360, 250), (6, 370, 250)])
    event = only(events_of(moments([FORKLIFT, person], looks_at(6))), "near_miss")
    assert [(p.entity_id, p.role) for p in event.participants] == [("f", "vehicle"), ("p", "person")]
    assert event.attributes["gap_px"] == 0
    near(event, 2.1, 4, by=0.5)
    assert len(event.evidence) == 4


@pytest.mark.parametrize(
    ("vehicle", "person"),
    [
        pytest.param(FORKLIFT, Walk(name="p", path=[(0, 360, 400), (6, 370, 400)]), id="far away"),
        pytest.param(
            Walk(name="f", label="forklift", size=(120, 90), path=[(0, 300, 200)], stays=True),
            Walk(name="p", path=[(0, 0, 210), (8, 600, 210)]),
            id="a walk past a parked forklift",
        ),
        pytest.param(
            Walk(name="f", label="forklift", size=(120, 90), path=[(0, 300, 200), (8, 380, 200)]),
            Walk(name="p", path=[(0, 340, 210)], stays=True),
            id="both slow",
        ),
        pytest.param(
            Walk(name="m", label="motorcycle", size=(80, 60), path=[(0, 0, 200), (5, 800, 200)]),
            Walk(name="p", path=[(0, 0, 190), (5, 800, 190)]),
            id="its own rider",
        ),
        pytest.param(
            Walk(name="f", label="dog", size=(120, 90), path=[(0, 0, 200), (6, 720, 200)]),
            Walk(name="p", path=[(0, 360, 200)], stays=True),
            id="no vehicle",
        ),
    ],
)
def test_no_near_miss(vehicle: Walk, person: Walk) -> None:
    assert told_of(events_of(moments([vehicle, person], looks_at(6), jitter=1.0)), "near_miss") == []


def test_a_near_miss_is_told_of_nameless_things_by_size_and_shape_but_less_surely() -> None:
    def sure(label_f: str, label_p: str) -> float:
        lift = Walk(name="f", label=label_f, size=(160, 100), path=[(0, 0, 200), (6, 720, 200)])
        person = Walk(name="p", label=label_p, path=[(0, 360, 230), (6, 370, 230)])
        return only(events_of(moments([lift, person], looks_at(6))), "near_miss").confidence

    assert sure("thing", "thing") < sure("forklift", "thing") < sure("forklift", "person")


def test_with_a_scale_a_near_miss_is_a_matter_of_metres() -> None:
    person = Walk(name="p", path=[(0, 360, 280), (6, 370, 280)])  # boxes overlap; 80 px behind
    apart = Walk(name="p", path=[(0, 360, 370), (6, 370, 370)])  # 70 px between the boxes
    close, wide = Layout(metres_per_pixel=0.02), Layout(metres_per_pixel=0.05)
    assert only(events_of(moments([FORKLIFT, person], looks_at(6)), close), "near_miss")
    assert only(events_of(moments([FORKLIFT, apart], looks_at(6)), close), "near_miss")
    assert told_of(events_of(moments([FORKLIFT, apart], looks_at(6)), wide), "near_miss") == []


# -- many --------------------------------------------------------------------------------------------------------


def test_three_people_for_two_seconds_are_a_crowd() -> None:
    walks = [
        Walk(name="a", path=[(0, 0, 200), (9, 500, 200)]),
        Walk(name="b", path=[(1, 0, 300), (9, 500, 300)]),
        Walk(name="c", path=[(2, 0, 100), (6, 500, 100)]),
    ]
    events = events_of(moments(walks, looks_at(10)))
    near(only(events, "crowd"), 2, 6, by=0.3)
    assert sorted(only(events, "crowd").entity_ids) == ["a", "b", "c"]
    assert (
        told_of(events_of(moments(walks, looks_at(10)), thresholds=Thresholds(crowd_people=4)), "crowd") == []
    )


def test_people_standing_in_a_queue_zone_are_a_queue() -> None:
    layout = Layout(zones=(zone("till 1", 0, 640, "checkout"),))
    walks = [
        Walk(name=n, path=[(0, x, 200)], stays=True, from_start=True)
        for n, x in (("a", 100), ("b", 200), ("c", 300))
    ]
    assert only(events_of(moments(walks, looks_at(12)), layout), "queue").zone == "till 1"


# -- objects -----------------------------------------------------------------------------------------------------


def test_what_appeared_where_nobody_was_wakes_nobody() -> None:
    lies = Walk(name="bag", label="thing", size=(40, 30), path=[(4, 330, 200), (20, 330, 200)], stays=True)
    assert only(events_of(moments([lies], looks_at(20))), "object_left").confidence < WAKES_FROM


@pytest.mark.parametrize(("label", "certainty"), [("suitcase", 1.0), ("thing", 0.8)])
def test_what_is_put_down_is_left_once_its_owner_has_gone_until_it_is_taken(
    label: str, certainty: float
) -> None:
    owner = Walk(name="o", path=[(0, 0, 200), (4, 300, 200), (8, 900, 200)], went="right")
    bag = Walk(name="bag", label=label, size=(40, 30), path=[(4, 330, 200), (20, 330, 200)], sure_after=1.0)
    taker = Walk(name="t", path=[(16, 900, 200), (20, 360, 200), (24, 900, 200)], came="right", went="right")
    events = events_of(moments([owner, bag, taker], looks_at(26)))
    left, removed = only(events, "object_left"), only(events, "object_removed")
    near(left, 4.8, 20, by=0.7)
    near(removed, 20, by=0.3)
    assert [(p.entity_id, p.role) for p in left.participants] == [("bag", "object"), ("o", "owner")]
    assert [(p.entity_id, p.role) for p in removed.participants] == [("bag", "object"), ("t", "taker")]
    assert left.confidence == pytest.approx(0.9 * certainty, abs=0.01)  # looks at what lies still err alike


def test_what_is_left_and_taken_and_who_stops_names_the_zone_it_was_in() -> None:
    layout = Layout(zones=(zone("aisle", 300, 600),))
    owner = Walk(name="o", path=[(0, 0, 200), (4, 300, 200), (8, 900, 200)], went="right")
    bag = Walk(name="bag", label="suitcase", size=(40, 30), path=[(4, 330, 200), (20, 330, 200)])
    taker = Walk(name="t", path=[(16, 900, 200), (20, 360, 200), (24, 900, 200)], came="right", went="right")
    waits = Walk(name="w", path=[(0, 100, 200), (26, 100, 200)], stays=True)
    events = events_of(moments([owner, bag, taker, waits], looks_at(26)), layout)
    assert only(events, "object_left").zone == only(events, "object_removed").zone == "aisle"
    stops = {event.entity_ids[0]: event.zone for event in events if event.kind == "stopped"}
    assert stops == {"bag": "aisle", "w": None}


def test_what_stands_beside_its_owner_is_not_left() -> None:
    owner = Walk(name="o", path=[(0, 0, 200), (4, 300, 200)], stays=True)
    bag = Walk(name="bag", label="suitcase", size=(40, 30), path=[(4, 330, 200)], stays=True)
    assert told_of(events_of(moments([owner, bag], looks_at(15))), "object_left") == []


def test_what_stood_there_from_the_start_is_removed_but_was_not_left() -> None:
    box = Walk(name="box", label="box", size=(40, 30), path=[(0, 330, 200), (10, 330, 200)], from_start=True)
    taker = Walk(name="t", path=[(6, 900, 200), (10, 360, 200), (14, 900, 200)])
    events = events_of(moments([box, taker], looks_at(16)))
    assert told_of(events, "object_left") == []
    removed = only(events, "object_removed")
    near(removed, 10, by=0.3)
    assert removed.entity_ids == ("box", "t")


@pytest.mark.parametrize("label", ["car", "thing"])
def test_a_parked_car_that_drives_off_was_not_removed(label: str) -> None:
    car = Walk(
        name="c", label=label, size=(120, 60), path=[(0, 300, 200), (6, 300, 200), (9, 900, 200)],
        from_start=True, went="right",
    )  # fmt: skip
    assert told_of(events_of(moments([car], looks_at(12))), "object_removed", "object_left") == []


def test_who_walks_in_and_stands_still_is_no_object() -> None:
    walk = Walk(name="a", label="thing", path=[(0, 0, 200), (4, 300, 200)], stays=True, came="left")
    assert told_of(events_of(moments([walk], looks_at(15))), "object_left") == []


# -- the scene ---------------------------------------------------------------------------------------------------


def test_a_cut_ends_everything_and_is_told() -> None:
    box = Walk(name="box", label="box", size=(40, 30), path=[(0, 330, 200)], stays=True, from_start=True)
    events = events_of(moments([box], looks_at(10), cuts=[6]))
    near(only(events, "scene_changed"), 6, by=0.01)
    assert told_of(events, "object_removed", "started") == []
    assert [(round(s, 0), round(e, 0)) for _, _, s, e in told_of(events, "stopped")] == [(0, 6), (6, 10)]


def test_looks_out_of_order_are_refused() -> None:
    told = moments([], looks_at(1))
    with pytest.raises(ValueError, match="order of time"):
        events_of(told[::-1])


def test_what_is_carried_off_was_removed_when_it_began_to_move() -> None:
    box = Walk(
        name="box",
        label="box",
        size=(80, 60),
        path=[(0, 330, 200), (10, 330, 200), (11.5, 390, 170)],
        from_start=True,
    )
    taker = Walk(name="t", path=[(6, 900, 200), (10, 360, 200), (14, 900, 200)])
    near(only(events_of(moments([box, taker], looks_at(16))), "object_removed"), 10, by=0.3)


def test_what_hides_in_its_taker_and_shows_once_more_was_removed_when_it_was_hid() -> None:
    box = Walk(
        name="box",
        label="box",
        size=(80, 60),
        path=[(0, 330, 200), (10, 330, 200), (11.7, 160, 200)],
        hidden=[(10.1, 11.5)],
        from_start=True,
    )
    taker = Walk(name="t", path=[(6, 900, 200), (10, 360, 200), (14, 0, 200)])
    near(only(events_of(moments([box, taker], looks_at(16))), "object_removed"), 10, by=0.3)


def test_what_is_shoved_a_little_and_leaves_is_removed_once() -> None:
    path = [(0, 100, 394), (7, 100, 394), (9, 92, 320), (11, 92, 320), (12, 89, 316), (15, 89, 316)]
    box = Walk(name="box", label="box", size=(67, 34), path=path, from_start=True)
    removed = told_of(events_of(moments([box], looks_at(18))), "object_removed")
    assert len(removed) == len({start for _, _, start, _ in removed}) == 1
