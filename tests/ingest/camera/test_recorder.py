"""Recordings: kept under keys that say what they hold, and no more of them than the quota allows."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from core.clock import SECOND, Micros, Span
from core.errors import NotFound
from core.ids import stream_id
from core.media import Stream, StreamKind
from core.ports import MediaStore
from graph.ledger import MemoryLedger
from graph.media import FolderMedia, MemoryMedia
from ingest.camera.recorder import Quota, Recorder
from ingest.camera.recording import opened, recorded, remove_span, segments

STREAM = Stream(id=stream_id("cam"), name="cam", source="rtsp://cam/", shown_source="", kind=StreamKind.LIVE)


@pytest.fixture(params=["memory", "folder"])
def media(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    return MemoryMedia() if request.param == "memory" else FolderMedia(tmp_path / "media")


class Camera:
    """Gives a recorder segments of six seconds and a hundred bytes each."""

    def __init__(
        self, folder: Path, media: MediaStore, quota: Quota, *, forgotten: tuple[Span, ...] = ()
    ) -> None:
        self._folder, self.now = folder, 0
        ledger = MemoryLedger()
        ledger.put(Stream(id=STREAM.id, name="cam", source="x", shown_source="x", forgotten=forgotten))
        self.recorder = Recorder(STREAM, quota, ledger, media, lambda: self.now)

    def record(self, count: int) -> None:
        for _ in range(count):
            start: Micros = self.now
            self.now += 6 * SECOND
            path = self._folder / f"{start}.mp4"
            path.write_bytes(b"x" * 100)
            self.recorder.take(path, start, self.now)
        self.recorder.close()


def test_segments_are_kept_in_order_and_found_by_their_span(tmp_path: Path, media: MediaStore) -> None:
    Camera(tmp_path, media, Quota(size=10_000)).record(5)
    assert [s.span.start // SECOND for s in segments(media, STREAM.id)] == [0, 6, 12, 18, 24]
    found = segments(media, STREAM.id, Span.of_seconds(11, 13))
    assert [s.span.start // SECOND for s in found] == [6, 12]
    all_of_it = recorded(media, STREAM.id)
    assert (all_of_it.segments, all_of_it.size, all_of_it.span) == (5, 500, Span.of_seconds(0, 30))
    assert not list(tmp_path.glob("*.mp4")), "what was taken over is left behind"


def test_no_more_bytes_are_kept_than_allowed(tmp_path: Path, media: MediaStore) -> None:
    Camera(tmp_path, media, Quota(size=350)).record(20)
    kept = segments(media, STREAM.id)
    assert [s.span.start // SECOND for s in kept] == [102, 108, 114]
    assert recorded(media, STREAM.id).size <= 350


def test_nothing_is_kept_that_is_too_old(tmp_path: Path, media: MediaStore) -> None:
    Camera(tmp_path, media, Quota(size=10_000, age=20 * SECOND)).record(20)
    assert all(s.span.end >= 120 * SECOND - 20 * SECOND for s in segments(media, STREAM.id))
    assert segments(media, STREAM.id)


def test_a_second_run_counts_what_the_first_one_left(tmp_path: Path, media: MediaStore) -> None:
    Camera(tmp_path, media, Quota(size=350)).record(3)
    again = Camera(tmp_path, media, Quota(size=350))
    again.now = 60 * SECOND
    again.record(2)
    assert [s.span.start // SECOND for s in segments(media, STREAM.id)] == [12, 60, 66]


def test_what_was_forgotten_is_not_kept(tmp_path: Path, media: MediaStore) -> None:
    Camera(tmp_path, media, Quota(size=10_000), forgotten=(Span.of_seconds(7, 8),)).record(3)
    assert [s.span.start // SECOND for s in segments(media, STREAM.id)] == [0, 12]


def test_forgetting_a_span_takes_every_segment_that_shows_it(tmp_path: Path, media: MediaStore) -> None:
    Camera(tmp_path, media, Quota(size=10_000)).record(4)
    assert remove_span(media, STREAM.id, Span.of_seconds(5, 7)) == 2
    assert [s.span.start // SECOND for s in segments(media, STREAM.id)] == [12, 18]


def test_other_keys_are_no_segments(media: MediaStore) -> None:
    media.put(f"recordings/{STREAM.id}/notes.txt", io.BytesIO(b"x"))
    assert segments(media, STREAM.id) == []


def test_a_moment_nobody_recorded_is_said_to_be_so(tmp_path: Path, media: MediaStore) -> None:
    Camera(tmp_path, media, Quota(size=10_000)).record(1)
    with (
        pytest.raises(NotFound, match="nothing is recorded"),
        opened(STREAM, [Span.of_seconds(60, 61)], media),
    ):
        pass
    with opened(STREAM, [Span.of_seconds(5, 6)], media) as source:
        assert source.startswith("segments:")
