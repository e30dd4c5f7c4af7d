"""The way from a question to a cited answer, on real clips, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.command import Sightline

HALL = "people/hall_groups.mp4"
CLOSET = "warehouse_retail/closet_idle.mp4"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Sightline:
    line = Sightline(tmp_path_factory.mktemp("asked"))
    line.run("watch", clips / HALL, "--name", "hall", "--json")
    line.run("watch", clips / CLOSET, "--name", "closet", "--json")
    return line


def chunks(line: Sightline, stream: str) -> dict[str, tuple[float, float]]:
    rows = line.run("captions", "--stream", stream, "--json").lines
    return {row["chunk"]: (row["start_s"], row["end_s"]) for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        "How many people walk through?",
        "When does the first person appear?",
        "How long was the first person in the picture?",
        "What happened between 14 s and 22 s?",
        "Was anybody there between 28 s and 34 s?",
    ],
)
def test_an_answer_cites_spans_that_are_in_the_memory(watched: Sightline, question: str) -> None:
    answer = watched.run("ask", question, "--stream", "hall", "--json").json
    assert answer["status"] == "answered"
    assert answer["citations"]
    known = chunks(watched, "hall")
    for citation in answer["citations"]:
        assert citation["stream"] == "hall"
        assert 0 <= citation["start_s"] < citation["end_s"] <= 50
        start, end = known[citation["chunk"]]
        assert start < citation["end_s"]
        assert citation["start_s"] < end


@pytest.mark.slow
def test_not_seen_and_not_covered_are_different_answers(watched: Sightline) -> None:
    empty = watched.run(
        "ask", "Was anybody there between 60 s and 120 s?", "--stream", "closet", "--json"
    ).json
    assert empty["status"] == "not_seen"
    beyond = watched.run(
        "ask", "Was anybody there between 300 s and 400 s?", "--stream", "closet", "--json"
    ).json
    assert beyond["status"] == "not_covered"


@pytest.mark.slow
def test_a_choice_is_picked_and_marked_when_it_is_a_guess(watched: Sightline) -> None:
    counted = watched.run(
        "ask", "How many people appear?", "--stream", "closet", "--choice", "4", "--choice", "0", "--json"
    ).json
    assert counted["choice"] == 1
    unknown = watched.run(
        "ask",
        "What is the capital city called?",
        "--stream",
        "hall",
        "--choice",
        "Rome",
        "--choice",
        "Bern",
        "--json",
    ).json
    assert unknown["status"] == "unsupported"
    assert unknown["choice"] in (0, 1)
    assert unknown["confidence"] <= 0.5


@pytest.mark.slow
def test_tracks_come_in_the_formats_others_read(watched: Sightline) -> None:
    mot = watched.run("tracks", "--stream", "hall", "--format", "mot", "--looks-only").out.splitlines()
    assert len(mot) > 50
    assert all(len(line.split(",")) >= 9 for line in mot)
    coco = json.loads(watched.run("tracks", "--stream", "hall", "--format", "coco").out)
    assert {"images", "annotations", "categories"} <= coco.keys()
    assert len(coco["annotations"]) == len(mot)


@pytest.mark.slow
def test_a_stream_that_is_forgotten_is_gone(tmp_path: Path, clips: Path) -> None:
    line = Sightline(tmp_path / "home")
    line.run("watch", clips / "people/corridor_two_walk.mp4", "--name", "corridor", "--json")
    assert line.run("captions", "--stream", "corridor", "--json").lines
    line.run("streams", "forget", "corridor", "--yes")
    line.run("ask", "How many people appear?", "--stream", "corridor", expect=2)
    assert line.run("events", "--json").out == ""
