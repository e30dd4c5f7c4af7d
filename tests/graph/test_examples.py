"""Labelled pictures: kept, found by likeness, removed with their files."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, NotFound
from core.media import Picture
from graph.examples import LONGEST_SIDE, Shelf, look
from graph.ledger import MemoryLedger
from graph.media import MemoryMedia


def plain(colour: tuple[int, int, int], *, stripes: bool = False, side: int = 60) -> Picture:
    picture = np.full((side, side, 3), colour, np.uint8)
    if stripes:
        picture[::6] = 255 - picture[::6]
    return picture


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(MemoryLedger(), MemoryMedia())


def test_the_most_alike_come_last_and_no_more_than_are_wanted(shelf: Shelf) -> None:
    for name, colour in (("red", (200, 30, 30)), ("green", (30, 160, 40)), ("blue", (30, 40, 200))):
        shelf.add(plain(colour), label=name)
    found = shelf.nearest([plain((210, 40, 35), side=90)], 2)
    assert found[-1].example.label == "red"
    assert len(found) == 2
    assert found[-1].likeness >= found[0].likeness


def test_edges_tell_pictures_of_one_colour_apart(shelf: Shelf) -> None:
    shelf.add(plain((200, 30, 30)), label="plain")
    shelf.add(plain((200, 30, 30), stripes=True), label="striped")
    assert shelf.nearest([plain((190, 30, 30), stripes=True)], 1)[0].example.label == "striped"


def test_a_picture_comes_back_as_it_was_and_as_the_same_object(shelf: Shelf) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    row = shelf.add(picture, text="noise")
    assert np.array_equal(shelf.picture(row), picture)
    assert shelf.picture(row) is shelf.picture(row)


def test_the_same_twice_is_once_and_large_ones_are_kept_small(shelf: Shelf) -> None:
    large = plain((9, 90, 9), side=2 * LONGEST_SIDE)
    assert shelf.add(large, label="a") == shelf.add(large, label="a")
    assert len(shelf.all()) == 1
    assert max(shelf.picture(shelf.all()[0]).shape) == LONGEST_SIDE


def test_what_is_removed_is_gone_with_its_picture() -> None:
    media = MemoryMedia()
    shelf = Shelf(MemoryLedger(), media)
    row = shelf.add(plain((1, 2, 3)), label="a")
    assert media.keys("examples/") == [row.key]
    shelf.remove(row.id)
    assert media.keys("examples/") == []
    assert shelf.nearest([plain((1, 2, 3))], 3) == []
    with pytest.raises(NotFound):
        shelf.remove(row.id)


def test_one_of_which_nothing_is_said_is_refused(shelf: Shelf) -> None:
    with pytest.raises(Invalid):
        shelf.add(plain((1, 2, 3)), label="  ")


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_look_is_a_unit_vector_of_one_length_whatever_the_picture(
    height: int, width: int, seed: int
) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    vector = look(picture)
    assert len(vector) == len(look(plain((0, 0, 0))))
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
