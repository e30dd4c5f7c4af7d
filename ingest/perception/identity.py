"""Who is who within one stream: which lost stay a new track goes on with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from core.clock import SECOND
from core.colour import likeness
from core.ids import EntityId
from core.place import Box, Point
from core.sight import THING
from ingest.perception.attributes import side_of
from ingest.perception.stay import Glimpse, Stay, kinds

REACH = 0.9
"""How far, in box diagonals, a thing may turn up from where it was expected."""
ALIKE = 0.55
"""Least likeness of two appearances (Bhattacharyya, 0 to 1) of one and the same thing."""
SETTLED = 2 * SECOND
"""How long a resting thing may be unseen and still be taken for what starts to move near by."""

STAYED = 0.3
"""Overlap (IoU) from which on a box is where another was."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """Who is seen now and may hide others: its box and its velocity, pixels a second."""

    box: Box
    velocity: Point


def fits(one: str, other: str) -> bool:
    """Whether two labels may be said of one thing: a two-wheeler goes with its rider, a load with nobody who moves."""
    if one == other or THING in (one, other):
        return True
    return bool(kinds(one) & kinds(other))


def heir(lost: Iterable[Stay], first: Glimpse, *, carriers: dict[EntityId, Carrier]) -> Stay | None:
    """The lost stay that a track beginning with `first` goes on with, or None where nobody fits.

    Judged by place (where it was expected; for one hidden in another's box, that box), size, colours and time.
    """
    best, least = None, 0.0
    for stay in lost:
        merit = _merit(stay, first, carriers)
        if merit > least:
            best, least = stay, merit
    return best


def _merit(stay: Stay, first: Glimpse, carriers: dict[EntityId, Carrier]) -> float:
    if first.at <= stay.seen_at or not fits(stay.label, first.label):
        return 0.0
    look = likeness(stay.signature, first.appearance)
    carrier = carriers.get(stay.hidden_in) if stay.hidden_in is not None else None
    if look < (ALIKE if carrier is None else ALIKE / 2):
        return 0.0
    if carrier is not None:
        if not _within_reach(stay, first, carrier):
            return 0.0
        near = carrier.box.gap(first.box) / max(first.box.diagonal, 1.0)
        return look * max(0.0, 1 - near) + 0.2
    side = side_of(stay.box, stay.velocity, stay.frame, leaving=True)
    if side and stay.moving and not side_of(first.box, stay.velocity, stay.frame, leaving=True):
        return 0.0  # it was on its way out: only what is still at that edge can be it
    if not stay.moving and first.at - stay.seen_at > SETTLED and stay.box.iou(first.box) < STAYED:
        return 0.0  # what rested and was long unseen does not jump up elsewhere
    expected = stay.expected(first.at)
    scale = math.sqrt(first.box.area / expected.area)
    if not 0.4 < scale < 2.5:
        return 0.0
    away = min(math.dist(b.centre, first.box.centre) for b in (expected, stay.box))
    reach = REACH * max(expected.diagonal, first.box.diagonal) + 0.25 * math.hypot(*stay.velocity)
    if away > reach:
        return 0.0
    return look * (1 - 0.7 * away / reach) * math.sqrt(min(scale, 1 / scale))


def _within_reach(hidden: Stay, first: Glimpse, carrier: Carrier) -> bool:
    """Whether who was hidden can have come so far, by itself or carried, and is of the size to be it. What rested and is larger
    than who passed before it stays where it was.
    """
    scale = math.sqrt(first.box.area / hidden.box.area)
    if not 0.4 < scale < 2.5:
        return False
    if not hidden.moving and hidden.box.area > carrier.box.area and hidden.box.iou(first.box) < STAYED:
        return False
    speed = max(math.hypot(*hidden.velocity), math.hypot(*carrier.velocity))
    reach = (
        REACH * max(hidden.box.diagonal, first.box.diagonal) + speed * (first.at - hidden.seen_at) / SECOND
    )
    return math.dist(hidden.box.centre, first.box.centre) <= reach
