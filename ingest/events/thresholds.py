"""Where a look becomes an event: every default definition, each settable per stream and per zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from core.clock import Micros, micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The default definitions of events; names ending in `_s` are seconds, `_px` pixels, `_m` metres, `_kmh` km/h.

    A `_share` is relative to the thing's own size: of its box's diagonal for rests, lines and vehicles' speed (a
    second), of a person's height for nearness and people's speed (a second). `_m` values replace their `_px` and
    `_share` partners where the layout has a scale. `zones` holds other values for single zones, lines or lanes:
    `{"dock 2": {"dwell_s": 30}}`. Raises ValueError on a negative value and on an unknown name in `zones`.
    """

    rest_s: float = 2.0
    """`stopped`: how long a rest is at least …"""
    rest_px: float = 6.0
    rest_share: float = 0.06
    """… within a circle of max(`rest_px`, `rest_share` of the box's diagonal)."""
    rest_settle_s: float = 0.7
    """A thing has started when it stayed out of that circle for as long as this."""
    zone_hold_s: float = 0.5
    """`entered_zone`, `left_zone`: how long the change has to hold."""
    dwell_s: float = 5.0
    """`dwelled`: the shortest stay in one zone."""
    line_px: float = 4.0
    line_share: float = 0.04
    """`crossed_line`: on a side is who is at least max(`line_px`, `line_share` of the diagonal) from the line."""
    turn_deg: float = 60.0
    """`turned`: the change of direction."""
    turn_within_s: float = 4.0
    """… and how soon the new direction has to be taken."""
    moving_share: float = 0.15
    """Slower than this many diagonals a second is not moving in any direction."""
    near_share: float = 0.5
    near_m: float = 1.2
    """`together`, `approached`: how far apart two boxes may be to be near each other …"""
    near_s: float = 1.0
    """… and for how long; then they are `near`."""
    together_s: float = 3.0
    """`together`: two people near each other for as long as this."""
    apart_factor: float = 1.6
    """`parted`: when the distance is this many times what near is …"""
    apart_s: float = 1.0
    """… for as long as this."""
    follow_s: float = 3.0
    """`followed`: how long one walks where the other walked shortly before."""
    miss_px: float = 30.0
    miss_m: float = 1.5
    """`near_miss`: how far apart the two boxes may be."""
    fast_px: float = 40.0
    fast_share: float = 0.5
    fast_person_share: float = 1.2
    fast_heights: float = 0.86
    fast_m: float = 2.0
    """`near_miss`: moving fast is `fast_m` metres a second; without a scale at least `fast_px`, and for a person
    `fast_person_share` of its heights, for a vehicle `fast_heights` of the person's beside it (1.5 m) or, where nobody
    on foot is beside it, `fast_share` of its diagonals. A walk is about 0.8 heights (1.4 m) a second."""
    encounter_s: float = 2.0
    """Near misses of the same two that follow each other this soon are one."""
    wrong_way_s: float = 1.0
    wrong_way_deg: float = 120.0
    """`wrong_way`: for how long, and how far from the lane's direction."""
    running_s: float = 0.8
    running_share: float = 1.5
    running_m: float = 3.0
    """`running`: a person for as long as this at heights (or metres) a second."""
    speed_limit_kmh: float | None = None
    speeding_s: float = 0.5
    """`speeding`: a limit (none by default; it takes a scale), and for how long it is passed."""
    crowd_people: int = 3
    crowd_s: float = 2.0
    crowd_zones: tuple[str, ...] = ()
    """`crowd`: how many people for how long, in these zones; by default in the whole picture."""
    queue_people: int = 3
    queue_s: float = 5.0
    """`queue`: how many people stand for how long in a zone of kind queue, checkout, till or counter."""
    queue_vehicles: int = 3
    """… and how many vehicles in a lane."""
    blocked_s: float = 5.0
    """`blocked`: how long a thing rests in a zone of kind aisle, dock or exit (or alike)."""
    on_road_s: float = 1.0
    """`on_road`: how long somebody is on a road who does not drive there."""
    crash_m: float = 9.0
    crash_share: float = 1.6
    """`collision`: how much speed is lost at the contact, metres (or diagonals) a second per second: no brake does that."""
    stalled_s: float = 10.0
    """`stalled`: how long a vehicle rests on a road, a crossing, in a lane or an aisle."""
    fall_s: float = 1.0
    fall_share: float = 0.55
    """`fell`: for how long somebody lies, and of the height before at most this share is left."""
    shelf_share: float = 0.4
    """`shelf_empty`, `shelf_restocked`: which share of the zone's pixels has to differ."""
    alone_s: float = 1.0
    with_share: float = 0.75
    with_m: float = 1.5
    """`object_left`: how long nobody is with a resting object; with it is who is at most this far away."""
    dark_level: float = 32.0
    dark_s: float = 1.0
    """`camera_dark`: not one pixel in twenty reaches this brightness (0 to 255), for as long as this."""
    covered_share: float = 0.5
    covered_s: float = 1.5
    """`camera_covered`: this part of what had detail has lost it, for as long as this."""
    blurred_share: float = 0.5
    blurred_s: float = 1.5
    """`camera_blurred`: fine detail beside the coarse has fallen to this part of what it was, for as long as this."""
    frozen_share: float = 0.2
    frozen_floor: float = 0.03
    frozen_s: float = 3.0
    """`camera_frozen`: pictures differ by less than this part of what two pictures of the scene differ by at the least
    (which has to be `frozen_floor` grey levels), for as long as this."""
    moved_share: float = 0.025
    moved_s: float = 1.0
    """`camera_moved`: the view lies this part of the picture's width elsewhere, for as long as this."""
    zones: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self._numbers().items():
            if value < 0:
                raise ValueError(f"{name} is not negative, got {value}")
        known = self._numbers().keys() | {"speed_limit_kmh"}
        for zone, values in self.zones.items():
            unknown = sorted(values.keys() - known)
            if unknown:
                raise ValueError(f"zone {zone!r} sets {', '.join(unknown)}: no such threshold")

    def _numbers(self) -> dict[str, float]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, int | float)}

    def at(self, zone: str) -> Thresholds:
        """The definitions that hold in the zone, line or lane of that name."""
        own = self.zones.get(zone)
        return replace(self, zones={}, **own) if own else self  # type: ignore[arg-type]

    def span(self, name: str) -> Micros:
        """The threshold of that name (one ending in `_s`) in microseconds."""
        return micros(float(getattr(self, name)))


DEFAULT = Thresholds()
"""The definitions of the contract."""
