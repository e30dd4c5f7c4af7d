"""Whoever does the jobs of a command that stays: how they begin, and how they are put away."""

from __future__ import annotations

import signal
import sys

from api.cli_io import note
from core.ports import Executor
from jobs.inline import InlineExecutor

STOP_S = 3
"""Seconds that what runs may take to end by itself when the command is told to end."""


def end_politely() -> None:
    """Lets SIGTERM, by which containers are stopped, end the command as Ctrl-C does: what is open is closed.

    A shell's background commands are started with Ctrl-C's signal ignored; who sends it nevertheless means it.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)


def take_up(hands: Executor) -> None:
    """Where jobs are done here: what a process that died left behind is gone on with."""
    if isinstance(hands, InlineExecutor):
        for job in hands.recover():
            note(f"going on with {job.kind} ({job.id})")


def put_away(hands: Executor) -> None:
    """Jobs that run here are put back into the queue: the next start goes on with them."""
    if isinstance(hands, InlineExecutor):
        hands.close(patience_s=STOP_S)
    else:
        hands.close()
