"""What changed on a day, over every memory: counted by the store, by the time looked at, and only what is notable."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core import ids
from core.clock import SECOND, Span
from core.ids import ChunkId, EventId, StreamId
from core.media import Chunk, Stream
from core.memory import Coverage, CoverageState, Event, Evidence, Observation
from core.place import Layout, Zone
from core.ports import Memory
from graph.changes import CHANCE, changes, split_chance
from graph.plain.store import MemoryStore

HOUR = 3600 * SECOND
START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
GATE: StreamId = ids.stream_id("gate")
ZONES = Layout(zones=(Zone(name="dock", kind="dock", polygon=((0, 0), (9, 0), (9, 9))),))
STREAM = Stream(id=GATE, name="gate", source="g", shown_source="g", started_at=START, layout=ZONES)
TODAY = date(2026, 3, 10)


def hour(day: int, at: int, *, looked: bool = True, stream: StreamId = GATE, **kinds: int) -> Observation:
    """One hour of a day since the start, in one chunk: so many events of each kind, those of `stopped` at the dock."""
    start = (day * 24 + at) * HOUR
    chunk_id = ChunkId(ids.derive("ch", stream, start))
    whole = Span(start, start + HOUR)
    events = tuple(
        Event(
            id=EventId(ids.derive("ev", stream, kind, start, n)),
            stream_id=stream,
            kind=kind,
            span=Span.at(start + n * SECOND),
            zone="dock" if kind == "stopped" else None,
            evidence=(Evidence(chunk_id=chunk_id, at=start + n * SECOND),),
        )
        for kind, count in kinds.items()
        for n in range(count)
    )
    state = CoverageState.LOOKED if looked else CoverageState.FAILED
    return Observation(
        chunk=Chunk(id=chunk_id, stream_id=stream, index=day * 24 + at, span=whole),
        events=events,
        coverage=(Coverage(stream_id=stream, span=whole, state=state, looked_for=("person",)),),
    )


def usual(store: Memory, *, days: range = range(8), at: tuple[int, ...] = (9, 10)) -> None:
    """Two stops at the dock and three arrivals in these hours of each day."""
    for day in days:
        for each in at:
            store.write(hour(day, each, stopped=2, appeared=3))


def test_what_happened_far_more_often_is_told_with_its_hour_and_events(store: Memory) -> None:
    usual(store)
    store.write(hour(8, 9, stopped=14, appeared=3))
    store.write(hour(8, 10, stopped=2, appeared=3))
    found = changes(store, [STREAM], TODAY)
    first = found.changes[0]
    assert (first.zone, first.kind, first.hour, first.count, first.expected, first.days) == (
        "dock", "stopped", 9, 14, 2.0, 8,
    )  # fmt: skip
    assert first.chance < CHANCE
    assert {c.kind for c in found.changes} == {"stopped"}
    assert len(first.examples) == 5
    assert all(e.span.start // HOUR == 8 * 24 + 9 for e in first.examples)
    assert found.unlooked == ()


def test_an_hour_nobody_looked_at_is_not_fewer(store: Memory) -> None:
    usual(store)
    store.write(hour(8, 9, stopped=2, appeared=3))
    store.write(hour(8, 10, looked=False))
    found = changes(store, [STREAM], TODAY)
    assert found.changes == ()
    assert found.unlooked == (10,)


def test_what_no_longer_happens_is_told_with_what_used_to(store: Memory) -> None:
    for day in range(9):
        store.write(hour(day, 9, stopped=0 if day == 8 else 12, appeared=3))
    (change,) = changes(store, [STREAM], TODAY).changes
    assert (change.kind, change.count, change.expected) == ("stopped", 0, 12.0)
    assert {e.span.start // HOUR for e in change.examples} == {7 * 24 + 9}


def test_what_is_as_uneven_on_other_days_is_no_news(store: Memory) -> None:
    for day, count in enumerate((2, 20, 1, 3, 18, 2, 0, 2, 15)):
        store.write(hour(day, 9, stopped=count))
    assert changes(store, [STREAM], TODAY).changes == ()


def test_too_few_days_are_no_baseline(store: Memory) -> None:
    usual(store, days=range(6, 8))
    store.write(hour(8, 9, stopped=30))
    assert changes(store, [STREAM], TODAY).compared == 0


def test_twice_the_cameras_see_twice_as_much(store: Memory) -> None:
    other = Stream(
        id=ids.stream_id("yard"), name="yard", source="y", shown_source="y", started_at=START, layout=ZONES
    )
    for day in range(9):
        store.write(hour(day, 9, stopped=10))
    store.write(hour(8, 9, stopped=10, stream=other.id))
    assert changes(store, [STREAM, other], TODAY).changes == ()


def test_the_hours_are_those_of_the_time_zone(store: Memory) -> None:
    usual(store)
    store.write(hour(8, 9, stopped=14))
    berlin = changes(store, [STREAM], TODAY, zone=ZoneInfo("Europe/Berlin"))
    assert berlin.changes[0].hour == 10
    ahead = Stream(id=GATE, name="gate", source="g", shown_source="g", started_at=START + timedelta(hours=20))
    assert changes(store, [ahead], TODAY + timedelta(days=1)).changes[0].hour == 5


def test_a_stream_without_a_clock_is_left_out(store: Memory) -> None:
    usual(store)
    store.write(hour(8, 9, stopped=14))
    timeless = Stream(id=GATE, name="gate", source="g", shown_source="g")
    assert changes(store, [timeless], TODAY).compared == 0


def test_where_nothing_changed_hardly_anything_is_told() -> None:
    told = 0
    for seed in range(6):
        dice, store = random.Random(seed), MemoryStore()
        for day in range(9):
            for at in range(8, 14):
                store.write(hour(day, at, stopped=_poisson(dice, 3.0), appeared=_poisson(dice, 8.0)))
        told += len(changes(store, [STREAM], TODAY).changes)
    assert told <= 1


def _poisson(dice: random.Random, mean: float) -> int:
    count, at = 0, dice.expovariate(mean)
    while at < 1:
        count, at = count + 1, at + dice.expovariate(mean)
    return count


@pytest.mark.parametrize(
    ("count", "others", "share", "chance"),
    [(5, 5, 0.5, 1.0), (10, 0, 0.5, 2 / 1024), (0, 10, 0.5, 2 / 1024), (1, 0, 0.1, 0.2)],
)
def test_the_chance_is_that_of_a_binomial_split(count: int, others: int, share: float, chance: float) -> None:
    assert split_chance(count, others, share) == pytest.approx(chance)
