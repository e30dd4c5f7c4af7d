"""Events of the camera itself, from pictures painted by hand."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from core.clock import micros
from core.media import Frame, Picture
from core.memory import Event
from helpers.moments import chunk_at, maker
from helpers.videos import background
from ingest.decode import Look
from ingest.events import EventMaker
from ingest.presence import Moment

RATE = 8.0
SCENE = background(320, 180)


def show(one: EventMaker, at: float, picture: Picture | None) -> None:
    """One look at that second; None is the gate's word that nothing moved."""
    when = micros(at)
    frame = None if picture is None else Frame(at=when, picture=picture, scale=2.0)
    moment = Moment(at=when, present=(), quiet=picture is None)
    one.see(Look(at=when, frame=frame, moved=0.0 if picture is None else 0.1), moment)
    one.update(moment)


def noisy(picture: Picture, seed: int, by: float = 3.0) -> Picture:
    noise = np.random.default_rng(seed).normal(0, by, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def lights(at: float) -> Picture:
    """A scene whose lights are out from second 4 to second 9."""
    return noisy((SCENE * (0.04 if 4 <= at < 9 else 1.0)).astype(np.uint8), round(at * 100))


def only(events: list[Event], kind: str) -> Event:
    found = [e for e in events if e.kind == kind]
    assert len(found) == 1, [(e.kind, e.span) for e in events]
    return found[0]


def test_lights_that_go_out_and_on_again_are_one_dark_spell() -> None:
    one = maker()
    for step in range(round(14 * RATE)):
        show(one, step / RATE, lights(step / RATE))
    dark = only(one.flush(micros(14), final=True), "camera_dark")
    assert dark.span.start / 1e6 == pytest.approx(4.0, abs=0.15)
    assert dark.span.end / 1e6 == pytest.approx(9.0, abs=0.15)
    assert dark.confidence > 0.9
    assert not dark.open
    assert [(e.chunk_id, e.box) for e in dark.evidence] == [
        (chunk_at(micros(4)), None),
        (chunk_at(micros(8.9)), None),
    ]


def test_a_dark_spell_goes_on_while_the_gate_sees_nothing_move_and_over_a_chunks_end() -> None:
    one = maker()
    for step in range(round(10 * RATE)):
        at = step / RATE
        beat = step % round(2 * RATE) == 0
        show(one, at, lights(at) if at < 6 or beat else None)
    first = only(one.flush(micros(8), final=False), "camera_dark")
    assert first.open
    again = pickle.loads(pickle.dumps(one))
    for step in range(round(10 * RATE), round(13 * RATE)):
        show(again, step / RATE, lights(step / RATE))
    last = only(again.flush(micros(13), final=True), "camera_dark")
    assert (last.id, last.open) == (first.id, False)
    assert last.span.start == first.span.start


def test_a_dim_scene_with_a_lamp_in_it_is_not_dark() -> None:
    one = maker()
    scene = (SCENE * 0.15).astype(np.uint8)
    scene[20:70, 40:120] = 140
    for step in range(round(6 * RATE)):
        show(one, step / RATE, noisy(scene, step))
    assert one.flush(micros(6), final=True) == []
