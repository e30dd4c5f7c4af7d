"""Rendered scenes as a benchmark: what is scored, and that a scene goes through the whole product."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.scenes import render
from bench.seeing.exact import SHOWN, ExactDetector, Noise
from bench.seeing.scenes import Play, Played, judge, mistakes, play, seeds_of
from core.clock import SECOND, Span, micros
from core.media import Frame
from core.place import Box
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


def test_alarms_are_judged_at_the_confidence_that_is_asked_for_and_everything_else_as_told() -> None:
    fall, rest = mark("fell", 3, 6), mark("stopped", 10, 20)
    doubtful = [
        replace(fall, confidence=0.4),
        replace(rest, confidence=0.1),
        replace(mark("fell", 40, 43), confidence=0.3),
    ]
    one = [played(1, [fall, rest], doubtful)]
    every, sure = (score(judge(one, least=least)).kinds for least in (0.0, 0.5))
    assert (every["fell"].right, every["fell"].unfounded) == (1, 1)
    assert (sure["fell"].right, sure["fell"].unfounded, sure["fell"].missed) == (0, 0, 1)
    assert sure["stopped"].right == 1


def test_seeds_are_given_as_ranges() -> None:
    assert seeds_of("1-3,7") == [1, 2, 3, 7]


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render("sports", 2, tmp_path_factory.mktemp("match"), seconds=2).video


def looked(video: Path, noise: Noise | None) -> list[tuple[str, Box]]:
    fps = json.loads(video.with_suffix(".truth.json").read_text())["fps"]
    frame = Frame(picture=np.zeros((180, 320, 3), np.uint8), at=round(6 / fps * SECOND), scale=2.0)
    (found,) = pickle.loads(pickle.dumps(ExactDetector(video, noise))).detect([frame])
    assert all(each.appearance for each in found)
    return [(each.label, each.box) for each in found]


def test_exact_boxes_are_those_of_the_truth_at_that_very_picture(match: Path) -> None:
    rows = [line.split(",") for line in match.with_suffix(".gt.txt").read_text().splitlines()]
    true = {(float(row[2]), float(row[3])) for row in rows if int(row[0]) == 7 and float(row[8]) >= SHOWN}
    found = looked(match, None)
    assert {(box.x1, box.y1) for _, box in found} == true
    assert {"person", "sports ball"} == {label for label, _ in found}


def test_noise_moves_and_drops_boxes_the_same_way_each_time(match: Path) -> None:
    exact, worse = looked(match, None), looked(match, Noise(missed=0, ball_missed=0, false_balls=1))
    assert worse == looked(match, Noise(missed=0, ball_missed=0, false_balls=1))
    assert len(worse) == len(exact) + 1
    assert all(
        0.5 < a.iou(b) < 1 for (name, a), (_, b) in zip(exact, worse, strict=False) if name == "person"
    )
    assert looked(match, Noise(missed=1, ball_missed=1, false_balls=0)) == []


@pytest.mark.slow
def test_a_scene_is_seen_with_exact_boxes_and_with_worse_ones(match: Path) -> None:
    exact, noise = (
        play(Play(domain="sports", kind="sports", seed=2, eyes=eyes), match.parent)
        for eyes in ("exact", "noise")
    )
    assert exact.found
    assert noise.found
    assert exact.found != noise.found


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
