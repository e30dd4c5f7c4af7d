"""Bad input: one clear error with its cause and the next step, the right exit status, nothing stored is lost."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.command import Sightline
from helpers.videos import write_video

pytestmark = pytest.mark.slow


def missing(folder: Path) -> Path:
    return folder / "nowhere.mp4"


def empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def words(folder: Path) -> Path:
    path = folder / "words.mp4"
    path.write_text("this is no video\n" * 400)
    return path


def a_folder(folder: Path) -> Path:
    return folder


def cut_before_its_index(folder: Path) -> Path:
    whole = write_video(folder / "whole.mp4", seconds=3)
    path = folder / "cut.mp4"
    path.write_bytes(whole.read_bytes()[:2000])
    return path


def sound_only(folder: Path) -> Path:
    path = folder / "sound.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\0\0" * 8000)
    return path


def a_playlist(folder: Path) -> Path:
    path = folder / "list.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n")
    return path


@pytest.mark.parametrize(
    "make", [missing, empty, words, a_folder, cut_before_its_index, sound_only, a_playlist]
)
def test_a_file_that_cannot_be_watched_is_refused_and_nothing_is_lost(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    line = Sightline(tmp_path / "home")
    good = write_video(tmp_path / "good.mp4", seconds=4)
    line.run("watch", good, "--name", "good", "--json")
    before = line.run("events", "--json").out
    bad = tmp_path / "bad"
    bad.mkdir()
    ran = line.run("watch", make(bad), "--name", "bad", "--json", expect=2)
    assert ran.out == ""
    assert "error:" in ran.err
    assert "next:" in ran.err
    assert "Traceback" not in ran.err
    assert before
    assert line.run("events", "--json").out == before


def test_a_file_longer_than_allowed_is_refused(tmp_path: Path) -> None:
    video = write_video(tmp_path / "long.mp4", seconds=8)
    ran = Sightline(tmp_path / "home", max_hours="0.001").run("watch", video, "--json", expect=2)
    assert "SIGHTLINE_MAX_HOURS" in ran.err


def test_a_file_that_breaks_off_is_watched_to_where_it_breaks(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mkv", seconds=12)
    data = whole.read_bytes()
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(data[: len(data) * 2 // 3])
    (watched,) = Sightline(tmp_path / "home").run("watch", broken, "--json").lines
    coverage = watched["coverage"]
    assert 4 < coverage["looked_s"] + coverage["gated_s"] < 11
    assert watched["events"] > 0


@pytest.mark.parametrize(
    ("zones", "says"),
    [
        ("zones:\n  - name: dock\n    polygon: [[0, 0], [10, 10]]\n", "line 3"),
        ("zones: [", "line 1"),
        ("zonen: []\n", "zonen"),
        ("lines:\n  - {name: a, from: [0, 0]}\n", "to"),
    ],
)
def test_a_zone_file_with_errors_is_refused_by_line(tmp_path: Path, zones: str, says: str) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=2)
    file = tmp_path / "zones.yaml"
    file.write_text(zones)
    ran = Sightline(tmp_path / "home").run("watch", video, "--zones", file, "--json", expect=2)
    assert "zones.yaml" in ran.err
    assert says in ran.err.replace("\n", " ")


def test_an_unknown_stream_is_named_with_the_known_ones(tmp_path: Path) -> None:
    line = Sightline(tmp_path / "home")
    line.run("watch", write_video(tmp_path / "v.mp4", seconds=2), "--name", "yard", "--json")
    for words_ in (("ask", "How many people appear?"), ("events",), ("tracks",), ("captions",)):
        ran = line.run(*words_, "--stream", "elsewhere", expect=2)
        assert "elsewhere" in ran.err
        assert "yard" in ran.err


def test_the_same_name_with_other_content_is_a_conflict(tmp_path: Path) -> None:
    line = Sightline(tmp_path / "home")
    line.run("watch", write_video(tmp_path / "a.mp4", seconds=2), "--name", "yard", "--json")
    ran = line.run("watch", write_video(tmp_path / "b.mp4", seconds=3), "--name", "yard", "--json", expect=2)
    assert "yard" in ran.err
    assert "--name" in ran.err


def test_a_question_about_nothing_known_is_unsupported(tmp_path: Path) -> None:
    line = Sightline(tmp_path / "home")
    line.run("watch", write_video(tmp_path / "v.mp4", seconds=4), "--name", "yard", "--json")
    answer = line.run("ask", "Which violin concerto is being performed?", "--stream", "yard", "--json").json
    assert answer["status"] == "unsupported"
    assert "violin" in answer["text"]


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    ran = Sightline(tmp_path / "home", store="mysql://x").run("events", expect=2)
    assert "sqlite" in ran.err
