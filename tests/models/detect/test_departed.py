"""What left is told from what came, by asking about the same place in the remembered picture."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from core.clock import SECOND
from core.media import Frame
from core.place import Box
from models.detect.background import Background, Views
from models.detect.centres import own_centres
from models.detect.departed import STILL, Departures

pytestmark = pytest.mark.slow

STEP = SECOND // 8


def views(now: np.ndarray, known: np.ndarray) -> tuple[Views, np.ndarray]:
    """Both as they are compared, and the evidence of what differs."""
    small = [Background.planes(Background.shrunk(picture)) for picture in (now, known)]
    differs = (np.abs(small[0] - small[1]).max(axis=2) > 12).astype(np.uint8) * np.uint8(255)
    return Views(now=small[0], known=small[1], mask=differs), differs


def watched(departures: Departures, now: np.ndarray, known: np.ndarray, box: Box, span: range) -> list[int]:
    """The looks at which it was said that something has left."""
    both, differs = views(now, known)
    out = []
    for i in span:
        frame = Frame(picture=now, at=i * STEP)
        if departures.left(frame, [box], differs, both, own_centres()):
            out.append(i)
    return out


def test_who_is_in_the_remembered_picture_alone_has_left_which_is_said_once(
    pictures: tuple[np.ndarray, np.ndarray, Box],
) -> None:
    empty, full, box = pictures
    assert watched(Departures(), empty, full, box, range(20)) == [STILL // STEP]


def test_who_is_in_the_latest_picture_alone_has_come(pictures: tuple[np.ndarray, np.ndarray, Box]) -> None:
    empty, full, box = pictures
    assert watched(Departures(), full, empty, box, range(20)) == []


def test_who_was_there_in_both_pictures_and_goes_all_at_once_has_left(
    pictures: tuple[np.ndarray, np.ndarray, Box],
) -> None:
    empty, full, box = pictures
    departures = Departures()
    assert watched(departures, full, full, box, range(10)) == []
    departures = pickle.loads(pickle.dumps(departures))
    assert watched(departures, empty, full, box, range(10, 20)) == [10 + STILL // STEP]


def test_what_left_is_forgotten_and_who_walks_past_is_not_learned() -> None:
    floor = np.full((180, 320, 3), 120, np.uint8)
    before = floor.copy()
    before[60:120, 100:140] = (200, 40, 40)
    background = Background()
    background.seed([before] * 6, 0)
    for i in range(1, 6):
        now = floor.copy()
        now[60:120, 150 + 6 * i : 170 + 6 * i] = (30, 60, 200)
        background.compare(now, i * STEP)
    background.forget([Box(90, 50, 220, 130)])
    now = floor.copy()
    now[60:120, 250:270] = (30, 60, 200)
    mask = background.compare(now, 6 * STEP).mask
    assert mask[70:110, 105:135].mean() < 10, "the place is bare and known to be"
    assert mask[70:110, 252:268].mean() > 200
    assert mask[70:110, 180:200].mean() < 10, "who walked past was not taken for background"
