"""Puts a task about pictures to a model, and says what came of it: a result, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.inspection.locate import merged
from agent.inspection.tasks import GRID, UNSURE_BELOW, Said, Task, check_given
from agent.inspection.views import View, views_of
from agent.lexicon import LABELS
from core.clock import clock_text
from core.errors import ModelUnavailable
from core.ids import StreamId
from core.inspection import Exhibit, Inspection, InspectionStatus, Located
from core.media import Frame
from core.ports import Ask, Detector, Finder, Reply, Turn, Vlm
from core.sight import Detection
from core.spending import Use

MOST_WORDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """Who can be asked: a model that looks (None where there is none), and what else finds things in a single picture."""

    vlm: Vlm | None = None
    detector: Detector | None = None
    finder: Finder | None = None

    def beside(self, words: str, exhibit: Exhibit) -> list[Detection]:
        """What the detector and the finder find of the words; nothing where they do not look for that."""
        frame = Frame(at=0, picture=exhibit.picture)
        found: list[Detection] = []
        wanted = labels_in(words)
        if self.detector is not None and (known := wanted & in_stills(self.detector)):
            found += [d for d in self.detector.detect([frame])[0] if d.label in known]
        if self.finder is not None:
            found += self.finder.find([frame], [words])[0]
        return [replace(d, label=words) for d in found]

    def knows(self, words: str) -> bool:
        """Whether what is asked for can be found without the model."""
        return self.finder is not None or (
            self.detector is not None and bool(labels_in(words) & in_stills(self.detector))
        )


def in_stills(detector: Detector) -> frozenset[str]:
    """The labels a detector can give of a single picture: what only motion tells is not among them."""
    return detector.vocabulary - detector.needs_fixed


def labels_in(words: str) -> frozenset[str]:
    """The labels that the words name and nothing besides: `people` names person, `red cars` more than a detector knows."""
    return frozenset(LABELS.get(words.strip().lower(), ())) | {words.strip().lower()}


def inspect(
    task: Task,
    exhibits: Sequence[Exhibit],
    *,
    eyes: Eyes,
    words: str = "",
    labels: Sequence[str] = (),
    examples: Sequence[Turn] = (),
) -> Inspection:
    """What came of the task. Raises `Invalid` for a task that is given too little, `ModelUnavailable` where nobody can
    do it.
    """
    check_given(task, len(exhibits), words, labels)
    words = words.strip()[:MOST_WORDS]
    if eyes.vlm is None:
        return _without_model(task, exhibits, eyes, words)
    shown = [views_of(exhibit.picture) for exhibit in exhibits]
    if task.whole:
        asks = [_ask(task, exhibits, shown, words, labels, examples)]
    else:
        asks = [_ask(task, exhibits, [[view]], words, labels, examples) for views in shown for view in views]
    replies = eyes.vlm.ask(asks)
    if not task.locates:
        return judged(task, replies[0], eyes.vlm.name)
    return _located(task, exhibits, shown[0], replies, eyes, words)


def _ask(
    task: Task,
    exhibits: Sequence[Exhibit],
    shown: Sequence[Sequence[View]],
    words: str,
    labels: Sequence[str],
    examples: Sequence[Turn],
) -> Ask:
    stream = next((exhibit.stream for exhibit in exhibits if exhibit.stream), "")
    return Ask(
        prompt=_prompt(exhibits, shown, words),
        system=task.system,
        pictures=tuple(view.picture for views in shown for view in views),
        schema=task.form(labels),
        max_tokens=task.max_tokens,
        alone=task.alone,
        examples=tuple(examples),
        stream=StreamId(stream) if stream else None,
        use=Use.INSPECTION,
    )


def _prompt(exhibits: Sequence[Exhibit], shown: Sequence[Sequence[View]], words: str) -> str:
    """What is shown, picture by picture, and what is asked about it."""
    told, number = [], 0
    for exhibit, views in zip(exhibits, shown, strict=False):
        at = f" at {clock_text(exhibit.at)}" if exhibit.at is not None else ""
        parts = f", {number + 1} to {number + len(views) - 1} its parts" if len(views) > 1 else ""
        told.append(f"{number}: picture{at}{', whole' if parts else ''}{parts}")
        number += len(views)
    asked = f"\nAsked: {words}" if words else ""
    return "Pictures, numbered from 0: " + "; ".join(told) + asked


def judged(task: Task, reply: Reply, model: str) -> Inspection:
    """What one reply to one task is worth; only a reply of the asked form that is sure of itself is a result."""
    used = reply.tokens_in + reply.tokens_out
    if reply.problem or reply.data is None or reply.left_out:
        status = InspectionStatus.UNREADABLE if reply.text.strip() else InspectionStatus.FAILED
        problem = reply.problem or "; ".join(reply.left_out[:3]) or "the reply is empty"
        return Inspection(
            task=task.name, status=status, text=reply.text, model=model, problem=problem, tokens=used
        )
    return _made_of(task, task.read(reply.data), model, data=reply.data, tokens=used)


def _made_of(task: Task, said: Said, model: str, **more: Any) -> Inspection:
    doubt = said.doubt
    if not said.text.strip():
        doubt = "it says nothing"
    elif not doubt and said.confidence < UNSURE_BELOW:
        doubt = f"it is only {said.confidence:.0%} sure"
    return Inspection(
        task=task.name,
        status=InspectionStatus.UNSURE if doubt else InspectionStatus.ANSWERED,
        text=said.text,
        model=model,
        confidence=said.confidence,
        problem=doubt,
        **more,
    )


def _located(
    task: Task,
    exhibits: Sequence[Exhibit],
    views: Sequence[View],
    replies: Sequence[Reply],
    eyes: Eyes,
    words: str,
) -> Inspection:
    """Boxes of all views and of whoever else can find it, put together in pixels of the whole picture."""
    assert eyes.vlm is not None  # noqa: S101 - for the type checker
    each = [judged(task, reply, eyes.vlm.name) for reply in replies]
    tokens = sum(one.tokens for one in each)
    bad = next((one for one in each if one.status is not InspectionStatus.ANSWERED), None)
    if bad is not None and not bad.data:
        return replace(bad, calls=len(each), tokens=tokens)
    found: list[Detection] = []
    for view, one in zip(views, each, strict=True):
        for pointed in one.data["boxes"]:
            box = view.box_of(pointed["box"], GRID)
            if box is None:
                bad = bad or replace(one, problem="a box has no size")
                continue
            found.append(
                Detection(label=words, box=box, score=float(pointed["confidence"]), source=eyes.vlm.name)
            )
    together = merged([*found, *eyes.beside(words, exhibits[0])])
    boxes = [{"label": d.label, "box": d.box.rounded(), "confidence": d.score} for d in together]
    data: dict[str, Any] = {"boxes": boxes}
    text = f"{len(together)} found" if together else "none found"
    doubt = bad.problem if bad is not None else ""
    if task.name == "count":
        whole = each[0].data["count"]
        agreed = len(together) if together else whole
        data |= {"count": agreed, "counted": whole}
        text = str(agreed)
        if not doubt and together and whole != agreed and len(views) == 1:
            doubt = f"it counts {whole}, and {agreed} were pointed at"
    said = Said(text=text, confidence=min(one.confidence for one in each), doubt=doubt)
    return _made_of(
        task,
        said,
        "+".join(sorted({d.source for d in together} | {eyes.vlm.name})) if together else eyes.vlm.name,
        data=data,
        located=tuple(Located(exhibit=0, detection=d) for d in together),
        calls=len(each),
        tokens=tokens,
    )


def _without_model(task: Task, exhibits: Sequence[Exhibit], eyes: Eyes, words: str) -> Inspection:
    """What a detector or a finder can do alone: find what it knows. Raises `ModelUnavailable` for the rest."""
    if not task.locates or not eyes.knows(words):
        raise needs_model(task.name)
    together = merged(eyes.beside(words, exhibits[0]))
    boxes = [{"label": d.label, "box": d.box.rounded(), "confidence": d.score} for d in together]
    by = eyes.detector.name if eyes.detector is not None else ""
    data: dict[str, Any] = {"boxes": boxes}
    if task.name == "count":
        data["count"] = len(together)
    return Inspection(
        task=task.name,
        status=InspectionStatus.ANSWERED,
        text=str(len(together)) if task.name == "count" else f"{len(together)} found",
        model="+".join(sorted({d.source for d in together})) or by,
        data=data,
        located=tuple(Located(exhibit=0, detection=d) for d in together),
        confidence=min((d.score for d in together), default=0.5),
        calls=0,
    )


def needs_model(what: str) -> ModelUnavailable:
    """Nobody here can look at pictures and say what they show."""
    return ModelUnavailable(
        f"{what} needs a vision-language model, and none is set",
        next_step="set SIGHTLINE_VLM=openai+http://host:port/v1?model=NAME, or transformers:REPO or folder",
    )
