from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.words import scores, terms


@pytest.mark.parametrize(
    "same",
    [
        "stop stops stopped stopping Stopping",
        "cross crosses crossed crossing",
        "box boxes",
        "bus buses",
        "pallet pallets",
        "move moves moved moving",
        "carry carries",
        "run running runs",
        "café CAFE cafés",
        "Straße strasse",
        "lorry lorries",
        "approach approached approaches approaching",
        "dwell dwelled dwells",
    ],
)
def test_forms_of_one_word_are_one(same: str) -> None:
    assert len(set(terms(same))) == 1, terms(same)


@pytest.mark.parametrize(
    "different", ["red reed", "left lift", "bed bee", "car card", "ring red", "glass glance"]
)
def test_different_words_stay_apart(different: str) -> None:
    assert len(set(terms(different))) == 2


def test_words_without_meaning_are_left_out() -> None:
    assert terms("Was there a person at the dock?") == ["person", "dock"]
    assert terms("the of … ?!") == []


def test_kinds_are_cut_into_words() -> None:
    assert terms("near_miss object_left") == terms("near miss object left")


@given(text=st.text())
def test_a_word_is_letters_and_digits_only(text: str) -> None:
    assert all(term.isalnum() for term in terms(text))


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    score = scores({"common": [0, 1, 2, 3], "rare": [4]}, dict.fromkeys(range(5), 3), 10)
    assert score[4] > score[0] == score[3] > 0


def test_a_short_text_counts_more_than_a_long_one() -> None:
    score = scores({"dock": [0, 1]}, {0: 2, 1: 40}, 10)
    assert score[0] > score[1]


def test_more_words_count_more() -> None:
    score = scores({"red": [0, 1], "car": [1]}, {0: 3, 1: 3}, 10)
    assert score[1] > score[0]
