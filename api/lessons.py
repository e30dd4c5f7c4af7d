"""What an operator gives a model to learn from: files of pictures with texts, and the examples of the house."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.exhibits import PICTURES, opened
from core.errors import Invalid
from core.media import Picture
from core.tuning import Lesson
from graph.examples import Shelf

PROMPT = "Describe what the pictures show."
HELP = 'a line looks like {"pictures": ["a.jpg"], "prompt": "What is it?", "text": "A pallet jack."}'


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")
    pictures: list[str] = Field(min_length=1)
    text: str = Field(min_length=1)
    prompt: str = ""


def read_lessons(paths: Sequence[Path], prompt: str = PROMPT) -> list[Lesson]:
    """The lessons of JSONL files (pictures by their place beside the file) and of folders, where NAME.txt beside a picture
    NAME says what is wanted of it. Raises `Invalid` with the place of what is wrong.
    """
    return [lesson for path in paths for lesson in (_folder if path.is_dir() else _file)(path, prompt)]


def lessons_of(shelf: Shelf, prompt: str = PROMPT) -> list[Lesson]:
    """The examples of the house as lessons."""
    return [Lesson(prompt=prompt, pictures=(shelf.picture(row),), wanted=row.said) for row in shelf.all()]


def parted(lessons: Sequence[Lesson], held_out: float, seed: int = 0) -> tuple[list[Lesson], list[Lesson]]:
    """The lessons to be taught, and a share of them that is held out: at least one, as soon as there are two."""
    order = list(lessons)
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, not a secret
    held = max(1, round(len(order) * held_out)) if len(order) > 1 else 0
    return order[held:], order[:held]


def _file(path: Path, prompt: str) -> Iterator[Lesson]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name}: cannot be read: {error}", next_step=HELP) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = _Row.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = " ".join(str(part) for part in first["loc"])
            raise Invalid(f"{path.name}:{number}: {where} {first['msg'].lower()}", next_step=HELP) from error
        yield Lesson(
            prompt=row.prompt or prompt,
            pictures=tuple(_picture(path.parent / name, f"{path.name}:{number}") for name in row.pictures),
            wanted=row.text,
        )


def _folder(folder: Path, prompt: str) -> Iterator[Lesson]:
    for picture in sorted(folder.iterdir()):
        text = picture.with_suffix(".txt")
        if (
            picture.suffix.lower() in PICTURES
            and text.is_file()
            and (wanted := text.read_text("utf-8").strip())
        ):
            yield Lesson(prompt=prompt, pictures=(_picture(picture, picture.name),), wanted=wanted)


def _picture(path: Path, where: str) -> Picture:
    try:
        return opened(path.read_bytes())
    except OSError as error:
        raise Invalid(f"{where}: there is no picture {path.name!r}", next_step=HELP) from error
