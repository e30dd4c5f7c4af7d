"""Questions of every kind over memories whose truth is known."""

from __future__ import annotations

import pytest

from agent.answer import answer
from core.answers import Answer, AnswerStatus, Question
from core.clock import Span, micros
from core.errors import NotFound
from core.place import Layout, Line, Zone
from helpers.scenes import Scene

UP, DOWN = ((320.0, 340.0), (320.0, 20.0)), ((320.0, 20.0), (320.0, 340.0))
RIGHT, LEFT = ((20.0, 200.0), (620.0, 200.0)), ((620.0, 200.0), (20.0, 200.0))


def ask(
    scene: Scene, text: str, *choices: str, streams: tuple[str, ...] = (), span: Span | None = None
) -> Answer:
    return answer(
        Question(text=text, choices=choices, streams=streams, span=span),
        store=scene.store,
        ledger=scene.ledger,
    )


def picked(scene: Scene, text: str, *choices: str) -> str:
    found = ask(scene, text, *choices)
    assert found.choice is not None
    assert not found.guess, found
    assert found.confidence > 1 / len(choices)
    assert found.citations
    return choices[found.choice]


@pytest.fixture
def lane() -> Scene:
    """A lane seen from above: white up, silver-blue down while red goes up, white down."""
    scene = Scene(name="lane", seconds=30, width=640, height=360)
    scene.visit("car", 4.4, 8.6, UP, colour="white", entered="bottom", left="top")
    scene.visit("car", 14.6, 18.3, DOWN, colour="blue", entered="top", left="bottom")
    scene.visit("car", 15.0, 18.8, UP, colour="red", entered="bottom", left="top")
    scene.visit("car", 25.2, 27.8, DOWN, colour="white", entered="top", left="bottom")
    return scene.kept()


@pytest.fixture
def hall() -> Scene:
    """A hall into which one, two, three people and one come from below; four leave to the left, three to the right."""
    scene = Scene(name="hall", seconds=49.6)
    turns = [(1.3, 6.5, "right"), (14.6, 20.0, "left"), (14.9, 20.5, "left"), (27.8, 33.2, "left"), (28.2, 34.3, "right"),
             (28.6, 34.4, "right"), (43.1, 46.5, "left")]  # fmt: skip
    for start, end, side in turns:
        path = ((320.0, 350.0), (20.0, 120.0) if side == "left" else (620.0, 120.0))
        scene.visit(
            "person", start, end, path, entered="bottom", left=side, direction=f"away-{side}", upper="blue"
        )
    return scene.kept()


def test_counts_distinct_visits_and_cites_each(lane: Scene) -> None:
    found = ask(lane, "How many cars pass in the whole clip?")
    assert found.status is AnswerStatus.ANSWERED
    assert found.text.startswith("Four cars passed")
    assert len(found.citations) == 4
    assert found.citations[0].span.start == micros(4.4)
    assert [s.name for s in found.steps] == ["plan", "look up", "compose"]


@pytest.mark.parametrize(
    ("question", "choices", "right"),
    [
        ("How many cars pass in the whole clip?", ("6", "3", "4", "2"), "4"),
        ("What is the largest number of cars visible at once?", ("1", "3", "2", "4"), "2"),
        ("What colour is the car that passes the blue car in the opposite direction?", ("White", "Red", "Green", "Black"), "Red"),
        ("In which direction does the first car drive?", ("From left to right", "From right to left", "From bottom to top", "From top to bottom"), "From bottom to top"),
        ("In which order do the cars appear?", ("Silver-blue, red, white, white", "White, white, red, silver-blue", "White, silver-blue, red, white", "Red, white, silver-blue, white"), "White, silver-blue, red, white"),
        ("How many cars drive from top to bottom?", ("2", "4", "1", "3"), "2"),
        ("About how long is the lane empty between the first car and the next one?", ("About 6 s", "About 1 s", "About 20 s", "About 12 s"), "About 6 s"),
        ("How many of the passing cars are white?", ("4", "2", "1"), "2"),
        ("What colour is the third car?", ("white", "blue", "red"), "red"),
        ("Which car comes last?", ("A white car", "A red car", "A black car"), "A white car"),
        ("At about what time does the red car appear?", ("About 5 s", "About 15 s", "About 25 s"), "About 15 s"),
        ("What happens during the first 4 s?", ("A car passes", "Nothing moves", "Two people talk"), "Nothing moves"),
        ("Is the lane ever empty between 9 s and 14 s?", ("Yes", "No"), "Yes"),
        ("Was a red car there?", ("Yes", "No"), "Yes"),
        ("Did any person walk by?", ("Yes", "No"), "No"),
        ("How many people appear?", ("0", "1", "2"), "0"),
        ("How much time passes between the first and the second car?", ("1 s", "10 s", "25 s"), "10 s"),
        ("How long after the first car does the second car appear?", ("1 s", "10 s", "25 s"), "10 s"),
        ("How many cars appear after the red car leaves?", ("0", "1", "3"), "1"),
        ("What colour is the car that comes before the red car appears?", ("white", "green"), "white"),
        ("Do more cars drive up or down?", ("Up", "Down", "The same number"), "The same number"),
        ("Does the first car drive up or down?", ("Up", "Down"), "Up"),
        ("Which car is in the picture longest?", ("A white car", "A red car", "A black car"), "A white car"),
        ("How long does it take the first car to cross the picture?", ("1 s", "4 s", "9 s"), "4 s"),
        ("What is the maximum number of cars seen together?", ("1", "2", "4"), "2"),
    ],
)  # fmt: skip
def test_lane(lane: Scene, question: str, choices: tuple[str, ...], right: str) -> None:
    assert picked(lane, question, *choices) == right


@pytest.mark.parametrize(
    ("question", "choices", "right"),
    [
        ("How many people walk through in all?", ("7", "4", "10", "5"), "7"),
        ("How many people leave to the left?", ("3", "7", "1", "4"), "4"),
        ("How many people leave to the right?", ("1", "0", "3", "5"), "3"),
        ("How large is the biggest group that enters together?", ("3", "2", "1", "5"), "3"),
        ("What happens between 35.5 s and 42.5 s?", ("Two people talk", "Nobody is in the room", "One person stands still", "A group of three walks through"), "Nobody is in the room"),
        ("In the group of three, how do they leave?", ("All to the right", "All to the left", "One to the left, two to the right", "Two to the left, one to the right"), "One to the left, two to the right"),
        ("Where do people enter the picture?", ("At the left", "At the right", "At the top", "At the bottom"), "At the bottom"),
        ("Where does the last person leave?", ("At the left", "At the right"), "At the left"),
        ("How many people are in the room at 0:30?", ("0", "3", "5"), "3"),
        ("How many people came in the first half?", ("3", "6", "1"), "3"),
    ],
)  # fmt: skip
def test_hall(hall: Scene, question: str, choices: tuple[str, ...], right: str) -> None:
    assert picked(hall, question, *choices) == right


def test_an_empty_stretch_that_was_looked_at_is_not_seen_and_cited(hall: Scene) -> None:
    found = ask(hall, "How many people walk through between 36 s and 42 s?")
    assert found.status is AnswerStatus.NOT_SEEN
    assert found.citations
    assert all(c.span.overlaps(Span.of_seconds(36, 42)) for c in found.citations)


def test_a_stretch_nobody_looked_at_is_not_covered() -> None:
    scene = Scene(name="gap", seconds=60, unlooked=((20, 40),))
    scene.visit("person", 2, 6, RIGHT)
    scene.kept()
    inside = ask(scene, "Was there a person between 22 s and 35 s?")
    assert inside.status is AnswerStatus.NOT_COVERED
    assert not inside.citations
    partly = ask(scene, "Did anyone pass between 10 s and 50 s?")
    assert partly.status is AnswerStatus.NOT_COVERED
    assert "0:20.0–0:40.0" in partly.text
    assert ask(scene, "Was there a person between 45 s and 55 s?").status is AnswerStatus.NOT_SEEN
    assert ask(scene, "Was there a person in the first 10 s?").status is AnswerStatus.ANSWERED


def test_a_time_after_the_end_is_not_covered(hall: Scene) -> None:
    found = ask(hall, "What happens at 3:20?")
    assert found.status is AnswerStatus.NOT_COVERED
    assert "ends at 0:49.6" in found.text


def test_a_subject_nobody_looks_for_is_unsupported_and_says_what_is(lane: Scene) -> None:
    found = ask(lane, "How many flamingos are there?")
    assert found.status is AnswerStatus.UNSUPPORTED
    assert "flamingos" in found.text
    assert "person" in found.text
    guessed = ask(lane, "Which brand is on the banner?", "Alpha", "Beta", "Gamma", "Delta")
    assert guessed.guess
    assert guessed.choice is not None
    assert guessed.confidence <= 0.25


def test_unnamed_things_stand_in_for_cars_with_less_certainty(lane: Scene) -> None:
    scene = Scene(name="motion", seconds=30, looked_for=("thing",))
    scene.visit("thing", 4, 8, UP, colour="white")
    scene.visit("thing", 15, 18, DOWN, colour="red")
    scene.kept()
    found = ask(scene, "How many cars pass?", "1", "2", "5")
    assert found.choice == 1
    assert "moving things that have no name" in found.text
    assert found.confidence < ask(lane, "How many cars pass?", "2", "4", "9").confidence


def test_an_unknown_stream_names_the_known_ones(lane: Scene) -> None:
    with pytest.raises(NotFound, match="lane"):
        ask(lane, "How many cars?", streams=("attic",))


def test_an_empty_memory_says_so() -> None:
    found = ask(Scene(), "How many cars?")
    assert found.status is AnswerStatus.NOT_COVERED
    assert "watch" in found.text


def test_zones_lines_and_kinds_of_event() -> None:
    aisle = Zone(name="aisle_3", polygon=((0, 0), (320, 0), (320, 360), (0, 360)), kind="aisle")
    gate = Line(name="gate", start=(320, 0), end=(320, 360))
    scene = Scene(name="dock", seconds=60, layout=Layout(zones=(aisle,), lines=(gate,)))
    worker = scene.visit("person", 5, 30, RIGHT, upper="orange", lower="black")
    truck = scene.visit("truck", 12, 50, LEFT, colour="yellow")
    scene.event("entered_zone", 6, None, worker, zone="aisle_3")
    scene.event("dwelled", 6, 18.5, worker, zone="aisle_3")
    scene.event("crossed_line", 19, None, worker, zone="gate")
    scene.event("crossed_line", 33, None, truck, zone="gate")
    near = scene.event("near_miss", 21, 22.5, truck, worker)
    scene.event("stopped", 36, 47, truck)
    scene.kept()
    assert picked(scene, "When did somebody enter aisle 3?", "At 0:06", "At 0:26", "At 0:46") == "At 0:06"
    assert (
        picked(scene, "How long did the person stay in the aisle?", "2 seconds", "12 seconds", "40 s")
        == "12 seconds"
    )
    assert picked(scene, "How many people crossed the gate?", "0", "1", "3") == "1"
    assert picked(scene, "How many times was the gate crossed?", "0", "1", "2") == "2"
    assert picked(scene, "Was there a near miss?", "Yes", "No") == "Yes"
    assert (
        picked(scene, "For how long does the truck stop?", "About 3 s", "About 11 s", "About 30 s")
        == "About 11 s"
    )
    assert picked(scene, "What colour are the worker's trousers?", "Red", "Black", "White") == "Black"
    assert picked(scene, "What colour is the worker's vest?", "Red", "Black", "Orange") == "Orange"
    told = ask(scene, "When was there a near miss?")
    assert told.citations[0].event_id == near.id
    assert "0:21.0" in told.text
    assert ask(scene, "Did anyone fall?").status is AnswerStatus.NOT_SEEN


def test_over_several_streams_counts_add_up_and_each_is_named(lane: Scene) -> None:
    other = Scene(name="street", seconds=20, store=lane.store, ledger=lane.ledger)
    other.visit("car", 3, 6, RIGHT, colour="black")
    other.kept()
    found = ask(lane, "How many cars pass?")
    assert found.text.startswith("Five cars in all (in lane, four cars passed; in street, one car passed): ")
    assert {c.stream for c in found.citations} == {"lane", "street"}
    assert ask(lane, "How many cars pass?", streams=("street",)).text.startswith("One car")


def test_a_scene_of_a_long_recording_bounds_the_question() -> None:
    scene = Scene(name="long", seconds=60)
    scene.visit("car", 5, 9, RIGHT, colour="red")
    scene.visit("car", 35, 39, RIGHT, colour="white")
    scene.visit("car", 42, 46, RIGHT, colour="white")
    scene.event("scene_changed", 30)
    scene.told(2, "a red car on a snowy bridge")
    scene.told(35, "white cars on a sunny street")
    scene.kept()
    text = "In the scene with a sunny street: how many cars pass?"
    assert picked(scene, text, "1", "2", "3") == "2"
    when = "At about what time (min:s) does the scene with a sunny street begin?"
    assert picked(scene, when, "0:05", "0:30", "0:50") == "0:30"


def test_the_asked_span_bounds_everything(hall: Scene) -> None:
    found = ask(hall, "How many people walk through?", span=Span.of_seconds(10, 25))
    assert found.text.startswith("Two people")


def test_who_comes_next_to_somebody(lane: Scene) -> None:
    text = "Which car comes directly after the blue car?"
    assert picked(lane, text, "A black car", "A white car", "A red car") == "A red car"
    assert ask(lane, "Which car comes directly before the green car?").status is AnswerStatus.NOT_SEEN


def test_what_was_taken_is_known_from_its_end_where_no_event_says_so() -> None:
    scene = Scene(name="shelf", seconds=40)
    for x, end in ((100.0, 12.0), (300.0, 40.0), (500.0, 25.0)):
        scene.visit("bottle", 0, end, ((x, 200.0), (x + 4, 200.0)))
    scene.kept()
    choices = ("The left one", "The middle one", "The right one")
    assert picked(scene, "Which bottle is taken away first?", *choices) == "The left one"
    assert picked(scene, "Which bottle is taken away at about 25 s?", *choices) == "The right one"
    assert (
        picked(scene, "Which bottle is the only one left standing at about 30 s?", *choices)
        == "The middle one"
    )
    assert picked(scene, "How many bottles stand on the table at 20 s?", "1", "2", "3") == "2"
    alone = picked(scene, "For how long is only one bottle on the table?", "3 s", "15 s", "30 s")
    assert alone == "15 s"


def test_a_cyclist_is_not_counted_as_person_and_bicycle() -> None:
    scene = Scene(name="path", seconds=20)
    scene.visit("person", 2, 8, RIGHT)
    scene.visit("bicycle", 2, 8, RIGHT)
    scene.kept()
    assert picked(scene, "How many cyclists pass?", "1", "2", "0") == "1"


def test_what_nobody_writes_down_is_not_claimed(hall: Scene) -> None:
    for text in (
        "What is the person carrying?",
        "How many times does the woman throw the ball?",
        "Is the video in colour?",
        "How many people wear a helmet?",
        "What colour is the ground?",
    ):
        found = ask(hall, text, "A", "B", "C")
        assert found.status is AnswerStatus.UNSUPPORTED, text
        assert found.guess


def test_scenes_are_told_apart_by_what_was_in_them() -> None:
    scene = Scene(name="cuts", seconds=90)
    for at in (30, 60):
        scene.event("scene_changed", at)
    scene.visit("dog", 3, 20)
    scene.visit("person", 3, 25)
    for start in (31, 36, 41):
        scene.visit("car", start, start + 4)
    for x in (100.0, 300.0, 500.0):
        scene.visit("bottle", 60, 90, ((x, 100.0), (x, 100.0)))
    scene.kept()
    begins = "At about what time (min:s) does the scene with three bottles on a table begin?"
    assert picked(scene, begins, "0:30", "1:00", "0:00") == "1:00"
    after = "Which scene comes directly after the scene with a woman playing with a dog?"
    assert picked(scene, after, "three bottles on a table", "cars on a street") == "cars on a street"
    first = "Which of these scenes comes last in the video?"
    assert picked(scene, first, "cars on a street", "bottles on a table", "a dog") == "bottles on a table"
    assert picked(scene, "In the scene with cars on a street: how many cars pass?", "1", "3", "5") == "3"
