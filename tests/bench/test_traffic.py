"""Traffic scenes: the same for the same seed, physically possible, and labelled by what truly happens in metres."""

from __future__ import annotations

import json
import math
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from bench.scenes import render
from bench.scenes.scene import Actor, Pose
from bench.scenes.traffic import traffic
from bench.scenes.traffic_flow import Driver, Halt, drives, footprint, footprints_meet, straight
from bench.scenes.vehicles import size_of
from ingest.layout.read import read_layout


def _driver(name: str, enters: float, **more: object) -> Driver:
    one = Driver(
        name=name,
        route=straight("road", (-60, 20), (60, 20)),
        length=4.5,
        width=1.8,
        enters=enters,
        speed=10.0,
    )
    for key, value in more.items():
        setattr(one, key, value)
    return one


def test_drivers_stop_behind_whoever_stands_and_go_on_after_him() -> None:
    first, second = _driver("first", 0, halts=[Halt(s=60, until=25)]), _driver("second", 3)
    assert drives([first, second], 50) == []
    gaps = [a[1] - b[1] for a in first.track for b in second.track if a[0] == b[0]]
    assert min(gaps) > 4.5 + 1.5
    assert second.done
    assert second.moment_at(100) > 25


def test_who_does_not_see_the_one_ahead_runs_into_him_and_both_stand() -> None:
    struck = _driver("struck", 0, halts=[Halt(s=60, until=40)])
    hitter = _driver("hitter", 4, blind="struck", rest_until=30.0)
    (contact,) = drives([struck, hitter], 28)
    assert (contact.hitter, contact.struck) == ("hitter", "struck")
    after = [row for row in hitter.track if row[0] > contact.at + 1]
    assert max(row[5] for row in after) < 0.3


def test_nobody_drives_into_a_road_that_is_full() -> None:
    jam = [_driver(f"d{i}", 2.0 * i, halts=[Halt(s=30, until=math.inf)]) for i in range(20)]
    drives(jam, 60)
    there = sorted(d.track[-1][1] for d in jam if d.track)
    assert 3 <= len(there) < 10
    assert min(b - a for a, b in pairwise(there)) > 4.5


def _poses(actor: Actor, at: float) -> Pose | None:
    return actor.pose(at) if "build" in actor.attributes else None


def test_nobody_drives_through_another() -> None:
    scene = traffic(107)
    for at in range(int(scene.duration)):
        there = [(actor, pose) for actor in scene.actors if (pose := _poses(actor, float(at))) is not None]
        for one, other in combinations(there, 2):
            soles = []
            for actor, pose in (one, other):
                length, width = size_of(actor.attributes["build"])
                soles.append(footprint(pose.x, pose.y, pose.facing, length - 0.4, width - 0.4))
            assert not footprints_meet(*soles), f"{one[0].name} and {other[0].name} at {at} s"


def test_the_same_seed_gives_the_same_scene() -> None:
    one, other = traffic(111), traffic(111)
    assert [(a.name, a.colour, a.paths) for a in one.actors] == [
        (a.name, a.colour, a.paths) for a in other.actors
    ]
    assert one.layout == other.layout


def test_a_rendered_scene_has_a_zones_file_the_product_reads(tmp_path: Path) -> None:
    files = render("traffic", 107, tmp_path, seconds=2)
    truth = json.loads(files.truth.read_text())
    layout = read_layout(
        files.zones.read_text(), width=truth["width"], height=truth["height"], filename="zones"
    )
    scene = traffic(107)
    assert layout.lanes == scene.layout.lanes
    assert layout.ground is not None
    camera = scene.camera
    metres = layout.ground.metres(camera.pixel(-3.0, 24.0), camera.pixel(5.0, 30.0))
    assert metres == pytest.approx(10.0, rel=0.01)
    assert "collision" in truth["kinds"]
    assert files.gt.read_text().count("\n") > 5
