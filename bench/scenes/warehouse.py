"""Warehouse scenes: every seed draws a place, the light, and a handful of what happens in warehouses, or nothing at all."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from bench.scenes import warehouse_acts as acts
from bench.scenes.dock import RULES
from bench.scenes.scene import Scene
from bench.scenes.warehouse_acts import GOODS, Play
from bench.scenes.warehouse_hall import Plan, conditions, layout, plans, stage
from bench.scenes.warehouse_truth import TRUTHS

Act = Callable[[Play, float], float]

SCORED = (
    "near_miss", "blocked", "stalled", "fell", "crowd", "queue", "object_left", "object_removed", "shelf_empty",
    "shelf_restocked", "entered_zone", "left_zone", "dwelled", "crossed_line", "stopped", "started", "running",
)  # fmt: skip
"""The kinds of event these scenes are about."""

EVERYWHERE: tuple[tuple[Act, int, str], ...] = (
    (acts.walk_through, 4, "side"),
    (acts.through_the_aisle, 3, "aisle"),
    (acts.run_through, 2, "aisle"),
    (acts.fall_down, 3, "aisle"),
    (acts.bend_down, 2, "aisle"),
    (acts.meet, 2, "side"),
    (acts.two_meet, 1, "side"),
    (acts.box_left, 2, "aisle"),
    (acts.box_put_down_and_taken_again, 1, "aisle"),
    (acts.near_miss, 3, "aisle"),
    (acts.pass_slowly, 1, "aisle"),
    (acts.pass_far_away, 1, "aisle"),
    (acts.pallet_left, 3, "aisle"),
    (acts.stall, 3, "aisle"),
    (acts.robot_passes, 1, "aisle"),
)
"""What can happen in any place, how often it is drawn, and which way it takes up."""


def warehouse(seed: int) -> Scene:
    """A minute to a minute and a half of a warehouse, the same for the same seed."""
    dice = random.Random(f"warehouse {seed}")
    plan = dice.choice(sorted(plans(dice).values(), key=lambda p: p.name))
    seen_in = conditions(dice, plan)
    play = Play(dice, plan, seconds=float(dice.randint(60, 90)))
    if dice.random() >= 0.08:
        _fill(play)
    if plan.shelf is not None and not any(actor.scenery for actor in play.actors):
        colour = dice.choice(GOODS)
        play.goods(lambda at: 1.0, (colour, colour), play.seconds + 1)
    return Scene(
        kind="warehouse",
        seed=seed,
        camera=plan.camera,
        fps=plan.fps,
        duration=play.seconds,
        actors=tuple(play.actors),
        layout=layout(plan),
        stage=stage(plan),
        title=f"CAM {seed % 90 + 10}  {plan.name.upper()}",
        rules=_rules(plan),
        conditions=seen_in,
        truths=TRUTHS,
        scored=SCORED,
    )


def _fill(play: Play) -> None:
    """Draws acts, each when its way is free, until the scene is full."""
    choices = [*EVERYWHERE]
    if play.plan.shelf is not None:
        choices += [(acts.shelf_emptied, 4, "side"), (acts.shelf_taken_from, 1, "side")]
    if play.plan.counter is not None:
        choices.append((acts.queue_up, 4, "side"))
    if play.plan.restricted is not None:
        choices.append((acts.into_the_restricted_area, 2, "side"))
    at, done = play.dice.uniform(1.0, 5.0), 0
    most = play.dice.randint(2, 5)
    while done < most and choices:
        choice = play.dice.choices(choices, [c[1] for c in choices])[0]
        act, _, way = choice
        choices.remove(choice)
        if act in (acts.shelf_emptied, acts.shelf_taken_from):
            choices = [c for c in choices if c[0] not in (acts.shelf_emptied, acts.shelf_taken_from)]
        begin = max(at, play.free.get(way, 0.0))
        if begin > play.seconds - 14:
            continue
        play.free[way] = act(play, begin) + 1.5
        at = begin + play.dice.uniform(5.0, 12.0)
        done += 1


def _rules(plan: Plan) -> tuple[dict[str, Any], ...]:
    """The dock's rules as far as the place has their zones, and one for a fall."""
    fall = {
        "name": "fall",
        "description": "Somebody fell and lies on the floor.",
        "when": {"kind": "fell"},
        "cooldown": "30s",
        "severity": "high",
        "message": "somebody fell at {time}",
    }
    kept = [rule for rule in RULES if rule["name"] != "restricted-area" or plan.restricted is not None]
    return (*kept, fall)
