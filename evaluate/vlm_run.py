"""A benchmark's questions put to a model: every reply on file as soon as it is there, so that a run can go on later."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Invalid
from core.media import Picture
from core.ports import Ask, Reply, Vlm
from evaluate.vlm_items import LETTERS, Item, Judging
from evaluate.vlm_judge import judged

SYSTEM = (
    "You answer questions about pictures. Several pictures in a row may be frames of one video, in order."
)
HOW = {
    Judging.CHOICE: "Answer with the letter of the right option alone.",
    Judging.NUMBER: "Answer with a number alone.",
}
SHORT = "Answer with a single word, number or phrase."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One question and the model's reply to it; `problem` where there was none to use. `score` is 0 to 1."""

    id: str
    reply: str
    problem: str = ""
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of some questions were answered rightly (partly right ones count partly), how many there are, and how many
    replies could not be used.
    """

    name: str
    right: float
    asked: int
    unusable: int = 0

    @property
    def accuracy(self) -> float:
        """The share answered rightly."""
        return self.right / self.asked


def ask_of(item: Item, pictures: Sequence[Picture], max_tokens: int) -> Ask:
    """The question as it is put to a model."""
    options = [f"{letter}. {option}" for letter, option in zip(LETTERS, item.options, strict=False)]
    words = "\n".join([item.question, *options, HOW.get(item.judging, SHORT)])
    return Ask(prompt=words, system=SYSTEM, pictures=tuple(pictures), max_tokens=max_tokens)


class AnswerFile:
    """JSON lines: first which benchmark and model, then a line for every reply. What is in it is not asked again."""

    def __init__(self, path: Path, *, benchmark: str, model: str) -> None:
        self._path = path
        head = {"benchmark": benchmark, "model": model}
        if path.exists() and path.stat().st_size:
            found = _head(path)
            if found != head:
                raise Invalid(
                    f"{path.name} holds answers of {found.get('model')} to {found.get('benchmark')}, not of {model} to {benchmark}",
                    next_step="name another file: --out",
                )
        else:
            path.write_text(json.dumps(head) + "\n", encoding="utf-8")

    def usable(self) -> dict[str, Answered]:
        """The replies that can be used, the last one to each question; a line that was cut off is as if not there."""
        found: dict[str, Answered] = {}
        for line in self._path.read_text(encoding="utf-8").splitlines()[1:]:
            try:
                row = Answered(**json.loads(line))
            except (ValueError, TypeError):
                continue
            if not row.problem:
                found[row.id] = row
        return found

    def add(self, rows: Iterable[Answered]) -> None:
        """Writes lines, after the end of what may have been cut off."""
        text = self._path.read_text(encoding="utf-8")
        lines = [
            json.dumps({"id": r.id, "reply": r.reply, "problem": r.problem, "score": r.score}) for r in rows
        ]
        with self._path.open("a", encoding="utf-8") as file:
            file.write(("" if text.endswith("\n") else "\n") + "\n".join(lines) + "\n")


def _head(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as file:
            head = json.loads(file.readline())
    except ValueError:
        head = None
    if not isinstance(head, dict) or "model" not in head:
        raise Invalid(f"{path.name} is no file of answers", next_step="name another file: --out")
    return head


def examine(
    items: Sequence[Item],
    vlm: Vlm,
    show: Callable[[Item], Sequence[Picture]],
    *,
    file: AnswerFile | None = None,
    max_tokens: int = 256,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[Answered]:
    """Every item's reply and score, in order. What the file holds already is judged anew and not asked again.

    `show` gives an item's pictures. Raises as the model does; what was answered until then is in the file.
    """
    known = file.usable() if file else {}
    found = {item.id: _answered(item, known[item.id]) for item in items if item.id in known}
    left = [item for item in items if item.id not in found]
    progress(len(found), len(items))
    for some in _batches(left, max(1, vlm.at_once)):
        replies = vlm.ask([ask_of(item, show(item), max_tokens) for item in some])
        rows = [_answered(item, reply) for item, reply in zip(some, replies, strict=True)]
        if file:
            file.add(rows)
        found |= {row.id: row for row in rows}
        progress(len(found), len(items))
    return [found[item.id] for item in items]


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def _answered(item: Item, reply: Reply | Answered) -> Answered:
    text = reply.text if isinstance(reply, Reply) else reply.reply
    score = 0.0 if reply.problem else judged(item, text)
    return Answered(id=item.id, reply=text, problem=reply.problem, score=score)


def shares(items: Sequence[Item], answered: Sequence[Answered]) -> list[Share]:
    """All together, then per group of each kind."""
    groups: dict[str, list[Answered]] = {"all": list(answered)}
    kinds = dict.fromkeys(kind for item in items for kind in item.groups)
    for kind in kinds:
        named = sorted({item.groups[kind] for item in items if kind in item.groups})
        for name in named:
            groups[f"{kind} {name}"] = [
                row for item, row in zip(items, answered, strict=True) if item.groups.get(kind) == name
            ]
    return [
        Share(
            name=name,
            right=sum(row.score for row in rows),
            asked=len(rows),
            unusable=sum(bool(row.problem) for row in rows),
        )
        for name, rows in groups.items()
        if rows
    ]
