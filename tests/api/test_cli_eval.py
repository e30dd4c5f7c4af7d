"""`sightline eval`: a labelled folder is watched apart and scored; files are scored by files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.place import Box
from evaluate.mot import MotRow, read_mot, write_mot
from helpers.command import Sightline
from helpers.videos import write_video

pytestmark = pytest.mark.slow

FPS = 15
SECONDS = 8


def walked() -> list[MotRow]:
    """Where the walker of `helpers.videos` is in every frame of a 320 × 240 picture."""
    rows = []
    for n in range(FPS * SECONDS):
        phase = n / FPS / 4 % 2
        x = round((phase if phase <= 1 else 2 - phase) * 300)
        rows.append(MotRow(frame=n + 1, number=1, box=Box(x, 120, x + 20, 200)))
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video labelled in every way there is."""
    folder = tmp_path_factory.mktemp("labelled")
    write_video(folder / "walk.mp4", seconds=SECONDS, fps=FPS)
    (folder / "walk.gt.txt").write_text("\n".join(write_mot(walked())))
    # the walker turns round at the wall, at 4 s
    (folder / "walk.truth.csv").write_text("kind,start_s,due_s\nturned,4.0,4.0\n")
    boxes = [
        {"id": n, "image_id": n, "category_id": 1, "bbox": [r.box.x1, r.box.y1, 20, 80]}
        for n, r in ((r.frame, r) for r in walked()[20:100:10])
    ]
    images = [{"id": box["image_id"], "frame": box["image_id"]} for box in boxes]
    truth = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "thing"}]}
    (folder / "walk.coco.json").write_text(json.dumps(truth))
    question = {
        "question": "How many things appear?",
        "choices": ["1", "4"],
        "answer_index": 0,
        "type": "count",
        "evidence": [0, 8],
    }
    (folder / "q.jsonl").write_text(json.dumps({"clip": "walk.mp4", "questions": [question]}))
    return folder


@pytest.fixture(scope="module")
def scored(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The score of the folder, by the command."""
    line = Sightline(tmp_path_factory.mktemp("home"))
    out = folder.parent / "score.json"
    told = line.run("eval", folder, "--json", "--out", out).json
    assert json.loads(out.read_text()) == told
    assert line.run("streams", "list", "--json").out.strip() in ("", "[]"), "nothing of it is remembered"
    return told


def test_tracks_are_scored_frame_by_frame(scored: dict) -> None:
    tracks = scored["tracks"]
    assert tracks["videos"][0]["name"] == "walk"
    assert tracks["all"]["true_boxes"] == FPS * SECONDS
    assert tracks["all"]["hota"] > 0.5
    assert tracks["all"]["idf1"] > 0.7, "a plain block is called by two names, which may part its track"


def test_events_are_scored_by_kind(scored: dict) -> None:
    events = scored["events"]
    assert set(events["kinds"]) == {"turned"}
    assert events["hours"] == pytest.approx(SECONDS / 3600, rel=0.05)
    turned = events["kinds"]["turned"]
    assert turned["right"] + turned["missed"] == 1


def test_boxes_and_questions_are_scored(scored: dict) -> None:
    (boxes,) = scored["boxes"]
    assert (boxes["images"], boxes["true_boxes"]) == (8, 8)
    assert boxes["ap50"] is not None
    everything = scored["questions"]["accuracy"][0]
    assert (everything["name"], everything["asked"], everything["chance"]) == ("all", 1, 0.5)


def test_one_file_is_scored_by_another(folder: Path, tmp_path: Path) -> None:
    line = Sightline(tmp_path / "home")
    told = line.run("eval", folder / "walk.gt.txt", "--against", folder / "walk.gt.txt", "--json").json
    assert told["tracks"]["all"]["hota"] == pytest.approx(1)
    told = line.run("eval", folder / "walk.coco.json", "--against", folder / "walk.coco.json", "--json").json
    assert told["boxes"][0]["ap"] == pytest.approx(1)
    found = tmp_path / "found.jsonl"
    found.write_text('{"kind": "turned", "start_s": 4.2, "end_s": 4.2, "noticed_s": 5, "id": "e"}\n')
    told = line.run("eval", folder / "walk.truth.csv", "--against", found, "--json").json
    assert told["events"]["all"]["f1"] == 1
    assert told["events"]["all"]["delay_s"] == pytest.approx(1)


def test_a_folder_without_truth_is_refused(tmp_path: Path) -> None:
    ran = Sightline(tmp_path / "home").run("eval", tmp_path, expect=2)
    assert "nothing is labelled" in ran.err


def test_the_tracks_of_the_command_line_are_what_is_scored(folder: Path, tmp_path: Path) -> None:
    line = Sightline(tmp_path / "home")
    line.run("watch", folder / "walk.mp4", "--json")
    rows = read_mot(line.run("tracks", "--stream", "walk", "--format", "mot").out, "tracks")
    truth = {row.frame: row.box for row in walked()}
    assert len(rows) > 60
    assert sum(row.box.iou(truth[row.frame]) > 0.6 for row in rows) > 0.8 * len(rows), (
        "frame for frame the same place"
    )
