"""Answers a question from the memory: plan, look up, compose, check every citation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from agent import choices, scenes, second
from agent.cite import check
from agent.compose import compose
from agent.finding import Finding
from agent.grammar import Bound
from agent.lookup import look_up
from agent.plan import Plan, plan
from agent.recall import View, whole_span
from core.answers import Answer, AnswerStatus, Question, Step
from core.clock import Span
from core.errors import NotFound, Uncited
from core.media import Stream
from core.ports import FrameSource, GraphStore, Ledger, Vlm


def answer(
    question: Question,
    *,
    store: GraphStore,
    ledger: Ledger,
    llm: Vlm | None = None,
    vlm: Vlm | None = None,
    frames: FrameSource | None = None,
) -> Answer:
    """The cited answer; with choices always one picked, marked as a guess where the memory does not decide.

    `llm` or `vlm` (a describer does not count) is asked for its pick where the memory could only guess. Raises
    `NotFound` for a stream nobody knows.
    """
    watch = _Watch()
    streams = streams_named(question.streams, ledger)
    planned = plan(question.text, streams)
    watch.lap("plan", str(planned))
    views = views_of(planned, question, streams, store)
    found = look_up(planned, views) if streams else _nothing_yet()
    watch.lap("look up", f"{found.status.value}: {len(found.visits)} visits, {len(found.events)} events")
    said = _said(found, store, ledger)
    watch.lap("compose", f"{len(said.citations)} citations checked")
    if question.choices:
        said = _picked(
            said, planned, found, question, views, watch, model=_model(vlm, llm, frames), frames=frames
        )
    return replace(said, steps=tuple(watch.steps))


def _model(vlm: Vlm | None, llm: Vlm | None, frames: FrameSource | None) -> Vlm | None:
    """The model to ask for a second opinion: one that sees, where there are pictures; else one that reads."""
    if second.usable(vlm) and frames is not None:
        return vlm
    return llm if second.usable(llm) else None


class _Watch:
    """Takes the time of each step."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._at = time.perf_counter()

    def lap(self, name: str, detail: str) -> None:
        """One step done, in wall seconds since the one before."""
        now = time.perf_counter()
        self.steps.append(Step(name=name, detail=detail, seconds=round(now - self._at, 4)))
        self._at = now


def streams_named(names: Sequence[str], ledger: Ledger) -> list[Stream]:
    """The streams of those names or ids, or all; raises `NotFound` listing the known ones."""
    known = ledger.find(Stream)
    if not names:
        return known
    by_name = {s.name: s for s in known} | {s.id: s for s in known}
    missing = [name for name in names if name not in by_name]
    if missing:
        listed = ", ".join(sorted(s.name for s in known)[:20]) or "none yet: run `sightline watch` first"
        raise NotFound(f"there is no stream called {missing[0]!r}", next_step=f"known streams: {listed}")
    return list(dict.fromkeys(by_name[name] for name in names))


def views_of(planned: Plan, question: Question, streams: Sequence[Stream], store: GraphStore) -> list[View]:
    """Each stream with the span the question means there; streams it cannot mean are left out."""
    views = []
    for stream in streams:
        whole = whole_span(stream, store)
        span: Span | None = (
            whole if question.span is None else whole.intersect(question.span) or question.span
        )
        home: Span | None = None
        if planned.scene_use == "within" and (home := _scene_span(planned, stream, whole, store)):
            span = home
        if planned.bound is not None and span is not None:
            inside = planned.bound.within(whole.end, stream.started_at)
            if inside is None and planned.bound.kind in ("between", "around", "after"):
                start = max(whole.end, round(planned.bound.a * 1_000_000))
                inside = Span(start, start + 1)
            span = (span.intersect(inside) or inside) if inside else None
        if planned.anchor and span is not None:
            span = _anchored(planned, View(store=store, stream=stream, span=span, home=home))
        if span is not None:
            views.append(View(store=store, stream=stream, span=span, home=home))
    return views


def _anchored(planned: Plan, view: View) -> Span:
    """The part of the view after, before or about the moment at which what the plan names happened.

    Where nobody saw that happen, the whole view stays: the answer then rests on more than was asked, never on less.
    """
    found = look_up(plan(f"when {planned.anchored}", [view.stream]), [view])
    if found.status is not AnswerStatus.ANSWERED or not found.seconds:
        return view.span
    at = round(found.seconds[0] * 1_000_000)
    about = Bound(kind="around", a=found.seconds[0]).within(view.span.end)
    part = {
        "after": Span(at, max(view.span.end, at + 1)),
        "before": Span(0, max(at, 1)),
        "when": about or view.span,
    }
    return view.span.intersect(part[planned.anchor]) or view.span


def _scene_span(planned: Plan, stream: Stream, whole: Span, store: GraphStore) -> Span | None:
    """The scene of a longer recording that fits the question's description best; None where none stands out."""
    cut = scenes.scenes_of(View(store=store, stream=stream, span=whole))
    at, lead = scenes.best(cut, planned.scene)
    return cut[at].span if len(cut) > 1 and lead > 0 else None


def _nothing_yet() -> Finding:
    head = "The memory is empty: nothing has been watched yet. Run `sightline watch FILE` first."
    return Finding(status=AnswerStatus.NOT_COVERED, head=head)


def _said(found: Finding, store: GraphStore, ledger: Ledger) -> Answer:
    composed = compose(found)
    try:
        return check(composed, store, ledger)
    except Uncited as error:
        text = f"The memory may hold an answer, but it cannot be shown: {error.message}."
        return Answer(text=text, status=AnswerStatus.UNSUPPORTED)


def _picked(
    said: Answer,
    planned: Plan,
    found: Finding,
    question: Question,
    views: Sequence[View],
    watch: _Watch,
    *,
    model: Vlm | None,
    frames: FrameSource | None,
) -> Answer:
    """The answer with one choice picked; a guess says so in its text."""
    pick = choices.pick(planned, found, question.choices)
    watch.lap("choose", f"{question.choices[pick.index]}: {pick.why}{' (a guess)' if pick.guess else ''}")
    index, confidence, guess = pick.index, pick.confidence, pick.guess
    if guess and model is not None:
        other, detail = second.opinion(question, views, said.text, model=model, frames=frames)
        watch.lap("second opinion", detail)
        if other is not None:
            index = other
    chosen = question.choices[index]
    text = f"A guess: {chosen}.\n{said.text}" if guess else f"{chosen}. {said.text}"
    return replace(said, text=text, choice=index, confidence=confidence, guess=guess)
