"""When a rule fires, and that it fires the same live and on history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.match import Firing, fire, look_back, watched_for
from alerts.rule import RuleSpec, spec_of
from alerts.scene import SETTLE, Scene
from core.clock import SECOND, Span, seconds
from core.media import Stream, StreamKind
from core.memory import WAKES_FROM, CoverageState, Entity, Event, Participant
from helpers.observations import DOCK, coverage, entity, event

STREAM = Stream(id=DOCK, name="dock", source="x", shown_source="x", kind=StreamKind.FILE)
ANN, BOB, CAR = entity(1), entity(2, colour="red"), entity(3, "forklift")
EVERYONE = {thing.id: thing for thing in (ANN, BOB, CAR)}


def rule(**fields: Any) -> RuleSpec:
    return spec_of({"name": "r", **{name.rstrip("_"): value for name, value in fields.items()}})


def firings(
    spec: RuleSpec,
    *events: Event,
    until: float = 100,
    watched: Iterable[tuple[float, float]] = ((0, 100),),
    stream: Stream = STREAM,
    things: Iterable[Entity] = (),
) -> list[Firing]:
    scene = Scene(stream=stream, entities={**EVERYONE, **{thing.id: thing for thing in things}})
    spans = [Span.of_seconds(a, b) for a, b in watched]
    return fire(spec, events, scene=scene, until=round(until * SECOND), watched=spans)


def times(*args: Any, **kwargs: Any) -> list[float]:
    return [seconds(firing.at) for firing in firings(*args, **kwargs)]


@pytest.mark.parametrize(
    ("when", "fires"),
    [
        ({"kind": "entered_zone"}, True),
        ({"kind": "left_zone"}, False),
        ({"label": "person"}, True),
        ({"label": ["forklift", "car"]}, False),
        ({"zone": "dock"}, True),
        ({"zone": "yard"}, False),
        ({"line": "dock", "kind": "entered_zone"}, True),
        ({"line": "dock"}, False),
        ({"attributes": {"colour": "red"}}, True),
        ({"attributes": {"colour": "blue"}}, False),
        ({"attributes": {"side": "left", "colour": "red"}}, True),
        ({"attributes": {"speed": ">= 2"}}, True),
        ({"attributes": {"speed": "> 2"}}, False),
        ({"attributes": {"speed": 2}}, True),
        ({"min_confidence": 0.7}, True),
        ({"min_confidence": 0.71}, False),
        ({"stream": "dock", "kind": "entered_zone"}, True),
        ({"stream": [DOCK], "kind": "entered_zone"}, True),
        ({"stream": "yard", "kind": "entered_zone"}, False),
        ({"roles": {"subject": "person"}}, True),
        ({"roles": {"vehicle": "person"}}, False),
        ({"all_labels": ["person"]}, True),
        ({"all_labels": ["person", "person"]}, False),
    ],
)
def test_the_filter(when: dict[str, Any], fires: bool) -> None:
    seen = event("entered_zone", 5, None, BOB, zone="dock", side="left", speed=2.0)
    assert times(rule(when=when), seen) == ([5.0] if fires else [])


def test_an_alarm_that_is_rather_false_than_true_wakes_nobody_unless_it_is_asked_for() -> None:
    doubtful = replace(event("near_miss", 3, 4, ANN, CAR), confidence=WAKES_FROM - 0.01)
    surer = replace(event("near_miss", 6, 7, ANN, CAR), confidence=WAKES_FROM)
    assert times(rule(when={"kind": "near_miss"}), doubtful, surer) == [6.0]
    assert times(rule(when={"kind": "near_miss", "min_confidence": 0}), doubtful, surer) == [3.0, 6.0]
    came = replace(event("entered_zone", 3, None, ANN, zone="dock"), confidence=0.1)
    assert times(rule(when={"kind": "entered_zone"}), came) == [3.0]


def test_nobody_is_woken_for_the_absence_of_what_may_have_happened() -> None:
    left = replace(event("object_left", 3, 30, CAR), confidence=0.9)
    taken = replace(event("object_removed", 8, None, CAR), confidence=0.1)
    spec = rule(when={"kind": "object_left"}, without={"kind": "object_removed", "within": "10s"})
    assert (times(spec, left, taken), times(spec, left)) == ([], [13.0])
    quiet = rule(when={"kind": "fell"}, absent={"for": "60s"})
    assert times(quiet, replace(event("fell", 50, 52, ANN), confidence=0.1)) == []


def test_all_labels_asks_for_a_thing_of_its_own_each() -> None:
    spec = rule(when={"all_labels": [["forklift", "car"], "person"]})
    assert times(spec, event("near_miss", 3, 4, ANN, CAR), event("near_miss", 6, 7, ANN, BOB)) == [3.0]


def test_an_event_about_nobody_known_does_not_break_the_filter() -> None:
    stranger = replace(
        event("left", 5), participants=(Participant(entity_id=entity(99).id), Participant(entity_id=ANN.id))
    )
    assert times(rule(when={"label": "person"}), stranger) == [5.0]
    assert times(rule(when={"label": "car"}), stranger) == []


NIGHT = replace(STREAM, started_at=datetime(2026, 1, 1, 21, 59, 50, tzinfo=UTC))


def test_a_window_of_the_day_reaches_over_midnight_and_knows_time_zones() -> None:
    seen = [event("appeared", at, None, ANN) for at in (5, 15)]
    at_night = {"kind": "appeared", "between": ["22:00", "06:00"]}
    assert times(rule(when=at_night), *seen, stream=NIGHT) == [15.0]
    assert times(rule(when={**at_night, "tz": "Europe/Vienna"}), *seen, stream=NIGHT) == [5.0, 15.0]
    assert times(rule(when={"kind": "appeared", "between": ["06:00", "22:00"]}), *seen, stream=NIGHT) == [5.0]
    assert times(rule(when=at_night), *seen) == [], "a stream of unknown start has no time of day"


def test_for_asks_how_long_the_event_lasted() -> None:
    spec = rule(when={"kind": "stopped"}, for_="5s")
    long, short = event("stopped", 10, 16, ANN), event("stopped", 20, 24, BOB)
    assert times(spec, long, short) == [15.0]
    assert times(spec, event("stopped", 10, 15, ANN, open=True)) == [15.0]


def test_count_fires_whenever_the_number_is_full() -> None:
    spec = rule(when={"kind": "left"}, count={"at_least": 3, "within": "10s"})
    seen = [
        event("left", at, None, who) for at, who in ((0, ANN), (4, BOB), (10, CAR), (13.9, ANN), (30, BOB))
    ]
    assert times(spec, *seen) == [13.9]
    assert [len(f.events) for f in firings(spec, *seen)] == [3]


def test_count_of_entities_counts_each_once() -> None:
    many = [event("crossed_line", at, None, ANN, zone="gate") for at in (1, 2, 3)]
    spec = rule(when={"line": "gate"}, count={"at_least": 2, "within": "10s", "of": "entities"})
    assert times(spec, *many) == []
    assert times(spec, *many, event("crossed_line", 4, None, BOB, zone="gate")) == [4.0]


def test_then_asks_for_the_second_in_time_and_for_the_same_thing_where_told_so() -> None:
    spec = {"when": {"kind": "entered_zone"}, "then": {"kind": "stopped", "within": "10s"}}
    first, late = event("entered_zone", 5, None, ANN, zone="dock"), event("stopped", 15.1, 20, ANN)
    assert times(rule(**spec), first, event("stopped", 15, 20, BOB), late) == [15.0]
    assert times(rule(**spec), event("stopped", 4, 20, BOB), first) == []
    spec["then"]["same"] = True
    assert times(rule(**spec), first, event("stopped", 15, 20, BOB)) == []
    assert times(rule(**spec), first, event("stopped", 15, 20, ANN)) == [15.0]


def test_then_does_not_take_one_event_for_both() -> None:
    spec = rule(when={"kind": "left"}, then={"kind": "left", "within": "10s"})
    assert times(spec, event("left", 5, None, ANN)) == []
    assert times(spec, event("left", 5, None, ANN), event("left", 7, None, BOB)) == [7.0]


def test_without_fires_when_nothing_followed_and_somebody_looked() -> None:
    spec = rule(when={"kind": "entered_zone"}, without={"kind": "left_zone", "within": "30s", "same": True})
    entered, other = event("entered_zone", 5, None, ANN, zone="z"), event("left_zone", 9, None, BOB, zone="z")
    assert times(spec, entered, other) == [35.0]
    assert times(spec, entered, event("left_zone", 34, None, ANN, zone="z")) == []
    assert times(spec, entered, event("left_zone", 36, None, ANN, zone="z")) == [35.0]
    assert times(spec, entered, until=35 + 4.9) == [], "it may still be written that something followed"
    assert times(spec, entered, watched=[(0, 20), (22, 100)]) == [], "not looked at is not absent"
    assert times(spec, entered, watched=[(0, 20), (20.4, 100)]) == [35.0], "a blink hides nothing"


def test_without_counts_what_already_was_there() -> None:
    spec = rule(when={"label": "forklift"}, without={"label": "person", "kind": "stopped", "within": "5s"})
    assert times(spec, event("appeared", 50, None, CAR), event("stopped", 10, 20, ANN, open=True)) == []
    assert times(spec, event("appeared", 50, None, CAR), event("stopped", 10, 20, ANN)) == [55.0]


def test_absent_fires_once_for_every_stretch_without() -> None:
    spec = rule(when={"kind": "appeared"}, absent={"for": "20s"})
    assert times(spec, event("appeared", 30, None, ANN), event("appeared", 45, None, BOB)) == [
        20.0,
        pytest.approx(65),
    ]
    assert times(spec) == [20.0]
    assert times(spec, watched=[]) == []
    assert times(spec, watched=[(0, 15), (40, 55), (70, 91)]) == [90.0]
    assert times(spec, until=24.9) == []


def test_absence_of_people_is_about_their_stay_not_about_their_events() -> None:
    spec = rule(when={"kind": "present", "label": "person"}, absent={"for": "20s"})
    walking = entity(7, start=0, end=70)
    assert times(spec, event("appeared", 0, None, walking), things=[walking]) == [90.0]
    still_there = entity(7, start=0, end=98)
    assert times(spec, things=[still_there, entity(1, start=0, end=1), entity(2, start=0, end=1)]) == []


def test_presence_in_a_zone_is_read_off_its_doors() -> None:
    spec = rule(when={"kind": "present", "label": "person", "zone": "dock"}, for_="10s")
    guest = entity(7, start=0, end=60)
    inside = event("entered_zone", 5, None, guest, zone="dock")
    assert times(spec, inside, things=[guest]) == [15.0]
    assert times(spec, inside, event("left_zone", 14, None, guest, zone="dock"), things=[guest]) == []
    assert times(spec, inside, event("left_zone", 16, None, guest, zone="dock"), things=[guest]) == [15.0]
    assert times(spec, inside, event("left_zone", 14, None, guest, zone="yard"), things=[guest]) == [15.0]


def test_absence_counts_only_inside_its_hours_and_whoever_came_before_them_is_there() -> None:
    spec = rule(when={"kind": "stopped", "between": ["22:00", "06:00"]}, absent={"for": "20s"})
    assert times(spec, stream=NIGHT) == [30.0], "the hours begin at second 10"
    assert times(spec, event("stopped", 2, 60, ANN), stream=NIGHT) == [80.0]
    assert times(spec) == []


def test_who_cannot_know_a_label_did_not_look_for_it() -> None:
    entries = [
        coverage(0, 10),
        coverage(10, 20, looked_for=("thing",)),
        coverage(20, 30, CoverageState.GATED),
        coverage(30, 40, CoverageState.FAILED),
        coverage(40, 50, CoverageState.DOWN),
    ]
    people = rule(when={"label": "person"}, absent={"for": 5})
    assert watched_for(people, entries) == [Span.of_seconds(0, 10), Span.of_seconds(20, 30)]
    anything = rule(absent={"for": 5})
    assert watched_for(anything, entries) == [Span.of_seconds(s, s + 10) for s in (0, 10, 20)]


# ---- live is the same as history -----------------------------------------------------------------------------------

CHUNK = 10 * SECOND
LENGTH = 12 * CHUNK
RULES = [
    rule(when={"kind": "stopped"}),
    rule(when={"kind": "stopped", "label": "person"}, for_="12s"),
    rule(when={"kind": ["left", "appeared"]}, count={"at_least": 3, "within": "25s"}),
    rule(when={"kind": "left"}, count={"at_least": 2, "within": "25s", "of": "entities"}),
    rule(when={"kind": "appeared"}, then={"kind": "left", "within": "15s"}),
    rule(when={"kind": "appeared"}, then={"kind": "stopped", "within": "15s", "for": "4s", "same": True}),
    rule(when={"kind": "appeared"}, without={"kind": "left", "within": "12s"}),
    rule(when={"kind": "stopped"}, for_="3s", without={"kind": "left", "within": "12s", "same": True}),
    rule(when={"kind": "stopped"}, absent={"for": "15s"}),
    rule(absent={"for": "7s"}),
]  # fmt: skip


@st.composite
def happenings(draw: st.DrawFn) -> list[tuple[Event, int]]:
    """Events, each with the delay after its start at which it is written down."""
    out = {}
    for _ in range(draw(st.integers(0, 14))):
        kind = draw(st.sampled_from(["appeared", "left", "stopped"]))
        start = draw(st.integers(0, LENGTH // SECOND - 1))
        length = draw(st.integers(1, 40)) if kind == "stopped" else None
        end = None if length is None else min(start + length, LENGTH // SECOND)
        who = draw(st.sampled_from([ANN, BOB, CAR]))
        delay = draw(st.integers(0, SETTLE - 1))
        one = event(kind, start, end, who)
        out[one.id] = (one, delay)
    return list(out.values())


def as_known(one: Event, at: int) -> Event:
    """The event as it was written at a moment: still open where it lasts longer."""
    if one.span.end <= at or one.span.duration <= 1:
        return one
    return replace(one, span=Span(one.span.start, at), open=True)


@st.composite
def coverages(draw: st.DrawFn) -> list[Span]:
    holes = draw(st.lists(st.integers(0, LENGTH // SECOND - 1), max_size=3))
    return [Span(s * SECOND, (s + 1) * SECOND) for s in range(LENGTH // SECOND) if s not in holes]


@given(st.sampled_from(RULES), happenings(), coverages())
def test_chunk_by_chunk_is_the_same_as_all_at_once(
    spec: RuleSpec, told: list[tuple[Event, int]], watched: list[Span]
) -> None:
    scene = Scene(stream=STREAM, entities=EVERYONE)
    live: dict[str, int] = {}
    for until in range(CHUNK, LENGTH + 1, CHUNK):
        known = [as_known(one, until) for one, delay in told if one.span.start + delay < until]
        looked = [span for span in watched if span.end <= until]
        for firing in fire(spec, known, scene=scene, until=until, watched=looked):
            assert live.setdefault(firing.key, firing.at) == firing.at
    known = [one for one, delay in told if one.span.start + delay < LENGTH]
    at_once = fire(spec, known, scene=scene, until=LENGTH, watched=watched)
    assert live == {firing.key: firing.at for firing in at_once}


@given(st.sampled_from(RULES), happenings())
def test_firings_are_in_order_and_lie_in_the_past(spec: RuleSpec, told: list[tuple[Event, int]]) -> None:
    found = fire(
        spec,
        [one for one, _ in told],
        scene=Scene(stream=STREAM, entities=EVERYONE),
        until=LENGTH,
        watched=[Span(0, LENGTH)],
    )
    assert [f.at for f in found] == sorted(f.at for f in found)
    assert len({f.key for f in found}) == len(found)
    assert all(f.span.start <= f.at < f.span.end and f.at <= LENGTH for f in found)


def test_a_rule_says_how_far_it_looks_back() -> None:
    assert look_back(rule(when={"kind": "left"}, count={"at_least": 2, "within": "60s"})) >= 60 * SECOND
    assert look_back(rule(absent={"for": "1h"})) >= 3600 * SECOND
