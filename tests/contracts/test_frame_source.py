"""What every `FrameSource` promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.clock import Micros, micros
from core.errors import NotFound
from core.ids import StreamId, stream_id
from core.media import Frame, Stream
from core.ports import FrameSource
from core.settings import Settings
from graph.ledger import MemoryLedger
from graph.media import MemoryMedia
from helpers.videos import Rgb, background, write_video
from ingest.fakes import HeldFrames
from ingest.reopen import Reopener

TIMES = [0.0, 0.5, 1.0, 1.1, 4.0]
YARD = stream_id("yard")


def paint(at: float, picture: Rgb) -> None:
    picture[:] = 20 + TIMES.index(at) * 50


def reopener(folder: Path) -> FrameSource:
    video = write_video(folder / "yard.mkv", times=TIMES, size=(64, 48), paint=paint)
    ledger = MemoryLedger()
    ledger.put(Stream(id=YARD, name="yard", source=str(video), shown_source="yard.mkv"))
    return Reopener(ledger, MemoryMedia(), Settings(home=folder / "home"))


def held(_folder: Path) -> FrameSource:
    frames = []
    for at in TIMES:
        picture = background(64, 48)
        paint(at, picture)
        frames.append(Frame(at=micros(at), picture=picture))
    return HeldFrames({YARD: frames})


@pytest.fixture(scope="module", params=[reopener, held])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FrameSource:
    make: Callable[[Path], FrameSource] = request.param
    return make(tmp_path_factory.mktemp("frames"))


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ([0.0], [0]),
        ([0.499, 0.5, 0.501], [0, 1, 1]),
        ([4.0, 1.05, 1.1], [4, 2, 3]),
        ([3.9, 3.9], [3, 3]),
        ([100.0], [4]),
        ([], []),
    ],
)
def test_each_moment_gives_the_frame_on_the_screen_then(
    source: FrameSource, asked: list[float], shown: list[int]
) -> None:
    moments: list[Micros] = [micros(at) for at in asked]
    frames = source.frames_at(YARD, moments)
    assert [frame.at for frame in frames] == [micros(TIMES[n]) for n in shown]
    for frame, number in zip(frames, shown, strict=True):
        assert (frame.width, frame.height, frame.scale) == (64, 48, 1.0)
        assert frame.picture.mean() == pytest.approx(20 + number * 50, abs=4)


def test_an_unknown_stream_is_said(source: FrameSource) -> None:
    with pytest.raises(NotFound) as caught:
        source.frames_at(StreamId("st_none"), [0])
    assert caught.value.next_step
