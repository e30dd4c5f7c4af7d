"""A model is asked only where the memory could but guess, and never replaces citations."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agent.answer import answer
from core.answers import Answer, Question
from core.errors import ModelUnavailable
from core.ports import Ask, Reply
from helpers.scenes import Scene


class Oracle:
    """Says what it is told to say, and remembers what it was asked."""

    def __init__(self, reply: Reply | None, name: str = "oracle/1") -> None:
        self.name, self.sees, self.at_once = name, not name.startswith("describe"), 1
        self.asked: list[Ask] = []
        self._reply = reply

    def ask(self, asks: Sequence[Ask], /) -> list[Reply]:
        self.asked += asks
        if self._reply is None:
            raise ModelUnavailable("it sleeps")
        return [self._reply for _ in asks]


@pytest.fixture
def scene() -> Scene:
    scene = Scene(seconds=20)
    scene.visit("car", 3, 6, colour="red")
    return scene.kept()


def ask(scene: Scene, text: str, llm: Oracle) -> Answer:
    question = Question(text=text, choices=("Alpha", "Beta", "Gamma", "Delta"))
    return answer(question, store=scene.store, ledger=scene.ledger, llm=llm)


def test_its_pick_is_taken_for_a_guess_and_shown_as_a_step(scene: Scene) -> None:
    oracle = Oracle(Reply(text="", data={"choice": 2, "reason": "so written"}))
    found = ask(scene, "Which brand is on the banner?", oracle)
    assert (found.choice, found.guess) == (2, True)
    assert found.confidence <= 0.25
    assert "so written" in found.steps[-1].detail
    assert "Which brand" in oracle.asked[0].prompt


@pytest.mark.parametrize(
    "reply",
    [
        None,
        Reply(text="pardon?", problem="not JSON"),
        Reply(text="", data={"choice": 9}),
        Reply(text="", data={"choice": "x"}),
    ],
)
def test_what_it_says_out_of_turn_changes_nothing_and_is_noted(scene: Scene, reply: Reply | None) -> None:
    without = answer(
        Question(text="Which brand is on the banner?", choices=("Alpha", "Beta", "Gamma", "Delta")),
        store=scene.store,
        ledger=scene.ledger,
    )
    found = ask(scene, "Which brand is on the banner?", Oracle(reply))
    assert found.choice == without.choice
    assert found.steps[-1].name == "second opinion"


def test_it_is_not_asked_where_the_memory_knows_nor_is_the_describer_ever(scene: Scene) -> None:
    oracle = Oracle(Reply(text="", data={"choice": 0, "reason": ""}))
    question = Question(text="How many cars pass?", choices=("3", "1"))
    assert answer(question, store=scene.store, ledger=scene.ledger, llm=oracle).choice == 1
    assert not oracle.asked
    describer = Oracle(Reply(text="", data={"choice": 0, "reason": ""}), name="describe/1")
    ask(scene, "Which brand is on the banner?", describer)
    assert not describer.asked
