"""What every executor promises, whichever it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import ids
from core.clock import WallClock
from core.errors import BadMedia, Invalid, NotFound, Unavailable
from core.ids import JobId
from core.ports import Executor, Ledger
from core.work import Job, JobState, Progress
from graph.ledger import MemoryLedger, SqliteLedger
from helpers.redis_server import RedisServer
from helpers.workers import at_work
from jobs.celery_executor import CeleryExecutor
from jobs.fakes import EagerExecutor
from jobs.inline import InlineExecutor
from jobs.runner import STAYING, enqueue

Make = Callable[..., Executor]
Handlers = dict[str, Any]


def job(kind: str = "echo", key: str = "", **args: Any) -> Job:
    id = JobId(ids.fresh("job"))
    return Job(id=id, kind=kind, key=key or id, args=args)


def echo(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    progress(0.5, "half-way")
    return {"said": args}


def bad(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    raise BadMedia("no video in it", next_step="give another file", stage="decode")


HANDLERS = {"echo": echo, "bad": bad}


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    ledger = MemoryLedger() if request.param == "memory" else SqliteLedger(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


@pytest.fixture(params=["inline", "eager", pytest.param("celery", marks=pytest.mark.service)])
def make(request: pytest.FixtureRequest, ledger: Ledger) -> Iterator[Make]:
    """Makes the executor with somebody to do its jobs: in this process, so that handlers may be functions of a test."""
    if request.param == "celery":
        yield from _over_redis(request.getfixturevalue("redis"), ledger)
        return
    kind = {"inline": InlineExecutor, "eager": EagerExecutor}[request.param]
    made: list[Executor] = []

    def build(**handlers: Any) -> Executor:
        made.append(kind(ledger, {**HANDLERS, **handlers}, WallClock()))
        return made[-1]

    yield build
    for executor in made:
        executor.close()


def _over_redis(redis: RedisServer, ledger: Ledger) -> Iterator[Make]:
    with ExitStack() as open_until_the_end:

        def build(**handlers: Any) -> Executor:
            executor = CeleryExecutor(redis.url, ledger, WallClock())
            open_until_the_end.callback(executor.close)
            open_until_the_end.enter_context(at_work(redis.url, ledger, {**HANDLERS, **handlers}))
            return executor

        yield build


def stored(ledger: Ledger, row: Job) -> Job:
    found = ledger.get(Job, row.id)
    assert found is not None
    return found


def ended(ledger: Ledger, row: Job) -> Job:
    """The job's row when it has ended, whoever ended it."""
    tick, deadline = threading.Event(), time.monotonic() + 30
    while (found := stored(ledger, row)).state in (JobState.QUEUED, JobState.RUNNING):
        assert time.monotonic() < deadline, found
        tick.wait(0.005)
    return found


def test_a_job_is_done_and_its_row_says_so(make: Make, ledger: Ledger) -> None:
    executor = make()
    taken = executor.submit(job(said="hello"))
    row = ended(ledger, taken)
    assert (row.state, row.progress, row.result) == (JobState.DONE, 1.0, {"said": {"said": "hello"}})
    assert row.created_at is not None
    assert row.changed_at is not None
    assert row.changed_at >= row.created_at


def test_an_error_is_told_with_its_cause_and_the_way_out(make: Make, ledger: Ledger) -> None:
    executor = make()
    taken = executor.submit(job("bad"))
    row = ended(ledger, taken)
    assert (row.state, row.problem, row.next_step, row.stage) == (
        JobState.FAILED, "no video in it", "give another file", "decode",
    )  # fmt: skip


def test_what_breaks_unexpectedly_is_logged_and_told_without_its_insides(
    make: Make, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        raise KeyError("rtsp://joe:hunter2@cam")

    executor = make(broken=broken)
    taken = executor.submit(job("broken"))
    row = ended(ledger, taken)
    assert row.state is JobState.FAILED
    assert "hunter2" not in repr(row)
    assert taken.id in row.next_step
    (logged,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert logged.exc_info is not None
    caplog.clear()


def test_a_kind_nobody_does_is_a_failure_that_names_the_known_ones(make: Make, ledger: Ledger) -> None:
    executor = make()
    taken = executor.submit(job("dance"))
    row = ended(ledger, taken)
    assert row.state is JobState.FAILED
    assert "bad, echo" in row.next_step


def test_a_second_job_of_a_key_that_is_going_on_is_the_first(make: Make, ledger: Ledger) -> None:
    seen: list[Job] = []
    asked = threading.Event()

    def again(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        seen.append(executor.submit(job("echo", key="k")))
        asked.set()
        return {}

    executor = make(again=again)
    first = executor.submit(job("again", key="k"))
    assert asked.wait(30)
    ended(ledger, first)
    assert [row.id for row in seen] == [first.id]
    assert len(ledger.find(Job)) == 1


def test_a_key_is_free_again_when_its_job_has_ended(make: Make, ledger: Ledger) -> None:
    executor = make()
    first = executor.submit(job("bad", key="k"))
    ended(ledger, first)
    second = executor.submit(job(key="k"))
    assert second.id != first.id
    assert ended(ledger, second).state is JobState.DONE


def test_a_running_job_stops_at_its_next_progress_when_asked(make: Make, ledger: Ledger) -> None:
    reached = []

    def long(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        executor.cancel(JobId(args["me"]))
        progress(0.1, "on and on")
        reached.append("the end")
        return {}

    executor = make(long=long)
    work = job("long")
    work.args["me"] = work.id
    executor.submit(work)
    row = ended(ledger, work)
    assert (row.state, row.result) == (JobState.CANCELLED, {})
    assert not reached


def test_jobs_that_stay_hold_up_no_other(make: Make, ledger: Ledger) -> None:
    def camera(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        while True:
            progress(0.0, "live")
            time.sleep(0.01)

    (kind,) = STAYING
    executor = make(**{kind: camera})
    if isinstance(executor, EagerExecutor):
        pytest.skip("it does a job at once, in the caller")
    staying = [executor.submit(job(kind)) for _ in range(3)]
    deadline = time.monotonic() + 30
    while any(stored(ledger, row).state is not JobState.RUNNING for row in staying):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert ended(ledger, executor.submit(job())).state is JobState.DONE
    for row in staying:
        executor.cancel(row.id)
    assert {ended(ledger, row).state for row in staying} == {JobState.CANCELLED}


def test_jobs_that_stay_are_put_back_when_their_worker_goes(ledger: Ledger) -> None:
    def camera(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        while True:
            progress(0.0, "live")
            time.sleep(0.01)

    (kind,) = STAYING
    executor = InlineExecutor(ledger, {kind: camera}, WallClock())
    taken = executor.submit(job(kind))
    while stored(ledger, taken).state is not JobState.RUNNING:
        time.sleep(0.01)
    executor.close()
    assert stored(ledger, taken).state is JobState.QUEUED
    again = InlineExecutor(ledger, {kind: camera}, WallClock())
    assert [row.id for row in again.recover()] == [taken.id]
    again.close()


def test_cancelling_what_has_ended_changes_nothing(make: Make, ledger: Ledger) -> None:
    executor = make()
    taken = executor.submit(job())
    row = ended(ledger, taken)
    assert executor.cancel(taken.id) == row


def test_cancelling_nothing_is_not_found(make: Make) -> None:
    with pytest.raises(NotFound):
        make().cancel(JobId("job_none"))


def test_a_job_whose_row_is_removed_stops(make: Make, ledger: Ledger) -> None:
    reached, left = [], threading.Event()

    def forgotten(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        try:
            ledger.remove(Job, args["me"])
            progress(0.1, "nobody wants it")
            reached.append("the end")
            return {}
        finally:
            left.set()

    executor = make(forgotten=forgotten)
    work = job("forgotten")
    work.args["me"] = work.id
    executor.submit(work)
    assert left.wait(30)
    executor.close()
    assert not reached
    assert ledger.get(Job, work.id) is None


def test_closed_it_takes_no_more(make: Make) -> None:
    executor = make()
    executor.close()
    with pytest.raises(Unavailable):
        executor.submit(job())


def test_what_a_handler_refuses_is_not_taken_for_a_fault_of_ours(make: Make, ledger: Ledger) -> None:
    def refusing(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        raise Invalid("that makes no sense", next_step="ask otherwise")

    executor = make(refusing=refusing)
    taken = executor.submit(job("refusing"))
    assert ended(ledger, taken).problem == "that makes no sense"


def test_the_standing_tells_who_lives_and_what_waits(make: Make, ledger: Ledger) -> None:
    running, let = threading.Event(), threading.Event()

    def held(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        running.set()
        assert let.wait(30)
        return {}

    executor = make(held=held)
    submitting = threading.Thread(target=lambda: executor.submit(job("held")))
    submitting.start()
    assert running.wait(30)
    enqueue(job(), ledger, WallClock())
    standing = executor.standing()
    let.set()
    submitting.join()
    assert (standing.workers, standing.waiting, standing.running, standing.problem) == (1, 1, 1, "")
    assert "hunter2" not in repr(standing)


def test_what_another_worker_has_taken_over_is_its_own(make: Make, ledger: Ledger, caplog: Any) -> None:
    """As where a machine slept longer than a lease and goes on where it was."""
    reached = []

    def slept(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        mine = stored(ledger, job_of[0])
        ledger.put(replace(mine, worker="another", message="at it"))
        try:
            progress(0.9, "where was I?")
            reached.append("the end")
            return {}
        finally:
            left.set()

    left, job_of = threading.Event(), [job("slept")]
    executor = make(slept=slept)
    executor.submit(job_of[0])
    assert left.wait(30)
    executor.close()
    row = stored(ledger, job_of[0])
    assert (row.state, row.worker, row.message) == (JobState.RUNNING, "another", "at it")
    assert not reached
