"""Cameras over HTTP: opened with their password, and never led to files or inner hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import CameraRefused, Invalid, SourceUnavailable
from helpers.videos import write_video
from helpers.web_camera import LOGIN, WebCamera
from ingest.camera.open import Fetcher, open_camera
from ingest.camera.source import probe_camera


@pytest.fixture
def other() -> Iterator[WebCamera]:
    """An inner host that nobody named."""
    camera = WebCamera()
    camera.files["/secret"] = b"secret"
    yield camera
    camera.close()


def url(camera: WebCamera, path: str, login: str = LOGIN, host: str = "127.0.0.1") -> str:
    return f"http://{login}@{host}:{camera.port}{path}"


@pytest.mark.slow
def test_pictures_over_http_are_seen(web_camera: WebCamera) -> None:
    info = probe_camera(url(web_camera, "/video.mjpg"), memory_mb=1024)
    assert (info.width, info.height, info.codec) == (160, 120, "mjpeg")
    assert 4 < info.fps < 25


@pytest.mark.slow
def test_a_playlist_that_grows_is_seen(web_camera: WebCamera, tmp_path: Path) -> None:
    video = write_video(tmp_path / "walk.mp4", seconds=40, fps=10, key_every=10, size=(160, 120))
    web_camera.put_playlist(video, tmp_path / "playlist")
    info = probe_camera(url(web_camera, "/live.m3u8"), memory_mb=1024)
    assert (info.width, info.height, info.codec) == (160, 120, "h264")
    assert info.fps == pytest.approx(10, abs=0.5)


def test_a_wrong_password_is_said_to_be_wrong_and_not_repeated(web_camera: WebCamera) -> None:
    with pytest.raises(CameraRefused) as caught:
        open_camera(url(web_camera, "/video.mjpg", "viewer:guessed"))
    assert "401" in str(caught.value)
    assert "guessed" not in str(caught.value)


def test_a_camera_that_is_not_there_is_said_to_be_so(web_camera: WebCamera) -> None:
    with pytest.raises(SourceUnavailable, match="404"):
        open_camera(url(web_camera, "/nothing"))
    web_camera.close()
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        open_camera(url(web_camera, "/video.mjpg"))


def test_what_a_playlist_names_is_never_a_file_of_ours(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ts"
    secret.write_bytes(b"secret")
    fetch = Fetcher("http://127.0.0.1:1/live.m3u8", 1.0)
    for named in (f"file://{secret}", str(secret), f"concat:{secret}", "ftp://127.0.0.1/x", "data:,x"):
        with pytest.raises(Invalid):
            fetch.for_libav(named, 0, {})


def test_what_a_playlist_names_is_never_an_inner_host(web_camera: WebCamera, other: WebCamera) -> None:
    fetch = Fetcher(url(web_camera, "/live.m3u8", host="localhost"), 5.0)
    web_camera.files["/mine"] = b"mine"
    assert fetch.for_libav(f"http://localhost:{web_camera.port}/mine", 0, {}).read(10) == b"mine"
    with pytest.raises(OSError, match="not followed"):
        fetch.for_libav(f"http://127.0.0.1:{other.port}/secret", 0, {})
    assert other.asked == []


def test_the_password_goes_to_the_camera_alone(web_camera: WebCamera, other: WebCamera) -> None:
    fetch = Fetcher(url(web_camera, "/x"), 5.0)
    assert "hunter2" not in fetch.clean(url(web_camera, "/x"))
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/x", fetch.clean(url(web_camera, "/x")))
