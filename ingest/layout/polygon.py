"""Arithmetic of polygons: area, and whether one crosses itself."""

from __future__ import annotations

from core.place import Point


def area(corners: list[Point]) -> float:
    """Signed area in square pixels (the shoelace formula)."""
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in _edges(corners)) / 2


def _edges(corners: list[Point]) -> list[tuple[Point, Point]]:
    return list(zip(corners, corners[1:] + corners[:1], strict=True))


def crossing_edges(corners: list[Point]) -> tuple[int, int] | None:
    """The first two edges (by their first corners) that meet though they are not neighbours, or None."""
    edges = _edges(corners)
    for i, one in enumerate(edges):
        for j in range(i + 2, len(edges)):
            if i == 0 and j == len(edges) - 1:
                continue
            if _meet(*one, *edges[j]):
                return i, j
    return None


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    def turn(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    def between(p: Point, q: Point, r: Point) -> bool:
        return min(p[0], q[0]) <= r[0] <= max(p[0], q[0]) and min(p[1], q[1]) <= r[1] <= max(p[1], q[1])

    abc, abd, cda, cdb = turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
    if (abc > 0) != (abd > 0) and (cda > 0) != (cdb > 0) and 0 not in (abc, abd, cda, cdb):
        return True
    return (
        (abc == 0 and between(a, b, c))
        or (abd == 0 and between(a, b, d))
        or (cda == 0 and between(c, d, a))
        or (cdb == 0 and between(c, d, b))
    )
