"""Which of the things that the network finds are believed, and for how long one that it overlooks."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from core.clock import SECOND
from core.media import Frame
from core.place import Box
from models.detect.singles import OVERLOOKED, Singles

pytestmark = pytest.mark.slow

STEP = SECOND // 8


@pytest.fixture
def standing(pictures: tuple[np.ndarray, np.ndarray, Box]) -> tuple[np.ndarray, Box]:
    """A picture in which somebody stands, and where (in its pixels)."""
    _, picture, box = pictures
    return picture, box


def differing(picture: np.ndarray, box: Box) -> np.ndarray:
    out = np.zeros(picture.shape[:2], np.uint8)
    out[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)] = 255
    return out


def hidden(picture: np.ndarray, at: int) -> tuple[Frame, np.ndarray, None]:
    """Something large and plain before the camera."""
    return Frame(picture=np.full_like(picture, 97), at=at), np.full(picture.shape[:2], 255, np.uint8), None


def watched(standing: tuple[np.ndarray, Box], looks: int = 9) -> Singles:
    picture, box = standing
    singles = Singles()
    for i in range(looks):
        found = singles.look(Frame(picture=picture, at=i * STEP), differing(picture, box), None)
        assert [d for d in found if d.label == "person" and d.box.iou(box) > 0.5]
    return singles


def test_who_stood_and_is_hidden_for_a_moment_is_still_there_and_looks_the_same(
    standing: tuple[np.ndarray, Box],
) -> None:
    picture, box = standing
    singles = watched(standing)
    (before,) = singles.look(Frame(picture=picture, at=9 * STEP), differing(picture, box), None)
    told = []
    for i in range(10, 40):
        at = i * STEP
        found = singles.look(*hidden(picture, at))
        told += [at for d in found if d.box.iou(box) > 0.5]
        assert all(d == before for d in found)
        singles = pickle.loads(pickle.dumps(singles))
    assert told[-1] == 9 * STEP + OVERLOOKED


def test_who_is_not_found_and_of_whom_nothing_differs_any_more_is_gone_at_once(
    standing: tuple[np.ndarray, Box],
) -> None:
    picture, box = standing
    singles = watched(standing)
    frame, differs, _ = hidden(picture, 9 * STEP)
    differs[int(box.y1) - 2 : int(box.y2) + 2, int(box.x1) - 2 : int(box.x2) + 2] = 0
    assert singles.look(frame, differs, None) == []


def test_what_was_seen_for_a_moment_only_is_not_expected(standing: tuple[np.ndarray, Box]) -> None:
    singles = watched(standing, looks=2)
    assert singles.look(*hidden(standing[0], 2 * STEP)) == []


def test_what_is_told_to_be_gone_is_forgotten(standing: tuple[np.ndarray, Box]) -> None:
    singles = watched(standing)
    singles.forget([standing[1]])
    assert singles.look(*hidden(standing[0], 9 * STEP)) == []
