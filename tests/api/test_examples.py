"""Labelled pictures over the command line and HTTP, and what a model is shown of them."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from api.exampled import Exampled, reply_of
from core.example import Example
from core.media import Picture
from core.ports import Ask
from core.spending import Use
from graph.examples import Shelf
from graph.ledger import MemoryLedger
from graph.media import MemoryMedia
from helpers.vlm_server import Line, vlm_server
from ingest.captions.prompts import CAPTION_SCHEMA
from models.json_reply import misfit
from models.vlm_openai import OpenAiVlm

RED: Picture = np.full((40, 60, 3), (210, 40, 30), np.uint8)
BLUE: Picture = np.full((40, 60, 3), (30, 40, 210), np.uint8)
EXAMPLE = Example(id="ex_1", key="k", label="pallet jack", text="A pallet jack stands there.")


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf(MemoryLedger(), MemoryMedia())
    shelf.add(RED, label="pallet jack", text="A pallet jack stands there.")
    shelf.add(BLUE, label="water drum", text="A water drum stands there.")
    return shelf


def test_the_most_alike_example_is_sent_before_the_question(shelf: Shelf) -> None:
    with vlm_server([Line(text="ok")]) as server:
        vlm = OpenAiVlm(server.model())
        Exampled(vlm, shelf, 1).ask([Ask(prompt="what is it?", pictures=(RED,), use=Use.INSPECTION)])
        vlm.close()
    shown, said, asked = server.asked[0]["messages"]
    assert said == {"role": "assistant", "content": "A pallet jack stands there."}
    assert [part["type"] for part in shown["content"]] == ["text", "image_url"]
    assert asked["content"][0]["text"] == "what is it?"


@pytest.mark.parametrize("use", [Use.VERDICT, Use.QUESTION, Use.CHAT])
def test_a_verdict_is_given_on_its_own_pictures_alone(shelf: Shelf, use: Use) -> None:
    with vlm_server([Line(text="ok")]) as server:
        vlm = OpenAiVlm(server.model())
        Exampled(vlm, shelf, 2).ask([Ask(prompt="is it?", pictures=(RED,), use=use)])
        vlm.close()
    assert len(server.asked[0]["messages"]) == 1


def test_an_example_is_told_in_the_form_that_is_asked_for() -> None:
    said = reply_of(EXAMPLE, CAPTION_SCHEMA)
    assert said is not None
    assert misfit(json.loads(said), CAPTION_SCHEMA) == ""
    assert json.loads(said)["summary"] == EXAMPLE.text


def test_what_has_no_place_in_the_form_is_not_put_into_it() -> None:
    def form(**properties: object) -> dict[str, object]:
        return {"type": "object", "properties": properties, "required": list(properties)}

    assert reply_of(EXAMPLE, form(count={"type": "integer"})) is None
    assert reply_of(EXAMPLE, form(same={"type": "boolean"})) is None
    assert reply_of(EXAMPLE, form(label={"enum": ["car", "bus"]})) is None
    assert reply_of(EXAMPLE, form(label={"enum": ["car", "pallet jack"]})) == '{"label": "pallet jack"}'


def test_they_are_kept_listed_and_removed_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from api.cli.main import main

    monkeypatch.setenv("SIGHTLINE_HOME", str(tmp_path / "home"))
    cv2.imwrite(str(tmp_path / "jack.png"), RED[..., ::-1])

    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["sightline", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, None)
        return capsys.readouterr().out

    row = json.loads(run("examples", "add", str(tmp_path / "jack.png"), "--label", "pallet jack", "--json"))
    assert json.loads(run("examples", "list", "--json")) == row
    assert "pallet jack" in run("examples", "list")
    run("examples", "remove", row["id"])
    assert run("examples", "list", "--json") == ""


def test_they_are_kept_listed_shown_and_removed_over_http(door: Any) -> None:
    sent = base64.b64encode(cv2.imencode(".png", RED[..., ::-1])[1].tobytes()).decode()
    body = {"image": f"data:image/png;base64,{sent}", "label": "pallet jack"}
    made = door.client.post("/v1/examples", json=body)
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    assert [row["id"] for row in door.client.get("/v1/examples").json()["items"]] == [id]
    shown = door.client.get(f"/v1/examples/{id}/picture")
    assert shown.headers["content-type"] == "image/png"
    assert np.array_equal(cv2.imdecode(np.frombuffer(shown.content, np.uint8), 1)[..., ::-1], RED)
    assert door.client.delete(f"/v1/examples/{id}").status_code == 204
    assert door.client.delete(f"/v1/examples/{id}").status_code == 404
    assert door.client.post("/v1/examples", json={**body, "stream": "dock"}).status_code == 422
