"""`sightline eval vlm`: videos and pictures reach the model, answers are kept, a run that was cut off goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from helpers.videos import write_video
from helpers.vlm_server import Line, Server, refused, vlm_server

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    from api.cli.main import main

    monkeypatch.setenv("SIGHTLINE_HOME", str(tmp_path / "home"))

    def go(server: Server, *words: object) -> tuple[int, str]:
        monkeypatch.setenv("SIGHTLINE_VLM", server.model())
        monkeypatch.setattr(sys, "argv", ["sightline", *map(str, words)])
        try:
            main()
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        return status, capsys.readouterr().out

    return go


@pytest.fixture
def charts(tmp_path: Path) -> Path:
    rows = []
    for number in range(6):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((30, 40, 3), 40 * number, np.uint8))
        rows.append(
            {"imgname": f"{number}.png", "query": f"How many in {number}?", "label": str(10 * (number + 1))}
        )
    path = tmp_path / "test_human.json"
    path.write_text(json.dumps(rows))
    return path


def number_of(body: dict[str, Any]) -> int:
    words = body["messages"][-1]["content"][0]["text"]
    return int(words.partition("?")[0].split()[-1])


def test_accuracy_is_right_answers_by_all_questions(run: Run, charts: Path) -> None:
    def say(body: dict[str, Any]) -> Line:
        number = number_of(body)
        return Line(text=str(10 * (number + 1) + (5 if number < 2 else 0)))

    with vlm_server(say) as server:
        status, out = run(server, "eval", "vlm", charts, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["benchmark"] == "chartqa"
    assert found["shares"] == [
        {"name": "all", "accuracy": pytest.approx(4 / 6), "right": 4.0, "asked": 6, "unusable": 0}
    ]


def test_a_run_that_was_cut_off_goes_on_and_asks_nothing_twice(
    run: Run, charts: Path, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.jsonl"
    with vlm_server(lambda body: Line(text=str(10 * (number_of(body) + 1)))) as server:
        run(server, "eval", "vlm", charts, "--out", answers, "--limit", 3)
        assert len(server.asked) == 3
        with answers.open("a") as file:
            file.write('{"id": "3.png#How')  # as a crash in the midst of a line leaves it
        status, out = run(server, "eval", "vlm", charts, "--out", answers, "--json")
        assert sorted(number_of(body) for body in server.asked) == [0, 1, 2, 3, 4, 5]
        again, _ = run(server, "eval", "vlm", charts, "--out", answers)
        assert len(server.asked) == 6
    assert (status, again) == (0, 0)
    assert json.loads(out)["shares"][0]["accuracy"] == 1.0


def test_replies_that_cannot_be_used_are_counted_and_asked_again_next_time(
    run: Run, charts: Path, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.jsonl"
    with vlm_server(lambda body: Line(text="" if number_of(body) == 2 else "10")) as server:
        _, out = run(server, "eval", "vlm", charts, "--out", answers, "--json")
        assert json.loads(out)["shares"][0]["unusable"] == 1
        run(server, "eval", "vlm", charts, "--out", answers)
        assert [number_of(body) for body in server.asked[6:]] == [2]


def test_answers_of_another_model_are_not_gone_on_with(run: Run, charts: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps({"benchmark": "chartqa", "model": "openai:other"}) + "\n")
    with vlm_server([Line(text="1")]) as server:
        status, _ = run(server, "eval", "vlm", charts, "--out", answers)
        assert (status, server.asked) == (2, [])


def test_a_videos_frames_are_shown_with_its_question(run: Run, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    write_video(tmp_path / "videos" / "a.mp4", seconds=4)
    rows = [{"id": "a_0", "video_path": "a.mp4", "question": "What?", "candidates": ["x", "y"], "correct_choice": 1,
             "duration_group": 15, "question_category": "S2E"}]  # fmt: skip
    (tmp_path / "lvb_val.json").write_text(json.dumps(rows))
    with vlm_server([Line(text="B")]) as server:
        status, out = run(server, "eval", "vlm", tmp_path / "lvb_val.json", "--frames", 5, "--json")
    assert status == 0
    content = server.asked[0]["messages"][-1]["content"]
    assert [part["type"] for part in content] == ["text"] + ["image_url"] * 5
    names = [share["name"] for share in json.loads(out)["shares"]]
    assert names == ["all", "duration_group 15", "question_category S2E"]


def test_a_server_that_is_away_ends_the_run_and_keeps_what_was_answered(
    run: Run, charts: Path, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.jsonl"
    with vlm_server([refused("no", status=401)]) as server:
        status, _ = run(server, "eval", "vlm", charts, "--out", answers)
    assert status == 3
    assert len(answers.read_text().splitlines()) == 1


def test_paths_alone_are_still_labelled_videos(run: Run, tmp_path: Path) -> None:
    with vlm_server([Line(text="x")]) as server:
        status, _ = run(server, "eval", tmp_path / "none")
    assert status == 2
