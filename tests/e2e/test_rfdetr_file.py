"""A file in the form of RF-DETR's own exports, named by its path, from pictures to entities and events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.media import Frame
from core.memory import Query, Want
from graph.sqlite.store import SqliteStore
from helpers.bright_detr import write_bright_detr
from helpers.command import Sightline
from helpers.videos import Rgb, write_video
from models.detect.onnx import OnnxDetector
from models.weights import own

pytestmark = pytest.mark.slow


def driving(at: float, picture: Rgb) -> None:
    """Something white drives from left to right between second 1 and second 4 over dark ground."""
    picture[:] = (60, 64, 58)
    if 1 <= at < 4:
        left = round(-40 + (at - 1) / 3 * 380)
        picture[120:160, max(0, left) : max(0, left + 60)] = 245


def test_its_boxes_and_classes_are_read_as_its_authors_mean_them(tmp_path: Path) -> None:
    weights = write_bright_detr(tmp_path / "bright.onnx")
    detector = OnnxDetector(weights, own(weights))
    picture = np.full((240, 320, 3), 60, np.uint8)
    picture[120:180, 80:160] = 250
    (found,) = detector.detect([Frame(at=0, picture=picture)])
    (thing,) = found
    assert thing.label == "car"
    assert thing.score == pytest.approx(0.982, abs=0.001)
    assert thing.box.rounded() == pytest.approx([80, 120, 160, 180], abs=320 / 64)


def test_a_named_file_watches_from_pictures_to_events(tmp_path: Path) -> None:
    weights = write_bright_detr(tmp_path / "bright.onnx")
    video = write_video(tmp_path / "road.mp4", seconds=5, paint=driving)
    line = Sightline(tmp_path / "home", detector=f"onnx:{weights}?motion=no")
    line.run("watch", video, "--name", "road", "--json")
    (looked,) = SqliteStore(tmp_path / "home" / "memory.db").find(Query(want=Want.COVERAGE)).coverage[:1]
    assert looked.by.startswith("bright@")
    told = line.run("events", "--stream", "road", "--json").lines
    came = [event for event in told if event["kind"] == "appeared"]
    assert [event["entities"][0]["label"] for event in came] == ["car"]
    assert came[0]["entities"][0]["attributes"]["direction"] == "right"
    assert came[0]["start_s"] == pytest.approx(1.2, abs=0.4)
