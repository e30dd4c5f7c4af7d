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


def views(now: np.ndarray, known: np.ndarray, *, unsure: bool = False) -> tuple[Views, np.ndarray]:
    """Both as they are compared, all of the remembered one sure or unsure, and the evidence of what differs."""
    small = [Background.planes(Background.shrunk(picture)) for picture in (now, known)]
    differs = (np.abs(small[0] - small[1]).max(axis=2) > 12).astype(np.uint8) * np.uint8(255)
    doubt = np.full(differs.shape, unsure)
    return Views(now=small[0], known=small[1], mask=differs, unsure=doubt), differs


def watched(
    departures: Departures,
    now: np.ndarray,
    known: np.ndarray,
    box: Box,
    span: range,
    *,
    unsure: bool = False,
) -> list[int]:
    """The looks at which it was said that something has left."""
    both, differs = views(now, known, unsure=unsure)
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


@pytest.mark.parametrize("unsure", [True, False])
def test_where_the_remembered_picture_may_be_wrong_what_is_no_thing_is_nothing(
    pictures: tuple[np.ndarray, np.ndarray, Box], unsure: bool
) -> None:
    empty, full, box = pictures
    smeared = empty.copy()
    y, x = slice(int(box.y1), int(box.y2)), slice(int(box.x1), int(box.x2))
    smeared[y, x] = smeared[y, x].mean(axis=(0, 1)) // 3
    said = watched(Departures(), empty, smeared, box, range(20), unsure=unsure)
    assert said == ([STILL // STEP] if unsure else [])
    assert watched(Departures(), full, empty, box, range(20), unsure=unsure) == []


def test_where_things_passed_while_the_background_was_learned_it_is_unsure_until_it_agrees() -> None:
    floor = np.full((180, 320, 3), 120, np.uint8)
    first = [floor.copy() for _ in range(10)]
    for picture in first[:4]:
        picture[60:120, 100:140] = (200, 40, 40)
    background = Background()
    background.seed(first, 0)
    background = pickle.loads(pickle.dumps(background))
    place, beside = Box(105, 65, 135, 115), Box(205, 65, 235, 115)
    for i, sure in ((1, False), (4, False), *((i, i >= 48) for i in range(12, 60, 12))):
        hidden = floor.copy()
        hidden[60:120, 100:240] = (30, 60, 200)
        background.compare(hidden if i == 1 else floor, i * STEP)
        seen = background.views
        assert seen is not None
        if i == 1:
            frame = Frame(picture=hidden, at=i * STEP)
            assert (seen.part_unsure(place, frame), seen.part_unsure(beside, frame)) == (1.0, 0.0)
        assert bool(seen.unsure[90, 120]) is not sure


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
