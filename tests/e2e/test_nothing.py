"""A picture with nothing in it gives no event: by day, at night, in rain, under a sensor's noise, and on a real clip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.scenes import render
from bench.scenes.conditions import Conditions
from bench.scenes.dock import loading_dock
from bench.scenes.kinds import KINDS
from bench.scenes.scene import Scene
from helpers.command import Sightline

CONDITIONS = {
    "day": Conditions(),
    "grainy": Conditions(noise=7.0),
    "dusk": Conditions(light="dusk", rain=0.5),
    "night": Conditions(light="night"),
    "downpour": Conditions(light="night", rain=1.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CONDITIONS)
def test_an_empty_rendered_scene_gives_no_event(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def empty(seed: int) -> Scene:
        return replace(loading_dock(seed), actors=(), duration=12.0, conditions=CONDITIONS[name])

    monkeypatch.setitem(KINDS, "empty", empty)
    files = render("empty", 5, tmp_path)
    line = Sightline(tmp_path / "home")
    told = line.run("watch", files.video, "--name", "empty", "--zones", files.zones, "--json").json
    assert told["coverage"]["failed_s"] == 0
    assert line.run("events", "--stream", "empty", "--json").lines == []


@pytest.mark.slow
def test_a_real_camera_that_sees_nothing_for_two_minutes_gives_no_event(tmp_path: Path, clips: Path) -> None:
    line = Sightline(tmp_path / "home")
    line.run("watch", clips / "warehouse_retail/closet_idle.mp4", "--name", "closet", "--json")
    assert line.run("events", "--stream", "closet", "--json").lines == []
