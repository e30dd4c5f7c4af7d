from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from core.clock import Clock, VirtualClock
from core.errors import BadMedia, Conflict, Invalid, NotFound
from core.media import Stream, StreamState
from core.place import Layout, Zone
from core.ports import House, Ledger, MediaStore
from core.settings import Settings
from graph.ledger import MemoryLedger
from graph.media import FolderMedia, MemoryMedia
from helpers.videos import write_video
from ingest.register import register, same_content
from ingest.source import resolve_source

DOCK = Layout(zones=(Zone(name="dock", polygon=((0, 0), (50, 0), (50, 50))),))


@dataclass
class Floor:
    """As much of a house as registering needs."""

    ledger: Ledger
    media: MediaStore
    clock: Clock


@pytest.fixture
def house() -> House:
    return cast(House, Floor(ledger=MemoryLedger(), media=MemoryMedia(), clock=VirtualClock()))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def put(house: House, settings: Settings, source: Path | str, **more: Any) -> Stream:
    return register(str(source), **{"name": None, "house": house, "settings": settings, **more})


def test_a_file_becomes_a_stream_named_after_it(tmp_path: Path, house: House, settings: Settings) -> None:
    video = write_video(tmp_path / "yard.mp4", seconds=1, size=(96, 64))
    stream = put(house, settings, video)
    assert (stream.name, stream.source, stream.shown_source) == ("yard", str(video), "yard.mp4")
    assert (stream.state, stream.width, stream.height, stream.codec) == (StreamState.NEW, 96, 64, "h264")
    assert stream.added_at == house.clock.now()
    assert house.ledger.get(Stream, stream.id) == stream
    assert same_content(house.ledger, stream.digest) == stream
    assert same_content(house.ledger, "other") is None


def test_the_same_twice_is_the_same_stream_and_keeps_its_state(
    tmp_path: Path, house: House, settings: Settings
) -> None:
    video = write_video(tmp_path / "yard.mp4", seconds=1)
    watched = house.ledger.put(
        replace(put(house, settings, video, layout=DOCK), state=StreamState.WATCHED, recipe="r")
    )
    assert put(house, settings, video) == watched
    assert put(house, settings, video, layout=DOCK) == watched


def test_other_drawings_make_it_new_and_what_was_learned_under_the_old_ones_is_not_kept(
    tmp_path: Path, house: House, settings: Settings
) -> None:
    video = write_video(tmp_path / "yard.mp4", seconds=1)
    house.ledger.put(replace(put(house, settings, video), state=StreamState.WATCHED, recipe="r"))
    again = put(house, settings, video, layout=DOCK)
    assert (again.layout, again.state) == (DOCK, StreamState.NEW)
    assert again.recipe not in ("", "r")


def test_a_file_that_was_moved_is_followed(tmp_path: Path, house: House, settings: Settings) -> None:
    video = write_video(tmp_path / "yard.mp4", seconds=1)
    put(house, settings, video)
    moved = video.rename(tmp_path / "garden.mp4")
    assert put(house, settings, moved, name="yard").source == str(moved)


def test_a_name_that_stands_for_something_else_is_a_conflict(
    tmp_path: Path, house: House, settings: Settings
) -> None:
    first = put(house, settings, write_video(tmp_path / "a.mp4", seconds=1), name="yard")
    with pytest.raises(Conflict, match=r"a\.mp4") as caught:
        put(house, settings, write_video(tmp_path / "b.mp4", seconds=2), name="yard")
    assert "--name" in caught.value.next_step
    assert house.ledger.find(Stream) == [first]


@pytest.mark.parametrize("name", ["  ", "a\nb", "x" * 201])
def test_a_name_nobody_can_type_is_refused(
    tmp_path: Path, house: House, settings: Settings, name: str
) -> None:
    with pytest.raises(Invalid, match="no name"):
        put(house, settings, write_video(tmp_path / "a.mp4", seconds=1), name=name)


def test_what_cannot_be_watched_is_not_registered(tmp_path: Path, house: House, settings: Settings) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video" * 100)
    with pytest.raises(BadMedia):
        put(house, settings, tmp_path / "a.mp4")
    with pytest.raises(NotFound):
        put(house, settings, tmp_path / "none.mp4")
    assert house.ledger.find(Stream) == []


@pytest.mark.parametrize("store", ["folder", "elsewhere"])
def test_an_upload_is_found_again_wherever_it_is_kept(
    tmp_path: Path, house: House, settings: Settings, store: str
) -> None:
    video = write_video(tmp_path / "yard.mp4", seconds=1)
    media = FolderMedia(tmp_path / "media") if store == "folder" else MemoryMedia()
    media.put("uploads/1/yard.mp4", video.read_bytes())
    stream = put(house, settings, video, media_key="uploads/1/yard.mp4", name="mine")
    video.unlink()
    assert (stream.source, stream.shown_source) == ("media:uploads/1/yard.mp4", "yard.mp4")
    found = resolve_source(stream, media)
    assert Path(found).stat().st_size > 0
    assert resolve_source(stream, media) == found
    media.remove("uploads/")
    if store == "folder":
        with pytest.raises(NotFound, match="gone"):
            resolve_source(stream, media)
