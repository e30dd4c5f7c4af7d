"""A VLM server that is away is said, and costs nothing but its captions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.command import Sightline, free_port
from helpers.videos import write_video
from helpers.vlm_server import Line, vlm_server

pytestmark = pytest.mark.slow


def test_captions_that_nobody_wrote_are_told_and_the_rest_is_there(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=4)
    line = Sightline(tmp_path / "home", vlm=f"openai+http://127.0.0.1:{free_port()}/v1?model=m")
    (watched,) = line.run("watch", video, "--name", "v", "--json").lines
    assert "1 of 1 captions failed" in watched["problem"]
    assert watched["events"] > 0


def test_a_server_that_answers_writes_the_captions(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=4)
    reply = Line(text=json.dumps({"summary": "A red thing walks to and fro.", "facts": []}))
    with vlm_server([reply]) as server:
        line = Sightline(tmp_path / "home", vlm=server.model("tiny"))
        (watched,) = line.run("watch", video, "--name", "v", "--json").lines
    assert watched["problem"] == ""
    (said,) = line.run("captions", "--stream", "v", "--json").lines
    assert (said["model"], said["text"]) == ("openai:tiny", "A red thing walks to and fro.")
    pictures = [part for part in server.asked[0]["messages"][-1]["content"] if part["type"] == "image_url"]
    assert pictures
    assert pictures[0]["image_url"]["url"].startswith("data:image/jpeg;base64,")


def test_a_dearer_model_looks_at_what_the_first_one_flagged_and_both_are_accounted_for(
    tmp_path: Path,
) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=4)
    fact = {"kind": "object", "text": "A red box.", "value": "red box", "pictures": [0], "confidence": 0.8}

    def answer(body: dict[str, Any]) -> Line:
        dear = body["model"] == "dear"
        said = {"summary": "dear words" if dear else "cheap words", "facts": [fact] if dear else []}
        return Line(text=json.dumps(said | {"look_closer": not dear}))

    with vlm_server(answer) as server:
        line = Sightline(tmp_path / "home", vlm=server.model("cheap"), vlm_deep=server.model("dear"))
        (watched,) = line.run("watch", video, "--name", "v", "--json").lines
    assert watched["captions"] == {"ok": 2}
    said = line.run("captions", "--stream", "v", "--json").lines
    assert {(c["model"], c["text"].split("\n")[0]) for c in said} == {
        ("openai:cheap", "cheap words"),
        ("openai:dear", "dear words"),
    }
    (told,) = line.run("events", "--stream", "v", "--kind", "described", "--json").lines
    assert (told["source"], told["attributes"]["what"]) == ("openai:dear", "red box")
    used = line.run("usage", "--stream", "v", "--json").json["usage"]
    assert {(u["model"], u["use"], u["calls"], u["tokens_in"]) for u in used} == {
        ("openai:cheap", "caption", 1, 11),
        ("openai:dear", "deep", 1, 11),
    }
    cheap, dear = (next(b for b in server.asked if b["model"] == name) for name in ("cheap", "dear"))
    assert cheap["messages"] == dear["messages"], "the same pictures, the same words"
