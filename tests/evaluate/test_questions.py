"""Questions with choices: accuracy beside chance, and whether what is cited lies on the evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.answers import Answer, AnswerStatus, Citation
from core.clock import Span
from core.errors import Invalid
from core.ids import ChunkId, StreamId
from evaluate.questions import Choice, accuracies, citing, examine, read_questions

ROW = {
    "clip": "people/a.mp4", "domain": "people", "camera": "fixed",
    "questions": [
        {"question": "How many?", "choices": ["1", "2", "3", "4"], "answer_index": 1, "type": "count", "evidence": [1, 4]},
        {"question": "Who?", "choices": ["he", "she"], "answer_index": 0, "type": "who"},
    ],
}  # fmt: skip


def written(folder: Path, *rows: object) -> Path:
    (folder / "clips" / "people").mkdir(parents=True)
    (folder / "clips" / "people" / "a.mp4").touch()
    path = folder / "questions.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    return path


def picks(choice: int, start: float | None = None) -> Answer:
    cited = ()
    if start is not None:
        span = Span.of_seconds(start, start + 1)
        cited = (Citation(stream_id=StreamId("s"), stream="a", span=span, chunk_id=ChunkId("c")),)
    return Answer(text="", status=AnswerStatus.ANSWERED, choice=choice, citations=cited)


def test_accuracy_per_type_beside_chance_and_citations(tmp_path: Path) -> None:
    (sheet,) = read_questions(written(tmp_path, ROW))
    assert sheet.video == tmp_path / "clips" / "people" / "a.mp4"
    asked: list[Choice] = []

    def ask(choice: Choice) -> Answer:
        asked.append(choice)
        return picks(1, start=3) if choice.type == "count" else picks(1, start=0)

    marked = examine(sheet, ask)
    assert [choice.text for choice in asked] == ["How many?", "Who?"]
    told = {a.name: (a.right, a.asked, a.chance) for a in accuracies(marked)}
    assert told == {
        "all": (1, 2, pytest.approx(0.375)), "domain people": (1, 2, pytest.approx(0.375)),
        "type count": (1, 1, 0.25), "type who": (0, 1, 0.5),
    }  # fmt: skip
    assert citing(marked) == (1, 1), "the second has no evidence to compare with"


def test_a_citation_beside_the_evidence_or_none_at_all(tmp_path: Path) -> None:
    (sheet,) = read_questions(written(tmp_path, ROW))
    assert citing(examine(sheet, lambda _: picks(0, start=20))) == (0, 1)
    assert citing(examine(sheet, lambda _: picks(0))) == (0, 0)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"clip": "people/a.mp4", "questions": [{"question": "?", "choices": ["a", "b"], "answer_index": 2}]}, ":1: .*none of 2"),
        ({"clip": "people/a.mp4", "questions": [{"question": "?", "choices": ["a"], "answer_index": 0}]}, ":1: questions 0 choices"),
        ({"clip": "none.mp4", "questions": ROW["questions"]}, ":1: there is no 'none.mp4'"),
        ([], ":1: "),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused(tmp_path: Path, row: object, says: str) -> None:
    with pytest.raises(Invalid, match=f"(?s)questions.jsonl{says}"):
        read_questions(written(tmp_path, row))
