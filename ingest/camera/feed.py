"""Supervises one camera from outside its decoding process: connects, sees that it stalls, connects again.

A thread listens to the child and keeps the connection's state machine (`ingest/camera/connection.py`). What the child sees goes
into a mailbox, from which whoever looks takes it at its own speed; what it records is handed to a recorder.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.camera import CameraState
from core.clock import SECOND, Micros
from core.media import Frame
from ingest.camera.connection import Connection, Patience
from ingest.camera.mailbox import Ended, Mailbox, Outage
from ingest.decode.looks import Look, pixels
from ingest.decode.supervise import START_S, Child, Message

log = logging.getLogger(__name__)

TURN_S = 0.25
WRITTEN_S = 5.0
"""How it stands is told so often where nothing changes, as a sign of life."""

CLOSE_S = 1.5

OUTAGE_S = 1.0
"""An outage that lasts is told again so often."""

PLAYED_S = 120.0
"""The same for a file that is played: a busy machine, or whoever looks, may hold it up."""

BURST_S = 20.0
"""Seconds without a picture after which a playlist counts as stalled: its pictures come some seconds at a time."""

ALIVE_S = 4.0
"""Seconds without any word after which a child that should be idle or connecting counts as frozen."""

Kept = Callable[[Path, Micros, Micros], None]
"""Takes a recorded segment's file over: its first moment, and when it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPlan:
    """What a camera is opened for: its address, at which size and how often it is looked at (`look` is None where it is
    only recorded), where its recording is written meanwhile (None: it is not), and within what bounds.
    """

    url: str
    look: dict[str, Any] | None
    folder: Path | None = None
    segment: Micros = 6 * SECOND
    memory_mb: int = 2048
    patience: Patience = field(default_factory=Patience)
    loops: int = 0
    """How often a source that ends is begun anew, -1 for ever; a camera does not end."""
    ends: bool = False
    """Whether the source may come to its end: a file that is played."""
    waits: bool = False
    """Whether it waits for who looks, and leaves nothing out; a camera does not."""


class Feed:
    """One camera being watched, until it is closed.

    `zero` is the moment 0 of the stream on this machine's monotonic clock, None where the first picture is to be it;
    `after` the last moment the stream has had.
    """

    def __init__(
        self,
        plan: FeedPlan,
        *,
        zero: float | None,
        after: Micros = -1,
        kept: Kept | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._plan, self._kept, self._on_change = plan, kept, on_change
        self.mailbox = Mailbox(waits=plan.waits)
        self.zero = zero
        self.last: Micros = after
        self.heard: float | None = None
        self.recorded = plan.folder is not None
        self.connection = Connection(plan.patience, random.random, time.monotonic())
        if plan.ends:
            self.connection.allow(PLAYED_S)
        self._child: Child | None = None
        self._asked = self._ready = False
        self._told_at = self._spoke = self._changed = time.monotonic()
        self._down: Micros | None = None
        self._left = plan.loops
        self._problem = ""
        self._given: set[str] = set()
        self._usual_s: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    @property
    def state(self) -> CameraState:
        """How the connection stands."""
        return self.connection.state

    @property
    def now(self) -> Micros:
        """The present moment on the stream's clock."""
        if self.zero is None:
            return max(0, self.last + 1)
        if self._plan.ends:
            return self.last + 1
        return max(self.last + 1, round((time.monotonic() - self.zero) * SECOND))

    def close(self) -> None:
        """Ends the child; what it was recording is kept."""
        self._over.set()
        self.mailbox.let_go()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.is_set() and self.state is not CameraState.STOPPED:
                self._turn()
        except Exception:
            log.exception("a camera's supervision broke")
            self.mailbox.put(Ended(problem="something went wrong inside Sightline; the log has the details"))
        finally:
            self._become(lambda now: self.connection.stop(now))
            self._finish_segment()
            self._end_child()

    def _finish_segment(self) -> None:
        """Gives the child a moment to end what it is recording."""
        child = self._child
        if child is None or self._kept is None or not self._asked:
            return
        child.tell({"close": True})
        until = time.monotonic() + CLOSE_S
        with contextlib.suppress(EOFError, TimeoutError):
            while child.speaks(until - time.monotonic()):
                message = child.read(CLOSE_S)
                if message.head["type"] == "lost":
                    return
                if message.head["type"] == "segment":
                    self._hear(message)

    def _turn(self) -> None:
        """Hears what the child says, and looks what time it is."""
        child = self._child or self._start()
        if child.speaks(TURN_S):
            try:
                self._hear(child.read(self._plan.patience.stall_s))
            except (EOFError, TimeoutError):
                self._lose(f"the decoder ended unasked ({child.how_it_ended()})")
        now = time.monotonic()
        self._become(lambda now: self.connection.look(now))
        if self.connection.is_given_up(now):
            self._lose(self.connection.problem or "it showed no picture in time")
        elif not self._asked and now - self._spoke > (ALIVE_S if self._ready else START_S):
            self._end_child()
        if self._ready and not self._asked and self.state is CameraState.CONNECTING:
            self._asked = True
            child.tell({"open": True})
        self._tell_of_outage(now)
        if now - self._changed >= WRITTEN_S:
            self._change()

    def _change(self) -> None:
        self._changed = time.monotonic()
        self._on_change()

    def _start(self) -> Child:
        plan = self._plan
        args = {
            "url": plan.url,
            "decodes": plan.look is not None,
            "after": self.last,
            "zero": self.zero,
            "folder": "" if plan.folder is None else str(plan.folder),
            "segment": plan.segment,
            "usual_s": self._usual_s,
            **(plan.look or {}),
        }
        if plan.folder is not None:
            plan.folder.mkdir(parents=True, exist_ok=True)
        self._asked = self._ready = False
        self._spoke = time.monotonic()
        self._child = Child("camera", args, memory_mb=plan.memory_mb)
        return self._child

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()
            self._take_over_left()

    def _take_over_left(self) -> None:
        """What a child was recording when it ended is a segment that ends with the last picture there was."""
        if self._plan.folder is None or self._kept is None:
            return
        given, self._given = self._given, set()
        for path in sorted(self._plan.folder.glob("*.mp4")):
            if path.name in given:
                continue  # it is with the recorder
            start = int(path.stem.partition("-")[2])
            if self.last > start and b"moof" in path.read_bytes():
                self._kept(path, start, self.last + 1)
            else:
                path.unlink(missing_ok=True)

    def _hear(self, message: Message) -> None:
        self._spoke = time.monotonic()
        head = message.head
        match head["type"]:
            case "ready":
                self._ready = True
            case "open":
                self.recorded, self._usual_s = bool(head["recorded"]), head["usual_s"]
                if head["bursts"]:
                    self.connection.allow(BURST_S)
            case "seen":
                self._see(head["at"], head["zero"])
            case "look":
                if self._see(head["at"], None):
                    self.mailbox.put(look_of(message))
                    self._spoke = time.monotonic()
                    if self._plan.waits:  # who looks may have been slow: that is no silence of the source
                        self._become(lambda now: self.connection.picture(now))
            case "segment" if self._kept is not None:
                path = Path(head["path"])
                self._given.add(path.name)
                self._kept(path, head["start"], head["end"])
            case "lost":
                self._asked = False
                self._lost(head)
            case "error":
                self._lose(head["message"])
            case _:
                pass

    def _see(self, at: Micros, zero: float | None) -> bool:
        """A picture came: an outage is over. Not so where it is as old as a stall: libav holds the last picture back and
        gives it when it notices that no more come. Says whether it counts.
        """
        self.zero = zero if self.zero is None else self.zero
        if not self.connection.is_up and self.now - at > self._plan.patience.stall_s * SECOND / 2:
            return False
        if self._down is not None and self.state is not CameraState.STOPPED:
            self.mailbox.put(
                Outage(since=self._down, until=max(at, self._down + 1), reason=self._reason, over=True)
            )
            self._down = None
        self.last = max(self.last, at)
        self.heard = time.monotonic()
        self._become(lambda now: self.connection.picture(now))
        return True

    def _lost(self, head: dict[str, Any]) -> None:
        """The connection ended in an orderly way."""
        if self._plan.ends and head["ended"]:
            if self._left == 0:
                self.mailbox.put(Ended())
                self._become(lambda now: self.connection.stop(now))
                return
            self._left -= 1
            self._asked = True
            if self._child is not None:
                self._child.tell({"open": True})
            return
        self._become(lambda now: self.connection.failed(now, head["message"], refused=head["refused"]))

    def _lose(self, problem: str) -> None:
        """The connection is given up, and with it the child: who knows what it is at."""
        self._become(lambda now: self.connection.failed(now, problem))
        self._end_child()

    def _become(self, change: Callable[[float], object]) -> None:
        """Lets the state machine change, and tells of it."""
        before = (self.state, self.connection.problem)
        was_up = self.connection.is_up
        change(time.monotonic())
        if was_up and not self.connection.is_up and self.state is not CameraState.STOPPED:
            self._down, self._told_at = self.last, 0.0
        elif self._down is None and self.zero is not None and self.state is CameraState.BACKING_OFF:
            self._down, self._told_at = self.now, 0.0  # it was not there when we came back
        if before != (self.state, self.connection.problem):
            self._change()

    @property
    def _reason(self) -> str:
        return self._problem or "the camera showed nothing"

    def _tell_of_outage(self, now: float) -> None:
        if self.connection.problem:
            self._problem = self.connection.problem
        if self._down is None or now - self._told_at < OUTAGE_S:
            return
        self._told_at = now
        until = max(self.now, self._down + 2)
        self.mailbox.put(Outage(since=self._down + 1, until=until, reason=self._reason))


def look_of(message: Message) -> Look:
    """The look in a child's message."""
    head = message.head
    frame = None
    if message.body:
        frame = Frame(at=head["at"], picture=pixels(message), scale=head["scale"])
    return Look(at=head["at"], frame=frame, moved=head["moved"], cut=head["cut"])
