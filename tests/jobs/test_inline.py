"""Leases, recovery and shutting down of the executor that works in threads."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from core import ids
from core.clock import VirtualClock
from core.ids import JobId
from core.ports import Ledger
from core.work import Job, JobState, Progress
from graph.ledger import MemoryLedger
from jobs.inline import InlineExecutor
from jobs.runner import LEASE, Heart, Runner, Turn, abandoned, enqueue


def job(kind: str = "work", key: str = "") -> Job:
    id = JobId(ids.fresh("job"))
    return Job(id=id, kind=kind, key=key or id)


def done(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return {"done": True}


def stored(ledger: Ledger, row: Job) -> Job:
    found = ledger.get(Job, row.id)
    assert found is not None
    return found


class Gate:
    """A handler that says when it runs and goes on when it is let."""

    def __init__(self) -> None:
        self.running, self.let = threading.Semaphore(0), threading.Event()

    def __call__(self, args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        self.running.release()
        while not self.let.wait(0.01):
            progress(0.5, "working")
        return {}


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.QUEUED])
def test_what_a_dead_process_left_is_taken_up_after_its_lease(state: JobState) -> None:
    ledger, clock = MemoryLedger(), VirtualClock()
    left, _ = enqueue(job(), ledger, clock)
    ledger.put(replace(left, state=state))
    executor = InlineExecutor(ledger, {"work": done}, clock)
    assert executor.recover() == [], "its worker may still live"
    clock.sleep(LEASE.total_seconds())
    assert [row.id for row in executor.recover()] == [left.id]
    executor.close()
    assert stored(ledger, left).state is JobState.DONE


def test_what_was_to_stop_when_its_process_died_is_not_taken_up() -> None:
    ledger, clock = MemoryLedger(), VirtualClock()
    left, _ = enqueue(job(), ledger, clock)
    ledger.put(replace(left, state=JobState.RUNNING, stop_asked=True))
    clock.sleep(LEASE.total_seconds())
    assert abandoned(ledger, clock) == []
    assert stored(ledger, left).state is JobState.CANCELLED


def test_the_heart_keeps_running_and_waiting_jobs_alive() -> None:
    ledger, clock, gate = MemoryLedger(), VirtualClock(), Gate()
    executor = InlineExecutor(ledger, {"work": gate}, clock)
    running, waiting = executor.submit(job()), executor.submit(job())
    assert gate.running.acquire(timeout=10)
    runner = Runner(ledger, {}, clock, worker=stored(ledger, running).worker)
    heart = Heart(runner, lambda: [running.id, waiting.id])
    clock.sleep(LEASE.total_seconds() - 1)
    heart.beat()
    clock.sleep(LEASE.total_seconds() - 1)
    assert abandoned(ledger, clock) == []
    heart.close()
    gate.let.set()
    executor.close()
    assert [stored(ledger, row).state for row in (running, waiting)] == [JobState.DONE] * 2


def test_a_queued_job_is_cancelled_at_once_and_never_run() -> None:
    ledger, gate = MemoryLedger(), Gate()
    executor = InlineExecutor(ledger, {"work": gate}, VirtualClock())
    executor.submit(job())
    assert gate.running.acquire(timeout=10)
    waiting = executor.submit(job())
    assert executor.cancel(waiting.id).state is JobState.CANCELLED
    gate.let.set()
    executor.close()
    assert stored(ledger, waiting).state is JobState.CANCELLED
    assert not gate.running.acquire(blocking=False)


def test_closing_without_patience_puts_the_work_back_and_the_next_start_goes_on() -> None:
    ledger, clock, gate = MemoryLedger(), VirtualClock(), Gate()
    executor = InlineExecutor(ledger, {"work": gate}, clock)
    running = executor.submit(job())
    assert gate.running.acquire(timeout=10)
    waiting = executor.submit(job())
    executor.close(patience_s=0.05)
    assert {stored(ledger, row).state for row in (running, waiting)} == {JobState.QUEUED}
    after = InlineExecutor(ledger, {"work": done}, clock)
    assert {row.id for row in after.recover()} == {running.id, waiting.id}
    after.close()
    assert {stored(ledger, row).state for row in (running, waiting)} == {JobState.DONE}


def test_workers_work_side_by_side() -> None:
    ledger, gate = MemoryLedger(), Gate()
    executor = InlineExecutor(ledger, {"work": gate}, VirtualClock(), workers=2)
    for _ in range(2):
        executor.submit(job())
    assert gate.running.acquire(timeout=10)
    assert gate.running.acquire(timeout=10)
    gate.let.set()
    executor.close()


def test_a_job_is_run_by_one_of_two_processes() -> None:
    ledger, clock = MemoryLedger(), VirtualClock()
    row, _ = enqueue(job(), ledger, clock)
    runners = [Runner(ledger, {"work": done}, clock) for _ in range(2)]
    assert [runner.run(row.id) is not None for runner in runners] == [True, False]


def test_many_who_submit_one_key_at_once_get_one_job() -> None:
    ledger, clock = MemoryLedger(), VirtualClock()
    together, got = threading.Barrier(8), []

    def submit() -> None:
        together.wait()
        got.append(enqueue(job(key="k"), ledger, clock)[0].id)

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({*got}) == 1
    assert [row.id for row in ledger.find(Job)] == [got[0]]
    assert [turn.job_id for turn in ledger.find(Turn)] == [got[0]]


def test_progress_is_written_no_more_often_than_is_of_use() -> None:
    writes = []

    class Counting(MemoryLedger):
        def put(self, row: Any, /, *, replacing: Any = None, new: bool = False) -> Any:
            writes.append(row)
            return super().put(row, replacing=replacing, new=new)

    def chatty(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        for step in range(5000):
            progress(step / 5000, "on")
        return {}

    ledger = Counting()
    row, _ = enqueue(job(), ledger, VirtualClock())
    Runner(ledger, {"work": chatty}, VirtualClock()).run(row.id)
    assert len(writes) < 20
