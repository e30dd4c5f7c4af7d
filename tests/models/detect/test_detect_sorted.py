"""The default detector on a rendered dock with exact truth: who stands still stays seen, by name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.scenes import SceneFiles, render
from core.place import Box
from core.sight import THING, Detection
from ingest.decode.looks import DecodePlan, looks
from models.detect.sorted import SortedDetector, _Opinion

SEED, SECONDS = 100, 21.0


@pytest.fixture(scope="module")
def dock(tmp_path_factory: pytest.TempPathFactory) -> SceneFiles:
    return render("dock", SEED, tmp_path_factory.mktemp("dock"), seconds=SECONDS)


@pytest.fixture(scope="module")
def seen(dock: SceneFiles) -> list[tuple[float, list[Detection]]]:
    """Seconds and what was detected, look for look; the first two seconds seed the background."""
    frames = [
        look.frame for look in looks(str(dock.video), DecodePlan(looks_per_s=8)) if look.frame is not None
    ]
    detector = SortedDetector()
    found = detector.detect(frames[:16])
    for frame in frames[16:]:
        found += detector.detect([frame])
    return [(frame.at / 1e6, row) for frame, row in zip(frames, found, strict=True)]


@pytest.mark.slow
def test_who_came_and_stands_still_stays_seen_and_stays_a_person(
    dock: SceneFiles, seen: list[tuple[float, list[Detection]]]
) -> None:
    truth = json.loads(dock.truth.read_text())
    rests = [e for e in truth["events"] if e["kind"] == "stopped"]
    boxes = _boxes(dock.gt)
    told = []
    for rest in rests:
        for at, row in seen:
            if rest["start_s"] + 0.5 <= at <= rest["end_s"] - 0.5:
                here = boxes[round(at * truth["fps"]) + 1]
                told.append([any(d.label == "person" and d.box.iou(b) > 0.5 for d in row) for b in here])
    assert len(told) > 50
    people = [one for look in told for one in look]
    assert sum(people) > 0.9 * len(people)


@pytest.mark.slow
def test_nothing_is_left_behind_where_nobody_is(
    dock: SceneFiles, seen: list[tuple[float, list[Detection]]]
) -> None:
    boxes = _boxes(dock.gt)
    ghosts = [
        (at, d.label)
        for at, row in seen
        for d in row
        if all(d.box.overlap(b) == 0 for b in boxes.get(round(at * 12) + 1, []))
    ]
    assert len(ghosts) <= 3, ghosts


@pytest.mark.slow
def test_a_name_said_once_is_kept_from_look_to_look(seen: list[tuple[float, list[Detection]]]) -> None:
    labels = [d.label for _, row in seen for d in row]
    assert labels.count(THING) < 0.15 * len(labels)
    assert set(labels) <= {"person", THING}


@pytest.mark.parametrize(
    ("said", "box", "name", "cannot"),
    [
        (9, Box(0, 0, 90, 45), "car", True),
        (3, Box(0, 0, 90, 45), "car", False),
        (9, Box(0, 0, 300, 150), "car", False),
        (9, Box(0, 0, 90, 45), "bicycle", False),
        (9, Box(0, 0, 90, 45), "person", False),
    ],
)
def test_who_was_a_person_for_a_second_is_no_car_of_the_same_size(
    said: int, box: Box, name: str, cannot: bool
) -> None:
    opinion = _Opinion(0, Box(0, 0, 40, 100), np.zeros(8, np.float32), 1)
    for _ in range(said):
        opinion = opinion.called("person")
    assert replace(opinion, box=box).contradicts(name) is cannot


@pytest.mark.slow
def test_where_somebody_stood_from_the_start_nobody_is_left_when_he_goes(dock: SceneFiles) -> None:
    frames = [
        look.frame for look in looks(str(dock.video), DecodePlan(looks_per_s=8)) if look.frame is not None
    ]
    boxes, fps = _boxes(dock.gt), json.loads(dock.truth.read_text())["fps"]
    people = [boxes.get(round(f.at / 1e6 * fps) + 1, []) for f in frames]
    empty = [  # nobody is about to come in either: the truth does not count the tip of a foot, and eyes may
        f for i, f in enumerate(frames) if not any(people[max(0, i - 4) : i + 5])
    ]
    full = [f for f, there in zip(frames, people, strict=True) if there][-1:]
    assert len(empty) >= 8
    detector = SortedDetector()
    detector.detect(full)
    found = []
    for i in range(40):
        frame = empty[i % len(empty)]
        found += detector.detect([replace(frame, at=full[0].at + (i + 1) * 125_000)])
    assert sum(bool(row) for row in found[:8]) > 0
    assert sum(bool(row) for row in found[12:]) == 0


def _boxes(path: Path) -> dict[int, list[Box]]:
    rows: dict[int, list[Box]] = {}
    for line in path.read_text().splitlines():
        frame, _, x, y, w, h = (float(v) for v in line.split(",")[:6])
        rows.setdefault(int(frame), []).append(Box(x, y, x + w, y + h))
    return rows
