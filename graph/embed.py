"""Vectors for what a memory holds: of the facts of one observation, and of whatever has none of a model yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from core.ids import EntityId
from core.memory import Caption, Entity, Event, Observation, Query, Vector, Want
from core.ports import Embedder, Memory
from core.work import Progress
from graph import words

Looks = dict[EntityId, Entity]
AT_ONCE = 4096
"""Facts read, embedded and marked in one go: finding what has no vector looks past all that has one."""
TEXTS = (Want.EVENTS, Want.CAPTIONS)
"""What has a text of its own to be embedded. Entities are found by the events they took part in."""


def vectors_of(observation: Observation, store: Memory, embedder: Embedder) -> tuple[Vector, ...]:
    """Where the observation's events and captions lie in the embedder's space."""
    here: Looks = {entity.id: entity for entity in observation.entities}
    return _vectors(observation.events, observation.captions, store, embedder, here)


def fill(
    store: Memory, embedder: Embedder, *, progress: Progress, going_on: Callable[[], bool] = lambda: True
) -> int:
    """Embeds whatever has no vector of this embedder; returns how many that were. What is written meanwhile with such
    vectors is not embedded again; what goes meanwhile is left out.
    """
    done = 0
    for want in TEXTS:
        before: tuple[Event | Caption, ...] = ()
        while going_on():
            found = store.unmarked(want, embedder.name, AT_ONCE)
            batch: tuple[Event | Caption, ...] = (*found.events, *found.captions)
            if not batch or batch == before:
                break
            vectors = _vectors(found.events, found.captions, store, embedder, {})
            store.mark(vectors)
            before, done = batch, done + len(vectors)
            progress(min(0.99, done / (done + AT_ONCE)), f"{done} embedded by {embedder.name}")
    return done


def _vectors(
    events: Sequence[Event],
    captions: Sequence[Caption],
    store: Memory,
    embedder: Embedder,
    known: Looks,
) -> tuple[Vector, ...]:
    missing = {i for event in events for i in event.entity_ids} - known.keys()
    if missing:
        looks = store.find(Query(want=Want.ENTITIES, ids=tuple(sorted(missing)))).entities
        known = known | {entity.id: entity for entity in looks}
    texts: dict[str, str] = {caption.id: caption.text for caption in captions}
    for event in events:
        texts[event.id] = spoken(event, (known[i] for i in event.entity_ids if i in known))
    if not texts:
        return ()
    rows = embedder.embed(list(texts.values()))
    return tuple(
        Vector.of_row(of, embedder.name, row) for of, row in zip(texts, rows, strict=True) if row.any()
    )


def spoken(event: Event, who: Iterable[Entity]) -> str:
    """An event as an embedder is told of it."""
    return " ".join(words.event_text(event, who).replace("_", " ").split())
