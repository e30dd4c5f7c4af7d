"""The command that does jobs, in this process or in several."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.io import command, note, opened
from core.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from core.ports import House
    from core.settings import Settings
    from jobs.celery_executor import CeleryExecutor

TURN_S = 2.0
CREW_TURN_S = 0.5

START = "from api.work import main; main()"


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    command(app)(worker)


def worker(
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            "-n",
            min=1,
            max=256,
            help="How many, with redis://; default: half as many as cores.",
        ),
    ] = None,
) -> None:
    """Do queued jobs and keep delivering, until Ctrl-C or SIGTERM.

    With SIGHTLINE_QUEUE=redis://... jobs are done by processes of their own, one job at a time each. One that dies is
    replaced, and what it did goes on in another.

    Examples:
      sightline worker
      SIGHTLINE_QUEUE=redis://127.0.0.1:6379/0 sightline worker --processes 4
    """
    from api.wiring.hands import executor
    from jobs.celery_executor import CeleryExecutor

    settings, house = opened()
    hands = executor(house, settings)
    if isinstance(hands, CeleryExecutor):
        _many(processes or max(1, (os.cpu_count() or 2) // 2), hands, house)
        return
    hands.close()
    if processes not in (None, 1):
        raise Invalid(
            "several processes need a queue between them",
            next_step="set SIGHTLINE_QUEUE=redis://host:port/0, for `sightline serve` as well",
        )
    _one(house, settings)


def _one(house: House, settings: Settings) -> None:
    """Takes up what is overdue, in threads of this process."""
    from api.hands import end_politely, put_away, take_up
    from api.wiring.hands import executor
    from jobs.outbox import OutboxLoop

    outbox = OutboxLoop(house.ledger, house.notifier, house.clock)
    hands = executor(house, settings, wake=outbox.wake)
    note("working (Ctrl-C stops)")
    end_politely()
    try:
        while True:
            take_up(hands)
            house.clock.sleep(TURN_S)
    finally:
        note("stopping …")
        outbox.close()
        put_away(hands)


def _many(size: int, hands: CeleryExecutor, house: House) -> None:
    """Keeps a crew at work, and hands over anew what the broker lost or a dead worker left."""
    from api.hands import end_politely
    from jobs.crew import Crew

    crew = Crew(_start, size, ledger=house.ledger, clock=house.clock)
    note(f"working in {size} process{'es' if size > 1 else ''} (Ctrl-C stops)")
    end_politely()
    said = ""
    try:
        while True:
            try:
                crew.look()
                for job in hands.recover():
                    note(f"going on with {job.kind} ({job.id})")
                said = ""
            except Unavailable as error:
                if error.message != said:
                    said = error.message
                    note(f"note: {said}; trying again")
            house.clock.sleep(CREW_TURN_S)
    finally:
        note("stopping …")
        crew.close()
        hands.close()


def _start(id: str) -> subprocess.Popen[bytes]:
    """A fresh interpreter (no fork: SQLite's connections must not cross one) that lives as long as its standard input.

    In a session of its own, so that Ctrl-C reaches this process alone, which ends it in good order.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-c", START, id], stdin=subprocess.PIPE, start_new_session=True
    )
