"""Who is on the road and should not be: `on_road`, people, animals and objects outside of crossings."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.clock import SECOND, Micros
from core.ground import Ground
from core.ids import EntityId
from core.labels import FOUR_WHEELED, TWO_WHEELERS
from core.place import Layout, Point, Zone
from ingest.events.book import Book, Draft, Part, Spell
from ingest.events.labels import (
    ANIMALS,
    PEOPLE,
    UNNAMED,
    is_known,
    object_likeness,
    person_likeness,
    upright,
)
from ingest.events.surety import best_looks, called, came, edge_error, inside, there, told, well_clear
from ingest.events.thresholds import Thresholds
from ingest.events.trail import SAME_HEIGHT, TALLEST_OF, Step, Trail
from ingest.perception.presence import Visit

CARRIAGEWAYS = frozenset({"road", "lane", "junction", "rails"})
"""Kinds of zone in which vehicles drive."""
WALKWAYS = frozenset(
    {"crossing", "pavement", "sidewalk", "footway", "island", "verge", "bus_stop", "parking"}
)
"""Kinds of zone in which people may be, also where they lie on a road."""
ON_FOOT_M, ON_FOOT_SHARE = 3.6, 2.2
"""Nobody on foot is faster than this many metres (or of the own heights) a second for long: a fast runner is."""
DROVE_FOR: Micros = SECOND
"""Who was faster than that for so long drives, whatever he is called where he waits: a rider seen from behind is a person."""
WIDEST_M = 1.6
"""Wider than this is neither somebody on foot nor a lost load."""
WITHIN = 0.75
"""More than this part of somebody's box lies in the box of the vehicle that he is in."""
LOST_LOAD = 0.8
"""How far what is called a car, is no wider than that and never came may be taken for a lost load."""


@dataclass(slots=True)
class _Being:
    spell: Spell
    zone: str | None = None
    within: list[float] = field(default_factory=list)
    draft: Draft | None = None


class OnRoadMaker:
    """Tells who is on the road who does not drive there: people and animals that stay `on_road_s` in a zone of kind
    road, junction, rails or in a lane, and objects that came to rest in one, whatever they are called (`LOST_LOAD`); not on a crossing, pavement or island.

    One event per stay, breaks under half a second bridged; its zone is where it began. Riders and drivers are not on
    the road: whoever moves faster than one walks or runs, or did for `DROVE_FOR`, or is inside a two-wheeler's box. Nobody
    is told of who is not known for what he is (`is_known`). Confidence: how surely it is there and is what it is taken for,
    and how far within the road it came at `LOOKS` looks at least (`surety`).
    """

    GRACE: Micros = SECOND // 2

    def __init__(self, book: Book, layout: Layout, thresholds: Thresholds) -> None:
        self._book, self._need = book, thresholds.span("on_road_s")
        zones = layout.areas
        self._roads = [zone for zone in zones if zone.kind in CARRIAGEWAYS]
        self._free = [zone for zone in zones if zone.kind in WALKWAYS]
        self._ground = layout.scale
        self._known: dict[EntityId, _Being] = {}
        self._ended: dict[EntityId, Micros] = {}
        self._drove: dict[EntityId, Micros] = {}

    def step(self, step: Step) -> None:
        """Takes in one look."""
        if not self._roads:
            return
        wheels = [trail for trail in step.present if trail.label in TWO_WHEELERS]
        people = [trail for trail in step.present if trail.label in PEOPLE]
        cars = [trail for trail in step.everyone if trail.label in FOUR_WHEELED]
        for trail in step.present:
            self._note_pace(trail)
            if trail.label in PEOPLE and trail.box.height * SAME_HEIGHT < trail.tallest(TALLEST_OF):
                continue  # what hides the legs hides where somebody stands
            if trail.label in PEOPLE and any(_is_in(trail, car) for car in cars):
                continue  # who stands before a vehicle stands nearer to the camera: this is its driver, or a part of it
            zone = self._road_under(trail, people)
            likeness = 0.0 if zone is None else self._likeness(trail, wheels)
            if likeness > 0 or trail.entity_id in self._known:
                self._look(trail, zone, likeness)

    def gone(self, visit: Visit, trail: Trail) -> None:
        """Ends the stay of one who is gone."""
        self._ended.pop(trail.entity_id, None)
        self._drove.pop(trail.entity_id, None)
        being = self._known.pop(trail.entity_id, None)
        if being is not None and being.draft is not None:
            self._book.close(being.draft, being.spell.over_by(visit.at))

    def _road_under(self, trail: Trail, people: list[Trail]) -> Zone | None:
        """The road it stands on. Where two boxes of somebody overlap, one of the two may be his shadow or a part of him: he
        comes there where both stand there. Who is there already may pass others.
        """
        zone = self._road_at(trail.place)
        known = self._known.get(trail.entity_id)
        if zone is None or trail.label not in PEOPLE or (known is not None and known.spell.on):
            return zone
        same = (other for other in people if other is not trail and trail.box.overlap(other.box) > 0)
        return zone if all(self._road_at(other.place) is not None for other in same) else None

    def _road_at(self, place: Point) -> Zone | None:
        if any(zone.holds(place) for zone in self._free):
            return None
        return next((zone for zone in self._roads if zone.holds(place)), None)

    def _within(self, trail: Trail) -> float:
        """How surely it is on the road, and not just beside it or where people may be."""
        far = max(inside(zone, trail.place) for zone in self._roads)
        free = min((-inside(zone, trail.place) for zone in self._free), default=far)
        return well_clear(min(far, free), edge_error(trail.box))

    def _likeness(self, trail: Trail, wheels: list[Trail]) -> float:
        """How far it may be taken for somebody on foot or for a lost object."""
        if too_wide(trail, self._ground):
            return 0.0
        if trail.label in PEOPLE | ANIMALS or (trail.label in UNNAMED and upright(trail.box)):
            drove = self._too_fast(trail) or self._drove.get(trail.entity_id, 0) >= DROVE_FOR
            if (
                drove
                or not is_known(trail, PEOPLE | ANIMALS)
                or any(_rides(trail, wheel) for wheel in wheels)
            ):
                return 0.0
            return 1.0 if trail.label in ANIMALS else person_likeness(trail)
        if trail.rest is None or trail.from_start:
            return 0.0
        if trail.label in FOUR_WHEELED and came(trail) < 1.0 and across(trail, self._ground) is not None:
            return LOST_LOAD
        return object_likeness(trail)

    def _too_fast(self, trail: Trail) -> bool:
        return self._faster(
            trail, trail.top_speed, None if self._ground is None else trail.top_pace(self._ground)
        )

    def _note_pace(self, trail: Trail) -> None:
        """Adds up for how long it was faster than anybody on foot."""
        if len(trail.points) < 2:
            return
        if self._faster(trail, trail.speed, None if self._ground is None else trail.pace(self._ground)):
            passed = trail.at - trail.points[-2].at
            self._drove[trail.entity_id] = self._drove.get(trail.entity_id, 0) + passed

    @staticmethod
    def _faster(trail: Trail, speed: float, pace: float | None) -> bool:
        """Whether that is faster than on foot, in metres a second where a scale says them, else in own heights."""
        return speed > ON_FOOT_SHARE * trail.box.height if pace is None else pace > ON_FOOT_M

    def _look(self, trail: Trail, zone: Zone | None, likeness: float) -> None:
        being = self._known.setdefault(trail.entity_id, _Being(Spell(need=self._need, grace=self.GRACE)))
        holds = likeness > 0
        if holds:
            being.within = best_looks(being.within, self._within(trail))
        if not being.spell.on:
            began = None
            if trail.rest is not None and trail.label not in PEOPLE:  # one rest is not begun twice
                began = max(trail.rest.since, self._ended.get(trail.entity_id, 0))
            if being.spell.since is None and zone is not None:
                being.zone = zone.name
            if not being.spell.begins(trail.at, holds, turned=began) or being.spell.since is None:
                if not holds:
                    del self._known[trail.entity_id]
                return
            part = Part(trail.entity_id, trail.box_at(being.spell.since))
            being.draft = self._book.open("on_road", being.spell.since, [part], zone=being.zone)
        if being.draft is None:
            return
        if holds:
            being.draft.show(trail.at, trail.box)
            being.draft.confidence = told(there(trail), _called(trail, likeness), being.within[-1])
        if being.spell.ends(trail.at, holds):
            self._ended[trail.entity_id] = being.spell.over_by(trail.at)
            self._book.close(being.draft, self._ended[trail.entity_id])
            del self._known[trail.entity_id]


def _called(trail: Trail, likeness: float) -> float:
    if trail.label not in PEOPLE | ANIMALS:
        return likeness
    return likeness * called(trail, PEOPLE | ANIMALS, 1.0) * came(trail)


def too_wide(trail: Trail, ground: Ground | None) -> bool:
    """Whether it is wider than anybody on foot; False where no scale says."""
    wide = across(trail, ground)
    return wide is not None and wide > WIDEST_M


def across(trail: Trail, ground: Ground | None) -> float | None:
    """Metres from end to end of its box's lower edge; None where no scale says."""
    return None if ground is None else ground.metres(*trail.box.lower)


def _is_in(trail: Trail, car: Trail) -> bool:
    """Whether a person's box lies in a vehicle's, with its lower edge above the vehicle's by more than that errs."""
    above = car.box.y2 - trail.box.y2 > edge_error(car.box)
    return above and trail.box.overlap(car.box) > WITHIN * trail.box.area


def _rides(trail: Trail, wheel: Trail) -> bool:
    """Whether a person is the rider of that two-wheeler: more than a third of the lower half lies in its box."""
    return trail.box.shared(wheel.box) > 0.33
