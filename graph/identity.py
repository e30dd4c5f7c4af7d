"""Who is one and the same: the visits that links hold together, and how a person puts together and takes apart."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import Conflict, Invalid, NotFound
from core.ids import EntityId
from core.memory import HAND, Entity, Link, Query, Want
from core.ports import Memory
from graph.places import AT_ONCE

MOST = 500
"""How many visits are looked at to tell one identity: who has more is known in part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The visits (by id) of one and the same thing, in order of their ids, and the links that hold them together."""

    members: tuple[EntityId, ...]
    links: tuple[Link, ...] = ()


def identity(store: Memory, id: EntityId) -> tuple[EntityId, ...]:
    """All visits of the same thing as the one named, that one included; `known_as` says by which links."""
    return known_as(store, id).members


def known_as(store: Memory, id: EntityId) -> Identity:
    """The visits of the same thing as the one named. Raises `NotFound` where there is no such entity.

    Links are taken the surest first, those by `HAND` before all others. One is left out that would bring together
    whom `HAND` keeps apart, or, unless it is by `HAND` itself, two visits that overlap on one stream: nobody is in two
    places at once. So whoever of them is asked for, the same come together, whatever order they were linked in.
    """
    reached, links = _reached(store, id)
    known = store.find(Query(want=Want.ENTITIES, ids=tuple(sorted(reached)))).entities
    visits = {entity.id: entity for entity in known}
    if id not in visits:
        raise NotFound(f"there is no entity {id!r}", next_step="GET /v1/entities lists those there are")
    groups = _Groups(visits, links)
    for link in sorted(links, key=lambda each: (each.source != HAND, -each.score, each.id)):
        if link.same:
            groups.join(link)
    return groups.of(id)


def _reached(store: Memory, id: EntityId) -> tuple[set[EntityId], list[Link]]:
    """Everybody that a chain of links leads to, and all that is said of them."""
    reached, links = {id}, dict[str, Link]()
    edge = reached
    while edge and len(reached) <= MOST:
        found = store.find(Query(want=Want.LINKS, entities=tuple(sorted(edge)))).links
        links |= {link.id: link for link in found}
        edge = {end for link in found if link.same for end in (link.one, link.other)} - reached
        reached = reached | edge
    return reached, list(links.values())


class _Groups:
    """Visits put together step by step."""

    def __init__(self, visits: dict[EntityId, Entity], links: Iterable[Link]) -> None:
        self._visits = visits
        self._group: dict[EntityId, set[EntityId]] = {visit: {visit} for visit in visits}
        self._held: dict[EntityId, list[Link]] = {}
        self._apart = {link.id for link in links if link.source == HAND and not link.same}

    def join(self, link: Link) -> None:
        """Puts together the groups of the link's two ends, if nothing forbids it."""
        if link.one not in self._group or link.other not in self._group:
            return
        one, other = self._group[link.one], self._group[link.other]
        if one is other or self._forbidden(one, other, by_hand=link.source == HAND):
            return
        one |= other
        for visit in other:
            self._group[visit] = one
        self._held.setdefault(link.one, []).append(link)

    def _forbidden(self, one: set[EntityId], other: set[EntityId], *, by_hand: bool) -> bool:
        pairs = itertools.product(one, other)
        return any(_pair(a, b) in self._apart or (not by_hand and self._at_once(a, b)) for a, b in pairs)

    def _at_once(self, a: EntityId, b: EntityId) -> bool:
        one, other = self._visits[a], self._visits[b]
        if one.stream_id != other.stream_id:
            return False
        shared = one.span.intersect(other.span)
        return shared is not None and shared.duration > AT_ONCE

    def of(self, id: EntityId) -> Identity:
        """The group somebody came into."""
        members = tuple(sorted(self._group[id]))
        held = (link for member in members for link in self._held.get(member, ()))
        return Identity(members=members, links=tuple(sorted(held, key=lambda link: link.id)))


def _pair(a: EntityId, b: EntityId) -> str:
    return Link(one=a, other=b, score=1.0, source=HAND).id


def merge(store: Memory, id: EntityId, others: Sequence[EntityId]) -> Identity:
    """Says by hand that all these are the same, and takes back what `HAND` said against it; returns who they are now.

    Raises `NotFound` for an unknown entity, `Invalid` where nobody else is named.
    """
    others = [other for other in dict.fromkeys(others) if other != id]
    if not others:
        raise Invalid("nobody is named to be the same", next_step="name at least one other entity")
    groups = [identity(store, each) for each in (id, *others)]
    apart = _apart_by_hand(store, [member for group in groups for member in group])
    said = [Link(one=id, other=other, score=1.0, source=HAND) for other in others]
    known = {link.id for link in said}
    for one, other in itertools.combinations(groups, 2):
        pairs = (Link(one=a, other=b, score=1.0, source=HAND) for a in one for b in other if a != b)
        said += [link for link in pairs if link.id in apart - known]
    store.link(said)
    return known_as(store, id)


def split(store: Memory, id: EntityId, others: Sequence[EntityId] = ()) -> Identity:
    """Says by hand that the entity is none of these, or without any: none of those it is linked with; returns whom it
    was the same as, so that `merge` can take it back.

    Raises `NotFound` for an unknown entity, `Conflict` where it is the same as nobody.
    """
    before = known_as(store, id)
    found = store.find(Query(want=Want.LINKS, entities=(id,))).links
    linked = {end for link in found if link.same for end in (link.one, link.other)}
    apart = set(others) or {*before.members, *linked}
    apart.discard(id)
    if not apart:
        raise Conflict(
            f"the entity {id} is the same as no other", next_step="GET /v1/entities/{id}/timeline says who is"
        )
    if unknown := apart - {
        e.id for e in store.find(Query(want=Want.ENTITIES, ids=tuple(sorted(apart)))).entities
    }:
        raise NotFound(
            f"there is no entity {min(unknown)!r}", next_step="GET /v1/entities lists those there are"
        )
    store.link([Link(one=id, other=a, score=1.0, source=HAND, same=False) for a in sorted(apart)])
    return before


def _apart_by_hand(store: Memory, ids: Sequence[EntityId]) -> set[str]:
    found = store.find(Query(want=Want.LINKS, entities=tuple(sorted(set(ids))))).links
    return {link.id for link in found if link.source == HAND and not link.same}
