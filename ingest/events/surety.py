"""How surely an alarm is true, given how it was seen: what each maker of alarms multiplies up to a confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.clock import SECOND, Micros
from core.ground import Ground
from core.labels import TWO_WHEELERS
from core.place import Box, Point, Zone
from ingest.events.labels import VEHICLES, drives
from ingest.events.trail import Rest, Trail

ALIKE = 3
"""So many looks in a row err alike: they weigh as one."""
MOST = 4
"""More than so many looks that err each for itself say no more: what is misread for so long is misread for good."""
LOOKS = 3
"""In so many looks what alarms has to be so: one box that jumps is near nobody, and nowhere."""
DOUBT = 0.5
"""How many looks to the contrary a name is taken to have had besides."""
UNMOVED = 0.5
"""How surely somebody is there who turned up within the picture and has not gone anywhere since …"""
WALKED = 0.5
"""… which takes so many diagonals of the box."""
EDGE_PX, EDGE_SHARE = 2.0, 0.05
"""By how much the edge of a box errs (one standard deviation): max(EDGE_PX, EDGE_SHARE of its height)."""
CREEPS: Micros = SECOND * 3 // 2
"""A rest seems longer than it is by up to so much: when a thing that creeps to a halt stands is known no better …"""
BRAKES = 2.5
"""… and no better than a vehicle that brakes at so many metres a second per second, and sets off so, takes for the way
across the circle in which it rests: far from the camera that is metres wide."""


def there(trail: Trail) -> float:
    """How surely there is anything: that not all looks that err each for itself (`ALIKE`, `MOST`) were wrong, if each is
    wrong as often as the mean score says. Of what never moved (`WALKED`) all looks show the same and weigh as one.
    """
    independent = min(trail.looks / ALIKE, MOST if trail.journey >= WALKED else 1.0)
    return float(1.0 - (1.0 - min(1.0, trail.score)) ** independent)


def called(trail: Trail, labels: frozenset[str], nameless: float = 0.0) -> float:
    """How surely it is one of those: the part of what was said of it, with `DOUBT` looks to the contrary; `nameless` where
    nobody ever named it.
    """
    if not trail.names:
        share = 1.0 if trail.label in labels else nameless
    else:
        share = sum(trail.names.get(label, 0.0) for label in labels)
    return share * trail.looks / (trail.looks + DOUBT)


def came(trail: Trail) -> float:
    """How surely it came, and is not a place that only looks otherwise than before: people and vehicles come in at the picture's
    edge or move, unless they were there when the scene began.
    """
    return 1.0 if trail.at_edge or trail.at_first or trail.journey >= WALKED else UNMOVED


def surely_drives(trail: Trail) -> float:
    """How surely it is there and drives."""
    return there(trail) * came(trail) * called(trail, VEHICLES | TWO_WHEELERS, drives(trail))


def clear(margin: float, error: float) -> float:
    """How surely a measured value lies on its side of a limit, by its margin and its error (a standard deviation, in the
    same unit): the normal distribution's share, 0.5 just at the limit.
    """
    if error <= 0:
        return 1.0 if margin >= 0 else 0.0
    return 0.5 * (1.0 + math.erf(margin / (error * math.sqrt(2.0))))


def well_clear(margin: float, error: float) -> float:
    """As `clear`, of what is much more often not so: by no more than its error past the limit it is as likely as not. Far more
    walk than run, stand beside the road than on it, drive with the lane beside this one than against it, wait for a moment than for long.
    """
    return clear(margin - error, error)


def best_looks(sureties: Sequence[float], surety: float) -> list[float]:
    """The `LOOKS` surest of them and one more, the surest first: the last says how surely it was so at that many looks."""
    return sorted((*sureties, surety), reverse=True)[:LOOKS]


def edge_error(box: Box) -> float:
    """By how many pixels an edge of the box errs."""
    return max(EDGE_PX, EDGE_SHARE * box.height)


def place_error(box: Box, ground: Ground) -> float | None:
    """By how many metres the place of what is in the box errs, along the ground away from the camera, where a pixel is
    worth most; None where it does not stand on the ground.
    """
    (x, y), error = box.foot, edge_error(box)
    metres = ground.metres((x, y - error), (x, y + error))
    return None if metres is None else metres / 2


def longer_by(rest: Rest, ground: Ground | None) -> Micros:
    """By how much longer a rest may seem than it is: half of it before the thing stands, half of it after."""
    x, y = rest.centre
    metres = None if ground is None else ground.metres((x, y), (x, y + rest.radius))
    return CREEPS if metres is None else max(CREEPS, round(2 * math.sqrt(2 * metres / BRAKES) * SECOND))


def inside(zone: Zone, place: Point, along: Point | None = None) -> float:
    """How far within the zone a place lies, in pixels; negative outside. With `along` only from the sides that run that way
    rather than across: how far within a lane, wherever it ends.
    """
    corners = zip(zone.polygon, zone.polygon[1:] + zone.polygon[:1], strict=True)
    sides = [side for side in corners if along is None or _runs(side, along)]
    far = min((_to_side(place, start, end) for start, end in sides), default=math.inf)
    return far if zone.holds(place) else -far


def _runs(side: tuple[Point, Point], along: Point) -> bool:
    (ax, ay), (bx, by) = side
    return abs((bx - ax) * along[0] + (by - ay) * along[1]) > 0.7 * math.dist(*side) * math.hypot(*along)


def at_least(number: int, sureties: Sequence[float]) -> float:
    """How surely at least so many of them are so, each by itself as surely as it says."""
    ways = [1.0] + [0.0] * len(sureties)
    for surety in sureties:
        for k in range(len(ways) - 1, -1, -1):
            ways[k] = ways[k] * (1.0 - surety) + (ways[k - 1] * surety if k else 0.0)
    return min(1.0, sum(ways[number:]))


def told(*sureties: float) -> float:
    """All of them at once, to three places: the confidence that is written down."""
    return round(min(1.0, max(0.0, math.prod(sureties))), 3)


def _to_side(place: Point, start: Point, end: Point) -> float:
    (px, py), (ax, ay), (bx, by) = place, start, end
    length = (bx - ax) ** 2 + (by - ay) ** 2
    along = ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length if length > 0 else 0.0
    along = min(1.0, max(0.0, along))
    return math.dist(place, (ax + along * (bx - ax), ay + along * (by - ay)))
