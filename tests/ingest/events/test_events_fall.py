"""Falls: told of who lies after having stood, never of who bends, sits down slowly, leaves, or was never upright."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import micros
from core.ids import EntityId, TrackId
from core.memory import Event
from core.place import Box
from ingest.events.maker import EventMaker
from ingest.perception.presence import Moment, Presence
from tests.helpers.moments import GRID, STREAM

Shape = Callable[[float], tuple[float, float]]


def told(
    shape: Shape, *, label: str = "person", seconds: float = 16.0, x: float = 300.0, looks: int = 8
) -> list[Event]:
    """The falls told of somebody whose box is so wide and tall at each second, its foot in one place."""
    maker = EventMaker(STREAM, GRID, size=(640, 360))
    for i in range(round(seconds * looks)):
        at = i / looks
        wide, tall = shape(at)
        box = Box(x - wide / 2, 300 - tall, x + wide / 2, 300)
        presence = Presence(entity_id=EntityId("a"), track_id=TrackId("t"), label=label, box=box, score=0.9)
        maker.update(Moment(at=micros(at), present=(presence,)))
        maker = pickle.loads(pickle.dumps(maker)) if i == 40 else maker
    return [event for event in maker.flush(micros(seconds), final=True) if event.kind == "fell"]


def falls_at(
    at: float, *, takes: float = 0.7, lies: float = 6.0, rises: float = 1.5, low: float = 0.3
) -> Shape:
    def shape(now: float) -> tuple[float, float]:
        share = min(1.0, max(0.0, (now - at) / takes)) - min(1.0, max(0.0, (now - at - takes - lies) / rises))
        return 40 + 60 * share, 110 * (1 - (1 - low) * share)

    return shape


def test_a_fall_is_told_with_its_span_soon_after_it() -> None:
    (fell,) = told(falls_at(4.0))
    assert fell.span.start / 1e6 == pytest.approx(4.1, abs=0.4)
    assert fell.span.end / 1e6 == pytest.approx(11.8, abs=0.8)
    assert fell.noticed / 1e6 <= 4.7 + 1.0 + 0.5
    assert [p.entity_id for p in fell.participants] == ["a"]


def test_who_stays_down_is_still_down_at_the_end() -> None:
    (fell,) = told(falls_at(4.0, lies=60.0))
    assert fell.span.end == micros(16.0)


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        (falls_at(4.0, low=0.62), "who bends or kneels keeps more than half the height"),
        (falls_at(4.0, takes=6.0), "who lies down slowly did not fall"),
        (falls_at(4.0, lies=0.2, rises=0.5), "who is up again at once did not lie"),
        (lambda now: (100.0, 33.0), "what was never upright did not fall"),
        (lambda now: (40.0, 110.0 if now < 4 else 40.0), "who is half hidden is lower, not wider"),
    ],
)
def test_no_fall(shape: Shape, why: str) -> None:
    assert told(shape) == [], why


def test_a_forklift_does_not_fall_and_the_edge_of_the_picture_is_not_judged() -> None:
    assert told(falls_at(4.0), label="forklift") == []
    assert told(falls_at(4.0), x=30.0) == []


@given(st.floats(2.0, 6.0), st.floats(0.3, 1.2), st.floats(0.2, 0.45), st.integers(4, 10))
def test_one_fall_is_told_once(at: float, takes: float, low: float, looks: int) -> None:
    (fell,) = told(falls_at(at, takes=takes, low=low), looks=looks)
    assert at - 0.5 <= fell.span.start / 1e6 <= at + takes
