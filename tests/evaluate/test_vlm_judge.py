"""Right and wrong replies, as people judge them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluate.vlm_items import Item, Judging
from evaluate.vlm_judge import anls, chosen, distance, judged, relaxed

OPTIONS = ("a red car", "a bus", "two cars", "nothing")


@pytest.mark.parametrize(
    ("said", "letter"),
    [
        ("B", "B"), ("B.", "B"), ("(B)", "B"), ("B. a bus", "B"), ("**B**", "B"), ("The answer is B.", "B"),
        ("Answer: (C)", "C"), ("the correct option is D", "D"), ("a bus", "B"), ("A bus.", "B"),
        ("I think it is a bus", "B"), ("It shows two cars, so (C)", "C"), ("A", "A"), ("A. a red car", "A"),
        ("", ""), ("perhaps", ""), ("a bus or nothing", ""), ("E", ""), ("A truck", ""),
    ],
)  # fmt: skip
def test_a_letter_or_an_options_words_choose_it(said: str, letter: str) -> None:
    assert chosen(said, OPTIONS) == letter


@pytest.mark.parametrize(
    ("said", "answer", "right"),
    [
        ("14", "14", True), ("14.6", "14", True), ("14.8", "14", False), ("95%", "100", True), ("1,050", "1000", True),
        ("Yes", "yes", True), ("No", "Yes", False), ("0", "0", True), ("0.01", "0", False), ("about 14", "14", False),
        ("-19.5", "-20", True),
    ],
)  # fmt: skip
def test_numbers_may_be_a_twentieth_off(said: str, answer: str, right: bool) -> None:
    assert relaxed(said, answer) is right


def test_anls_is_as_published() -> None:
    assert anls("0.28", ["0.28", ".28"]) == 1.0
    assert anls("Hello world", ["hello word"]) == pytest.approx(1 - 1 / 11)
    assert anls("xyz", ["hello"]) == 0.0


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_the_distance_is_one(a: str, b: str, c: str) -> None:
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


@pytest.mark.parametrize(
    ("judging", "answers", "decimals", "said", "score"),
    [
        (Judging.NUMBER, ("12",), 0, "There are 12.", 1.0),
        (Judging.NUMBER, ("12",), 0, "12 or 13", 0.0),
        (Judging.NUMBER, ("1.2",), 1, "1.23", 1.0),
        (Judging.NUMBER, ("1.2",), 1, "1.3", 0.0),
        (Judging.EXACT, ("blue",), None, "Blue.", 1.0),
        (Judging.ANLS, ("hello word",), None, "<think>x</think>hello word", 1.0),
        (Judging.RELAXED, ("14",), None, "", 0.0),
    ],
)
def test_each_judging(
    judging: Judging, answers: tuple[str, ...], decimals: int | None, said: str, score: float
) -> None:
    item = Item(
        id="1", question="?", answers=answers, judging=judging, decimals=decimals, files=(Path("a.png"),)
    )
    assert judged(item, said) == score
