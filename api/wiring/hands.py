"""Who does the jobs: the executor of a process that gives them out, and the hands of a worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from api.wiring.choose import choose
from api.wish import scheme
from core.errors import Invalid
from core.ports import Executor, House
from core.settings import Settings

if TYPE_CHECKING:
    from jobs.worker import CeleryWorker


def nobody() -> None:
    """Nobody waits to be woken."""


def executor(house: House, settings: Settings, *, wake: Callable[[], None] = nobody) -> Executor:
    """Who does the jobs; `wake` is called whenever one put something into the outbox."""
    lease = timedelta(seconds=settings.lease_s)

    def inline() -> Executor:
        from jobs.handlers import handlers
        from jobs.inline import InlineExecutor

        return InlineExecutor(house.ledger, handlers(house, settings, wake=wake), house.clock, lease=lease)

    def redis() -> Executor:
        from jobs.celery_executor import CeleryExecutor

        return CeleryExecutor(settings.queue, house.ledger, house.clock, lease=lease)

    return choose("SIGHTLINE_QUEUE", settings.queue, {"inline": inline, "redis": redis})


def worker(
    house: House, settings: Settings, *, id: str, wake: Callable[[], None], on_deaf: Callable[[], None]
) -> CeleryWorker:
    """The hands of one worker process, named by its id. `on_deaf` is called when it no longer hears the queue."""

    def redis() -> CeleryWorker:
        from jobs.handlers import handlers
        from jobs.worker import CeleryWorker

        return CeleryWorker(
            settings.queue,
            house.ledger,
            handlers(house, settings, wake=wake),
            house.clock,
            id=id,
            on_deaf=on_deaf,
            lease=timedelta(seconds=settings.lease_s),
        )

    return choose("SIGHTLINE_QUEUE", settings.queue, {"redis": redis})


def shown_queue(settings: Settings) -> str:
    """The queue's URL as it may be shown: without user and password, whatever is wrong with it."""
    from jobs.celery_executor import shown

    if settings.queue == "inline:":
        return settings.queue
    try:
        return shown(settings.queue)
    except Invalid:
        return f"{scheme(settings.queue)}://…"
