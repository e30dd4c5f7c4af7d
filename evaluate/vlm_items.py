"""Benchmarks of vision-language models, read from the files in which they are published.

Known are Video-MME, LongVideoBench, EgoSchema, MMMU, MathVista, ChartQA and DocVQA. Rows come from JSON (a list, a
dictionary by id, or a list under `data`), JSON lines, CSV or TSV, and Parquet where `pyarrow` is installed. The user
brings the files; nothing is fetched.
"""

from __future__ import annotations

import ast
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import Invalid, Unavailable

Row = Mapping[str, Any]


class Judging(StrEnum):
    """How a reply is judged."""

    CHOICE = "choice"
    EXACT = "exact"
    NUMBER = "number"
    RELAXED = "relaxed"
    ANLS = "anls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question of a benchmark: what is shown (files of pictures or one video, or pictures' bytes), the options to choose
    from ('' for none), the right answers (of a choice its letter), and by what it is counted (`{"domain": "Sports"}`).
    `decimals` are those to which a number is rounded before it is compared.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    judging: Judging
    files: tuple[Path, ...] = ()
    data: tuple[bytes, ...] = field(default=(), repr=False)
    options: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    decimals: int | None = None


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
VIDEOS = (".mp4", ".mkv", ".webm", ".avi", ".mov")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a benchmark's media lie: the named folder first, then the question file's and its usual subfolders."""

    folders: tuple[Path, ...]

    def file(self, name: str, endings: Sequence[str] = ("",)) -> Path:
        """The file of that name. Raises `Invalid` where there is none."""
        for folder in self.folders:
            for ending in endings:
                if (found := folder / f"{name}{ending}").is_file():
                    return found
        raise Invalid(
            f"there is no {name!r} in {self.folders[0]}",
            next_step="name the folder of the pictures or videos: --media",
        )


def _video_mme(row: Row, place: _Place) -> Item:
    """One question a row: videoID, question_id, question, options ("A. …"), answer (a letter)."""
    return Item(
        id=str(row["question_id"]),
        question=str(row["question"]),
        options=tuple(_unlettered(str(option)) for option in row["options"]),
        answers=(str(row["answer"]).strip(),),
        judging=Judging.CHOICE,
        files=(place.file(str(row.get("videoID") or row["video_id"]), VIDEOS),),
        groups=_groups(row, "duration", "domain", "task_type"),
    )


def _long_video_bench(row: Row, place: _Place) -> Item:
    """lvb_val.json: id, question, candidates, correct_choice (a number), video_path, duration_group, question_category."""
    return Item(
        id=str(row["id"]),
        question=str(row["question"]),
        options=tuple(str(option) for option in row["candidates"]),
        answers=(LETTERS[int(row["correct_choice"])],),
        judging=Judging.CHOICE,
        files=(place.file(str(row["video_path"])),),
        groups=_groups(row, "duration_group", "question_category", "topic_category"),
    )


def _ego_schema(row: Row, place: _Place) -> Item:
    """questions.json: q_uid, question, "option 0" to "option 4"; the right one as `answer`, from subset_answers.json."""
    listed = row.get("option")
    options = listed if listed is not None else [row[f"option {n}"] for n in range(5)]
    return Item(
        id=str(row.get("q_uid") or row["question_idx"]),
        question=str(row["question"]),
        options=tuple(_unlettered(str(option)) for option in options),
        answers=(LETTERS[int(row["answer"])],),
        judging=Judging.CHOICE,
        files=(place.file(str(row.get("q_uid") or row["video_idx"]), VIDEOS),),
    )


def _mmmu(row: Row, place: _Place) -> Item:
    """A row of its Parquet files: id, question with <image 1>, options as a list in text, image_1 …, answer, subfield."""
    options = row.get("options") or "[]"
    listed = tuple(
        str(option) for option in (ast.literal_eval(options) if isinstance(options, str) else options)
    )
    answer = row["answer"]
    answers = ast.literal_eval(answer) if isinstance(answer, str) and answer.startswith("[") else answer
    images = [row[f"image_{n}"] for n in range(1, 8) if row.get(f"image_{n}") is not None]
    files, data = _shown(images, place)
    identity = str(row["id"])
    subject = "_".join(identity.split("_")[1:-1])
    return Item(
        id=identity,
        question=_numbered(str(row["question"])),
        options=tuple(_numbered(option) for option in listed),
        answers=tuple(str(a) for a in answers) if isinstance(answers, list) else (str(answers),),
        judging=Judging.CHOICE if listed else Judging.NUMBER,
        decimals=None if listed else 2,
        files=files,
        data=data,
        groups={**({"subject": subject} if subject else {}), **_groups(row, "subfield", "topic_difficulty")},
    )


def _math_vista(row: Row, place: _Place) -> Item:
    """testmini.json: pid, question, image, choices, unit, precision, answer, question_type, answer_type, metadata."""
    choices = [str(choice) for choice in row.get("choices") or ()]
    answer, kind = str(row["answer"]), str(row.get("answer_type"))
    files, data = _shown([row.get("decoded_image") or row["image"]], place)
    unit = f" (Unit: {row['unit']})" if row.get("unit") else ""
    decimals = {"integer": 0, "float": int(float(row.get("precision") or 1))}.get(kind)
    return Item(
        id=str(row["pid"]),
        question=str(row["question"]) + unit,
        options=tuple(choices),
        answers=(LETTERS[choices.index(answer)] if answer in choices else answer,),
        judging=Judging.CHOICE if choices else Judging.EXACT if decimals is None else Judging.NUMBER,
        decimals=decimals,
        files=files,
        data=data,
        groups=_groups({**row, **(row.get("metadata") or {})}, "task", "context", "question_type"),
    )


def _chart_qa(row: Row, place: _Place) -> Item:
    """test_human.json and test_augmented.json: imgname, query, label; numbers may be off by a twentieth."""
    label = row["label"]
    files, data = _shown([row.get("image") or row["imgname"]], place)
    return Item(
        id=f"{row.get('imgname', '')}#{row['query']}",
        question=str(row["query"]),
        answers=tuple(str(a) for a in label) if isinstance(label, list) else (str(label),),
        judging=Judging.RELAXED,
        files=files,
        data=data,
        groups=_groups(row, "human_or_machine"),
    )


def _doc_vqa(row: Row, place: _Place) -> Item:
    """val_v1.0.json: questionId, question, image, answers; judged by ANLS."""
    files, data = _shown([row["image"]], place)
    kinds = [str(kind) for kind in row.get("question_types") or ()]
    return Item(
        id=str(row["questionId"]),
        question=str(row["question"]),
        answers=tuple(str(answer) for answer in row["answers"]),
        judging=Judging.ANLS,
        files=files,
        data=data,
        groups={"question_type": kinds[0]} if kinds else {},
    )


BENCHMARKS: dict[str, tuple[Callable[[Row, _Place], Item], frozenset[str]]] = {
    "longvideobench": (_long_video_bench, frozenset({"candidates", "correct_choice", "video_path"})),
    "egoschema": (_ego_schema, frozenset({"question", "answer", "option 0"})),
    "docvqa": (_doc_vqa, frozenset({"questionId", "answers", "image"})),
    "chartqa": (_chart_qa, frozenset({"query", "label"})),
    "mathvista": (_math_vista, frozenset({"pid", "question_type", "image"})),
    "mmmu": (_mmmu, frozenset({"id", "image_1", "answer"})),
    "videomme": (_video_mme, frozenset({"question_id", "options", "duration"})),
}
"""How a row is read, and the fields by which a benchmark is known."""
USUAL = ("videos", "video", "data", "images", "png", "documents")


def read_items(path: Path, *, benchmark: str = "", media: Path | None = None) -> tuple[str, list[Item]]:
    """The benchmark's name, told by its fields where it is not named, and its questions; those without a right answer
    are left out. Raises `Invalid` with the row of what is wrong, `Unavailable` for Parquet without `pyarrow`.
    """
    rows = list(_rows(path))
    if not rows:
        raise Invalid(
            f"{path.name}: there is no question in it", next_step="name the benchmark's question file"
        )
    name = benchmark or _told(rows[0], path)
    if name not in BENCHMARKS:
        raise Invalid(
            f"there is no benchmark {name!r}", next_step=f"there are {', '.join(sorted(BENCHMARKS))}"
        )
    read, _ = BENCHMARKS[name]
    folders = ([media] if media else []) + [path.parent]
    place = _Place(folders=tuple(folders + [folder / each for folder in folders for each in USUAL]))
    items: dict[str, Item] = {}
    for number, row in enumerate(rows, 1):
        try:
            item = read(row, place) if _has_answer(row) else None
        except (KeyError, ValueError, TypeError, IndexError, SyntaxError) as error:
            what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            raise Invalid(f"{path.name}: row {number} is none of {name}: {what}") from error
        if item is not None:
            items[item.id if item.id not in items else f"{item.id}#{number}"] = item
    return name, list(items.values())


def _has_answer(row: Row) -> bool:
    """Test sets are published without answers: as "?", -1 or nothing."""
    fields = ("answer", "answers", "label", "correct_choice")
    known = [row[name] for name in fields if row.get(name) is not None]
    return any(value not in ("", "?", -1, "-1", []) for value in known)


def _told(row: Row, path: Path) -> str:
    for name, (_, fields) in BENCHMARKS.items():
        if fields <= row.keys():
            return name
    if {"question_idx", "video_idx", "option"} <= row.keys():
        return "egoschema"
    raise Invalid(
        f"{path.name} is of no known benchmark: its rows have {', '.join(sorted(map(str, row))[:12])}",
        next_step=f"name it: --benchmark {'|'.join(sorted(BENCHMARKS))}",
    )


def _rows(path: Path) -> Iterator[Row]:
    try:
        if path.suffix == ".parquet":
            yield from _parquet(path)
            return
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name}: cannot be read: {error}") from error
    try:
        if path.suffix in (".csv", ".tsv"):
            yield from csv.DictReader(io.StringIO(text), delimiter="\t" if path.suffix == ".tsv" else ",")
        elif path.suffix == ".jsonl":
            yield from (json.loads(line) for line in text.splitlines() if line.strip())
        else:
            yield from _listed(json.loads(text), path)
    except ValueError as error:
        raise Invalid(f"{path.name}: this is no JSON: {error}") from error


def _listed(found: Any, path: Path) -> Iterable[Row]:
    """The rows of a JSON document; those of EgoSchema with their answers, which lie in a file beside it."""
    if isinstance(found, Mapping):
        inner = found.get("data")
        rows: list[Any] = (
            inner if isinstance(inner, list) else [{"pid": key, **row} for key, row in found.items()]
        )
    else:
        rows = list(found)
    if not all(isinstance(row, Mapping) for row in rows):
        raise Invalid(f"{path.name}: its rows are no objects")
    if rows and "q_uid" in rows[0] and "answer" not in rows[0]:
        beside = path.parent / "subset_answers.json"
        if not beside.is_file():
            raise Invalid(
                f"{path.name}: the answers are missing",
                next_step=f"put subset_answers.json into {path.parent}",
            )
        answers = json.loads(beside.read_text(encoding="utf-8"))
        return [{**row, "answer": answers[row["q_uid"]]} for row in rows if row["q_uid"] in answers]
    flat = [_flat(row) for row in rows]
    return [each for some in flat for each in some]


def _flat(row: Row) -> list[Row]:
    """Video-MME is also published video by video, with `questions` in each."""
    questions = row.get("questions")
    if not isinstance(questions, list):
        return [row]
    shared = {key: value for key, value in row.items() if key != "questions"}
    return [{**shared, **question} for question in questions]


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise Unavailable(
            f"{path.name}: reading Parquet needs pyarrow, which is not installed",
            next_step="pip install pyarrow, or give the questions as JSON lines",
        ) from error
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(64):
            yield from batch.to_pylist()


def _shown(images: Sequence[Any], place: _Place) -> tuple[tuple[Path, ...], tuple[bytes, ...]]:
    """The pictures of a row: by name, or as bytes where the file holds them."""
    data = tuple(image["bytes"] for image in images if isinstance(image, Mapping) and image.get("bytes"))
    files = tuple(place.file(str(image)) for image in images if not isinstance(image, Mapping))
    return files, data


def _groups(row: Row, *names: str) -> dict[str, str]:
    return {name: str(row[name]) for name in names if row.get(name) not in (None, "")}


def _unlettered(option: str) -> str:
    """An option without the letter it is published with."""
    head, _, rest = option.partition(".")
    return rest.strip() if len(head) == 1 and head in LETTERS and rest else option.strip()


def _numbered(text: str) -> str:
    """`<image 1>` as words: all pictures stand before the question."""
    for number in range(1, 8):
        text = text.replace(f"<image {number}>", f"[picture {number}]")
    return text
