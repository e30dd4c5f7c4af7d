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


@given(st.integers(0, 10**15), st.integers(0, 10**15), parts, parts)
def test_placed_ids_are_equal_only_for_equal_parts_and_places(
    a: int, b: int, ones: list[str], others: list[str]
) -> None:
    assert (ids.placed("x", a, *ones) == ids.placed("x", b, *others)) == ((a, ones) == (b, others))
    assert len(ids.placed("x", a, *ones)) == len(ids.derive("x", *ones))


def test_later_ids_come_later() -> None:
    stream, hour = ids.stream_id("dock"), 3_600_000_000
    events = [ids.event_id(stream, "left", n * hour, "x") for n in range(1000)]
    assert events == sorted(events)
    tracks = [ids.track_id(stream, n * ids.PLACE_TRACKS, "r") for n in range(1000)]
    assert tracks == sorted(tracks)
    entities = [ids.entity_id(stream, track) for track in tracks]
    assert entities == sorted(entities)
