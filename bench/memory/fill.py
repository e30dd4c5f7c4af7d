"""Filling a memory with a long life, in order of time, through its public `write`; goes on where it stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.memory.life import Life
from core.memory import Observation, Query, Want
from core.ports import Memory

_BATCH = 500


def there(store: Memory, life: Life) -> int:
    """How many of the life's observations the memory holds; they are written in order."""
    low, high = 0, life.observations
    while low < high:
        middle = (low + high) // 2
        (observation,) = life.told(middle, middle + 1)
        if store.find(Query(want=Want.CHUNKS, ids=(observation.chunk.id,))).chunks:
            low = middle + 1
        else:
            high = middle
    return low


def fill(store: Memory, life: Life, last: int, *, seconds: float | None = None) -> int:
    """Writes what is missing of the first `last` observations, or stops after so long; how many there are then."""
    began, at = time.monotonic(), there(store, life)
    while at < last and (seconds is None or time.monotonic() - began < seconds):
        end = min(at + _BATCH, last)
        for observation in life.told(at, end):
            store.write(observation)
        at = end
    return at


def timed(store: Memory, observations: Iterator[Observation] | list[Observation]) -> float:
    """Seconds the memory takes to write these."""
    began = time.perf_counter()
    for observation in observations:
        store.write(observation)
    return time.perf_counter() - began
