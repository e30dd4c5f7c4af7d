"""Tracks against truth: the figures of a perfect, a torn, a missing and a mistaken tracker."""

from __future__ import annotations

from pathlib import Path

import pytest
from trackers.eval import evaluate_mot_sequence

from core.place import Box
from evaluate.mot import MotRow, write_mot
from evaluate.tracks import score_tracks, together


def walk(number: int, y: float = 0.0, frames: range = range(1, 41), **more: float | int) -> list[MotRow]:
    return [
        MotRow(frame=n, number=number, box=Box(5 * n, y, 5 * n + 40, y + 80), **more)  # type: ignore[arg-type]
        for n in frames
    ]


TWO = walk(1) + walk(2, 200)


def test_the_truth_itself_is_perfect_whatever_the_ids_are_called() -> None:
    score = score_tracks(TWO, walk(77) + walk(12, 200))
    assert (score.hota, score.idf1, score.mota, score.switches) == (pytest.approx(1), 1, 1, 0)
    assert (score.true_boxes, score.found_boxes) == (80, 80)


def test_a_torn_track_costs_identity_but_no_detection() -> None:
    torn = walk(1, frames=range(1, 21)) + walk(3, frames=range(21, 41)) + walk(2, 200)
    score = score_tracks(TWO, torn)
    assert score.deta == pytest.approx(1)
    assert score.assa == pytest.approx(0.75)
    assert score.switches == 1
    assert score.idf1 == pytest.approx(0.75)


def test_what_is_missed_and_what_is_not_there_cost_detection() -> None:
    missed = score_tracks(TWO, walk(1))
    assert missed.mota == pytest.approx(0.5)
    assert missed.deta == pytest.approx(0.5)
    ghosts = score_tracks(walk(1), TWO)
    assert ghosts.mota == pytest.approx(0)
    nothing = score_tracks(TWO, [])
    assert (nothing.hota, nothing.mota, nothing.found_boxes) == (0, 0, 0)


def test_what_is_not_to_be_scored_is_neither_asked_for_nor_a_mistake() -> None:
    hidden = walk(1) + walk(2, 200, score=0)
    assert score_tracks(hidden, TWO).mota == 1
    assert score_tracks(hidden, walk(1)).mota == 1


def test_only_the_wanted_frames_count() -> None:
    late = walk(1, frames=range(11, 41)) + walk(2, 200, frames=range(11, 41))
    assert score_tracks(TWO, late).mota < 1
    assert score_tracks(TWO, late, frames=range(11, 41)).hota == pytest.approx(1)


def test_several_videos_are_counted_as_one_long_one() -> None:
    good, bad = score_tracks(walk(1), walk(1), name="good"), score_tracks(walk(1), [], name="bad")
    both = together([good, bad])
    assert both.name == "all"
    assert both.mota == pytest.approx(0.5)
    assert both.deta == pytest.approx(0.5)
    assert both.true_boxes == 80


def test_the_figures_are_those_the_library_gives_for_the_same_files(tmp_path: Path) -> None:
    torn = walk(1, frames=range(1, 18)) + walk(3, y=6, frames=range(21, 41)) + walk(2, 203) + walk(9, 500)
    true, found = tmp_path / "true.txt", tmp_path / "found.txt"
    true.write_text("\n".join(write_mot(walk(1, kind=1, visibility=1) + walk(2, 200, kind=1, visibility=1))))
    found.write_text("\n".join(write_mot(torn)))
    theirs = evaluate_mot_sequence(true, found, metrics=["CLEAR", "HOTA", "Identity"])
    ours = score_tracks(TWO, torn)
    assert ours.hota == pytest.approx(theirs.HOTA.HOTA)
    assert ours.mota == pytest.approx(theirs.CLEAR.MOTA)
    assert ours.idf1 == pytest.approx(theirs.Identity.IDF1)
    assert ours.switches == theirs.CLEAR.IDSW
