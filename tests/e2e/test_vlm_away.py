"""A VLM server that is away is said, and costs nothing but its captions."""

from __future__ import annotations

import json
from pathlib import Path

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
