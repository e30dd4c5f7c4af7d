from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import StoreUnavailable
from graph.media import FolderMedia


def test_keys_lie_in_the_folder_for_their_owner_alone(tmp_path: Path) -> None:
    media = FolderMedia(tmp_path / "home" / "media")
    media.put("uploads/dock.mp4", b"1")
    path = media.path("uploads/dock.mp4")
    assert path == tmp_path / "home" / "media" / "uploads" / "dock.mp4"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_removed_keys_goes_with_them(tmp_path: Path) -> None:
    media = FolderMedia(tmp_path / "media")
    media.put("a/b/c", b"1")
    media.put("d", b"1")
    media.remove("a/")
    assert [p.name for p in (tmp_path / "media").iterdir()] == ["d"]
    media.put("a", b"a file where a folder was")
    assert media.keys() == ["a", "d"]


def test_a_folder_that_cannot_be_made_is_unavailable_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match="SIGHTLINE_MEDIA"):
        FolderMedia(tmp_path / "file" / "media")


def test_a_key_below_another_key_is_refused_with_a_cause(tmp_path: Path) -> None:
    media = FolderMedia(tmp_path)
    media.put("a", b"1")
    with pytest.raises(StoreUnavailable, match="'a/b'"):
        media.put("a/b", b"1")
    assert media.keys() == ["a"]


def test_an_address_of_no_known_kind_is_refused() -> None:
    with pytest.raises(StoreUnavailable, match="SIGHTLINE_MEDIA"):
        FolderMedia("carrier-pigeon://loft/3")


@pytest.mark.parametrize(
    "names", ["0123", "0011", "0000"], ids=["keys-of-their-own", "keys-of-two", "one-key"]
)
def test_many_writers_and_removers_do_not_trip_over_each_other(tmp_path: Path, names: str) -> None:
    media = FolderMedia(tmp_path)
    problems: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for _ in range(100):
                media.put(f"deep/shared/{name}", b"1")
                media.remove(f"deep/shared/{name}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            problems.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert media.keys() == []
