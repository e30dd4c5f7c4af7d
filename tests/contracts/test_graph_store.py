"""What every memory promises, whichever it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import SECOND, Span
from core.errors import Invalid
from core.memory import CaptionStatus, CoverageState, Found, Observation, Query, Want
from core.ports import Memory
from graph.plain.store import MemoryStore
from graph.rows import kept
from helpers.memories import Make, everything, written
from helpers.observations import (
    YARD,
    caption,
    coverage,
    entity,
    event,
    histories,
    observation,
    observations,
    queries,
    relation,
    track,
)

SOME = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


ANN = entity(1, "person", 2, 14, name="Ann", upper="red")
TRUCK = entity(2, "forklift", 0, 30, colour="yellow", speed=1.5)
CAR = entity(3, "car", 40, 50, colour="red")


@pytest.fixture
def dock(store: Memory) -> Memory:
    """A short afternoon at the dock."""
    store.write(
        observation(
            0,
            ANN, TRUCK, track(1, 2, 10), track(2, 0, 10, label="forklift"),
            event("appeared", 2, None, ANN), event("near_miss", 5, 6, TRUCK, ANN, zone="aisle 3"),
            relation(ANN, "near", TRUCK, 4, 7), caption(0, "A forklift passes a woman in red."),
            coverage(0, 10),
        )
    )  # fmt: skip
    store.write(
        observation(
            1,
            track(1, 10, 14), event("left", 14, None, ANN, side="right"), event("stopped", 12, 75, TRUCK, zone="dock"),
            caption(1, "Nobody is here.", model="other 2"), coverage(10, 16), coverage(16, 20, CoverageState.GATED),
        )
    )  # fmt: skip
    store.write(observation(4, CAR, event("appeared", 40, None, CAR, speed=3.0)))
    return store


def kinds(found: Found) -> list[str]:
    return [e.kind for e in found.events]


def test_what_is_written_is_found(store: Memory) -> None:
    one = observation(
        3, ANN, TRUCK, track(1, 31, 38), event("stopped", 31, 33, ANN, zone="a", colour="red", height=1.5, open=True),
        relation(ANN, "near", TRUCK, 31, 32), caption(3, "Zwölf Boxen.", status=CaptionStatus.UNPARSED),
        coverage(30, 35), coverage(35, 40, CoverageState.FAILED),
    )  # fmt: skip
    store.write(one)
    found = everything(store)
    assert found[Want.CHUNKS].chunks == (one.chunk,)
    assert found[Want.TRACKS].tracks == one.tracks
    assert sorted(found[Want.ENTITIES].entities, key=lambda e: e.id) == sorted(
        one.entities, key=lambda e: e.id
    )
    assert found[Want.EVENTS].events == one.events
    assert found[Want.RELATIONS].relations == one.relations
    assert found[Want.CAPTIONS].captions == one.captions
    assert found[Want.COVERAGE].coverage == one.coverage


@SOME
@given(one=observations())
def test_any_observation_comes_back_as_it_was(make: Make, one: Observation) -> None:
    store = written(make, [one])
    found = everything(store)
    assert {e.id: e for e in found[Want.EVENTS].events} == {e.id: e for e in one.events}
    assert {e.id: e for e in found[Want.ENTITIES].entities} == {e.id: e for e in one.entities}
    assert {r.id: r for r in found[Want.RELATIONS].relations} == {r.id: r for r in one.relations}
    assert found[Want.CAPTIONS].captions == one.captions
    assert sorted(found[Want.COVERAGE].coverage, key=repr) == sorted(one.coverage, key=repr)
    tracks = {t.id: replace(t, points=tuple(kept(p) for p in t.points)) for t in one.tracks}
    assert {t.id: t for t in found[Want.TRACKS].tracks} == tracks


@SOME
@given(history=histories(), again=st.randoms(use_true_random=False))
def test_writing_twice_is_writing_once_whenever(make: Make, history: list[Observation], again) -> None:  # type: ignore[no-untyped-def]
    once = everything(written(make, history))
    twice = written(make, history)
    repeats = again.sample(history, k=len(history) // 2 + len(history) % 2)
    for one in repeats:
        twice.write(one)
    assert everything(twice) == once


@SOME
@given(history=histories(), order=st.randoms(use_true_random=False))
def test_the_order_of_writing_does_not_matter(make: Make, history: list[Observation], order) -> None:  # type: ignore[no-untyped-def]
    mixed = list(history)
    order.shuffle(mixed)
    text = Query(want=Want.EVENTS, text="person red dock stopping")
    one, other = written(make, history), written(make, mixed)
    assert everything(one) == everything(other)
    assert one.find(text) == other.find(text)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), asked=st.lists(queries(), min_size=6, max_size=10))
def test_every_memory_answers_as_the_plain_one_does(
    make_other: Make, history: list[Observation], asked: list[Query]
) -> None:
    plain, store = written(MemoryStore, history), written(make_other, history)
    for query in asked:
        assert store.find(query) == plain.find(query)


@SOME
@given(history=histories(), hops=st.integers(0, 3), numbers=st.lists(st.integers(1, 4), max_size=2))
def test_every_memory_walks_as_the_plain_one_does(
    make_other: Make, history: list[Observation], hops: int, numbers: list[int]
) -> None:
    ids = [entity(n).id for n in numbers] + [e.id for one in history for e in one.events][:1] + ["nobody"]
    plain, store = written(MemoryStore, history), written(make_other, history)
    assert store.around(ids, hops) == plain.around(ids, hops)


def test_the_word_of_the_later_chunk_stands_and_its_evidence_replaces(store: Memory) -> None:
    begun = event("stopped", 8, 10, TRUCK, zone="dock", open=True)
    ended = replace(
        begun, span=Span(begun.span.start, 23 * SECOND), open=False, evidence=event("x", 22).evidence
    )
    store.write(observation(0, TRUCK, begun))
    store.write(observation(2, replace(TRUCK, attributes={"colour": "white"}), ended))
    store.write(observation(0, TRUCK, begun))
    assert store.find(Query(want=Want.EVENTS)).events == (ended,)
    assert store.find(Query(want=Want.ENTITIES)).entities[0].attributes == {"colour": "white"}
    assert store.find(Query(want=Want.EVENTS, text="white")).events == (ended,)
    assert store.find(Query(want=Want.EVENTS, text="yellow")).events == ()


def test_a_track_is_joined_from_all_its_chunks(dock: Memory) -> None:
    (found,) = dock.find(Query(want=Want.TRACKS, entities=(ANN.id,))).tracks
    assert found.span == Span.of_seconds(2, 14)
    assert [p.at for p in found.points] == [round(s * SECOND / 2) for s in range(4, 28)]


def test_where_chunks_overlap_the_later_one_has_the_word_on_a_moment(store: Memory) -> None:
    early, late = track(1, 8, 11), track(1, 9, 12)
    store.write(observation(1, late))
    store.write(observation(0, early))
    (found,) = store.find(Query(want=Want.TRACKS)).tracks
    assert [p.at / SECOND for p in found.points] == [8, 8.5, 9, 9.5, 10, 10.5, 11, 11.5]
    assert found.points[2:] == late.points


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(want=Want.EVENTS), ["appeared", "near_miss", "stopped", "left", "appeared"]),
        (Query(want=Want.EVENTS, streams=(YARD,)), []),
        (Query(want=Want.EVENTS, kinds=("left", "near_miss")), ["near_miss", "left"]),
        (Query(want=Want.EVENTS, zones=("dock",)), ["stopped"]),
        (Query(want=Want.EVENTS, labels=("forklift",)), ["near_miss", "stopped"]),
        (Query(want=Want.EVENTS, labels=("person",), attributes={"colour": "yellow"}), []),
        (Query(want=Want.EVENTS, labels=("forklift",), attributes={"colour": "yellow"}), ["near_miss", "stopped"]),
        (Query(want=Want.EVENTS, attributes={"side": "right", "upper": "red"}), ["left"]),
        (Query(want=Want.EVENTS, attributes={"speed": 3.0}), ["appeared"]),
        (Query(want=Want.EVENTS, attributes={"speed": "3.0"}), []),
        (Query(want=Want.EVENTS, entities=(ANN.id,), limit=2), ["appeared", "near_miss"]),
        (Query(want=Want.EVENTS, ids=(event("left", 14, None, ANN).id,)), ["left"]),
        (Query(want=Want.EVENTS, limit=0), []),
        (Query(want=Want.EVENTS, span=Span.of_seconds(60, 70)), ["stopped"]),
    ],
)  # fmt: skip
def test_each_bound_of_a_query_narrows(dock: Memory, query: Query, expected: list[str]) -> None:
    assert kinds(dock.find(query)) == expected


def test_spans_are_half_open(dock: Memory) -> None:
    def during(start: int, end: int) -> list[str]:
        return kinds(dock.find(Query(want=Want.EVENTS, span=Span(start, end))))

    assert during(6 * SECOND, 12 * SECOND) == []
    assert during(6 * SECOND - 1, 12 * SECOND) == ["near_miss"]
    assert during(6 * SECOND, 12 * SECOND + 1) == ["stopped"]
    assert during(75 * SECOND, 99 * SECOND) == []
    assert during(75 * SECOND - 1, 99 * SECOND) == ["stopped"]


_DAY_S = 86_400
_LASTS = (60, 61, 3600, 3601, _DAY_S, _DAY_S + 1, 40 * _DAY_S)
"""Seconds, at and past where a store may file what lasts long under another heading."""


@pytest.mark.parametrize("lasts", _LASTS)
def test_what_lasts_however_long_is_found_up_to_its_last_moment(store: Memory, lasts: int) -> None:
    began = 50 * _DAY_S
    end = began + lasts
    one, other = entity(7, "forklift", began, end), entity(8, "person", began, end)
    held = event("stopped", began, end, one)
    near = relation(one, "near", other, began, end)
    chunk = began // 10
    store.write(observation(chunk, one, other, track(7, began, began + 9), held, near, coverage(began, end)))
    last, after = Span(end * SECOND - 1, end * SECOND), Span(end * SECOND, end * SECOND + 1)
    middle = Span.of_seconds(began + lasts // 2, began + lasts // 2 + 1)
    for want in (Want.EVENTS, Want.ENTITIES, Want.RELATIONS, Want.COVERAGE):
        for span in (middle, last):
            assert store.find(Query(want=want, span=span)) == store.find(Query(want=want)) != Found(), want
            assert store.find(Query(want=want, span=span, limit=9)) == store.find(Query(want=want)), want
        assert store.find(Query(want=want, span=after)) == Found(), want


def test_entities_are_found_by_what_they_took_part_in_then_and_there(dock: Memory) -> None:
    def who(**bounds: object) -> set[str]:
        return {e.label for e in dock.find(Query(want=Want.ENTITIES, **bounds)).entities}  # type: ignore[arg-type]

    assert who(kinds=("near_miss",)) == {"person", "forklift"}
    assert who(kinds=("appeared",)) == {"person", "car"}
    assert who(kinds=("appeared",), span=Span.of_seconds(0, 10)) == {"person"}
    assert who(kinds=("appeared",), span=Span.of_seconds(10, 20)) == set()
    assert who(zones=("dock",)) == {"forklift"}
    assert who(kinds=("near_miss",), zones=("dock",)) == set()


def test_relations_are_found_by_predicate_and_by_either_end(dock: Memory) -> None:
    for bounds in ({"kinds": ("near",)}, {"entities": (TRUCK.id,)}, {"labels": ("person",)}):
        (found,) = dock.find(Query(want=Want.RELATIONS, **bounds)).relations  # type: ignore[arg-type]
        assert (found.subject, found.object) == (ANN.id, TRUCK.id)
    assert dock.find(Query(want=Want.RELATIONS, entities=(CAR.id,))) == Found()


def test_any_word_matches_and_more_words_come_first(store: Memory) -> None:
    for index, text in enumerate(
        ("a dog", "a red car", "blue pallet boxes", "the red forklift", "rain falls", "cats")
    ):
        store.write(observation(index, caption(index, text)))
    found = store.find(Query(want=Want.CAPTIONS, text="red forklifts")).captions
    assert [c.text for c in found] == ["the red forklift", "a red car"]
    assert len(store.find(Query(want=Want.CAPTIONS, text="red forklifts", limit=1)).captions) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("forklift", {"near_miss", "stopped"}),
        ("Forklifts!", {"near_miss", "stopped"}),
        ("stopping", {"stopped"}),
        ("near", {"near_miss"}),
        ("ann", {"appeared", "near_miss", "left"}),
        ("aisle", {"near_miss"}),
        ("right", {"left"}),
        ('forklift" OR zone:*', {"near_miss", "stopped"}),
        ("NEAR(ann left, 2) AND NOT (", {"appeared", "near_miss", "left"}),
        ("-^*\"'();--", set()),
        ("the of", set()),
        ("xylophone", set()),
    ],
)
def test_events_are_found_by_kind_place_and_the_looks_of_who_took_part(
    dock: Memory, text: str, expected: set[str]
) -> None:
    assert set(kinds(dock.find(Query(want=Want.EVENTS, text=text, span=Span.of_seconds(0, 30))))) == expected


def test_an_event_is_found_by_the_looks_of_one_who_is_described_later(store: Memory) -> None:
    store.write(observation(0, event("stopped", 1, 2, CAR)))
    assert store.find(Query(want=Want.EVENTS, text="car")) == Found()
    store.write(observation(1, CAR))
    assert kinds(store.find(Query(want=Want.EVENTS, text="car"))) == ["stopped"]
    store.write(observation(2, replace(CAR, label="truck")))
    assert store.find(Query(want=Want.EVENTS, text="car")) == Found()


def test_coverage_of_a_chunk_is_replaced_when_it_is_looked_at_again(store: Memory) -> None:
    store.write(observation(0, coverage(0, 10, CoverageState.FAILED)))
    store.write(observation(1, coverage(10, 20)))
    store.write(observation(0, coverage(0, 10)))
    states = [c.state for c in store.find(Query(want=Want.COVERAGE)).coverage]
    assert states == [CoverageState.LOOKED, CoverageState.LOOKED]


def test_around_walks_edge_by_edge(dock: Memory) -> None:
    none = dock.around([ANN.id], 0)
    assert (none.entities, none.events, none.relations) == ((ANN,), (), ())
    one = dock.around([ANN.id], 1)
    assert sorted(kinds(one)) == ["appeared", "left", "near_miss"]
    assert {e.label for e in one.entities} == {"person", "forklift"}
    assert len(one.relations) == 1
    assert "stopped" in kinds(dock.around([ANN.id], 2))
    assert dock.around(["nobody"], 3) == Found()


def test_an_observation_that_cannot_be_kept_is_refused_whole(store: Memory) -> None:
    for bad in (event("stopped", 1, 2, speed=float("nan")), event("stopped", 1, 2, stream=YARD)):
        with pytest.raises(Invalid):
            store.write(observation(0, ANN, bad))
    assert all(found == Found() for found in everything(store).values())


def test_a_limit_below_zero_is_refused(store: Memory) -> None:
    with pytest.raises(Invalid, match="limit"):
        store.find(Query(want=Want.EVENTS, limit=-1))


def test_text_that_no_encoding_can_write_is_kept_as_far_as_it_can_be(store: Memory) -> None:
    store.write(observation(0, caption(0, "half a \ud83d smile, and a \x00 in it")))
    assert [c.text for c in store.find(Query(want=Want.CAPTIONS, text="smile")).captions] == [
        "half a ? smile, and a \x00 in it"
    ]


def test_many_ids_may_be_asked_for_at_once(dock: Memory) -> None:
    ids = tuple(f"ev_{n}" for n in range(5000)) + tuple(
        e.id for e in dock.find(Query(want=Want.EVENTS)).events
    )
    assert len(dock.find(Query(want=Want.EVENTS, ids=ids)).events) == 5


def test_changing_what_was_given_changes_nothing_stored(store: Memory) -> None:
    given_attributes: dict[str, str | float] = {"colour": "red"}
    store.write(observation(0, replace(CAR, attributes=given_attributes)))
    given_attributes["colour"] = "blue"
    store.find(Query(want=Want.ENTITIES)).entities[0].attributes["colour"] = "green"
    assert store.find(Query(want=Want.ENTITIES)).entities[0].attributes == {"colour": "red"}
