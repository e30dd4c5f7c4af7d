"""How near two vectors are: the same in every store, so that their orders agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from core.memory import Vector

STEP = 1e-6
"""Nearness is told apart no finer than this: sums taken in another order differ by less."""


def nearness(rows: npt.NDArray[np.floating], to: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The cosine of each unit row to the unit vector `to`, in steps of `STEP`."""
    exact = rows.astype(np.float64) @ to.astype(np.float64)
    return np.asarray(np.round(exact / STEP) * STEP)


def check_length(vector: Vector, length: int | None) -> None:
    """Raises `Invalid` unless the vector has as many numbers as the others of its model (None: it is the first)."""
    if length is not None and vector.length != length:
        raise Invalid(
            f"a vector of {vector.length} numbers by {vector.model!r}, whose others have {length}",
            next_step="give every model, and every version of one, a name of its own",
        )
