"""Questions about things that only a second look, by words, has found."""

from __future__ import annotations

import pytest

from agent.answer import answer
from core.answers import Answer, AnswerStatus, Question
from helpers.scenes import Scene

RIGHT = ((20.0, 200.0), (620.0, 200.0))


@pytest.fixture
def scene() -> Scene:
    """Somebody walks; a finder was asked for two things and found one of them, at 12 s and at 30 s."""
    scene = Scene(name="hall", seconds=60)
    scene.visit("person", 10, 35, RIGHT)
    for at in (12, 30):
        scene.event("found", at, None, what="fire extinguisher")
    return scene.kept()


def ask(scene: Scene, text: str, *choices: str) -> Answer:
    return answer(Question(text=text, choices=choices), store=scene.store, ledger=scene.ledger)


@pytest.mark.parametrize(
    ("text", "choices", "right"),
    [
        ("Was a fire extinguisher found?", ("No", "Yes"), 1),
        ("Is there a fire extinguisher?", ("Yes", "No"), 0),
        ("When is the fire extinguisher seen first?", ("At about 40 s", "At about 12 s", "At about 50 s"), 1),
    ],
)
def test_what_was_found_is_answered_and_cited(
    scene: Scene, text: str, choices: tuple[str, ...], right: int
) -> None:
    found = ask(scene, text, *choices)
    assert (found.status, found.choice, found.guess) == (AnswerStatus.ANSWERED, right, False)
    assert found.citations
    assert "“fire extinguisher”" in found.text


@pytest.mark.parametrize("text", ["Was a ladder found?", "How long is the fire extinguisher there?"])
def test_what_was_not_found_and_what_pictures_here_and_there_cannot_tell_is_unsupported(
    scene: Scene, text: str
) -> None:
    assert ask(scene, text).status is AnswerStatus.UNSUPPORTED


def test_what_was_found_is_told_of_among_what_happened(scene: Scene) -> None:
    assert "“fire extinguisher” was found" in ask(scene, "What happens between 29 s and 31 s?").text
