"""A finder is shown the pictures of events alone, and what it says is kept as its own word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wiring.house import build
from core.clock import SECOND
from core.errors import Invalid
from core.media import Frame
from core.memory import Observation, Query, Want
from core.place import Box
from core.settings import read_settings
from core.sight import Detection
from helpers.observations import chunk, entity, event, track
from helpers.videos import write_video
from ingest.pipeline import recipe, watch
from ingest.register import register
from ingest.second_look import MOST, nearest, second_look, seek
from models.fakes import FakeDetector, FakeFinder

WORDS = ("lamp",)


def picture(second: float, box: Box | None = None) -> Frame:
    shown = np.zeros((120, 160, 3), np.uint8)
    if box is not None:
        shown[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)] = 220
    return Frame(at=round(second * SECOND), picture=shown)


def observed(*seconds: float) -> Observation:
    who = entity(1)
    happened = tuple(event("stopped", at, None, who) for at in seconds)
    return Observation(chunk=chunk(), tracks=(track(1, 0, 10),), entities=(who,), events=happened)


def test_what_is_found_where_somebody_was_followed_is_about_them() -> None:
    before = observed(2.0)
    point = track(1, 0, 10).points[4].box
    after = second_look(before, [picture(2.0, point)], FakeFinder(), WORDS)
    (found,) = after.events[1:]
    assert after.events[:1] == before.events
    assert (found.kind, found.attributes, found.source) == ("found", {"what": "lamp"}, "fake-finder/1")
    assert found.entity_ids == (before.entities[0].id,)
    assert found.evidence[0].box is not None
    assert found.evidence[0].box.iou(point) > 0.9
    assert second_look(before, [picture(2.0, point)], FakeFinder(), WORDS) == after


def test_what_is_found_elsewhere_is_about_nobody() -> None:
    (found,) = second_look(
        observed(2.0), [picture(2.0, Box(100, 100, 120, 110))], FakeFinder(), WORDS
    ).events[1:]
    assert found.participants == ()


def test_without_events_or_pictures_near_them_nothing_is_asked() -> None:
    class Asked(FakeFinder):
        def find(self, frames: Sequence[Frame], words: Sequence[str], /) -> list[list[Detection]]:
            raise AssertionError("nobody should ask")

    lit = picture(5.0, Box(10, 10, 30, 30))
    assert second_look(observed(), [lit], Asked(), WORDS) == observed()
    assert second_look(observed(2.0), [lit], Asked(), WORDS) == observed(2.0)


@given(st.lists(st.integers(0, 100)), st.lists(st.integers(0, 100)), st.integers(1, 6))
def test_few_frames_each_once_and_each_near_an_event(taken: list[int], wanted: list[int], most: int) -> None:
    frames = [picture(at / 10) for at in sorted(set(taken))]
    moments = [at * SECOND // 10 for at in wanted]
    shown = nearest(frames, moments, most=most)
    assert len(shown) <= most
    assert [f.at for f in shown] == sorted({f.at for f in shown})
    assert all(min(abs(f.at - at) for at in moments) <= SECOND for f in shown)


@pytest.mark.slow
def test_watching_with_a_finder_remembers_what_it_found_and_it_can_be_sought(
    home: Path, tmp_path: Path
) -> None:
    settings = read_settings(detector="sorted:")
    plain = build(settings)
    house = replace(plain, finder=FakeFinder, wanted=WORDS)
    stream = register(
        str(write_video(tmp_path / "yard.mp4", seconds=6)), name="yard", house=house, settings=settings
    )
    watch(stream, house, settings)
    events = house.store.find(Query(want=Want.EVENTS, streams=(stream.id,))).events
    found = [e for e in events if e.kind == "found"]
    assert len(events) > len(found) > 0
    assert len({e.evidence[0].at for e in found}) <= MOST
    assert {e.source for e in found} == {"fake-finder/1"}

    hits = seek(stream, ["lamp"], house)
    assert {hit.found.label for hit in hits} == {"lamp"}
    assert [hit.at for hit in hits] == sorted(hit.at for hit in hits)
    with pytest.raises(Invalid, match="nothing here finds"):
        seek(stream, ["lamp"], plain)


def test_what_is_looked_for_is_part_of_the_recipe() -> None:
    settings = read_settings(detector="open:/models/owl?find=lamp")
    assert recipe(FakeDetector(), settings) != recipe(FakeDetector(), settings, WORDS)
