"""A camera that shows nothing, or moves all the time, is told of, and the account of what was looked at is honest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.memory import CoverageState, Query, Want
from graph.sqlite.store import SqliteStore
from helpers.command import Sightline
from helpers.videos import Rgb, background, walker, write_video

pytestmark = pytest.mark.slow

WIDE = np.kron(background(336, 224, seed=11)[::16, ::16], np.ones((32, 32, 1), np.uint8))
WIDE[::40, :] = WIDE[:, ::56] = 20
WIDE[7::64, 11::24] = 240


def lights_out(at: float, picture: Rgb) -> None:
    """A walker in a room whose lights are out from second 4 to second 9."""
    walker(at, picture)
    if 4 <= at < 9:
        picture[:] = (picture * 0.05).astype(np.uint8)


def panned(at: float, picture: Rgb) -> None:
    """A camera that never stops to pan to and fro."""
    height, width = picture.shape[:2]
    x = round(150 + 140 * np.sin(at * 0.7))
    picture[:] = WIDE[60 : 60 + height, x : x + width]


def test_what_was_dark_was_not_seen(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=14, paint=lights_out)
    line = Sightline(tmp_path / "home")
    (watched,) = line.run("watch", video, "--name", "v", "--json").lines
    (dark,) = line.run("events", "--stream", "v", "--kind", "camera_dark", "--json").lines
    assert (dark["start_s"], dark["end_s"]) == (pytest.approx(4, abs=0.2), pytest.approx(9, abs=0.2))
    assert 5 <= watched["coverage"]["failed_s"] < 6.6  # motion has to learn the scene anew for a moment
    total = sum(watched["coverage"].values())
    assert total == pytest.approx(watched["duration_s"], abs=0.01)


def test_by_motion_alone_nothing_is_seen_from_a_moving_camera(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=12, paint=panned)
    line = Sightline(tmp_path / "home")
    (watched,) = line.run("watch", video, "--name", "v", "--json").lines
    (moved,) = line.run("events", "--stream", "v", "--kind", "camera_moved", "--json").lines
    assert moved["end_s"] - moved["start_s"] > 9
    assert watched["coverage"]["failed_s"] > 9
    told = Query(want=Want.COVERAGE)
    reasons = {
        c.reason
        for c in SqliteStore(tmp_path / "home" / "memory.db").find(told).coverage
        if c.state is CoverageState.FAILED
    }
    assert any("moving" in reason or "moved" in reason for reason in reasons)
    assert not watched["problem"]
