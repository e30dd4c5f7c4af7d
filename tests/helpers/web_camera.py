"""A camera over HTTP: JPEG pictures one after another, or a playlist that grows, with or without a password."""

from __future__ import annotations

import base64
import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
from PIL import Image

from helpers.videos import background, walker

LOGIN = "viewer:hunter2"


class WebCamera:
    """Serves on a free port of this machine: `/video.mjpg` shows a walker ten times a second, `/live.m3u8` what
    `put_playlist` is given, a second more every second. What was asked for stands in `asked`.
    """

    def __init__(self, *, login: str = "") -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.over = threading.Event()
        self._began = 0.0
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.asked.append(self.path)
                given = self.headers.get("Authorization", "")
                if login and given != "Basic " + base64.b64encode(login.encode()).decode():
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.end_headers()
                elif self.path == "/video.mjpg":
                    self._pictures()
                elif (body := camera.body(self.path)) is not None:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                else:
                    self.send_error(404)

            def _pictures(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=--picture")
                self.end_headers()
                n = 0
                while not camera.over.is_set():
                    scene = background(160, 120)
                    walker(n / 10, scene)
                    out = io.BytesIO()
                    Image.fromarray(scene).save(out, "JPEG")
                    data = out.getvalue()
                    try:
                        self.wfile.write(b"--picture\r\nContent-Type: image/jpeg\r\n")
                        self.wfile.write(f"Content-Length: {len(data)}\r\n\r\n".encode() + data + b"\r\n")
                    except OSError:
                        return
                    n += 1
                    time.sleep(0.1)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def body(self, path: str) -> bytes | None:
        """What lies at the path; of a playlist as much as there is by now."""
        body = self.files.get(path)
        if body is None or not path.endswith(".m3u8"):
            return body
        self._began = self._began or time.monotonic()
        head, *parts = body.split(b"#EXTINF")
        shown = 3 + int(time.monotonic() - self._began)
        return head + b"".join(b"#EXTINF" + part for part in parts[:shown])

    def close(self) -> None:
        """Ends it."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def put_playlist(self, video: Path, folder: Path) -> None:
        """Serves the video as a playlist with segments of a second."""
        folder.mkdir()
        with (
            av.open(str(video)) as source,
            av.open(
                str(folder / "live.m3u8"),
                "w",
                format="hls",
                options={"hls_time": "1", "hls_list_size": "0", "hls_flags": "omit_endlist"},
            ) as out,
        ):
            stream = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
        for path in folder.iterdir():
            self.files[f"/{path.name}"] = path.read_bytes()
