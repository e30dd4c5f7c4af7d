"""The tiny model that the project trained itself sees: it names unseen scenes whole, and not with other scenes' pictures.

It is asked through both kinds of back-end: in a process of its own, and over HTTP as any OpenAI-compatible server. And a LoRA
adapter teaches it the night and trees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra `local`")
pytest.importorskip("transformers", reason="needs the extra `local`")

from bench.train_vlm import WEIGHTS
from bench.train_vlm.adapt import NIGHT
from bench.train_vlm.lessons import scenes_with_pictures
from bench.train_vlm.scenes import DAY, Scene
from bench.train_vlm.score import score
from bench.train_vlm.words import DESCRIBE, caption
from core.media import Picture
from core.ports import Ask, Vlm
from helpers.local_server import local_server
from models.vlm_local import LocalVlm
from models.vlm_local_model import LocalModel, LocalWish
from models.vlm_openai import OpenAiVlm

pytestmark = pytest.mark.slow
COUNT = 200
EXACT = 0.95
"""The share of scenes whose caption must be word for word right, just under what bench/train_vlm/README.md says it reaches."""
WISH = LocalWish(where=str(WEIGHTS), threads=1)


@pytest.fixture(scope="module")
def unseen() -> tuple[list[Scene], np.ndarray]:
    return scenes_with_pictures(np.random.default_rng(707), COUNT)


@pytest.fixture(scope="module", params=["its own process", "a server"])
def vlm(request: pytest.FixtureRequest) -> Iterator[Vlm]:
    if request.param == "its own process":
        model = LocalVlm(WISH, batch=24)
        yield model
        model.close()
        return
    with local_server(LocalModel(WISH)) as server:
        client = OpenAiVlm(server.model(at_once=2, timeout_s=600))
        yield client
        client.close()


def test_it_names_unseen_scenes_from_their_pictures_and_not_from_others(vlm: Vlm) -> None:
    found = score(vlm, COUNT, seed=707)
    assert found.exact >= EXACT
    assert found.shuffled_things <= 0.1
    assert found.shuffled <= 0.1


def test_a_server_may_show_it_other_pictures_and_it_says_what_those_show(
    unseen: tuple[list[Scene], np.ndarray],
) -> None:
    """The control for the way over HTTP: the same asks, and the server swaps what was sent for one scene's pictures."""
    scenes, pictures = unseen
    decoy: list[Picture] = list(pictures[0])
    with local_server(LocalModel(WISH), show=lambda _: decoy) as server:
        client = OpenAiVlm(server.model(timeout_s=600))
        asks = [Ask(prompt=DESCRIBE, pictures=tuple(frames), max_tokens=48) for frames in pictures[1:4]]
        said = [reply.text for reply in client.ask(asks)]
        client.close()
    assert len(set(said)) == 1
    assert said[0] != caption(scenes[1])


def test_an_adapter_taught_it_the_night_and_it_kept_the_day() -> None:
    plain, adapted = LocalModel(WISH), LocalModel(replace(WISH, adapter=str(WEIGHTS / "night")))
    night, night_adapted = (score(model, 120, seed=808, domain=NIGHT).exact for model in (plain, adapted))
    day, day_adapted = (score(model, 120, seed=809, domain=DAY).exact for model in (plain, adapted))
    assert night_adapted >= night + 0.3
    assert day_adapted >= day - 0.05


def test_the_weights_are_small() -> None:
    files = [path for path in Path(WEIGHTS).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 6e6
