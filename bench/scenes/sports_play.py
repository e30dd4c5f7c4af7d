"""A played stretch of small-sided football: two teams, a ball, and a log of what truly happened, from one seed."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from bench.scenes.pitch import Ground

DT = 1 / 24
"""Seconds between two states of the play."""
REACH = 0.6
"""Metres within which a player has the ball."""
TOP = 5.2
"""Metres a second of a sprint."""
FORMATION = ((0.06, 0.5), (0.30, 0.5), (0.52, 0.2), (0.52, 0.8))
"""Keeper, back and two wings as shares of length and width, seen from the own goal."""


@dataclass(slots=True, kw_only=True)
class Man:
    """One player: team 0 or 1, place among its four (0 is the keeper), and where he is and goes, in metres."""

    name: str
    team: int
    role: int
    u: float
    v: float
    facing: float
    du: float = 0.0
    dv: float = 0.0
    order: tuple[float, float, float] | None = None
    holds: bool = False
    sway: float = 0.0

    def away(self, u: float, v: float) -> float:
        """Metres to a place."""
        return math.hypot(u - self.u, v - self.v)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that truly happened: kind, first and last second, who in which role, where, and details."""

    kind: str
    start: float
    end: float
    who: tuple[tuple[str, str], ...]
    team: int | None = None
    zone: str | None = None


@dataclass(slots=True)
class Trace:
    """Where everyone was, state by state: seconds, (u, v, facing, doing) a player, (u, v, height) of the ball."""

    times: list[float] = field(default_factory=list)
    men: dict[str, list[tuple[float, float, float, str]]] = field(default_factory=dict)
    ball: list[tuple[float, float, float]] = field(default_factory=list)
    owner: list[str | None] = field(default_factory=list)


class Play:
    """Plays until `seconds` are over. The same dice give the same play."""

    def __init__(self, ground: Ground, dice: random.Random, seconds: float) -> None:
        self.ground, self._dice, self._until = ground, dice, seconds
        self.men = [self._man(team, role) for team in (0, 1) for role in range(4)]
        self.trace = Trace(men={man.name: [] for man in self.men})
        self.facts: list[Fact] = []
        self._at = 0.0
        self._ball = (ground.length / 2, ground.width / 2, 0.0)
        self._owner: Man | None = None
        self._since = 0.0
        self._lane: tuple[tuple[float, float], tuple[float, float]] | None = None
        self._dead = False
        self._huddle = dice.random() < 0.5
        self._liking = {
            "steal": dice.choice((0.0, 0.16, 0.22)),
            "out": dice.choice((0.0, 0.07, 0.12)),
            "shot": dice.choice((0.25, 0.5)),
            "wide": dice.choice((0.0, 0.4)),
            "saved": dice.choice((0.0, 0.3)),
            "break": dice.choice((0.3, 0.8)),
        }

    def _man(self, team: int, role: int) -> Man:
        g, (u, v) = self.ground, FORMATION[role]
        u, v = (u * g.length, v * g.width) if team == 0 else ((1 - u) * g.length, (1 - v) * g.width)
        name = f"{'AB'[team]}{role + 1}"
        return Man(
            name=name,
            team=team,
            role=role,
            u=u,
            v=v,
            facing=0.0 if team == 0 else math.pi,
            sway=self._dice.uniform(0, 6),
        )

    # -- the run of play -------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Plays it out."""
        self._take(self.men[1 + 4 * self._dice.randrange(2)])
        self._wait(1.2)
        while self._at < self._until:
            self._turn()
        self._release()

    def _turn(self) -> None:
        """One decision of whoever has the ball."""
        man = self._owner
        assert man is not None
        if man.role == 0:
            self._wait(self._dice.uniform(0.8, 1.6))
            self._pass(self._best_mate(man))
            return
        self._dribble(man, self._dice.uniform(0.7, 2.2), pace=self._dice.uniform(1.8, 3.0))
        if self._to_goal(man) < 0.42 * self.ground.length and self._dice.random() < self._liking["shot"]:
            self._shoot(man)
            return
        chance = self._dice.random()
        if chance < self._liking["steal"]:
            self._steal(man)
        elif chance < self._liking["steal"] + self._liking["out"]:
            self._kick_out(man)
        else:
            self._pass(self._best_mate(man))

    def _goal_u(self, team: int) -> float:
        """Where the goal that a team attacks stands."""
        return self.ground.length if team == 0 else 0.0

    def _to_goal(self, man: Man) -> float:
        return abs(self._goal_u(man.team) - man.u)

    def _way(self, team: int) -> float:
        return 1.0 if team == 0 else -1.0

    def _dribble(self, man: Man, seconds: float, *, pace: float) -> None:
        g, until = self.ground, self._at + seconds
        u = man.u + self._way(man.team) * seconds * pace * self._dice.uniform(0.4, 1.0)
        u = min(max(u, 1.5), g.length - 1.5)
        if man.team == 0:
            u = min(u, g.length - g.area - 0.8) if man.u < g.length - g.area else u
        else:
            u = max(u, g.area + 0.8) if man.u > g.area else u
        v = min(max(man.v + self._dice.uniform(-2.0, 2.0), 1.0), g.width - 1.0)
        while self._at < until:
            man.order = (u, v, pace)
            self._step()
        man.order = None

    def _best_mate(self, man: Man) -> Man:
        """A mate to whom the way is clear."""
        mates = [m for m in self.men if m.team == man.team and m is not man and (m.role > 0 or man.role == 1)]
        return max(
            mates,
            key=lambda m: self._clear(man, m) + self._dice.uniform(0, 1.2) - (2.0 if m.role == 0 else 0.0),
        )

    def _clear(self, man: Man, mate: Man) -> float:
        apart = man.away(mate.u, mate.v)
        lane = min(_off((man.u, man.v), (mate.u, mate.v), (o.u, o.v)) for o in self.men if o.team != man.team)
        return min(lane, 2.0) + (0.0 if 2.5 < apart < 10 else -3.0)

    def _pass(self, mate: Man) -> None:
        man, start = self._owner, self._at
        assert man is not None
        speed, g = self._dice.uniform(6.0, 8.5), self.ground
        took = max(0.45, man.away(mate.u, mate.v) / speed)
        u = min(max(mate.u + 0.6 * took * mate.du, 0.9), g.length - 0.9)
        v = min(max(mate.v + 0.6 * took * mate.dv, 0.9), g.width - 0.9)
        self._roll((u, v), took, chaser=mate)
        self._take(mate)
        who = ((man.name, "from"), (mate.name, "to"))
        self.facts.append(Fact(kind="pass", start=start, end=self._at, who=who, team=man.team))

    def _steal(self, man: Man) -> None:
        """A pass that an opponent cuts off: no pass of the team; sometimes the other side breaks fast."""
        mate = self._best_mate(man)
        thief = min(
            (o for o in self.men if o.team != man.team and o.role > 0),
            key=lambda o: o.away((man.u + mate.u) / 2, (man.v + mate.v) / 2),
        )
        share = 0.62
        u, v = man.u + share * (mate.u - man.u), man.v + share * (mate.v - man.v)
        took = max(0.5, man.away(u, v) / 6.5, thief.away(u, v) / 4.5)
        if took > 1.3:
            self._pass(mate)
            return
        self._roll((u, v), took, chaser=thief)
        self._take(thief)
        if self._dice.random() < self._liking["break"]:
            self._break(thief)

    def _break(self, man: Man) -> None:
        """Straight towards the other goal, and most often a shot at its end."""
        g = self.ground
        goal = self._goal_u(man.team)
        ahead = goal - self._way(man.team) * (g.area + 1.0)
        while abs(man.u - ahead) > 0.6 and self._at < self._until:
            man.order = (ahead, g.width / 2 + 0.5 * (man.v - g.width / 2), TOP)
            self._step()
        man.order = None
        if self._dice.random() < 0.8:
            self._shoot(man)

    def _shoot(self, man: Man) -> None:
        g, goal, start = self.ground, self._goal_u(man.team), self._at
        low, high = g.posts
        keeper = next(m for m in self.men if m.team != man.team and m.role == 0)
        chance = self._dice.random()
        zone = f"goal {'B' if man.team == 0 else 'A'}"
        shot = ((man.name, "subject"),)
        speed, lift = self._dice.uniform(10.0, 13.5), self._dice.uniform(0.1, 0.7)
        if chance < self._liking["wide"]:
            v = self._dice.choice((low - self._dice.uniform(0.7, 1.4), high + self._dice.uniform(0.7, 1.4)))
            self._fly((goal + self._way(man.team) * 1.2, v), speed, lift, dead=True)
            self.facts.append(
                Fact(
                    kind="shot",
                    start=start,
                    end=self._crossed(goal, start),
                    who=shot,
                    team=man.team,
                    zone=zone,
                )
            )
            self.facts.append(
                Fact(
                    kind="ball_out",
                    start=self._crossed(goal, start),
                    end=self._crossed(goal, start),
                    who=(("ball", "subject"),),
                )
            )
            self._wait(self._dice.uniform(0.6, 1.2))
            self._fetch(keeper)
        elif chance < self._liking["wide"] + self._liking["saved"]:
            v = self._dice.uniform(low + 0.4, high - 0.4)
            took = max(0.3, (man.away(goal, v) - 0.6) / speed)
            keeper.order = (goal - self._way(man.team) * 0.5, v, TOP)
            self._fly((goal - self._way(man.team) * 0.75, v), (man.away(goal, v) - 0.6) / took, lift)
            self._take(keeper, hands=True)
            self.facts.append(
                Fact(kind="shot", start=start, end=self._at, who=shot, team=man.team, zone=zone)
            )
            keeper.order = None
            self._wait(self._dice.uniform(1.2, 2.2))
        else:
            v = low + 0.3 if keeper.v > g.width / 2 else high - 0.3
            keeper.order = (keeper.u, keeper.v + (g.width / 2 - v) * 0.25, 1.5)
            self._fly((goal + self._way(man.team) * (g.deep - 0.25), v), speed, lift, dead=True)
            at = self._crossed(goal, start)
            self.facts.append(Fact(kind="shot", start=start, end=at, who=shot, team=man.team, zone=zone))
            self.facts.append(
                Fact(
                    kind="goal",
                    start=at,
                    end=at,
                    who=(("ball", "subject"), (man.name, "scorer")),
                    team=man.team,
                    zone=zone,
                )
            )
            keeper.order = None
            self._wait(self._dice.uniform(1.6, 2.6))
            self._fetch(keeper)

    def _crossed(self, line: float, since: float) -> float:
        """When the ball got over a goal line."""
        first = next(i for i, t in enumerate(self.trace.times) if t >= since)
        side = self.trace.ball[first][0] < line
        for i in range(first, len(self.trace.times)):
            if (self.trace.ball[i][0] < line) != side:
                return self.trace.times[i]
        return self._at

    def _kick_out(self, man: Man) -> None:
        """Over the nearer touch-line; the other side brings it back in."""
        g, start = self.ground, self._at
        v = -1.1 if man.v < g.width / 2 else g.width + 1.1
        u = min(max(man.u + self._way(man.team) * self._dice.uniform(0.5, 2.5), 1.0), g.length - 1.0)
        self._roll((u, v), max(0.6, man.away(u, v) / 6.5), chaser=None, dead=True)
        line = 0.0 if v < 0 else g.width
        first = next(i for i, t in enumerate(self.trace.times) if t >= start)
        at = next((self.trace.times[i] for i in range(first, len(self.trace.times)) if (self.trace.ball[i][1] < line) == (v < 0)
                   and abs(self.trace.ball[i][1] - g.width / 2) > g.width / 2), self._at)  # fmt: skip
        self.facts.append(Fact(kind="ball_out", start=at, end=at, who=(("ball", "subject"),)))
        self._wait(self._dice.uniform(0.5, 1.0))
        taker = min((o for o in self.men if o.team != man.team and o.role > 0), key=lambda o: o.away(u, v))
        self._fetch(taker)

    def _fetch(self, man: Man) -> None:
        """Goes to the lying ball, takes it and brings it back onto the pitch."""
        g = self.ground
        while man.away(*self._ball[:2]) > REACH * 0.8:
            man.order = (*self._ball[:2], 3.6)
            self._step()
        self._dead = False
        self._take(man)
        u = min(max(man.u, 1.6), g.length - 1.6)
        v = min(max(man.v, 0.8), g.width - 0.8)
        while man.away(u, v) > 0.3:
            man.order = (u, v, 2.4)
            self._step()
        man.order = None
        self._wait(0.4)

    # -- the ball --------------------------------------------------------------------------------------------------

    def _take(self, man: Man, *, hands: bool = False) -> None:
        self._release()
        self._owner, self._since, self._lane = man, self._at, None
        man.holds = hands

    def _release(self) -> None:
        man = self._owner
        if man is not None:
            who = ((man.name, "subject"), ("ball", "ball"))
            self.facts.append(
                Fact(kind="possession", start=self._since, end=self._at, who=who, team=man.team)
            )
            man.holds, man.order = False, None
        self._owner = None

    def _roll(self, to: tuple[float, float], took: float, *, chaser: Man | None, dead: bool = False) -> None:
        """Along the ground, slowing down a little; the chaser meets it there."""
        start, began = self._ball, self._at
        self._release()
        self._dead = dead
        self._lane = (start[:2], to)
        while self._at < began + took:
            share = min(1.0, (self._at + DT - began) / took)
            way = 1.18 * share - 0.18 * share * share
            self._ball = (
                start[0] + way * (to[0] - start[0]),
                start[1] + way * (to[1] - start[1]),
                start[2] * (1 - way),
            )
            if chaser is not None:
                chaser.order = (*to, min(TOP, max(1.0, chaser.away(*to) / max(began + took - self._at, 0.1))))
            self._step()
            if chaser is not None and chaser.away(*self._ball[:2]) < REACH and share > 0.5:
                return
        while chaser is not None and chaser.away(*self._ball[:2]) > REACH:
            chaser.order = (*to, TOP)
            self._step()

    def _fly(self, to: tuple[float, float], speed: float, lift: float, *, dead: bool = False) -> None:
        """A hard ball in a low arc; what it hits at the end stops it."""
        start, began = self._ball, self._at
        took = math.dist(start[:2], to) / speed
        self._release()
        self._dead = dead
        while self._at < began + took:
            share = min(1.0, (self._at + DT - began) / took)
            self._ball = (
                start[0] + share * (to[0] - start[0]),
                start[1] + share * (to[1] - start[1]),
                4 * lift * share * (1 - share),
            )
            self._step()

    # -- everyone --------------------------------------------------------------------------------------------------

    def _wait(self, seconds: float) -> None:
        until = self._at + seconds
        while self._at < until:
            self._step()

    def _step(self) -> None:
        """One state on: everyone moves, the ball with its owner."""
        for man in self.men:
            goal_u, goal_v, pace = man.order or self._place_of(man)
            self._move(man, goal_u, goal_v, pace)
        self._apart()
        owner = self._owner
        if owner is not None:
            self._carry(owner)
        self._at += DT
        self.trace.times.append(self._at)
        self.trace.ball.append(self._ball)
        self.trace.owner.append(owner.name if owner else None)
        for man in self.men:
            self.trace.men[man.name].append((man.u, man.v, man.facing, "hold" if man.holds else ""))

    def _carry(self, owner: Man) -> None:
        touch = (
            0.0
            if owner.holds
            else 0.1 * math.sin(self._at * 7) * min(1.0, math.hypot(owner.du, owner.dv) / 2)
        )
        reach = (0.3 if owner.holds else 0.42) + touch
        u, v = owner.u + reach * math.cos(owner.facing), owner.v + reach * math.sin(owner.facing)
        z = 0.95 if owner.holds else 0.0
        near = 0.35
        bu, bv, bz = self._ball
        self._ball = (bu + near * (u - bu), bv + near * (v - bv), bz + near * (z - bz))

    def _place_of(self, man: Man) -> tuple[float, float, float]:
        """Where a player without an order goes: his place in the team's block, which follows the ball; the nearest
        opponent presses, but keeps off.
        """
        g, (bu, bv, _) = self.ground, self._ball
        share_u, share_v = FORMATION[man.role]
        if man.team == 1:
            share_u, share_v = 1 - share_u, 1 - share_v
        owner, with_us = self._owner, self._owner is not None and self._owner.team == man.team
        if man.role == 0:
            goal = 0.0 if man.team == 0 else g.length
            return goal + self._way(man.team) * 0.8, g.width / 2 + 0.22 * (bv - g.width / 2), 2.2
        pull = 0.55 if with_us else 0.45
        u = share_u * g.length + pull * (bu - g.length / 2) + self._way(man.team) * (1.6 if with_us else -0.9)
        v = g.width / 2 + (share_v - 0.5) * g.width * (1.05 if with_us else 0.75) + 0.25 * (bv - g.width / 2)
        u += 0.7 * math.sin(0.5 * self._at + man.sway)
        v += 0.6 * math.cos(0.41 * self._at + 2 * man.sway)
        if owner is not None and not with_us and not self._dead and self._presses(man):
            own = 0.0 if man.team == 0 else g.length
            away = math.hypot(own - bu, g.width / 2 - bv) or 1.0
            u, v = bu + 1.7 * (own - bu) / away, bv + 1.7 * (g.width / 2 - bv) / away
        if self._huddle and man.role == 3 and abs(bu - man.u) > 5:
            mate = next(m for m in self.men if m.team != man.team and m.role == 2)
            u, v = (u + mate.u) / 2, (v + mate.v) / 2
        return min(max(u, 0.8), g.length - 0.8), min(max(v, 0.6), g.width - 0.6), 3.4

    def _presses(self, man: Man) -> bool:
        mates = [m for m in self.men if m.team == man.team and m.role > 0]
        return min(mates, key=lambda m: m.away(*self._ball[:2])) is man

    def _move(self, man: Man, u: float, v: float, pace: float) -> None:
        away = man.away(u, v)
        speed = min(pace, 2.2 * away)
        want = ((u - man.u) / away * speed, (v - man.v) / away * speed) if away > 0.05 else (0.0, 0.0)
        gain = 7.0 * DT
        change = math.hypot(want[0] - man.du, want[1] - man.dv)
        share = min(1.0, gain / change) if change > 0 else 1.0
        man.du += share * (want[0] - man.du)
        man.dv += share * (want[1] - man.dv)
        man.u += man.du * DT
        man.v += man.dv * DT
        if math.hypot(man.du, man.dv) > 0.6:
            _turn_to(man, math.atan2(man.dv, man.du), 7.0)
        elif self._owner is not man:
            _turn_to(man, math.atan2(self._ball[1] - man.v, self._ball[0] - man.u), 4.0)

    def _apart(self) -> None:
        """Nobody runs through another, an opponent keeps off the ball's owner and out of its lane."""
        for man in self.men:
            for other in self.men:
                least = 1.0 if other is not self._owner or other.team == man.team else 1.4
                away = man.away(other.u, other.v)
                if other is not man and 1e-6 < away < least and man is not self._owner:
                    push = min(0.5 * (least - away), 4.0 * DT)
                    man.u += push * (man.u - other.u) / away
                    man.v += push * (man.v - other.v) / away
            if self._lane is not None and man.order is None and self._owner is None:
                self._clear_lane(man)

    def _clear_lane(self, man: Man) -> None:
        assert self._lane is not None
        (au, av), (bu, bv) = self._lane
        off = _off((au, av), (bu, bv), (man.u, man.v))
        if off > 1.1 or man.away(au, av) < 0.7:
            return
        side = math.copysign(1.0, (bu - au) * (man.v - av) - (bv - av) * (man.u - au))
        length = math.hypot(bu - au, bv - av) or 1.0
        push = min(1.1 - off, 4.5 * DT)
        man.u += -side * push * (bv - av) / length
        man.v += side * push * (bu - au) / length


def _turn_to(man: Man, facing: float, rate: float) -> None:
    swing = (facing - man.facing + math.pi) % (2 * math.pi) - math.pi
    man.facing += max(-rate * DT, min(rate * DT, swing))


def _off(a: tuple[float, float], b: tuple[float, float], p: tuple[float, float]) -> float:
    """How far a place is from the way between two others, metres."""
    length = math.dist(a, b)
    if length < 1e-6:
        return math.dist(a, p)
    share = max(0.0, min(1.0, ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / length**2))
    return math.hypot(p[0] - a[0] - share * (b[0] - a[0]), p[1] - a[1] - share * (b[1] - a[1]))
