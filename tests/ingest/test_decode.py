from __future__ import annotations

import itertools
import os
import signal
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.clock import SECOND, micros
from core.errors import BadMedia
from helpers.videos import Rgb, nothing, turned, walker, write_video
from ingest.decode.looks import DecodePlan, Look, looks

ALL = DecodePlan(looks_per_s=60, idle_looks_per_s=60)


def all_looks(source: Path, plan: DecodePlan = ALL) -> list[Look]:
    return list(looks(str(source), plan))


def children() -> set[int]:
    """The child processes of this process."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_moments_are_the_timestamps_of_the_file_and_not_a_count(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.15, 0.9, 2.4, 2.5, 4.0]
    seen = all_looks(write_video(tmp_path / "v.mkv", times=times))
    assert [round(look.at / 1000) for look in seen] == [round(at * 1000) for at in times]


def test_a_file_that_starts_late_begins_at_zero(tmp_path: Path) -> None:
    seen = all_looks(write_video(tmp_path / "v.ts", times=[10 + n / 10 for n in range(20)]))
    assert [look.at for look in seen] == [n * 100_000 for n in range(20)]


def test_pictures_are_scaled_to_the_longest_side_and_say_by_how_much(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=1, size=(320, 240))
    frame = all_looks(video, DecodePlan(look_width=160))[0].frame
    assert frame is not None
    assert (frame.width, frame.height, frame.scale) == (160, 120, 2.0)
    frame = all_looks(video, DecodePlan(look_width=4000))[0].frame
    assert frame is not None
    assert (frame.width, frame.height, frame.scale) == (320, 240, 1.0)


def corner(_at: float, picture: Rgb) -> None:
    picture[:40, :40] = (220, 20, 20)


def test_a_turned_file_is_seen_upright_and_in_its_colours(tmp_path: Path) -> None:
    flat = write_video(tmp_path / "flat.mp4", seconds=1, size=(160, 96), paint=corner)
    frame = all_looks(turned(flat, tmp_path / "up.mp4"))[0].frame
    assert frame is not None
    assert (frame.width, frame.height) == (96, 160)
    red, green, blue = frame.picture[10:30, -30:-10].mean(
        axis=(0, 1)
    )  # a quarter turn clockwise: now upper right
    assert red > 180
    assert max(green, blue) < 80


def test_the_first_and_the_last_picture_are_always_looked_at(tmp_path: Path) -> None:
    seen = all_looks(write_video(tmp_path / "v.mp4", seconds=3.3, fps=30, paint=nothing), DecodePlan())
    assert seen[0].at == 0
    assert seen[0].frame is not None
    assert seen[-1].at == round(98 * SECOND / 30)
    assert seen[-1].frame is not None


def test_stillness_is_gated_with_a_heartbeat(tmp_path: Path) -> None:
    seen = all_looks(write_video(tmp_path / "v.mp4", seconds=10, fps=25, paint=nothing), DecodePlan())
    settled = [look for look in seen if 2 * SECOND <= look.at < 9.9 * SECOND]
    assert [round(look.at / SECOND) for look in settled if look.frame is not None] == [2, 4, 6, 8]
    assert sum(look.frame is None for look in settled) == pytest.approx(12, abs=1)
    assert all(look.moved == 0 for look in settled)


def test_movement_is_looked_at_as_often_as_asked(tmp_path: Path) -> None:
    seen = all_looks(write_video(tmp_path / "v.mp4", seconds=4, fps=25), DecodePlan())
    assert len(seen) == pytest.approx(32, abs=1)
    assert all(look.frame is not None for look in seen)
    assert np.mean([look.moved > 0 for look in seen]) > 0.9


def late_walker(at: float, picture: Rgb) -> None:
    if at >= 3:
        walker(at, picture)


def test_what_starts_to_move_is_seen_within_a_look(tmp_path: Path) -> None:
    seen = all_looks(write_video(tmp_path / "v.mp4", seconds=5, fps=25, paint=late_walker), DecodePlan())
    first = next(look for look in seen if look.at > SECOND and look.moved > 0)
    assert 3 * SECOND <= first.at <= 3.15 * SECOND
    assert first.frame is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.ts", "v.avi"])
def test_a_later_start_shows_the_same_moments(tmp_path: Path, name: str) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    video = write_video(
        tmp_path / name, seconds=45, fps=10, size=(96, 64), codec=codec, paint=late_walker, key_every=50
    )
    whole = all_looks(video, DecodePlan())
    start = 38 * SECOND + 1
    part = all_looks(video, DecodePlan(start=start))
    wanted = [look for look in whole if look.at >= start]
    assert [(look.at, look.moved, look.frame is None) for look in part] == [
        (look.at, look.moved, look.frame is None) for look in wanted
    ]
    for a, b in zip(part, wanted, strict=True):
        if a.frame is not None and b.frame is not None:
            np.testing.assert_array_equal(a.frame.picture, b.frame.picture)


@pytest.mark.parametrize("name", ["v.mkv", "v.avi", "v.mp4"])
def test_a_file_that_breaks_off_gives_its_good_part_and_then_says_so(tmp_path: Path, name: str) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    whole = write_video(tmp_path / f"whole_{name}", seconds=10, fps=10, codec=codec, faststart=True)
    data = whole.read_bytes()
    broken = tmp_path / name
    broken.write_bytes(data[: len(data) // 2])
    coming = looks(str(broken), ALL)
    seen: list[int] = []
    with pytest.raises(BadMedia, match="breaks off") as caught:
        seen.extend(look.at for look in coming)
    assert caught.value.stage == "decode"
    assert 20 < len(seen) < 80
    assert seen == sorted(seen)


def test_damage_in_the_middle_does_not_end_the_run(tmp_path: Path) -> None:
    data = bytearray(write_video(tmp_path / "whole.ts", seconds=10, fps=10).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    (tmp_path / "v.ts").write_bytes(data)
    seen = all_looks(tmp_path / "v.ts")
    assert seen[-1].at > 9 * SECOND
    assert len(seen) > 80


def test_a_crash_of_the_decoder_is_an_error_after_what_came_before(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=6, fps=20)
    before = children()
    with closing(looks(str(video), ALL)) as coming:
        assert next(coming).at == 0
        (child,) = children() - before
        os.kill(child, signal.SIGSEGV)
        with pytest.raises(BadMedia, match="SIGSEGV") as caught:
            list(coming)
    assert caught.value.next_step
    assert children() == before


def test_a_decoder_that_hangs_is_stopped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "v.mp4")  # opening it blocks until somebody writes, and nobody does
    before, began = children(), time.monotonic()
    with pytest.raises(BadMedia, match=r"nothing could be decoded for 0\.5 seconds") as caught:
        all_looks(tmp_path / "v.mp4", DecodePlan(stall_s=0.5))
    assert "SIGHTLINE_STALL_S" in caught.value.next_step
    assert time.monotonic() - began < 20
    assert children() == before


def test_a_decoder_that_wants_too_much_memory_is_refused_it(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=0.2, fps=10, size=(2048, 2048), paint=nothing)
    with pytest.raises(BadMedia, match="more than the 12 MB") as caught:
        all_looks(video, DecodePlan(memory_mb=12))
    assert "SIGHTLINE_DECODE_MEMORY_MB" in caught.value.next_step


def test_stopping_early_leaves_nothing_behind(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=6, fps=20)
    processes, files = children(), open_files()
    for _ in range(3):
        coming = looks(str(video), ALL)
        next(coming)
        coming.close()  # type: ignore[attr-defined]
    assert (children(), open_files()) == (processes, files)


def test_a_slow_reader_is_waited_for(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=4, fps=20)
    seen = []
    for look in looks(str(video), DecodePlan(looks_per_s=60, idle_looks_per_s=60, stall_s=1)):
        if look.at == 0:
            time.sleep(1.5)  # longer than the decoder may stay silent: it is we who are slow
        seen.append(look.at)
    assert len(seen) == 80


CLIPS = {
    "misc/tea_box_hand.mp4": 15.151,  # damaged slices, timestamps as stored
    "misc/tree_then_hand.avi": 29.533,  # variable rate, Cinepak
    "people/hall_groups.mp4": 49.583,
    "sports/gym_two_players.mp4": 9.977,
    "traffic/street_vehicles_a.mp4": 37.646,
    "traffic/road_arrows.avi": 12.433,
    "warehouse_retail/closet_idle.mp4": 135.333,
}


@pytest.mark.slow
@pytest.mark.parametrize("clip", CLIPS)
def test_real_clips_play_to_their_end(clips: Path, clip: str) -> None:
    at = [look.at for look in looks(str(clips / clip), DecodePlan(look_width=128))]
    assert at[0] == 0
    assert at[-1] == pytest.approx(micros(CLIPS[clip]), abs=1000)
    assert all(a < b for a, b in itertools.pairwise(at))
    assert max(b - a for a, b in itertools.pairwise(at)) <= SECOND


def test_an_empty_closet_is_hardly_looked_at(clips: Path) -> None:
    source = clips / "warehouse_retail/closet_idle.mp4"
    seen = [look for look in looks(str(source), DecodePlan()) if look.at > 30 * SECOND]
    assert sum(look.frame is not None for look in seen) < 105  # of 630: a heartbeat, and the clock's tens


@pytest.mark.slow
def test_every_cut_of_the_long_clip_is_found_and_no_other(clips: Path) -> None:
    import json

    truth = json.loads((clips / "misc/long_open.timeline.json").read_text())["segments"]
    source = clips / "misc/long_open.mp4"
    found = [look.at / SECOND for look in looks(str(source), DecodePlan(look_width=64)) if look.cut]
    assert found == pytest.approx([segment["t0"] for segment in truth[1:]], abs=0.3)
