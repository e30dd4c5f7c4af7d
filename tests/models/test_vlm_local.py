"""A local model in a process of its own: it can be killed, hang or be missing, and the service goes on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelUnavailable
from core.ports import Ask, Reply, Turn

pytest.importorskip("torch", reason="needs the extra `local`")
pytest.importorskip("transformers", reason="needs the extra `local`")

from helpers import tiny_vlms
from models.vlm_local import LocalVlm
from models.vlm_local_child import receive, send
from models.vlm_local_model import LocalModel, LocalWish

pytestmark = pytest.mark.slow
PICTURES = tuple(np.random.default_rng(n).integers(0, 255, (32, 32, 3), dtype=np.uint8) for n in range(3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlms.save("llava", tmp_path_factory.mktemp("local") / "llava")


@pytest.fixture(scope="module")
def vlm(folder: Path) -> Iterator[LocalVlm]:
    model = LocalVlm(LocalWish(where=str(folder), threads=1), batch=3)
    yield model
    model.close()


def test_asks_come_out_of_the_pipe_as_they_went_in() -> None:
    shown = Turn(prompt="before", pictures=(PICTURES[1], PICTURES[2][:5]), reply="yes")
    sent = Ask(
        prompt="x", system="s", pictures=PICTURES, schema={"type": "object"}, examples=(shown,), alone=True
    )
    here, there = Pipe()
    with here, there:
        writer = threading.Thread(target=send, args=(here, [sent, Ask(prompt="y")]))
        writer.start()
        first, second = receive(there)
        writer.join()
    assert (first.prompt, first.system, first.schema, first.alone) == ("x", "s", {"type": "object"}, True)
    assert all(np.array_equal(a, b) for a, b in zip(first.pictures, PICTURES, strict=True))
    assert np.array_equal(first.examples[0].pictures[1], PICTURES[2][:5])
    assert second.prompt == "y"


def ask(number: int, **more: object) -> Ask:
    return Ask(prompt=f"what is it? {number}", pictures=(PICTURES[number % 3],), max_tokens=5, **more)  # type: ignore[arg-type]


def test_it_says_what_the_model_says_in_this_process(vlm: LocalVlm, folder: Path) -> None:
    here = LocalModel(LocalWish(where=str(folder), threads=1))
    asks = [ask(n) for n in range(4)]
    assert vlm.ask(asks) == here.ask(asks)
    assert vlm.name == here.name


def test_threads_share_it_and_each_gets_its_own_replies(vlm: LocalVlm) -> None:
    alone = {n: vlm.ask([ask(n)])[0] for n in range(6)}
    found: dict[int, Reply] = {}

    def one(number: int) -> None:
        (found[number],) = vlm.ask([ask(number)])

    threads = [threading.Thread(target=one, args=(n,)) for n in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == alone


def test_a_process_that_is_killed_is_started_again(vlm: LocalVlm) -> None:
    before = vlm.ask([ask(0)])
    first = vlm.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert vlm.ask([ask(0)]) == before
    assert vlm.pid != first


def test_an_ask_it_cannot_bear_is_that_asks_problem_alone(vlm: LocalVlm) -> None:
    empty = Ask(prompt="?", pictures=(np.zeros((0, 4, 3), np.uint8),), max_tokens=5)
    good, bad = vlm.ask([ask(1), empty])
    assert good.problem == ""
    assert bad.problem


def test_one_that_hangs_is_ended_and_said(folder: Path) -> None:
    vlm = LocalVlm(LocalWish(where=str(folder), threads=1), timeout_s=600)
    try:
        vlm.ask([ask(0)])
        assert vlm.pid is not None
        os.kill(vlm.pid, signal.SIGSTOP)
        vlm._timeout_s = 0.2
        with pytest.raises(ModelUnavailable, match="no answer"):
            vlm.ask([ask(0)])
        vlm._timeout_s = 600
        assert vlm.ask([ask(0)])[0].problem == ""
    finally:
        vlm.close()


def test_a_model_that_is_not_there_is_said_each_time(tmp_path: Path) -> None:
    vlm = LocalVlm(LocalWish(where=str(tmp_path), threads=1))
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="cannot be loaded"):
            vlm.ask([ask(0)])
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        _ = vlm.name


def test_its_process_goes_with_it(folder: Path) -> None:
    vlm = LocalVlm(LocalWish(where=str(folder), threads=1))
    vlm.ask([ask(0)])
    process = vlm._child._process  # type: ignore[union-attr]
    vlm.close()
    assert process.returncode is not None
