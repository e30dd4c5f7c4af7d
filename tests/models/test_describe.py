"""The describer: plain sentences that say what the observation says, and no more."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND, Span
from core.memory import EVENT_KINDS, Coverage, CoverageState, Entity, Event, Observation
from core.ports import Ask
from helpers.observations import DOCK, chunk, entity, event
from models.describe import MOST_SENTENCES, Describer, describe


def coverage(state: CoverageState, reason: str = "") -> Coverage:
    return Coverage(stream_id=DOCK, span=Span(0, 10 * SECOND), state=state, by="motion:1", reason=reason)


def told(*events: Event, entities: tuple[Entity, ...] = (), index: int = 0) -> str:
    return describe(Observation(chunk=chunk(index), entities=entities, events=events))


CAR = entity(1, "car", 0, 10, colour="red")
PERSON = entity(2, "person", 0, 10, upper="orange")
OTHER = entity(3, "person", 0, 10, upper="orange")


def test_a_visit_with_a_stop_is_one_sentence_with_times() -> None:
    words = told(
        event("appeared", 1, None, CAR, side="left"),
        event("stopped", 2, 8, CAR, zone="dock"),
        event("started", 8, None, CAR, zone="dock"),
        event("left", 9, None, CAR, side="right"),
        entities=(CAR,),
    )
    assert words == (
        "Between 0:00 and 0:10: a red car. "
        "The red car enters from the left at 0:01, stops for 6 s in dock at 0:02 and leaves at the right at 0:09."
    )


def test_the_same_looks_are_told_apart() -> None:
    words = told(
        event("appeared", 1, None, PERSON), event("appeared", 2, None, OTHER), entities=(PERSON, OTHER)
    )
    assert words == (
        "Between 0:00 and 0:10: two people. A person in orange enters at 0:01. Another person in orange enters at 0:02."
    )


def test_what_is_urgent_comes_first_and_names_both() -> None:
    words = told(
        event("appeared", 1, None, PERSON), event("near_miss", 4, 5, CAR, PERSON), entities=(CAR, PERSON)
    )
    assert (
        "The red car has a near miss with the person in orange at 0:04. The person in orange enters" in words
    )


def test_a_rest_that_goes_on_is_told_as_such() -> None:
    words = told(event("stopped", 2, 10, CAR, open=True), entities=(CAR,))
    assert "stops for 8 s and longer at 0:02" in words
    later = told(event("stopped", 2, 20, CAR, open=True), entities=(entity(1, "car", 0, 20),), index=1)
    assert "since 0:02" in later


@pytest.mark.parametrize("state", [CoverageState.LOOKED, CoverageState.GATED])
def test_nothing_moved_says_so(state: CoverageState) -> None:
    words = describe(Observation(chunk=chunk(), coverage=(coverage(state),)))
    assert words == "Between 0:00 and 0:10 nothing is seen to move."


def test_what_could_not_be_looked_at_is_never_called_quiet() -> None:
    words = describe(
        Observation(chunk=chunk(), coverage=(coverage(CoverageState.FAILED, "the file is torn"),))
    )
    assert "the file is torn" in words
    assert "nothing" not in words


def test_who_is_there_without_doing_anything() -> None:
    assert told(entities=(CAR,)) == "Between 0:00 and 0:10: a red car; nothing happens."


def test_it_does_not_pretend_to_see_pictures() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    schema = {"type": "object"}
    asks = [
        Ask(prompt="what is this?", pictures=(picture,)),
        Ask(prompt="hm?", schema=schema),
        Ask(prompt="hm?"),
    ]
    replies = Describer().ask(asks)
    assert all("cannot look at pictures" in r.problem and not r.text and r.data is None for r in replies)


@pytest.mark.parametrize(
    ("kind", "zone", "words"),
    [
        ("camera_covered", None, "The camera is covered for 3 s at 0:02."),
        ("camera_moved", None, "The camera moves at 0:02."),
        ("shelf_empty", "shelf 2", "Shelf 2 is empty for 3 s at 0:02."),
        ("possession", None, "The person of the red team has the ball for 3 s at 0:02."),
        ("goal", None, "The person of the red team scores at 0:02."),
        ("on_road", None, "The person of the red team is on the road for 3 s at 0:02."),
    ],
)
def test_plain_words_for_what_happens_on_pitches_roads_and_to_cameras(
    kind: str, zone: str | None, words: str
) -> None:
    player = entity(7, "person", 0, 10, team="red", upper="red")
    assert told(event(kind, 2, 5, player, zone=zone), entities=(player,)).endswith(words)


def test_a_pass_names_who_gets_it_and_what_was_read_is_said() -> None:
    sender, taker = entity(8, "person", 0, 10, team="red"), entity(9, "person", 0, 10, team="blue")
    words = told(event("pass", 2, 3, sender, taker), entities=(sender, taker))
    assert "of the red team passes the ball to a person of the blue team" in words.replace(
        "the person", "a person"
    )
    assert "a white van AB 12" in told(entities=(entity(5, "van", 0, 9, colour="white", text="AB 12"),))
    assert "a lying person in grey" in told(entities=(entity(6, "person", 0, 9, upper="grey", pose="lying"),))


KINDS = st.sampled_from(
    [*EVENT_KINDS, "juggled", "goal", "camera_frozen", "ball_out", "on_road", "text_changed"]
)
WHO = (CAR, PERSON, OTHER, entity(4, "thing", 0, 10))


@st.composite
def happened(draw: st.DrawFn) -> Event:
    start = draw(st.integers(0, 9))
    who = draw(st.lists(st.sampled_from(WHO), max_size=2, unique_by=lambda who: who.id))
    end = draw(st.none() | st.integers(start + 1, 12))
    zone = draw(st.none() | st.sampled_from(["dock 2", "aisle"]))
    return event(draw(KINDS), start, end, *who, zone=zone)


@given(st.lists(happened(), max_size=12))
def test_any_chunk_gives_one_to_four_sentences_and_names_nothing_unheard_of(events: list[Event]) -> None:
    words = told(*events, entities=WHO)
    sentences = re.findall(r"[^.]+\.(?: |$)", words)
    assert 1 <= len(sentences) <= MOST_SENTENCES
    assert words.endswith(".")
    assert "None" not in words
    assert "{" not in words
    assert not re.search(r"[a-z]_[a-z]", words)
    if not any(e.zone == "aisle" for e in events):
        assert "aisle" not in words


@given(st.lists(happened(), max_size=12))
def test_no_event_is_dropped_without_a_word(events: list[Event]) -> None:
    words = told(*events, entities=WHO)
    hidden = re.search(r"(\d+) more events?\b", words)
    shown = len(re.findall(r"\b(?:at|since) \d+:\d\d", words))
    echoes = sum(e.kind == "started" for e in events)
    assert shown + (int(hidden[1]) if hidden else 0) >= len(events) - echoes
