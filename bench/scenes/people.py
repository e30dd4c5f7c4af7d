"""A worker in a hard hat and a coloured vest: walks, runs, stands, carries, bends down, falls, lies and gets up."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bench.scenes.camera import Camera
from bench.scenes.scene import Pose
from bench.scenes.shapes import Figure, Rgb, Spot, lit

STRIDE = 1.5
"""Metres per full walking cycle (two steps) of a grown-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clothes:
    """The colours a worker is seen in, and how tall he or she is (metres)."""

    vest: Rgb
    hat: Rgb
    trousers: Rgb
    sleeves: Rgb
    skin: Rgb
    height: float = 1.76


HIP = 0.93
"""Metres from the floor to the hip of a body of 1.76 m."""
FALL_S, RISE_S, BEND_S = 0.7, 1.6, 0.6
"""Seconds it takes to fall, to get up, and to bend down or straighten up."""


def _tilt(pose: Pose) -> float:
    """How far the whole body is tipped forward about its feet, radians: lying is a right angle."""
    flat = math.pi / 2 - 0.06
    if pose.doing == "fall":
        return flat * min(1.0, pose.since / FALL_S) ** 2
    if pose.doing == "rise":
        return flat * (1 - min(1.0, pose.since / RISE_S))
    return flat if pose.doing == "lie" else 0.0


def _bend(pose: Pose) -> float:
    """How far the upper body is bent forward about the hip, radians."""
    if pose.doing != "bend":
        return 0.0
    return 1.35 * min(1.0, pose.since / BEND_S, pose.left / BEND_S)


class _Body:
    """Turns (forward, left, up) on the body into the world; `grow` is the height over 1.76 m."""

    def __init__(self, pose: Pose, grow: float, lift: float) -> None:
        self.pose, self.grow, self.lift = pose, grow, lift
        self.forward = (math.cos(pose.facing), math.sin(pose.facing))
        self.left = (-self.forward[1], self.forward[0])
        self.tilt, self.bend = _tilt(pose), _bend(pose)

    def spot(self, f: float, s: float, u: float) -> Spot:
        g = self.grow
        if self.bend and u > HIP:
            f, u = _turned(f, u - HIP, self.bend)
            u += HIP
        if self.tilt:
            f, u = _turned(f, u, self.tilt)
            u += 0.12 * math.sin(self.tilt)
        return (
            self.pose.x + g * (f * self.forward[0] + s * self.left[0]),
            self.pose.y + g * (f * self.forward[1] + s * self.left[1]),
            g * u + self.lift,
        )


def _turned(f: float, u: float, angle: float) -> tuple[float, float]:
    """Tipped forward about the origin."""
    return f * math.cos(angle) + u * math.sin(angle), u * math.cos(angle) - f * math.sin(angle)


def worker(clothes: Clothes, camera: Camera) -> Callable[[Pose], Figure]:
    """How a worker in these clothes is drawn."""
    return lambda pose: _worker(pose, clothes, camera)


def _worker(pose: Pose, clothes: Clothes, camera: Camera) -> Figure:
    figure = Figure()
    phase = pose.walked / STRIDE * 2 * math.pi
    going = min(1.5, pose.speed / 0.9) if pose.speed > 2 else min(1.0, pose.speed / 0.9)
    legs = [_leg(phase + turn, going) for turn in (0.0, math.pi)]
    drop = max(knee_ankle[1][1] for knee_ankle in legs)
    body = _Body(pose, clothes.height / 1.76, clothes.height / 1.76 * (drop + 0.05 - 0.93))
    sides = (1, -1)
    near = sorted(sides, key=lambda side: -body.spot(0, 0.2 * side, 1)[1])
    for side in near:
        _paint_leg(figure, body, side, legs[0 if side > 0 else 1], clothes)
    arms = {side: _arm(phase + (math.pi if side > 0 else 0), going, pose.doing) for side in sides}
    _paint_arm(figure, body, near[0], arms[near[0]], clothes)
    _paint_torso(figure, body, clothes)
    if pose.doing == "clipboard":
        _paint_clipboard(figure, body)
    if pose.doing == "carry":
        _paint_carton(figure, body, camera)
    _paint_arm(figure, body, near[1], arms[near[1]], clothes)
    paint_head(figure, body.spot(0.02, 0, 1.62), 0.108 * body.grow, body.forward, clothes, camera)
    return figure


def _leg(phase: float, going: float) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Knee and ankle as (forward, below the hip) and the angle of the shank, for one leg at its phase."""
    thigh = 0.46 * going * math.sin(phase)
    bend = going * (0.12 + 0.75 * max(0.0, math.sin(phase + 1.9)) ** 2) if going > 0.05 else 0.0
    shank = thigh - bend
    knee = (0.43 * math.sin(thigh), 0.43 * math.cos(thigh))
    ankle = (knee[0] + 0.44 * math.sin(shank), knee[1] + 0.44 * math.cos(shank))
    return knee, ankle, shank


def _paint_leg(
    figure: Figure,
    body: _Body,
    side: int,
    leg: tuple[tuple[float, float], tuple[float, float], float],
    clothes: Clothes,
) -> None:
    knee, ankle, shank = leg
    s = 0.095 * side
    hip = body.spot(0, s, 0.93)
    at_knee = body.spot(knee[0], s, 0.93 - knee[1])
    at_ankle = body.spot(ankle[0], s, 0.93 - ankle[1])
    toe = body.spot(ankle[0] + 0.17 * math.cos(shank), s, 0.93 - ankle[1] + 0.17 * math.sin(shank) - 0.02)
    shade = 1.0 if side > 0 else 0.88
    grow = body.grow
    figure.stroke([at_ankle, toe], 0.05 * grow, (38, 32, 30))
    figure.stroke([hip, at_knee], 0.088 * grow, lit(clothes.trousers, shade))
    figure.stroke([at_knee, at_ankle], 0.064 * grow, lit(clothes.trousers, shade * 0.94))


def _arm(phase: float, going: float, doing: str) -> tuple[float, float]:
    """Angles of the upper arm and the forearm from hanging down, forwards positive."""
    if doing == "clipboard":
        return 0.35, 1.5
    if doing == "carry":
        return 0.3, 1.35
    if doing == "reach":
        return 1.3, 1.7
    if doing == "startled":
        return 1.35, 2.1
    swing = 0.42 * going * math.sin(phase)
    return swing, swing + 0.25 + 0.2 * going


def _paint_arm(figure: Figure, body: _Body, side: int, arm: tuple[float, float], clothes: Clothes) -> None:
    upper, fore = arm
    s = 0.215 * side
    shoulder = body.spot(0, s, 1.42)
    elbow = (0.29 * math.sin(upper), 1.42 - 0.29 * math.cos(upper))
    wrist = (elbow[0] + 0.25 * math.sin(fore), elbow[1] - 0.25 * math.cos(fore))
    inward = 0.6 if fore > 1.2 else 1.0
    at_elbow, at_wrist = body.spot(elbow[0], s * 1.08, elbow[1]), body.spot(wrist[0], s * inward, wrist[1])
    figure.stroke([shoulder, at_elbow], 0.056 * body.grow, lit(clothes.sleeves, 0.95))
    figure.stroke([at_elbow, at_wrist], 0.046 * body.grow, lit(clothes.sleeves, 0.85))
    figure.stroke([at_wrist], 0.048 * body.grow, clothes.skin)


def _paint_torso(figure: Figure, body: _Body, clothes: Clothes) -> None:
    grow = body.grow
    for side in (1, -1):
        figure.stroke(
            [body.spot(0, 0.06 * side, 0.96), body.spot(0, 0.12 * side, 1.38)],
            0.115 * grow,
            lit(clothes.vest, 0.82),
        )
    figure.stroke([body.spot(0.02, 0, 1.0), body.spot(0.02, 0, 1.36)], 0.12 * grow, clothes.vest)
    figure.stroke(
        [body.spot(0.03, 0.03, 1.02), body.spot(0.03, 0.05, 1.34)], 0.06 * grow, lit(clothes.vest, 1.1)
    )
    band = (235, 238, 225)
    for u in (1.03, 1.18):
        ends = [body.spot(0.06, 0.13, u), body.spot(0.06, -0.13, u)]
        figure.stroke(ends, 0.026 * grow, band)
    for side in (1, -1):
        stripe = [body.spot(0.05, 0.1 * side, 1.18), body.spot(0.03, 0.12 * side, 1.44)]
        figure.stroke(stripe, 0.022 * grow, band)
    figure.stroke([body.spot(0, 0, 1.45), body.spot(0.01, 0, 1.54)], 0.055 * grow, lit(clothes.skin, 0.85))


def paint_head(
    figure: Figure, at: Spot, radius: float, forward: tuple[float, float], clothes: Clothes, camera: Camera
) -> None:
    """A head with a hard hat whose brim points forward."""
    figure.stroke([at], radius, clothes.skin)
    back = (at[0] - 0.05 * forward[0], at[1] - 0.05 * forward[1], at[2])
    if forward[1] > 0.25:  # seen from behind: hair
        figure.stroke([back], radius * 0.92, (58, 44, 36))
    up = camera.up
    ring = [math.pi * i / 12 for i in range(13)]
    wide = radius * 1.22
    dome = [
        (
            at[0] + wide * math.cos(a),
            at[1] + wide * math.sin(a) * up[1],
            at[2] + wide * (0.12 + math.sin(a) * up[2]),
        )
        for a in ring
    ]
    figure.patch(dome, clothes.hat)
    bright = [(at[0] + 0.7 * (x - at[0]), y, at[2] + 0.7 * (z - at[2])) for x, y, z in dome[6:11]]
    figure.stroke(bright[1:4], radius * 0.14, lit(clothes.hat, 1.18), shadow=False)
    brim = 0.19 * radius / 0.108
    figure.stroke(
        [
            (at[0] - wide + 0.01, at[1], at[2] + 0.02),
            (at[0] + wide - 0.01, at[1], at[2] + 0.02),
        ],
        radius * 0.13,
        lit(clothes.hat, 0.8),
    )
    figure.stroke(
        [
            (at[0], at[1], at[2] + 0.025),
            (at[0] + brim * forward[0], at[1] + brim * forward[1], at[2] + 0.015),
        ],
        radius * 0.14,
        lit(clothes.hat, 0.86),
    )


def _paint_clipboard(figure: Figure, body: _Body) -> None:
    corners = [(0.33, 0.13, 1.12), (0.33, -0.13, 1.12), (0.42, -0.13, 1.36), (0.42, 0.13, 1.36)]
    figure.patch([body.spot(*c) for c in corners], (240, 240, 236))


def _paint_carton(figure: Figure, body: _Body, camera: Camera) -> None:
    """A carton held before the chest."""
    faces = (
        ([(0.2, 0.22, 1.38), (0.2, -0.22, 1.38), (0.52, -0.22, 1.38), (0.52, 0.22, 1.38)], 1.1),
        ([(0.2, 0.22, 1.02), (0.52, 0.22, 1.02), (0.52, 0.22, 1.38), (0.2, 0.22, 1.38)], 0.9),
        ([(0.2, -0.22, 1.02), (0.52, -0.22, 1.02), (0.52, -0.22, 1.38), (0.2, -0.22, 1.38)], 0.9),
        ([(0.52, 0.22, 1.02), (0.52, -0.22, 1.02), (0.52, -0.22, 1.38), (0.52, 0.22, 1.38)], 1.0),
    )
    turned = [([body.spot(*c) for c in corners], light) for corners, light in faces]
    turned.sort(key=lambda face: -sum(camera.depth(*spot) for spot in face[0]))
    for corners, light in turned:
        figure.patch(corners, lit((178, 134, 88), light))
