"""What truly happens in a played scene: the log's facts by the published definitions, and what follows from the trace."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from bench.scenes.pitch import Ground
from bench.scenes.scene import Scene
from bench.scenes.sports_play import DT, Fact, Play, Trace
from bench.scenes.truth import Happening, Stay

HELD_S = 0.5
"""`possession`: the ball is with one player for at least this long."""
SEEN_S = 0.25
"""`shot`, `goal_area`: how long it takes to tell."""
OUT_S = 0.4
BRIDGE_S = 1.0
"""Stays in a goal area that follow each other this soon are one."""
BREAK_S, BREAK_SHARE = 4.0, 0.45
"""`fast_break`: within this time of winning the ball it gets so much of the pitch's length nearer to the other goal."""
SHAPE_S = 10.0
"""`team_shape`: the stretch over which a team's block is measured."""

KINDS = ("possession", "pass", "shot", "goal", "goal_area", "fast_break", "ball_out", "team_shape")


def truths_of(play: Play, colours: tuple[str, str]) -> Callable[[Scene, list[Stay]], list[Happening]]:
    """The function that tells a scene's truth; `colours` name the teams' shirts."""

    def told(scene: Scene, visits: list[Stay]) -> list[Happening]:
        facts = [f for f in play.facts if f.kind != "possession" or f.end - f.start >= HELD_S]
        facts += fast_breaks(play.trace, play.ground, play.facts) + goal_areas(play.trace, play.ground)
        out = [_happening(f, colours, scene.duration) for f in facts if f.start + HELD_S < scene.duration]
        return [h for h in out if h.due is not None and h.due < scene.duration] + team_shapes(
            play, colours, scene.duration
        )

    return told


def _happening(fact: Fact, colours: tuple[str, str], until: float) -> Happening:
    more = {} if fact.team is None else {"team": colours[fact.team]}
    return Happening(
        kind=fact.kind, start=fact.start, end=min(fact.end, until), who=fact.who, zone=fact.zone, more=more, due=_due(fact)
    )  # fmt: skip


def _due(fact: Fact) -> float:
    """When it could be known at the earliest."""
    if fact.kind in ("pass", "fast_break"):
        return fact.end
    return fact.start + {"possession": HELD_S, "ball_out": OUT_S}.get(fact.kind, SEEN_S)


def progress(trace: Trace, ground: Ground, i: int, team: int) -> float:
    """How far the ball has come towards the goal that a team attacks, 0 to 1."""
    share = trace.ball[i][0] / ground.length
    return share if team == 0 else 1 - share


def fast_breaks(trace: Trace, ground: Ground, facts: list[Fact]) -> list[Fact]:
    """From winning the ball to having brought it `BREAK_SHARE` of the pitch nearer to the other goal, if soon enough."""
    out = []
    held = sorted((f for f in facts if f.kind == "possession"), key=lambda f: f.start)
    for before, now in itertools.pairwise(held):
        if now.team is None or before.team == now.team:
            continue
        lost = next((f.start for f in held if f.start > now.start and f.team != now.team), 1e9)
        at = reached(trace, ground, now.start, min(lost, now.start + BREAK_S), now.team)
        if at is not None:
            out.append(Fact(kind="fast_break", start=now.start, end=at, who=now.who[:1], team=now.team))
    return out


def reached(
    trace: Trace, ground: Ground, start: float, until: float, team: int, share: float = BREAK_SHARE
) -> float | None:
    """The second at which the ball has come that much nearer since `start`, or None."""
    first = next((i for i, t in enumerate(trace.times) if t >= start), None)
    if first is None:
        return None
    begun = progress(trace, ground, first, team)
    for i in range(first, len(trace.times)):
        if trace.times[i] > until:
            return None
        if progress(trace, ground, i, team) - begun >= share:
            return trace.times[i]
    return None


def goal_areas(trace: Trace, ground: Ground) -> list[Fact]:
    """The ball's stays in the goal areas, short gaps bridged."""
    out = []
    low, high = ground.posts[0] - 1.2, ground.posts[1] + 1.2
    ends = (("area A", 0.0, ground.area), ("area B", ground.length - ground.area, ground.length))
    for name, near, far in ends:
        stays: list[list[float]] = []
        for t, (u, v, _) in zip(trace.times, trace.ball, strict=True):
            if not (near <= u <= far and low <= v <= high):
                continue
            if stays and t - stays[-1][1] <= BRIDGE_S:
                stays[-1][1] = t
            else:
                stays.append([t, t])
        who = (("ball", "ball"),)
        out += [
            Fact(kind="goal_area", start=a, end=b, who=who, zone=name)
            for a, b in stays
            if b - a >= SEEN_S - DT
        ]
    return out


def team_shapes(play: Play, colours: tuple[str, str], until: float) -> list[Happening]:
    """Mean length and width of each team's block without its keeper, as shares of the pitch's, every ten seconds."""
    out, trace, g = [], play.trace, play.ground
    for k in range(int(until // SHAPE_S)):
        inside = [i for i, t in enumerate(trace.times) if k * SHAPE_S <= t < (k + 1) * SHAPE_S]
        for team in (0, 1):
            names = [m.name for m in play.men if m.team == team and m.role > 0]
            us = [[trace.men[n][i][0] for n in names] for i in inside]
            vs = [[trace.men[n][i][1] for n in names] for i in inside]
            long = sum(max(u) - min(u) for u in us) / len(us) / g.length
            wide = sum(max(v) - min(v) for v in vs) / len(vs) / g.width
            more = {"team": colours[team], "length": f"{long:.2f}", "width": f"{wide:.2f}"}
            who = tuple((n, "member") for n in names)
            end = (k + 1) * SHAPE_S
            out.append(Happening(kind="team_shape", start=k * SHAPE_S, end=end, who=who, more=more, due=end))
    return out
