"""Every call of a model is written down once, whoever makes it and whatever comes of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.clock import VirtualClock
from core.errors import ModelUnavailable
from core.ids import StreamId
from core.ports import Ask, Reply
from core.spending import Budget, Usage, Use
from graph.ledger import MemoryLedger, SqliteLedger
from graph.spending import Metered, exhausted, totals, used
from models.fakes_ask import FakeVlm

GOOD = Reply(text="yes", tokens_in=100, tokens_out=10)
DOCK = StreamId("st_dock")


def ask(use: Use = Use.CAPTION, stream: StreamId = DOCK) -> Ask:
    return Ask(prompt="p", stream=stream, use=use)


def test_calls_tokens_and_failures_are_counted_by_stream_use_and_day() -> None:
    ledger, clock = MemoryLedger(), VirtualClock()
    model = Metered(FakeVlm([GOOD, GOOD, Reply(text="", problem="garbage", tokens_in=7)]), ledger, clock)
    model.ask([ask(), ask(Use.QUESTION), ask()])
    clock.sleep(86_400)
    model.ask([ask()])
    rows = used(ledger, DOCK)
    assert [(r.use, r.calls, r.failed, r.tokens_in, r.tokens_out) for r in rows] == [
        ("caption", 2, 1, 107, 10),
        ("question", 1, 0, 100, 10),
        ("caption", 1, 1, 7, 0),
    ]
    assert [(t.use, t.calls, t.tokens) for t in totals(rows)] == [("caption", 3, 124), ("question", 1, 110)]


def test_calls_that_found_nobody_count_as_failed() -> None:
    ledger = MemoryLedger()
    model = Metered(FakeVlm([ModelUnavailable("away")]), ledger, VirtualClock())
    with pytest.raises(ModelUnavailable):
        model.ask([ask()])
    assert [(r.calls, r.failed) for r in ledger.find(Usage)] == [(1, 1)]


def test_threads_and_processes_that_ask_at_once_lose_nothing(tmp_path: Path) -> None:
    ledgers = [SqliteLedger(tmp_path / "ledger.db") for _ in range(2)]  # as two processes have them
    models = [Metered(FakeVlm([GOOD]), ledger, VirtualClock()) for ledger in ledgers]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: models[n % 2].ask([ask()]), range(60)))
    (row,) = ledgers[0].find(Usage)
    for ledger in ledgers:
        ledger.close()
    assert (row.calls, row.tokens_in) == (60, 6000)


def test_a_budget_is_for_what_nobody_waits_for() -> None:
    ledger, clock = MemoryLedger(), VirtualClock()
    model = Metered(FakeVlm([GOOD]), ledger, clock)
    model.ask([ask(Use.INSPECTION)] * 5)
    budget = Budget(id=DOCK, calls=2, tokens=1000)
    assert exhausted(budget, ledger, clock) == ""
    assert exhausted(budget, ledger, clock, pending=2) == "the budget of 2 calls a day is used up"
    model.ask([ask()] * 2)
    assert exhausted(budget, ledger, clock) == "the budget of 2 calls a day is used up"
    assert (
        exhausted(Budget(id=DOCK, tokens=200), ledger, clock) == "the budget of 200 tokens a day is used up"
    )
    clock.sleep(86_400)
    assert exhausted(budget, ledger, clock) == ""
    assert exhausted(Budget(id=DOCK, calls=0), ledger, clock) != ""
    assert exhausted(Budget(id=DOCK), ledger, clock) == ""
