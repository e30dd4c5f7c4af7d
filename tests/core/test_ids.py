from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core import ids

parts = st.lists(st.text(max_size=6), max_size=4)


@given(parts, parts)
def test_ids_are_equal_only_for_equal_parts(a: list[str], b: list[str]) -> None:
    assert (ids.derive("x", *a) == ids.derive("x", *b)) == (a == b)


def test_an_id_stays_the_same_from_run_to_run() -> None:
    stream = ids.stream_id("dock")
    assert stream == "st_a0b15211ea4216026dae"
    assert ids.track_id(stream, 1, "r") != ids.track_id(stream, 2, "r")


def test_fresh_ids_differ() -> None:
    assert len({ids.fresh("jb") for _ in range(100)}) == 100
