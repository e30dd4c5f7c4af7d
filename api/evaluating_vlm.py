"""Scoring a vision-language model on a published benchmark: its files, its pictures, and the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from api.exhibits import PICTURES, opened
from core.errors import Invalid
from core.media import Picture
from core.ports import Vlm
from core.settings import Settings
from evaluate.vlm_items import Item, read_items
from evaluate.vlm_run import AnswerFile, Share, examine, shares


def run(
    questions: Path,
    vlm: Vlm,
    settings: Settings,
    *,
    benchmark: str = "",
    media: Path | None = None,
    frames: int = 8,
    limit: int = 0,
    max_tokens: int = 256,
    target: Path | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> tuple[str, list[Share]]:
    """The benchmark's name and the model's shares of right answers. Raises `Invalid` for files that are not as published."""
    name, items = read_items(questions, benchmark=benchmark, media=media)
    if not items:
        raise Invalid(
            f"{questions.name} holds no question with an answer", next_step="take the set that has answers"
        )
    items = items[:limit] if limit else items
    file = AnswerFile(target, benchmark=name, model=vlm.name) if target else None
    answered = examine(
        items,
        vlm,
        lambda item: pictures_of(item, settings, frames),
        file=file,
        max_tokens=max_tokens,
        progress=progress,
    )
    return name, shares(items, answered)


def pictures_of(item: Item, settings: Settings, frames: int) -> Sequence[Picture]:
    """What is shown with a question: its pictures, and so many frames of a video, each from the middle of an equal part."""
    from ingest.source import probe
    from ingest.stills import stills

    shown = [opened(data) for data in item.data]
    for path in item.files:
        if path.suffix.lower() in PICTURES:
            shown.append(opened(path.read_bytes()))
            continue
        length = probe(str(path), max_hours=settings.max_hours).duration
        moments = [length * (2 * n + 1) // (2 * frames) for n in range(frames)]
        shown += [frame.picture for frame in stills(str(path), moments, settings)]
    return shown
