"""Drives `bench/rtsp/camera.py`: starts it, kills it, freezes it, starts it again on the same port."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType

import av

SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("camera.py")
START_S = 60.0

PACKAGES = "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
"""What Debian calls what it needs."""


class Missing(Exception):
    """GStreamer's RTSP server is not on this machine."""


@cache
def check_installed() -> None:
    """Raises `Missing` where the server cannot be run here."""
    test = (
        "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0');"
        "from gi.repository import Gst, GstRtspServer; Gst.init(None);"
        "assert all(Gst.ElementFactory.find(n) for n in ('appsrc', 'h264parse', 'rtph264pay'))"
    )
    try:
        done = subprocess.run([SYSTEM_PYTHON, "-c", test], capture_output=True, check=False, timeout=START_S)
    except OSError as error:
        raise Missing(f"there is no {SYSTEM_PYTHON}") from error
    if done.returncode:
        raise Missing(f"gst-rtsp-server is not installed (apt-get install {PACKAGES})")


def write_units(video: Path, target: Path) -> Path:
    """Writes a video's H.264 access units, each after its length in 4 bytes, for the server; returns `target`."""
    with av.open(str(video)) as source, target.open("wb") as out:
        stream = source.streams.video[0]
        to_bytes = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in source.demux(stream):
            for unit in to_bytes.filter(packet if packet.size else None):
                data = bytes(unit)
                out.write(len(data).to_bytes(4, "big") + data)
    return target


class CameraServer:
    """The server with its cameras: `paths` says which file of access units is shown at which path."""

    def __init__(self, paths: Mapping[str, Path], *, fps: float, login: str = "") -> None:
        check_installed()
        self.paths, self.fps, self.login = dict(paths), fps, login
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, path: str, *, port: int | None = None, login: str | None = None) -> str:
        """Where the camera is; through another port where there is a line before it."""
        who = self.login if login is None else login
        return f"rtsp://{who + '@' if who else ''}127.0.0.1:{port or self.port}/{path}"

    @property
    def pid(self) -> int:
        """The process, while it lives."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts it, on the port it had if it had one, and waits until it listens."""
        words = [SYSTEM_PYTHON, str(SCRIPT), str(self.port), str(self.fps), self.login or "-"]
        words += [f"{path}={file}" for path, file in self.paths.items()]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_S)
        said = self._process.stdout.readline() if ready else b""
        if not said.strip().isdigit():
            self.kill()
            raise RuntimeError("the RTSP server did not start")
        self.port = int(said)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()

    def freeze(self) -> None:
        """Stops it without closing anything."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> CameraServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
