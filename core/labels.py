"""Labels that belong together, as detectors say them: one list each, so that every room means the same things by a word."""

from __future__ import annotations

FOUR_WHEELED = frozenset({"car", "truck", "bus", "train", "van", "vehicle", "forklift", "cart"})
"""What drives and is not balanced by its rider."""
TWO_WHEELERS = frozenset({"bicycle", "motorcycle"})
LOADS = frozenset({"pallet", "box"})
"""What only travels when it is carried."""
BALLS = frozenset({"ball", "sports ball"})
"""What detectors call the ball of a game."""
