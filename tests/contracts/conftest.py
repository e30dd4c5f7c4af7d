"""Fresh memories of each implementation, for whatever is promised of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.ports import Memory
from helpers.memories import OTHERS, PLAIN, Make, makers


@pytest.fixture(params=[PLAIN, *OTHERS])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """A maker of fresh, empty memories of one implementation."""
    yield from _makers(request, tmp_path)


@pytest.fixture(params=OTHERS)
def make_other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """The same, of every implementation but the plain one, which those are held against."""
    yield from _makers(request, tmp_path)


def _makers(request: pytest.FixtureRequest, folder: Path) -> Iterator[Make]:
    kind = request.param
    return makers(kind, folder, request.getfixturevalue("neo4j_database") if kind == "neo4j" else None)


@pytest.fixture
def store(make: Make) -> Memory:
    """One fresh memory."""
    return make()
