"""What holds for any paths: the same twice is the same, however the stream is cut, resumed or shifted."""

from __future__ import annotations

import pickle
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Micros, micros
from core.memory import ALARMS, WAKES_FROM, Event, Relation
from core.place import Lane, Layout, Line, Zone
from helpers.moments import GRID, STREAM, Walk, maker, moments
from ingest.chunk import Grid
from ingest.events.maker import EventMaker
from ingest.perception.presence import Moment

LAYOUT = Layout(
    zones=(
        Zone(name="dock", kind="dock", polygon=((100, 100), (300, 100), (300, 400), (100, 400))),
        Zone(name="till", kind="checkout", polygon=((300, 0), (600, 0), (600, 400), (300, 400))),
    ),
    lines=(Line(name="gate", start=(250, 0), end=(260, 400)),),
    lanes=(Lane(name="east", polygon=((0, 0), (640, 0), (640, 200), (0, 200)), direction=(1, 0)),),
)
END = 24.0
LABELS = ("person", "car", "forklift", "suitcase", "thing", "bicycle")


@st.composite
def walks(draw: st.DrawFn, number: int) -> Walk:
    places = st.tuples(st.integers(0, 640), st.integers(50, 400))
    steps = draw(st.lists(st.tuples(st.integers(1, 30), places), min_size=1, max_size=5))
    at = draw(st.integers(0, 80)) / 10
    path: list[tuple[float, float, float]] = []
    for wait, (x, y) in steps:
        path.append((at, float(x), float(y)))
        if draw(st.booleans()):
            at += wait / 5
            path.append((at, float(x), float(y)))
        at += wait / 10
    height = draw(st.integers(20, 120))
    return Walk(
        name=f"w{number}",
        path=[*path, (at, path[-1][1], path[-1][2])],
        label=draw(st.sampled_from(LABELS)),
        size=(draw(st.integers(20, 120)), height),
        from_start=path[0][0] == 0,
        stays=draw(st.booleans()),
        came=draw(st.sampled_from(("", "left"))),
        went=draw(st.sampled_from(("", "right"))),
        sure_after=draw(st.sampled_from((0.0, 0.7))),
    )


class Story(list[Moment]):
    """Moments with a name short enough to read when a test fails."""

    told_as: str = ""

    def __repr__(self) -> str:
        return self.told_as


@st.composite
def stories(draw: st.DrawFn) -> Story:
    people = [draw(walks(i)) for i in range(draw(st.integers(1, 4)))]
    times, at = [], 0
    gaps = st.sampled_from((125_000, 200_000, 200_000, 333_333, 500_000, 1_000_000))
    for gap in draw(st.lists(gaps, min_size=70, max_size=70)):
        times.append(at)
        at += gap
    quiet = [(float(s), s + 2.5) for s in draw(st.lists(st.integers(0, 20), max_size=1))]
    cuts = [times[i] / 1e6 for i in draw(st.lists(st.integers(1, 60), max_size=1))]
    shaken = draw(st.sampled_from((0.0, 2.0)))
    kept = [t for t in times if t <= micros(END)]
    story = Story(moments(people, kept, jitter=shaken, quiet=quiet, cuts=cuts))
    story.told_as = f"{people=} times={kept} {shaken=} {quiet=} {cuts=}"
    return story


def end_of(told: list[Moment]) -> Micros:
    return told[-1].at + 1


def run(told: list[Moment], one: EventMaker | None = None) -> tuple[dict[str, Event], dict[str, Relation]]:
    """Everything as the memory would hold it: the last word on each id."""
    one = one or maker(LAYOUT, size=(640, 400))
    for moment in told:
        one.update(moment)
    until = end_of(told)
    events, relations = one.flush(until, final=True), one.relations(until, final=True)
    by_id = {event.id: event for event in events}
    if len(by_id) != len(events):
        raise AssertionError("two events with one id")
    return by_id, {relation.id: relation for relation in relations}


SLOW = settings(max_examples=25)


@SLOW
@given(stories())
def test_the_same_moments_twice_give_the_same_events(told: list[Moment]) -> None:
    assert run(told) == run(told)


@SLOW
@given(stories(), st.sets(st.integers(1, 23), max_size=8))
def test_however_often_one_flushes_the_memory_ends_the_same(told: list[Moment], cuts: set[int]) -> None:
    one = maker(LAYOUT, size=(640, 400))
    events: dict[str, Event] = {}
    relations: dict[str, Relation] = {}
    coming = sorted(micros(cut) for cut in cuts)
    for moment in told:
        while coming and coming[0] <= moment.at:
            until = coming.pop(0)
            flushed = one.flush(until, final=False)
            assert all(e.span.end <= until + 1 or e.span.duration == 1 for e in flushed if e.open)
            events.update((e.id, e) for e in flushed)
            relations.update((r.id, r) for r in one.relations(until, final=False))
        one.update(moment)
    events.update((e.id, e) for e in one.flush(end_of(told), final=True))
    relations.update((r.id, r) for r in one.relations(end_of(told), final=True))
    assert (events, relations) == run(told)


@SLOW
@given(stories())
def test_what_happens_is_told_with_the_look_it_was_noticed_with(told: list[Moment]) -> None:
    one, told_early = maker(LAYOUT, size=(640, 400)), dict[str, Event]()
    for moment in told:
        one.update(moment)
        for event in one.noticed(moment.at + 1):
            if (early := told_early.get(event.id)) is None:
                assert event.noticed == max(moment.at, event.span.start)
            else:  # told again, as an alarm that has become sure enough to wake somebody
                assert event.kind in ALARMS
                assert early.confidence < WAKES_FROM <= event.confidence
                assert event.noticed == early.noticed
            told_early[event.id] = event
    events = {event.id: event for event in one.flush(end_of(told), final=True)}
    assert told_early.keys() <= events.keys()
    assert all(events[id].noticed == early.noticed for id, early in told_early.items())
    last = told[-1].at if told else 0
    assert all(
        event.noticed is not None and event.noticed >= last
        for id, event in events.items()
        if id not in told_early
    )


@SLOW
@given(stories(), st.data())
def test_pickling_between_two_looks_changes_nothing(told: list[Moment], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(told)))
    one = maker(LAYOUT, size=(640, 400))
    for moment in told[:cut]:
        one.update(moment)
    copy: EventMaker = pickle.loads(pickle.dumps(one))
    assert run(told[cut:] or told[-1:], copy if cut < len(told) else None) == (
        run(told) if cut < len(told) else run(told[-1:])
    )


@SLOW
@given(stories())
def test_every_event_lies_in_the_stream_and_says_who_where_and_how_sure(told: list[Moment]) -> None:
    events, relations = run(told)
    known = {visit.entity_id for moment in told for visit in moment.arrived}
    known |= {p.entity_id for moment in told for p in moment.present}
    for event in events.values():
        assert 0 <= event.span.start < event.span.end <= end_of(told) + 1
        assert not event.open
        assert event.evidence
        assert set(event.entity_ids) <= known
        assert event.source
        assert all(e.at in event.span or e.at == event.span.end for e in event.evidence)
        assert all(e.chunk_id == GRID.id_at(e.at) for e in event.evidence)
    for relation in relations.values():
        assert 0 <= relation.valid.start < relation.valid.end <= end_of(told) + 1
        assert relation.subject != relation.object


@SLOW
@given(stories(), st.integers(1, 10**10))
def test_shifting_time_shifts_events(told: list[Moment], by: int) -> None:
    def later(moment: Moment) -> Moment:
        return replace(
            moment,
            at=moment.at + by,
            arrived=tuple(replace(v, at=v.at + by) for v in moment.arrived),
            gone=tuple(replace(v, at=v.at + by) for v in moment.gone),
        )

    def shape(events: dict[str, Event], shift: int) -> list[tuple[object, ...]]:
        return sorted(
            (e.kind, e.span.start - shift, e.span.end - shift, e.entity_ids, e.zone or "", e.confidence)
            for e in events.values()
        )

    grid = Grid(stream_id=STREAM, length=GRID.length, overlap=0, recipe="test")
    moved = EventMaker(STREAM, grid, LAYOUT, size=(640, 400))
    assert shape(run([later(m) for m in told], moved)[0], by) == shape(run(told)[0], 0)


@SLOW
@given(stories())
def test_who_rests_starts_or_goes_and_zones_are_entered_before_they_are_left(told: list[Moment]) -> None:
    events = run(told)[0].values()
    for start in (e for e in events if e.kind == "started"):
        assert any(
            e.kind == "stopped"
            and e.entity_ids == start.entity_ids
            and e.span.end == max(start.span.start, e.span.start + 1)
            for e in events
        )
    appeared = [e.entity_ids[0] for e in events if e.kind == "appeared"]
    assert len(appeared) == len(set(appeared))
    assert all(e.span.duration >= micros(1.9) for e in events if e.kind == "dwelled")


def test_memory_stays_bounded_on_a_long_stream() -> None:
    one = maker(LAYOUT, size=(640, 400))
    sizes = []
    for hour in range(4):
        for i in range(60):
            name, base = f"h{hour}w{i}", (hour * 60 + i) * 10.0
            walk = Walk(name=name, path=[(base, 0, 200), (base + 4, 320, 200), (base + 8, 640, 200)])
            times = [micros(base + j / 2) for j in range(19)]
            for moment in moments([walk], times):
                one.update(moment)
        one.flush(micros((hour + 1) * 600), final=False)
        one.relations(micros((hour + 1) * 600), final=False)
        sizes.append(len(pickle.dumps(one)))
    assert max(sizes) < 1.2 * sizes[0]


def test_what_is_never_heard_of_again_is_forgotten() -> None:
    one = maker(LAYOUT)
    walk = Walk(name="a", path=[(0, 200, 200)], stays=True, from_start=True)
    for moment in moments([walk], [micros(i / 2) for i in range(20)]):
        one.update(moment)
    silent = [Moment(at=micros(10 + i)) for i in range(1, 200)]
    for moment in silent:
        one.update(moment)
    events = one.flush(micros(300), final=False)
    assert [e.open for e in events if e.kind == "stopped"] == [False]
