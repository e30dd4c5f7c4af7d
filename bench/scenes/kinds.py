"""Which kinds of scenes there are: a kind is one function from a seed to a scene."""

from __future__ import annotations

from collections.abc import Callable

from bench.scenes.dock import loading_dock
from bench.scenes.scene import Scene
from bench.scenes.sports import football
from bench.scenes.traffic import traffic
from bench.scenes.warehouse import warehouse

KINDS: dict[str, Callable[[int], Scene]] = {
    "dock": loading_dock,
    "warehouse": warehouse,
    "sports": football,
    "traffic": traffic,
}
"""Kind → the function that writes the scene for a seed, the same scene for the same seed."""
