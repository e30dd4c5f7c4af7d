"""Reading choices and picking among them."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.choices import pick
from agent.finding import Finding
from agent.grammar import Asked
from agent.plan import Plan
from agent.saying import numbers_in, read
from core.answers import AnswerStatus


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("3", 3, 3),
        ("three", 3, 3),
        ("about 4.5 seconds", 4.5, 4.5),
        ("about 30 to 45", 30, 45),
        ("more than 300", 301, float("inf")),
        ("more than three", 4, float("inf")),
        ("fewer than five", 0, 4),
        ("at least two", 2, float("inf")),
        ("no more than 4", 0, 4),
        ("3 or more", 3, float("inf")),
        ("between two and four", 2, 4),
        ("2 or 3", 2, 3),
        ("more than 10 s", 10, float("inf")),
        ("half a minute", 30, 30),
        ("a dozen", 12, 12),
        ("twice", 2, 2),
        ("1:02:05", 3725, 3725),
        ("0:15", 15, 15),
        ("12:30", 750, 750),
        ("2 minutes", 120, 120),
        ("none", 0, 0),
        ("red", None, None),
    ],
)
def test_numbers_ranges_and_times(text: str, low: float | None, high: float | None) -> None:
    assert numbers_in(text) == (low, high)


def finding(**values: object) -> Finding:
    return Finding(status=AnswerStatus.ANSWERED, head="It is so", sure=0.8, **values)  # type: ignore[arg-type]


def test_the_nearest_number_wins_and_nearness_makes_it_sure() -> None:
    plan = Plan(text="How many?", asked=Asked.COUNT)
    exact = pick(plan, finding(numbers=((4, 1.0),)), ["2", "4", "9"])
    near = pick(plan, finding(numbers=((5, 1.0),)), ["2", "4", "9"])
    assert (exact.index, near.index) == (1, 1)
    assert exact.confidence > near.confidence


def test_both_colours_of_a_pair_count() -> None:
    plan = Plan(text="What colours?", asked=Asked.COLOUR)
    found = finding(colours=("blue", "beige"))
    assert pick(plan, found, ["Green and white", "Blue and red", "Blue and tan", "Red and black"]).index == 2


def test_without_support_it_is_a_guess_no_surer_than_chance() -> None:
    plan = Plan(text="Which brand?", asked=Asked.WHICH, subject=None)
    nothing = Finding(status=AnswerStatus.UNSUPPORTED, head="Nobody looks for that", hint=True)
    got = pick(plan, nothing, ["Alpha", "Beta", "Gamma", "Delta"])
    assert got.guess
    assert got.confidence <= 0.25


def test_a_fight_nobody_saw_is_guessed_away() -> None:
    plan = Plan(text="Is there a fight?", asked=Asked.WHETHER, kinds=("fight",))
    nothing = Finding(status=AnswerStatus.UNSUPPORTED, head="Nobody looks for that", hint=True)
    got = pick(plan, nothing, ["Yes, in a group", "No", "Yes, outside"])
    assert got.index == 1
    assert got.guess


def test_denials_and_yes_and_no_are_read() -> None:
    assert read("Nothing moves").negative
    assert read("No vehicle passes").negative
    assert read("Yes, between two people").yes is True
    assert read("No, never").yes is False
    assert read("A white pickup truck").labels[0] == "truck"


@given(
    st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=6),
    st.sampled_from(list(Asked)),
    st.lists(st.tuples(st.floats(0, 1e4), st.just(1.0)), max_size=3),
)
def test_some_choice_is_always_picked(
    choices: list[str], asked: Asked, numbers: list[tuple[float, float]]
) -> None:
    got = pick(Plan(text="?", asked=asked), finding(numbers=tuple(numbers)), choices)
    assert 0 <= got.index < len(choices)
    assert 0 <= got.confidence <= 1
    if got.guess:
        assert got.confidence <= 1 / len(choices) + 1e-3


CHOICES = st.lists(
    st.sampled_from(
        ["0", "1", "two", "3 or more", "between 4 and 6", "Red", "White and blue", "a dark grey van", "To the left", "Upwards",
         "Towards the camera", "They stand still", "Yes", "No", "No, never", "Nobody", "About 5 s", "1:05", "A person falls",
         "Two people", "At the top right", "Stands together in the same place", "Flamingo", "ewz.ch/jobs", "30 km/h"]
    ),
    min_size=2, max_size=6, unique=True,
)  # fmt: skip
FINDINGS = st.builds(
    finding,
    numbers=st.lists(st.tuples(st.integers(0, 9).map(float), st.sampled_from([1.0, 0.5])), max_size=2).map(tuple),
    seconds=st.lists(st.floats(0, 90), max_size=3).map(tuple),
    colours=st.lists(st.sampled_from(["red", "white", "grey", "blue"]), max_size=3).map(tuple),
    headings=st.lists(st.frozensets(st.sampled_from(["left", "up", "towards", "still"]), max_size=2), max_size=3).map(tuple),
    sides=st.lists(st.sampled_from([("left",), ("right", "top"), ()]), max_size=3).map(tuple),
    names=st.lists(st.sampled_from(["red", "north lane", "van"]), max_size=2).map(tuple),
    yes=st.sampled_from([None, True, False]),
    hint=st.booleans(),
)  # fmt: skip


@given(
    choices=CHOICES,
    found=FINDINGS,
    asked=st.sampled_from(list(Asked)),
    shuffle=st.randoms(use_true_random=False),
)
def test_the_order_of_the_choices_never_matters(
    choices: list[str], found: Finding, asked: Asked, shuffle: Random
) -> None:
    plan = Plan(text="?", asked=asked)
    got = pick(plan, found, choices)
    other = list(choices)
    shuffle.shuffle(other)
    again = pick(plan, found, other)
    assert other[again.index] == choices[got.index]
    assert (again.guess, again.confidence) == (got.guess, got.confidence)
