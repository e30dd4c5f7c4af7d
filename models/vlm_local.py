"""A vision-language model on this machine, in a process of its own: what breaks it does not break the service."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from core.errors import ModelUnavailable
from core.ports import Ask, Reply
from models.vlm_local_child import send
from models.vlm_local_model import LocalWish

_ROOT = str(Path(__file__).resolve().parents[1])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from models.vlm_local_child import main; main()"
SILENCE_S = 300.0
"""A process that gives no sign of life for so long is taken for dead; loading and fetching give signs."""
PAUSE_S = 10.0
"""So long after a model could not be loaded, nobody tries again: the error is repeated."""


class LocalVlm:
    """A model for `AutoModelForImageTextToText`, from the hub or a folder. Needs the extra `local`. Threads may share it.

    Its process starts with the first ask and ends with this object. One that dies is started again: the asks it died of
    are put once more, one by one, and those that end it again are replies with a problem. At most `batch` asks go
    through the model together, whichever threads they come from; an ask may take `timeout_s`.

    Raises `ModelUnavailable` where the model cannot be loaded, or its process ends whatever is asked.
    """

    def __init__(self, wish: LocalWish, *, batch: int = 4, timeout_s: float = 300.0) -> None:
        self._wish, self._batch, self._timeout_s = wish, batch, timeout_s
        self._waiting: list[_Waiting] = []
        self._gate = threading.Lock()  # holds `_waiting`
        self._talk = threading.Lock()  # holds the process: one batch at a time
        self._child: _Child | None = None
        self._refused: tuple[float, ModelUnavailable] | None = None

    def __repr__(self) -> str:
        return f"LocalVlm({self._wish})"

    @property
    def name(self) -> str:
        """Model and version, and those of its adapter; loads the model where it is not there yet."""
        with self._talk:
            return self._there().name

    @property
    def sees(self) -> bool:
        """It looks at pictures."""
        return True

    @property
    def at_once(self) -> int:
        """Asks that go through the model together."""
        return self._batch

    @property
    def pid(self) -> int | None:
        """The id of the model's process, where there is one."""
        return self._child.pid if self._child else None

    def close(self) -> None:
        """Ends the process; a later ask starts another."""
        with self._talk:
            self._drop()

    def ask(self, asks: Sequence[Ask], /) -> list[Reply]:
        """One reply per ask, in order. Raises `ModelUnavailable` when none could be answered."""
        mine = [_Waiting(ask) for ask in asks]
        with self._gate:
            self._waiting += mine
        while any(each.outcome is None for each in mine):
            # Whoever holds the process serves what waits, others' asks among it: so batches form by themselves.
            with self._talk:
                with self._gate:
                    batch, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
                if batch:
                    self._serve(batch)
        outcomes = [each.outcome for each in mine]
        away = [outcome for outcome in outcomes if isinstance(outcome, ModelUnavailable)]
        if away and len(away) == len(outcomes):
            raise away[0]
        return [o if isinstance(o, Reply) else Reply(text="", problem=str(o)) for o in outcomes]

    def _serve(self, batch: list[_Waiting]) -> None:
        """Gives every one of the batch its outcome, whatever happens."""
        try:
            replies = self._there().ask([each.ask for each in batch], self._timeout_s * len(batch))
        except ModelUnavailable as error:
            self._drop()
            again = not self._refused and (isinstance(error, _Died) or len(batch) > 1)
            for each in batch:
                each.outcome = self._alone(each.ask) if again else error
        except BaseException as error:
            for each in batch:
                each.outcome = each.outcome or ModelUnavailable(
                    f"the ask was given up ({type(error).__name__})"
                )
            self._drop()  # its reply would be taken for that to the next ask
            raise
        else:
            for each, reply in zip(batch, replies, strict=True):
                each.outcome = reply

    def _alone(self, ask: Ask) -> Reply | ModelUnavailable:
        """The reply to an ask that did not get through with others, or to which the process was no longer there."""
        try:
            return self._there().ask([ask], self._timeout_s)[0]
        except ModelUnavailable as error:
            self._drop()
            return error

    def _there(self) -> _Child:
        """The process with the model loaded."""
        if self._refused and time.monotonic() < self._refused[0]:
            raise self._refused[1]
        self._refused = None
        if self._child is None or not self._child.lives:
            self._drop()
            try:
                self._child = _Child(self._wish)
            except ModelUnavailable as error:
                self._refused = time.monotonic() + PAUSE_S, error
                raise
        return self._child

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Died(ModelUnavailable):
    """The process ended before it answered."""


@dataclass(slots=True)
class _Waiting:
    """An ask and, later, what came of it."""

    ask: Ask
    outcome: Reply | ModelUnavailable | None = None


class _Child:
    """The process of one model; made once it is loaded. Raises `ModelUnavailable` with what it says."""

    def __init__(self, wish: LocalWish) -> None:
        self._line, far = Pipe()
        with far:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-c", _START, _ROOT, str(far.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(far.fileno(),),
            )
        self._where = wish.where
        self.end = weakref.finalize(self, _end, self._process, self._line)
        try:
            self._tell(lambda: self._line.send_bytes(json.dumps(asdict(wish)).encode()))
            self.name = str(self._hear(None)["name"])
        except BaseException:
            self.end()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def ask(self, asks: list[Ask], timeout_s: float) -> list[Reply]:
        try:
            self._tell(lambda: send(self._line, asks))
            return [
                Reply(**{**row, "left_out": tuple(row["left_out"])})
                for row in self._hear(timeout_s)["replies"]
            ]
        except ModelUnavailable:
            self.end()
            raise

    def _tell(self, say: Any) -> None:
        try:
            say()
        except OSError:
            raise self._gone() from None

    def _hear(self, timeout_s: float | None) -> dict[str, Any]:
        """The next message that is no mere sign of life."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left = SILENCE_S if until is None else min(SILENCE_S, until - time.monotonic())
            try:
                if not self._line.poll(max(0.0, left)):
                    raise self._late(timeout_s)
                message: dict[str, Any] = json.loads(self._line.recv_bytes())
            except (EOFError, OSError):
                raise self._gone() from None
            if message["type"] == "error":
                raise ModelUnavailable(message["message"], next_step=message["next_step"])
            if message["type"] != "tick":
                return message
            if until is not None and time.monotonic() > until:
                raise self._late(timeout_s)

    def _gone(self) -> _Died:
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # it closed the pipe and lives on
            self._process.kill()
            status = self._process.wait()
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return _Died(
            f"the process of the model {self._where} ended ({how}), most likely for want of memory",
            next_step="choose a smaller model, batch=1, or precision=int8; it is started again with the next ask",
        )

    def _late(self, timeout_s: float | None) -> ModelUnavailable:
        return ModelUnavailable(
            f"the model {self._where} gave no answer in {timeout_s or SILENCE_S:.0f} s and was ended",
            next_step="choose a smaller model, or set timeout_s; it is started again with the next ask",
        )


def _end(process: subprocess.Popen[bytes], line: Connection) -> None:
    process.kill()
    process.wait()
    line.close()
