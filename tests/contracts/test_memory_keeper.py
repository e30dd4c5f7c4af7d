"""What is promised of every memory as a whole: counting, putting together, forgetting, copying, vectors."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import SECOND, Span
from core.errors import Invalid
from core.memory import HAND, Aggregation, By, Found, Link, Observation, Query, Scope, Want
from core.ports import Memory
from graph.plain.store import MemoryStore
from helpers.memories import Make, everything, written
from helpers.observations import (
    DOCK,
    YARD,
    aggregations,
    caption,
    coverage,
    entity,
    event,
    histories,
    links,
    observation,
    relation,
    scopes,
    track,
    vector,
)

SOME = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])

ANN = entity(1, "person", 2, 14, name="Ann", upper="red")
TRUCK = entity(2, "forklift", 0, 30, colour="yellow")
CAR = entity(3, "car", 40, 50, colour="red")
BACK = entity(4, "person", 5, 9, stream=YARD, upper="red")


@pytest.fixture
def dock(store: Memory) -> Memory:
    """An afternoon at the dock, and a visit to the yard."""
    store.write(
        observation(
            0,
            ANN, TRUCK, track(1, 2, 10), track(2, 0, 10, label="forklift"),
            event("appeared", 2, None, ANN), event("near_miss", 5, 6, TRUCK, ANN, zone="aisle 3"),
            relation(ANN, "near", TRUCK, 4, 7), caption(0, "A forklift passes."), coverage(0, 10),
            vector(ANN.id, 1, 0, 0), vector(TRUCK.id, 0, 1, 0),
        )
    )  # fmt: skip
    store.write(
        observation(
            1,
            track(1, 10, 14),
            event("left", 14, None, ANN),
            event("stopped", 12, 75, TRUCK, zone="dock"),
            caption(1, "Nobody is here."),
            coverage(10, 20),
        )
    )
    store.write(observation(4, CAR, track(3, 40, 50, label="car"), event("appeared", 40, None, CAR)))
    store.write(
        observation(
            0, BACK, event("appeared", 5, None, BACK, stream=YARD), vector(BACK.id, 0.9, 0.1, 0), stream=YARD
        )
    )
    return store


# ---- likeness --------------------------------------------------------------------------------------------------


def test_what_is_alike_is_found_the_nearest_first_inside_the_other_bounds(dock: Memory) -> None:
    like = vector("", 1, 0, 0)
    found = dock.find(Query(want=Want.ENTITIES, like=like)).entities
    assert [e.id for e in found] == [ANN.id, BACK.id, TRUCK.id]
    vectors = dock.find(Query(want=Want.ENTITIES, like=like)).vectors
    assert vectors == (vector(ANN.id, 1, 0, 0), vector(BACK.id, 0.9, 0.1, 0), vector(TRUCK.id, 0, 1, 0))
    assert dock.find(Query(want=Want.ENTITIES)).vectors == ()
    assert dock.find(Query(want=Want.ENTITIES, like=like, streams=(YARD,))).entities == (BACK,)
    assert dock.find(Query(want=Want.ENTITIES, like=like, limit=1)).entities == (ANN,)
    assert dock.find(Query(want=Want.ENTITIES, like=replace(like, model="other"))) == Found()
    assert dock.find(Query(want=Want.EVENTS, like=like)) == Found()


def test_a_vector_of_another_length_is_refused(dock: Memory) -> None:
    with pytest.raises(Invalid, match="numbers"):
        dock.mark([vector(ANN.id, 1, 0)])
    with pytest.raises(Invalid, match="numbers"):
        dock.find(Query(want=Want.ENTITIES, like=vector("", 1, 0)))
    before = everything(dock)
    with pytest.raises(Invalid, match="numbers"):
        dock.write(observation(5, CAR, vector(CAR.id, 1, 0)))
    assert everything(dock) == before


def test_words_and_likeness_at_once_are_refused(store: Memory) -> None:
    with pytest.raises(Invalid, match="both"):
        store.find(Query(want=Want.EVENTS, text="red", like=vector("", 1, 0, 0)))


def test_the_later_word_brings_its_own_vectors_or_none(store: Memory) -> None:
    like = Query(want=Want.ENTITIES, like=vector("", 1, 0, 0))
    store.write(observation(1, ANN, vector(ANN.id, 1, 0, 0)))
    store.write(observation(0, ANN, vector(ANN.id, 0, 1, 0)))
    assert store.find(like).entities == (ANN,)
    store.write(observation(2, ANN))
    assert store.find(like) == Found()
    assert store.models() == {}


def test_vectors_of_another_model_are_added_while_the_first_still_answer(dock: Memory) -> None:
    assert dock.models() == {"test:1": 3}
    unmarked = dock.unmarked(Want.ENTITIES, "test:1", 10)
    assert unmarked.entities == (CAR,)
    assert [e.id for e in dock.unmarked(Want.ENTITIES, "new", 2).entities] == [TRUCK.id, ANN.id]
    dock.mark([vector(e.id, 1, 0, model="new") for e in dock.unmarked(Want.ENTITIES, "new", 10).entities])
    dock.mark([vector("en_nobody", 1, 0, model="new")])
    assert dock.unmarked(Want.ENTITIES, "new", 10) == Found()
    assert dock.models() == {"test:1": 3, "new": 4}
    assert len(dock.find(Query(want=Want.ENTITIES, like=vector("", 1, 0, 0))).entities) == 3
    assert dock.unmark("test:1") == 3
    assert dock.find(Query(want=Want.ENTITIES, like=vector("", 1, 0, 0))) == Found()
    assert dock.models() == {"new": 4}
    with pytest.raises(Invalid, match="vectors"):
        dock.unmarked(Want.CHUNKS, "new", 1)


# ---- counting --------------------------------------------------------------------------------------------------


def test_the_store_counts_and_measures(dock: Memory) -> None:
    (all_of_it,) = dock.aggregate(Aggregation(query=Query(want=Want.EVENTS)))
    assert (all_of_it.key, all_of_it.count) == ((), 6)
    by_kind = dock.aggregate(Aggregation(query=Query(want=Want.EVENTS, streams=(DOCK,)), by=(By.KIND,)))
    assert [(g.key, g.count) for g in by_kind] == [
        (("appeared",), 2), (("left",), 1), (("near_miss",), 1), (("stopped",), 1),
    ]  # fmt: skip
    assert by_kind[3].duration == 63 * SECOND
    assert by_kind[0].span == Span(2 * SECOND, 40 * SECOND + 1)
    top = dock.aggregate(Aggregation(query=Query(want=Want.EVENTS), by=(By.LABEL,), top=1))
    assert [(g.key, g.count) for g in top] == [(("person",), 4)]


def test_a_long_fact_counts_with_its_part_in_the_span(dock: Memory) -> None:
    query = Query(want=Want.EVENTS, kinds=("stopped",), span=Span.of_seconds(60, 90))
    (group,) = dock.aggregate(Aggregation(query=query))
    assert group.duration == 15 * SECOND


def test_hours_are_those_of_the_wall_clock_where_it_is_known(dock: Memory) -> None:
    noon = 12 * 3600 * SECOND
    asked = Aggregation(
        query=Query(want=Want.EVENTS, streams=(DOCK,)),
        by=(By.HOUR, By.ZONE),
        shift={DOCK: noon - 10 * SECOND},
    )
    found = {group.key: group.count for group in dock.aggregate(asked)}
    assert found == {(11, ""): 1, (11, "aisle 3"): 1, (12, ""): 2, (12, "dock"): 1}


def test_nothing_gives_no_group(store: Memory) -> None:
    assert store.aggregate(Aggregation(query=Query(want=Want.EVENTS))) == ()


@pytest.mark.parametrize(
    "asked",
    [
        Aggregation(query=Query(want=Want.CHUNKS)),
        Aggregation(query=Query(want=Want.EVENTS, text="red")),
        Aggregation(query=Query(want=Want.EVENTS, limit=3)),
        Aggregation(query=Query(want=Want.EVENTS), by=(By.KIND, By.KIND)),
        Aggregation(query=Query(want=Want.EVENTS), top=-1),
        Aggregation(query=Query(want=Want.EVENTS), shift={DOCK: -1}),
    ],
)
def test_what_cannot_be_counted_is_refused(store: Memory, asked: Aggregation) -> None:
    with pytest.raises(Invalid):
        store.aggregate(asked)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), asked=st.lists(aggregations(), min_size=3, max_size=6))
def test_every_memory_counts_as_the_plain_one_does(
    make_other: Make, history: list[Observation], asked: list[Aggregation]
) -> None:
    plain, store = written(MemoryStore, history), written(make_other, history)
    for one in asked:
        assert store.aggregate(one) == plain.aggregate(one)


# ---- the same thing again --------------------------------------------------------------------------------------


def test_who_is_the_same_is_one_edge_away_until_somebody_says_otherwise(dock: Memory) -> None:
    same = Link(one=BACK.id, other=ANN.id, score=0.8, source="resolve 1")
    dock.link([same, Link(one=ANN.id, other=entity(9).id, score=1, source=HAND)])
    assert dock.find(Query(want=Want.LINKS)).links == (same,)
    assert dock.find(Query(want=Want.LINKS, streams=(YARD,), entities=(ANN.id,), ids=(same.id,))).links == (
        same,
    )
    assert dock.find(Query(want=Want.LINKS, entities=(CAR.id,))) == Found()
    near = dock.around([BACK.id], 1)
    assert {e.id for e in near.entities} == {BACK.id, ANN.id}
    assert near.links == (same,)
    split = replace(same, same=False, score=1.0, source=HAND)
    dock.link([split])
    dock.link([replace(same, score=0.9)])
    assert dock.find(Query(want=Want.LINKS)).links == (split,)
    assert {e.id for e in dock.around([BACK.id], 1).entities} == {BACK.id}
    dock.link([replace(split, same=True)])
    assert {e.id for e in dock.around([BACK.id], 1).entities} == {BACK.id, ANN.id}


@SOME
@given(
    history=histories(), said=links(), hops=st.integers(0, 3), numbers=st.lists(st.integers(1, 4), max_size=2)
)
def test_every_memory_links_and_walks_as_the_plain_one_does(
    make_other: Make, history: list[Observation], said: list[Link], hops: int, numbers: list[int]
) -> None:
    ids = [entity(n).id for n in numbers]
    plain, store = written(MemoryStore, history, said), written(make_other, history, said)
    assert everything(store) == everything(plain)
    assert store.around(ids, hops) == plain.around(ids, hops)


# ---- forgetting ------------------------------------------------------------------------------------------------


@SOME
@given(history=histories(), said=links())
def test_forgetting_a_stream_leaves_nothing_of_it_and_all_of_the_others(
    make: Make, history: list[Observation], said: list[Link]
) -> None:
    store = written(make, history, said)
    before = everything(store, DOCK)
    vectors = sum(store.models().values())
    others = {want: everything(store, YARD)[want] for want in Want if want is not Want.LINKS}
    counts = dict(store.forget(Scope(streams=(DOCK,))).counts)
    assert counts.pop("vectors") == vectors - sum(store.models().values())
    assert counts == {want.value: len(getattr(before[want], want.value)) for want in Want}
    assert all(found == Found() for found in everything(store, DOCK).values())
    after = everything(store)
    assert {want: after[want] for want in others} == others
    only = everything(written(make, [o for o in history if o.chunk.stream_id == YARD], said))
    assert only == after
    text = Query(want=Want.EVENTS, text="person forklift car stopped left appeared near")
    assert all(e.stream_id == YARD for e in store.find(text).events)
    assert sum(store.forget(Scope(streams=(DOCK,))).counts.values()) == 0


def test_forgetting_a_span_takes_what_overlaps_it_and_every_mention_of_it(dock: Memory) -> None:
    gone = dock.forget(Scope(streams=(DOCK,), span=Span.of_seconds(0, 12))).counts
    assert {kind: n for kind, n in gone.items() if n} == {
        "chunks": 2, "captions": 2, "coverage": 2, "tracks": 2, "entities": 2, "events": 2, "relations": 1, "vectors": 2,
    }  # fmt: skip
    left = everything(dock, DOCK)
    assert [e.kind for e in left[Want.EVENTS].events] == ["stopped", "left", "appeared"]
    assert [e.id for e in left[Want.ENTITIES].entities] == [CAR.id]
    stopped = left[Want.EVENTS].events[0]
    assert (stopped.participants, stopped.evidence) == ((), ())
    assert dock.find(Query(want=Want.EVENTS, text="forklift")) == Found()


def test_forgetting_an_entity_takes_its_tracks_and_its_part_in_what_happened(dock: Memory) -> None:
    dock.link([Link(one=ANN.id, other=BACK.id, score=0.5, source="resolve 1")])
    gone = dock.forget(Scope(entities=(ANN.id,))).counts
    assert {kind: n for kind, n in gone.items() if n} == {
        "entities": 1, "tracks": 1, "events": 2, "relations": 1, "links": 1, "vectors": 1,
    }  # fmt: skip
    (near_miss,) = dock.find(Query(want=Want.EVENTS, kinds=("near_miss",))).events
    assert near_miss.entity_ids == (TRUCK.id,)
    assert dock.find(Query(want=Want.EVENTS, text="ann")) == Found()


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), said=links(), scope=scopes())
def test_every_memory_forgets_as_the_plain_one_does(
    make_other: Make, history: list[Observation], said: list[Link], scope: Scope
) -> None:
    plain, store = written(MemoryStore, history, said), written(make_other, history, said)
    assert store.forget(scope) == plain.forget(scope)
    assert everything(store) == everything(plain)
    assert store.models() == plain.models()
    text = Query(want=Want.EVENTS, text="person red dock near")
    assert store.find(text) == plain.find(text)


# ---- copying ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), said=links(), scope=st.none() | scopes())
def test_a_memory_written_from_another_s_observations_is_the_same(
    make: Make, history: list[Observation], said: list[Link], scope: Scope | None
) -> None:
    one = written(make, history, said)
    if scope is not None:
        one.forget(scope)
    copy = written(MemoryStore, one.observations(), one.find(Query(want=Want.LINKS)).links)
    back = written(make, copy.observations(), copy.find(Query(want=Want.LINKS)).links)
    assert everything(copy) == everything(one) == everything(back)
    assert copy.models() == one.models() == back.models()
    like = Query(want=Want.EVENTS, like=vector("", 1, 2, 0))
    assert copy.find(like) == one.find(like)
    assert list(back.observations()) == list(one.observations())
    dock = [o for o in one.observations() if o.chunk.stream_id == DOCK]
    assert list(one.observations([DOCK])) == dock
