"""Runs a task of `ingest/decode/child.py` in a process of its own and watches over it from outside.

A decoder fed with bad input can hang, crash or swallow all memory. Here that ends in a typed error, after everything
that was sent before has been handed over. The child is a fresh interpreter (no fork: the parent has threads), gets no
environment of ours and nothing secret on its command line, and dies with its parent.

Messages come through a pipe, so a slow reader slows the decoder and memory stays bounded: 4 bytes length of the head,
4 bytes length of the body, the head as JSON, the body as raw bytes. (No pickles: a decoder that was taken over must
not be able to run anything here.)
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from core import errors
from core.errors import BadMedia, SightlineError, SourceUnavailable

START_S = 60.0
"""Seconds the interpreter and its libraries may take to load on a busy machine."""

PIPE_BYTES = 1 << 20
MAX_HEAD = 1 << 20
MAX_BODY = 1 << 30

_ROOT = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from ingest.decode.child import main; main()"
_KINDS = {kind.__name__: kind for kind in (errors.Invalid, BadMedia, SourceUnavailable, errors.NotFound)}


class Message(NamedTuple):
    """What the child says: a small dictionary and perhaps raw bytes."""

    head: dict[str, Any]
    body: bytearray


class Child:
    """A decoding child at work. Made, it has its task; `end` it when done with it, which does not wait for its work."""

    def __init__(self, task: str, args: dict[str, Any], *, memory_mb: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-c", _START, _ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                "PATH": os.defpath,
                "LC_ALL": "C.UTF-8",
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
            },
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - both were asked for
        self._orders, self._said = self._process.stdin, self._process.stdout
        _widen(self._said)
        self.tell({"task": task, "args": args, "memory_mb": memory_mb})

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def tell(self, order: dict[str, Any]) -> None:
        """Gives it an order more, for a task that heeds any; one that has died is told in vain: reading tells how."""
        with contextlib.suppress(BrokenPipeError):
            self._orders.write(json.dumps(order).encode() + b"\n")
            self._orders.flush()

    def speaks(self, within_s: float) -> bool:
        """Whether it says something, or ends, within so many seconds."""
        waiting = select.poll()
        waiting.register(self._said.fileno(), select.POLLIN)
        return bool(waiting.poll(max(0.0, within_s) * 1000))

    def read(self, patience_s: float) -> Message:
        """Its next message. Raises TimeoutError where that is not here whole in time, EOFError where it has ended."""
        return _read(self._said.fileno(), patience_s)

    def how_it_ended(self) -> str:
        """How a child that no longer speaks came to its end, in words."""
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        return (
            f"by {signal.Signals(-status).name}"
            if -status in set(signal.Signals)
            else f"with status {status}"
        )

    def end(self) -> None:
        """Kills it and tidies up."""
        self._process.kill()
        for pipe in (self._orders, self._said):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()


def supervised(
    task: str, args: dict[str, Any], *, stall_s: float, memory_mb: int, remote: bool = False
) -> Generator[Message, None, None]:
    """The messages of one task, in order. Closing the iterator ends the child.

    Raises what the child reports, and `BadMedia` (`SourceUnavailable` for a remote source) with the stage where it
    crashes, needs more memory than `memory_mb`, or gives no sign of life for `stall_s` seconds.
    """
    stage = "source" if task == "probe" else "decode"
    child = Child(task, args, memory_mb=memory_mb)
    try:
        yield from _listen(child, stall_s=stall_s, remote=remote, stage=stage)
    finally:
        child.end()


def _listen(child: Child, *, stall_s: float, remote: bool, stage: str) -> Iterator[Message]:
    patience = START_S
    while True:
        try:
            message = child.read(patience)
        except TimeoutError:
            raise _stalled(stall_s, remote, stage) from None
        except EOFError:
            raise _crashed(child, remote, stage) from None
        match message.head["type"]:
            case "ready":
                patience = stall_s
            case "tick":
                pass
            case "done":
                return
            case "error":
                raise reported(message.head, stage)
            case _:
                yield message


def _read(fd: int, patience: float) -> Message:
    until = time.monotonic() + patience
    sizes = _exactly(fd, 8, until)
    head, body = int.from_bytes(sizes[:4], "big"), int.from_bytes(sizes[4:], "big")
    if head > MAX_HEAD or body > MAX_BODY:
        raise EOFError  # no message of ours: treat it as a crash
    return Message(json.loads(_exactly(fd, head, until)), _exactly(fd, body, until))


def _exactly(fd: int, count: int, until: float) -> bytearray:
    data = bytearray(count)
    view = memoryview(data)
    waiting = select.poll()
    waiting.register(fd, select.POLLIN)
    while view:
        left = until - time.monotonic()
        if not waiting.poll(max(0.0, left) * 1000):
            raise TimeoutError
        got = os.readv(fd, [view])
        if got == 0:
            raise EOFError
        view = view[got:]
    return data


def _widen(pipe: IO[bytes]) -> None:
    """Fewer turns per picture; where the system has no such call or no room, the usual size does as well."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _failure(remote: bool) -> type[SightlineError]:
    return SourceUnavailable if remote else BadMedia


def _stalled(stall_s: float, remote: bool, stage: str) -> SightlineError:
    return _failure(remote)(
        f"nothing could be decoded for {stall_s:g} seconds, so the decoder was stopped",
        next_step="try again when the source answers"
        if remote
        else "check that the file plays elsewhere; SIGHTLINE_STALL_S sets how long to wait",
        stage=stage,
    )


def _crashed(child: Child, remote: bool, stage: str) -> SightlineError:
    return _failure(remote)(
        f"the decoder ended unasked ({child.how_it_ended()})",
        next_step="the file is likely damaged: check that it plays elsewhere, or convert it",
        stage=stage,
    )


def reported(head: dict[str, Any], stage: str) -> SightlineError:
    """The error that a child reports."""
    kind = _KINDS.get(head["kind"], BadMedia)
    return kind(head["message"], next_step=head["next_step"], stage=head["stage"] or stage)
