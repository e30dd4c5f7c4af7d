"""What several tests of the detectors look at."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.scenes import render
from core.clock import SECOND
from core.place import Box
from ingest.decode.looks import DecodePlan, looks


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, np.ndarray, Box]:
    """The same place empty and with somebody who stands there, and where he stands (in its pixels)."""
    scene = render("dock", 100, tmp_path_factory.mktemp("dock"), seconds=9.0)
    frames = [look.frame for look in looks(str(scene.video), DecodePlan(looks_per_s=2)) if look.frame]
    fps = json.loads(scene.truth.read_text())["fps"]
    rows = [[float(v) for v in line.split(",")] for line in scene.gt.read_text().splitlines()]
    frame = frames[-2]
    there = [row for row in rows if int(row[0]) == round(frame.at / SECOND * fps) + 1]
    x, y, w, h = (v / frame.scale for v in max(there, key=lambda row: row[5])[2:6])
    assert not [row for row in rows if int(row[0]) == round(frames[0].at / SECOND * fps) + 1]
    return frames[0].picture, frame.picture, Box(x, y, x + w, y + h)
