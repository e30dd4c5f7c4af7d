"""What every embedder promises, run over all of them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ports import Embedder
from models.embed_words import WordEmbedder
from models.fakes_ask import FakeEmbedder

MAKERS = {"words": WordEmbedder, "fake": FakeEmbedder}
TEXTS = ["a red car enters", "", "the red car left", "ein Gabelstapler fährt", "  ", "12:30"]


@pytest.fixture(params=sorted(MAKERS))
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return MAKERS[request.param]()


def test_there_is_one_unit_row_per_text(embedder: Embedder) -> None:
    rows = embedder.embed(TEXTS)
    assert rows.shape == (len(TEXTS), embedder.dim)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_no_text_gives_no_row(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dim)


def test_a_row_does_not_depend_on_its_neighbours(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert np.array_equal(together, alone)


def test_different_texts_differ(embedder: Embedder) -> None:
    one, other = embedder.embed(["a red car", "two people"])
    assert float(one @ other) < 0.9


@pytest.mark.parametrize("maker", sorted(MAKERS))
@given(texts=st.lists(st.text(max_size=60), max_size=5))
def test_any_text_gets_a_unit_row(maker: str, texts: list[str]) -> None:
    rows = MAKERS[maker]().embed(texts)
    assert np.isfinite(rows).all()
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-4)


@pytest.mark.parametrize("maker", ["models.embed_words:WordEmbedder", "models.fakes_ask:FakeEmbedder"])
def test_another_process_gives_the_same_rows(maker: str) -> None:
    module, name = maker.split(":")
    code = (
        f"import hashlib; from {module} import {name};"
        f"print(hashlib.sha256({name}().embed({TEXTS!r}).tobytes()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(seen) == 1
    assert len(seen.pop().strip()) == 64
