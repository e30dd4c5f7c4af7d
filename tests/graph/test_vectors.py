"""Vectors as the SQLite memory keeps them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.sqlite.vectors import packed, unpacked
from models.embed_words import DIM, WordEmbedder

halves = st.floats(width=16, allow_nan=False, allow_infinity=False)


@given(st.lists(halves | st.just(0.0), min_size=1, max_size=300))
def test_a_vector_comes_back_as_it_was(numbers: list[float]) -> None:
    values = np.array(numbers, "<f2").tobytes()
    kept = packed(values)
    assert len(kept) <= len(values)
    assert unpacked(kept, len(numbers)) == values


def test_that_of_a_few_words_takes_less_than_half_the_room() -> None:
    (row,) = WordEmbedder().embed(["person, dark blue, walks from the dock to the aisle"])
    assert len(packed(row.astype("<f2").tobytes())) < DIM


def test_one_of_a_model_that_uses_all_its_numbers_is_kept_as_it_is() -> None:
    values = np.random.default_rng(1).normal(size=DIM).astype("<f2").tobytes()
    assert packed(values) is values
