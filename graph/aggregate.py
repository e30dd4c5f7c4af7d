"""Facts put together in plain Python: what every store's aggregation gives."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from core.clock import SECOND, Micros, Span
from core.errors import Invalid
from core.memory import Aggregate, Aggregation, By, Entity, Event, Want

HOUR_US = 3600 * SECOND
DAY_US = 24 * HOUR_US


def check(asked: Aggregation) -> None:
    """Raises `Invalid` for what cannot be put together."""
    query = asked.query
    if query.want not in (Want.EVENTS, Want.ENTITIES):
        raise Invalid(f"{query.want.value} cannot be counted so", next_step="count events or entities")
    if query.text or query.like is not None or query.limit is not None:
        raise Invalid("what is counted has no best or first", next_step="leave text, like and limit out")
    if len(set(asked.by)) != len(asked.by):
        raise Invalid("the same is named twice in `by`", next_step="name each once")
    if any(shift < 0 for shift in asked.shift.values()):
        raise Invalid("a clock cannot begin before 1970", next_step="give shifts of 0 or more")
    if asked.top is not None and asked.top < 0:
        raise Invalid(f"the {asked.top} largest groups make no sense", next_step="give 0 or more, or none")


@dataclass(slots=True)
class _Group:
    count: int = 0
    duration: Micros = 0
    spans: list[Span] = field(default_factory=list)


def aggregate(
    asked: Aggregation, facts: Iterable[Event | Entity], who: Callable[[Event], Sequence[Entity]]
) -> tuple[Aggregate, ...]:
    """The groups of these facts, which hold the query's bounds; `who` gives the entities known to have taken part."""
    groups: dict[tuple[str | int, ...], _Group] = {}
    for fact in facts:
        shift = asked.shift.get(fact.stream_id, 0)
        inside = fact.span if asked.query.span is None else fact.span.intersect(asked.query.span)
        for key in set(itertools.product(*(_values(by, fact, shift, who) for by in asked.by))):
            group = groups.setdefault(key, _Group())
            group.count += 1
            group.duration += inside.duration if inside is not None else 0
            group.spans.append(Span(fact.span.start + shift, fact.span.end + shift))
    return ordered(asked, (_told(key, group) for key, group in groups.items()))


def ordered(asked: Aggregation, groups: Iterable[Aggregate]) -> tuple[Aggregate, ...]:
    """The groups as the port promises them."""
    by_key = sorted(groups, key=lambda group: group.key)
    if asked.top is None:
        return tuple(by_key)
    return tuple(sorted(by_key, key=lambda group: -group.count)[: asked.top])


def _told(key: tuple[str | int, ...], group: _Group) -> Aggregate:
    span = Span(min(span.start for span in group.spans), max(span.end for span in group.spans))
    return Aggregate(key=key, count=group.count, duration=group.duration, span=span)


def _values(
    by: By, fact: Event | Entity, shift: Micros, who: Callable[[Event], Sequence[Entity]]
) -> Sequence[str | int]:
    """Every value under which the fact counts."""
    match by:
        case By.STREAM:
            return (fact.stream_id,)
        case By.HOUR:
            return ((fact.span.start + shift) // HOUR_US,)
        case By.DAY:
            return ((fact.span.start + shift) // DAY_US,)
        case By.KIND:
            return (fact.kind if isinstance(fact, Event) else "",)
        case By.ZONE:
            return ((fact.zone or "") if isinstance(fact, Event) else "",)
        case By.LABEL:
            return (
                (fact.label,) if isinstance(fact, Entity) else [entity.label for entity in who(fact)] or ("",)
            )
        case By.ENTITY:
            return (fact.id,) if isinstance(fact, Entity) else fact.entity_ids or ("",)
