"""The hybrid retriever over the plain memory: what it finds, in which order, and how it says that it did."""

from __future__ import annotations

import itertools

import pytest

from core.memory import Link, Query, Want
from core.ports import Memory
from core.work import quiet
from graph.embed import fill, spoken, vectors_of
from graph.plain.store import MemoryStore
from graph.retrieve import Way, retrieve
from helpers.observations import YARD, caption, entity, event, observation
from models.embed_words import WordEmbedder
from models.fakes_ask import FakeEmbedder

ANN = entity(1, "person", 0, 30, upper="red")
TRUCK = entity(2, "forklift", 0, 90, colour="yellow")
BACK = entity(4, "person", 5, 9, stream=YARD, upper="red")
ANYTHING = Query(want=Want.EVENTS)


@pytest.fixture
def store() -> Memory:
    store = MemoryStore()
    store.write(
        observation(
            0,
            ANN, TRUCK,
            event("near_miss", 5, 6, TRUCK, ANN, zone="aisle 3"), event("dwelled", 20, 30, ANN, zone="dock"),
            event("stopped", 80, 90, TRUCK), caption(0, "A yellow forklift brakes hard."),
        )
    )  # fmt: skip
    store.write(observation(0, BACK, event("appeared", 5, 9, BACK, stream=YARD), stream=YARD))
    fill(store, WordEmbedder(), progress=quiet)
    return store


def shown(hits: list) -> list[str]:  # type: ignore[type-arg]
    return [getattr(hit.fact, "kind", "caption") for hit in hits]


def test_what_words_and_meaning_both_find_comes_first(store: Memory) -> None:
    hits = retrieve(store, ANYTHING, "near misses in the aisle", embedder=WordEmbedder())
    assert hits[0].fact.id == event("near_miss", 5, 6, TRUCK, ANN, zone="aisle 3").id
    assert hits[0].ways[:2] == [Way.WORDS, Way.MEANING]
    assert all(a.score >= b.score for a, b in itertools.pairwise(hits))


def test_what_shares_no_whole_word_is_found_by_its_vector(store: Memory) -> None:
    hits = retrieve(store, ANYTHING, "fork-lifts", embedder=WordEmbedder(), around=False)
    assert sorted(shown(hits)[:3]) == ["caption", "near_miss", "stopped"]
    assert hits[0].ways == [Way.MEANING]
    assert retrieve(store, ANYTHING, "fork-lifts", embedder=None) == []


def test_neighbours_come_after_what_was_asked_for_and_say_so(store: Memory) -> None:
    hits = retrieve(
        store, Query(want=Want.EVENTS, kinds=("near_miss", "dwelled", "stopped")), "miss", embedder=None
    )
    assert shown(hits) == ["near_miss", "dwelled", "stopped"]
    assert hits[1].ways == [Way.WITH, Way.BESIDE]
    assert hits[2].ways == [Way.WITH]
    assert [hit.direct for hit in hits] == [True, False, False]


def test_the_same_thing_elsewhere_is_a_neighbour_once_it_is_known_to_be_the_same(store: Memory) -> None:
    def elsewhere() -> list[str]:
        return [
            hit.fact.id
            for hit in retrieve(store, ANYTHING, "dwelled", embedder=None)
            if hit.fact.stream_id == YARD
        ]

    assert elsewhere() == []
    link = Link(one=ANN.id, other=BACK.id, score=0.9, source="test")
    store.link([link])
    assert elsewhere() == [event("appeared", 5, 9, BACK, stream=YARD).id]


def test_nothing_outside_the_bounds_is_found(store: Memory) -> None:
    for bounds in (
        Query(want=Want.EVENTS, streams=(YARD,)),
        Query(want=Want.EVENTS, entities=(BACK.id,)),
        Query(want=Want.EVENTS, kinds=("appeared",)),
    ):
        hits = retrieve(store, bounds, "red person forklift", embedder=WordEmbedder())
        assert shown(hits) == ["appeared"]


def test_captions_are_left_out_where_a_kind_is_asked_for(store: Memory) -> None:
    assert "caption" in shown(retrieve(store, ANYTHING, "brakes hard", embedder=None))
    assert (
        shown(retrieve(store, Query(want=Want.EVENTS, kinds=("stopped",)), "brakes hard", embedder=None))
        == []
    )


def test_only_so_many_are_given(store: Memory) -> None:
    assert len(retrieve(store, ANYTHING, "red person", embedder=WordEmbedder(), limit=2)) == 2


def test_what_an_observation_says_is_embedded_with_the_looks_of_those_who_were_there_before() -> None:
    store, told = MemoryStore(), FakeEmbedder(dim=4)
    store.write(observation(0, ANN))
    later = observation(1, event("left", 12, 13, ANN), caption(1, "Nobody."))
    vectors = vectors_of(later, store, told)
    assert {vector.of for vector in vectors} == {later.events[0].id, later.captions[0].id}
    by_fact = {vector.of: vector.row for vector in vectors}
    said = spoken(later.events[0], [ANN])
    assert "person" in said
    assert float(told.embed([said])[0] @ by_fact[later.events[0].id]) == pytest.approx(1.0, abs=0.01)


def test_a_memory_is_filled_once_and_then_has_nothing_left_to_embed() -> None:
    store = MemoryStore()
    for index in range(30):
        store.write(observation(index, caption(index, f"scene {index}"), event("appeared", index * 10, None)))
    assert fill(store, WordEmbedder(), progress=quiet) == 60
    assert fill(store, WordEmbedder(), progress=quiet) == 0
    assert store.models() == {"words:1": 60}
