"""Reading on request and while watching: what happens without a reader, and how readings of one thing are agreed on."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from api.wiring.house import build
from core.clock import Span, micros
from core.colour import BY_COLOURS, COLOURS
from core.errors import Unavailable
from core.media import Frame, Stream
from core.memory import Vector, Want
from core.place import Box, Layout, Zone
from core.ports import House, TextReader
from core.settings import read_settings
from core.sight import Reading
from graph.resolve import BY_TEXT
from helpers import observations as say
from helpers.memories import everything
from helpers.moments import maker
from helpers.videos import nothing, write_video
from ingest.decode.looks import Look
from ingest.perception.presence import Moment
from ingest.reading import ZoneTexts, read_entity, read_span
from ingest.register import register
from models.fakes_read import FakeReader

SIGN = Zone(name="sign", kind="sign", polygon=((20.0, 20.0), (120.0, 20.0), (120.0, 60.0), (20.0, 60.0)))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return build(read_settings(home=tmp_path / "home"))


def registered(house: House, tmp_path: Path) -> Stream:
    video = write_video(tmp_path / "v.mp4", seconds=4, paint=nothing)
    settings = read_settings(home=tmp_path / "home")
    return register(str(video), name="v", house=house, settings=settings, layout=Layout(zones=(SIGN,)))


def test_without_a_reader_watching_goes_on_and_says_once_what_is_missing(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def none() -> TextReader:
        raise Unavailable("it is not installed", next_step="pip install 'sightline[ocr]'")

    texts = ZoneTexts(replace(house, reader=none), registered(house, tmp_path))
    events = maker(Layout(zones=(SIGN,)))
    with caplog.at_level(logging.WARNING):
        for step in range(24):
            at = micros(step / 4)
            picture = np.full((90, 160, 3), 60 if step < 12 else 160, np.uint8)
            moment = Moment(at=at, present=())
            events.see(Look(at=at, frame=Frame(at=at, picture=picture, scale=2.0), moved=0.1), moment)
            texts.serve(events)
            events.update(moment)
    (record,) = caplog.records
    assert "sightline[ocr]" in record.getMessage()
    assert [e.kind for e in events.flush(micros(6), final=True) if "text" in e.kind] == []


def test_the_same_line_in_the_same_place_is_one(house: House, tmp_path: Path) -> None:
    stream = registered(house, tmp_path)
    says = [
        Reading(text="Exit 4", box=Box(10, 10, 60, 30), score=0.8),
        Reading(text="?", box=Box(80, 80, 90, 90), score=0.3),
    ]
    reader = FakeReader(lambda picture: says)
    (seen,) = read_span(replace(house, reader=lambda: reader), stream, whole := span_of(stream))
    assert (seen.reading.text, seen.span.start) == ("Exit 4", whole.start)
    assert seen.span.end > 2_900_000
    assert len(reader.shown) == 4


def test_a_zone_is_read_with_some_room_and_told_in_source_pixels(house: House, tmp_path: Path) -> None:
    stream = registered(house, tmp_path)
    reader = FakeReader(lambda picture: [Reading(text="A", box=Box(6, 6, 16, 16), score=0.9)])
    (seen,) = read_span(replace(house, reader=lambda: reader), stream, span_of(stream), zone="sign")
    assert reader.shown[0].shape[:2] == (52, 112)
    assert seen.reading.box == Box(20, 20, 30, 30)


def span_of(stream: Stream) -> Span:
    return Span(0, stream.duration)


def test_what_is_read_on_a_thing_joins_it_with_the_other_of_that_text_and_takes_nothing_away(
    house: House, tmp_path: Path
) -> None:
    stream = registered(house, tmp_path)
    house = replace(
        house, reader=lambda: FakeReader(lambda _: [Reading(text="B AB 123", box=Box(1, 1, 9, 9), score=0.9)])
    )
    cars = [say.entity(n, "car", n, n + 2, stream=stream.id) for n in (0, 2)]
    for n, car in enumerate(cars):
        look = Vector.of_row(car.id, BY_COLOURS, np.ones(2 * len(COLOURS)) + np.eye(24)[n] * 0.5)
        cover = say.coverage(10 * n, 10 * n + 10, stream=stream.id)
        followed = say.track(2 * n, 2 * n, 2 * n + 1.9, label="car", stream=stream.id)
        house.store.write(say.observation(n, car, look, cover, followed, stream=stream.id))
    before = everything(house.store)
    assert before[Want.LINKS].links == ()
    for car in cars:
        assert [t.reading.text for t in read_entity(house, stream, car.id)] == ["B AB 123"]
    after = everything(house.store)
    assert after[Want.COVERAGE] == before[Want.COVERAGE]
    assert house.store.models() == {BY_COLOURS: 2}
    (link,) = after[Want.LINKS].links
    assert (link.same, link.score, {link.one, link.other}) == (True, BY_TEXT, {car.id for car in cars})
