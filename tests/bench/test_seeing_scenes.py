"""Rendered scenes as a benchmark: what is scored, and that a scene goes through the whole product."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.scenes import render
from bench.seeing.scenes import Play, Played, judge, mistakes, play, seeds_of
from core.clock import Span, micros
from evaluate.events import Mark, score
from evaluate.truth import EventTruth


def mark(kind: str, start: float, end: float) -> Mark:
    return Mark(kind=kind, span=Span.of_seconds(start, end))


def played(seed: int, true: list[Mark], found: list[Mark], kinds: frozenset[str] | None = None) -> Played:
    truth = EventTruth(marks=tuple(true), kinds=kinds, duration=micros(60))
    return Played(play=Play(domain="d", kind="dock", seed=seed), truth=truth, found=tuple(found))


def test_kinds_labelled_in_one_scene_are_false_alarms_in_another() -> None:
    fall, rest, turn = mark("fell", 3, 6), mark("stopped", 10, 20), mark("turned", 4, 5)
    comparisons = judge([played(1, [fall], [fall, turn]), played(2, [rest], [rest, fall])])
    total = score(comparisons).total
    assert (total.right, total.missed, total.false) == (2, 0, 1)
    (line,) = mistakes(comparisons)
    assert line.split()[:3] == ["dock_2", "false", "fell"]


def test_a_truth_that_says_what_it_labels_is_scored_by_that_alone() -> None:
    fall, rest = mark("fell", 3, 6), mark("stopped", 10, 20)
    comparisons = judge([played(1, [fall], [fall, rest], frozenset({"fell"})), played(2, [rest], [rest])])
    assert score(comparisons).total.false == 0


def test_seeds_are_given_as_ranges() -> None:
    assert seeds_of("1-3,7") == [1, 2, 3, 7]


@pytest.mark.slow
def test_a_scene_is_rendered_watched_and_remembered(tmp_path: Path) -> None:
    render("dock", 3, tmp_path, seconds=12)
    done = play(Play(domain="warehouse", kind="dock", seed=3), tmp_path)
    assert done.truth.duration == micros(12)
    kinds = {each.kind for each in done.found}
    assert "appeared" in kinds
    assert all(each.at is not None for each in done.found)
    (comparison,) = judge([done])
    assert any(pair.true.kind == "appeared" for pair in comparison.pairs)
