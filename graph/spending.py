"""Keeps account of what models are asked, and says when a stream's budget is used up."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.clock import Clock
from core.errors import Conflict, ModelUnavailable
from core.ids import StreamId
from core.ports import Ask, Ledger, Reply, Vlm
from core.spending import Budget, Usage, Use

BUDGETED = (Use.CAPTION, Use.DEEP)
"""What is asked without anybody's waiting for it: only that can be left out."""


AWAY = "model:away"
"""The name under which is kept what became of asking a model that could not even say its name."""


def name_of(model: Vlm) -> str:
    """The model's name, also where it has to be loaded for that and cannot be."""
    try:
        return model.name
    except ModelUnavailable:
        return AWAY


class Metered:
    """A model whose every call is written down in the ledger, by stream, use and day. Safe to share between threads.

    Threads that ask at the same time write together: one of them writes for all that came while it wrote last.
    """

    def __init__(self, model: Vlm, ledger: Ledger, clock: Clock) -> None:
        self._model, self._ledger, self._clock = model, ledger, clock
        self._due: dict[str, Usage] = {}
        self._noting, self._writing = threading.Lock(), threading.Lock()

    def __repr__(self) -> str:
        return f"Metered({self._model!r})"

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def sees(self) -> bool:
        """As the model does."""
        return self._model.sees

    @property
    def at_once(self) -> int:
        """As many as the model takes."""
        return self._model.at_once

    def ask(self, asks: Sequence[Ask], /) -> list[Reply]:
        """What the model replies; calls that found nobody are counted as failed."""
        try:
            replies = self._model.ask(asks)
        except ModelUnavailable:
            self._note(asks, [Reply(text="", problem="away")] * len(asks))
            raise
        self._note(asks, replies)
        return replies

    def _note(self, asks: Sequence[Ask], replies: Sequence[Reply]) -> None:
        day = self._clock.now().date().isoformat()
        with self._noting:
            for ask, reply in zip(asks, replies, strict=True):
                none = Usage.none(ask.stream or "", name_of(self._model), ask.use, day)
                self._due[none.id] = _with(self._due.get(none.id, none), _cost(none, reply))
        with self._writing:
            with self._noting:
                due, self._due = self._due, {}
            for usage in due.values():
                _add(self._ledger, usage)


def _cost(of: Usage, reply: Reply) -> Usage:
    return replace(
        of, calls=1, failed=int(bool(reply.problem)), tokens_in=reply.tokens_in, tokens_out=reply.tokens_out
    )


def _with(one: Usage, other: Usage) -> Usage:
    """Both together."""
    return replace(
        one,
        calls=one.calls + other.calls,
        failed=one.failed + other.failed,
        tokens_in=one.tokens_in + other.tokens_in,
        tokens_out=one.tokens_out + other.tokens_out,
    )


def _add(ledger: Ledger, usage: Usage) -> None:
    """Adds to the row, whoever else is adding to it."""
    while True:
        before = ledger.get(Usage, usage.id)
        try:
            if before is None:
                ledger.put(usage, new=True)
            else:
                ledger.put(_with(before, usage), replacing=before)
        except Conflict:
            continue  # another process was faster: add to what it wrote
        return


def used(ledger: Ledger, stream: StreamId | None = None, *, day: str = "") -> list[Usage]:
    """What was asked, of one stream or of all, on one day or ever: one row by stream, model, use and day."""
    bounds = {"stream_id": stream, "day": day}
    return ledger.find(Usage, **{name: value for name, value in bounds.items() if value})


def totals(rows: Iterable[Usage]) -> list[Usage]:
    """The rows with their days put together (`day` is then the last one), in order of stream, model and use."""
    by: dict[tuple[str, str, Use], list[Usage]] = defaultdict(list)
    for row in rows:
        by[row.stream_id, row.model, row.use].append(row)
    out = []
    for key in sorted(by):
        whole, *more = sorted(by[key], key=lambda row: row.day)
        for row in more:
            whole = replace(_with(whole, row), day=row.day)
        out.append(whole)
    return out


def exhausted(budget: Budget, ledger: Ledger, clock: Clock, *, pending: int = 0) -> str:
    """Why nothing more may be asked about the stream today; '' where something may. `pending` calls are on their way."""
    if budget.calls is None and budget.tokens is None:
        return ""
    today = [
        row for row in used(ledger, budget.id, day=clock.now().date().isoformat()) if row.use in BUDGETED
    ]
    if budget.calls is not None and sum(row.calls for row in today) + pending >= budget.calls:
        return f"the budget of {budget.calls} calls a day is used up"
    if budget.tokens is not None and sum(row.tokens for row in today) >= budget.tokens:
        return f"the budget of {budget.tokens} tokens a day is used up"
    return ""
