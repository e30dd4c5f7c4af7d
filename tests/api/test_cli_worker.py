"""The crew of `sightline worker` while the ledger does not answer: it waits and goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from api.cli import worker as cli_worker
from api.wiring.hands import executor
from api.wiring.house import build
from core.clock import WallClock
from core.settings import Settings
from graph.sqlite import database
from helpers.redis_server import RedisServer
from jobs.celery_executor import CeleryExecutor

pytestmark = pytest.mark.service


class Turns(WallClock):
    """A clock that does the next thing whenever somebody sleeps, and presses Ctrl-C when all is done."""

    def __init__(self, *things: Callable[[], object]) -> None:
        self._things = list(things)

    def sleep(self, seconds: float) -> None:
        if not self._things:
            raise KeyboardInterrupt
        self._things.pop(0)()
        super().sleep(seconds)


@contextmanager
def sigterm_as_it_was() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_ledger_that_does_not_answer_does_not_end_the_crew(
    home: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 50)
    monkeypatch.setattr(cli_worker, "START", "import sys; sys.stdin.read()")
    settings = Settings(home=home, queue=redis.url)
    house = build(settings)
    started: list[int] = []
    start = cli_worker._start

    def remembered(id: str):  # type: ignore[no-untyped-def]
        process = start(id)
        started.append(process.pid)
        return process

    monkeypatch.setattr(cli_worker, "_start", remembered)
    other = apsw.Connection(str(home / "ledger.db"))

    def dies() -> None:
        other.execute("BEGIN EXCLUSIVE")
        os.kill(started[0], signal.SIGKILL)
        os.waitid(os.P_PID, started[0], os.WEXITED | os.WNOWAIT)

    def looks_back() -> None:
        other.execute("COMMIT")

    wait = WallClock().sleep
    house = replace(house, clock=Turns(dies, lambda: wait(0), looks_back, lambda: wait(0), lambda: wait(2)))
    hands = executor(house, settings)
    assert isinstance(hands, CeleryExecutor)
    with sigterm_as_it_was(), pytest.raises(KeyboardInterrupt):
        cli_worker._many(1, hands, house)
    assert len(started) == 2
    assert capsys.readouterr().err.count("is held by another writer") == 1
