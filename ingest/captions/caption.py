"""Has a model tell what a chunk shows: its words, which are kept as they are, and the facts in them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core import ids
from core.clock import clock_text
from core.errors import ModelUnavailable
from core.media import Frame
from core.memory import (
    Caption,
    CaptionStatus,
    Coverage,
    CoverageState,
    Event,
    Observation,
    Relation,
)
from core.ports import Ask, Reply, Vlm
from core.spending import Use
from graph.spending import name_of
from ingest.captions.facts import Learned, Learning
from ingest.captions.prompts import CAPTION_SCHEMA, CAPTION_SYSTEM, caption_prompt
from ingest.captions.tags import Tag, drawn, tags_of
from ingest.second_look import moments, nearest

log = logging.getLogger(__name__)

MOST_PICTURES = 8
"""Pictures shown for one chunk: more cost time and, with small models, attention."""
MOST_TOKENS = 1200
UNSURE = 0.4
"""A fact the model is less sure of than this is worth a dearer look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a model told of a chunk: its caption, and what it adds to the memory under its own name.

    `gap` says what of the reply could not be used, '' where all could; `closer` that a dearer model should look.
    """

    caption: Caption
    learned: Learned = field(default_factory=Learned)
    gap: str = ""
    closer: bool = False

    @property
    def events(self) -> tuple[Event, ...]:
        """The facts that are events."""
        return self.learned.events

    @property
    def relations(self) -> tuple[Relation, ...]:
        """The facts that are relations."""
        return self.learned.relations


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """The pictures of a chunk as a model is shown them: which frames, and what is marked in them."""

    frames: tuple[Frame, ...]
    tags: tuple[Tag, ...]
    ask: Ask


def caption(
    observation: Observation, frames: Sequence[Frame], vlm: Vlm, *, deep: Vlm | None = None
) -> tuple[Told, ...]:
    """What the model told of the observation's chunk, and after it what `deep` did, where that was asked too: where the
    first one flagged it or could not be understood.

    A model that is away gives a caption with the status `failed` and the reason, never "nothing happened"; what it
    said out of form is kept as it is, with the status `unparsed`. Raises nothing of the model's.
    """
    if vlm.sees and not frames:
        return (Told(caption=unseen(observation)),)
    shown = showing(observation, frames)
    first = told(observation, shown, vlm, Use.CAPTION)
    if deep is None or not first.closer:
        return (first,)
    return first, told(observation, shown, deep, Use.DEEP)


def showing(observation: Observation, frames: Sequence[Frame]) -> Showing:
    """What is shown of the chunk and how the model is asked: the pictures nearest to its events first of all."""
    chosen = tuple(choose(observation, frames))
    tags = tags_of(observation, chosen)
    ask = Ask(
        prompt=caption_prompt(observation.chunk.span, chosen, {tag.number: tag.label for tag in tags}),
        system=CAPTION_SYSTEM,
        pictures=tuple(drawn(frame, tags) for frame in chosen),
        schema=CAPTION_SCHEMA,
        max_tokens=MOST_TOKENS,
        about=observation,
        stream=observation.chunk.stream_id,
    )
    return Showing(frames=chosen, tags=tags, ask=ask)


def told(observation: Observation, shown: Showing, vlm: Vlm, use: Use) -> Told:
    """What one model says of the pictures."""
    try:
        (reply,) = vlm.ask([replace(shown.ask, use=use)])
    except ModelUnavailable as error:
        log.warning("no caption for chunk %s: %s", observation.chunk.id, error)
        return told_failed(observation, name_of(vlm), str(error))
    return _read(observation, shown, vlm.name, reply)


def choose(observation: Observation, frames: Sequence[Frame]) -> list[Frame]:
    """At most `MOST_PICTURES` of the frames in order of time: half of them nearest to events, the rest spread evenly."""
    if len(frames) <= MOST_PICTURES:
        return list(frames)
    wanted = moments(observation.events, within=observation.chunk.span)
    chosen = {frame.at: frame for frame in nearest(frames, wanted, most=MOST_PICTURES // 2)}
    rest = [frame for frame in frames if frame.at not in chosen]
    chosen |= {frame.at: frame for frame in spread(rest, MOST_PICTURES - len(chosen))}
    return [chosen[at] for at in sorted(chosen)]


def spread(frames: Sequence[Frame], most: int) -> list[Frame]:
    """At most so many of the frames, the first and the last among them, evenly spread."""
    if len(frames) <= most:
        return list(frames)
    return [frames[round(i * (len(frames) - 1) / (most - 1))] for i in range(most)]


def _read(observation: Observation, shown: Showing, by: str, reply: Reply) -> Told:
    """What the reply is worth: words and facts, words alone that could not be read, or nothing."""
    data = reply.data
    if reply.problem or data is None:
        status = CaptionStatus.UNPARSED if reply.text.strip() else CaptionStatus.FAILED
        log.warning("caption of chunk %s is %s: %s", observation.chunk.id, status, reply.problem)
        return _nothing(observation, reply.text.strip() or reply.problem, by, status, reply.problem)
    facts = list(data["facts"])
    said = [_words(fact, shown.frames) for fact in facts]
    text = "\n".join(part for part in (str(data["summary"]), *said) if part.strip())
    if not text.strip():
        return _nothing(observation, reply.text, by, CaptionStatus.UNPARSED, "the reply says nothing")
    learning = Learning(observation, shown.frames, {tag.number: tag for tag in shown.tags}, by)
    for fact in facts:
        learning.take(fact)
    learned = learning.learned()
    lost = (*reply.left_out, *learned.unusable)
    return Told(
        caption=_caption(observation, text, by, CaptionStatus.OK),
        learned=learned,
        gap=f"{len(lost)} of {len(facts) + len(reply.left_out)} facts could not be used: {lost[0]}"
        if lost
        else "",
        closer=bool(data.get("look_closer")) or any(_is_unsure(fact) for fact in facts),
    )


def _is_unsure(fact: dict[str, Any]) -> bool:
    return fact.get("kind") == "safety" or float(fact.get("confidence", 1.0)) < UNSURE


def _words(fact: dict[str, Any], shown: Sequence[Frame]) -> str:
    """A fact in the model's words, and the moments of the pictures it names by the decoder's clock.

    Numbers of pictures that were not shown are left out: they point at nothing.
    """
    numbers = sorted({number for number in fact["pictures"] if number < len(shown)})
    if not numbers:
        return str(fact["text"])
    first, last = clock_text(shown[numbers[0]].at), clock_text(shown[numbers[-1]].at)
    return f"{fact['text']} [{first}]" if first == last else f"{fact['text']} [{first}–{last}]"


def with_told(observation: Observation, all_told: Sequence[Told]) -> Observation:
    """The chunk with nothing but what was told of it; what could not be used is a gap in its coverage."""
    chunk = observation.chunk
    gaps = tuple(
        Coverage(
            stream_id=chunk.stream_id,
            span=chunk.span,
            state=CoverageState.UNTOLD,
            by=each.caption.model,
            reason=each.gap,
        )
        for each in all_told
        if each.gap
    )
    return Observation(
        chunk=chunk,
        captions=tuple(each.caption for each in all_told),
        events=tuple(event for each in all_told for event in each.events),
        relations=tuple(relation for each in all_told for relation in each.relations),
        coverage=(*observation.coverage, *gaps),
    )


def unseen(observation: Observation) -> Caption:
    """The caption of a chunk of which there is no picture to show: the gate's word, or that nobody could look."""
    failed = [c for c in observation.coverage if c.state in (CoverageState.FAILED, CoverageState.DOWN)]
    if failed:
        reason = failed[0].reason or "it could not be read"
        return _caption(observation, f"no picture of this chunk: {reason}", "gate:1", CaptionStatus.FAILED)
    text = f"Between {observation.chunk.span} nothing moves."
    return _caption(observation, text, "gate:1", CaptionStatus.OK)


def told_failed(observation: Observation, by: str, reason: str) -> Told:
    """What is known of a chunk that could not be told."""
    return _nothing(observation, reason, by, CaptionStatus.FAILED)


def skipped(observation: Observation, by: str, reason: str) -> Caption:
    """The caption of a chunk the model was not asked about."""
    return _caption(observation, reason, by, CaptionStatus.SKIPPED)


def _nothing(observation: Observation, text: str, by: str, status: CaptionStatus, why: str = "") -> Told:
    """No caption to be had from that model: a gap, and a reason for another to look."""
    gap = f"the caption is {status.value}: {why or text}"
    return Told(caption=_caption(observation, text, by, status), gap=gap, closer=True)


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
