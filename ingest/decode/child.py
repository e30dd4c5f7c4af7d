"""The decoding child: a process that does one task, says what it found through a pipe, and ends.

It is started by `ingest/decode/supervise.py`, which may give it orders on its standard input, bounds its own memory, and ends
when its parent does. It loads only numpy, `core` and the libraries that the task needs.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from core.errors import SightlineError
from ingest.decode.choice import load_decoder

QUEUED = 8
"""Messages held ready while the parent is busy: what bounds memory on both sides of the pipe."""

TICK_S = 1.0

Orders: TypeAlias = "queue.SimpleQueue[dict[str, Any]]"
"""What the parent asks for while a task goes on."""


class Outbox:
    """Sends messages to the parent from a thread of its own, so that decoding goes on while the parent thinks."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._queue: queue.Queue[tuple[bytes, bytes | bytearray | memoryview] | None] = queue.Queue(QUEUED)
        self._sent_at = time.monotonic()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def send(self, kind: str, body: bytes | bytearray | memoryview = b"", /, **head: Any) -> None:
        """Queues a message; waits while too many are queued."""
        self._sent_at = time.monotonic()
        self._queue.put((json.dumps({"type": kind, **head}).encode(), body))

    def tick(self) -> None:
        """Says that work goes on, at most once a second."""
        if time.monotonic() - self._sent_at > TICK_S:
            self.send("tick")

    def close(self) -> None:
        """Waits until everything is sent."""
        self._queue.put(None)
        self._thread.join()

    def _write(self) -> None:
        try:
            while (message := self._queue.get()) is not None:
                head, body = message
                self._pipe.write(len(head).to_bytes(4, "big") + len(body).to_bytes(4, "big") + head)
                self._pipe.write(body)
                self._pipe.flush()
        except BrokenPipeError:
            os._exit(0)  # the parent went away


def main() -> None:
    """Does the task that stands on the first line of standard input.

    Ctrl-C and SIGTERM, which reach a whole group of processes, are for the parent to heed: it still wants what comes.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between our messages
    job = json.loads(sys.stdin.buffer.readline())
    orders: Orders = queue.SimpleQueue()
    threading.Thread(target=_hear_parent, args=(orders,), daemon=True).start()
    try:
        _do(job, Outbox(pipe), orders)
    finally:
        os._exit(0)  # decoders have nothing worth tidying, and must not hang while they do


def _do(job: dict[str, Any], outbox: Outbox, orders: Orders) -> None:
    try:
        task = _task(job["task"], orders)
        if "decoder" in job["args"]:
            load_decoder(job["args"]["source"], job["args"]["decoder"])
        _bound(job["memory_mb"])
        outbox.send("ready")
        task(job["args"], outbox)
        outbox.send("done")
    except MemoryError:
        outbox.send("error", **_too_much(job["memory_mb"]))
    except SightlineError as error:
        kind = type(error).__name__
        outbox.send("error", kind=kind, message=error.message, next_step=error.next_step, stage=error.stage)
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises has to reach the parent
        outbox.send("error", **_unexpected(error, job["memory_mb"]))
    outbox.close()


def _task(name: str, orders: Orders) -> Callable[[dict[str, Any], Outbox], None]:
    if name == "camera":
        from ingest.camera.task import camera

        return partial(camera, orders)
    from ingest.decode import tasks

    if name == "looks":
        from ingest.decode.looking import looks  # with OpenCV, which takes a third of a second to load

        return looks
    return {
        "probe": tasks.probe,
        "moments": tasks.moments,
        "frames": tasks.frames,
        "clip": tasks.clip,
    }[name]


def _hear_parent(orders: Orders) -> None:
    """Takes the parent's orders, a line each, and ends with it."""
    while line := sys.stdin.buffer.readline():
        orders.put(json.loads(line))
    os._exit(0)


def _bound(memory_mb: int) -> None:
    """Lets the process grow by `memory_mb` beyond what its libraries take, and leave no core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    now = Path("/proc/self/statm")
    if not now.exists():
        return  # only Linux keeps to RLIMIT_AS; elsewhere the size checks have to do
    pages = int(now.read_text().split()[0])
    limit = pages * resource.getpagesize() + memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _too_much(memory_mb: int) -> dict[str, str]:
    return {
        "kind": "BadMedia",
        "message": f"decoding needs more than the {memory_mb} MB it may use",
        "next_step": "raise SIGHTLINE_DECODE_MEMORY_MB, or scale the video down",
        "stage": "decode",
    }


def _unexpected(error: Exception, memory_mb: int) -> dict[str, str]:
    if "nsufficient memory" in str(error) or "annot allocate memory" in str(error):
        return _too_much(memory_mb)
    return {
        "kind": "BadMedia",
        "message": f"the decoder failed: {type(error).__name__}: {error}",
        "next_step": "the file is likely damaged: check that it plays elsewhere, or convert it",
        "stage": "",
    }
