"""A folder is followed: what lies in it and what arrives is watched, each content once."""

from __future__ import annotations

import json
import shutil
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from api.apart import apart
from api.watching_folder import follow_folder
from api.wire.stream import WatchedOut
from helpers.command import Sightline
from helpers.videos import write_video
from models.detect.motion import MotionDetector


@pytest.mark.slow
def test_what_arrives_in_a_folder_is_watched_once(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    line = Sightline(tmp_path / "home", detector="motion:")
    first = write_video(tmp_path / "first.mp4", seconds=2, size=(96, 64))
    second = write_video(tmp_path / "second.mp4", seconds=3, size=(96, 64))
    shutil.copy(first, inbox / "first.mp4")
    (inbox / "broken.mp4").write_text("no video at all" * 50)
    running = line.start("watch", inbox, "--follow", "--json")
    try:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["stream"] == "first"
        shutil.copy(first, inbox / "again.mp4")  # the same content under another name
        shutil.copy(second, inbox / "second.mp4")
        seen = json.loads(running.stdout.readline())
        assert (seen["stream"], round(seen["duration_s"])) == ("second", 3)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
        running.communicate()
    assert (running.returncode, out) == (0, "")
    assert "no video" in err
    assert "stopped" in err


@pytest.mark.slow
def test_an_interrupt_that_comes_where_it_cannot_be_raised_still_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_video(inbox / "first.mp4", seconds=1, size=(96, 64))

    def told(_: WatchedOut) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with apart(detector=MotionDetector) as here:
        follow_folder(inbox, zones=None, house=here.house, settings=here.settings, told=told)
    assert "stopped" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    ran = Sightline(tmp_path / "home").run("watch", tmp_path / "none", "--follow", expect=2)
    assert "no folder" in ran.err
