"""Questions to a memory of a long life, and how long each kind takes: every one another, asked of a process that is warm.

The first question of each kind is told apart: before it, that process has read nothing of what it asks for.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.figures import Figure, p95
from bench.memory.life import DAY_US, MODEL, Life, direction
from core.clock import SECOND, Span
from core.memory import Event, Query, Vector, Want
from core.ports import Memory

HOUR_US = 3600 * SECOND
SELECTIVE_MS, COMMON_MS, OTHERS_MS = 40.0, 120.0, 80.0
TOP = 20
RECALL_AT = 10
WORDS = (
    "person",
    "red car stopped",
    "truck at the gate",
    "person running",
    "white car left",
    "somebody in black",
)

Ask = Callable[[random.Random], Query]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of question."""

    name: str
    common: bool
    ask: Ask


def kinds(life: Life) -> list[Kind]:
    """The kinds of question that are asked of the life."""

    def stream(draw: random.Random) -> tuple[str, ...]:
        return (life.stream(draw.randrange(life.streams)),)

    def within(draw: random.Random, length: int) -> Span:
        start = draw.randrange(max(life.days * DAY_US - length, 1))
        return Span(start, start + length)

    def rare(draw: random.Random) -> str:
        for _ in range(1000):
            for entity in _some(life, draw).entities:
                if "text" in entity.attributes:
                    return str(entity.attributes["text"])
        raise AssertionError("no plate in a thousand observations")

    def words(draw: random.Random) -> str:
        return draw.choice(WORDS)

    everyone = tuple(life.stream(n) for n in range(life.streams))
    events = Query(want=Want.EVENTS, limit=TOP)
    return [  # what asks for everything comes first: then the process is warm
        Kind(name="likeness, everything", common=True, ask=lambda d: replace(events, like=like(life, d))),
        Kind(name="stream, hour, words", common=False,
             ask=lambda d: replace(events, streams=stream(d), span=within(d, HOUR_US), text=words(d))),
        Kind(name="kind, day, all streams", common=False,
             ask=lambda d: replace(events, kinds=(_some(life, d).events[0].kind,), span=within(d, DAY_US))),
        Kind(name="rare word, unbounded", common=False, ask=lambda d: replace(events, text=rare(d))),
        Kind(name="entity", common=False,
             ask=lambda d: replace(events, entities=(_some(life, d).entities[0].id,))),
        Kind(name="likeness, one stream of them", common=False,
             ask=lambda d: replace(events, streams=stream(d), like=like(life, d))),
        Kind(name="likeness, a rare kind", common=False,
             ask=lambda d: replace(events, kinds=("running",), like=like(life, d))),
        Kind(name="common words, everything", common=True, ask=lambda d: replace(events, text=words(d))),
        Kind(name="common words, a week", common=True,
             ask=lambda d: replace(events, span=within(d, 7 * DAY_US), text=words(d))),
        Kind(name="common words, all streams by name", common=True,
             ask=lambda d: replace(events, streams=everyone, text=words(d))),
    ]  # fmt: skip


def _some(life: Life, draw: random.Random):  # type: ignore[no-untyped-def]
    at = draw.randrange(life.observations)
    return next(life.told(at, at + 1))


def like(life: Life, draw: random.Random) -> Vector:
    """What a question's embedding would be: some of the words of an event, and some noise."""
    event: Event = _some(life, draw).events[0]
    noise = np.random.default_rng(draw.randrange(1 << 30)).normal(0, 0.05, len(direction("a")))
    row = direction(event.kind) + direction(event.zone or "nowhere") + direction("person") + noise
    return Vector.of_row("", MODEL, row)


def measure(store: Memory, life: Life, *, each: int, single_ms: float | None = None) -> Iterator[Figure]:
    """Asks `each` questions of every kind; one bound on all where the store has one, else selective and common ones."""
    for kind in kinds(life):
        draw = random.Random(kind.name)
        asked = [kind.ask(draw) for _ in range(each + 1)]
        took, worked = zip(*(_seconds(store, query) for query in asked), strict=True)
        bound = single_ms or (COMMON_MS if kind.common else SELECTIVE_MS)
        yield Figure(
            name=f"p95 · {kind.name}", value=p95(took[1:]), unit="ms",
            most=None if kind.name == "likeness, everything" else bound,
            note=f"median {sorted(took[1:])[each // 2] * 1000:.1f}, of processor time {p95(worked[1:]):.1f}, the first {took[0] * 1000:.0f}",
        )  # fmt: skip


def _seconds(store: Memory, query: Query) -> tuple[float, float]:
    """How long it took by the clock, and how long a processor worked on it: apart on a machine that others use."""
    began, worked = time.perf_counter(), time.process_time()
    store.find(query)
    return time.perf_counter() - began, time.process_time() - worked


def recall(store: Memory, life: Life, asked: Sequence[Query], exact: Callable[[Query], set[str]]) -> float:
    """Of the ten that really are nearest to each, the share that the memory gives among its ten."""
    found = 0.0
    for query in asked:
        best = exact(query)
        given = {event.id for event in store.find(replace(query, limit=RECALL_AT)).events}
        found += len(best & given) / max(len(best), 1)
    return found / len(asked)
