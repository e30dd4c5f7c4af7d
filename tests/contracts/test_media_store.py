"""What every media store promises, whichever it is."""

from __future__ import annotations

import io
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid, NotFound, StoreUnavailable
from core.ports import MediaStore
from graph.media import FolderMedia, MemoryMedia


@pytest.fixture(params=["fake", "folder", "file url", "fsspec memory"])
def media(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    match request.param:
        case "fake":
            return MemoryMedia()
        case "folder":
            return FolderMedia(tmp_path / "media folder")
        case "file url":
            return FolderMedia(f"file://{tmp_path}/media")
        case _:
            return FolderMedia(f"memory://{uuid4().hex}/media")


def test_bytes_come_back(media: MediaStore) -> None:
    assert media.put("uploads/a b/dock é.mp4", b"\x00moov") == 5
    with media.open("uploads/a b/dock é.mp4") as file:
        assert file.read() == b"\x00moov"
        file.seek(1)
        assert file.read(2) == b"mo"


def test_a_file_is_taken_as_bytes_are(media: MediaStore) -> None:
    big = bytes(range(256)) * 20_000
    assert media.put("big", io.BytesIO(big)) == len(big)
    with media.open("big") as file:
        assert file.read() == big


def test_nothing_may_be_stored_too(media: MediaStore) -> None:
    assert media.put("empty", b"") == 0
    assert media.keys() == ["empty"]
    with media.open("empty") as file:
        assert file.read() == b""


def test_putting_again_replaces(media: MediaStore) -> None:
    media.put("a", b"long ago")
    media.put("a", b"new")
    with media.open("a") as file:
        assert file.read() == b"new"


def test_what_is_being_read_does_not_change_under_the_reader(media: MediaStore) -> None:
    media.put("a", b"old and complete")
    with media.open("a") as file:
        first = file.read(4)
        media.put("a", b"NEW AND OTHER")
        assert first + file.read() in (b"old and complete", b"NEW AND OTHER")


class Broken(io.RawIOBase):
    """A source that fails after its first bytes."""

    def __init__(self) -> None:
        self._given = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def,override]
        if self._given:
            raise ConnectionResetError("the sender went away")
        self._given = True
        buffer[:4] = b"half"
        return 4


@pytest.mark.parametrize("before", [None, b"whole"])
def test_nothing_half_written_is_ever_seen(media: MediaStore, before: bytes | None) -> None:
    if before is not None:
        media.put("a/b", before)
    with pytest.raises((ConnectionResetError, StoreUnavailable), match="went away"):
        media.put("a/b", io.BufferedReader(Broken()))
    assert media.keys() == ([] if before is None else ["a/b"])
    if before is not None:
        with media.open("a/b") as file:
            assert file.read() == before


def test_what_is_not_there_is_not_found(media: MediaStore) -> None:
    media.put("a/b", b"")
    for key in ("nothing", "a", "a/b/c"):
        with pytest.raises(NotFound, match=key):
            media.open(key)


def test_keys_are_listed_by_prefix_and_sorted(media: MediaStore) -> None:
    for key in ("uploads/b", "uploads/a", "uploads2/c", "reports/x/y.html"):
        media.put(key, b"1")
    assert media.keys() == ["reports/x/y.html", "uploads/a", "uploads/b", "uploads2/c"]
    assert media.keys("uploads") == ["uploads/a", "uploads/b", "uploads2/c"]
    assert media.keys("uploads/") == ["uploads/a", "uploads/b"]
    assert media.keys("reports/x/y") == ["reports/x/y.html"]
    assert media.keys("nothing/here") == []


def test_removing_takes_all_with_the_prefix(media: MediaStore) -> None:
    for key in ("snapshots/a/1", "snapshots/a/2", "snapshots/b/1"):
        media.put(key, b"1")
    assert media.remove("snapshots/a/") == 2
    assert media.remove("snapshots/a/") == 0
    assert media.keys() == ["snapshots/b/1"]
    assert media.remove("") == 1


@pytest.mark.parametrize(
    "key", ["../x", "a/../../x", "/etc/passwd", "", "a//b", "a/", "./a", "..", "a\\..\\b", "a\x00b", "a\nb", "~/../x/.."]
)  # fmt: skip
def test_a_key_cannot_leave_the_store(media: MediaStore, key: str) -> None:
    for act in (lambda: media.put(key, b"1"), lambda: media.open(key), lambda: media.path(key)):  # type: ignore[attr-defined]
        with pytest.raises(Invalid, match="no key"):
            act()
    assert media.keys() == []


@pytest.mark.parametrize("prefix", ["../", "/", "a/../b", ".."])
def test_a_prefix_cannot_leave_the_store(media: MediaStore, prefix: str) -> None:
    for act in (media.keys, media.remove):
        with pytest.raises(Invalid, match="no key"):
            act(prefix)


PART = st.text(st.sampled_from("ab.-_ é%#?*[]{}"), min_size=1, max_size=4).filter(
    lambda p: p not in (".", "..")
)
KEYS = st.lists(PART, min_size=1, max_size=3).map("/".join)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=KEYS, data=st.binary(max_size=50))
def test_any_name_works_as_a_key(media: MediaStore, key: str, data: bytes) -> None:
    key = f"{uuid4().hex}/{key}"
    media.put(key, data)
    assert media.keys(key) == [key]
    with media.open(key) as file:
        assert file.read() == data
    path = media.path(key)  # type: ignore[attr-defined]
    assert path is None or path.read_bytes() == data
    assert media.remove(key) == 1
    assert media.keys() == []
