"""A second opinion on a choice from a model, where the memory alone could only guess."""

from __future__ import annotations

from collections.abc import Sequence

from agent import prompts
from agent.recall import View
from core.answers import Question
from core.clock import Span, clock_text
from core.errors import SightlineError
from core.media import Frame
from core.ports import Ask, FrameSource, Vlm
from core.spending import Use

LOOKS = 6
"""Pictures shown to the model."""


def opinion(
    question: Question, views: Sequence[View], notes: str, *, model: Vlm, frames: FrameSource | None
) -> tuple[int | None, str]:
    """The model's pick (None where it gave none that can be used) and what became of asking, in words."""
    shown = _pictures(views, frames)
    ask = Ask(
        prompt=prompts.pick_prompt(question.text, question.choices, notes, [clock_text(f.at) for f in shown]),
        system=prompts.SYSTEM,
        pictures=tuple(f.picture for f in shown),
        schema=prompts.pick_schema(len(question.choices)),
        max_tokens=200,
        stream=views[0].stream.id if views else None,
        use=Use.QUESTION,
    )
    try:
        (reply,) = model.ask([ask])
    except SightlineError as error:
        return None, f"{model.name} was not available: {error.message}"
    picked = (reply.data or {}).get("choice")
    if reply.problem or not isinstance(picked, int) or not 0 <= picked < len(question.choices):
        return None, f"{model.name} gave no usable reply: {reply.problem or reply.text[:120]}"
    return (
        picked,
        f"{model.name} picked “{question.choices[picked]}” from {len(shown)} pictures: {(reply.data or {}).get('reason', '')}",
    )


def usable(model: Vlm | None) -> bool:
    """Whether the model can answer questions: the describer only puts an observation into words."""
    return model is not None and model.sees


def _pictures(views: Sequence[View], frames: FrameSource | None) -> list[Frame]:
    """Pictures spread evenly over the first view's span; none where they cannot be reopened."""
    if frames is None or not views:
        return []
    view = views[0]
    moments = [view.span.start + view.span.duration * (2 * k + 1) // (2 * LOOKS) for k in range(LOOKS)]
    moments = [at for at in moments if not view.stream.is_forgotten(Span.at(at))]
    try:
        return frames.frames_at(view.stream.id, moments)
    except SightlineError:
        return []
