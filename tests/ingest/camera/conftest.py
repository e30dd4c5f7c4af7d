"""Cameras to watch: real ones over RTSP where GStreamer is here, and a server of pictures over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.web_camera import LOGIN, WebCamera


@pytest.fixture
def web_camera() -> Iterator[WebCamera]:
    """A camera over HTTP that wants a password."""
    camera = WebCamera(login=LOGIN)
    yield camera
    camera.close()
