from __future__ import annotations

import os
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from core.clock import SECOND
from core.errors import BadMedia, Invalid, NotFound, SightlineError, SourceUnavailable
from helpers.videos import turned, write_video
from ingest.source import digest, probe, shown_source


def test_a_file_is_known_by_its_own_words(tmp_path: Path) -> None:
    info = probe(str(write_video(tmp_path / "a.mp4", seconds=2, fps=12.5, size=(160, 90))))
    assert (info.width, info.height, info.codec, info.rotation) == (160, 90, "h264", 0)
    assert abs(info.duration - 2 * SECOND) <= 40_000
    assert info.fps == pytest.approx(12.5, rel=0.01)
    assert info.timed


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.avi", "mpeg4"),
        ("a.mkv", "libx264"),
        ("a.mov", "mjpeg"),
        ("a.ts", "libx264"),
        ("a.webm", "libvpx-vp9"),
    ],
)
def test_every_usual_container_is_read(tmp_path: Path, name: str, codec: str) -> None:
    info = probe(str(write_video(tmp_path / name, seconds=1, fps=10, size=(96, 64), codec=codec)))
    assert (info.width, info.height) == (96, 64)
    assert abs(info.duration - SECOND) <= 200_000


def test_a_raw_stream_without_a_length_is_measured_and_called_untimed(tmp_path: Path) -> None:
    info = probe(str(write_video(tmp_path / "a.h264", seconds=2, fps=25, size=(96, 64))))
    assert abs(info.duration - 2 * SECOND) <= 100_000


def test_a_turned_file_has_the_size_it_is_shown_at(tmp_path: Path) -> None:
    flat = write_video(tmp_path / "flat.mp4", seconds=1, size=(160, 96))
    info = probe(str(turned(flat, tmp_path / "upright.mp4")))
    assert (info.width, info.height) == (96, 160)
    assert info.rotation == 270


def silent_sound(folder: Path) -> Path:
    path = folder / "sound.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\0\0" * 8000)
    return path


def missing(folder: Path) -> Path:
    return folder / "none.mp4"


def empty(folder: Path) -> Path:
    (folder / "empty.mp4").touch()
    return folder / "empty.mp4"


def folder_itself(folder: Path) -> Path:
    return folder


def words(folder: Path) -> Path:
    path = folder / "words.mp4"
    path.write_text("just words\n" * 500)
    return path


def cut_before_its_index(folder: Path) -> Path:
    whole = write_video(folder / "whole.mp4", seconds=2)
    path = folder / "cut.mp4"
    path.write_bytes(whole.read_bytes()[:3000])
    return path


def playlist(folder: Path) -> Path:
    secret = write_video(folder / "secret.mp4", seconds=1)
    path = folder / "list.mp4"
    path.write_text(f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n")
    return path


def list_of_files(folder: Path) -> Path:
    secret = write_video(folder / "secret.mp4", seconds=1)
    path = folder / "list.ffconcat"
    path.write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    return path


def headers_only(folder: Path) -> Path:
    path = folder / "headers.avi"
    data = write_video(folder / "whole.avi", seconds=1, codec="mpeg4").read_bytes()
    path.write_bytes(data[: data.index(b"movi") + 4])
    return path


def picture_alone(folder: Path) -> Path:
    import cv2
    import numpy as np

    cv2.imwrite(str(folder / "still.png"), np.full((40, 40, 3), 90, np.uint8))
    return folder / "still.png"


def wide_beyond_reason(folder: Path) -> Path:
    path = folder / "wide.avi"
    data = bytearray(write_video(folder / "w.avi", seconds=1, codec="rawvideo").read_bytes())
    for _ in range(2):  # the file's header and the stream's own
        at = data.index((320).to_bytes(4, "little") + (240).to_bytes(4, "little"))
        data[at : at + 8] = (20_000).to_bytes(4, "little") + (4_000).to_bytes(4, "little")
    path.write_bytes(data)
    return path


def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        (missing, NotFound, "no file"),
        (empty, BadMedia, "empty"),
        (folder_itself, BadMedia, "folder"),
        (words, BadMedia, "no video"),
        (cut_before_its_index, BadMedia, "truncated"),
        (silent_sound, BadMedia, "sound but no video"),
        (playlist, BadMedia, "playlist"),
        (list_of_files, BadMedia, "playlist"),
        (picture_alone, BadMedia, "no video"),
        (headers_only, BadMedia, "not one picture"),
        (wide_beyond_reason, BadMedia, "absurdly large"),
        (a_pipe, BadMedia, "no regular file"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_its_cause_and_a_way_out(
    tmp_path: Path, make: Callable[[Path], Path], kind: type[SightlineError], says: str
) -> None:
    with pytest.raises(kind, match=says) as caught:
        probe(str(make(tmp_path)))
    assert type(caught.value) is kind
    assert caught.value.next_step
    assert caught.value.stage == "source"


def test_a_file_longer_than_allowed_is_refused(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", seconds=3)
    with pytest.raises(BadMedia, match=r"more than the 0\.0005 hours") as caught:
        probe(str(video), max_hours=0.0005)
    assert "SIGHTLINE_MAX_HOURS" in caught.value.next_step


@pytest.mark.parametrize("source", ["rtsp://u:p@cam/1", "concat:a.mp4|b.mp4", "ftp://host/a.mp4"])
def test_other_protocols_are_refused_and_no_password_is_repeated(source: str) -> None:
    with pytest.raises((Invalid, NotFound)) as caught:
        probe(source)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("/data/clips/dock.mp4", "dock.mp4"),
        ("rtsp://admin:hunter2@10.0.0.4:554/ch1", "rtsp://10.0.0.4:554/ch1"),
        ("https://h.example/a.mp4?token=abc&part=2", "https://h.example/a.mp4?token=…&part=2"),
        ("https://b.example/a.mp4?X-Amz-Signature=abc", "https://b.example/a.mp4?X-Amz-Signature=…"),
        ("media:uploads/1/yard.mp4", "yard.mp4"),
        ("http://a:b@[bad/x", "http://…"),
    ],
)
def test_secrets_are_not_shown(source: str, shown: str) -> None:
    assert shown_source(source) == shown


def test_a_digest_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert digest(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Hanging(Quiet):
    """Sends the beginning of a file and then nothing more, until the test is over."""

    over: Event

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(b"\0\0\0\x18ftypmp42")
        self.over.wait(30)


@contextmanager
def serving(handler: Callable[..., SimpleHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_file_behind_http_is_read(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", seconds=1, size=(96, 64))
    with serving(partial(Quiet, directory=str(tmp_path))) as url:
        assert probe(f"{url}/a.mp4").width == 96
        with pytest.raises(SourceUnavailable) as caught:
            probe(f"{url}/none.mp4")
    assert caught.value.next_step


def test_a_server_that_hangs_is_given_up(tmp_path: Path) -> None:
    over = Event()
    handler = type("H", (Hanging,), {"over": over})
    with serving(handler) as url:
        with pytest.raises(SourceUnavailable, match="nothing could be decoded for 1 seconds"):
            probe(f"{url}/a.mp4", stall_s=1)
        over.set()
