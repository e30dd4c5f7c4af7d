"""COCO files: what is written is read again, and precision is what the library's definition says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.place import Box
from core.sight import Detection
from evaluate.coco import CocoBoxes, CocoImage, read_coco, score_boxes, write_coco

NAMES = {1: "car", 2: "person"}
cents = st.integers(0, 100_000).map(lambda v: v / 100)
sizes = st.integers(1, 50_000).map(lambda v: v / 100)
found = st.builds(
    lambda label, x, y, w, h, score: Detection(label=label, box=Box(x, y, x + w, y + h), score=score, source="coco"),
    st.sampled_from(sorted(NAMES.values())), cents, cents, sizes, sizes, st.integers(0, 1000).map(lambda v: v / 1000),
)  # fmt: skip
files = st.lists(st.lists(found, max_size=4), max_size=4).map(
    lambda images: CocoBoxes(
        images=tuple(
            CocoImage(id=n, file_name=f"{n}.jpg", frame=n + 1, time_s=n / 4) for n in range(len(images))
        ),
        categories=NAMES,
        boxes={n: tuple(mine) for n, mine in enumerate(images) if mine},
    )
)


def car(x: float, score: float = 1.0, label: str = "car") -> Detection:
    return Detection(label=label, box=Box(x, 0, x + 100, 100), score=score, source="test")


def coco(*boxes: Detection) -> CocoBoxes:
    return CocoBoxes(images=(CocoImage(id=1, file_name="a.jpg"),), categories=NAMES, boxes={1: boxes})


@given(files)
def test_boxes_survive_being_written_and_read(given_: CocoBoxes) -> None:
    text = json.dumps(write_coco(given_))
    again = read_coco(text, "t.json")
    assert (again.images, again.categories) == (given_.images, given_.categories)
    for image, mine in given_.boxes.items():
        for one, other in zip(again.boxes[image], mine, strict=True):
            assert (one.label, one.score) == (other.label, other.score)
            assert (one.box.x1, one.box.y1) == (other.box.x1, other.box.y1)
            assert one.box.width == pytest.approx(other.box.width, abs=0.006)
    assert json.dumps(write_coco(again)) == text, "a second round changes nothing"


def test_the_truth_itself_is_perfect_and_nothing_is_nothing() -> None:
    true = coco(car(0), car(300), car(600, label="person"))
    score = score_boxes(true, true.boxes)
    assert (score.ap, score.ap50, score.categories) == (1, 1, {"car": 1, "person": 1})
    assert score_boxes(true, {}).ap == 0
    assert score_boxes(coco(), {}).ap is None


def test_each_category_has_its_own_precision() -> None:
    true = coco(car(0), car(300), car(600, label="person"))
    score = score_boxes(true, {1: [car(0, 0.9), car(600, 0.8, "person")]})
    assert score.categories["person"] == 1
    assert score.categories["car"] == pytest.approx(0.5, abs=0.01)
    assert score.ap50 == pytest.approx(0.75, abs=0.01)


def test_a_loose_box_counts_at_loose_thresholds_only() -> None:
    score = score_boxes(coco(car(0)), {1: [car(20)]})  # IoU 0.67: four of ten thresholds
    assert score.ap50 == 1
    assert score.ap75 == 0
    assert score.ap == pytest.approx(0.4)


def test_a_label_that_is_not_labelled_is_no_mistake() -> None:
    score = score_boxes(coco(car(0)), {1: [car(0, 0.5), car(400, 0.9, "thing")]})
    assert (score.ap, score.found_boxes) == (1, 1)


def test_a_list_of_results_speaks_of_the_truths_pictures() -> None:
    true = coco(car(0))
    results = '[{"image_id": 1, "category_id": 1, "bbox": [0, 0, 100, 100], "score": 0.5}]'
    assert score_boxes(true, read_coco(results, "r.json", of=true).boxes).ap == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "cannot be read"),
        ('{"images": []}', "annotations: field required"),
        (
            '{"images": [], "categories": [], "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1]}]}',
            "bbox",
        ),
        (
            '{"images": [], "categories": [], "annotations": [{"image_id": 1, "category_id": 9, "bbox": [1,2,3,4]}]}',
            "9",
        ),
    ],
)
def test_what_is_no_coco_file_is_refused(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_coco(text, "t.json")
