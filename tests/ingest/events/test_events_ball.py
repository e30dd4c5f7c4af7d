"""A rendered match watched through the makers: the ball is found in the pictures, and its events told."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from bench.scenes import render
from bench.seeing.exact import ExactDetector
from core.clock import micros
from core.media import Frame, Stream
from evaluate.truth import read_events
from ingest.decode.looks import DecodePlan, Look, looks
from ingest.events.maker import EventMaker
from ingest.layout.read import read_layout
from ingest.perception.perceive import Perception
from ingest.perception.presence import Moment
from models.track import OcSortTracker
from tests.helpers.moments import GRID, STREAM

KINDS = {"possession", "pass", "shot", "goal", "goal_area", "ball_out", "fast_break"}


@pytest.mark.slow
def test_a_rendered_match_has_its_goal_its_shot_and_its_possessions(tmp_path: Path) -> None:
    video = render("sports", 103, tmp_path, seconds=20).video
    seen = list(looks(str(video), DecodePlan()))
    first = next(look.frame for look in seen if look.frame is not None)
    width, height = round(first.width * first.scale), round(first.height * first.scale)
    drawn = video.with_suffix(".zones.yaml").read_text()
    layout = read_layout(drawn, width=width, height=height, filename="zones")
    maker = EventMaker(STREAM, GRID, layout, size=(width, height))
    stream = Stream(
        id=STREAM,
        name="match",
        source=str(video),
        shown_source=video.name,
        width=width,
        height=height,
        layout=layout,
    )
    perception, detector = Perception(stream, GRID, OcSortTracker(8.0)), ExactDetector(video)
    for look in seen:
        moment = perception.look(look, None if look.frame is None else detector.detect([look.frame])[0])
        maker.see(look, moment)
        maker.update(moment)
    maker = pickle.loads(pickle.dumps(maker))
    events = [e for e in maker.flush(seen[-1].at, final=True) if e.kind in KINDS]
    truth = read_events(video.with_suffix(".truth.json"))
    (scored,) = [mark for mark in truth.marks if mark.kind == "goal"]
    (goal,) = [e for e in events if e.kind == "goal"]
    assert goal.zone == scored.zone
    assert abs(goal.span.start - scored.span.start) < micros(0.6)
    assert [e.zone for e in events if e.kind == "shot"] == [scored.zone]
    assert sum(e.kind == "possession" for e in events) >= 2
    assert all(e.evidence and e.evidence[0].box is not None and 0 < e.confidence <= 1 for e in events)


def test_without_a_drawn_pitch_nothing_is_told() -> None:
    maker = EventMaker(STREAM, GRID, size=(320, 240))
    rng = np.random.default_rng(0)
    for i in range(40):
        picture = rng.integers(0, 255, (240, 320, 3), np.uint8)
        at = micros(i / 8)
        maker.see(Look(at=at, frame=Frame(at=at, picture=picture, scale=1.0), moved=1.0), Moment(at=at))
    assert not [e for e in maker.flush(micros(5), final=True) if e.kind in KINDS]
