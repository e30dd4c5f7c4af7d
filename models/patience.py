"""How long and how often a server is asked again: retries on a budget, and pauses that all requests keep."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

from core.clock import WallClock, wait_asked

MOST_TOKENS = 10.0
TOKEN_RATIO = 0.1
"""Retry throttling as gRPC does it (proposal A6): a failure takes a token, a success gives a tenth of one back, and
nothing is tried again while less than half of the tokens are left. A server that is down gets no storm of retries."""

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0


class Patience:
    """What one server's failures and its wishes to be left alone come to. Used from one thread."""

    def __init__(self) -> None:
        self._tokens = MOST_TOKENS
        self._until = 0.0

    def succeeded(self) -> None:
        """Notes an answer."""
        self._tokens = min(MOST_TOKENS, self._tokens + TOKEN_RATIO)

    def failed(self) -> None:
        """Notes that none came."""
        self._tokens = max(0.0, self._tokens - 1.0)

    @property
    def tries_again(self) -> bool:
        """Whether the budget allows a retry."""
        return self._tokens > MOST_TOKENS / 2

    def pause(self, seconds: float) -> None:
        """The server wants no request for so long; all of them wait."""
        self._until = max(self._until, time.monotonic() + seconds)

    @property
    def waits(self) -> float:
        """Seconds for which nothing is to be sent."""
        return max(0.0, self._until - time.monotonic())


def backoff(attempt: int) -> float:
    """Seconds before try number `attempt` + 1: doubling, with full jitter, so that many clients do not come at once."""
    return random.uniform(0.0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**attempt))  # noqa: S311 - no secret


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds for which a server wants to be left alone, by `retry-after-ms` or `retry-after` (seconds or a date)."""
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        return wait_asked(headers.get("retry-after", ""), WallClock().now())
