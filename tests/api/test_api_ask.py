"""Asking over the API: questions, summaries, reports, and the same memory in OpenAI's shapes."""

from __future__ import annotations

import base64
import io
import json

import pytest
from openai import OpenAI
from PIL import Image

from core.ports import Reply

ANSWER_FIELDS = {"text", "status", "choice", "confidence", "citations", "steps"}


def events(text: str) -> list[tuple[str, dict]]:
    out = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != ":")
        if "event" in fields:
            out.append((fields["event"], json.loads(fields["data"])))
    return out


def test_a_question_has_a_cited_answer(door) -> None:
    door.add_stream()
    body = door.client.post(
        "/v1/questions", json={"question": "When did the person stop?", "streams": ["dock"]}
    ).json()
    assert body.keys() >= ANSWER_FIELDS
    assert body["status"] == "answered"
    cited = body["citations"][0]
    assert cited.keys() >= {"stream", "start_s", "end_s", "chunk"}
    assert cited["stream"] == "dock"
    assert cited["start_s"] < 7
    assert cited["end_s"] > 3
    assert body["steps"]


@pytest.mark.parametrize(
    "body",
    [
        {"text": "How many people appear?", "stream": "dock", "choice": ["1", "5"]},
        {"question": "How many people appear?", "streams": "dock", "choices": ["1", "5"]},
    ],
)
def test_a_choice_is_picked_whichever_way_it_is_sent(door, body: dict) -> None:
    door.add_stream()
    assert door.client.post("/v1/questions", json=body).json()["choice"] == 0


def test_steps_come_first_when_asked_for_as_events(door) -> None:
    door.add_stream()
    answer = door.client.post(
        "/v1/questions", json={"question": "How many people appear?"}, headers={"Accept": "text/event-stream"}
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer.text)
    assert [name for name, _ in told][-1] == "answer"
    assert {name for name, _ in told[:-1]} == {"step"}
    assert told[-1][1].keys() >= ANSWER_FIELDS


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"question": "How many?", "streams": ["elsewhere"]}, 404),
        ({"question": " "}, 422),
        ({"question": "How many?", "choices": ["one"]}, 422),
        ({"question": "How many?", "from_s": 5, "to_s": 1}, 422),
        ({}, 422),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(door, body: dict, status: int) -> None:
    assert door.client.post("/v1/questions", json=body).status_code == status


def test_a_summary_is_cited(door) -> None:
    door.add_stream()
    body = door.client.post("/v1/summaries", json={"streams": ["dock"]}).json()
    assert body["text"]
    assert body["citations"]


@pytest.mark.parametrize(("form", "media"), [("html", "text/html"), ("md", "text/markdown")])
def test_a_report_is_written_and_fetched(door, clips, form: str, media: str) -> None:
    door.add_stream(source=str(clips / "people" / "hall_groups.mp4"))
    made = door.client.post("/v1/reports", json={"streams": ["dock"], "format": form, "title": "A <b> day"})
    assert made.status_code == 201, made.text
    got = door.client.get(made.json()["url"])
    assert got.headers["content-type"].startswith(media)
    assert "stopped" in got.text
    if form == "html":
        assert "<b> day" not in got.text
        assert "sandbox" in got.headers["content-security-policy"]
        assert "script-src" not in got.headers["content-security-policy"]
    assert door.get("/v1/reports")["items"][0]["id"] == made.json()["id"]
    assert door.client.get("/v1/reports/none").status_code == 404


@pytest.fixture
def openai(door) -> OpenAI:
    """OpenAI's own client, speaking to the app."""
    import httpx2

    key = door.client.headers["authorization"].removeprefix("Bearer ")
    transport = door.client._transport
    return OpenAI(
        api_key=key, base_url="http://testserver/v1", http_client=httpx2.Client(transport=transport)
    )


def test_openais_own_client_is_answered_from_memory(door, openai: OpenAI) -> None:
    door.add_stream()
    assert [model.id for model in openai.models.list()] == ["sightline", door.vlm.name]
    said = openai.chat.completions.create(
        model="sightline", messages=[{"role": "user", "content": "How many people appear?"}]
    )
    assert said.choices[0].message.content
    assert "dock" in said.choices[0].message.content


def test_it_streams_to_openais_own_client(door, openai: OpenAI) -> None:
    door.add_stream()
    question = [{"role": "user", "content": "When did the person stop?"}]
    whole = openai.chat.completions.create(model="sightline", messages=question).choices[0].message.content
    pieces = openai.chat.completions.create(model="sightline", messages=question, stream=True)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == whole


def picture() -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (255, 0, 0)).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def test_any_other_model_is_the_vlm_and_it_gets_the_pictures(door, openai: OpenAI) -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": picture()}},
    ]
    said = openai.chat.completions.create(model="some-vlm", messages=[{"role": "user", "content": parts}])
    assert said.choices[0].message.content == "I see a dock."
    (asked,) = door.vlm.asked
    assert asked.prompt == "What is this?"
    assert asked.pictures[0].shape == (6, 8, 3)
    assert tuple(asked.pictures[0][0, 0]) == (255, 0, 0)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.jpg",
        "data:image/png;base64,!!",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
    ],
)
def test_a_picture_that_is_none_is_refused(door, url: str) -> None:
    parts = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": url}}]
    answer = door.client.post(
        "/v1/chat/completions", json={"model": "vlm", "messages": [{"role": "user", "content": parts}]}
    )
    assert answer.status_code == 422
    assert door.vlm.asked == []


def test_a_reply_that_cannot_be_used_is_no_answer(door) -> None:
    door.vlm._script = [Reply(text="garble", problem="cut off")]
    answer = door.client.post(
        "/v1/chat/completions", json={"model": "vlm", "messages": [{"role": "user", "content": "?"}]}
    )
    assert answer.status_code == 502
    assert "cut off" in answer.json()["detail"]


def test_a_chat_without_a_question_is_refused(door) -> None:
    answer = door.client.post(
        "/v1/chat/completions", json={"messages": [{"role": "system", "content": "be kind"}]}
    )
    assert answer.status_code == 422
