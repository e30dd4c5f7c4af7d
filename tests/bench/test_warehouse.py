"""Warehouse scenes: many places and conditions, all their kinds of events, negatives without one, and the same every time."""

from __future__ import annotations

import functools
import random
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.rule import parse_rules
from bench.scenes import warehouse_acts as acts
from bench.scenes.conditions import Conditions
from bench.scenes.files import write_rules, write_zones
from bench.scenes.scene import Scene
from bench.scenes.truth import Happening, happenings, stays
from bench.scenes.warehouse import SCORED, Act, warehouse
from bench.scenes.warehouse_acts import Play
from bench.scenes.warehouse_hall import layout, plans
from bench.scenes.warehouse_truth import TRUTHS
from core.errors import SightlineError
from ingest.layout.read import read_layout


def played(act: Act, place: str, seed: int = 5, fps: int = 5) -> list[Happening]:
    """What is true of a scene with this act alone, at few pictures a second."""
    dice = random.Random(seed)
    plan = plans(dice)[place]
    play = Play(dice, plan, seconds=70.0)
    act(play, 2.0)
    scene = Scene(
        kind="warehouse", seed=seed, camera=plan.camera, fps=fps, duration=70.0, actors=tuple(play.actors),
        layout=layout(plan), stage=lambda scene: pytest.fail("nothing is painted"), title="", truths=TRUTHS,
    )  # fmt: skip
    return [each for each in happenings(scene, stays(scene)) if not each.optional]


def kinds(found: list[Happening]) -> set[str]:
    return {each.kind for each in found}


@pytest.mark.parametrize(
    ("act", "place", "expected"),
    [
        (acts.fall_down, "hall", {"fell"}),
        (acts.near_miss, "hall", {"near_miss"}),
        (acts.pallet_left, "yard", {"object_left", "blocked"}),
        (acts.box_left, "high", {"object_left", "object_removed"}),
        (acts.shelf_emptied, "store", {"shelf_empty"}),
        (acts.queue_up, "packing", {"queue", "crowd"}),
        (acts.stall, "high", {"stalled", "blocked"}),
        (acts.run_through, "yard", {"running"}),
        (acts.into_the_restricted_area, "hall", {"entered_zone", "left_zone", "stopped"}),
        (acts.through_the_aisle, "hall", {"crossed_line", "entered_zone", "stopped", "started"}),
    ],
)
def test_an_act_makes_its_events_true(act: Act, place: str, expected: set[str]) -> None:
    assert expected <= kinds(played(act, place))


@pytest.mark.parametrize(
    ("act", "place", "never"),
    [
        (acts.bend_down, "hall", {"fell"}),
        (acts.two_meet, "hall", {"crowd"}),
        (acts.box_put_down_and_taken_again, "hall", {"object_left", "object_removed"}),
        (acts.pass_slowly, "hall", {"near_miss", "stalled"}),
        (acts.pass_far_away, "yard", {"near_miss", "running"}),
        (acts.robot_passes, "high", {"stalled", "blocked"}),
        (acts.shelf_taken_from, "store", {"shelf_empty", "shelf_restocked"}),
    ],
)
def test_a_negative_looks_alike_and_is_none(act: Act, place: str, never: set[str]) -> None:
    for seed in (1, 2):
        assert not never & kinds(played(act, place, seed))


@functools.cache
def drawn() -> list[Scene]:
    return [warehouse(seed) for seed in range(200, 240)]


def test_seeds_draw_places_conditions_and_now_and_then_nothing() -> None:
    scenes = drawn()
    assert {scene.title.split()[-1] for scene in scenes} == {"HALL", "HIGH", "PACKING", "STORE", "YARD"}
    assert {scene.conditions.light for scene in scenes} == {"day", "dusk", "night"}
    assert any(scene.conditions.rain for scene in scenes)
    assert any(scene.conditions.occluders for scene in scenes)
    people = [sum(actor.label == "person" for actor in scene.actors) for scene in scenes]
    assert 0 in people
    assert max(people) >= 5
    assert all(60 <= scene.duration <= 90 for scene in scenes)


def test_the_same_seed_is_the_same_scene() -> None:
    one, other = warehouse(207), warehouse(207)
    assert [(a.name, a.paths) for a in one.actors] == [(a.name, a.paths) for a in other.actors]
    assert (one.camera, one.layout, one.conditions.words) == (
        other.camera,
        other.layout,
        other.conditions.words,
    )


def test_names_are_unique_and_due_moments_lie_in_the_span() -> None:
    for scene in drawn()[:6]:
        names = [actor.name for actor in scene.actors]
        assert len(set(names)) == len(names)
        slow = replace(scene, fps=4, conditions=Conditions())
        for each in happenings(slow, stays(slow)):
            assert 0 <= each.start <= each.end <= scene.duration
            if each.kind in SCORED and each.due is not None and each.end > each.start:
                assert each.start <= each.due <= each.end + 1e-6


def test_drawings_and_rules_are_read_by_the_product(tmp_path: Path) -> None:
    for scene in drawn()[:8]:
        zones, rules = tmp_path / "z.yaml", tmp_path / "r.yaml"
        write_zones(zones, scene.layout)
        write_rules(rules, scene)
        try:
            read = read_layout(
                zones.read_text(), width=scene.camera.width, height=scene.camera.height_px, filename="z.yaml"
            )
        except SightlineError as error:
            pytest.fail(f"{scene.title}: {error}")
        assert {zone.name for zone in read.zones} == {zone.name for zone in scene.layout.zones}
        used = {zone for spec in parse_rules(rules.read_text(), "r") for zone in spec.when.zone}
        assert used <= {zone.name for zone in read.zones}
