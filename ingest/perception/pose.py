"""How a person holds him- or herself, as far as the shape of the box tells: standing, sitting, lying."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from core.clock import SECOND, Micros
from core.place import Box

POSES: tuple[str, ...] = ("standing", "sitting", "lying")
"""From the one that says least to the one that says most."""
SLENDER = 1.9
"""Height over width from which on somebody is upright: arms and bags make no one this wide."""
LOW = (0.95, 1.75)
"""Height over width of one who sits …"""
SUNK = (0.5, 0.84)
"""… and the share of the upright height that is left: less is lying, more is bending."""
FLAT = 0.75
"""Height over width below which one lies …"""
FLAT_SUNK = 0.6
"""… with at most this share of the upright height."""
HELD: Micros = 3 * SECOND
"""A pose counts that was held for so long together …"""
MOSTLY = 0.7
"""… and standing, if it was most of the stay."""
STAYS = 0.25
"""Who sits or lies keeps the place: its middle moves by at most this share of the upright height a second."""
TOGETHER: Micros = SECOND
"""Looks further apart do not belong together."""


def pose_word(path: Sequence[tuple[Micros, Box, bool]]) -> str:
    """The pose of `POSES` that says most, of those held long enough; empty where it is not sure.

    `path` is moments, boxes and whether these are whole; cut ones are left out. Sitting and lying are told only of one
    who was upright too, against the own height: a camera that looks from above shows everybody low and wide.
    """
    whole = [(at, box) for at, box, is_whole in path if is_whole]
    upright = [box.height for _, box in whole if box.height >= SLENDER * box.width]
    if len(whole) < 5 or len(upright) < 3:
        return ""
    tall = float(np.median(upright))
    held = dict.fromkeys(POSES, 0)
    run: dict[str, Micros] = dict.fromkeys(POSES, 0)
    total = 0
    for (before, was), (at, box) in itertools.pairwise(whole):
        passed = at - before if at - before <= TOGETHER else 0
        total += passed
        now = _pose(box, tall, math.dist(was.centre, box.centre) / tall * SECOND / max(at - before, 1))
        for pose in POSES:
            run[pose] = run[pose] + passed if pose == now else 0
            held[pose] = max(held[pose], run[pose])
    for pose in ("lying", "sitting"):
        if held[pose] >= HELD:
            return pose
    return "standing" if len(upright) >= MOSTLY * len(whole) and total >= SECOND else ""


def _pose(box: Box, tall: float, pace: float) -> str:
    ratio, left = box.height / box.width, box.height / tall
    if ratio >= SLENDER:
        return "standing"
    if pace > STAYS:
        return ""
    if ratio <= FLAT and left <= FLAT_SUNK:
        return "lying"
    return "sitting" if LOW[0] <= ratio <= LOW[1] and SUNK[0] <= left <= SUNK[1] else ""
