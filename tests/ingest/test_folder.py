"""Folders: numbered pictures that are one stream, and videos that arrive."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.clock import SECOND
from core.errors import BadMedia, Invalid, NotFound
from ingest.folder import SETTLED, Arrivals, pictures_in
from ingest.source import digest, locate, probe, shown_source

START = datetime(2026, 1, 1, tzinfo=UTC)


def numbered(folder: Path, count: int, *, step_s: float = 0.5) -> Path:
    for n in range(count):
        file = folder / f"cam-{n}.jpg"
        cv2.imwrite(str(file), np.full((48, 64, 3), 10 * n, np.uint8))
        os.utime(file, ns=(0, 10**18 + round(n * step_s * 10**9)))
    return folder


def test_pictures_are_counted_as_people_count(tmp_path: Path) -> None:
    numbered(tmp_path, 12)
    (tmp_path / "notes.txt").write_text("no picture")
    assert [file.name for file in pictures_in(tmp_path)] == [f"cam-{n}.jpg" for n in range(12)]


def test_a_folder_is_a_source_by_its_path_alone(tmp_path: Path) -> None:
    where = locate(str(numbered(tmp_path, 5)))
    assert where == f"images:{tmp_path}"
    info = probe(where)
    assert (info.width, info.height, info.codec, info.timed) == (64, 48, "jpg", True)
    assert info.duration == 5 * SECOND // 2
    assert info.started_at == datetime.fromtimestamp(10**9, UTC)
    assert shown_source(f"{where}?fps=10") == tmp_path.name


def test_a_rate_replaces_the_times_of_the_files(tmp_path: Path) -> None:
    numbered(tmp_path, 5, step_s=0.0)
    with pytest.raises(BadMedia, match="their times are no clock") as caught:
        probe(str(tmp_path))
    assert "fps=" in caught.value.next_step
    info = probe(f"images:{tmp_path}?fps=10")
    assert (info.fps, info.duration) == (10.0, SECOND // 2)


@pytest.mark.parametrize("clock", ["fps=0", "fps=-1", "fps=nan", "fps=ten", "rate=5", "fps=1e9"])
def test_a_clock_that_is_none_is_refused(tmp_path: Path, clock: str) -> None:
    with pytest.raises(Invalid, match="no clock"):
        locate(f"images:{numbered(tmp_path, 2)}?{clock}")


def test_a_folder_that_is_not_there_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        locate(f"images:{tmp_path}/none")
    with pytest.raises(BadMedia, match="without pictures"):
        locate(str(tmp_path))


def test_another_picture_or_another_clock_is_another_content(tmp_path: Path) -> None:
    where = f"images:{numbered(tmp_path, 3)}"
    first = digest(where)
    assert digest(where) == first
    assert digest(f"{where}?fps=5") != first
    cv2.imwrite(str(tmp_path / "cam-1.jpg"), np.full((48, 64, 3), 200, np.uint8))
    assert digest(f"{where}?fps=5") not in (first, digest(where))


def test_a_picture_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    from ingest.decode.looks import DecodePlan, looks

    numbered(tmp_path, 8)
    (tmp_path / "cam-4.jpg").write_bytes(b"no picture")
    plan = DecodePlan(looks_per_s=60, idle_looks_per_s=60)
    seen = [look.at for look in looks(f"images:{tmp_path}?fps=4", plan)]
    assert seen == [n * SECOND // 4 for n in range(8) if n != 4]


def test_a_file_is_given_once_it_has_stopped_growing(tmp_path: Path) -> None:
    arrivals, now = Arrivals(tmp_path), START
    file = tmp_path / "a.mp4"
    assert arrivals.complete(now) == []
    for size in (10, 20, 30):
        file.write_bytes(bytes(size))
        now += SETTLED / 2
        assert arrivals.complete(now) == []
    assert arrivals.complete(now + SETTLED / 2) == []
    assert arrivals.complete(now + SETTLED) == [file]
    assert arrivals.complete(now + 2 * SETTLED) == []


def test_a_file_that_is_written_again_comes_again(tmp_path: Path) -> None:
    arrivals, file = Arrivals(tmp_path), tmp_path / "a.mp4"
    file.write_bytes(b"one")
    assert [arrivals.complete(START), arrivals.complete(START + SETTLED)] == [[], [file]]
    file.write_bytes(b"another")
    later = START + timedelta(minutes=1)
    assert [arrivals.complete(later), arrivals.complete(later + SETTLED)] == [[], [file]]


def test_what_is_no_video_or_still_on_its_way_is_not_looked_at(tmp_path: Path) -> None:
    for name in ("notes.txt", ".hidden.mp4", "b.mp4.part", "c.mkv.tmp"):
        (tmp_path / name).write_bytes(b"data")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "empty.mp4").touch()
    arrivals = Arrivals(tmp_path)
    assert [arrivals.complete(START), arrivals.complete(START + SETTLED)] == [[], []]
