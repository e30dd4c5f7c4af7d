"""Players in shirts, shorts and socks who run, stand and hold a ball, and the ball itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bench.scenes.scene import Pose
from bench.scenes.shapes import Figure, Rgb, Spot, lit

STRIDE = 2.1
"""Metres per full running cycle (two steps) of a grown-up."""
HAIR: tuple[Rgb, ...] = ((42, 32, 26), (92, 62, 36), (28, 26, 28), (160, 124, 72))
SKINS: tuple[Rgb, ...] = ((224, 172, 136), (150, 104, 74), (198, 146, 110), (104, 72, 52))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What a player wears, and how tall he or she is (metres)."""

    shirt: Rgb
    shorts: Rgb
    socks: Rgb
    skin: Rgb
    hair: Rgb
    height: float = 1.75


def player(kit: Kit) -> Callable[[Pose], Figure]:
    """How a player in this kit is drawn: running as fast as the pose says, arms up where it is doing `hold`."""
    return lambda pose: _player(pose, kit)


def _player(pose: Pose, kit: Kit) -> Figure:
    grow = kit.height / 1.75
    forward = (math.cos(pose.facing), math.sin(pose.facing))
    left = (-forward[1], forward[0])
    phase = pose.walked / (STRIDE * grow) * 2 * math.pi
    going = min(1.0, pose.speed / 3.2)

    def spot(f: float, s: float, u: float) -> Spot:
        return (
            pose.x + grow * (f * forward[0] + s * left[0]),
            pose.y + grow * (f * forward[1] + s * left[1]),
            grow * u,
        )

    figure = Figure()
    far_first = sorted((1, -1), key=lambda side: -spot(0, 0.2 * side, 1)[1])
    for side in far_first:
        _leg(figure, spot, side, phase + (math.pi if side < 0 else 0.0), going, kit, grow)
    _arm(figure, spot, far_first[0], phase, going, pose.doing, kit, grow)
    figure.stroke([spot(0.0, 0.0, 0.9), spot(0.0, 0.0, 0.98)], 0.17 * grow, kit.shorts)
    for side in far_first:
        figure.stroke(
            [spot(0.0, 0.05 * side, 1.02), spot(0.03, 0.1 * side, 1.36)], 0.125 * grow, lit(kit.shirt, 0.9)
        )
    figure.stroke([spot(0.02, 0.0, 1.02), spot(0.05, 0.0, 1.36)], 0.12 * grow, kit.shirt)
    _arm(figure, spot, far_first[1], phase, going, pose.doing, kit, grow)
    figure.stroke([spot(0.05, 0.0, 1.46), spot(0.06, 0.0, 1.52)], 0.05 * grow, lit(kit.skin, 0.85))
    figure.stroke([spot(0.07, 0.0, 1.63)], 0.108 * grow, kit.skin)
    figure.stroke([spot(0.04, 0.0, 1.68)], 0.098 * grow, kit.hair)
    return figure


def _leg(
    figure: Figure,
    spot: Callable[[float, float, float], Spot],
    side: int,
    phase: float,
    going: float,
    kit: Kit,
    grow: float,
) -> None:
    thigh = 0.75 * going * math.sin(phase) + 0.12 * going
    shank = thigh - going * (0.25 + 1.1 * max(0.0, math.sin(phase + 1.9)) ** 2)
    s = 0.1 * side
    knee = (0.42 * math.sin(thigh), 0.9 - 0.42 * math.cos(thigh))
    ankle = (knee[0] + 0.42 * math.sin(shank), max(0.06, knee[1] - 0.42 * math.cos(shank)))
    shade = 1.0 if side > 0 else 0.88
    figure.stroke(
        [spot(ankle[0], s, ankle[1]), spot(ankle[0] + 0.16, s, ankle[1] - 0.02)], 0.05 * grow, (30, 30, 34)
    )
    figure.stroke([spot(0.0, s, 0.9), spot(knee[0], s, knee[1])], 0.08 * grow, lit(kit.skin, shade))
    middle = (0.6 * knee[0], 0.9 + 0.6 * (knee[1] - 0.9))
    figure.stroke([spot(0.0, s, 0.92), spot(middle[0], s, middle[1])], 0.105 * grow, lit(kit.shorts, shade))
    figure.stroke(
        [spot(*_between(knee, ankle, 0.25, s)), spot(ankle[0], s, ankle[1])],
        0.06 * grow,
        lit(kit.socks, shade),
    )


def _between(
    a: tuple[float, float], b: tuple[float, float], share: float, s: float
) -> tuple[float, float, float]:
    return a[0] + share * (b[0] - a[0]), s, a[1] + share * (b[1] - a[1])


def _arm(
    figure: Figure, spot: Callable[[float, float, float], Spot], side: int, phase: float, going: float, doing: str,
    kit: Kit, grow: float,
) -> None:  # fmt: skip
    swing = 0.75 * going * math.sin(phase + (0.0 if side < 0 else math.pi))
    upper, fore = (0.8, 1.5) if doing == "hold" else (swing, swing + 0.3 + 0.9 * going)
    s = 0.21 * side
    elbow = (0.05 + 0.28 * math.sin(upper), 1.4 - 0.28 * math.cos(upper))
    wrist = (elbow[0] + 0.25 * math.sin(fore), elbow[1] - 0.25 * math.cos(fore))
    inward = 0.5 if doing == "hold" else 1.05
    figure.stroke([spot(0.05, s, 1.4), spot(elbow[0], s * 1.1, elbow[1])], 0.062 * grow, lit(kit.shirt, 0.95))
    at_elbow, at_wrist = spot(elbow[0], s * 1.1, elbow[1]), spot(wrist[0], s * inward, wrist[1])
    figure.stroke([at_elbow, at_wrist], 0.045 * grow, lit(kit.skin, 0.95))


def ball(rgb: Rgb, radius: float, height: Callable[[float], float]) -> Callable[[Pose], Figure]:
    """How a ball of that radius (metres) is drawn; `height` says how far above the ground it is at a second."""

    def drawn(pose: Pose) -> Figure:
        figure, z = Figure(), radius + height(pose.at)
        figure.stroke([(pose.x, pose.y, z)], radius, rgb)
        turn = pose.walked / radius
        for k in range(3):
            angle = turn + 2 * math.pi * k / 3
            patch = (pose.x + 0.5 * radius * math.cos(angle), pose.y, z + 0.5 * radius * math.sin(angle))
            figure.stroke([patch], radius * 0.3, lit(rgb, 0.45), shadow=False)
        figure.stroke(
            [(pose.x - 0.3 * radius, pose.y, z + 0.4 * radius)], radius * 0.25, lit(rgb, 1.15), shadow=False
        )
        return figure

    return drawn
