"""Multiple-choice questions against right answers: accuracy beside chance, and whether citations lie on the evidence.

A question file holds one video a line: `{"clip": path, "domain"?, "questions": [{"question", "choices", "answer_index",
"type"?, "evidence"?: [start_s, end_s]}]}`; other fields are passed over. The clip's path is taken from the file's folder,
or from the folder `clips` beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.answers import Answer
from core.clock import Span, micros
from core.errors import Invalid

HELP = 'a line looks like {"clip": "a.mp4", "questions": [{"question": "…", "choices": ["1", "2"], "answer_index": 0}]}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A question about one video, its choices, which of them is right, and the span that shows it."""

    text: str
    choices: tuple[str, ...]
    right: int
    type: str = ""
    evidence: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All questions about one video."""

    video: Path
    domain: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A question that was answered: whether rightly, and, where it cites, whether a citation overlaps the evidence."""

    sheet: Sheet
    choice: Choice
    answer: Answer

    @property
    def right(self) -> bool:
        """Whether the right choice was picked."""
        return self.answer.choice == self.choice.right

    @property
    def on_evidence(self) -> bool | None:
        """Whether a citation overlaps the evidence; None where nothing is cited or no evidence is known."""
        if self.choice.evidence is None or not self.answer.citations:
            return None
        return any(cited.span.overlaps(self.choice.evidence) for cited in self.answer.citations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How many of some questions were answered rightly, and how many picking blindly would get on average."""

    name: str
    right: int
    asked: int
    chance: float

    @property
    def share(self) -> float:
        """The share answered rightly."""
        return self.right / self.asked


class _Question(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, coerce_numbers_to_str=True)
    question: str = Field(min_length=1)
    choices: list[str] = Field(min_length=2)
    answer_index: int = Field(ge=0)
    type: str = ""
    evidence: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> _Question:
        if self.answer_index >= len(self.choices):
            raise ValueError(f"answer_index {self.answer_index} is none of {len(self.choices)} choices")
        return self


class _Clip(BaseModel):
    model_config = ConfigDict(extra="ignore")
    clip: str = Field(min_length=1)
    domain: str = ""
    questions: list[_Question] = []


def read_questions(path: Path) -> list[Sheet]:
    """The questions of a file, video by video. Raises `Invalid` with the line of what is wrong, or of a missing video."""
    sheets = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name}: cannot be read: {error}", next_step=HELP) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            clip = _Clip.model_validate(json.loads(line))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = " ".join(str(part) for part in first["loc"])
            raise Invalid(
                f"{path.name}:{number}: {where}: {str(first['msg']).lower()}", next_step=HELP
            ) from error
        except ValueError as error:
            raise Invalid(f"{path.name}:{number}: this is no JSON: {error}", next_step=HELP) from error
        if clip.questions:
            sheets.append(_sheet(clip, path, number))
    return sheets


def _sheet(clip: _Clip, path: Path, number: int) -> Sheet:
    places = [path.parent / clip.clip, path.parent / "clips" / clip.clip]
    video = next((place for place in places if place.is_file()), None)
    if video is None:
        raise Invalid(
            f"{path.name}:{number}: there is no {clip.clip!r}",
            next_step="put the videos beside the file, or into the folder 'clips' beside it",
        )
    return Sheet(video=video, domain=clip.domain, choices=tuple(_choice(each) for each in clip.questions))


def _choice(row: _Question) -> Choice:
    evidence = None
    if row.evidence is not None:
        start = micros(max(0.0, row.evidence[0]))
        evidence = Span(start, max(start + 1, micros(row.evidence[1])))
    return Choice(
        text=row.question,
        choices=tuple(row.choices),
        right=row.answer_index,
        type=row.type,
        evidence=evidence,
    )


def examine(sheet: Sheet, ask: Callable[[Choice], Answer]) -> list[Marked]:
    """Asks all questions of a sheet."""
    return [Marked(sheet=sheet, choice=choice, answer=ask(choice)) for choice in sheet.choices]


def accuracies(marked: Sequence[Marked]) -> list[Accuracy]:
    """All together, then per domain and per type of question."""
    groups: dict[str, list[Marked]] = {"all": list(marked)}
    for each in sorted(marked, key=lambda m: m.sheet.domain):
        if each.sheet.domain:
            groups.setdefault(f"domain {each.sheet.domain}", []).append(each)
    for each in sorted(marked, key=lambda m: m.choice.type):
        if each.choice.type:
            groups.setdefault(f"type {each.choice.type}", []).append(each)
    return [_accuracy(name, mine) for name, mine in groups.items() if mine]


def _accuracy(name: str, marked: Sequence[Marked]) -> Accuracy:
    return Accuracy(
        name=name,
        right=sum(each.right for each in marked),
        asked=len(marked),
        chance=sum(1 / len(each.choice.choices) for each in marked) / len(marked),
    )


def citing(marked: Iterable[Marked]) -> tuple[int, int]:
    """Of the answers that cite a span of a question with known evidence: how many cite one that overlaps it, and how many there are."""
    known = [each.on_evidence for each in marked if each.on_evidence is not None]
    return sum(known), len(known)
