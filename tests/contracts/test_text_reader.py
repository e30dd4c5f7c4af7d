"""What every reader of text promises, run over all of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.media import Picture
from core.place import Box
from core.ports import TextReader
from core.sight import Reading
from models.fakes_read import FakeReader
from models.read_rapid import RapidReader

SIGN = "EXIT 24"


def written(*lines: tuple[str, int, int], size: tuple[int, int] = (320, 200), scale: float = 1.0) -> Picture:
    """Dark lines on a light wall."""
    wall = np.random.default_rng(1).normal(190, 4, (size[1], size[0], 3)).clip(0, 255).astype(np.uint8)
    for text, x, y in lines:
        cv2.putText(wall, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (20, 30, 60), 2, cv2.LINE_AA)
    return wall


def told(picture: Picture) -> list[Reading]:
    """What the fake says: the sign where anything dark is in the picture."""
    dark = picture.mean(axis=2) < 120
    if not dark.any():
        return []
    rows, columns = np.nonzero(dark)
    box = Box(float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
    return [Reading(text=SIGN, box=box, score=0.9)]


@pytest.fixture(scope="module", params=["fake", "rapid"])
def reader(request: pytest.FixtureRequest) -> TextReader:
    return FakeReader(told) if request.param == "fake" else RapidReader()


def test_it_has_a_name_with_a_version(reader: TextReader) -> None:
    assert any(c.isdigit() for c in reader.name)


def test_what_is_written_is_read_where_it_stands(reader: TextReader) -> None:
    ((reading,),) = reader.read([written((SIGN, 90, 120))])
    assert reading.text.replace(" ", "") == SIGN.replace(" ", "")
    assert reading.score > 0.7
    assert Box(80, 90, 230, 130).overlap(reading.box) > 0.7 * reading.box.area
    assert reading.box.width > 80


def test_a_wall_without_words_says_nothing(reader: TextReader) -> None:
    assert reader.read([written()]) == [[]]


def test_no_picture_gives_no_reading(reader: TextReader) -> None:
    assert reader.read([]) == []


def test_there_is_one_answer_for_each_picture_in_order(reader: TextReader) -> None:
    first, second, third = reader.read([written((SIGN, 90, 120)), written(), written((SIGN, 20, 60))])
    assert (len(first), len(second), len(third)) == (1, 0, 1)
    assert first[0].box.y1 > third[0].box.y1


def test_boxes_lie_inside_the_picture_however_small_it_is(reader: TextReader) -> None:
    for size in ((3, 3), (20, 9), (60, 24), (400, 30)):
        picture = written((SIGN, 2, size[1] - 4), size=size, scale=size[1] / 40)
        for reading in reader.read([picture])[0]:
            assert 0 <= reading.box.x1 < reading.box.x2 <= size[0]
            assert 0 <= reading.box.y1 < reading.box.y2 <= size[1]
