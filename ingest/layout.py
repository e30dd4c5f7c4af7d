"""Reads what is drawn on a stream (zones, lines, lanes, scale) from YAML or JSON; every error names its line."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core.errors import Invalid
from core.ground import Ground
from core.place import Lane, Layout, Line, Point, Zone
from ingest.ground import Pair, from_distances, from_places, misfit
from ingest.polygon import area, crossing_edges

HOWTO = (
    "Write e.g. `zones: [{name: dock, kind: dock, polygon: [[10, 10], [200, 10], [200, 150]]}]`; "
    "also known are lines (name, from, to), lanes (name, polygon, direction), scale and units"
)
MOST_CHARACTERS = 200_000
"""A file of drawings larger than this is something else."""
DEEPEST = 10
MOST_CORNERS = 1_000
MOST_MISFIT = 0.25
"""By which part a measured distance may differ from the ground plane that fits all of them best."""
SCALARS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}


@dataclass(frozen=True, slots=True)
class _Page:
    """The file being read: its name, and the picture its numbers have to fit."""

    filename: str
    width: int
    height: int
    relative: bool = False

    def wrong(self, where: Node | yaml.Event | None, what: str, want: str) -> Invalid:
        """The error for that place in the file, with what is wanted there."""
        mark = where.start_mark if where is not None else None
        line = f", line {mark.line + 1}" if mark is not None else ""
        return Invalid(f"{self.filename}{line}: {what}", next_step=want, stage="layout")


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
    page = _Page(filename, width, height)
    root = _Keys(page, _parse(page, text), "the file")
    units = root.text("units", "pixels")
    if units not in ("pixels", "relative"):
        raise page.wrong(root.node("units"), f"units are {units!r}", "Set units to pixels or relative")
    page = _Page(filename, width, height, units == "relative")
    root = _Keys(page, root.of, "the file")
    drawn: dict[str, Node] = {}
    layout = Layout(
        zones=tuple(_zone(page, node, drawn) for node in root.items("zones")),
        lines=tuple(_line(page, node, drawn) for node in root.items("lines")),
        lanes=tuple(_lane(page, node, drawn) for node in root.items("lanes")),
        **_scale(page, root.node("scale")),
    )
    root.done("units", "zones", "lines", "lanes", "scale")
    return layout


def _parse(page: _Page, text: str) -> Node:
    if len(text) > MOST_CHARACTERS:
        raise page.wrong(None, f"{len(text)} characters are too many for drawings", HOWTO)
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith(("{", "[")):
        text = text.replace("\t", " ")  # JSON may be indented by tabs, YAML may not
    try:
        _refuse_traps(page, text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise Invalid(
            f"{page.filename}{line}: this is neither YAML nor JSON ({error.problem})",
            next_step=HOWTO,
            stage="layout",
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        reason = (
            "it is nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        )
        raise page.wrong(None, f"this is neither YAML nor JSON ({reason})", HOWTO) from error
    if root is None or (isinstance(root, ScalarNode) and not root.value):
        raise page.wrong(None, "the file is empty", HOWTO)
    return root


def _refuse_traps(page: _Page, text: str) -> None:
    """Aliases can make a small file huge, deep nesting a slow one; drawings have no use for either."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise page.wrong(
                event, f"aliases such as *{event.anchor} are not read here", "Write the value out"
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise page.wrong(event, "lists stand too deep in one another", HOWTO)


class _Keys:
    """A mapping of the file, read key by key."""

    def __init__(self, page: _Page, node: Node, what: str) -> None:
        if not isinstance(node, MappingNode):
            raise page.wrong(node, f"{what} is {_kind(node)}", f"Keys and values are wanted here. {HOWTO}")
        self.of, self._page, self._what = node, page, what
        self._nodes: dict[str, Node] = {}
        self._keys: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise page.wrong(key, f"a key of {what} is {_kind(key)}", "A key is a word")
            if key.value in self._nodes:
                raise page.wrong(key, f"{key.value!r} stands twice in {what}", "Keep one of the two")
            self._nodes[key.value], self._keys[key.value] = value, key

    def node(self, key: str) -> Node | None:
        """The value of the key, None where there is none (or null)."""
        found = self._nodes.get(key)
        return None if found is None or found.tag == "tag:yaml.org,2002:null" else found

    def need(self, key: str, want: str) -> Node:
        """The value of a key that must be there."""
        found = self.node(key)
        if found is None:
            raise self._page.wrong(self.of, f"{self._what} has no {key}", f"Add {key}: {want}")
        return found

    def text(self, key: str, otherwise: str | None = None) -> str:
        """The value of the key as words."""
        found = self.node(key)
        if found is None and otherwise is not None:
            return otherwise
        found = self.need(key, "a word")
        if not isinstance(found, ScalarNode) or not found.value.strip():
            raise self._page.wrong(
                found, f"{key} of {self._what} is {_kind(found)}", f"{key} is a word or a few"
            )
        try:
            found.value.encode()
        except UnicodeEncodeError as error:
            raise self._page.wrong(
                found, f"{key} of {self._what} holds half a character", "Write it in UTF-8"
            ) from error
        return str(found.value.strip())

    def items(self, key: str) -> Iterator[Node]:
        """The items of a list, none where there is no such key."""
        found = self.node(key)
        if found is None:
            return iter(())
        if not isinstance(found, SequenceNode):
            raise self._page.wrong(
                found, f"{key} is {_kind(found)}", f"{key} is a list: `{key}: [{{name: …}}]`"
            )
        return iter(found.value)

    def done(self, *known: str) -> None:
        """Raises `Invalid` for a key that nobody reads: most likely a slip of the pen."""
        for key, node in self._keys.items():
            if key not in known:
                raise self._page.wrong(
                    node, f"{self._what} has an unknown key {key!r}", f"Known are {', '.join(known)}"
                )


def _kind(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "keys and values"
    if isinstance(node, SequenceNode):
        return "a list"
    return repr(node.value) if node.value else "empty"


def _named(page: _Page, node: Node, what: str, drawn: dict[str, Node]) -> tuple[_Keys, str]:
    keys = _Keys(page, node, what)
    name = keys.text("name")
    if name in drawn:
        line = drawn[name].start_mark.line + 1
        raise page.wrong(
            keys.node("name"),
            f"the name {name!r} is taken (line {line})",
            "Give each drawing a name of its own",
        )
    drawn[name] = node
    return keys, name


def _zone(page: _Page, node: Node, drawn: dict[str, Node]) -> Zone:
    keys, name = _named(page, node, "a zone", drawn)
    keys.done("name", "kind", "polygon", "limit_kmh")
    polygon = _polygon(page, keys.need("polygon", "[[x, y], [x, y], [x, y]]"), f"zone {name!r}")
    return Zone(name=name, kind=keys.text("kind", "area"), polygon=polygon, limit_kmh=_limit(page, keys))


def _line(page: _Page, node: Node, drawn: dict[str, Node]) -> Line:
    keys, name = _named(page, node, "a line", drawn)
    keys.done("name", "from", "to")
    start = _point(page, keys.need("from", "[x, y]"), f"line {name!r}")
    end = _point(page, keys.need("to", "[x, y]"), f"line {name!r}")
    if start == end:
        raise page.wrong(keys.node("to"), f"line {name!r} has no length", "Let from and to differ")
    return Line(name=name, start=start, end=end)


def _lane(page: _Page, node: Node, drawn: dict[str, Node]) -> Lane:
    keys, name = _named(page, node, "a lane", drawn)
    keys.done("name", "polygon", "direction", "limit_kmh")
    polygon = _polygon(page, keys.need("polygon", "[[x, y], [x, y], [x, y]]"), f"lane {name!r}")
    toward = keys.need("direction", "[dx, dy]")
    dx, dy = _pair(page, toward, f"direction of lane {name!r}", "[dx, dy]")
    if page.relative:
        dx, dy = dx * page.width, dy * page.height
    if math.hypot(dx, dy) == 0:
        raise page.wrong(
            toward, f"the direction of lane {name!r} is [0, 0]", "Say where it leads, e.g. [1, 0]"
        )
    return Lane(name=name, polygon=polygon, direction=(dx, dy), limit_kmh=_limit(page, keys))


def _limit(page: _Page, keys: _Keys) -> float | None:
    node = keys.node("limit_kmh")
    if node is None:
        return None
    value = _number(page, node, "limit_kmh")
    if value <= 0:
        raise page.wrong(node, f"limit_kmh is {value:g}", "It is more than 0, e.g. 50")
    return value


def _polygon(page: _Page, node: Node, what: str) -> tuple[Point, ...]:
    want = "A polygon is three or more corners: [[x, y], [x, y], [x, y]]"
    if not isinstance(node, SequenceNode):
        raise page.wrong(node, f"the polygon of {what} is {_kind(node)}", want)
    if len(node.value) > MOST_CORNERS:
        raise page.wrong(node, f"{what} has {len(node.value)} corners", f"{MOST_CORNERS} are the most")
    corners = [_point(page, corner, what) for corner in node.value]
    nodes = list(node.value)
    if len(corners) > 1 and corners[0] == corners[-1]:  # closed as GIS tools close it
        del corners[-1], nodes[-1]
    if len(corners) < 3:
        raise page.wrong(node, f"{what} needs at least 3 corners, got {len(corners)}", want)
    for i, corner in enumerate(corners):
        if corner in corners[:i]:
            raise page.wrong(
                nodes[i], f"{what} has the corner {_shown(corner)} twice", "Take one of them out"
            )
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


def _point(page: _Page, node: Node, what: str) -> Point:
    x, y = _pair(page, node, f"a point of {what}", "[x, y]")
    if page.relative:
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            raise page.wrong(
                node, f"{what} has the point [{x:g}, {y:g}]", "With `units: relative`, x and y are 0 to 1"
            )
        return x * page.width, y * page.height
    if not (0.0 <= x <= page.width and 0.0 <= y <= page.height):
        raise page.wrong(
            node,
            f"{what} has the point [{x:g}, {y:g}], outside the picture of {page.width} × {page.height}",
            f"x is 0 to {page.width}, y is 0 to {page.height}",
        )
    return x, y


def _pair(page: _Page, node: Node, what: str, want: str) -> Point:
    if not isinstance(node, SequenceNode) or len(node.value) != 2:
        raise page.wrong(node, f"{what} is {_kind(node)}", f"Two numbers are wanted: {want}")
    x, y = node.value
    return _number(page, x, what), _number(page, y, what)


def _number(page: _Page, node: Node, what: str) -> float:
    if isinstance(node, ScalarNode) and (node.tag in SCALARS or _is_exponential(node)):
        try:
            value = float(node.value.replace("_", ""))
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            return value
    raise page.wrong(node, f"{what} holds {_kind(node)}", "A finite number is wanted")


def _is_exponential(node: ScalarNode) -> bool:
    """YAML 1.1 takes JSON's `1e3` for a word, because it has no point."""
    return node.style is None and "e" in node.value.lower() and not node.value.lower().startswith("e")


class _Scale(TypedDict, total=False):
    metres_per_pixel: float
    ground: Ground


def _scale(page: _Page, node: Node | None) -> _Scale:
    """What `Layout` is to be given of a scale."""
    if node is None:
        return {}
    keys = _Keys(page, node, "scale")
    keys.done("metres_per_pixel", "points", "homography")
    given = [
        (key, value) for key in ("metres_per_pixel", "points", "homography") if (value := keys.node(key))
    ]
    if len(given) != 1:
        raise page.wrong(
            node,
            "scale needs one of metres_per_pixel, points and homography",
            "Keep exactly one of the three",
        )
    key, value = given[0]
    if key == "homography":
        return {"ground": _homography(page, value)}
    if key == "metres_per_pixel":
        number = _number(page, value, key)
        if number <= 0:
            raise page.wrong(value, f"metres_per_pixel is {number:g}", "It is more than 0, e.g. 0.02")
        return {"metres_per_pixel": number}
    points = [(item, _Keys(page, item, "a point of scale")) for item in keys.items("points")]
    if any(point.node("at") is not None for _, point in points):
        return {"ground": _placed(page, value, points)}
    return _measured(page, value, [(item, _pair_of(page, point)) for item, point in points])


def _measured(page: _Page, node: Node, pairs: list[tuple[Node, Pair]]) -> _Scale:
    if not pairs:
        raise page.wrong(
            node, "scale has no points", "Give at least one pair: {from: [x, y], to: [x, y], metres: 3}"
        )
    if len(pairs) == 1:
        start, end, metres = pairs[0][1]
        return {"metres_per_pixel": metres / math.dist(start, end)}
    ground = from_distances([pair for _, pair in pairs], page.width, page.height)
    where, worst = max(pairs, key=lambda pair: misfit(ground, pair[1]))
    if misfit(ground, worst) > MOST_MISFIT:
        raise page.wrong(
            where,
            f"no flat ground has {worst[2]:g} m between {_shown(worst[0])} and {_shown(worst[1])} "
            "and the other distances too",
            "Measure on the ground, not up walls, and check which points and metres belong together",
        )
    return {"ground": ground}


def _pair_of(page: _Page, keys: _Keys) -> Pair:
    keys.done("from", "to", "metres")
    start = _point(page, keys.need("from", "[x, y]"), "scale")
    end = _point(page, keys.need("to", "[x, y]"), "scale")
    far = keys.need("metres", "their distance on the ground")
    metres = _number(page, far, "metres")
    if metres <= 0 or start == end:
        raise page.wrong(
            far,
            f"{metres:g} m between {_shown(start)} and {_shown(end)}",
            "Points and distance must differ from 0",
        )
    return start, end, metres


def _placed(page: _Page, node: Node, points: list[tuple[Node, _Keys]]) -> Ground:
    seen, known = [], []
    for _, keys in points:
        keys.done("at", "metres")
        seen.append(_point(page, keys.need("at", "[x, y] in the picture"), "scale"))
        known.append(_pair(page, keys.need("metres", "[X, Y] on a plan"), "a place on the ground", "[X, Y]"))
    want = (
        "Give four or more points on the ground, no three of them on one line: {at: [x, y], metres: [X, Y]}"
    )
    if len(points) < 4:
        raise page.wrong(node, f"{len(points)} places do not settle the ground", want)
    ground = from_places(seen, known)
    if ground is None:
        raise page.wrong(node, "these places do not settle the ground", want)
    return ground


def _homography(page: _Page, node: Node) -> Ground:
    want = "A homography is three rows of three numbers"
    rows = node.value if isinstance(node, SequenceNode) else []
    if len(rows) != 3 or any(not isinstance(row, SequenceNode) or len(row.value) != 3 for row in rows):
        raise page.wrong(node, f"homography is {_kind(node)}", want)
    across, down = (page.width, page.height) if page.relative else (1, 1)
    matrix = [[_number(page, cell, "homography") for cell in row.value] for row in rows]
    a, b, c = ((row[0] / across, row[1] / down, row[2]) for row in matrix)
    (p, q, r), (s, t, u), (v, w, x) = a, b, c
    if abs(p * (t * x - u * w) - q * (s * x - u * v) + r * (s * w - t * v)) < 1e-15:
        raise page.wrong(node, "the homography flattens the ground to a line", want)
    if v * page.width / 2 + w * page.height + x <= 0:
        raise page.wrong(
            node,
            "the homography has no ground at the picture's lower edge",
            "It leads from picture to metres, with a third row that is positive below the horizon",
        )
    return Ground((*a, *b, *c))


def _shown(point: Point) -> str:
    return f"[{point[0]:g}, {point[1]:g}]"
