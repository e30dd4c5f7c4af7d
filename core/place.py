"""What is drawn on a stream: zones, lines, lanes and a scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.ground import Ground

Point = tuple[float, float]
"""(x, y) in pixels of the source picture, y downwards."""
SLIM = 0.45
"""How wide what goes aslant in the picture is taken to be for its length: cars are 0.35 to 0.5, seen from well above."""
SAME_SHAPE = 1.25
"""Up to so many times as wide for its height a box has the same shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A named area of the picture; `kind` is free (aisle, shelf, road, crossing, dock, goal …).

    `limit_kmh` is the speed vehicles may have in it, where one is set.
    """

    name: str
    polygon: tuple[Point, ...]
    kind: str = "area"
    limit_kmh: float | None = None

    def __post_init__(self) -> None:
        if len(self.polygon) < 3:
            raise ValueError(f"zone {self.name!r} needs at least 3 corners, got {len(self.polygon)}")

    def holds(self, place: Point) -> bool:
        """Whether the place is inside (even-odd rule; the left and upper edges count as inside)."""
        x, y = place
        inside = False
        for (ax, ay), (bx, by) in zip(self.polygon, self.polygon[1:] + self.polygon[:1], strict=True):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
        return inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A named line to be crossed, drawn from `start` to `end`; its two sides are `left` and `right` of that walk."""

    name: str
    start: Point
    end: Point

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(f"line {self.name!r} has no length")

    def side(self, place: Point) -> float:
        """Signed distance in pixels: positive on the left of the walk from start to end as seen on screen."""
        (ax, ay), (bx, by) = self.start, self.end
        length = math.hypot(bx - ax, by - ay)
        return ((by - ay) * (place[0] - ax) - (bx - ax) * (place[1] - ay)) / length


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A zone with the direction in which it may be driven, as (dx, dy) in the picture, and the limit that holds in it."""

    name: str
    polygon: tuple[Point, ...]
    direction: Point
    limit_kmh: float | None = None

    def __post_init__(self) -> None:
        if len(self.polygon) < 3:
            raise ValueError(f"lane {self.name!r} needs at least 3 corners, got {len(self.polygon)}")
        if self.direction == (0.0, 0.0):
            raise ValueError(f"lane {self.name!r} needs a direction other than (0, 0)")

    def zone(self) -> Zone:
        """The lane's area."""
        return Zone(name=self.name, polygon=self.polygon, kind="lane", limit_kmh=self.limit_kmh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Everything drawn on one stream, in pixels of its source picture.

    The scale is one of `metres_per_pixel`, which holds over the whole picture (as seen from straight above), and
    `ground`, which knows it at each place; neither means that no scale is known. Raises ValueError for both at once.
    """

    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    lanes: tuple[Lane, ...] = ()
    metres_per_pixel: float | None = None
    ground: Ground | None = None

    def __post_init__(self) -> None:
        if self.metres_per_pixel is not None and self.ground is not None:
            raise ValueError("a layout has metres_per_pixel or a ground, not both")
        names = [
            *(z.name for z in self.zones),
            *(li.name for li in self.lines),
            *(la.name for la in self.lanes),
        ]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"names must differ, but {', '.join(map(repr, twice))} stands more than once")

    @property
    def areas(self) -> tuple[Zone, ...]:
        """The zones and the lanes' areas, each in the order they were drawn in."""
        return (*self.zones, *(lane.zone() for lane in self.lanes))

    @property
    def lanes_first(self) -> tuple[Zone, ...]:
        """The same, the lanes' areas before the zones: for what is of the lane rather than of the road it lies in."""
        return (*(lane.zone() for lane in self.lanes), *self.zones)

    @property
    def directions(self) -> dict[str, Point]:
        """Which way each lane leads, by its name."""
        return {lane.name: lane.direction for lane in self.lanes}

    def zone_at(self, place: Point) -> str | None:
        """The name of the zone, else of the lane, that was drawn first of those that hold the place; None where nothing is."""
        return next((area.name for area in self.areas if area.holds(place)), None)

    @property
    def scale(self) -> Ground | None:
        """The ground in metres, whichever way it was given; None where no scale is known."""
        if self.metres_per_pixel is not None:
            return Ground.flat(self.metres_per_pixel)
        return self.ground


EMPTY_LAYOUT = Layout()


@dataclass(frozen=True, slots=True)
class Box:
    """An upright box in pixels of the source picture: left, top, right, bottom, with right > left and bottom > top."""

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if not (self.x2 > self.x1 and self.y2 > self.y1):
            raise ValueError(f"a box needs x2 > x1 and y2 > y1, got {(self.x1, self.y1, self.x2, self.y2)}")

    @property
    def width(self) -> float:
        """Pixels across."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """Pixels down."""
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height

    @property
    def diagonal(self) -> float:
        """Corner to corner, pixels."""
        return math.hypot(self.width, self.height)

    @property
    def centre(self) -> Point:
        """The middle."""
        return ((self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2)

    @property
    def foot(self) -> Point:
        """The middle of the lower edge: where a thing is said to stand."""
        return ((self.x1 + self.x2) / 2, self.y2)

    @property
    def lower(self) -> tuple[Point, Point]:
        """The lower edge, from its left end to its right."""
        return (self.x1, self.y2), (self.x2, self.y2)

    def overlap(self, other: Box) -> float:
        """Shared area in square pixels."""
        across = min(self.x2, other.x2) - max(self.x1, other.x1)
        down = min(self.y2, other.y2) - max(self.y1, other.y1)
        return across * down if across > 0 and down > 0 else 0.0

    def shared(self, other: Box) -> float:
        """Shared area over that of the smaller of the two, 0 to 1: 1 where one lies in the other."""
        return self.overlap(other) / min(self.area, other.area)

    def iou(self, other: Box) -> float:
        """Shared area over joined area, 0 to 1."""
        shared = self.overlap(other)
        return shared / (self.area + other.area - shared)

    def gap(self, other: Box) -> float:
        """Shortest distance between the two boxes in pixels; 0 where they touch or overlap."""
        across = max(self.x1 - other.x2, other.x1 - self.x2, 0.0)
        down = max(self.y1 - other.y2, other.y1 - self.y2, 0.0)
        return math.hypot(across, down)

    def shift(self, before: Box) -> float:
        """By how many pixels it lies elsewhere than `before`: as far as its foot if it has the same shape, else as far as
        both of two opposite edges went the same way, for what grows or shrinks at one side has not moved.
        """
        slimmer = self.width * before.height / (self.height * before.width)
        if 1 / SAME_SHAPE <= slimmer <= SAME_SHAPE:
            return math.dist(self.foot, before.foot)
        across = _together(self.x1 - before.x1, self.x2 - before.x2)
        return math.hypot(across, _together(self.y1 - before.y1, self.y2 - before.y2))

    def hull(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(
            min(self.x1, other.x1), min(self.y1, other.y1), max(self.x2, other.x2), max(self.y2, other.y2)
        )

    def base(self, way: Point) -> tuple[Point, ...]:
        """The line on which a vehicle in the box stands on the ground. One that goes aslant in the picture, as `way` says,
        leaves corners of its box free: one end of it lies on a part of the lower edge (`SLIM`), and from there its side goes up the
        picture the way it goes. Seen from well above, that is; from low down a box is high for other reasons.
        """
        across, down = abs(way[0]), abs(way[1])
        if across == 0:
            return self.lower
        end = self.width * SLIM * down / (across + SLIM * down)
        high = max(self.y1, self.y2 - (self.width - end) * down / across)
        if way[0] * way[1] < 0:
            return (self.x1, self.y2), (self.x1 + end, self.y2), (self.x2, high)
        return (self.x2, self.y2), (self.x2 - end, self.y2), (self.x1, high)

    def metres_to(self, other: Box, ground: Ground) -> float | None:
        """The gap to the other box in metres: between the boxes as seen from above, else between their lower edges,
        which stand on the ground. None where one of them stands on none.
        """
        if ground.from_above:
            return self.gap(other) * math.hypot(ground.matrix[0], ground.matrix[3])
        return ground.gap(self.lower, other.lower)

    def mean(self, other: Box) -> Box:
        """The box half-way between the two."""
        return Box(
            (self.x1 + other.x1) / 2,
            (self.y1 + other.y1) / 2,
            (self.x2 + other.x2) / 2,
            (self.y2 + other.y2) / 2,
        )

    def moved(self, dx: float, dy: float) -> Box:
        """The box so far to the right and down."""
        return Box(self.x1 + dx, self.y1 + dy, self.x2 + dx, self.y2 + dy)

    def scaled(self, by: float) -> Box:
        """The box in a picture `by` times as large."""
        return Box(self.x1 * by, self.y1 * by, self.x2 * by, self.y2 * by)

    def rounded(self) -> list[float]:
        """`[x1, y1, x2, y2]` to a tenth of a pixel, for JSON."""
        return [round(v, 1) for v in (self.x1, self.y1, self.x2, self.y2)]


def _together(one: float, other: float) -> float:
    """How far both moved the same way; 0 where they moved apart or towards each other."""
    return min(abs(one), abs(other)) if one * other > 0 else 0.0
