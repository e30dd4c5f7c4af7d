from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.clock import SECOND, Span, micros
from core.errors import BadMedia, Invalid, NotFound
from core.ids import StreamId, stream_id
from core.media import Clip, Stream
from core.settings import Settings
from graph.ledger import MemoryLedger
from graph.media import MemoryMedia
from helpers.videos import Rgb, turned, write_video
from ingest.reopen import Reopener
from ingest.source import probe


def counting(at: float, picture: Rgb) -> None:
    """The time in seconds as a level of grey, and the tenths as another."""
    picture[:] = 20
    picture[:, : picture.shape[1] // 2] = round(at) * 4 + 20 if at < 50 else 220
    picture[:, picture.shape[1] // 2 :] = round(at * 10) % 10 * 20 + 20


def opened(path: Path, tmp_path: Path) -> tuple[Reopener, Stream]:
    info = probe(str(path))
    stream = Stream(
        id=stream_id("v"),
        name="v",
        source=str(path),
        shown_source=path.name,
        duration=info.duration,
        width=info.width,
        height=info.height,
    )
    ledger = MemoryLedger()
    ledger.put(stream)
    return Reopener(ledger, MemoryMedia(), Settings(home=tmp_path / "home")), stream


def decoded(clip: Clip) -> tuple[list[float], list[np.ndarray], av.VideoCodecContext]:
    container = av.open(io.BytesIO(clip.data))
    stream = container.streams.video[0]
    assert stream.time_base is not None
    frames = list(container.decode(stream))
    at = [float((frame.pts or 0) * stream.time_base) for frame in frames]
    pictures = [frame.to_ndarray(format="rgb24") for frame in frames]
    context = stream.codec_context
    container.close()
    return at, pictures, context


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.ts", "v.avi"])
def test_the_frame_shown_at_each_moment_in_the_order_asked(tmp_path: Path, name: str) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    video = write_video(
        tmp_path / name, seconds=40, fps=10, size=(64, 48), paint=counting, codec=codec, key_every=50
    )
    reopener, stream = opened(video, tmp_path)
    asked = [38.1, 0.0, 12.35, 12.3, 12.5, 99.0, 25.0]
    shown = [38.1, 0.0, 12.3, 12.3, 12.5, 39.9, 25.0]
    frames = reopener.frames_at(stream.id, [micros(at) for at in asked])
    assert [frame.at for frame in frames] == [micros(at) for at in shown]
    for frame, at in zip(frames, shown, strict=True):
        assert frame.picture[:, :28].mean() == pytest.approx(round(at) * 4 + 20, abs=6)
        assert frame.picture[:, 36:].mean() == pytest.approx(round(at * 10) % 10 * 20 + 20, abs=6)


def test_frames_are_full_size_or_as_small_as_asked(tmp_path: Path) -> None:
    reopener, stream = opened(write_video(tmp_path / "v.mp4", seconds=1, size=(320, 240)), tmp_path)
    (full,) = reopener.frames_at(stream.id, [0])
    (little,) = reopener.frames_at(stream.id, [0], longest=80)
    assert (full.width, full.height, full.scale) == (320, 240, 1.0)
    assert (little.width, little.height, little.scale) == (80, 60, 4.0)
    assert reopener.frames_at(stream.id, []) == []


def test_an_unknown_stream_or_a_lost_file_is_said(tmp_path: Path) -> None:
    reopener, stream = opened(write_video(tmp_path / "v.mp4", seconds=1), tmp_path)
    with pytest.raises(NotFound):
        reopener.frames_at(StreamId("st_none"), [0])
    (tmp_path / "v.mp4").unlink()
    with pytest.raises(NotFound, match=r"v\.mp4"):
        reopener.frames_at(stream.id, [0])
    with pytest.raises(NotFound):
        reopener.cut_clip(stream, Span(0, SECOND))


def test_a_clip_plays_in_a_browser_from_zero_for_as_long_as_asked(tmp_path: Path) -> None:
    video = write_video(
        tmp_path / "v.avi", seconds=20, fps=10, size=(65, 49), paint=counting, codec="mpeg4", key_every=40
    )
    reopener, stream = opened(video, tmp_path)
    clip = reopener.cut_clip(stream, Span.of_seconds(6.0, 8.0), pre=micros(1.5), post=micros(0.5))
    at, pictures, context = decoded(clip)
    assert clip.media_type == "video/mp4"
    assert clip.span == Span.of_seconds(4.5, 8.5)
    assert (context.name, context.pix_fmt, context.width, context.height) == ("h264", "yuv420p", 64, 48)
    assert at == pytest.approx([n / 10 for n in range(40)], abs=0.001)
    assert pictures[0][:, 36:].mean() == pytest.approx(5 * 20 + 20, abs=8)  # 4.5 s: five tenths
    assert pictures[-1][:, 36:].mean() == pytest.approx(4 * 20 + 20, abs=8)  # 8.4 s
    assert clip.data.index(b"moov") < clip.data.index(b"mdat")
    with av.open(io.BytesIO(clip.data)) as container:
        assert container.duration == pytest.approx(4 * SECOND, abs=20_000)


def test_a_clip_keeps_the_true_rhythm_and_holds_the_last_picture(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mkv", times=[0, 0.1, 0.2, 2.0, 2.7, 6.0], paint=counting)
    reopener, stream = opened(video, tmp_path)
    clip = reopener.cut_clip(stream, Span.of_seconds(1.0, 5.0))
    at, _, _ = decoded(clip)
    assert at == pytest.approx([0, 1.0, 1.7], abs=0.002)
    with av.open(io.BytesIO(clip.data)) as container:
        assert container.duration == pytest.approx(4 * SECOND, abs=20_000)


def test_a_clip_of_a_turned_file_is_upright(tmp_path: Path) -> None:
    flat = write_video(tmp_path / "flat.mp4", seconds=1, size=(160, 96))
    reopener, stream = opened(turned(flat, tmp_path / "up.mp4"), tmp_path)
    _, pictures, context = decoded(reopener.cut_clip(stream, Span(0, SECOND)))
    assert (context.width, context.height) == (96, 160)
    assert len(pictures) == 15


def test_a_clip_is_bounded(tmp_path: Path) -> None:
    reopener, stream = opened(write_video(tmp_path / "v.mp4", seconds=1), tmp_path)
    with pytest.raises(Invalid, match="too long") as caught:
        reopener.cut_clip(replace(stream, duration=3600 * SECOND), Span.of_seconds(0, 601))
    assert "600 seconds" in caught.value.next_step
    with pytest.raises(Invalid, match="ends before"):
        reopener.cut_clip(stream, Span.of_seconds(5, 6))
    assert reopener.cut_clip(stream, Span.of_seconds(0.5, 60)).span.end == stream.duration


def test_too_many_frames_at_once_are_refused(tmp_path: Path) -> None:
    reopener, stream = opened(write_video(tmp_path / "v.mp4", seconds=1), tmp_path)
    with pytest.raises(Invalid, match="too many"):
        reopener.frames_at(stream.id, range(1000))


def test_a_file_spoiled_since_is_said(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=1)
    reopener, stream = opened(video, tmp_path)
    video.write_bytes(video.read_bytes()[:2000])
    with pytest.raises(BadMedia):
        reopener.frames_at(stream.id, [0])


def test_frames_of_the_damaged_clip_are_those_shown_when_it_is_played(clips: Path, tmp_path: Path) -> None:
    reopener, stream = opened(clips / "misc/tea_box_hand.mp4", tmp_path)
    moments = [0, 34_000, 67_000, 101_000, 7_000_000, 14_000_000]
    frames = reopener.frames_at(stream.id, moments)
    assert [frame.at for frame in frames[:4]] == moments[:4]
    assert all(0 <= at - frame.at < 40_000 for frame, at in zip(frames, moments, strict=True))


@pytest.mark.slow
def test_real_clips_can_be_cut(clips: Path, tmp_path: Path) -> None:
    for name in ("misc/tree_then_hand.avi", "people/campus_pets_vtest.avi", "traffic/street_vehicles_a.mp4"):
        reopener, stream = opened(clips / name, tmp_path)
        at, _, context = decoded(reopener.cut_clip(stream, Span.of_seconds(5.0, 8.0)))
        assert at[0] == 0
        assert at[-1] < 3
        assert (context.width, context.height) == (stream.width, stream.height)
        assert Fraction(len(at), 3) > 1
