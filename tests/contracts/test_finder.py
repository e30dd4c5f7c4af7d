"""What every finder promises, run over all of them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.errors import Invalid
from core.media import Frame
from core.ports import Finder
from models.detect.find_open import OpenFinder
from models.fakes import FakeFinder

pytestmark = pytest.mark.slow

MAKERS: dict[str, Callable[[Callable[[str], Path]], Finder]] = {
    "fake": lambda _: FakeFinder(),
    "owlv2": lambda tiny: OpenFinder(str(tiny("owlv2")), threshold=0.02),
    "grounding_dino": lambda tiny: OpenFinder(str(tiny("grounding_dino")), threshold=0.02),
}


@pytest.fixture(params=sorted(MAKERS))
def finder(request: pytest.FixtureRequest) -> Finder:
    folders = request.getfixturevalue("tiny") if request.param != "fake" else Path
    return MAKERS[request.param](folders)


def frames() -> list[Frame]:
    rng = np.random.default_rng(3)
    sizes = ((90, 120), (90, 120), (120, 80))
    return [
        Frame(at=i, picture=rng.integers(0, 256, (*size, 3)).astype(np.uint8), scale=2.0)
        for i, size in enumerate(sizes)
    ]


def test_everything_found_is_called_by_a_word_that_was_asked_for(finder: Finder) -> None:
    shown = frames()
    found = finder.find(shown, ["Red forklift ", "pallet jack"])
    assert len(found) == len(shown)
    assert any(found)
    for frame, row in zip(shown, found, strict=True):
        assert [d.score for d in row] == sorted((d.score for d in row), reverse=True)
        for detection in row:
            assert detection.label in ("red forklift", "pallet jack")
            assert detection.source == finder.name
            assert 0 <= detection.box.x1 < detection.box.x2 <= frame.width * 2
            assert 0 <= detection.box.y1 < detection.box.y2 <= frame.height * 2


def test_no_frames_no_finds_and_no_words_are_refused(finder: Finder) -> None:
    assert finder.find([], ["person"]) == []
    with pytest.raises(Invalid):
        finder.find(frames(), [" "])


def test_asked_again_or_after_pickling_it_says_the_same(finder: Finder) -> None:
    copy: Finder = pickle.loads(pickle.dumps(finder))
    first = finder.find(frames()[:1], ["person"])
    assert [d.box.rounded() for d in first[0]] == [
        d.box.rounded() for d in copy.find(frames()[:1], ["person"])[0]
    ]
    assert finder.name == copy.name
