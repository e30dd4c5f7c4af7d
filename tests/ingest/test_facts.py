"""Typed facts: what parses enters the memory under the model's name, what does not is a gap and never 'nothing happened'."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.clock import SECOND, Span
from core.media import Frame
from core.memory import CaptionStatus, CoverageState, Observation
from core.place import Box
from graph.plain.store import MemoryStore
from helpers.observations import chunk, entity, track
from ingest.captions.caption import caption, showing, with_told
from ingest.captions.tags import drawn, tags_of
from models.fakes_ask import FakeVlm

PERSON = entity(1, "person", 10, 20)
CAR = entity(2, "car", 11, 20)
SEEN = Observation(
    chunk=chunk(1),
    entities=(replace(PERSON, tracks=(track(1, 10, 20).id,)), replace(CAR, tracks=(track(2, 11, 20).id,))),
    tracks=(track(1, 10, 20), track(2, 11, 20, label="car")),
)


def frames(count: int = 4) -> list[Frame]:
    return [
        Frame(at=(12 + n) * SECOND, picture=np.full((120, 160, 3), 80, np.uint8), scale=2.0)
        for n in range(count)
    ]


def fact(**given: Any) -> dict[str, Any]:
    return {"text": "something", "pictures": [0], "kind": "object", **given}


def said(*facts: Any, summary: str = "A person and a car.", **more: Any) -> str:
    return json.dumps({"summary": summary, "facts": list(facts), **more})


def learn(*facts: Any) -> Observation:
    return with_told(SEEN, caption(SEEN, frames(), FakeVlm([said(*facts)])))


def test_marks_are_numbered_by_when_visits_began_and_lie_on_their_things() -> None:
    tags = tags_of(SEEN, frames())
    assert [(m.number, m.entity_id, m.label) for m in tags] == [(1, PERSON.id, "person"), (2, CAR.id, "car")]
    assert tags[0].boxes[12 * SECOND] == Box(14.0, 20.0, 34.0, 80.0)


def test_a_frame_is_drawn_on_a_copy_and_left_alone_without_marks() -> None:
    (frame,) = frames(1)
    picture = drawn(frame, tags_of(SEEN, [frame]))
    assert (frame.picture == 80).all()
    assert (picture != 80).any()
    assert (picture[:, 60:] == 80).all(), "only where the boxes and numbers are"
    assert drawn(frame, ()) is frame.picture


def test_the_model_is_told_which_number_is_on_what() -> None:
    asked = showing(SEEN, frames()).ask
    assert "1 person, 2 car" in asked.prompt
    assert asked.stream == SEEN.chunk.stream_id


def test_what_is_fixed_is_the_same_for_every_chunk() -> None:
    one, other = (showing(seen, frames(n)).ask for seen, n in ((SEEN, 4), (Observation(chunk=chunk(7)), 1)))
    assert (one.system, one.schema) == (other.system, other.schema)
    assert one.prompt != other.prompt


def test_facts_become_events_of_the_marked_thing_with_the_models_name_as_source() -> None:
    learned = learn(
        fact(
            kind="attribute", text="It is red.", value="colour: red", tag=2, pictures=[1, 2], confidence=0.8
        ),
        fact(kind="action", text="The person pushes the car.", value="pushes", tag=1, other=2, pictures=[3]),
        fact(kind="text", text="A sign reads EXIT.", value="EXIT"),
        fact(kind="safety", text="No helmet.", value="no helmet", tag=1, confidence=1.0),
    )
    colour, action, text, hazard = learned.events
    assert (colour.kind, colour.source, colour.confidence) == ("described", "fake-vlm:1", 0.8)
    assert (colour.attributes["colour"], colour.entity_ids) == ("red", (CAR.id,))
    assert colour.span == Span(13 * SECOND, 14 * SECOND + 1), "the decoder's moments of pictures 1 and 2"
    assert [e.at for e in colour.evidence] == [13 * SECOND, 14 * SECOND]
    assert colour.evidence[0].box is not None
    assert (action.kind, action.attributes["what"], action.entity_ids) == (
        "action",
        "pushes",
        (PERSON.id, CAR.id),
    )
    assert (text.kind, text.attributes["text"], text.participants) == ("text_seen", "EXIT", ())
    assert (hazard.kind, hazard.confidence) == ("hazard", 0.9), "its own word is no measurement"
    assert learned.coverage == ()


def test_a_relation_of_two_marks_holds_between_their_entities() -> None:
    (relation,) = learn(fact(kind="relation", value="is next to", tag=1, other=2, pictures=[0, 3])).relations
    assert (relation.subject, relation.predicate, relation.object) == (PERSON.id, "next_to", CAR.id)
    assert (relation.source, relation.valid) == ("fake-vlm:1", Span(12 * SECOND, 15 * SECOND + 1))


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (fact(tag=3), "a tag that was not drawn"),
        (fact(pictures=[9]), "no picture that was shown"),
        (fact(pictures=[]), "no picture that was shown"),
        (fact(kind="rumour"), "should be one of"),
        (fact(confidence=7), "between 0 and 1"),
        ("a car", "should be object"),
    ],
)
def test_a_fact_that_cannot_be_used_is_a_gap_and_costs_the_others_nothing(bad: Any, why: str) -> None:
    learned = learn(fact(kind="object", value="a red car", tag=2), bad)
    assert [e.attributes["what"] for e in learned.events] == ["a red car"]
    assert learned.captions[0].status is CaptionStatus.OK
    (gap,) = learned.coverage
    assert (gap.state, gap.by, gap.span) == (CoverageState.UNTOLD, "fake-vlm:1", SEEN.chunk.span)
    assert gap.reason.startswith("1 of 2 facts could not be used")
    assert why in gap.reason


@pytest.mark.parametrize(
    "raw", ["There is a red car.", said(fact(), summary="I'm sorry, but I can't help with that.")]
)
def test_a_caption_that_cannot_be_read_is_a_gap_and_teaches_nothing(raw: str) -> None:
    learned = with_told(SEEN, caption(SEEN, frames(), FakeVlm([raw])))
    assert (learned.captions[0].status, learned.captions[0].text) == (CaptionStatus.UNPARSED, raw)
    assert (learned.events, learned.relations) == ((), ())
    assert [gap.state for gap in learned.coverage] == [CoverageState.UNTOLD]


def test_a_models_words_make_no_event_that_rules_are_written_for() -> None:
    kinds = {event.kind for event in learn(*(fact(kind=kind, value="near_miss", tag=1) for kind in
                                             ("object", "action", "safety"))).events}  # fmt: skip
    assert kinds == {"described", "action", "hazard"}


def test_what_was_told_later_adds_to_the_chunk_and_takes_nothing_from_it() -> None:
    store = MemoryStore()
    store.write(SEEN)
    before = next(iter(store.observations()))
    store.write(learn(fact(kind="object", value="a red car", tag=2)))
    after = next(iter(store.observations()))
    assert (after.tracks, after.entities, after.chunk) == (before.tracks, before.entities, before.chunk)
    assert [e.kind for e in after.events] == ["described"]
    assert len(after.captions) == 1


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        (said(fact()), 0),
        (said(fact(), look_closer=True), 1),
        (said(fact(kind="safety")), 1),
        (said(fact(confidence=0.2)), 1),
        ("no JSON", 1),
    ],
)
def test_a_dearer_model_looks_only_at_what_the_first_flagged(first: str, asked: int) -> None:
    deep = FakeVlm([said(fact(value="a forklift"))], name="dear:1")
    told = caption(SEEN, frames(), FakeVlm([first]), deep=deep)
    assert len(deep.asked) == asked
    assert [t.caption.model for t in told] == ["fake-vlm:1", "dear:1"][: 1 + asked]
    if asked:
        assert deep.asked[0].use == "deep"
        assert [e.source for e in told[1].events] == ["dear:1"]
