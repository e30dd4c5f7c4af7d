"""The moments of a file's pictures: the same by packets as by decoding, so that frames are numbered as others do."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import micros, nearest
from core.errors import BadMedia, NotFound
from helpers.videos import write_video
from ingest.decode.pyav import PyavDecoder
from ingest.numbering import moments


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.avi", "mpeg4"), ("a.mkv", "libx264"), ("a.webm", "libvpx-vp9")],
)
def test_every_picture_has_the_moment_decoding_gives_it(tmp_path: Path, name: str, codec: str) -> None:
    path = write_video(tmp_path / name, seconds=2, fps=10, size=(96, 64), codec=codec)
    assert list(moments(str(path))) == [shown.at for shown in PyavDecoder(str(path)).pictures()]


def test_an_uneven_rate_is_told_as_it_is(tmp_path: Path) -> None:
    times = [0, 0.1, 0.15, 0.9, 1.0, 1.7]
    told = moments(str(write_video(tmp_path / "a.mkv", times=times, size=(96, 64))))
    assert told == pytest.approx([micros(t) for t in times], abs=1000)
    assert [nearest(told, micros(t)) for t in (0.0, 0.14, 0.8, 1.3, 1.36, 9.0)] == [0, 2, 3, 4, 5, 5]


def test_a_file_that_is_gone_or_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        moments(str(tmp_path / "none.mp4"))
    (tmp_path / "words.mp4").write_text("no video at all, but a few words of text")
    with pytest.raises(BadMedia):
        moments(str(tmp_path / "words.mp4"))


@pytest.mark.slow
def test_real_clips_are_numbered_as_they_are_decoded(clips: Path) -> None:
    for name in (
        "misc/tree_then_hand.avi",
        "traffic/road_arrows.avi",
        "traffic/street_vehicles_a.mp4",
        "traffic/topdown_cars.mp4",
    ):
        told = moments(str(clips / name))
        shown = [each.at for each in PyavDecoder(str(clips / name)).pictures()]
        assert sorted(set(told)) == shown, name
