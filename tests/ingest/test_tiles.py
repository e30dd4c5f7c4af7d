"""Tiles of large pictures: what is small in them is not lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.sources.large import compose, see
from core.clock import SECOND
from helpers.videos import Rgb, write_video
from ingest.decode.looks import DecodePlan, looks
from ingest.decode.sample import AFTERGLOW
from ingest.decode.tiles import BEAT, Tiling
from models.detect.sorted import SortedDetector
from models.detect.tiled import TiledDetector


@pytest.mark.parametrize("size", [(3840, 2160), (2160, 3840), (7680, 4320), (2561, 1441)])
def test_tiles_cover_the_picture_and_overlap(size: tuple[int, int]) -> None:
    tiling = Tiling(size, 640)
    width, height = tiling.size
    covered = np.zeros((height, width), np.uint8)
    for part in tiling.parts:
        assert part.left + part.width <= width
        assert part.top + part.height <= height
        covered[part.top : part.top + part.height, part.left : part.left + part.width] += 1
    assert covered.min() >= 1
    assert covered.max() >= 2
    assert max(width, height) == min(3 * 640, max(size))
    assert max(size) / max(width, height) == pytest.approx(tiling.scale)


def test_a_tile_is_due_while_it_is_stirred_and_now_and_then() -> None:
    tiling, still = Tiling((3840, 2160), 640), np.zeros((360, 640), np.bool_)
    everything = list(range(len(tiling.parts)))
    assert tiling.due(0, None) == everything
    assert tiling.due(2 * SECOND, still) == []
    stirred = still.copy()
    stirred[10:14, 10:14] = True
    assert tiling.due(2 * SECOND + 1, stirred) == [0]
    assert tiling.due(2 * SECOND + AFTERGLOW, still) == [0]
    assert tiling.due(2 * SECOND + AFTERGLOW + 2, still) == []
    assert tiling.due(BEAT, still) == everything[1:]


def speck(at: float, picture: Rgb) -> None:
    """Something of 24 by 24 pixels that walks through the upper left of a large picture."""
    x = 60 + round(at * 120)
    picture[200:224, x : x + 24] = (230, 40, 40)


@pytest.mark.slow
def test_a_large_source_is_sent_with_the_tiles_in_which_something_moves(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=2, fps=8, size=(3072, 1728), paint=speck)
    seen = list(looks(str(video), DecodePlan(tile_above=2560)))
    first, later = seen[0].frame, seen[12].frame
    assert first is not None
    assert later is not None
    assert len(first.tiles) == len(Tiling((3072, 1728), 640).parts)
    assert 0 < len(later.tiles) < len(first.tiles)
    tile = later.tiles[0]
    assert (tile.left, tile.top) == (0.0, 0.0)
    assert tile.picture.shape == later.picture.shape
    assert tile.scale == pytest.approx(1.6)
    red = tile.picture[round(205 / 1.6), round((60 + 180 + 12) / 1.6)]
    assert red[0] > 150 > red[1]
    plain = list(looks(str(video), DecodePlan()))
    assert all(look.frame is None or look.frame.tiles == () for look in plain)


def test_a_small_source_has_no_tiles(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=1, fps=8, size=(320, 180))
    assert all(
        look.frame is None or not look.frame.tiles
        for look in looks(str(video), DecodePlan(look_width=160, tile_above=320))
    )


@pytest.mark.slow
def test_people_who_are_small_in_a_4k_picture_are_found_by_its_tiles(tmp_path: Path) -> None:
    video, truth, rate = compose(tmp_path, seconds=6.0)
    without = see(video, truth, rate, TiledDetector(SortedDetector()), tile_above=0)
    with_tiles = see(video, truth, rate, TiledDetector(SortedDetector()), tile_above=2560)
    assert with_tiles.true >= without.true > 10
    assert with_tiles.recall > 0.6
    assert with_tiles.recall > 2 * without.recall
    assert with_tiles.precision > 0.5
