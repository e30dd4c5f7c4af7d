"""Several processes over a real Redis: requests here, work there, and processes that die in the middle of it."""

from __future__ import annotations

import os
import secrets
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.work import Job, JobState, Worker
from graph.ledger import SqliteLedger
from helpers.command import Sightline
from helpers.redis_server import RedisServer
from helpers.videos import write_video

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.timeout(480)]

SHORT_CHUNKS = {"chunk_s": "2", "overlap_s": "0.5"}


def until(true: Callable[[], Any], within_s: float = 120) -> Any:
    """What it gives as soon as that is something."""
    deadline = time.monotonic() + within_s
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@contextmanager
def running(line: Sightline, *words: object, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, with all it says in a file; told to end when it is no longer wanted."""
    with log.open("wb") as out:
        process = subprocess.Popen(line.command(*words), env=line.environment, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.fixture
def line(redis: RedisServer, tmp_path: Path) -> Sightline:
    return Sightline(tmp_path / "home", queue=redis.url, lease_s="3", **SHORT_CHUNKS)


@pytest.fixture
def ledger(line: Sightline) -> Iterator[SqliteLedger]:
    opened = SqliteLedger(line.home / "ledger.db")
    yield opened
    opened.close()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "v.mp4", seconds=40)


def same_as_never_killed(line: Sightline, video: Path, tmp_path: Path) -> None:
    whole = Sightline(tmp_path / "whole", **SHORT_CHUNKS)
    whole.run("watch", video, "--name", "v", "--json")
    for words in (("events", "--json"), ("tracks", "--stream", "v"), ("captions", "--stream", "v", "--json")):
        assert line.run(*words).out == whole.run(*words).out


def in_the_middle(ledger: SqliteLedger, line: Sightline) -> Job:
    """The running job, once it has a checkpoint and is not near its end."""
    until(lambda: list((line.home / "checkpoints").glob("*.checkpoint")))
    (job,) = until(lambda: ledger.find(Job, state=JobState.RUNNING))
    assert job.progress < 0.9, "it is too late to break it off"
    return job


def freeze(pid: int, line: Sightline) -> None:
    """Stops the process where it holds no lock of the ledger: with one, SQLite would let nobody else write."""
    with closing(sqlite3.connect(line.home / "ledger.db", timeout=2)) as ledger:
        while True:
            os.kill(pid, signal.SIGSTOP)
            try:
                ledger.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
            else:
                ledger.rollback()
                return


def test_two_workers_watch_what_the_api_takes_in(
    line: Sightline, ledger: SqliteLedger, clips: Path, redis: RedisServer, tmp_path: Path
) -> None:
    files = [clips / "people" / "corridor_two_walk.mp4", clips / "misc" / "dog_toy.mp4"]
    key = line.run("keys", "create", "test").out.split()[-1]
    served, worked = tmp_path / "serve.log", tmp_path / "worker.log"
    with (
        running(line, "serve", "--port", "0", log=served),
        running(line, "worker", "--processes", "2", log=worked),
    ):
        until(lambda: len(ledger.find(Worker)) == 2)
        where = until(lambda: [w for w in served.read_text().split() if w.startswith("http://127")])[0]
        with httpx.Client(base_url=where, headers={"Authorization": f"Bearer {key}"}, timeout=60) as api:
            health = api.get("/v1/health").json()
            assert health["work"] == {
                "queue": redis.url.replace(":hunter2@", ""), "answers": True, "workers": 2, "waiting": 0, "running": 0,
                "problem": "",
            }  # fmt: skip
            jobs = [
                api.post("/v1/streams", files={"file": (file.name, file.read_bytes())}).json()["job"] for file in files
            ]  # fmt: skip
            rows = [until(lambda id=id: _done(api, id), 200) for id in jobs]
            assert [row["state"] for row in rows] == ["done", "done"], rows
            for file in files:
                assert api.get("/v1/events", params={"stream": file.stem}).json()["items"], file.stem
            doctor = line.run("doctor", expect=None)
            assert "workers: 2" in doctor.out
            redis.stop()
            health = api.get("/v1/health").json()
            assert (health["status"], health["work"]["answers"]) == ("degraded", False)
            broken = line.run("doctor", expect=3)
    assert len({ledger.get(Job, id).worker for id in jobs}) == 2, "one of them did it all"
    told = [
        doctor.out,
        doctor.err,
        broken.out,
        broken.err,
        str(health),
        served.read_text(),
        worked.read_text(),
    ]
    assert not [text for text in told if "hunter2" in text]


def _done(api: httpx.Client, id: str) -> dict[str, Any] | None:
    row: dict[str, Any] = api.get(f"/v1/jobs/{id}").json()
    return row if row["state"] not in ("queued", "running") else None


@pytest.mark.parametrize("store", ["sqlite", "neo4j"])
def test_a_worker_killed_in_the_middle_is_replaced_and_its_job_comes_to_the_same(
    store: str,
    line: Sightline,
    ledger: SqliteLedger,
    video: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if store == "neo4j":
        url = request.getfixturevalue("neo4j_url")
        line.environment["SIGHTLINE_STORE"] = f"{url}?memory=t{secrets.token_hex(8)}"
        line.run("migrate")
    log = tmp_path / "worker.log"
    with running(line, "worker", "--processes", "2", log=log):
        following = line.start("watch", video, "--name", "v", "--json")
        job = in_the_middle(ledger, line)
        dead = ledger.get(Worker, job.worker)
        os.kill(dead.pid, signal.SIGKILL)
        killed_at = time.monotonic()
        until(lambda: ledger.get(Job, job.id).worker not in ("", dead.id))
        assert time.monotonic() - killed_at < 10, "nobody took it up at once"
        out, told = following.communicate(timeout=200)
        assert following.returncode == 0, told
        assert '"chunks":20' in out.replace(" ", "")
        until(lambda: len(ledger.find(Worker)) == 2)
    assert "SIGKILL" in log.read_text()
    same_as_never_killed(line, video, tmp_path)


def test_a_crew_that_is_gone_altogether_loses_its_job_after_a_lease(
    line: Sightline, ledger: SqliteLedger, video: Path, tmp_path: Path
) -> None:
    with running(line, "worker", "--processes", "1", log=tmp_path / "first.log") as crew:
        following = line.start("watch", video, "--name", "v", "--json")
        job = in_the_middle(ledger, line)
        dead = ledger.get(Worker, job.worker)
        freeze(dead.pid, line)  # so that it cannot put its job back when its crew has gone
        crew.kill()
        crew.wait()
    assert ledger.get(Job, job.id).state is JobState.RUNNING
    with running(line, "worker", "--processes", "1", log=tmp_path / "second.log"):
        until(lambda: ledger.get(Job, job.id).worker not in ("", dead.id))
        os.kill(dead.pid, signal.SIGCONT)  # and wakes up: it has no more say
        _, told = following.communicate(timeout=200)
        assert following.returncode == 0, told
    same_as_never_killed(line, video, tmp_path)
    until(lambda: not Path(f"/proc/{dead.pid}").exists() or "Z" in Path(f"/proc/{dead.pid}/stat").read_text())


def test_told_to_end_it_puts_its_job_back_and_the_next_goes_on(
    line: Sightline, ledger: SqliteLedger, video: Path, tmp_path: Path
) -> None:
    with running(line, "worker", "--processes", "1", log=tmp_path / "first.log"):
        following = line.start("watch", video, "--name", "v", "--json")
        job = in_the_middle(ledger, line)
    row = ledger.get(Job, job.id)
    assert row.state is JobState.QUEUED
    assert row.lost == 0
    assert ledger.find(Worker) == []
    assert "Traceback" not in (tmp_path / "first.log").read_text()
    with running(line, "worker", "--processes", "1", log=tmp_path / "second.log"):
        _, told = following.communicate(timeout=200)
        assert following.returncode == 0, told
    same_as_never_killed(line, video, tmp_path)


def test_where_no_worker_lives_watching_says_so_and_the_job_waits(
    line: Sightline, ledger: SqliteLedger, video: Path
) -> None:
    told = line.run("watch", video, "--name", "v", expect=3)
    assert "sightline worker" in told.err
    (job,) = ledger.find(Job)
    assert job.state is JobState.QUEUED
    assert "no worker" in told.err


def test_several_processes_need_a_queue(tmp_path: Path) -> None:
    told = Sightline(tmp_path / "home").run("worker", "--processes", "2", expect=2)
    assert "SIGHTLINE_QUEUE" in told.err
