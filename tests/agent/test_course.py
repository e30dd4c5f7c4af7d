"""Questions for the way by what is drawn: along a lane, from zone to zone."""

from __future__ import annotations

import pytest

from agent.answer import answer
from core.answers import Answer, AnswerStatus, Question
from core.place import Lane, Layout, Zone
from helpers.scenes import Scene

SQUARE = ((0.0, 0.0), (300.0, 0.0), (300.0, 300.0))
UP, RIGHT = ((320.0, 340.0), (320.0, 20.0)), ((20.0, 200.0), (620.0, 200.0))


@pytest.fixture
def yard() -> Scene:
    """A car goes down the lane against its direction, two along it; a worker walks from the dock to the aisle."""
    drawn = Layout(
        lanes=(Lane(name="northbound", polygon=SQUARE, direction=(0, -1)),),
        zones=(Zone(name="dock", polygon=SQUARE, kind="dock"), Zone(name="aisle_1", polygon=SQUARE, kind="aisle")),
    )  # fmt: skip
    scene = Scene(name="yard", seconds=60, layout=drawn)
    ways = [("red", "against", UP[::-1]), ("blue", "along", UP), ("blue", "along", UP)]
    for at, (colour, way, path) in enumerate(ways):
        car = scene.visit("car", 5 + 10 * at, 10 + 10 * at, path, colour=colour, course=f"{way} northbound")
        scene.event("entered_zone", 6 + 10 * at, None, car, zone="northbound")
    worker = scene.visit("person", 40, 50, RIGHT, upper="yellow", route="from dock to aisle_1")
    scene.event("entered_zone", 45, None, worker, zone="aisle_1")
    return scene.kept()


def ask(scene: Scene, text: str, *choices: str) -> Answer:
    return answer(Question(text=text, choices=choices), store=scene.store, ledger=scene.ledger)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Which way did the red car go along the lane?", "Against northbound (downwards)"),
        ("Which way do the cars go in the northbound lane?", "2 along northbound, 1 against northbound"),
        ("In which direction does the first car drive?", "Downwards, against northbound"),
        ("Which way did the worker go?", "To the right, from dock to aisle 1"),
    ],
)
def test_the_way_is_told_by_what_is_drawn(yard: Scene, text: str, words: str) -> None:
    found = ask(yard, text)
    assert found.status is AnswerStatus.ANSWERED
    assert words in found.text


@pytest.mark.parametrize(
    ("text", "choices", "right"),
    [
        ("Which way did the red car go along the lane?", ("Along the lane", "Against its direction"), 1),
        ("Which way did the blue cars go in the lane?", ("With the traffic", "Against the traffic"), 0),
        ("Which way did the worker go?", ("From the aisle 1 to the dock", "From the dock to aisle 1"), 1),
        ("Which way did the worker go?", ("To the dock", "To the aisle 1"), 1),
        ("Which way did the worker go?", ("From right to left", "From left to right"), 1),
        ("Which way did the red car go?", ("Up", "Down", "To the left"), 1),
    ],
)  # fmt: skip
def test_choices_are_weighed_by_it(yard: Scene, text: str, choices: tuple[str, ...], right: int) -> None:
    found = ask(yard, text, *choices)
    assert (found.choice, found.guess) == (right, False)
