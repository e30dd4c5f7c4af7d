"""Every benchmark's published file form is read; what is missing in one is said with its row."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.errors import Invalid
from evaluate.vlm_items import Judging, read_items


def png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(out, "PNG")
    return out.getvalue()


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png())
    return path


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def video_mme(folder: Path) -> Path:
    touch(folder / "data" / "fFjv93ACGo8.mp4")
    row = {
        "video_id": "001", "duration": "short", "domain": "Knowledge", "sub_category": "Biology",
        "url": "https://x", "videoID": "fFjv93ACGo8", "question_id": "001-1", "task_type": "Counting Problem",
        "question": "How many?", "options": ["A. One.", "B. Two.", "C. Three.", "D. Four."], "answer": "C",
    }  # fmt: skip
    path = folder / "test.jsonl"
    path.write_text(json.dumps(row) + "\n")
    return path


def video_mme_by_video(folder: Path) -> Path:
    touch(folder / "001.mp4")
    question = {"question_id": "001-1", "task_type": "Counting Problem", "question": "How many?",
                "options": ["A. One.", "B. Two."], "answer": "B"}  # fmt: skip
    return write(
        folder / "mme.json",
        [{"video_id": "001", "duration": "short", "domain": "Sports", "questions": [question]}],
    )


def long_video_bench(folder: Path) -> Path:
    touch(folder / "videos" / "86CxyhFV9MI.mp4")
    row = {
        "video_id": "86CxyhFV9MI", "id": "86CxyhFV9MI_0", "video_path": "86CxyhFV9MI.mp4",
        "question": "Which subtitle?", "question_category": "TOS", "topic_category": "NP-News-Programs", "level": "L2-Relation",
        "candidates": ["one", "two", "three", "four", "five"], "correct_choice": 4, "duration_group": 600, "duration": 190.16,
    }  # fmt: skip
    return write(folder / "lvb_val.json", [row])


def ego_schema(folder: Path) -> Path:
    touch(folder / "videos" / "0074f737.mp4")
    row = {
        "q_uid": "0074f737",
        "question": "What does c do?",
        **{f"option {n}": f"thing {n}" for n in range(5)},
    }
    unanswered = {**row, "q_uid": "beef"}
    write(folder / "subset_answers.json", {"0074f737": 3})
    return write(folder / "questions.json", [row, unanswered])


def mmmu(folder: Path) -> Path:
    pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow")
    import pyarrow.parquet as parquet

    image = {"bytes": png(), "path": "a.png"}
    rows = [
        {"id": "validation_Accounting_1", "question": "<image 1> Which?", "options": "['<image 2>', 'two']",
         "image_1": image, "image_2": image, "answer": "B", "question_type": "multiple-choice",
         "subfield": "Managerial Accounting", "topic_difficulty": "Medium"},
        {"id": "validation_Math_7", "question": "How much? <image 1>", "options": "[]", "image_1": image, "image_2": None,
         "answer": "['12.50', '12.5']", "question_type": "open", "subfield": "Algebra", "topic_difficulty": "Hard"},
    ]  # fmt: skip
    path = folder / "validation-00000-of-00001.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def math_vista(folder: Path) -> Path:
    touch(folder / "images" / "1.jpg")
    more = {
        "metadata": {"task": "figure question answering", "context": "bar chart"},
        "unit": None,
        "image": "images/1.jpg",
    }
    return write(
        folder / "testmini.json",
        {
            "1": {"question": "How many?", "choices": None, "precision": None, "answer": "12",
                  "question_type": "free_form", "answer_type": "integer", **more},
            "2": {"question": "How long?", "choices": None, "precision": 1.0, "answer": "1.2",
                  "question_type": "free_form", "answer_type": "float", **more},
            "3": {"question": "Is it?", "choices": ["Yes", "No"], "precision": None, "answer": "No",
                  "question_type": "multi_choice", "answer_type": "text", **more},
        },
    )  # fmt: skip


def chart_qa(folder: Path) -> Path:
    touch(folder / "png" / "41699051005347.png")
    row = {"imgname": "41699051005347.png", "query": "How many bars?", "label": "14"}
    return write(folder / "test_human.json", [row])


def doc_vqa(folder: Path) -> Path:
    touch(folder / "documents" / "pybv0228_81.png")
    row = {
        "questionId": 49153, "question": "What is the actual value per 1000?", "question_types": ["figure/diagram"],
        "image": "documents/pybv0228_81.png", "docId": 14465, "answers": ["0.28", ".28"], "data_split": "val",
    }  # fmt: skip
    hidden = {key: value for key, value in row.items() if key != "answers"} | {"questionId": 2}
    return write(folder / "val_v1.0.json", {"dataset_name": "docvqa", "data": [row, hidden]})


FORMS: dict[str, tuple[str, Callable[[Path], Path], Judging, tuple[str, ...]]] = {
    "videomme": ("videomme", video_mme, Judging.CHOICE, ("C",)),
    "videomme by video": ("videomme", video_mme_by_video, Judging.CHOICE, ("B",)),
    "longvideobench": ("longvideobench", long_video_bench, Judging.CHOICE, ("E",)),
    "egoschema": ("egoschema", ego_schema, Judging.CHOICE, ("D",)),
    "mmmu": ("mmmu", mmmu, Judging.CHOICE, ("B",)),
    "mathvista": ("mathvista", math_vista, Judging.NUMBER, ("12",)),
    "chartqa": ("chartqa", chart_qa, Judging.RELAXED, ("14",)),
    "docvqa": ("docvqa", doc_vqa, Judging.ANLS, ("0.28", ".28")),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_benchmark_is_known_by_its_fields_and_read(form: str, tmp_path: Path) -> None:
    name, make, judging, answers = FORMS[form]
    told, items = read_items(make(tmp_path))
    assert told == name
    assert (items[0].judging, items[0].answers) == (judging, answers)
    assert items[0].files or items[0].data
    assert all(path.is_file() for path in items[0].files)


def test_what_has_no_answer_is_left_out(tmp_path: Path) -> None:
    assert len(read_items(doc_vqa(tmp_path))[1]) == 1
    (tmp_path / "ego").mkdir()
    assert len(read_items(ego_schema(tmp_path / "ego"))[1]) == 1


def test_options_are_without_letters_and_pictures_have_numbers(tmp_path: Path) -> None:
    _, items = read_items(video_mme(tmp_path))
    assert items[0].options == ("One.", "Two.", "Three.", "Four.")
    assert items[0].groups == {"duration": "short", "domain": "Knowledge", "task_type": "Counting Problem"}
    (tmp_path / "m").mkdir()
    _, items = read_items(mmmu(tmp_path / "m"))
    assert items[0].question == "[picture 1] Which?"
    assert items[0].options == ("[picture 2]", "two")
    assert len(items[0].data) == 2
    assert items[0].groups["subject"] == "Accounting"
    assert items[1].judging is Judging.NUMBER


def test_numbers_are_rounded_as_the_set_says(tmp_path: Path) -> None:
    _, items = read_items(math_vista(tmp_path))
    assert [item.decimals for item in items] == [0, 1, None]
    assert items[2].answers == ("B",)


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    path = chart_qa(tmp_path)
    (tmp_path / "png" / "41699051005347.png").unlink()
    with pytest.raises(Invalid, match="41699051005347"):
        read_items(path)


def test_a_row_that_lacks_something_is_told_with_its_number(tmp_path: Path) -> None:
    touch(tmp_path / "a.png")
    rows = [{"imgname": "a.png", "query": "?", "label": "1"}, {"imgname": "a.png", "label": "1"}]
    with pytest.raises(Invalid, match=r"row 2.*query"):
        read_items(write(tmp_path / "c.json", rows))


def test_what_is_none_of_them_is_said(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no known benchmark"):
        read_items(write(tmp_path / "x.json", [{"foo": 1, "answer": 2}]))
    (tmp_path / "y.json").write_text("{")
    with pytest.raises(Invalid, match="no JSON"):
        read_items(tmp_path / "y.json")
