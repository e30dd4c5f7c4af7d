"""How the connection to one camera stands: a state machine that knows the time only by what it is told.

connecting ──picture──▶ live ──silence──▶ stalled ──picture──▶ live
▲  │                  │                  │
│  └──failure─────────┴──────────────────┴──▶ backing off
└───────────────────time──────────────────────────┘            any ──stop──▶ stopped
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.camera import CameraState

STALL_S = 3.5
"""Seconds without a picture after which a camera that showed some counts as stalled."""

GIVE_UP_S = 3.0
"""So long a stalled camera is waited for, on the connection it has, before that is given up."""

CONNECT_S = 12.0
"""Seconds in which a new connection has to show its first picture: some cameras send a key picture every ten."""

FIRST_WAIT_S = 0.25

REFUSED = 3.0
"""A camera that refuses the password is asked so many times as seldom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a connection is waited for, in seconds: before it counts as stalled, until it is then given up, for its
    first picture, and at most between two tries.
    """

    stall_s: float = STALL_S
    give_up_s: float = GIVE_UP_S
    connect_s: float = CONNECT_S
    longest_wait_s: float = 1.0


class Connection:
    """The state machine. Every method takes the time `now`, in seconds of any clock that only goes forward.

    `jitter` gives numbers from 0 to 1: cameras that went down together do not come back together.
    """

    def __init__(self, patience: Patience, jitter: Callable[[], float], now: float) -> None:
        self._patience, self._jitter = patience, jitter
        self.state = CameraState.CONNECTING
        self.since = now
        self.problem = ""
        self.outages = 0
        self._heard = now
        self._failures = 0
        self._again_at = now

    @property
    def is_up(self) -> bool:
        """Whether the camera shows pictures."""
        return self.state is CameraState.LIVE

    def picture(self, now: float) -> None:
        """A picture came."""
        if self.state is CameraState.STOPPED:
            return
        self._heard, self._failures = now, 0
        if self.state is not CameraState.LIVE:
            self._become(CameraState.LIVE, now, "")

    def failed(self, now: float, problem: str, *, refused: bool = False) -> None:
        """The connection broke off, or there was none to be had; `refused`: for the user or the password, which a camera
        may answer by taking none for a while.
        """
        if self.state in (CameraState.STOPPED, CameraState.BACKING_OFF):
            return
        longest = self._patience.longest_wait_s * (REFUSED if refused else 1)
        wait = min(longest, FIRST_WAIT_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        self._again_at = now + wait * (0.5 + 0.5 * self._jitter())
        self._become(CameraState.BACKING_OFF, now, problem)

    def allow(self, stall_s: float) -> None:
        """Waits so long for a picture from now on, where pictures come in bursts."""
        self._patience = replace(self._patience, stall_s=max(stall_s, self._patience.stall_s))

    def stop(self, now: float) -> None:
        """Nobody wants its pictures any more."""
        if self.state is not CameraState.STOPPED:
            self._become(CameraState.STOPPED, now, "")

    def look(self, now: float) -> CameraState:
        """What the passing of time made of it; asked often."""
        silence = now - self._heard
        if self.state is CameraState.LIVE and silence >= self._patience.stall_s:
            self._become(CameraState.STALLED, now, f"no picture for {self._patience.stall_s:g} s")
        elif self.state is CameraState.BACKING_OFF and now >= self._again_at:
            self._heard = now
            self._become(CameraState.CONNECTING, now, self.problem)
        return self.state

    def is_given_up(self, now: float) -> bool:
        """Whether what there is of a connection has been waited for long enough."""
        silence = now - self._heard
        if self.state is CameraState.STALLED:
            return silence >= self._patience.stall_s + self._patience.give_up_s
        return self.state is CameraState.CONNECTING and silence >= self._patience.connect_s

    def _become(self, state: CameraState, now: float, problem: str) -> None:
        if self.state is CameraState.LIVE and state is not CameraState.STOPPED:
            self.outages += 1
        self.state, self.since, self.problem = state, now, problem
