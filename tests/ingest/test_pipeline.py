from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND, Span, merge
from core.ids import StreamId
from core.media import Frame
from core.memory import Coverage, CoverageState
from ingest.decode.looks import Look
from ingest.run import Pictures
from ingest.tally import Tally

PICTURE = np.zeros((4, 4, 3), np.uint8)


def look(at: int, *, moved: bool) -> Look:
    frame = Frame(at=at, picture=PICTURE) if moved else None
    return Look(at=at, frame=frame, moved=float(moved), cut=False)


def tally() -> Tally:
    return Tally(StreamId("st"), by="motion", looked_for=("thing",))


looks = st.lists(st.tuples(st.integers(1, SECOND), st.booleans()), min_size=1, max_size=40)


@given(looks, st.integers(1, 3))
def test_every_moment_is_accounted_for_exactly_once(steps: list[tuple[int, bool]], chunks: int) -> None:
    counted, at = tally(), 0
    for step, moved in steps:
        at += step
        counted.note(look(at, moved=moved))
    length = at // chunks + 1
    entries: list[Coverage] = []
    for index in range(chunks):
        end = (index + 1) * length
        entries += counted.take(Span(index * length, end), final=index == chunks - 1)
    spans = [entry.span for entry in entries]
    assert merge(spans) == [Span(0, chunks * length)]
    assert sum(span.duration for span in spans) == chunks * length


def test_what_a_broken_file_hides_is_marked_as_failed() -> None:
    counted = tally()
    counted.note(look(SECOND, moved=True))
    counted.fail(5 * SECOND, "the file breaks off")
    *_, last = counted.take(Span(0, 5 * SECOND), final=True)
    assert (last.state, last.reason) == (CoverageState.FAILED, "the file breaks off")
    assert last.span.end == 5 * SECOND
    assert last.looked_for == ()


def test_a_gated_span_says_what_was_looked_for() -> None:
    counted = tally()
    counted.note(look(SECOND, moved=False))
    (entry,) = counted.take(Span(0, SECOND), final=False)
    assert entry.state is CoverageState.GATED
    assert entry.looked_for == ("thing",)


@pytest.mark.parametrize("count", [0, 1, 15, 100, 1000])
def test_a_handful_of_pictures_spread_over_the_chunk(count: int) -> None:
    pictures = Pictures()
    for at in range(count):
        pictures.keep(Frame(at=at, picture=PICTURE))
    kept = [frame.at for frame in pictures.take()]
    assert len(kept) <= Pictures.MOST
    assert len(kept) >= min(count, Pictures.MOST // 2)
    assert kept == sorted(kept)
    if count > 30:
        assert kept[-1] > count * 0.8
    assert pictures.take() == []


@given(looks, st.integers(0, 20 * SECOND), st.integers(1, 10 * SECOND), st.booleans())
def test_what_is_amended_is_still_accounted_for_once(
    steps: list[tuple[int, bool]], start: int, length: int, nothing_seen: bool
) -> None:
    counted, at = tally(), 0
    for step, moved in steps:
        at += step
        counted.note(look(at, moved=moved))
    wrong = Span(start, start + length)
    counted.amend(wrong, reason="dark", blind=nothing_seen, looked_for=())
    entries = counted.take(Span(0, at + 1), final=True)
    assert merge([entry.span for entry in entries]) == [Span(0, at + 1)]
    assert sum(entry.span.duration for entry in entries) == at + 1
    for entry in entries:
        inside = entry.span.intersect(wrong) is not None
        assert (entry.looked_for == ()) == inside
        assert (entry.state is CoverageState.FAILED) == (inside and nothing_seen)
