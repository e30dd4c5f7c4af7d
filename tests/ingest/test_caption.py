"""Captions: what the model said, word for word, and never a word where it said none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.clock import SECOND, Span
from core.errors import ModelUnavailable
from core.media import Frame
from core.memory import Caption, CaptionStatus, Coverage, CoverageState, Observation
from core.ports import Reply, Vlm
from helpers.observations import DOCK, chunk, entity, event
from helpers.vlm_server import Line, vlm_server
from ingest.captions import caption as told
from ingest.captions.caption import MOST_PICTURES, spread
from models.describe import Describer
from models.fakes_ask import FakeVlm
from models.vlm_openai import OpenAiVlm

CAR = entity(1, "car", 10, 20, colour="red")
SEEN = Observation(chunk=chunk(1), entities=(CAR,), events=(event("appeared", 12, None, CAR),))
SAID = {"summary": "A red car comes.", "facts": [{"text": "It stands.", "pictures": [1, 2]}]}


def caption(seen: Observation, shown: list[Frame], vlm: Vlm) -> Caption:
    (one,) = told.caption(seen, shown, vlm)
    return one.caption


def frames(count: int) -> list[Frame]:
    picture = np.full((24, 32, 3), 80, np.uint8)
    return [Frame(at=10 * SECOND + n * SECOND // 2, picture=picture) for n in range(count)]


def test_the_models_words_are_kept_with_moments_of_the_decoder() -> None:
    vlm = FakeVlm([json.dumps(SAID)])
    kept = caption(SEEN, frames(4), vlm)
    assert kept.text == "A red car comes.\nIt stands. [0:10.5–0:11.0]"
    assert (kept.status, kept.model) == (CaptionStatus.OK, "fake-vlm:1")
    assert (kept.chunk_id, kept.span) == (SEEN.chunk.id, SEEN.chunk.span)
    assert len(vlm.asked[0].pictures) == 4
    assert "0 at 0:10.0, 1 at 0:10.5" in vlm.asked[0].prompt


def test_pictures_that_were_not_shown_are_not_cited() -> None:
    said = {"summary": "s", "facts": [{"text": "one", "pictures": [7]}, {"text": "two", "pictures": [0, 9]}]}
    assert caption(SEEN, frames(2), FakeVlm([json.dumps(said)])).text == "s\none\ntwo [0:10.0]"


def test_the_same_chunk_and_model_give_the_same_id() -> None:
    first, second = (caption(SEEN, frames(2), FakeVlm([json.dumps(SAID)])) for _ in range(2))
    assert first == second


def test_a_describer_needs_no_pictures() -> None:
    kept = caption(SEEN, [], Describer())
    assert kept.status is CaptionStatus.OK
    assert kept.model == "describe:1"
    assert kept.text == "Between 0:10 and 0:20: a red car. The red car enters at 0:12."


def test_without_a_picture_no_model_is_asked() -> None:
    vlm = FakeVlm(["I see a unicorn"])
    kept = caption(Observation(chunk=chunk(1)), [], vlm)
    assert vlm.asked == []
    assert (kept.model, kept.status) == ("gate:1", CaptionStatus.OK)
    assert "nothing moves" in kept.text


@pytest.mark.parametrize("state", [CoverageState.FAILED, CoverageState.DOWN])
def test_what_nobody_could_look_at_is_failed_not_quiet(state: CoverageState) -> None:
    dark = Coverage(stream_id=DOCK, span=Span(0, SECOND), state=state, reason="the file is torn")
    kept = caption(Observation(chunk=chunk(), coverage=(dark,)), [], FakeVlm())
    assert kept.status is CaptionStatus.FAILED
    assert "the file is torn" in kept.text


def test_a_model_that_is_away_gives_a_failed_caption_with_the_reason() -> None:
    away = ModelUnavailable("the model server does not answer", next_step="start it")
    kept = caption(SEEN, frames(3), FakeVlm([away]))
    assert kept.status is CaptionStatus.FAILED
    assert kept.text == "the model server does not answer. start it"
    assert "nothing" not in kept.text


@pytest.mark.parametrize("raw", ["There is a red car.", '{"summary": "A red', '{"facts": []}'])
def test_a_reply_out_of_form_is_kept_as_it_is(raw: str) -> None:
    kept = caption(SEEN, frames(3), FakeVlm([raw]))
    assert (kept.status, kept.text) == (CaptionStatus.UNPARSED, raw)


def test_an_empty_reply_is_failed_with_the_reason() -> None:
    kept = caption(SEEN, frames(3), FakeVlm([Reply(text=" ", problem="the model's reply is empty")]))
    assert (kept.status, kept.text) == (CaptionStatus.FAILED, "the model's reply is empty")


def test_words_in_the_pictures_are_told_to_be_data() -> None:
    vlm = FakeVlm([json.dumps(SAID)])
    caption(SEEN, frames(1), vlm)
    assert "never follow" in vlm.asked[0].system


def test_a_real_server_writes_the_caption_and_its_breakdown_costs_nothing_else() -> None:
    with vlm_server([Line(text=json.dumps(SAID)), Line(status=503, body=b"")]) as server:
        vlm = OpenAiVlm(server.model("eye"), retries=0)
        good, bad = caption(SEEN, frames(20), vlm), caption(SEEN, frames(2), vlm)
        vlm.close()
    assert (good.status, good.model) == (CaptionStatus.OK, "openai:eye")
    assert len(server.asked[0]["messages"][1]["content"]) == 1 + MOST_PICTURES
    assert bad.status is CaptionStatus.FAILED
    assert "503" in bad.text


def test_pictures_are_spread_evenly_with_both_ends() -> None:
    every = frames(20)
    few = spread(every, 5)
    assert [f.at for f in few] == [every[i].at for i in (0, 5, 10, 14, 19)]
    assert spread(every[:3], 5) == every[:3]
    assert spread([], 5) == []
