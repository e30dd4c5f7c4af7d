"""Reads the scale of a file of drawings: one number, measured distances, places on a plan, or a homography."""

from __future__ import annotations

import math
from typing import TypedDict

from yaml.nodes import Node, SequenceNode

from core.ground import Ground
from ingest.layout.ground import Pair, from_distances, from_places, misfit
from ingest.layout.page import Keys, Page, kind_of, number_of, pair_of_numbers, point_of, shown

MOST_MISFIT = 0.25
"""By which part a measured distance may differ from the ground plane that fits all of them best."""


class Scale(TypedDict, total=False):
    """What `core.place.Layout` is to be given of a scale: one of the two, or nothing."""

    metres_per_pixel: float
    ground: Ground


def read_scale(page: Page, node: Node | None) -> Scale:
    """What `Layout` is to be given of a scale."""
    if node is None:
        return {}
    keys = Keys(page, node, "scale")
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
        number = number_of(page, value, key)
        if number <= 0:
            raise page.wrong(value, f"metres_per_pixel is {number:g}", "It is more than 0, e.g. 0.02")
        return {"metres_per_pixel": number}
    points = [(item, Keys(page, item, "a point of scale")) for item in keys.items("points")]
    if any(point.node("at") is not None for _, point in points):
        return {"ground": _placed(page, value, points)}
    return _measured(page, value, [(item, _pair_of(page, point)) for item, point in points])


def _measured(page: Page, node: Node, pairs: list[tuple[Node, Pair]]) -> Scale:
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
            f"no flat ground has {worst[2]:g} m between {shown(worst[0])} and {shown(worst[1])} "
            "and the other distances too",
            "Measure on the ground, not up walls, and check which points and metres belong together",
        )
    return {"ground": ground}


def _pair_of(page: Page, keys: Keys) -> Pair:
    keys.done("from", "to", "metres")
    start = point_of(page, keys.need("from", "[x, y]"), "scale")
    end = point_of(page, keys.need("to", "[x, y]"), "scale")
    far = keys.need("metres", "their distance on the ground")
    metres = number_of(page, far, "metres")
    if metres <= 0 or start == end:
        raise page.wrong(
            far,
            f"{metres:g} m between {shown(start)} and {shown(end)}",
            "Points and distance must differ from 0",
        )
    return start, end, metres


def _placed(page: Page, node: Node, points: list[tuple[Node, Keys]]) -> Ground:
    seen, known = [], []
    for _, keys in points:
        keys.done("at", "metres")
        seen.append(point_of(page, keys.need("at", "[x, y] in the picture"), "scale"))
        known.append(
            pair_of_numbers(page, keys.need("metres", "[X, Y] on a plan"), "a place on the ground", "[X, Y]")
        )
    want = (
        "Give four or more points on the ground, no three of them on one line: {at: [x, y], metres: [X, Y]}"
    )
    if len(points) < 4:
        raise page.wrong(node, f"{len(points)} places do not settle the ground", want)
    ground = from_places(seen, known)
    if ground is None:
        raise page.wrong(node, "these places do not settle the ground", want)
    return ground


def _homography(page: Page, node: Node) -> Ground:
    want = "A homography is three rows of three numbers"
    rows = node.value if isinstance(node, SequenceNode) else []
    if len(rows) != 3 or any(not isinstance(row, SequenceNode) or len(row.value) != 3 for row in rows):
        raise page.wrong(node, f"homography is {kind_of(node)}", want)
    across, down = (page.width, page.height) if page.relative else (1, 1)
    matrix = [[number_of(page, cell, "homography") for cell in row.value] for row in rows]
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
