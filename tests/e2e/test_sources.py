"""Sources from end to end: seeing off, key pictures alone, folders of pictures, and what is then said of them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import cv2
import pytest
from conftest import absent

from helpers.command import Sightline
from helpers.videos import background, walker, write_video

pytestmark = pytest.mark.slow


def test_with_seeing_off_time_is_accounted_for_and_nothing_is_claimed(tmp_path: Path) -> None:
    line = Sightline(tmp_path / "home", detector="none:", looks_per_s="1", idle_looks_per_s="1")
    (seen,) = line.run("watch", write_video(tmp_path / "v.mp4", seconds=6), "--name", "yard", "--json").lines
    assert (seen["entities"], round(seen["duration_s"])) == (0, 6)
    assert sum(seen["coverage"].values()) == pytest.approx(seen["duration_s"], abs=0.01)
    answer = line.run("ask", "How many people appear?", "--stream", "yard", "--json").json
    assert answer["status"] in ("unsupported", "not_covered")


@pytest.mark.slow
def test_key_pictures_alone_speak_for_what_is_near_them(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=24, fps=10, size=(96, 64), key_every=100)
    line = Sightline(tmp_path / "home", detector="motion:")
    (seen,) = line.run("watch", video, "--name", "yard", "--keyframes", "--json").lines
    covered = seen["coverage"]["looked_s"] + seen["coverage"]["gated_s"]
    assert seen["coverage"]["failed_s"] == 0
    assert covered == pytest.approx(
        3 * 2, abs=0.1
    )  # key pictures at 0, 10 and 20 s, two seconds from each on
    (again,) = line.run("watch", video, "--name", "yard", "--json").lines
    assert again["coverage"]["looked_s"] + again["coverage"]["gated_s"] == pytest.approx(24, abs=0.2)


@pytest.mark.slow
def test_a_folder_of_pictures_is_watched_asked_about_and_shown(tmp_path: Path) -> None:
    folder = tmp_path / "run7"
    folder.mkdir()
    scene = background(160, 96)
    for n in range(60):
        picture = scene.copy()
        walker(n / 10, picture)
        cv2.imwrite(str(folder / f"{n}.png"), picture[:, :, ::-1])
    line = Sightline(tmp_path / "home", detector="motion:")
    (seen,) = line.run("watch", f"images:{folder}?fps=10", "--json").lines
    assert (seen["stream"], seen["duration_s"]) == ("run7", 6.0)
    assert seen["entities"] >= 1
    assert line.run("watch", f"images:{folder}?fps=10", "--json").lines[0]["stream"] == "run7"
    clash = line.run("watch", f"images:{folder}?fps=5", "--name", "run7", expect=2)
    assert "other content" in clash.err
    annotated = tmp_path / "out.mp4"
    line.run("annotate", "--stream", "run7", "--out", annotated)
    assert annotated.stat().st_size > 1000


@pytest.mark.slow
def test_a_file_can_be_watched_with_decord(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=4)
    if find_spec("decord") is None:
        absent("decord")
    (one,) = Sightline(tmp_path / "a", detector="motion:").run("watch", video, "--json").lines
    line = Sightline(tmp_path / "b", detector="motion:", decoder="decord:")
    (other,) = line.run("watch", video, "--json").lines
    same = ("stream", "duration_s", "chunks", "entities")
    assert [one[key] for key in same] == [other[key] for key in same]


def test_a_decoder_nobody_knows_is_refused(tmp_path: Path) -> None:
    ran = Sightline(tmp_path / "home", decoder="gstreamer:").run("watch", tmp_path, expect=2)
    assert "pyav:" in ran.err
