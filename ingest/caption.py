"""Has a model say what a chunk shows, and keeps what it said."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from core import ids
from core.clock import clock_text
from core.errors import ModelUnavailable
from core.media import Frame
from core.memory import Caption, CaptionStatus, CoverageState, Observation
from core.ports import Ask, Reply, Vlm
from ingest.prompts import CAPTION_SCHEMA, CAPTION_SYSTEM, caption_prompt

log = logging.getLogger(__name__)

MOST_PICTURES = 8
"""Pictures shown for one chunk: more cost time and, with small models, attention."""


def caption(observation: Observation, frames: Sequence[Frame], vlm: Vlm) -> Caption:
    """The caption of the observation's chunk: what the model said, word for word.

    A model that is away gives a caption with the status `failed` and the reason, never "nothing happened"; what it
    said out of form is kept as it is, with the status `unparsed`. Raises nothing of the model's.
    """
    shown = spread(frames, MOST_PICTURES)
    if not shown and vlm.sees:
        return _unseen(observation)
    ask = Ask(
        prompt=caption_prompt(observation.chunk.span, shown),
        system=CAPTION_SYSTEM,
        pictures=tuple(frame.picture for frame in shown),
        schema=CAPTION_SCHEMA,
        about=observation,
    )
    try:
        (reply,) = vlm.ask([ask])
    except ModelUnavailable as error:
        log.warning("no caption for chunk %s: %s", observation.chunk.id, error)
        return _caption(observation, str(error), vlm.name, CaptionStatus.FAILED)
    text, status = _said(reply, shown)
    if status is not CaptionStatus.OK:
        log.warning("caption of chunk %s is %s: %s", observation.chunk.id, status, reply.problem)
    return _caption(observation, text, vlm.name, status)


def spread(frames: Sequence[Frame], most: int) -> list[Frame]:
    """At most so many of the frames, the first and the last among them, evenly spread."""
    if len(frames) <= most:
        return list(frames)
    return [frames[round(i * (len(frames) - 1) / (most - 1))] for i in range(most)]


def _said(reply: Reply, shown: Sequence[Frame]) -> tuple[str, CaptionStatus]:
    """The text to keep and what it is worth."""
    if reply.problem or reply.data is None:
        if reply.text.strip():
            return reply.text, CaptionStatus.UNPARSED
        return reply.problem or "the reply is empty", CaptionStatus.FAILED
    summary = str(reply.data.get("summary", ""))
    facts = [_fact(fact, shown) for fact in reply.data.get("facts", ())]
    text = "\n".join(part for part in (summary, *facts) if part.strip())
    return (text, CaptionStatus.OK) if text else (reply.text, CaptionStatus.UNPARSED)


def _fact(fact: dict[str, Any], shown: Sequence[Frame]) -> str:
    """A fact in the model's words, and the moments of the pictures it names by the decoder's clock.

    Numbers of pictures that were not shown are left out: they point at nothing.
    """
    numbers = sorted({number for number in fact["pictures"] if number < len(shown)})
    if not numbers:
        return str(fact["text"])
    first, last = clock_text(shown[numbers[0]].at), clock_text(shown[numbers[-1]].at)
    return f"{fact['text']} [{first}]" if first == last else f"{fact['text']} [{first}–{last}]"


def _unseen(observation: Observation) -> Caption:
    """The caption of a chunk of which there is no picture to show: the gate's word, or that nobody could look."""
    failed = [c for c in observation.coverage if c.state in (CoverageState.FAILED, CoverageState.DOWN)]
    if failed:
        reason = failed[0].reason or "it could not be read"
        return _caption(observation, f"no picture of this chunk: {reason}", "gate:1", CaptionStatus.FAILED)
    text = f"Between {observation.chunk.span} nothing moves."
    return _caption(observation, text, "gate:1", CaptionStatus.OK)


def _caption(observation: Observation, text: str, model: str, status: CaptionStatus) -> Caption:
    chunk = observation.chunk
    return Caption(
        id=ids.caption_id(chunk.id, model),
        chunk_id=chunk.id,
        stream_id=chunk.stream_id,
        span=chunk.span,
        text=text,
        model=model,
        status=status,
    )
