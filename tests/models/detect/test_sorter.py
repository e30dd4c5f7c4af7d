"""The sorter that ships with the package, and the detector that uses it."""

from __future__ import annotations

import pickle
import time
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelUnavailable
from core.media import Frame, Picture
from core.place import Box
from core.sight import THING
from ingest.decode.looks import DecodePlan, looks
from models.detect.sorted import SortedDetector
from models.detect.sorter import DATA, SIDE, Sorter, cut_out, own_sorter, seen, shape

pytestmark = pytest.mark.slow


def street(seed: int = 3) -> Picture:
    return np.random.default_rng(seed).integers(0, 255, (120, 160, 3)).astype(np.uint8)


def test_probabilities_sum_to_one_and_are_the_same_alone_or_together() -> None:
    sorter = own_sorter()
    regions = [cut_out(street(i), None, Box(20 + i, 10, 60 + 3 * i, 90)) for i in range(5)]
    table = sorter.judge(regions)
    assert table.shape == (5, len(sorter.classes))
    assert np.allclose(table.sum(axis=1), 1, atol=1e-4)
    assert np.allclose(sorter.judge(regions[2:3])[0], table[2], atol=1e-5)


def test_the_contracts_kinds_are_among_its_classes() -> None:
    assert {"person", "car", "truck", "bicycle", "forklift", "ball"} <= set(own_sorter().classes)


def test_the_file_of_weights_is_small() -> None:
    assert len((resources.files("models") / "data" / DATA).read_bytes()) < 3_000_000


def test_a_broken_file_of_weights_says_what_to_do() -> None:
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        Sorter(b"no model")


def test_the_region_is_as_large_whatever_the_box_and_is_cut_where_the_picture_ends() -> None:
    region = cut_out(street(), np.full((30, 40), 255, np.uint8), Box(0, 40, 30, 120))
    assert region.patch.shape == (SIDE, SIDE, 3)
    assert region.mask.shape == (SIDE, SIDE)
    assert region.cut == (True, False, False, True)


def test_a_flat_picture_is_judged_as_well() -> None:
    flat = np.full((50, 50, 3), 128, np.uint8)
    region = cut_out(flat, np.zeros((50, 50), np.uint8), Box(10, 10, 16, 16))
    assert seen(region).shape == (SIDE, SIDE, 4)
    assert np.isfinite(shape(region)).all()
    assert np.isfinite(own_sorter().judge([region])).all()


def test_other_is_never_said() -> None:
    sorter = own_sorter()
    assert sorter.classes[-1] == "other"
    assert "other" not in SortedDetector().vocabulary
    said = [
        sorter.say(row)
        for row in sorter.judge([cut_out(street(i), None, Box(5, 5, 45, 60)) for i in range(20)])
    ]
    assert all(row is None or row[0] != "other" for row in said)


def test_judging_nothing_gives_nothing() -> None:
    assert own_sorter().judge([]).shape == (0, len(own_sorter().classes))


def test_a_pickled_detector_is_small_because_the_weights_stay_in_the_package() -> None:
    detector = SortedDetector()
    kept = pickle.dumps(detector)
    assert len(kept) < 20_000
    assert pickle.loads(kept).vocabulary == detector.vocabulary


def test_a_region_is_sorted_within_two_milliseconds() -> None:
    sorter, picture = own_sorter(), street()
    best = min(
        _seconds(lambda: sorter.judge([cut_out(picture, None, Box(20, 10, 80, 110))])) for _ in range(30)
    )
    assert best < 0.006, "one region takes under 2 ms on an idle core"


def _seconds(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - began


@pytest.mark.parametrize(
    ("clip", "label"),
    [("people/campus_pets_vtest.avi", "person"), ("warehouse_retail/worker_zone.mp4", "person")],
)
def test_people_on_real_clips_are_mostly_called_people_and_nothing_else(
    clips: Path, clip: str, label: str
) -> None:
    said = _labels(clips / clip, most=60)
    named = [name for name in said if name != THING]
    assert len(named) > 0.4 * len(said)
    assert named.count(label) > 0.9 * len(named)


def test_what_a_conveyor_carries_is_hardly_ever_named(clips: Path) -> None:
    said = _labels(clips / "warehouse_retail/conveyor_produce.mp4", most=60)
    assert said
    assert said.count(THING) > 0.7 * len(said)


def _labels(path: Path, *, most: int) -> list[str]:
    detector, frames = SortedDetector(), []
    for look in looks(str(path), DecodePlan(looks_per_s=8)):
        if look.frame is not None:
            frames.append(Frame(at=look.at, picture=look.frame.picture, scale=look.frame.scale))
        if len(frames) == most:
            break
    return [d.label for found in detector.detect(frames)[4:] for d in found]
