"""What every model that answers promises, run over all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from core.memory import Observation
from core.ports import Ask, Reply, Turn, Vlm
from helpers.observations import chunk, entity
from helpers.vlm_server import Line, vlm_server
from models.describe import Describer
from models.fakes_ask import FakeVlm
from models.vlm_openai import OpenAiVlm

SCHEMA = {
    "type": "object",
    "properties": {"summary": {"type": "string"}, "facts": {"type": "array", "items": {"type": "object"}}},
    "required": ["summary", "facts"],
}
SAID = json.dumps({"summary": "A person walks.", "facts": []})
PICTURE = np.full((24, 32, 3), 90, np.uint8)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vlm]:
    """A local model in its process, made to say what the others say."""
    pytest.importorskip("torch", reason="needs the extra `local`")
    pytest.importorskip("transformers", reason="needs the extra `local`")
    from helpers.tiny_vlms import parrot
    from models.vlm_local import LocalVlm
    from models.vlm_local_model import LocalWish

    model = LocalVlm(
        LocalWish(where=str(parrot(SAID, tmp_path_factory.mktemp("contract") / "parrot")), threads=1)
    )
    yield model
    model.close()


@pytest.fixture(params=["describer", "fake", "openai", pytest.param("local", marks=pytest.mark.slow)])
def vlm(request: pytest.FixtureRequest) -> Iterator[Vlm]:
    """Each implementation, able to answer an ask about an observation."""
    if request.param == "describer":
        yield Describer()
    elif request.param == "fake":
        yield FakeVlm([SAID])
    elif request.param == "local":
        yield request.getfixturevalue("local")
    else:
        with vlm_server([Line(text=SAID)]) as server:
            model = OpenAiVlm(server.model())
            yield model
            model.close()


def ask(number: int = 0, *, schema: bool = True) -> Ask:
    about = Observation(chunk=chunk(number), entities=(entity(1, start=number * 10, end=number * 10 + 5),))
    return Ask(
        prompt=f"what happens? ({number})",
        pictures=(PICTURE,),
        schema=SCHEMA if schema else None,
        about=about,
    )


def test_it_has_a_name_to_store_beside_what_it_says(vlm: Vlm) -> None:
    assert vlm.name
    assert vlm.name == vlm.name.strip()


def test_it_says_whether_it_sees_and_how_much_it_does_at_once(vlm: Vlm) -> None:
    assert isinstance(vlm.sees, bool)
    assert vlm.at_once >= 1


def test_examples_and_what_was_said_before_may_stand_before_an_ask(vlm: Vlm) -> None:
    shown = Turn(prompt="what happens?", pictures=(PICTURE,), reply=SAID)
    (reply,) = vlm.ask([replace(ask(), examples=(shown,), history=(Turn(prompt="hello", reply="hello"),))])
    assert reply.problem == ""


def test_there_is_one_reply_per_ask(vlm: Vlm) -> None:
    replies = vlm.ask([ask(n) for n in range(5)])
    assert len(replies) == 5
    assert all(isinstance(reply, Reply) for reply in replies)


def test_no_ask_gives_no_reply(vlm: Vlm) -> None:
    assert vlm.ask([]) == []


def test_a_reply_of_the_asked_form_is_parsed(vlm: Vlm) -> None:
    (reply,) = vlm.ask([ask()])
    assert reply.problem == ""
    assert reply.data is not None
    assert reply.data["summary"].strip()
    assert reply.text.strip()


def test_without_a_schema_the_words_are_the_reply(vlm: Vlm) -> None:
    (reply,) = vlm.ask([ask(schema=False)])
    assert reply.problem == ""
    assert reply.data is None
    assert reply.text.strip()


def test_the_same_ask_is_answered_the_same_way(vlm: Vlm) -> None:
    assert vlm.ask([ask()]) == vlm.ask([ask()])
