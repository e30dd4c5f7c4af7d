"""Poses from the shapes of boxes: told only where they are sure."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND, Micros
from core.place import Box
from ingest.perception.attributes import Profile
from ingest.perception.pose import POSES, pose_word

Path = list[tuple[Micros, Box, bool]]


def posed(*stretches: tuple[float, float, float], x: float = 300, walk: float = 0, seed: int = 0) -> Path:
    """Stretches of (seconds, width, height), eight looks a second, at one place or walking, with trembling edges."""
    rng = random.Random(seed)
    out: Path = []
    for length, width, height in stretches:
        for _ in range(round(length * 8)):
            at = len(out) * SECOND // 8
            middle, w, h = (
                x + walk * at / SECOND,
                width * rng.uniform(0.97, 1.03),
                height * rng.uniform(0.97, 1.03),
            )
            out.append((at, Box(middle - w / 2, 400 - h, middle + w / 2, 400), True))
    return out


def test_who_stands_or_walks_is_standing() -> None:
    assert pose_word(posed((4, 40, 110))) == "standing"
    assert pose_word(posed((4, 40, 110), walk=60)) == "standing"


def test_who_sits_down_is_sitting() -> None:
    assert pose_word(posed((3, 40, 110), (6, 55, 75))) == "sitting"


def test_who_lies_is_lying_even_if_he_got_up_again() -> None:
    assert pose_word(posed((3, 40, 110), (5, 105, 40), (3, 40, 110))) == "lying"


def test_who_bends_for_a_moment_stands() -> None:
    assert pose_word(posed((4, 40, 110), (1.5, 55, 75), (4, 40, 110))) == "standing"


@pytest.mark.parametrize("size", [(60, 70), (90, 60), (70, 100)])
def test_one_who_was_never_upright_is_not_judged(size: tuple[float, float]) -> None:
    assert pose_word(posed((8, *size))) == ""


def test_who_crouches_along_is_not_sitting() -> None:
    assert pose_word(posed((2, 40, 110), (6, 55, 75), walk=60)) == ""


def test_cut_boxes_say_nothing() -> None:
    assert pose_word([(at, box, False) for at, box, _ in posed((5, 40, 110))]) == ""


@given(st.integers(0, 10_000))
def test_trembling_edges_change_no_pose(seed: int) -> None:
    assert pose_word(posed((3, 40, 110), (6, 55, 75), seed=seed)) == "sitting"


def test_only_people_have_a_pose() -> None:
    profile = Profile()
    for at, box, whole in posed((4, 40, 110)):
        profile.note(at, box, whole=whole, score=0.9, appearance=())
    assert profile.attributes("person", (640, 480), None)["pose"] == "standing"
    assert "pose" not in profile.attributes("car", (640, 480), None)
    assert set(POSES) == {"standing", "sitting", "lying"}
