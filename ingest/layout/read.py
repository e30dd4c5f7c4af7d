"""Reads what is drawn on a stream (zones, lines, lanes, scale) from YAML or JSON; every error names its line."""

from __future__ import annotations

import math

from yaml.nodes import Node, SequenceNode

from core.place import Lane, Layout, Line, Point, Zone
from ingest.layout.page import Keys, Page, kind_of, named, number_of, pair_of_numbers, parse, point_of, shown
from ingest.layout.polygon import area, crossing_edges
from ingest.layout.scale import read_scale

MOST_CORNERS = 1_000


def read_layout(text: str, *, width: int, height: int, filename: str) -> Layout:
    """What is drawn on a stream whose picture is `width` × `height`, in pixels of that picture.

    YAML or JSON (which is YAML): `zones`, `lines`, `lanes`, `scale`; numbers are pixels, or with `units: relative` 0 to
    1 of the width and height. `scale` is one of:

    - `{metres_per_pixel: 0.02}`: one number for the whole picture, for a camera that looks straight down;
    - `{points: [{from: [x, y], to: [x, y], metres: 3}, …]}`: distances measured on the ground. From two on, in different
      depths, they give the ground plane; a single one is one number for the whole picture, right near it alone;
    - `{points: [{at: [x, y], metres: [X, Y]}, …]}`: four or more points on the ground and where they lie on a plan;
    - `{homography: [[…], […], […]]}`: from picture points to metres, as calibration tools write it.

    Raises `Invalid` with the file, the line and what is wanted there.
    """
    page = Page(filename, width, height)
    root = Keys(page, parse(page, text), "the file")
    units = root.text("units", "pixels")
    if units not in ("pixels", "relative"):
        raise page.wrong(root.node("units"), f"units are {units!r}", "Set units to pixels or relative")
    page = Page(filename, width, height, units == "relative")
    root = Keys(page, root.of, "the file")
    drawn: dict[str, Node] = {}
    layout = Layout(
        zones=tuple(_zone(page, node, drawn) for node in root.items("zones")),
        lines=tuple(_line(page, node, drawn) for node in root.items("lines")),
        lanes=tuple(_lane(page, node, drawn) for node in root.items("lanes")),
        **read_scale(page, root.node("scale")),
    )
    root.done("units", "zones", "lines", "lanes", "scale")
    return layout


def _zone(page: Page, node: Node, drawn: dict[str, Node]) -> Zone:
    keys, name = named(page, node, "a zone", drawn)
    keys.done("name", "kind", "polygon", "limit_kmh")
    polygon = _polygon(page, keys.need("polygon", "[[x, y], [x, y], [x, y]]"), f"zone {name!r}")
    return Zone(name=name, kind=keys.text("kind", "area"), polygon=polygon, limit_kmh=_limit(page, keys))


def _line(page: Page, node: Node, drawn: dict[str, Node]) -> Line:
    keys, name = named(page, node, "a line", drawn)
    keys.done("name", "from", "to")
    start = point_of(page, keys.need("from", "[x, y]"), f"line {name!r}")
    end = point_of(page, keys.need("to", "[x, y]"), f"line {name!r}")
    if start == end:
        raise page.wrong(keys.node("to"), f"line {name!r} has no length", "Let from and to differ")
    return Line(name=name, start=start, end=end)


def _lane(page: Page, node: Node, drawn: dict[str, Node]) -> Lane:
    keys, name = named(page, node, "a lane", drawn)
    keys.done("name", "polygon", "direction", "limit_kmh")
    polygon = _polygon(page, keys.need("polygon", "[[x, y], [x, y], [x, y]]"), f"lane {name!r}")
    toward = keys.need("direction", "[dx, dy]")
    dx, dy = pair_of_numbers(page, toward, f"direction of lane {name!r}", "[dx, dy]")
    if page.relative:
        dx, dy = dx * page.width, dy * page.height
    if math.hypot(dx, dy) == 0:
        raise page.wrong(
            toward, f"the direction of lane {name!r} is [0, 0]", "Say where it leads, e.g. [1, 0]"
        )
    return Lane(name=name, polygon=polygon, direction=(dx, dy), limit_kmh=_limit(page, keys))


def _limit(page: Page, keys: Keys) -> float | None:
    node = keys.node("limit_kmh")
    if node is None:
        return None
    value = number_of(page, node, "limit_kmh")
    if value <= 0:
        raise page.wrong(node, f"limit_kmh is {value:g}", "It is more than 0, e.g. 50")
    return value


def _polygon(page: Page, node: Node, what: str) -> tuple[Point, ...]:
    want = "A polygon is three or more corners: [[x, y], [x, y], [x, y]]"
    if not isinstance(node, SequenceNode):
        raise page.wrong(node, f"the polygon of {what} is {kind_of(node)}", want)
    if len(node.value) > MOST_CORNERS:
        raise page.wrong(node, f"{what} has {len(node.value)} corners", f"{MOST_CORNERS} are the most")
    corners = [point_of(page, corner, what) for corner in node.value]
    nodes = list(node.value)
    if len(corners) > 1 and corners[0] == corners[-1]:  # closed as GIS tools close it
        del corners[-1], nodes[-1]
    if len(corners) < 3:
        raise page.wrong(node, f"{what} needs at least 3 corners, got {len(corners)}", want)
    for i, corner in enumerate(corners):
        if corner in corners[:i]:
            raise page.wrong(nodes[i], f"{what} has the corner {shown(corner)} twice", "Take one of them out")
    crossing = crossing_edges(corners)
    if crossing is not None:
        first, second = crossing
        raise page.wrong(
            nodes[second],
            f"{what} crosses itself: the edges after its corners {first + 1} and {second + 1} meet",
            "List the corners in order, once around",
        )
    if abs(area(corners)) < 1.0:
        raise page.wrong(node, f"{what} has no area", "Its corners may not all lie on one line")
    return tuple(corners)
