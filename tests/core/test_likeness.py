"""What two things look like, compared and brought up to date."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.colour import UNKNOWN, blended, likeness

LOOKS = (
    st.lists(st.floats(0, 1), min_size=4, max_size=4)
    .filter(lambda v: sum(v) > 0.1)
    .map(lambda v: tuple(x / math.hypot(*v) for x in v))
)


@given(LOOKS, LOOKS)
def test_likeness_is_even_handed_and_whole_only_for_the_same(
    one: tuple[float, ...], other: tuple[float, ...]
) -> None:
    assert likeness(one, other) == pytest.approx(likeness(other, one))
    assert 0 <= likeness(one, other) <= 1 + 1e-9
    assert likeness(one, one) == pytest.approx(1)


@pytest.mark.parametrize("other", [(), (1.0, 0.0)])
def test_what_nobody_knows_speaks_neither_for_nor_against(other: tuple[float, ...]) -> None:
    assert likeness((1.0, 0.0, 0.0), other) == likeness(other, (1.0, 0.0, 0.0)) == UNKNOWN


@given(LOOKS, LOOKS, st.floats(0, 1))
def test_a_blend_lies_between_the_two(one: tuple[float, ...], other: tuple[float, ...], share: float) -> None:
    mixed = blended(one, other, share)
    assert math.hypot(*mixed) == pytest.approx(1)
    assert likeness(mixed, one) >= likeness(one, other) - 1e-9
    assert blended(one, (), share) == one
    assert blended((), other, share) == other
