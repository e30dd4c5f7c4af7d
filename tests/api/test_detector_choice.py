"""SIGHTLINE_DETECTOR: one setting chooses the eyes, and what it cannot have is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.doctor import examine
from api.wiring.house import build
from api.wish import Wish
from core.errors import Invalid, ModelUnavailable
from core.settings import read_settings


def detector(wish: str, models: Path | str = "") -> str:
    return build(read_settings(detector=wish, models=str(models))).detector().name


def test_without_a_wish_the_weights_decide(home: Path, weights: Path) -> None:
    assert detector("").startswith("motion/1+centres/2+sorter")
    assert detector("", weights).startswith("yolox_nano@e8af0749+motion")


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("motion:", "motion/"),
        ("sorted:", "motion/1+centres/2+sorter"),
        ("onnx:nanodet_m_320", "nanodet_m_320@c59b6c94+motion/"),
        ("onnx:fastestdet?motion=no", "fastestdet@ff3f62a1"),
        ("onnx:yolox_nano?threshold=0.5", "yolox_nano@e8af0749/0.5+motion/"),
    ],
)
def test_the_wish_is_met(home: Path, weights: Path, wish: str, name: str) -> None:
    assert detector(wish, weights).startswith(name)


def test_any_file_of_a_known_family_can_be_named(home: Path, weights: Path, tmp_path: Path) -> None:
    mine = tmp_path / "my detector.onnx"
    mine.write_bytes((weights / "yolox_nano_416.onnx").read_bytes() + b"")
    assert detector(f"onnx:{mine}").startswith("yolox_nano@e8af0749")  # it is known by its content
    assert detector(f"onnx:{mine}?family=yolox&threads=2").startswith("my detector@e8af0749")
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(f"kind {i}" for i in range(80)))
    house = build(read_settings(detector=f"onnx:{mine}?classes={labels}&motion=no"))
    assert "kind 79" in house.detector().vocabulary


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("yolox_nano", "does not say what kind"),
        ("yolo:x", "cannot be yolo:"),
        ("onnx:yolo9000", "no weights called"),
        ("onnx:", "names no model"),
        ("onnx:yolox_nano?speed=9", "no option 'speed'"),
        ("onnx:yolox_nano?threshold=2", "out of bounds"),
        ("onnx:yolox_nano?threads=none", "out of bounds"),
        ("motion:?x=1", "no option 'x'"),
    ],
)
def test_a_wish_nobody_knows_is_refused(home: Path, weights: Path, wish: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        detector(wish, weights)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("onnx:/nowhere/x.onnx", "there is no file"),
        ("onnx:nanodet_m_320", "nobody keeps"),
        ("transformers:/nowhere/model", "needs the `transformers`|cannot be loaded"),
    ],
)
def test_what_is_not_here_is_never_replaced(home: Path, wish: str, said: str) -> None:
    with pytest.raises(ModelUnavailable, match=said):
        detector(wish)


def test_options_are_read() -> None:
    wish = Wish.of("open:google/owlv2-base?find=forklift,pallet jack&threshold=0.3")
    assert (wish.scheme, wish.where) == ("open", "google/owlv2-base")
    assert wish.options == {"find": "forklift,pallet jack", "threshold": "0.3"}


def test_doctor_says_what_is_awaited_and_fetches_nothing(home: Path, weights: Path) -> None:
    told = {f.what: f for f in examine(read_settings(detector="onnx:dfine_s"))}["detector"]
    assert (told.state, "dfine_s (42 MB, Apache-2.0" in told.how) == ("missing", True)
    assert not (home / "models").exists()
    there = {f.what: f for f in examine(read_settings(detector="onnx:nanodet_m_320", models=str(weights)))}
    assert "knows 81 kinds" in there["detector"].how
    away = {f.what: f for f in examine(read_settings(detector="onnx:/nowhere/x.onnx"))}["detector"]
    assert away.state == "broken"
