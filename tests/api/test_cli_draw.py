"""Clips and maps drawn from what was seen."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from helpers.command import Sightline
from helpers.videos import write_video

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Sightline:
    folder = tmp_path_factory.mktemp("draw")
    line = Sightline(folder / "home")
    line.run("watch", write_video(folder / "yard.mp4", seconds=6), "--json")
    return line


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as video:
        assert video.streams.video[0].codec.canonical_name == "h264"
        assert video.streams.video[0].pix_fmt == "yuv420p"
        return [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]


def test_a_clip_shows_boxes_where_the_thing_is(watched: Sightline, tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    watched.run("annotate", "--stream", "yard", "--from", "1", "--to", "4", "--out", out)
    drawn = pictures(out)
    plain = pictures(watched.home.parent / "yard.mp4")[15:60]
    assert abs(len(drawn) - 45) <= 1
    differs = (np.abs(drawn[20].astype(int) - plain[20].astype(int)).max(axis=2) > 60).mean()
    assert 0.005 < differs < 0.3, "something is drawn, and most of the picture is as it was"


def test_a_heat_map_is_warm_where_things_went(watched: Sightline, tmp_path: Path) -> None:
    out = tmp_path / "h.png"
    watched.run("heatmap", "--stream", "yard", "--out", out)
    picture = np.asarray(Image.open(out)).astype(int)
    still = pictures(watched.home.parent / "yard.mp4")[45].astype(int)
    assert picture.shape == still.shape
    changed = np.abs(picture - still).max(axis=2) > 25
    assert changed[190:215].mean() > 5 * max(changed[:80].mean(), 0.001), "the walker's feet are at 200"


def test_what_cannot_be_drawn_is_refused(watched: Sightline, tmp_path: Path) -> None:
    watched.run("heatmap", "--stream", "yard", "--label", "whale", "--out", tmp_path / "h.png", expect=2)
    watched.run("annotate", "--stream", "yard", "--out", tmp_path / "none" / "a.mp4", expect=2)
