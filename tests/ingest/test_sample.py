from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND, Micros
from ingest.decode.sample import AFTERGLOW, HEARTBEAT, Sampler, Verdict


def run(sampler: Sampler, moments: list[Micros], moving: range = range(0)) -> list[tuple[Micros, Verdict]]:
    due = [at for at in moments if sampler.due(at)]
    said = [(at, sampler.decide(at, at // SECOND in moving)) for at in due]
    return [(at, verdict) for at, verdict in said if verdict is not Verdict.SKIP]


def at_rate(fps: float, seconds: int) -> list[Micros]:
    return [round(n * SECOND / fps) for n in range(round(seconds * fps))]


def test_where_things_move_it_looks_as_often_as_asked_and_always_gets_the_picture() -> None:
    looked = run(Sampler(8, 2, 25), at_rate(25, 10), range(10))
    assert len(looked) == 80
    assert {verdict for _, verdict in looked} == {Verdict.PICTURE}


def test_where_nothing_moves_it_looks_rarely_with_a_heartbeat() -> None:
    looked = run(Sampler(8, 2, 25), at_rate(25, 20))
    pictures = [at for at, verdict in looked if verdict is Verdict.PICTURE]
    assert len(looked) == pytest.approx(40, abs=2)
    assert len(pictures) == 20 * SECOND // HEARTBEAT


def test_a_second_after_rest_is_still_seen() -> None:
    looked = run(Sampler(8, 2, 25), at_rate(25, 8), range(2, 4))
    after = [
        at
        for at, verdict in looked
        if verdict is Verdict.PICTURE and 4 * SECOND <= at < 4 * SECOND + AFTERGLOW
    ]
    assert len(after) >= 6


@pytest.mark.parametrize("fps", [0.5, 6, 10, 12])
def test_a_slow_clip_is_looked_at_fully(fps: float) -> None:
    moments = at_rate(fps, 20)
    assert [at for at, _ in run(Sampler(8, 2, fps), moments, range(100))] == moments


@given(st.lists(st.integers(1, 3 * SECOND), min_size=1, max_size=80), st.sets(st.integers(0, 60)))
def test_no_stretch_goes_without_a_look(steps: list[int], moving: set[int]) -> None:
    moments = [sum(steps[:n]) for n in range(len(steps))]
    sampler = Sampler(8, 2, 25)
    due = [at for at in moments if sampler.due(at)]
    looked = [at for at in due if sampler.decide(at, at // SECOND in moving) is not Verdict.SKIP]
    widest = max(b - a for a, b in zip(moments, [*moments[1:], moments[-1]], strict=True))
    assert looked[0] == 0
    assert all(b - a <= SECOND + widest for a, b in itertools.pairwise(looked))
