"""Which labels are vehicles, two-wheelers, people and objects — and what a nameless thing most resembles."""

from __future__ import annotations

from core.clock import SECOND, Micros
from core.labels import FOUR_WHEELED, TWO_WHEELERS
from core.place import Box
from core.sight import THING
from ingest.events.trail import Trail

VEHICLES = FOUR_WHEELED | {"motorcycle"}
PEOPLE = frozenset({"person"})
ANIMALS = frozenset(
    {"bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "animal"}
)
LOADS = frozenset({"pallet"})
"""What does not move by itself: while it moves, a vehicle carries it and may well be hidden behind it."""
VULNERABLE = PEOPLE | TWO_WHEELERS
"""Whom a vehicle endangers. One who rides is called a person about as often as what he rides."""
UNNAMED = frozenset({THING, ""})

KNOWN_FOR: Micros = SECOND
"""Who is followed for so long, of which most looks tell the same, is known for what it is …"""
NAMELESS_FOR: Micros = 2 * SECOND
"""… and what nobody named in so long is no piece of something else either."""
AGREED = 0.7
"""The part of what was said of somebody that has to tell the same: who is one thing as often as another is none of them."""
PIECE_SHARE = 0.7
"""What lies in the box of another by more than this part is a piece of it, or the other a piece of this."""
TALL = 1.3
"""Height over width from which a nameless thing may be someone upright."""


def is_known(trail: Trail, labels: frozenset[str]) -> bool:
    """Whether it is sure enough that it is one of those to wake somebody for it: followed long enough, and hardly ever
    called anything else. A nameless thing is none of them surely, but was at least never called anything else.
    """
    followed = trail.at - trail.born
    if not trail.names:
        return (trail.label in labels and followed >= KNOWN_FOR) or followed >= NAMELESS_FOR
    return followed >= KNOWN_FOR and sum(trail.names.get(label, 0.0) for label in labels) >= AGREED


def is_piece(one: Trail, other: Trail) -> bool:
    """Whether the two are one thing: the smaller box lies in the larger."""
    return one.box.shared(other.box) > PIECE_SHARE


def travelled(trail: Trail) -> bool:
    """Whether it has come two of its diagonals or more from where it was first seen, so that it moves by itself or is
    carried.
    """
    return trail.journey >= 2.0


def upright(box: Box) -> bool:
    """Whether the box has the shape of someone standing."""
    return box.height >= TALL * box.width


def person_likeness(trail: Trail) -> float:
    """How far it may be taken for a person, 0 to 1: 1 by its label; a nameless thing 0.7 if it is tall and came from
    somewhere, 0.5 if it is only tall, 0.3 if it only came from somewhere; everything else 0.
    """
    if trail.label in PEOPLE:
        return 1.0
    if trail.label not in UNNAMED:
        return 0.0
    if upright(trail.box):
        return 0.7 if travelled(trail) else 0.5
    return 0.3 if travelled(trail) else 0.0


def mover_likeness(trail: Trail) -> float:
    """How far it may be taken for one who carries and takes things: people, vehicles and animals 1; nameless things
    as `person_likeness` says, at least 0.3 while they move.
    """
    if trail.label in PEOPLE or trail.label in VEHICLES or trail.label in ANIMALS:
        return 1.0
    if trail.label in UNNAMED and trail.moving:
        return max(0.3, person_likeness(trail))
    return person_likeness(trail)


def object_likeness(trail: Trail) -> float:
    """How far it may be taken for an object that people put down and take: 0 for people, vehicles and animals; 1 for
    whatever else has a name; a nameless thing 0.8 (0.6 if it is tall) if it came up in the middle of the picture or
    stood there from the start and has not travelled; otherwise 0.
    """
    if trail.label in PEOPLE or trail.label in VEHICLES | TWO_WHEELERS or trail.label in ANIMALS:
        return 0.0
    if trail.label not in UNNAMED:
        return 1.0
    if trail.at_edge or travelled(trail):
        return 0.0
    return 0.6 if upright(trail.box) else 0.8


def near_miss_roles(one: Trail, other: Trail) -> tuple[Trail, Trail, float] | None:
    """The two as (vehicle, person or two-wheeler, certainty), or None where they are no such pair.

    By label the certainty is 1; a load that moves passes for its vehicle at 0.8. A nameless thing passes for the vehicle at 0.6 if its box is at least twice as large
    as the other's and not upright; for the person at 0.6 if its box is upright.
    """
    for vehicle, person in ((one, other), (other, one)):
        certainty = _as_vehicle(vehicle, person) * _as_vulnerable(person)
        if certainty > 0:
            return vehicle, person, certainty
    return None


def _as_vehicle(trail: Trail, other: Trail) -> float:
    if trail.label in VEHICLES:
        return 1.0
    if trail.label in LOADS and trail.top_speed >= 0.15 * trail.box.diagonal:
        return 0.8
    bulky = trail.box.area >= 2 * other.box.area and not upright(trail.box)
    return 0.6 if trail.label in UNNAMED and bulky else 0.0


def _as_vulnerable(trail: Trail) -> float:
    if trail.label in VULNERABLE:
        return 1.0
    return 0.6 if trail.label in UNNAMED and upright(trail.box) else 0.0


def drives(trail: Trail) -> float:
    """How far it may be taken for something that drives: 1 by its label, 0.7 for a nameless thing that is not upright."""
    if trail.label in VEHICLES or trail.label in TWO_WHEELERS:
        return 1.0
    return 0.7 if trail.label in UNNAMED and not upright(trail.box) else 0.0
