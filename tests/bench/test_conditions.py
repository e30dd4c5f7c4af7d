"""Light, rain and things in the way: what they do to pictures and to the truth, and a domain's own kinds of events."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.scenes.camera import Camera
from bench.scenes.conditions import Conditions, Lamp, Occluder
from bench.scenes.dock import loading_dock
from bench.scenes.files import write_truth
from bench.scenes.machines import Solid
from bench.scenes.render import pictures
from bench.scenes.scene import Scene
from bench.scenes.shapes import Figure, Pixels
from bench.scenes.truth import Happening, Stay, Stays, happenings, stays

pytestmark = pytest.mark.slow


def in_conditions(conditions: Conditions, seconds: float = 5.0) -> Scene:
    return replace(loading_dock(3), conditions=conditions, duration=seconds)


def played(scene: Scene) -> tuple[list[Pixels], list[Stay]]:
    kept = Stays(scene)
    return list(pictures(scene, kept)), kept.all()


def pillar(camera: Camera, x: float, y: float, wide: float) -> Occluder:
    figure = Figure()
    Solid(x, y, 0.0, camera).box(figure, (-wide / 2, wide / 2), (-0.2, 0.2), (0.0, 4.0), (120, 120, 116))
    return Occluder(figure=figure, y=y)


def test_night_is_dark_and_lamps_light_it() -> None:
    day = played(in_conditions(Conditions(), 0.2))[0][0]
    dark = played(in_conditions(Conditions(light="night"), 0.2))[0][0]
    lit = played(in_conditions(Conditions(light="night", lamps=(Lamp(x=0, y=11, radius=3),)), 0.2))[0][0]
    assert dark.mean() < 0.45 * day.mean()
    u, v = (round(part) for part in loading_dock(3).camera.pixel(0, 11))
    spot = slice(v - 20, v + 20), slice(u - 40, u + 40)
    assert lit[spot].mean() > 1.5 * dark[spot].mean()


def test_darkness_brings_noise_and_rain_moves_everywhere() -> None:
    def restless(conditions: Conditions) -> float:
        frames, _ = played(in_conditions(conditions, 0.3))
        return float(np.abs(frames[1].astype(int) - frames[2].astype(int))[60:].mean())

    day = restless(Conditions())
    assert restless(Conditions(light="night")) > 1.5 * day
    assert restless(Conditions(rain=0.8)) > 1.2 * day
    assert restless(Conditions(noise=0.0)) < 0.5


def test_the_pictures_are_the_same_each_time() -> None:
    conditions = Conditions(light="dusk", rain=0.5)
    one, other = (played(in_conditions(conditions, 0.5))[0] for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_pillar_hides_who_passes_behind_it_and_not_who_passes_before_it() -> None:
    camera = loading_dock(3).camera
    behind = played(in_conditions(Conditions(occluders=(pillar(camera, -4.0, 9.0, 0.9),)), 7.0))
    before = played(in_conditions(Conditions(occluders=(pillar(camera, -4.0, 14.0, 0.9),)), 7.0))
    (hidden,), (open_,) = behind[1], before[1]
    assert min(hidden.seen[5:]) < 0.35
    assert max(hidden.seen) == pytest.approx(1.0, abs=0.01)
    assert min(open_.seen[12:]) == pytest.approx(1.0, abs=0.01)
    frame = hidden.frames[int(np.argmin(hidden.seen[5:])) + 5]
    box = hidden.boxes[hidden.frames.index(frame)]
    part = slice(round(box.y1), round(box.y2)), slice(round(box.x1), round(box.x2))
    still = behind[0][0][part].astype(int)
    assert (
        np.abs(behind[0][frame][part].astype(int) - still).mean()
        < 0.5 * np.abs(before[0][frame][part].astype(int) - before[0][0][part]).mean()
    )


def test_a_visit_begins_when_it_comes_out_of_hiding() -> None:
    camera = loading_dock(3).camera
    free = stays(in_conditions(Conditions(), 7.0))[0]
    (late,) = stays(in_conditions(Conditions(occluders=(pillar(camera, -6.4, 9.0, 3.0),)), 7.0))
    assert late.frames[0] > free.frames[0] + 6
    assert late.seen[0] >= 0.1
    assert len(late.frames) == len(late.boxes) == len(late.seen) == len(late.poses)


def test_a_domain_adds_its_own_kinds_and_an_overlay(tmp_path: Path) -> None:
    def waved(scene: Scene, visits: list[Stay]) -> list[Happening]:
        who = ((visits[0].actor.name, "subject"),)
        return [Happening(kind="waved", start=2.0, end=3.0, who=who, due=2.5)]

    def white(scene: Scene, picture: Pixels, at: float) -> None:
        picture[-10:] = 255

    scene = replace(in_conditions(Conditions(), 4.0), truths=(waved,), overlay=white)
    frames, visits = played(scene)
    assert frames[0][-10:].mean() > 250
    write_truth(tmp_path / "t.json", scene, visits, happenings(scene, visits))
    events = json.loads((tmp_path / "t.json").read_text())["events"]
    (own,) = [event for event in events if event["kind"] == "waved"]
    assert (own["start_s"], own["end_s"], own["due_s"]) == (2.0, 3.0, 2.5)


def test_an_event_is_due_when_its_definition_is_fulfilled() -> None:
    scene = loading_dock(3)
    late = {
        "stopped": 2.0,
        "dwelled": 5.0,
        "blocked": 5.0,
        "object_left": 1.0,
        "entered_zone": 0.5,
        "left_zone": 0.5,
    }
    for event in (e for e in happenings(scene, stays(scene)) if not e.optional):
        due = event.start if event.due is None else event.due
        assert due - event.start == pytest.approx(late.get(event.kind, 0.0))
