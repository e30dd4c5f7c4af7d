"""Tuning as the command asks for it: which model, and the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from api.wish import VLM_OPTIONS, Wish
from core.errors import Invalid
from core.settings import Settings
from core.tuning import Lesson, Tuned


def local_wish(model: str, settings: Settings) -> str:
    """The model that is meant: the given one, or that of SIGHTLINE_VLM. Raises `Invalid` where that is no local one."""
    if model:
        return model.removeprefix("transformers:")
    if not settings.vlm.startswith("transformers:"):
        raise Invalid(
            "only a local model can be taught here, and SIGHTLINE_VLM names none",
            next_step="give --model REPOSITORY or --model FOLDER",
        )
    return Wish.of(settings.vlm, name="SIGHTLINE_VLM", known_options=VLM_OPTIONS).where


def tuned(
    where: str,
    course: tuple[Sequence[Lesson], Sequence[Lesson], Sequence[Lesson], Sequence[Lesson]],
    folder: Path,
    plan: Mapping[str, Any],
    progress: Callable[[int, int, float], None],
) -> Tuned:
    """Teaches the model (new lessons, those held out, the old ones, those held out of them) and says what that did."""
    from models.tune_lora import Course, Plan, tune
    from models.vlm_local_model import LocalWish

    new, held, old, old_held = course
    # learning in half precision loses small steps; where memory is short a smaller model is the way
    wish = LocalWish(where=where, precision="float32")
    return tune(wish, Course(new=new, held=held, old=old, old_held=old_held), folder, Plan(**plan), progress)
