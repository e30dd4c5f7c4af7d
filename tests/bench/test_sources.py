"""The short form of `python -m bench sources`: its clips, its readers and its figures are real."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import absent

from bench.sources import cli, footage, readers

SMALL = replace(cli.SHORT, clip_s=6, clip=(320, 180), ingest_s=20, ingest=(320, 180))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("ffmpeg") is None:
        absent("ffmpeg")
    return tmp_path_factory.mktemp("clips")


@pytest.mark.parametrize("kind", ["uneven", "b_frames", "open_gop"])
def test_not_one_picture_is_another_than_ffmpeg_shows(folder: Path, kind: str) -> None:
    clip = footage.make(folder, kind, seconds=SMALL.clip_s, size=SMALL.clip)
    assert clip.numbers == tuple(range(len(clip.numbers)))
    assert len(clip.numbers) > 100
    for step in (cli.DENSE_S, 1.7):
        asked = footage.every(clip, step)
        assert cli._wrong(readers.ours, clip, asked) == 0
        assert cli._wrong(readers.plain_pyav, clip, asked) == 0


def test_a_reader_that_is_a_picture_late_is_caught(folder: Path) -> None:
    clip = footage.make(folder, "b_frames", seconds=SMALL.clip_s, size=SMALL.clip)
    asked = footage.every(clip, 0.5)

    def late(path: Path, moments: list[int]) -> list[readers.Picture]:
        return readers.ours(path, [at + 34_000 for at in moments])

    assert cli._wrong(late, clip, asked) == len(asked)


def test_the_command_prints_and_writes_its_figures(folder: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(cli, "SHORT", SMALL)
    told = tmp_path / "figures.json"
    words = ["--short", "--only", "ingest,gate", "--folder", str(folder), "--json", str(told)]
    assert cli.main(words) == 0
    figures = json.loads(told.read_text())["figures"]
    assert [figure["name"].split(",")[0] for figure in figures[:2]] == ["watch", "watch --keyframes"]
    assert all(figure["value"] > 0 for figure in figures)
    assert "processor time over ffmpeg's" in capsys.readouterr().out.replace("\n", " ")
