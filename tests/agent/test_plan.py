"""What the planner reads in a question."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.grammar import Asked, playable, read_bound
from agent.lexicon import colour_likeness, colours_in, heading_in, heading_of
from agent.plan import plan
from core.clock import SECOND, Span, micros
from core.ids import stream_id
from core.media import Stream
from core.place import Layout, Line, Zone

MINUTE = 60 * SECOND


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("How many trucks came in?", Asked.COUNT),
        ("What is the total number of shoppers?", Asked.COUNT),
        ("What colour is the van?", Asked.COLOUR),
        ("Which color was the bus?", Asked.COLOUR),
        ("Which way does the cyclist go?", Asked.DIRECTION),
        ("When does the forklift stop?", Asked.WHEN),
        ("At what time did the dog appear?", Asked.WHEN),
        ("How long does the man wait at the counter?", Asked.DURATION),
        ("In what order do the vehicles arrive?", Asked.ORDER),
        ("Where is the bicycle?", Asked.WHERE),
        ("Where do the workers leave?", Asked.SIDE),
        ("Which side did the forklift come from?", Asked.SIDE),
        ("What happens after 20 s?", Asked.HAPPENS),
        ("Is anyone in the aisle?", Asked.WHETHER),
        ("Which vehicle enters last?", Asked.WHICH),
    ],
)
def test_what_is_asked(text: str, asked: Asked) -> None:
    assert plan(text).asked is asked


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("What happens between 60 s and 120 s?", 60, 120),
        ("What happens from 1:00 to 2:00?", 60, 120),
        ("Who is there during the first 16.9 s?", 0, 16.9),
        ("Who is there in the last 6 s?", 294, 300),
        ("Who is there in the last 2 minutes?", 180, 300),
        ("Who comes after 10 s?", 10, 300),
        ("Who comes before 1 min?", 0, 60),
        ("Who comes in the first half?", 0, 150),
        ("Who comes in the second half?", 150, 300),
        ("Who comes in the last quarter?", 225, 300),
        ("What colour is the car at about 3.5-4 s?", 3.5, 4),
    ],
)
def test_time_phrases(text: str, start: float, end: float) -> None:
    bound = read_bound(text)
    assert bound is not None
    assert bound.within(300 * SECOND) == Span(micros(start), micros(end))


@pytest.mark.parametrize(
    "text", ["Who is there at 9 s?", "Who is there at about 0:09?", "Who passes around 9 seconds?"]
)
def test_a_moment_gives_some_slack_on_both_sides(text: str) -> None:
    bound = read_bound(text)
    assert bound is not None
    span = bound.within(MINUTE)
    assert span is not None
    assert micros(9) in span
    assert span.duration < 3 * SECOND


@pytest.mark.parametrize(
    "text",
    [
        "How many people pass?",
        "How many of the 8 cars are white?",
        "What colour is the second car?",
        "Who comes first?",
    ],
)
def test_no_time_phrase(text: str) -> None:
    assert read_bound(text) is None


def test_a_wall_time_is_read_where_the_beginning_is_known() -> None:
    begun = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
    bound = read_bound("What happened at 14:05 UTC?", wall=True)
    assert bound is not None
    span = bound.within(3600 * SECOND, begun)
    assert span is not None
    assert 5 * MINUTE in span
    between = read_bound("Who came between 14:10 and 14:20 UTC?", wall=True)
    assert between is not None
    assert between.within(3600 * SECOND, begun) == Span(10 * MINUTE, 20 * MINUTE)


def test_subjects_and_their_families() -> None:
    assert plan("How many shoppers are there?").subject.labels == ("person",)  # type: ignore[union-attr]
    assert "truck" in plan("How many vehicles pass?").subject.labels  # type: ignore[union-attr]
    assert plan("What moved?").subject.labels == ()  # type: ignore[union-attr]
    unknown = plan("How many flamingos are there?")
    assert unknown.subject is None
    assert unknown.unknown == ("flamingos",)


def test_attributes_sides_and_ordinals() -> None:
    found = plan("What colour is the second red car that leaves to the left?")
    assert (found.colours, found.left, found.ordinal) == (("red",), ("left",), 2)
    assert plan("How many people enter at the bottom?").entered == ("bottom",)
    assert plan("How many cars drive from right to left?").heading == {"left"}
    assert plan("How many people are on the left?").place == ("left",)
    assert plan("Which truck comes last?").ordinal == -1
    assert plan("What is the largest number of cars at once?").grouping == "at_once"
    assert plan("What colour are the woman's trousers?").part == "lower"


def test_zones_and_lines_are_known_by_name_and_by_kind() -> None:
    square = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))
    layout = Layout(
        zones=(
            Zone(name="aisle_3", polygon=square, kind="aisle"),
            Zone(name="bay", polygon=square, kind="dock"),
        ),
        lines=(Line(name="stop-line", start=(0, 0), end=(9, 9)),),
    )
    stream = Stream(id=stream_id("a"), name="a", source="a", shown_source="a", layout=layout)
    assert plan("Who entered aisle 3?", [stream]).zones == ("aisle_3",)
    assert plan("Who waits in the aisle?", [stream]).zones == ("aisle_3",)
    assert plan("How many cars cross the stop line?", [stream]).zones == ("stop-line",)
    assert plan("How many cars cross the road?", [stream]).zones == ()
    assert plan("What is in the aisle at the end?", [stream]).unknown == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("When does the truck stop?", "stopped"),
        ("Was there a near-miss?", "near_miss"),
        ("Which bag was left behind?", "object_left"),
        ("Which bottle is taken away first?", "object_removed"),
        ("Did anyone fall?", "fell"),
        ("How long did he wait?", "dwelled"),
    ],
)
def test_verbs_name_kinds_of_event(text: str, kind: str) -> None:
    assert plan(text).kinds[0] == kind


def test_ways_of_moving() -> None:
    assert heading_in("From left to right") == {"right"}
    assert heading_in("Away from the camera, towards the left") == {"away", "left"}
    assert heading_in("Towards the camera, leaving at the bottom right") == {"towards", "down", "right"}
    assert heading_in("They stand still") == {"still"}
    assert heading_of("towards-left") == {"towards", "left"}
    assert heading_of("left_to_right") == {"right"}


def test_colours_and_their_neighbours() -> None:
    assert colours_in("Silver-blue") == ("silver", "blue")
    assert colours_in("a dark grey SUV") == ("dark grey",)
    assert colours_in("an orange fruit") == ()
    assert colour_likeness("silver", "grey") > colour_likeness("silver", "red") == 0


@given(start=st.integers(0, 10**9), length=st.integers(1, 10**9), whole=st.integers(1, 2 * 10**9))
def test_a_citation_is_playable_and_stays_inside(start: int, length: int, whole: int) -> None:
    span = Span(start, start + length)
    if start >= whole:
        return
    cut = Span(start, min(start + length, whole))
    shown = playable(span, whole)
    assert 0 <= shown.start < shown.end <= whole
    assert shown.duration >= min(SECOND, whole)
    assert shown.start <= cut.start
    assert shown.end >= cut.end


@given(st.text(max_size=200).filter(lambda t: t.strip()))
def test_any_text_gives_a_plan(text: str) -> None:
    assert plan(text).text == text
    assert str(plan(text))
