"""Which sources go on, and how their addresses are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Invalid, NotFound
from ingest.camera.source import as_live, camera_url, is_live, shown_camera


@pytest.mark.parametrize(
    ("source", "live"),
    [
        ("rtsp://10.0.0.7/main", True),
        ("RTSPS://10.0.0.7/main", True),
        ("http://cam/live/index.m3u8?token=1", True),
        ("http://cam/axis-cgi/mjpg/video.cgi", True),
        ("http://cam/mjpgs/video.cgi", False),
        ("http://cam/video.mjpg", True),
        ("http://cam/mjpeg/1", True),
        ("https://host/dock.mp4", False),
        ("live+https://host/stream", True),
        ("live+file:///tmp/a.mp4", True),
        ("/tmp/a.mp4", False),
        ("file:///tmp/a.mp4", False),
    ],
)
def test_what_goes_on_is_known_by_its_address(source: str, live: bool) -> None:
    assert is_live(source) is live


def test_anything_can_be_said_to_be_live(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"something")
    assert camera_url(as_live(str(video))) == f"live+file://{video}"
    assert camera_url(as_live("https://cam/stream")) == "https://cam/stream"
    with pytest.raises(NotFound):
        camera_url(as_live(str(tmp_path / "none.mp4")))


@pytest.mark.parametrize(
    "url", ["ftp://cam/x", "rtsp:///path", "rtsp://u:p@ss/w@cam/x", "rtsp://u:a#b@cam/x"]
)
def test_an_address_that_cannot_be_opened_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        camera_url(url)
    assert "p@ss" not in str(caught.value)
    assert "a#b" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://admin:hunter2@10.0.0.7:554/main", "rtsp://10.0.0.7:554/main"),
        ("rtsp://admin:hu@nt/er2@10.0.0.7/main?a=1", "rtsp://10.0.0.7/main?a=1"),
        (
            "rtsp://10.0.0.7/user=admin&password=hunter2&channel=1",
            "rtsp://10.0.0.7/user=…&password=…&channel=1",
        ),
        ("http://cam/live.m3u8?token=hunter2&q=1", "http://cam/live.m3u8?token=…&q=1"),
        ("live+file:///home/somebody/dock.mp4?loops=2", "live:dock.mp4"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert shown_camera(url) == shown
    assert "hunter2" not in shown_camera(url)
