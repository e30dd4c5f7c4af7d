"""The network that ships with the package and finds single things where something differs."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ModelUnavailable
from core.place import Box
from models.detect.centres import DATA, Centres, _with, evidence, own_centres


def test_the_file_of_weights_is_small_together_with_the_sorters() -> None:
    folder = resources.files("models") / "data"
    assert sum(len((folder / name).read_bytes()) for name in (DATA, "sorter.onnx")) < 3_000_000


def test_a_broken_file_of_weights_says_what_to_do() -> None:
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        Centres(b"no model")


def test_where_nothing_differs_nothing_is_found() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    assert own_centres().find(picture, np.zeros((120, 160), np.uint8)) == []


def test_where_something_is_known_to_stand_is_looked_at_though_nothing_differs() -> None:
    size = (320, 240)
    assert _with(None, [], size) is None
    assert _with(None, [Box(100, 80, 120, 140)], size) == (68, 48, 152, 172)
    assert _with((10, 100, 60, 150), [Box(300, 200, 318, 239)], size) == (10, 100, 320, 240)


@given(width=st.integers(8, 200), height=st.integers(8, 200), seed=st.integers(0, 99))
@settings(max_examples=25)
def test_boxes_lie_inside_a_picture_of_any_size_and_the_surest_come_first(
    width: int, height: int, seed: int
) -> None:
    dice = np.random.default_rng(seed)
    picture = dice.integers(0, 255, (height, width, 3)).astype(np.uint8)
    differs = dice.integers(0, 255, (max(1, height // 2), max(1, width // 2))).astype(np.uint8)
    found = own_centres().find(picture, differs)
    for one in found:
        assert 0 <= one.box.x1 < one.box.x2 <= width
        assert 0 <= one.box.y1 < one.box.y2 <= height
        assert one.label in own_centres().classes
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)


def test_evidence_is_full_from_four_thresholds_on() -> None:
    assert evidence(np.array([[0.0, 1.0, 4.0, 9.0]], np.float32)).tolist() == [[0, 63, 255, 255]]
