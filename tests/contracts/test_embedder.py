"""What every embedder promises, run over all of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelUnavailable
from core.ports import Embedder
from helpers.vlm_server import Line, embeddings, refused, vlm_server
from models.embed_openai import OpenAiEmbedder
from models.embed_words import WordEmbedder
from models.fakes_ask import FakeEmbedder

MAKERS = {"words": WordEmbedder, "fake": FakeEmbedder}
LOCAL = ("bert", "siglip2")
TEXTS = ["a red car enters", "", "the red car left", "ein Gabelstapler fährt", "  ", "12:30"]


def served(body: dict[str, Any]) -> Line:
    """A server that embeds as the words do, scaled as some servers do."""
    return embeddings((WordEmbedder().embed(body["input"]) * 3).tolist())


@pytest.fixture(
    params=[*sorted(MAKERS), "openai", *(pytest.param(name, marks=pytest.mark.slow) for name in LOCAL)]
)
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    if request.param == "openai":
        with vlm_server(served) as server:
            made = OpenAiEmbedder(server.model())
            yield made
            made.close()
    elif request.param in LOCAL:
        yield local(request)
    else:
        yield MAKERS[request.param]()


def local(request: pytest.FixtureRequest) -> Embedder:
    tiny = request.getfixturevalue("tiny")
    from models.embed_local import local_embedder

    return local_embedder(str(tiny(request.param)))


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
    assert np.allclose(together, alone, atol=1e-5)


def test_different_texts_differ(embedder: Embedder) -> None:
    one, other = embedder.embed(["a red car", "two people"])
    assert float(one @ other) < 0.999


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


# ---- a server's ways to fail -----------------------------------------------------------------------------------


def test_many_texts_are_asked_for_in_parts_and_come_back_in_order() -> None:
    texts = [f"text {n}" for n in range(300)]
    with vlm_server(served) as server:
        embedder = OpenAiEmbedder(server.model())
        rows = embedder.embed(texts)
        embedder.close()
    assert np.allclose(rows, WordEmbedder().embed(texts), atol=1e-6)
    assert [len(asked["input"]) for asked in server.asked] == [128, 128, 44]
    assert embedder.name == "openai:tiny"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (refused("no such model", 404), "knows no model"),
        (refused("bad key sk-secret", 401), "refuses the key"),
        (refused("not an embedding model", 400), "not an embedding model"),
        (Line(status=500, body=b"{}"), "failed with 500"),
        (Line(body=b'{"data": []}'), "usable vectors"),
        (Line(body=b"[]"), "vectors"),
        (Line(body=b"it is not JSON"), "vectors"),
        (embeddings([[0.0, 0.0]]), "usable vectors"),
        (embeddings([[1.0], [2.0]]), "usable vectors"),
    ],
)
def test_a_server_that_does_not_embed_is_unavailable_with_the_way_out(line: Line, said: str) -> None:
    with vlm_server([line]) as server:
        embedder = OpenAiEmbedder(server.model(), key="sk-secret", retries=0)
        with pytest.raises(ModelUnavailable, match=said) as told:
            embedder.embed(["a text"])
        embedder.close()
    assert "sk-secret" not in str(told.value)
    assert told.value.next_step


def test_nobody_there_is_unavailable() -> None:
    embedder = OpenAiEmbedder("openai+http://127.0.0.1:9/v1?model=m", retries=0)
    with pytest.raises(ModelUnavailable, match="does not answer"):
        embedder.embed(["a text"])
    embedder.close()


def test_a_folder_without_a_model_is_told_with_the_way_out(tiny: object, tmp_path: Path) -> None:
    from models.embed_local import local_embedder

    with pytest.raises(ModelUnavailable, match="cannot be loaded") as told:
        local_embedder(str(tmp_path))
    assert "words:" in told.value.next_step
