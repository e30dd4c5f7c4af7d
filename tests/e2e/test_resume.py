"""A run that is killed goes on where it stopped, and comes to the same memory as one that was not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.ids import stream_id
from helpers.command import Sightline
from helpers.videos import write_video

pytestmark = pytest.mark.slow

SHORT_CHUNKS = {"chunk_s": "2", "overlap_s": "0.5"}


def checkpoint(home: Path) -> Path:
    return home / "checkpoints" / f"{stream_id('v')}.checkpoint"


def test_killed_and_gone_on_is_the_same_as_never_killed(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=40)
    whole = Sightline(tmp_path / "whole", **SHORT_CHUNKS)
    whole.run("watch", video, "--name", "v", "--json")

    broken = Sightline(tmp_path / "broken", **SHORT_CHUNKS)
    first = broken.start("watch", video, "--name", "v", "--json")
    deadline = time.monotonic() + 60
    while not checkpoint(broken.home).exists():
        assert first.poll() is None, first.communicate()
        assert time.monotonic() < deadline, "no checkpoint was written"
        time.sleep(0.01)
    first.kill()
    first.communicate()
    cut_off_at = len(broken.run("captions", "--stream", "v", "--json").lines)
    assert cut_off_at < len(whole.run("captions", "--stream", "v", "--json").lines), "it was not cut off"

    (watched,) = broken.run("watch", video, "--name", "v", "--json").lines
    assert watched["chunks"] == 20
    for words in (("events", "--json"), ("tracks", "--stream", "v"), ("captions", "--stream", "v", "--json")):
        assert broken.run(*words).out == whole.run(*words).out
    assert not checkpoint(broken.home).exists()


def test_watching_twice_changes_nothing(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=6)
    line = Sightline(tmp_path / "home")
    line.run("watch", video, "--json")
    before = line.run("events", "--json").out
    (again,) = line.run("watch", video, "--json").lines
    assert line.run("events", "--json").out == before
    assert again["chunks"] == 1
