"""The same thing again, over every memory: who is linked, who is one, and what a person says against it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.clock import SECOND, Span
from core.errors import Conflict, Invalid, NotFound
from core.ids import EntityId, StreamId
from core.media import Passage, Stream
from core.memory import HAND, Entity, Link, Observation, Query, Scope, Want
from core.ports import Ledger, Memory
from graph.identity import identity, known_as, merge, split
from graph.ledger import MemoryLedger
from graph.plain.store import MemoryStore
from graph.resolve import SOURCE, resolve
from graph.timeline import timeline
from helpers.memories import Make, written
from helpers.observations import DOCK, YARD, entity, event, links, observation, vector

FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RED, REDDISH, BLUE = (1.0, 0.05, 0.0), (1.0, 0.06, 0.01), (0.0, 0.1, 1.0)
COLOURS = "colours:1"


def stream(id: StreamId, name: str, started: datetime | None = NOON) -> Stream:
    return Stream(id=id, name=name, source=name, shown_source=name, started_at=started, duration=100 * SECOND)


def ledger_of(*streams: Stream) -> Ledger:
    ledger = MemoryLedger()
    for each in streams or (stream(DOCK, "dock"), stream(YARD, "yard")):
        ledger.put(each)
    return ledger


def visit(
    number: int, start: float, end: float, look: tuple[float, ...] = RED, *, stream: StreamId = DOCK, label: str = "person",
    **attributes: str | float,
) -> Observation:  # fmt: skip
    """Somebody's whole visit, in the chunk after its end."""
    who = entity(number, label, start, end, stream=stream, **attributes)
    return observation(int(end // 10) + 1, who, vector(who.id, *look, model=COLOURS), stream=stream)


def told(store: Memory, ledger: Ledger, *visits: Observation) -> set[tuple[EntityId, EntityId]]:
    """Writes and resolves in this order; the pairs that are then linked."""
    for each in visits:
        store.write(each)
        resolve(each, store=store, ledger=ledger)
    return linked(store)


def linked(store: Memory) -> set[tuple[EntityId, EntityId]]:
    return {(x.one, x.other) for x in store.find(Query(want=Want.LINKS)).links if x.same}


def pair(a: Observation, b: Observation) -> tuple[EntityId, EntityId]:
    one, other = sorted((a.entities[0].id, b.entities[0].id))
    return one, other


def id_of(one: Observation) -> EntityId:
    return one.entities[0].id


# ---- resolving -------------------------------------------------------------------------------------------------


def test_who_looks_the_same_a_while_later_is_the_same(store: Memory) -> None:
    first, again, other = visit(1, 0, 5), visit(2, 20, 25, REDDISH), visit(3, 30, 35, BLUE)
    assert told(store, ledger_of(), first, again, other) == {pair(first, again)}
    (link,) = store.find(Query(want=Want.LINKS)).links
    assert link.source == SOURCE
    assert link.score > 0.99


def test_on_another_stream_too_by_the_wall_clock(store: Memory) -> None:
    there, here = visit(1, 0, 5), visit(2, 20, 25, stream=YARD)
    assert told(store, ledger_of(), there, here) == {pair(there, here)}


def test_without_a_wall_clock_a_stream_is_compared_with_itself_alone(store: Memory) -> None:
    first, again, elsewhere = visit(1, 0, 5), visit(2, 20, 25), visit(3, 40, 45, stream=YARD)
    ledger = ledger_of(stream(DOCK, "dock", None), stream(YARD, "yard"))
    assert told(store, ledger, first, again, elsewhere) == {pair(first, again)}


def test_nobody_is_in_two_places_at_once(store: Memory) -> None:
    here, beside, there = visit(1, 0, 9), visit(2, 3, 8), visit(3, 4, 7, stream=YARD)
    assert told(store, ledger_of(), here, beside, there) == set()


def test_two_cameras_that_show_one_place_may_show_one_thing_at_once(store: Memory) -> None:
    here, there = visit(1, 0, 9), visit(2, 3, 8, stream=YARD)
    ledger = ledger_of()
    ledger.put(Passage(one=YARD, other=DOCK, together=True))
    assert told(store, ledger, here, there) == {pair(here, there)}


@pytest.mark.parametrize(("least", "same"), [(10, True), (30, False)])
def test_nobody_is_faster_than_the_way_between_two_streams(store: Memory, least: int, same: bool) -> None:
    here, there = visit(1, 0, 5), visit(2, 25, 30, stream=YARD)
    ledger = ledger_of()
    ledger.put(Passage(one=DOCK, other=YARD, least=least * SECOND))
    assert bool(told(store, ledger, here, there)) is same


def test_nobody_comes_in_on_the_left_who_just_went_out_on_the_right(store: Memory) -> None:
    gone = visit(1, 0, 5, left="right")
    at_once, later = visit(2, 7, 12, entered="left"), visit(3, 40, 45, entered="left")
    assert told(store, ledger_of(), gone, at_once) == set()
    assert told(MemoryStore(), ledger_of(), gone, later) == {pair(gone, later)}


def test_a_look_that_two_have_at_once_proves_nothing(store: Memory) -> None:
    ann, bob, later = visit(1, 0, 5), visit(2, 2, 7), visit(3, 30, 35)
    assert told(store, ledger_of(), ann, bob, later) == set()


def test_a_link_is_taken_back_when_somebody_else_turns_out_to_look_so(store: Memory) -> None:
    ann, later, bob = visit(1, 0, 5), visit(3, 30, 35), visit(2, 2, 7)
    ledger = ledger_of()
    assert told(store, ledger, ann, later) == {pair(ann, later)}
    assert told(store, ledger, bob) == set()


def test_the_same_plate_is_the_same_car_and_another_is_another(store: Memory) -> None:
    first = visit(1, 0, 5, label="car", text="B-AB 123")
    among = visit(2, 0, 6, label="car", text="M XY 9")
    again = visit(3, 80, 85, label="truck", text="bab123")
    assert told(store, ledger_of(), first, among, again) == {pair(first, again)}


def test_what_looks_like_all_others_of_its_kind_is_not_known_again(store: Memory) -> None:
    for label in ("pallet", "thing", "sports ball"):
        assert told(store, ledger_of(), visit(1, 0, 5, label=label), visit(2, 20, 25, label=label)) == set()


def test_a_person_is_no_car(store: Memory) -> None:
    assert told(store, ledger_of(), visit(1, 0, 5), visit(2, 20, 25, label="car")) == set()


def test_who_stays_is_asked_about_after_a_while_and_again_whenever_that_has_doubled(store: Memory) -> None:
    before = visit(1, 0, 5)
    told(store, ledger_of(), before)
    stays = [entity(2, "person", 20, end) for end in range(30, 110, 10)]
    asked = []
    for each in stays:
        chunk = observation(int(each.span.end / SECOND) // 10 - 1, each, vector(each.id, *RED, model=COLOURS))
        store.write(chunk)
        asked.append(bool(resolve(chunk, store=store, ledger=ledger_of())))
        store.link([Link(one=id_of(before), other=each.id, score=0.5, source=SOURCE, same=False)])
    assert asked == [True, True, False, True, False, False, True, False]


SHIFTS = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from([RED, REDDISH, BLUE]), st.sampled_from([DOCK, YARD])),
    min_size=2,
    max_size=7,
)


@FEW
@given(shift=SHIFTS, order=st.randoms(use_true_random=False))
def test_what_is_told_does_not_depend_on_the_order_and_twice_is_once(
    make: Make, shift: list[tuple[int, tuple[float, ...], StreamId]], order: random.Random
) -> None:
    visits = [visit(n, at, at + 5, look, stream=on) for n, (at, look, on) in enumerate(shift)]
    mixed = list(visits)
    order.shuffle(mixed)
    one, other = make(), make()
    assert told(one, ledger_of(), *visits) == told(other, ledger_of(), *mixed)
    before = one.find(Query(want=Want.LINKS))
    for each in visits:
        assert resolve(each, store=one, ledger=ledger_of()) == ()
    assert one.find(Query(want=Want.LINKS)) == before
    for a, b in linked(one):
        assert identity(one, a) == identity(one, b)


def test_what_a_person_said_no_program_changes(store: Memory) -> None:
    first, again = visit(1, 0, 5), visit(2, 20, 25)
    ledger = ledger_of()
    told(store, ledger, first, again)
    split(store, id_of(first))
    assert told(store, ledger, first, again) == set()
    third = visit(3, 50, 55)
    assert told(store, ledger, third) == set(), "it looks like both, who are not one"
    merge(store, id_of(first), [id_of(again)])
    assert told(store, ledger, third) == {pair(first, again), pair(first, third), pair(again, third)}


# ---- identity --------------------------------------------------------------------------------------------------

EVERYBODY = [entity(n, "person", 20 * n, 20 * n + 5, stream=on) for n in range(1, 5) for on in (DOCK, YARD)]


def everybody(make: Make, said: list[Link]) -> Memory:
    """All of `EVERYBODY`, one after another on either stream, and what is said of them."""
    one = [observation(9, *(e for e in EVERYBODY if e.stream_id == on), stream=on) for on in (DOCK, YARD)]
    return written(make, one, said)


@FEW
@given(said=st.lists(links(), max_size=4).map(lambda parts: [x for part in parts for x in part]))
def test_identity_is_the_same_from_every_side_and_split_proof(make: Make, said: list[Link]) -> None:
    store = everybody(make, said)
    groups = {e.id: identity(store, e.id) for e in EVERYBODY}
    for id, members in groups.items():
        assert id in members
        assert all(groups[other] == members for other in members)
    apart = [x for x in store.find(Query(want=Want.LINKS)).links if x.source == HAND and not x.same]
    assert all(x.other not in groups[x.one] for x in apart)


@FEW
@given(said=links(), two=st.permutations(EVERYBODY))
def test_a_split_stands_and_a_merge_takes_it_back(make: Make, said: list[Link], two: list[Entity]) -> None:
    who, other_one, *_ = two
    joined = Link(one=who.id, other=other_one.id, score=1.0, source="test")
    store = everybody(make, [*(replace(link, source="test") for link in said), joined])
    before = identity(store, who.id)
    assume(len(before) > 1)
    was = split(store, who.id).members
    assert was == before
    assert identity(store, who.id) == (who.id,)
    assert all(who.id not in identity(store, other) for other in before if other != who.id)
    merge(store, who.id, [other for other in was if other != who.id])
    assert set(identity(store, who.id)) >= set(before)


def test_who_is_the_same_as_nobody_cannot_be_split(make: Make) -> None:
    with pytest.raises(Conflict):
        split(everybody(make, []), EVERYBODY[0].id)


def test_one_may_be_split_from_one_of_many(make: Make) -> None:
    a, b, c = EVERYBODY[:3]
    strong, weak = (Link(one=a.id, other=o.id, score=s, source="test") for o, s in ((b, 0.9), (c, 0.8)))
    store = everybody(make, [strong, weak, Link(one=b.id, other=c.id, score=0.7, source="test")])
    assert set(identity(store, a.id)) == {a.id, b.id, c.id}
    split(store, a.id, [c.id])
    assert set(identity(store, a.id)) == {a.id, b.id}
    assert identity(store, c.id) == (c.id,)


def test_two_that_overlap_on_one_stream_are_not_brought_together_by_a_third(make: Make) -> None:
    a, b = entity(1, "person", 0, 9), entity(2, "person", 3, 8)
    c = entity(3, "person", 20, 25)
    store = written(
        make,
        [observation(3, a, b, c)],
        [
            Link(one=a.id, other=c.id, score=0.9, source="t"),
            Link(one=b.id, other=c.id, score=0.8, source="t"),
        ],
    )
    assert set(identity(store, c.id)) == {a.id, c.id}
    assert identity(store, b.id) == (b.id,)
    assert [x.score for x in known_as(store, a.id).links] == [0.9]


def test_who_is_not_there_can_be_put_together_with_nobody(make: Make) -> None:
    store = everybody(make, [])
    with pytest.raises(NotFound, match="en_nobody"):
        merge(store, EVERYBODY[0].id, [EntityId("en_nobody")])
    with pytest.raises(NotFound):
        split(store, EVERYBODY[0].id, [EntityId("en_nobody")])
    with pytest.raises(NotFound):
        identity(store, EntityId("en_nobody"))
    with pytest.raises(Invalid):
        merge(store, EVERYBODY[0].id, [EVERYBODY[0].id])


def test_a_forgotten_visit_is_nobodys(make: Make) -> None:
    a, b = EVERYBODY[:2]
    store = everybody(make, [Link(one=a.id, other=b.id, score=0.9, source="test")])
    store.forget(Scope(entities=(a.id,)))
    assert identity(store, b.id) == (b.id,)


# ---- timelines -------------------------------------------------------------------------------------------------


def test_a_timeline_runs_across_streams_by_the_wall_clock(store: Memory) -> None:
    here, there = entity(1, "person", 0, 30), entity(2, "person", 0, 9, stream=YARD)
    store.write(observation(0, here, event("appeared", 0, None, here), event("left", 30, None, here)))
    store.write(observation(0, there, event("stopped", 2, 4, there, stream=YARD), stream=YARD))
    store.link([Link(one=here.id, other=there.id, score=0.98, source=SOURCE)])
    streams = [stream(DOCK, "dock", NOON + timedelta(minutes=5)), stream(YARD, "yard")]
    found = timeline(store, streams, here.id)
    assert [e.kind for e in found.events] == ["stopped", "appeared", "left"]
    assert [v.id for v in found.visits] == [there.id, here.id]
    assert [x.score for x in found.links] == [0.98]
    without = timeline(store, [stream(DOCK, "dock"), stream(YARD, "yard", None)], here.id)
    assert [e.kind for e in without.events] == ["appeared", "left", "stopped"]
    assert found.visits[1].span == Span.of_seconds(0, 30)
