"""Local models of the `transformers` library, and the ONNX files that are made of them, on tiny ones with random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ModelUnavailable
from core.media import Frame
from core.place import Box
from models.detect.find_open import OpenFinder, meant
from models.detect.onnx import OnnxDetector
from models.detect.transformers import TransformersDetector
from models.weights import own

Tiny = Callable[[str], Path]


def smooth(seed: int, height: int, width: int, scale: float = 1.0) -> Frame:
    """A picture without hard edges, so that no way of resizing it stands out."""
    import cv2

    rough = np.random.default_rng(seed).integers(0, 256, (6, 6, 3)).astype(np.uint8)
    picture = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    return Frame(at=seed, picture=picture, scale=scale)


def told(found: list[Any]) -> list[tuple[str, list[float], float]]:
    return [(d.label, d.box.rounded(), round(d.score, 3)) for d in found]


def apart(a: Box, b: Box) -> float:
    """How far the furthest of their sides are from each other, in pixels."""
    return max(abs(a.x1 - b.x1), abs(a.y1 - b.y1), abs(a.x2 - b.x2), abs(a.y2 - b.y2))


@pytest.mark.parametrize("name", ["dfine", "rtdetr", "rfdetr"])
def test_boxes_are_where_the_models_own_reading_has_them(tiny: Tiny, name: str) -> None:
    import torch
    import transformers

    detector = TransformersDetector(str(tiny(name)), threshold=0.3, nms_iou=1.0)
    frame = smooth(1, 90, 120, scale=3.0)
    (found,) = detector.detect([frame])
    assert found
    model = transformers.AutoModelForObjectDetection.from_pretrained(tiny(name)).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(tiny(name))
    with torch.inference_mode():
        out = model(**processor(images=frame.picture, return_tensors="pt"))
    parts = out.pred_boxes[0].numpy() * np.array([120, 90, 120, 90]) * 3.0
    for detection in found[:5]:
        box = detection.box
        middle = np.array([(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, box.width, box.height])
        uncut = min(box.x1, box.y1) > 0 and box.x2 < 360 and box.y2 < 270
        assert not uncut or np.abs(parts - middle).max(axis=1).min() < 0.1
    assert {d.label for d in found} <= {"person", "car", "ball"}


def test_a_batch_says_what_its_pictures_say_one_by_one(tiny: Tiny) -> None:
    detector = TransformersDetector(str(tiny("dfine")), threshold=0.1)
    frames = [smooth(i, 60 + 10 * i, 90) for i in range(3)]
    one_by_one = [told(detector.detect([frame])[0]) for frame in frames]
    for together, alone in zip(detector.detect(frames), one_by_one, strict=True):
        assert [row[:2] for row in told(together)] == [row[:2] for row in alone]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dfine", "rtdetr"])
def test_an_exported_model_sees_what_the_model_sees(tiny: Tiny, name: str) -> None:
    from helpers.tiny_models import SIDE, export

    folder = tiny(name)
    file = export(folder, f"{name}_mine")
    row = own(file)
    assert (row.family, row.classes) == (name, ("person", "car", "ball"))
    here = TransformersDetector(str(folder), threshold=0.3, nms_iou=1.0)
    there = OnnxDetector(file, row, threshold=0.3, nms_iou=1.0)
    frames = [
        smooth(i, SIDE, SIDE, scale=2.0) for i in range(3)
    ]  # no resizing: the same input to the last bit
    for mine, its in zip(here.detect(frames), there.detect(frames), strict=True):
        assert len(mine) > 5
        for found in mine:  # its own reading drops the faintest queries; ours drops none
            same = min(its, key=lambda d: apart(d.box, found.box))
            assert apart(same.box, found.box) < 0.1
            assert (same.label, same.score) == (found.label, pytest.approx(found.score, abs=0.01))
    assert told(there.detect(frames)[1]) == told(there.detect(frames[1:2])[0])


def test_what_is_no_model_is_named(tmp_path: Path, tiny: Tiny) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        TransformersDetector(str(tmp_path))
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        OpenFinder(str(tiny("dfine")))


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("pallet jack", "pallet jack"),
        ("jack", "pallet jack"),
        ("pallet. [SEP]", "pallet jack"),
        ("forklift. red. [SEP]", "red forklift"),
        ("..", ""),
        ("", ""),
    ],
)
def test_pieces_of_a_phrase_are_taken_for_the_word_they_are_of(said: str, word: str) -> None:
    assert meant(said, ["red forklift", "pallet jack"]) == word


def test_settings_choose_local_models(home: Path, tiny: Tiny) -> None:
    from api.wiring.house import build
    from core.settings import read_settings

    eyes = build(read_settings(detector=f"transformers:{tiny('rtdetr')}?threshold=0.4")).detector()
    assert eyes.name.startswith("rtdetr@")
    assert "/0.4+motion/" in eyes.name
    assert {"person", "ball", "thing"} <= eyes.vocabulary
    house = build(read_settings(detector=f"open:{tiny('owlv2')}?find=red forklift, pallet jack"))
    assert house.finder is not None
    assert house.finder().name.startswith("owlv2@")
    assert house.wanted == ("red forklift", "pallet jack")
    assert house.detector().name.startswith("motion/")
