"""Has captions written beside the looking: up to as many chunks are with the model as it takes, and nobody waits for it."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.clock import Micros
from core.errors import SightlineError
from core.ids import StreamId
from core.media import Frame
from core.memory import Caption, Observation
from core.ports import House
from core.settings import Settings
from core.spending import Budget
from core.work import Progress
from graph.spending import exhausted, name_of
from ingest.captions.caption import Told, caption, choose, skipped, told_failed, with_told
from ingest.captions.news import News

log = logging.getLogger(__name__)

MOST_HELD = 32
"""Chunks that wait for the model with their pictures in memory; of more only the moments are kept, and the pictures are
opened again when their turn comes."""
AHEAD = 2
"""For each so many chunks that are with the model one more is made ready: when a call ends, the next goes out at once. The
model keeps the others waiting that it does not take yet."""
TURN_S = 0.5
"""Seconds after which somebody who waits for captions hears how far they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A chunk that waits for its caption, with its pictures or with the moments to open them at."""

    observation: Observation
    frames: tuple[Frame, ...] = ()
    moments: tuple[Micros, ...] = ()


class Teller:
    """The captions of one stream on their way. What was told is taken by the thread that gave the chunks in: it writes.

    Threads are begun as they are needed, half as many again as the model's `at_once`, and end with `close`.
    """

    def __init__(self, stream: StreamId, house: House, settings: Settings) -> None:
        self._stream, self._house, self._settings = stream, house, settings
        self._todo: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Observation] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = threading.Event()
        self._pending = 0

    def skips(self, observation: Observation, news: News) -> Caption | None:
        """The caption of a chunk the model is not asked about: nothing in it is new, or the budget is used up."""
        reason = news.stale(observation) or self._exhausted(self._pending)
        if reason:
            return skipped(observation, name_of(self._house.vlm), reason)
        news.told(observation)
        return None

    def put(self, observation: Observation, frames: Sequence[Frame]) -> None:
        """Has the chunk told; it never waits."""
        chosen = tuple(choose(observation, frames))
        if self._pending < self._house.vlm.at_once + MOST_HELD:
            self._give(_Waiting(observation=observation, frames=chosen))
        else:
            self.put_stored(observation, [frame.at for frame in chosen])

    def put_stored(self, observation: Observation, moments: Sequence[Micros]) -> None:
        """Has a chunk told whose pictures have to be opened again."""
        self._give(_Waiting(observation=observation, moments=tuple(moments)))

    def _give(self, waiting: _Waiting) -> None:
        self._pending += 1
        self._todo.put(waiting)
        at_once = self._house.vlm.at_once
        if len(self._threads) < min(self._pending, at_once + at_once // AHEAD):
            thread = threading.Thread(target=self._work, name="teller", daemon=True)
            self._threads.append(thread)
            thread.start()

    def ready(self) -> Iterator[Observation]:
        """What was told since the last call, each chunk with its captions, facts and gaps; it never waits."""
        while self._pending:
            try:
                told = self._done.get_nowait()
            except queue.Empty:
                return
            self._pending -= 1
            yield told

    def rest(self, progress: Progress) -> Iterator[Observation]:
        """Everything that is still to be told, as it comes; `progress` may stop the wait."""
        while self._pending:
            try:
                told = self._done.get(timeout=TURN_S)
            except queue.Empty:
                progress(0.99, f"{self._pending} chunks wait for {name_of(self._house.vlm)}")
                continue
            self._pending -= 1
            yield told

    def close(self) -> None:
        """Takes nothing more; what is with the model comes too late."""
        self._closed.set()
        for _ in self._threads:
            self._todo.put(None)
        self._threads = []

    def _work(self) -> None:
        while (waiting := self._todo.get()) is not None and not self._closed.is_set():
            observation = waiting.observation
            try:
                told = self._told(waiting)
            except Exception as error:  # whoever waits for this chunk must hear of it, whatever went wrong
                log.exception("chunk %s cannot be told", observation.chunk.id)
                told = (told_failed(observation, name_of(self._house.vlm), f"something went wrong: {error}"),)
            self._done.put(with_told(observation, told))

    def _told(self, waiting: _Waiting) -> tuple[Told, ...]:
        """What the models say of a chunk; the pictures that were let go are opened again."""
        observation, shown = waiting.observation, list(waiting.frames)
        if not shown:
            try:
                shown = self._house.frames.frames_at(self._stream, waiting.moments)
            except SightlineError as error:
                why = f"its pictures cannot be opened again: {error.message}"
                return (told_failed(observation, name_of(self._house.vlm), why),)
        deep = None if self._house.deep is None or self._exhausted(0) else self._house.deep
        return caption(observation, shown, self._house.vlm, deep=deep)

    def _exhausted(self, pending: int) -> str:
        house = self._house
        return exhausted(self._budget(), house.ledger, house.clock, pending=pending)

    def _budget(self) -> Budget:
        """The stream's own budget, or the one of the settings."""
        settings = self._settings
        own = self._house.ledger.get(Budget, self._stream)
        return own or Budget(
            id=self._stream, calls=settings.vlm_calls_a_day, tokens=settings.vlm_tokens_a_day
        )
