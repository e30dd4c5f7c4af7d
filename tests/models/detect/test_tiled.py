"""What a detector finds in a picture and in its tiles, merged: each thing once."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import pytest

from core.media import Frame, Tile
from core.place import Box
from core.sight import Detection
from models.detect.tiled import TiledDetector
from models.fakes import FakeDetector

SIZE = (640, 360)
SCALE = 6.0
FINE = 2.0


def tile(left: float, top: float, box: tuple[int, int, int, int] | None = None) -> Tile:
    """A dark tile of 1280 by 720 source pixels, bright where a box in its own pixels says."""
    picture = np.zeros((360, 640, 3), np.uint8)
    if box:
        x1, y1, x2, y2 = box
        picture[y1:y2, x1:x2] = 255
    return Tile(left=left, top=top, picture=picture, scale=FINE)


def frame(*tiles: Tile, at: int = 0, bright: tuple[int, int, int, int] | None = None) -> Frame:
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    if bright:
        x1, y1, x2, y2 = bright
        picture[y1:y2, x1:x2] = 255
    return Frame(at=at, picture=picture, scale=SCALE, tiles=tiles)


def boxes(found: Sequence[Detection]) -> list[tuple[float, float, float, float]]:
    return [(d.box.x1, d.box.y1, d.box.x2, d.box.y2) for d in found]


@pytest.fixture
def detector() -> TiledDetector:
    return TiledDetector(FakeDetector())


def test_what_a_tile_shows_stands_where_it_is_in_the_source(detector: TiledDetector) -> None:
    (found,) = detector.detect([frame(tile(1000, 500, (10, 20, 30, 60)))])
    assert boxes(found) == [(1020, 540, 1060, 620)]


def test_a_thing_in_two_tiles_is_one_thing(detector: TiledDetector) -> None:
    both = (tile(0, 0, (500, 100, 520, 140)), tile(960, 0, (20, 100, 40, 140)))
    (found,) = detector.detect([frame(*both)])
    assert boxes(found) == [(1000, 200, 1040, 280)]


def test_what_a_tile_cuts_off_is_left_to_its_neighbour(detector: TiledDetector) -> None:
    cut, whole = tile(0, 0, (620, 100, 640, 140)), tile(960, 0, (140, 100, 180, 140))
    (found,) = detector.detect([frame(cut, whole)])
    assert boxes(found) == [(1240, 200, 1320, 280)]


def test_at_the_edge_of_the_picture_nothing_is_cut_off(detector: TiledDetector) -> None:
    (found,) = detector.detect([frame(tile(0, 0, (0, 0, 20, 20)))])
    assert boxes(found) == [(0, 0, 40, 40)]


def test_a_small_thing_is_better_known_from_its_tile_and_a_large_one_from_the_whole(
    detector: TiledDetector,
) -> None:
    (small,) = detector.detect([frame(tile(0, 0, (20, 20, 40, 60)), bright=(6, 6, 15, 21))])
    assert boxes(small) == [(40, 40, 80, 120)]
    (large,) = detector.detect([frame(tile(0, 0, (100, 50, 600, 300)), bright=(34, 17, 200, 100))])
    assert boxes(large) == [(204, 102, 1200, 600)]


def test_what_no_tile_shows_better_stays(detector: TiledDetector) -> None:
    (found,) = detector.detect([frame(tile(0, 0), bright=(300, 200, 310, 220))])
    assert boxes(found) == [(1800, 1200, 1860, 1320)]


def test_a_tile_that_is_left_out_shows_what_it_showed(detector: TiledDetector) -> None:
    first, second, third = detector.detect(
        [frame(tile(0, 0, (20, 20, 40, 60))), frame(at=1), frame(tile(0, 0), at=2)]
    )
    assert boxes(first) == boxes(second) == [(40, 40, 80, 120)]
    assert third == []


def test_a_cut_forgets_what_tiles_showed(detector: TiledDetector) -> None:
    detector.detect([frame(tile(0, 0, (20, 20, 40, 60)))])
    detector.reset()
    assert detector.detect([frame(at=1)]) == [[]]


def test_every_tile_has_a_memory_of_its_own_and_none_changes_the_original() -> None:
    class Counting(FakeDetector):
        looks = 0

        def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
            self.looks += len(frames)
            box = Box(10, 10, 10 + self.looks, 20)
            return [[Detection(label="thing", box=box, score=0.9, source="counting")] for _ in frames]

    detector = TiledDetector(Counting())
    detector.detect([frame(tile(0, 0), tile(1200, 0))])
    (found,) = detector.detect([frame(tile(0, 0), at=1)])
    assert sorted(d.box.width for d in found) == [
        1,
        2,
    ]  # the whole's own second look shows the same as the first tile's
    assert copy.deepcopy(detector).detect([frame(at=2)])
