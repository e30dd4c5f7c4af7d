"""What every detector promises, run over all of them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.media import Frame
from core.ports import Detector
from core.sight import Detection
from models.detect.combined import CombinedDetector
from models.detect.motion import MotionDetector
from models.detect.nothing import NoDetector
from models.detect.onnx import OnnxDetector
from models.detect.sorted import SortedDetector
from models.detect.tiled import TiledDetector
from models.detect.transformers import TransformersDetector
from models.fakes import FakeDetector

STEP = 125_000


def scene(looks: int, *, scale: float = 1.0) -> list[Frame]:
    """A bright box that crosses a dark, softly textured floor from left to right."""
    rng = np.random.default_rng(4)
    floor = cv2.resize(
        rng.integers(40, 70, (18, 32, 3)).astype(np.uint8), (320, 180), interpolation=cv2.INTER_CUBIC
    )
    frames = []
    for i in range(looks):
        picture = floor.copy()
        left = 20 + i * 8
        picture[80:130, left : left + 30] = (220, 210, 200)
        frames.append(Frame(at=i * STEP, picture=picture, scale=scale))
    return frames


def onnx(folder: Path) -> Detector:
    return OnnxDetector(folder / "nanodet_m_320.onnx")


def fastestdet(folder: Path) -> Detector:
    return OnnxDetector(folder / "fastestdet_352.onnx")


def dfine(folder: Path) -> Detector:
    return TransformersDetector(str(folder), threshold=0.5)


def both(folder: Path) -> Detector:
    return CombinedDetector(OnnxDetector(folder / "yolox_nano_416.onnx"), MotionDetector())


MAKERS: dict[str, Callable[[Path], Detector]] = {
    "fake": lambda _: FakeDetector(),
    "motion": lambda _: MotionDetector(),
    "onnx": onnx,
    "fastestdet": fastestdet,
    "combined": both,
    "dfine": dfine,
    "nothing": lambda _: NoDetector(),
    "sorted": lambda _: SortedDetector(),
    "tiled": lambda _: TiledDetector(SortedDetector()),
}


SLOW = frozenset({"dfine"})
"""What takes torch a while to build."""


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in sorted(MAKERS)]
)
def make(request: pytest.FixtureRequest) -> Callable[[], Detector]:
    folder = Path()
    if request.param in ("onnx", "fastestdet", "combined"):
        folder = request.getfixturevalue("weights")
    if request.param == "dfine":
        folder = request.getfixturevalue("tiny")("dfine")
    return lambda: MAKERS[request.param](folder)


def test_it_says_what_it_is_and_what_it_looks_for(make: Callable[[], Detector]) -> None:
    detector = make()
    assert detector.name
    assert detector.vocabulary or isinstance(detector, NoDetector)
    assert make().name == detector.name


def test_one_answer_per_frame_in_the_order_of_the_frames(make: Callable[[], Detector]) -> None:
    frames = scene(10)
    assert len(make().detect(frames)) == len(frames)
    assert make().detect([]) == []


def test_what_needs_a_fixed_camera_is_some_of_what_it_can_say_and_all_that_motion_says(
    make: Callable[[], Detector],
) -> None:
    detector = make()
    assert detector.needs_fixed <= detector.vocabulary
    if isinstance(detector, MotionDetector | SortedDetector):
        assert detector.needs_fixed == detector.vocabulary
    if isinstance(detector, CombinedDetector):
        assert detector.needs_fixed == {"thing"}


def test_boxes_lie_in_the_source_picture_and_labels_in_the_vocabulary(make: Callable[[], Detector]) -> None:
    detector = make()
    for found in detector.detect(scene(12, scale=3.0)):
        for detection in found:
            assert detection.label in detector.vocabulary
            assert 0 <= detection.score <= 1
            assert detection.source
            box = detection.box
            assert min(box.x1, box.y1) >= 0
            assert box.x2 <= 320 * 3 + 1
            assert box.y2 <= 180 * 3 + 1


def test_frame_by_frame_finds_what_all_at_once_finds(make: Callable[[], Detector]) -> None:
    frames = scene(14)
    at_once, pieces = make(), make()
    at_once.detect(frames[:8])
    pieces.detect(frames[:8])
    one_by_one = [found for frame in frames[8:] for found in pieces.detect([frame])]
    assert _plain(at_once.detect(frames[8:])) == _plain(one_by_one)


def test_after_a_reset_it_sees_as_a_fresh_one_does(make: Callable[[], Detector]) -> None:
    frames = scene(10)
    used = make()
    used.detect([Frame(at=f.at, picture=255 - f.picture) for f in frames])
    used.reset()
    assert _plain(used.detect(frames)) == _plain(make().detect(frames))


def test_a_pickled_detector_goes_on_as_the_first_would_have(make: Callable[[], Detector]) -> None:
    frames = scene(14)
    detector = make()
    detector.detect(frames[:8])
    copy: Detector = pickle.loads(pickle.dumps(detector))
    assert _plain(copy.detect(frames[8:])) == _plain(detector.detect(frames[8:]))


def test_pictures_are_left_as_they_were(make: Callable[[], Detector]) -> None:
    frames = scene(6)
    before = [frame.picture.copy() for frame in frames]
    make().detect(frames)
    assert all(np.array_equal(a, frame.picture) for a, frame in zip(before, frames, strict=True))


def _plain(found: list[list[Detection]]) -> list[list[tuple[str, list[float]]]]:
    return [[(d.label, d.box.rounded()) for d in row] for row in found]
