"""Detectors by ONNX Runtime, on real frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, ModelUnavailable
from core.media import Frame
from core.place import Box
from core.sight import Detection
from models.detect.combined import CombinedDetector
from models.detect.motion import MotionDetector
from models.detect.naming import Region
from models.detect.onnx import OnnxDetector, tiles
from models.detect.regions import unexplained


def frame_at(clip: Path, second: float, width: int = 640) -> Frame:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        for shown in container.decode(stream):
            if shown.time is not None and shown.time >= second:
                picture = shown.to_ndarray(format="rgb24")
                scale = picture.shape[1] / width
                small = cv2.resize(
                    picture, (width, round(picture.shape[0] / scale)), interpolation=cv2.INTER_AREA
                )
                return Frame(at=round(second * 1e6), picture=small, scale=scale)
    raise AssertionError(f"{clip.name} is shorter than {second} s")


@pytest.mark.parametrize("name", ["yolox_nano_416.onnx", "nanodet_m_416.onnx", "nanodet_m_320.onnx"])
def test_people_and_bottles_are_found_and_named(name: str, weights: Path, clips: Path) -> None:
    detector = OnnxDetector(weights / name)
    hall = frame_at(clips / "people/hall_groups.mp4", 16.5)
    table = frame_at(clips / "warehouse_retail/shelf_bottles.mp4", 2.0)
    people, bottles = detector.detect([hall, table])
    assert Counter(d.label for d in people)["person"] == 2
    assert Counter(d.label for d in bottles)["bottle"] == 3
    for detection in people:
        if detection.label == "person":
            assert detection.box.height > 1.5 * detection.box.width
            assert 150 < detection.box.height < 400


def test_one_thing_with_two_names_is_one_thing(weights: Path, clips: Path) -> None:
    frame = frame_at(clips / "warehouse_retail/conveyor_produce.mp4", 1.2)
    boxes = [d.box for d in OnnxDetector(weights / "yolox_nano_416.onnx", threshold=0.25).detect([frame])[0]]
    assert boxes
    assert all(a is b or a.iou(b) < 0.71 for a in boxes for b in boxes)


def test_small_players_in_a_large_picture_are_found_by_tiles(weights: Path, clips: Path) -> None:
    frame = frame_at(clips / "sports/soccer_left_cam.mp4", 1.0, width=3072)
    whole = OnnxDetector(weights / "yolox_nano_416.onnx", tile_above=99).detect([frame])[0]
    tiled = OnnxDetector(weights / "yolox_nano_416.onnx").detect([frame])[0]
    assert sum(d.label == "person" for d in tiled) >= sum(d.label == "person" for d in whole) + 4


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "yolox_nano_416.onnx").write_bytes(b"junk")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        OnnxDetector(tmp_path / "yolox_nano_416.onnx")
    with pytest.raises(Invalid):
        OnnxDetector(tmp_path / "other.onnx")


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(64, 700))
def test_tiles_cover_the_picture_and_stay_inside(width: int, height: int, side: int) -> None:
    cut = tiles(width, height, side)
    assert all(0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height for x1, y1, x2, y2 in cut)
    assert all(x2 - x1 <= side and y2 - y1 <= side for x1, y1, x2, y2 in cut)
    for axis, length in ((0, width), (1, height)):
        reached = 0
        for start, end in sorted({(tile[axis], tile[axis + 2]) for tile in cut}):
            assert start <= reached
            reached = max(reached, end)
        assert reached == length


def box(label: str, x1: float, y1: float, x2: float, y2: float) -> Detection:
    return Detection(label=label, box=Box(x1, y1, x2, y2), score=0.7, source="test")


def test_motion_that_a_named_box_explains_is_not_told_twice() -> None:
    person = box("person", 100, 100, 140, 220)
    same, shadow, far = (
        box("thing", 98, 96, 145, 225),
        box("thing", 130, 200, 180, 225),
        box("thing", 300, 100, 360, 160),
    )
    group = box("thing", 95, 95, 200, 230)
    second = box("person", 150, 100, 195, 225)
    frame = Frame(picture=np.zeros((300, 400, 3), np.uint8), at=0)
    assert unexplained([same, shadow, far], [person], frame, None) == [far]
    assert unexplained([group], [person, second], frame, None) == []
    assert unexplained([far], [], frame, None) == [far]


def test_of_a_region_that_holds_several_named_things_only_what_is_left_is_told() -> None:
    mask = np.zeros((150, 200), np.uint8)
    mask[50:110, 50:80] = mask[50:110, 140:170] = mask[30:110, 80:140] = 255
    frame = Frame(picture=np.full((300, 400, 3), 90, np.uint8), at=0)
    people = [box("person", 100, 100, 160, 220), box("person", 280, 100, 340, 220)]
    region = box("thing", 100, 60, 340, 220)
    (left,) = unexplained([region], people, frame, mask)
    assert left.box.iou(Box(160, 60, 280, 220)) > 0.95
    assert (left.label, left.score) == ("thing", region.score)
    assert unexplained([region], people[:1], frame, mask) == [region]
    mask[30:110, 84:140] = 0
    assert unexplained([region], people, frame, mask) == []


def test_a_region_in_which_what_differs_is_mostly_named_things_is_no_thing_of_its_own() -> None:
    frame = Frame(at=0, picture=np.zeros((240, 320, 3), np.uint8))
    one, two, region = (
        box("person", 20, 20, 40, 80),
        box("person", 120, 120, 140, 180),
        box("thing", 18, 18, 150, 190),
    )
    differs = np.zeros((120, 160), np.uint8)  # half the picture's size
    differs[10:40, 10:20] = differs[60:90, 60:70] = 255
    assert unexplained([region], [one, two], frame, differs) == []
    assert unexplained([region], [], frame, differs) == [region]
    differs[40:90, 20:60] = 255
    (left,) = unexplained([region], [one, two], frame, differs)
    assert left.box.iou(Box(40, 80, 120, 180)) > 0.9, "a truck behind two people"


def test_cars_from_straight_above_are_found_although_nobody_can_name_them(weights: Path, clips: Path) -> None:
    detector = CombinedDetector(OnnxDetector(weights / "yolox_nano_416.onnx"), MotionDetector())
    frames = [frame_at(clips / "traffic/road_arrows.avi", 0.2 * i) for i in range(1, 5)]
    detector.detect(frames)
    (found,) = detector.detect([frame_at(clips / "traffic/road_arrows.avi", 2.6)])
    assert len(found) == 1
    assert found[0].box.area > 2000


class Counted(OnnxDetector):
    """Notes which regions it was shown."""

    shown: ClassVar[list[int]] = []

    def look_into(
        self, frames: Sequence[Frame], regions: Sequence[Sequence[Region]]
    ) -> list[list[Detection]]:
        self.shown += [len(mine) for mine in regions]
        return super().look_into(frames, regions)


@pytest.mark.slow
def test_of_a_large_picture_the_tiles_in_which_something_moves_are_looked_at(
    weights: Path, clips: Path
) -> None:
    pitch = frame_at(clips / "sports/soccer_left_cam.mp4", 1.0, width=3072)
    detector = CombinedDetector(Counted(weights / "yolox_nano_416.onnx"), MotionDetector())
    still = [Frame(at=i * 250_000, picture=pitch.picture, scale=1.0) for i in range(4)]
    moved = pitch.picture.copy()
    moved[700:800, 400:460] = (250, 40, 40)
    Counted.shown.clear()
    first, *rest = detector.detect([*still, Frame(at=1_000_000, picture=moved, scale=1.0)])
    every = len(tiles(3072, pitch.height, 624)) + 1
    assert Counted.shown[:4] == [every, 1, 1, 1]
    assert 1 < Counted.shown[4] <= 5
    assert sum(d.label == "person" for d in first) > 4
    for later in rest[:3]:  # who stands still stays known
        assert sorted(d.box.rounded() for d in later) == sorted(d.box.rounded() for d in first)
    detector.reset()
    detector.detect(still[:1])
    assert Counted.shown[-1] == every
