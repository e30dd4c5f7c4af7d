"""Who has a job, and what becomes of those whose worker dies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core import ids
from core.clock import VirtualClock
from core.ids import JobId
from core.work import Cancelled, Job, JobState, Progress
from graph.ledger import MemoryLedger
from jobs.runner import (
    LEASE,
    MOST_LOST,
    Handlers,
    Runner,
    abandoned,
    enqueue,
    overdue,
    put_back,
    release,
    requeue,
)


class Scene:
    """One job in a ledger, and workers that claim it."""

    def __init__(self) -> None:
        self.ledger, self.clock = MemoryLedger(), VirtualClock()
        id = JobId(ids.fresh("job"))
        self.job, _ = enqueue(Job(id=id, kind="work", key=id), self.ledger, self.clock)

    @property
    def row(self) -> Job:
        found = self.ledger.get(Job, self.job.id)
        assert found is not None
        return found

    def runner(self, handlers: Handlers, worker: str = "wk_a") -> Runner:
        return Runner(self.ledger, handlers, self.clock, worker=worker)

    def late(self) -> None:
        self.clock.sleep(LEASE.total_seconds())


@pytest.fixture
def scene() -> Scene:
    return Scene()


def done(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return {"done": True}


def test_a_worker_that_slept_longer_than_its_lease_has_no_more_say(scene: Scene) -> None:
    told: list[type[BaseException]] = []

    def slept(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        scene.late()
        assert [job.id for job in abandoned(scene.ledger, scene.clock)] == [scene.job.id]
        assert scene.runner({"work": done}, "wk_b").run(scene.job.id) is not None
        try:
            progress(0.5, "where was I?")
        except Cancelled as error:
            told.append(type(error))
            raise
        return {"done": "twice"}

    assert scene.runner({"work": slept}).run(scene.job.id) is None
    assert (scene.row.state, scene.row.worker, scene.row.result) == (JobState.DONE, "wk_b", {"done": True})
    assert [kind.__name__ for kind in told] == ["Lost"]


def test_what_comes_of_a_job_that_was_taken_over_does_not_count(scene: Scene) -> None:
    def ends_late(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        scene.ledger.put(replace(scene.row, worker="wk_b"))
        return {"done": "by the wrong one"}

    scene.runner({"work": ends_late}).run(scene.job.id)
    assert (scene.row.state, scene.row.worker, scene.row.result) == (JobState.RUNNING, "wk_b", {})


def test_another_does_not_keep_its_lease_alive(scene: Scene) -> None:
    scene.ledger.put(replace(scene.row, state=JobState.RUNNING, worker="wk_a"))
    scene.late()
    scene.runner({}, "wk_b").renew(scene.job.id)
    assert [job.id for job in overdue(scene.ledger, scene.clock)] == [scene.job.id]
    scene.runner({}, "wk_a").renew(scene.job.id)
    assert overdue(scene.ledger, scene.clock) == []


def test_what_a_dead_worker_ran_is_due_at_once(scene: Scene) -> None:
    scene.ledger.put(replace(scene.row, state=JobState.RUNNING, worker="wk_a"))
    assert release("wk_b", scene.ledger, scene.clock) == []
    assert [job.id for job in release("wk_a", scene.ledger, scene.clock)] == [scene.job.id]
    assert [job.id for job in abandoned(scene.ledger, scene.clock)] == [scene.job.id]
    assert (scene.row.state, scene.row.lost) == (JobState.QUEUED, 1)


def test_a_job_that_takes_its_worker_down_again_and_again_is_given_up(scene: Scene) -> None:
    for _ in range(MOST_LOST):
        assert scene.row.state is JobState.QUEUED
        scene.ledger.put(replace(scene.row, state=JobState.RUNNING, worker="wk_a"))
        release("wk_a", scene.ledger, scene.clock)
    assert scene.row.state is JobState.FAILED
    assert "died" in scene.row.problem
    assert scene.row.next_step


def test_it_is_not_given_up_while_it_gets_on_in_between(scene: Scene) -> None:
    def dies_later(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
        progress(0.5, "one more chunk")
        raise SystemExit

    for _ in range(MOST_LOST + 2):
        with pytest.raises(SystemExit):
            scene.runner({"work": dies_later}).run(scene.job.id)
        release("wk_a", scene.ledger, scene.clock)
    assert (scene.row.state, scene.row.lost) == (JobState.QUEUED, 1)


def test_waiting_long_costs_no_worker(scene: Scene) -> None:
    for _ in range(MOST_LOST + 2):
        scene.late()
        assert abandoned(scene.ledger, scene.clock)
    assert (scene.row.state, scene.row.lost) == (JobState.QUEUED, 0)


def test_of_two_who_take_it_up_one_gets_it(scene: Scene) -> None:
    scene.late()
    (late,) = overdue(scene.ledger, scene.clock)
    assert requeue(late, scene.ledger, scene.clock) is not None
    assert requeue(late, scene.ledger, scene.clock) is None


def test_what_is_put_back_is_due_at_once_and_what_runs_is_not(scene: Scene) -> None:
    put_back(scene.job.id, scene.ledger, scene.clock)
    assert len(overdue(scene.ledger, scene.clock)) == 1
    scene.ledger.put(replace(scene.row, state=JobState.RUNNING, lease_until=scene.clock.now() + LEASE))
    put_back(scene.job.id, scene.ledger, scene.clock)
    assert overdue(scene.ledger, scene.clock) == []
