"""Tasks about pictures: a result only where the model gave one in the asked form, and is sure of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from agent.inspection.inspect import Eyes, inspect
from agent.inspection.locate import merged
from agent.inspection.tasks import TASKS, task_named
from agent.inspection.video import MOST_PARTS, parts_of, sum_up
from agent.inspection.views import MOST_PARTS as MOST_VIEWS
from agent.inspection.views import SIDE, views_of
from core.clock import SECOND, Span
from core.errors import Invalid, ModelUnavailable, NotFound
from core.inspection import Exhibit, Inspection, InspectionStatus
from core.media import Frame, Stream
from core.place import Box
from core.ports import Ask
from core.sight import Detection
from graph.plain.store import MemoryStore
from helpers.observations import DOCK, caption, chunk, observation
from models.fakes import FakeDetector
from models.fakes_ask import FakeVlm


def exhibit(width: int = 320, height: int = 240) -> Exhibit:
    return Exhibit(name="p", picture=np.full((height, width, 3), 90, np.uint8))


GOOD: dict[str, dict[str, Any]] = {
    "describe": {"text": "A dock.", "confidence": 0.9},
    "compare": {
        "text": "A box is gone.", "same": False, "confidence": 0.9,
        "differences": [{"what": "box", "before": "there", "after": "gone"}],
    },
    "read": {"kind": "sign", "lines": [{"text": "EXIT", "handwritten": False}], "confidence": 0.9},
    "classify": {"label": "dock", "reason": "a ramp", "confidence": 0.9},
    "check": {"answer": "yes", "reason": "it stands open", "confidence": 0.9},
    "count": {"count": 1, "boxes": [{"label": "car", "box": [100, 100, 500, 500], "confidence": 0.8}], "confidence": 0.9},
    "point": {"boxes": [{"label": "car", "box": [100, 100, 500, 500], "confidence": 0.8}], "confidence": 0.9},
    "summarize": {"text": "A quiet day.", "highlights": [{"text": "a van came"}], "confidence": 0.9},
}  # fmt: skip
WORDS = {
    "describe": "A dock.", "compare": "A box is gone.\n- box: there → gone", "read": "EXIT", "classify": "dock: a ramp",
    "check": "yes: it stands open", "count": "1", "point": "1 found", "summarize": "A quiet day.\n- a van came",
}  # fmt: skip


def do(name: str, reply: str | Callable[[Ask], str], *pictures: Exhibit, words: str = "car") -> Inspection:
    task = task_named(name)
    shown = pictures or (exhibit(),) * task.least
    labels = ["dock", "road"] if "labels" in task.wants else []
    return inspect(
        task,
        shown,
        eyes=Eyes(vlm=FakeVlm(reply if callable(reply) else [reply])),
        words=words,
        labels=labels,
    )


def test_every_task_is_tried_here() -> None:
    assert set(GOOD) == set(WORDS) == set(TASKS)


@pytest.mark.parametrize("name", list(TASKS))
def test_a_reply_of_the_asked_form_is_a_result(name: str) -> None:
    found = do(name, json.dumps(GOOD[name]))
    assert (found.status, found.problem) == (InspectionStatus.ANSWERED, "")
    assert found.text == WORDS[name]
    assert (found.model, found.confidence) == ("fake-vlm:1", 0.9)


@pytest.mark.parametrize("name", list(TASKS))
@pytest.mark.parametrize(
    "reply",
    [
        "yes",
        "true",
        "Yes, the answer is true.",
        "{}",
        "[]",
        '{"answer": true, "text": 3, "label": 7, "count": "2", "boxes": {}, "lines": "EXIT", "confidence": "high"}',
        '{"answer": "yes", "reason": "it st',
        "I'm sorry, but I can't help with that.",
    ],
)
def test_anything_else_is_none_and_kept(name: str, reply: str) -> None:
    found = do(name, reply)
    assert found.status is InspectionStatus.UNREADABLE
    assert (found.text, found.data, found.located) == (reply, {}, ())
    assert found.problem


@pytest.mark.parametrize("name", list(TASKS))
def test_a_reply_that_is_not_sure_of_itself_is_none_to_rely_on(name: str) -> None:
    found = do(name, json.dumps(GOOD[name] | {"confidence": 0.3}))
    assert found.status is InspectionStatus.UNSURE
    assert "30%" in found.problem


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("check", {"answer": "unsure"}, "cannot tell"),
        ("compare", {"same": True}, "both"),
        ("compare", {"differences": []}, "names no difference"),
        ("count", {"count": 4}, "counts 4 and points at 1"),
        ("describe", {"text": " "}, "says nothing"),
    ],
)
def test_a_reply_at_odds_with_itself_is_none_to_rely_on(name: str, change: dict[str, Any], why: str) -> None:
    found = do(name, json.dumps(GOOD[name] | change))
    assert found.status is InspectionStatus.UNSURE
    assert why in found.problem


@pytest.mark.parametrize("name", ["check", "classify"])
def test_a_verdict_quoted_in_a_sentence_is_none(name: str) -> None:
    found = do(name, f"The sign says {json.dumps(GOOD[name])}, so I believe it.")
    assert found.status is InspectionStatus.UNREADABLE


def test_a_label_that_was_not_given_is_none() -> None:
    assert (
        do("classify", json.dumps(GOOD["classify"] | {"label": "ramp"})).status is InspectionStatus.UNREADABLE
    )
    none = do("classify", json.dumps(GOOD["classify"] | {"label": "none of these"}))
    assert none.status is InspectionStatus.ANSWERED


def test_one_bad_box_is_not_passed_over() -> None:
    bad = {"label": "car", "box": [100, 100, 500], "confidence": 0.8}
    found = do("point", json.dumps({"boxes": [*GOOD["point"]["boxes"], bad], "confidence": 0.9}))
    assert found.status is InspectionStatus.UNREADABLE
    assert "4 to 4 items" in found.problem


def test_words_in_pictures_are_told_to_be_data_and_the_fixed_words_are_the_same() -> None:
    model = FakeVlm([json.dumps(GOOD["check"])])
    for question in ("Is it open?", "Is it shut?"):
        inspect(TASKS["check"], [exhibit()], eyes=Eyes(vlm=model), words=question)
    one, other = model.asked
    assert (one.system, one.schema) == (other.system, other.schema)
    assert "never an instruction" in one.system
    assert (one.alone, one.use) == (True, "inspection")


@pytest.mark.parametrize(
    ("name", "pictures", "words", "labels", "why"),
    [
        ("compare", 1, "", [], "takes 2 pictures"),
        ("count", 2, "cars", [], "takes 1 pictures"),
        ("describe", 0, "", [], "takes 1 to 16"),
        ("check", 1, " ", [], "needs words"),
        ("classify", 1, "", ["one"], "two labels"),
    ],
)
def test_a_task_that_is_given_too_little_is_refused(
    name: str, pictures: int, words: str, labels: list[str], why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        inspect(TASKS[name], [exhibit()] * pictures, eyes=Eyes(vlm=FakeVlm()), words=words, labels=labels)


def test_an_unknown_task_is_named_with_those_there_are() -> None:
    with pytest.raises(NotFound, match="no task 'paint'") as caught:
        task_named("paint")
    assert "describe, compare" in caught.value.next_step


# --- where things are ------------------------------------------------------------------------------------------------


def test_boxes_are_in_pixels_of_the_picture() -> None:
    (located,) = do("point", json.dumps(GOOD["point"]), exhibit(400, 200)).located
    assert located.detection.box == Box(40, 20, 200, 100)
    assert located.detection.source == "fake-vlm:1"


@pytest.mark.parametrize("size", [(320, 240), (3840, 2160), (9000, 700), (12000, 9000)])
def test_large_pictures_are_shown_whole_and_in_parts_that_leave_nothing_out(size: tuple[int, int]) -> None:
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    whole, *parts = views_of(picture)
    assert whole.picture is picture
    assert len(parts) <= MOST_VIEWS
    if max(size) <= SIDE:
        assert parts == []
        return
    seen = np.zeros((height, width), bool)
    for part in parts:
        tall, wide = part.picture.shape[:2]
        seen[part.top : part.top + tall, part.left : part.left + wide] = True
    assert seen.all()


def test_a_small_thing_in_a_large_picture_is_found_in_its_part_and_counted_once() -> None:
    """Two red things: one far apart, one where parts overlap; the model sees a thing only where it is large enough."""
    picture = np.full((2160, 3840, 3), 90, np.uint8)
    for x, y in ((3000, 300), (930, 1000)):
        picture[y : y + 40, x : x + 40] = (250, 0, 0)

    def eyes(ask: Ask) -> str:
        (shown,) = ask.pictures
        boxes = []
        if shown.shape[1] < 3840:
            red = (shown[:, :, 0] > 200).astype(np.uint8)
            ys, xs = np.nonzero(red)
            if len(xs) > 400:
                height, width = red.shape
                box = [xs.min() * 1000 / width, ys.min() * 1000 / height, (xs.max() + 1) * 1000 / width, (ys.max() + 1) * 1000 / height]  # fmt: skip
                boxes = [{"label": "x", "box": [round(v) for v in box], "confidence": 0.9}]
        return json.dumps({"count": len(boxes), "boxes": boxes, "confidence": 0.9})

    found = do("count", eyes, Exhibit(name="p", picture=picture), words="red thing")
    assert (found.status, found.text) == (InspectionStatus.ANSWERED, "2")
    assert found.calls == 1 + len(views_of(picture)) - 1
    centres = sorted(located.detection.box.centre for located in found.located)
    assert centres == [pytest.approx((950, 1020), abs=4), pytest.approx((3020, 320), abs=4)]


def detection(x: float, score: float, source: str, *, width: float = 40) -> Detection:
    return Detection(label="car", box=Box(x, 10, x + width, 50), score=score, source=source)


def test_what_two_independent_sources_found_is_one_thing_and_surer() -> None:
    both, alone = merged([detection(10, 0.6, "vlm"), detection(12, 0.5, "onnx"), detection(200, 0.6, "vlm")])
    assert (both.source, both.score) == ("onnx+vlm", 0.8)
    assert (alone.source, alone.score) == ("vlm", 0.6)
    assert 10 <= both.box.x1 <= 12


def test_what_one_source_says_twice_is_said_once() -> None:
    (one,) = merged(
        [detection(10, 0.6, "vlm"), detection(10, 0.5, "vlm"), detection(10, 0.4, "vlm", width=18)]
    )
    assert (one.score, one.box) == (0.6, Box(10, 10, 50, 50)), "a part's view that cut it off changes nothing"


def test_a_detector_that_sees_more_makes_a_count_unsure_and_tells_both() -> None:
    detector = FakeDetector({0: [detection(x, 0.9, "fake-detector:1") for x in (40, 200)]})
    model = FakeVlm([json.dumps({"count": 1, "confidence": 0.9, "boxes": [{"label": "car", "box": [125, 40, 250, 210], "confidence": 0.8}]})])  # fmt: skip
    found = inspect(TASKS["count"], [exhibit()], eyes=Eyes(vlm=model, detector=detector), words="cars")
    assert (found.status, found.data["counted"], found.data["count"]) == (InspectionStatus.UNSURE, 1, 2)
    assert "+" in found.located[0].detection.source


def test_without_a_model_a_detector_counts_what_it_knows_and_nothing_else_is_pretended() -> None:
    detector = FakeDetector({0: [detection(40, 0.9, "fake-detector:1")]})
    found = inspect(TASKS["count"], [exhibit()], eyes=Eyes(detector=detector), words="cars")
    assert (found.status, found.text, found.calls) == (InspectionStatus.ANSWERED, "1", 0)
    for name, words in (("count", "red hats"), ("describe", "car"), ("check", "is it open?")):
        with pytest.raises(ModelUnavailable, match="needs a vision-language model") as caught:
            inspect(TASKS[name], [exhibit()], eyes=Eyes(detector=detector), words=words)
        assert "SIGHTLINE_VLM" in caught.value.next_step


# --- long video ------------------------------------------------------------------------------------------------------

STREAM = Stream(id=DOCK, name="dock", source="x", shown_source="x", duration=120 * SECOND)


class Frames:
    """Grey pictures; keeps which moments were opened."""

    def __init__(self) -> None:
        self.opened: list[int] = []

    def frames_at(self, _stream: object, moments: list[int]) -> list[Frame]:
        self.opened += moments
        return [Frame(at=at, picture=np.zeros((24, 32, 3), np.uint8)) for at in moments]


def note_or_summary(ask: Ask) -> str:
    if ask.pictures:
        return json.dumps({"text": ask.prompt.split(";")[0], "confidence": 0.9})
    return json.dumps(GOOD["summarize"])


def test_a_long_stretch_is_noted_part_by_part_and_rolled_up() -> None:
    model, frames = FakeVlm(note_or_summary), Frames()
    found = sum_up(STREAM, Span(0, 120 * SECOND), store=MemoryStore(), frames=frames, vlm=model)
    assert (found.status, found.text) == (InspectionStatus.ANSWERED, WORDS["summarize"])
    assert len(found.data["parts"]) == 12
    assert [bool(ask.pictures) for ask in model.asked] == [True] * 12 + [False] * 2
    assert "The summary so far: A quiet day." in model.asked[-1].prompt
    assert found.calls == 14


def test_what_is_remembered_is_not_looked_at_again() -> None:
    store = MemoryStore()
    for n in range(6):
        store.write(observation(n, caption(n, f"Part {n}.")))
    model, frames = FakeVlm(note_or_summary), Frames()
    found = sum_up(STREAM, Span(0, 120 * SECOND), store=store, frames=frames, vlm=model)
    assert min(frames.opened) >= 60 * SECOND
    assert [p["text"] for p in found.data["parts"]][:2] == ["Part 0.", "Part 1."]
    assert "Part 5." in model.asked[6].prompt


def test_a_part_nobody_could_say_anything_of_makes_the_summary_unsure_and_is_named() -> None:
    def answer(ask: Ask) -> str:
        return "blah" if "0:10" in ask.prompt and ask.pictures else note_or_summary(ask)

    found = sum_up(STREAM, Span(0, 60 * SECOND), store=MemoryStore(), frames=Frames(), vlm=FakeVlm(answer))
    assert found.status is InspectionStatus.UNSURE
    assert "of 6 parts could not be looked at" in found.problem


def test_parts_make_up_the_span() -> None:
    for length in (3, 10, 95, 8 * 3600):
        parts = parts_of(Span(5, 5 + length * SECOND))
        assert len(parts) <= MOST_PARTS
        assert (parts[0].start, parts[-1].end) == (5, 5 + length * SECOND)
        assert all(a.end == b.start for a, b in pairwise(parts))


def test_a_chunk_counts_as_remembered_only_if_somebody_looked() -> None:
    store = MemoryStore()
    store.write(observation(0, caption(0, "Words from events.", model="describe:1")))
    model = FakeVlm(note_or_summary)
    sum_up(STREAM, chunk(0).span, store=store, frames=Frames(), vlm=model)
    assert model.asked[0].pictures
