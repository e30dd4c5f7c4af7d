"""Rows that decord gives padded."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.decode.decord import three_channels


@pytest.mark.parametrize(("width", "counted"), [(96, 4), (32, 6), (160, 3)])
def test_the_padding_of_a_row_is_no_channel(width: int, counted: int) -> None:
    shown = np.random.default_rng(1).integers(0, 256, (8, width, 3), dtype=np.uint8)
    rows = np.zeros((8, width * counted), np.uint8)
    rows[:, : 3 * width] = shown.reshape(8, -1)
    assert np.array_equal(three_channels(rows.reshape(8, width, counted)), shown)
