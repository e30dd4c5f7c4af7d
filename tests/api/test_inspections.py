"""Inspections, usage and budgets through the front doors, against a scripted server."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.ids import StreamId
from core.media import Frame
from core.ports import Turn
from core.spending import Budget, Usage, Use
from helpers.command import Sightline
from helpers.videos import write_video
from helpers.vlm_server import Line, vlm_server

SURE = {"confidence": 0.9}
YES = json.dumps({"answer": "yes", "reason": "it stands open", **SURE})


def url_of(picture: np.ndarray[Any, Any]) -> str:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


IMAGE = {"image": url_of(np.full((40, 60, 3), 90, np.uint8))}


def post(door: Any, expect: int = 200, **body: Any) -> Any:
    answer = door.client.post("/v1/inspections", json=body)
    assert answer.status_code == expect, answer.text
    return answer.json()


def test_a_picture_is_checked_and_the_result_is_typed(door: Any) -> None:
    door.vlm._script = [YES]
    found = post(door, task="check", pictures=[IMAGE], words="Is the door open?")
    assert (found["status"], found["text"]) == ("answered", "yes: it stands open")
    assert found["data"]["answer"] == "yes"
    assert door.vlm.asked[-1].pictures[0].shape == (40, 60, 3)
    assert "Is the door open?" in door.vlm.asked[-1].prompt


@pytest.mark.parametrize("said", ["yes", "true", "", '{"answer": "yes"}', f"It says: {YES}"])
def test_stray_words_are_told_as_such_with_200_and_no_result(door: Any, said: str) -> None:
    door.vlm._script = [said]
    found = post(door, task="check", pictures=[IMAGE], words="Is the door open?")
    assert found["status"] in ("unreadable", "failed")
    assert found["data"] == {}
    assert found["problem"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"task": "paint", "pictures": [IMAGE]}, 404, "no task"),
        ({"task": "check", "pictures": [IMAGE]}, 422, "needs words"),
        ({"task": "compare", "pictures": [IMAGE]}, 422, "takes 2 pictures"),
        ({"task": "classify", "pictures": [IMAGE], "labels": ["a"]}, 422, "two labels"),
        ({"task": "describe", "pictures": [{}]}, 422, "an `image` or of a `stream`"),
        ({"task": "describe", "pictures": [{"image": "http://x/y.jpg"}]}, 422, "data URL"),
        ({"task": "describe", "pictures": [{"image": "data:image/png;base64,AAAA"}]}, 422, "cannot be read"),
        ({"task": "describe", "pictures": [{"stream": "nowhere", "at_s": 1}]}, 404, "no stream"),
    ],
)
def test_a_wrong_request_is_refused_with_the_cause(door: Any, body: Any, status: int, words: str) -> None:
    assert words in post(door, status, **body)["detail"]


def test_tasks_are_listed(door: Any) -> None:
    tasks = {t["name"]: t for t in door.get("/v1/inspections/tasks")["items"]}
    assert tasks["compare"]["pictures"] == [2, 2]
    assert tasks["classify"]["wants"] == ["labels"]


def test_a_chat_hands_the_whole_conversation_with_its_pictures_to_the_model(door: Any) -> None:
    shown = {"type": "image_url", "image_url": {"url": IMAGE["image"]}}
    messages = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": [{"type": "text", "text": "What is it?"}, shown]},
        {"role": "assistant", "content": "A dock."},
        {"role": "user", "content": "Which colour?"},
    ]
    answer = door.client.post("/v1/chat/completions", json={"model": "eye", "messages": messages})
    assert answer.status_code == 200, answer.text
    asked = door.vlm.asked[-1]
    assert (asked.prompt, asked.system, asked.use) == ("Which colour?", "Be short.", "chat")
    (turn,) = asked.history
    assert isinstance(turn, Turn)
    assert (turn.prompt, turn.reply, len(turn.pictures)) == ("What is it?", "A dock.", 1)


def test_usage_and_budgets_are_shown_and_set(door: Any) -> None:
    stream = door.add_stream()
    ledger = door.house.ledger
    used = {"calls": 3, "failed": 1, "tokens_in": 100, "tokens_out": 9}
    for day in ("2026-03-01", "2026-03-02"):
        none = Usage.none(stream.id, "eye:1", Use.CAPTION, day)
        ledger.put(Usage(**{f: getattr(none, f) for f in ("id", "stream_id", "model", "use", "day")}, **used))
    (row,) = door.get(f"/v1/streams/{stream.id}")["usage"]
    assert row == {"stream": "dock", "model": "eye:1", "use": "caption"} | {k: 2 * v for k, v in used.items()}
    (of_day,) = door.get("/v1/usage", params={"day": "2026-03-02", "stream": "dock"})["items"]
    assert of_day["calls"] == 3
    metrics = door.client.get("/metrics").text
    assert 'sightline_model_calls_total{model="eye:1",stream="dock",use="caption"} 6.0' in metrics
    path = f"/v1/streams/{stream.id}/budget"
    assert door.get(path) == {"stream": "dock", "calls": None, "tokens": None, "own": False}
    assert door.client.put(path, json={"calls": 5}).json()["calls"] == 5
    assert ledger.get(Budget, stream.id) == Budget(id=StreamId(stream.id), calls=5)
    assert door.client.put(path, json={"calls": -1}).status_code == 422
    assert door.client.put(path, json={"calls": 1}, headers=door.key("viewer")).status_code == 403
    assert door.client.delete(path).json()["own"] is False
    door.client.delete(f"/v1/streams/{stream.id}")
    assert ledger.find(Usage) == []


# --- the command line ------------------------------------------------------------------------------------------------


def server_for(replies: dict[str, str]) -> Any:
    """A server that answers by what it is asked for."""

    def answer(body: dict[str, Any]) -> Line:
        system = body["messages"][0]["content"]
        return Line(text=next(text for words, text in replies.items() if words in system))

    return vlm_server(answer)


@pytest.mark.slow
def test_the_command_line_inspects_pictures_and_moments(tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(tmp_path / "p.png")
    video = write_video(tmp_path / "v.mp4", seconds=3)
    told = {
        "before, the last one after": json.dumps(
            {"text": "It moved.", "same": False, "differences": [{"what": "x", "before": "left", "after": "right"}], **SURE}
        ),
        "yes or no": "Yes, certainly true.",
    }  # fmt: skip
    with server_for(told) as server:
        line = Sightline(tmp_path / "home", vlm=server.model("eye"))
        compared = line.run("inspect", "compare", f"{video}@0.5", f"{video}@2", "--json").json
        checked = line.run("inspect", "check", "Is it red?", tmp_path / "p.png", "--json", expect=1).json
        line.run("inspect", "check", "Is it red?", tmp_path / "gone.png", expect=2)
    assert (compared["status"], compared["data"]["same"]) == ("answered", False)
    assert (checked["status"], checked["text"]) == ("unreadable", "Yes, certainly true.")
    used = line.run("usage", "--json").json
    assert {(u["use"], u["calls"], u["failed"]) for u in used["usage"]} == {("inspection", 2, 1)}


def test_without_a_model_the_way_out_is_told(tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(tmp_path / "p.png")
    line = Sightline(tmp_path / "home")
    ran = line.run("inspect", "describe", tmp_path / "p.png", expect=3)
    assert "needs a vision-language model" in ran.err
    assert "SIGHTLINE_VLM=" in ran.err


def test_frames_are_of_the_moment_that_is_named(tmp_path: Path, door: Any) -> None:
    shown: list[list[int]] = []

    class Frames:
        def frames_at(self, _stream: object, moments: list[int]) -> list[Frame]:
            shown.append(list(moments))
            return [Frame(at=at, picture=np.zeros((24, 32, 3), np.uint8)) for at in moments]

    from api.exhibits import Place, of_stream

    stream = door.add_stream()
    object.__setattr__(door.house, "frames", Frames())
    of_stream(stream, Place.of("dock@12.5"), door.house)
    of_stream(stream, Place.of("dock@4-8"), door.house)
    assert shown[0] == [12_500_000]
    assert len(shown[1]) == 8
    assert all(4_000_000 <= at < 8_000_000 for at in shown[1])
