"""What Redis and Celery do to the work when they fail, and what the ledger makes of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from core import ids
from core.clock import WallClock
from core.errors import Invalid, Unavailable
from core.ids import JobId
from core.ports import Ledger
from core.work import Job, JobState, Progress, Worker
from graph.ledger import MemoryLedger
from helpers.redis_server import RedisServer
from helpers.workers import at_work
from jobs.celery_executor import QUEUE, VISIBLE_AFTER, CeleryExecutor, shown

pytestmark = pytest.mark.service

SHORT = timedelta(seconds=1)


def job(kind: str = "work", key: str = "") -> Job:
    id = JobId(ids.fresh("job"))
    return Job(id=id, kind=kind, key=key or id)


class Counting:
    """A handler that counts how often it was called, and takes its time over it."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.calls, self.seconds = 0, seconds
        self.running = threading.Event()

    def __call__(self, args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        self.calls += 1
        self.running.set()
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            progress(0.5, "at it")
            time.sleep(0.05)
        return {"call": self.calls}


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
def executor(redis: RedisServer, ledger: Ledger) -> Iterator[CeleryExecutor]:
    made = CeleryExecutor(redis.url, ledger, WallClock(), lease=SHORT)
    yield made
    made.close()


def ended(ledger: Ledger, row: Job, within_s: float = 30) -> Job:
    deadline = time.monotonic() + within_s
    while True:
        found = ledger.get(Job, row.id)
        assert found is not None
        if found.state not in (JobState.QUEUED, JobState.RUNNING):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def waiting(redis: RedisServer) -> int:
    return int(redis.say("LLEN", QUEUE).rpartition(b":")[2])


def test_a_message_says_which_job_and_no_more(redis: RedisServer, executor: CeleryExecutor) -> None:
    secret = job()
    secret.args["url"] = "rtsp://joe:open-sesame@cam"
    row = executor.submit(secret)
    (message,) = [
        line for line in redis.say("LRANGE", QUEUE, "0", "-1").splitlines() if row.id.encode() in line
    ]
    assert b"open-sesame" not in message


def test_a_job_that_comes_twice_is_done_once(
    redis: RedisServer, executor: CeleryExecutor, ledger: MemoryLedger
) -> None:
    row = executor.submit(job())
    executor._tell(row.id)
    assert waiting(redis) == 2
    work = Counting()
    with at_work(redis.url, ledger, {"work": work}, lease=SHORT):
        assert ended(ledger, row).result == {"call": 1}
        while waiting(redis):
            time.sleep(0.01)
    assert work.calls == 1


@pytest.mark.slow
def test_a_job_longer_than_the_visibility_timeout_is_done_once(
    redis: RedisServer, executor: CeleryExecutor, ledger: MemoryLedger
) -> None:
    """Its message comes back to the queue meanwhile; whoever takes it sees that the job is claimed."""
    work = Counting(seconds=VISIBLE_AFTER * SHORT.total_seconds() + 3)
    with at_work(redis.url, ledger, {"work": work}, lease=SHORT):
        row = executor.submit(job())
        assert work.running.wait(10)
        time.sleep(VISIBLE_AFTER * SHORT.total_seconds() + 1)
        with executor._app.connection_for_read() as another:
            another.default_channel.qos.restore_visible(interval=1)  # as every worker does from time to time
        assert waiting(redis) == 1, "the message was to come again: else nothing is proved"
        assert ended(ledger, row).result == {"call": 1}
        while waiting(redis):
            time.sleep(0.01)
    assert work.calls == 1


def test_redis_away_at_submit_is_said_and_the_job_is_done_when_it_is_back(
    redis: RedisServer, executor: CeleryExecutor, ledger: MemoryLedger
) -> None:
    redis.stop()
    wanted = job(key="the same")
    with pytest.raises(Unavailable) as told:
        executor.submit(wanted)
    assert "written down" in told.value.message
    assert "hunter2" not in f"{told.value} {told.value.next_step} {told.value!r}"
    assert executor.submit(job(key="the same")).id == wanted.id, "asked again it is the same job"
    standing = executor.standing()
    assert "does not answer" in standing.problem
    assert standing.waiting == 1
    time.sleep(SHORT.total_seconds())
    with pytest.raises(Unavailable):
        executor.recover()
    redis.start()
    with at_work(redis.url, ledger, {"work": Counting()}, lease=SHORT):
        assert [row.id for row in executor.recover()] == [wanted.id]
        assert ended(ledger, wanted).state is JobState.DONE


def test_what_redis_lost_is_handed_over_again(
    redis: RedisServer, executor: CeleryExecutor, ledger: MemoryLedger
) -> None:
    rows = [executor.submit(job()) for _ in range(3)]
    assert executor.recover() == [], "they have not waited long enough to be missed"
    time.sleep(SHORT.total_seconds())
    redis.say("FLUSHALL")
    assert {row.id for row in executor.recover()} == {row.id for row in rows}
    with at_work(redis.url, ledger, {"work": Counting()}, lease=SHORT):
        assert {ended(ledger, row).state for row in rows} == {JobState.DONE}


def test_a_long_queue_is_not_told_of_again_and_again(redis: RedisServer, executor: CeleryExecutor) -> None:
    for _ in range(5):
        executor.submit(job())
    for _ in range(3):
        time.sleep(SHORT.total_seconds())
        assert executor.recover() == []
    assert waiting(redis) == 5


@pytest.mark.slow
def test_a_worker_goes_on_after_redis_was_restarted(
    redis: RedisServer, executor: CeleryExecutor, ledger: MemoryLedger, caplog: pytest.LogCaptureFixture
) -> None:
    with at_work(redis.url, ledger, {"work": Counting()}, lease=SHORT):
        assert ended(ledger, executor.submit(job())).state is JobState.DONE
        time.sleep(0.5)  # until that is acknowledged: the next test does not wait
        for _ in range(3):
            redis.stop()
            time.sleep(0.2)
            redis.start()
            time.sleep(0.2)
        assert ended(ledger, executor.submit(job())).state is JobState.DONE
    assert "hunter2" not in caplog.text
    _forget_what_celery_says(caplog)


@pytest.mark.slow
def test_redis_gone_before_the_acknowledgement_makes_a_worker_deaf_and_its_successor_goes_on(
    redis: RedisServer, executor: CeleryExecutor, ledger: MemoryLedger, caplog: pytest.LogCaptureFixture
) -> None:
    deaf = threading.Event()

    def while_redis_goes(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        redis.stop()
        return {}

    with at_work(redis.url, ledger, {"work": while_redis_goes}, on_deaf=deaf.set):
        assert ended(ledger, executor.submit(job())).state is JobState.DONE
        redis.start()
        after = executor.submit(job())
        assert deaf.wait(30)
    with at_work(redis.url, ledger, {"work": Counting()}):
        assert ended(ledger, after).result == {"call": 1}
    _forget_what_celery_says(caplog)


def _forget_what_celery_says(caplog: pytest.LogCaptureFixture) -> None:
    """Celery logs errors where Redis goes away; nobody else is to."""
    loud = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert all(r.name.startswith("celery.") for r in loud), [r.getMessage() for r in loud]
    caplog.clear()


def test_a_worker_that_does_not_hear_the_queue_says_so(
    redis: RedisServer, executor: CeleryExecutor, ledger: MemoryLedger
) -> None:
    deaf = threading.Event()
    with at_work(redis.url, ledger, {"work": Counting()}, on_deaf=deaf.set, look_s=0.2) as worker:
        assert ended(ledger, executor.submit(job())).state is JobState.DONE
        worker._controller.consumer.task_consumer.cancel()
        time.sleep(1)
        assert not deaf.is_set(), "nothing waits: it misses nothing"
        for _ in range(2):  # the one that Celery had asked for already may still come
            executor.submit(job())
        assert deaf.wait(10)


def test_a_busy_worker_is_not_taken_for_deaf(
    redis: RedisServer, executor: CeleryExecutor, ledger: MemoryLedger
) -> None:
    deaf, work = threading.Event(), Counting(seconds=2)
    with at_work(redis.url, ledger, {"work": work}, on_deaf=deaf.set, look_s=0.2):
        executor.submit(job())
        last = executor.submit(job())
        ended(ledger, last)
    assert not deaf.is_set()


def test_stopping_puts_back_what_runs_and_what_waits(
    redis: RedisServer, executor: CeleryExecutor, ledger: MemoryLedger
) -> None:
    endless = Counting(seconds=1000)
    with at_work(redis.url, ledger, {"work": endless}, lease=SHORT):
        rows = [executor.submit(job()) for _ in range(2)]
        assert endless.running.wait(10)
    states = [ledger.get(Job, row.id).state for row in rows]
    assert states == [JobState.QUEUED] * 2
    assert ledger.find(Worker) == []
    time.sleep(SHORT.total_seconds())
    assert rows[0].id in {row.id for row in executor.recover()}
    with at_work(redis.url, ledger, {"work": Counting()}, lease=SHORT):
        assert {ended(ledger, row).state for row in rows} == {JobState.DONE}


def test_a_wrong_password_is_said_without_the_right_one(redis: RedisServer, ledger: MemoryLedger) -> None:
    executor = CeleryExecutor(redis.url.replace("hunter2", "hunter3"), ledger, WallClock())
    with pytest.raises(Unavailable, match="refuses the password") as told:
        executor.submit(job())
    executor.close()
    assert "hunter" not in f"{told.value}{told.value!r}"


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "redis://host:port/0",
        "redis://:hunter2@host/zero",
        "redis://joe:12/hunter2@host",
        "redis://joe:12?hunter2@host",
        "redis://joe:12#hunter2@host",
    ],
)
def test_a_url_that_names_no_redis_is_refused_without_its_password(url: str, ledger: MemoryLedger) -> None:
    with pytest.raises(Invalid) as told:
        CeleryExecutor(url, ledger, WallClock())
    assert "hunter2" not in f"{told.value}{told.value.__cause__}"


def test_a_url_is_shown_without_its_password() -> None:
    assert shown("redis://joe:hunter2@[::1]/3") == "redis://[::1]:6379/3"
    assert shown("redis://:a%2Fb@queue:7000") == "redis://queue:7000/0"
