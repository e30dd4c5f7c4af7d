"""Reading text with RapidOCR: small plates, several lines, numbers on shirts, and what happens without the extra."""

from __future__ import annotations

import builtins
import logging
from typing import Any

import cv2
import numpy as np
import pytest

from core.errors import Unavailable
from core.media import Picture
from core.place import Box
from core.sight import Reading
from models.read_rapid import RapidReader, in_order


@pytest.fixture(scope="module")
def reader() -> RapidReader:
    return RapidReader()


def line(
    text: str, *, ink: tuple[int, int, int], paper: tuple[int, int, int], scale: float, size: tuple[int, int]
) -> Picture:
    picture = np.full((size[1], size[0], 3), paper, np.uint8)
    cv2.putText(picture, text, (6, size[1] - 10), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 2, cv2.LINE_AA)
    return picture


def test_a_small_plate_is_read(reader: RapidReader) -> None:
    plate = line("KX 472 B", ink=(10, 10, 10), paper=(230, 225, 200), scale=0.6, size=(110, 32))
    ((reading,),) = reader.read([plate])
    assert reading.text.replace(" ", "") == "KX472B"


def test_a_number_on_a_shirt_is_read(reader: RapidReader) -> None:
    ((reading,),) = reader.read(
        [line("10", ink=(250, 250, 250), paper=(150, 20, 30), scale=1.4, size=(80, 60))]
    )
    assert reading.text == "10"


def test_lines_come_from_top_to_bottom_and_left_to_right(reader: RapidReader) -> None:
    picture = np.full((240, 480, 3), 30, np.uint8)
    for text, x, y in (("GUESTS", 280, 60), ("HOME", 30, 62), ("12", 300, 160), ("9", 60, 160)):
        cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (255, 220, 90), 3, cv2.LINE_AA)
    assert [r.text for r in reader.read([picture])[0]] == ["HOME", "GUESTS", "9", "12"]


def test_readings_of_one_line_stand_from_the_left() -> None:
    boxes = [Box(50, 11, 60, 21), Box(10, 10, 20, 20), Box(30, 30, 40, 40)]
    readings = [Reading(text=str(n), box=box, score=1.0) for n, box in enumerate(boxes)]
    assert [r.text for r in in_order(readings)] == ["1", "0", "2"]


def test_a_reading_is_one_printable_line() -> None:
    for bad in ("", "  ", "a\nb", "\x1b[31m"):
        with pytest.raises(ValueError, match="printable line"):
            Reading(text=bad, box=Box(0, 0, 1, 1), score=0.5)
    with pytest.raises(ValueError, match="score"):
        Reading(text="a", box=Box(0, 0, 1, 1), score=1.5)


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    really = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "rapidocr":
            raise ImportError("No module named 'rapidocr'", name="rapidocr")
        return really(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Unavailable) as caught:
        RapidReader()
    assert "rapidocr is not installed" in caught.value.message
    assert "sightline[ocr]" in caught.value.next_step


def test_it_is_silent_about_pictures_without_text(
    reader: RapidReader, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert reader.read([np.full((40, 90, 3), 128, np.uint8)]) == [[]]
    assert not caplog.records
