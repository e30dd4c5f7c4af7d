"""Whoever does the jobs of a command that stays: how they begin, and how they are put away."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from api.cli.io import note
from core.errors import SightlineError
from core.ports import Executor
from jobs.inline import InlineExecutor

log = logging.getLogger(__name__)

TAKE_UP_S = 5.0

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


class TakingUp:
    """Where jobs are done here: a thread that takes up what nobody does, as of a server that was killed a moment ago."""

    def __init__(self, hands: Executor) -> None:
        self._hands, self._over = hands, threading.Event()
        self._thread = threading.Thread(target=self._loop, name="taking-up", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._over.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._over.wait(TAKE_UP_S):
            try:
                take_up(self._hands)
            except SightlineError as error:
                log.warning("what nobody does is left for now: %s", error.message)


def put_away(hands: Executor) -> None:
    """Jobs that run here are put back into the queue: the next start goes on with them."""
    if isinstance(hands, InlineExecutor):
        hands.close(patience_s=STOP_S)
    else:
        hands.close()
