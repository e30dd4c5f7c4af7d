"""What is labelled in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Invalid
from evaluate.labelled import Labelled, labelled


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_truth_is_found_by_the_videos_name(tmp_path: Path) -> None:
    touched(
        tmp_path, "dock/a.mp4", "dock/a.truth.json", "dock/a.gt.txt", "dock/b.avi", "dock/b.coco.json", "dock/c.mp4",
        "mot/seq/gt/gt.txt", "mot/seq.mkv", "pictures/all.coco.json", "q.jsonl", "notes.txt",
    )  # fmt: skip
    found = labelled([tmp_path])
    assert found.videos == (
        Labelled(
            video=tmp_path / "dock/a.mp4",
            events=tmp_path / "dock/a.truth.json",
            tracks=tmp_path / "dock/a.gt.txt",
        ),
        Labelled(video=tmp_path / "dock/b.avi", boxes=tmp_path / "dock/b.coco.json"),
        Labelled(video=tmp_path / "mot/seq.mkv", tracks=tmp_path / "mot/seq/gt/gt.txt"),
    )
    assert found.videos[0].domain == "dock"
    assert found.pictures == (tmp_path / "pictures/all.coco.json",)
    assert found.questions == (tmp_path / "q.jsonl",)


def test_a_video_or_a_truth_file_may_be_named_alone(tmp_path: Path) -> None:
    touched(tmp_path, "a.mp4", "a.truth.csv", "a.gt.txt", "b.mp4", "b.gt.txt")
    (by_video,) = labelled([tmp_path / "a.mp4"]).videos
    assert (by_video.events, by_video.tracks) == (tmp_path / "a.truth.csv", tmp_path / "a.gt.txt")
    (by_truth,) = labelled([tmp_path / "b.gt.txt"]).videos
    assert by_truth.video == tmp_path / "b.mp4"


@pytest.mark.parametrize(
    ("names", "given_", "says"),
    [
        (["a.mp4"], ".", "nothing is labelled"),
        (["a.gt.txt"], ".", "no video beside"),
        (["seq/gt/gt.txt"], ".", "no video for the sequence 'seq'"),
        ([], "none.mp4", "there is no"),
    ],
)
def test_what_cannot_be_scored_is_refused(tmp_path: Path, names: list[str], given_: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        labelled([touched(tmp_path, *names) / given_])
