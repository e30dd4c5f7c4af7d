"""Sudden deaths of the writer (`writer.py`): killed at random points, again and again, on one memory that must stay whole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.figures import Figure
from bench.memory.life import CHUNK_S, Life
from core import ids
from core.clock import SECOND, Span
from core.memory import Event, Found, Observation, Participant, Query, Want
from core.ports import Memory
from graph.plain.store import MemoryStore

ROOT = Path(__file__).resolve().parents[2]
RESUMED_S = 10.0
LIFE = Life(events=1_000_000, streams=3, days=30, seed=11)


def story(number: int) -> Observation:
    """An observation of the life, and with it the later word on something that goes on: what is written is also replaced."""
    (one,) = LIFE.told(number, number + 1)
    stream, end = one.chunk.stream_id, one.chunk.span.end
    whoever = one.entities[0].id
    lasting = Event(
        id=ids.event_id(stream, "dwelled", 0), stream_id=stream, kind="dwelled", span=Span(0, end),
        participants=(Participant(entity_id=whoever),), source="bench", open=True, noticed=CHUNK_S * SECOND,
    )  # fmt: skip
    return replace(one, events=(*one.events, lasting))


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What became of a memory whose writer was killed so many times."""

    points: int
    written: int
    lost: int
    unsound: int
    differing: tuple[str, ...]
    slowest_s: float

    @property
    def whole(self) -> bool:
        """Nothing lost that was acknowledged, nothing doubled or half-written, no file damaged."""
        return not (self.lost or self.unsound or self.differing)


def campaign(
    url: str, open_store: Callable[[str], Memory], sound: Callable[[str], bool], points: int, seed: int = 1
) -> Campaign:
    """Kills the writer at `points` random moments, each time lets another go on, and looks at what is there."""
    draw, at, lost, unsound, slowest = random.Random(seed), 0, 0, 0, 0.0
    began: float | None = None
    for _ in range(points):
        writer = _writer(url, at)
        acknowledged = at
        try:
            first = _line(writer)
            slowest = max(slowest, time.monotonic() - began) if began is not None else slowest
            acknowledged = first + 1
            deadline = time.monotonic() + draw.random() ** 2 * 0.5
            while time.monotonic() < deadline:
                acknowledged = _line(writer) + 1
            time.sleep(draw.random() * 0.01)
        finally:
            writer.kill()
            began = time.monotonic()
            acknowledged = max([acknowledged, *(n + 1 for n in _rest(writer))])
        unsound += not sound(url)
        at = _there(open_store, url, acknowledged)
        lost += max(acknowledged - at, 0)
    return Campaign(
        points=points, written=at, lost=lost, unsound=unsound, slowest_s=slowest,
        differing=tuple(_differing(open_store, url, at)),
    )  # fmt: skip


def figures(told: Campaign) -> Iterator[Figure]:
    """The campaign as figures."""
    yield Figure(
        name="acknowledged observations lost",
        value=told.lost,
        most=0,
        note=f"{told.points} deaths, {told.written} written",
    )
    yield Figure(name="files found unsound", value=told.unsound, most=0)
    yield Figure(
        name="kinds of fact that differ from the plain memory's",
        value=len(told.differing),
        most=0,
        note=", ".join(told.differing),
    )
    yield Figure(
        name="slowest resumption",
        value=told.slowest_s,
        unit="s",
        most=RESUMED_S,
        note="from death to the next acknowledged write",
    )


def _writer(url: str, first: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.memory.writer", url, str(first)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _line(writer: subprocess.Popen[str]) -> int:
    assert writer.stdout is not None
    line = writer.stdout.readline()
    if not line.endswith("\n"):
        raise RuntimeError(f"the writer ended by itself with status {writer.wait()}")
    return int(line)


def _rest(writer: subprocess.Popen[str]) -> list[int]:
    """What it had said before it died; a last line that was cut off says nothing."""
    assert writer.stdout is not None
    rest = writer.stdout.read()
    writer.stdout.close()
    writer.wait()
    return [int(line) for line in rest.split("\n")[:-1]]


def _there(open_store: Callable[[str], Memory], url: str, acknowledged: int) -> int:
    """How many observations are there: all that were acknowledged, and at most the one that was being written."""
    store = open_store(url)
    at = acknowledged
    while at and not _holds(store, at - 1):
        at -= 1
    while _holds(store, at):
        at += 1
    store.close()  # type: ignore[attr-defined]
    return at


def _holds(store: Memory, number: int) -> bool:
    return bool(store.find(Query(want=Want.CHUNKS, ids=(story(number).chunk.id,))).chunks)


def _differing(open_store: Callable[[str], Memory], url: str, written: int) -> Iterator[str]:
    """What the memory gives otherwise than the plain one that these were written into undisturbed."""
    plain, store = MemoryStore(), open_store(url)
    for number in range(written):
        plain.write(story(number))
    for want in Want:
        if store.find(Query(want=want)) != plain.find(Query(want=want)):
            yield want.value
    ranked: tuple[Query, ...] = (
        Query(want=Want.EVENTS, text="red person stopped", limit=50),
        Query(want=Want.EVENTS, like=story(0).vectors[0], limit=50),
    )
    for query in ranked:
        found: tuple[Found, Found] = store.find(query), plain.find(query)
        if found[0] != found[1]:
            yield f"{query.want.value} by {'words' if query.text else 'likeness'}"
    if store.models() != plain.models():
        yield "vectors"
    store.close()  # type: ignore[attr-defined]
