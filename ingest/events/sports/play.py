"""A game from its ball: who has it and which way it flies, look by look, and the events that follow from that."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from core.clock import SECOND, Micros
from core.place import Box, Point, Zone
from ingest.events.book import Book, Draft, Part, over, sure
from ingest.events.sports.teams import Teams
from ingest.pitch import Pitch

NEAR_M = 1.0
"""A body at most this far away may have the ball, where it is in no goal …"""
CARRIED_MPS = 6.5
"""… if the ball is no faster than a sprint …"""
HELD: Micros = 450_000
"""… and has it when it stays so for this long."""
LEFT_M, LEFT = 1.3, 700_000
"""A ball is gone from a player when it is this far from where he had it, or for so long."""
PASS_M = 1.9
PASS_LASTS: Micros = 3 * SECOND
"""`pass`: how far apart two players of one team are at least, and how long the ball is on its way at most."""
SHOT_MPS, SHOT_FROM, SHOT_NEAR_M, SHOT_WIDE_M, SHOT_LONG_M = 6.5, 0.55, 2.2, 1.7, 1.4
"""`shot`: how fast, from which part of the length on, until how near the goal line, how wide of a post, how far flown."""
IN_GOAL: Micros = 250_000
"""`goal`: how long the ball is in the goal."""
OUT_M, OUT = 0.3, 400_000
"""`ball_out`: how far outside the pitch for how long."""
IN_AREA, BRIDGED = 250_000, SECOND
"""`goal_area`: for how long the ball is there; stays that follow each other this soon are one."""
LOOKS_APART = 300_000
"""The ball crosses a line half-way between two looks, if they are this near."""
BREAK, BREAK_SHARE = 4 * SECOND, 0.45
"""`fast_break`: within this time of winning the ball it gets so much of the pitch's length nearer to the other goal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BallLook:
    """The ball at one look: its box and place (metres on the pitch), whether it was seen or is supposed to be there.

    `body` is how far the next body is (metres), `shirt` the colour word of the shirt there, `player` the entity there.
    """

    at: Micros
    box: Box
    place: Point
    seen: bool = True
    body: float = math.inf
    shirt: str = ""
    player: Part | None = None


@dataclass(slots=True)
class Hold:
    """A stretch with the ball at one player."""

    first: BallLook
    last: BallLook
    shirts: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    seen: int = 0
    draft: Draft | None = None
    player: Part | None = None

    def add(self, now: BallLook) -> None:
        """One more look of it."""
        self.last = now
        self.looks += 1
        self.seen += now.seen
        if now.shirt:
            self.shirts[now.shirt] += 1
        self.player = self.player or now.player

    def team(self, teams: Teams, pitch: Pitch) -> str:
        """The team of most of the shirts seen at the ball."""
        counted: Counter[str] = Counter()
        for word, count in self.shirts.items():
            counted[teams.team(word, self.first.place[0] / pitch.length)] += count
        return counted.most_common(1)[0][0] if counted else ""

    @property
    def clear(self) -> float:
        """In which share of the looks the ball was truly seen."""
        return 0.4 + 0.6 * self.seen / max(1, self.looks)


@dataclass(slots=True)
class Won:
    """A ball won from the other team, which may become a fast break."""

    hold: Hold
    team: str


class Play:
    """Writes `possession`, `pass`, `shot`, `goal`, `goal_area`, `ball_out` and `fast_break` into the book.

    Picklable, and bounded: it knows the present and the last possession, and the flight between them.
    """

    def __init__(self, book: Book, pitch: Pitch, teams: Teams) -> None:
        self._book, self._pitch, self._teams = book, pitch, teams
        self._hold: Hold | None = None
        self._before: Hold | None = None
        self._previous: BallLook | None = None
        self._other: BallLook | None = None
        self._won: Won | None = None
        self._shot_at: Micros = -10 * SECOND
        self._shot_done = False
        self._out_at: Micros = -10 * SECOND
        self._out = _Stay()
        self._stays = {zone.name: _Stay() for zone in (*pitch.goals, *pitch.areas)}

    def take(self, now: BallLook) -> None:
        """Takes in the ball at one look, in order of time."""
        self._areas(now)
        self._goals(now)
        self._outs(now)
        self._shots(now)
        self._holds(now)
        self._breaks(now)
        self._previous = now

    def stop(self, at: Micros) -> None:
        """The ball is lost, or another scene begins: what goes on ends."""
        if self._hold is not None:
            self._end(self._hold)
        self._hold = self._before = self._previous = self._won = self._other = None
        for name, stay in self._stays.items():
            if stay.draft is not None:
                self._book.close(stay.draft, stay.until)
            self._stays[name] = _Stay()
        self._out = _Stay()

    # -- who has it ------------------------------------------------------------------------------------------------

    def _holds(self, now: BallLook) -> None:
        hold = self._hold
        dead = any(goal.holds(now.box.foot) for goal in self._pitch.goals)
        at_somebody = now.body <= NEAR_M and self._speed(now) <= CARRIED_MPS and not dead
        taken = self._taken(hold, now) if hold is not None and at_somebody else None
        if hold is not None and taken is not None:
            self._end(hold)
            hold = self._hold = Hold(taken, taken)
            hold.add(taken)
        if hold is not None and self._left(hold, now, at_somebody):
            self._end(hold)
            hold = self._hold = None
        if not at_somebody:
            return
        if hold is None:
            hold = self._hold = Hold(now, now)
        if self._other is not now:
            hold.add(now)
        if hold.draft is None and now.at - hold.first.at >= HELD:
            self._begin(hold)

    def _taken(self, hold: Hold, now: BallLook) -> BallLook | None:
        """The look at which another player got the ball that is now with him for the second look running."""
        mine, his = hold.player, now.player
        if mine is None or his is None or his.entity_id == mine.entity_id:
            self._other = None
            return None
        first, self._other = self._other, now
        same = first is not None and first.player is not None and first.player.entity_id == his.entity_id
        return first if same else None

    def _left(self, hold: Hold, now: BallLook, at_somebody: bool) -> bool:
        if at_somebody:
            return math.dist(now.place, hold.last.place) > max(
                LEFT_M, CARRIED_MPS * (now.at - hold.last.at) / SECOND
            )
        return math.dist(now.place, hold.last.place) > LEFT_M or now.at - hold.last.at > LEFT

    def _begin(self, hold: Hold) -> None:
        team = hold.team(self._teams, self._pitch)
        parts = () if hold.player is None else (hold.player,)
        draft = self._book.open("possession", hold.first.at, parts)
        draft.attributes = {"team": team} if team else {}
        draft.first = ((hold.first.at, hold.first.box),)
        draft.confidence = sure(hold.clear, 0.5)
        hold.draft = draft
        before, self._before, self._shot_done = self._before, hold, False
        if before is None or not team:
            return
        was = before.team(self._teams, self._pitch)
        if was == team:
            self._passed(before, hold, team)
        elif was:
            self._won = Won(hold, team)

    def _end(self, hold: Hold) -> None:
        if hold.draft is None:
            return
        hold.draft.show(hold.last.at, hold.last.box)
        hold.draft.confidence = sure(hold.clear, over((hold.last.at - hold.first.at) / HELD, 1.0))
        team = hold.team(self._teams, self._pitch)
        if team:
            hold.draft.attributes = {"team": team}
        self._book.close(hold.draft, hold.last.at)

    def _passed(self, giver: Hold, taker: Hold, team: str) -> None:
        start, end = giver.last, taker.first
        far = math.dist(start.place, end.place)
        if (
            start.player is not None and end.player is not None
        ):  # the ball may be under way when it is last seen near him
            far = max(far, self._pitch.apart(start.player.box.foot, end.player.box.foot))
        if far < PASS_M or end.at - start.at > PASS_LASTS or self._out_at >= start.at:
            return
        roles = ((giver.player, "from"), (taker.player, "to"))
        parts = [Part(p.entity_id, p.box, role) for p, role in roles if p is not None]
        draft = self._book.open("pass", start.at, parts, attributes={"team": team})
        draft.confidence = sure(min(giver.clear, taker.clear), over(far, PASS_M))
        draft.first = ((start.at, start.box),)
        draft.show(end.at, end.box)
        self._book.close(draft, end.at)

    def _speed(self, now: BallLook) -> float:
        """Metres a second since the look before; 0 where either was not seen."""
        last = self._previous
        if last is None or not now.seen or not last.seen or now.at <= last.at:
            return 0.0
        return math.dist(now.place, last.place) * SECOND / (now.at - last.at)

    # -- towards the goals -----------------------------------------------------------------------------------------

    def _shots(self, now: BallLook) -> None:
        hold = self._hold or self._before
        if hold is None or self._shot_done or not now.seen or now.at <= hold.last.at:
            return
        for goal in self._pitch.goals:
            margin = self._towards(goal, hold.last, now)
            if margin is not None:
                self._shot(goal, hold, now, margin)
                return

    def _towards(self, goal: Zone, kick: BallLook, now: BallLook) -> float | None:
        """By how much a flight is faster than a shot has to be; None where it is none at this goal."""
        line, low, high = self._pitch.mouth(goal)
        (u, v), (x, y) = kick.place, now.place
        way, flown = abs(line - u), math.dist(kick.place, now.place)
        left = abs(line - x) if (line == 0.0) == (x > line) else 0.0
        if not 1.2 < way < SHOT_FROM * self._pitch.length or left > SHOT_NEAR_M or flown < SHOT_LONG_M:
            return None
        if abs(x - u) < 0.3 * abs(y - v) or (x - u) * (line - u) <= 0:
            return None
        hits = v + (y - v) * (line - u) / (x - u)
        speed = flown * SECOND / (now.at - kick.at)
        if speed < SHOT_MPS or not low - SHOT_WIDE_M <= hits <= high + SHOT_WIDE_M:
            return None
        return over(speed, SHOT_MPS)

    def _shot(self, goal: Zone, hold: Hold, now: BallLook, margin: float) -> None:
        kick = hold.last
        team = hold.team(self._teams, self._pitch)
        parts = () if hold.player is None else (hold.player,)
        draft = self._book.open(
            "shot", kick.at, parts, zone=goal.name, attributes={"team": team} if team else {}
        )
        draft.confidence = sure(hold.clear, margin)
        draft.first = ((kick.at, kick.box),)
        draft.show(now.at, now.box)
        self._book.close(draft, now.at)
        self._shot_done, self._shot_at = True, kick.at

    def _goals(self, now: BallLook) -> None:
        for goal in self._pitch.goals:
            stay = self._stays[goal.name]
            if not stay.goes_on(now, goal.holds(now.box.foot), IN_GOAL) or stay.told:
                continue
            stay.told = True
            scorer = self._before
            if scorer is not None and not self._shot_done and self._out_at < scorer.last.at:
                self._shot(goal, scorer, now, 0.0)
            team = "" if scorer is None else scorer.team(self._teams, self._pitch)
            parts = (
                ()
                if scorer is None or scorer.player is None
                else (Part(scorer.player.entity_id, now.box, "scorer"),)
            )
            draft = self._book.note("goal", stay.since, parts, zone=goal.name, confidence=sure(0.9, 0.5))
            draft.attributes = {"team": team} if team else {}
            draft.first = ((stay.since, now.box),)

    def _areas(self, now: BallLook) -> None:
        for area in self._pitch.areas:
            stay = self._stays[area.name]
            here = stay.goes_on(now, area.holds(now.box.foot), IN_AREA)
            if here and stay.draft is None:
                stay.draft = self._book.open(
                    "goal_area", stay.since, (), zone=area.name, confidence=sure(0.9, 0.5)
                )
                stay.draft.first = ((stay.since, now.box),)
            elif not here and stay.draft is not None:
                self._book.close(stay.draft, stay.until)
                stay.draft = None

    def _outs(self, now: BallLook) -> None:
        out = self._pitch.outside(now.place) > OUT_M and not any(
            g.holds(now.box.foot) for g in self._pitch.goals
        )
        if not self._out.goes_on(now, out, OUT) or self._out.told:
            return
        self._out.told, self._out_at = True, self._out.since
        draft = self._book.note("ball_out", self._out.since, (), confidence=sure(0.9, 0.5))
        draft.first = ((self._out.since, now.box),)

    def _breaks(self, now: BallLook) -> None:
        won = self._won
        if won is None:
            return
        start = won.hold.first
        if now.at - start.at > BREAK or (self._before is not won.hold and self._before is not None
                                         and self._before.team(self._teams, self._pitch) != won.team):  # fmt: skip
            self._won = None
            return
        come = (now.place[0] - start.place[0]) / self._pitch.length * self._teams.attacks(won.team)
        if come < BREAK_SHARE:
            return
        self._won = None
        parts = () if won.hold.player is None else (won.hold.player,)
        draft = self._book.open("fast_break", start.at, parts, attributes={"team": won.team})
        draft.confidence = sure(won.hold.clear, over(come, BREAK_SHARE))
        draft.first = ((start.at, start.box),)
        draft.show(now.at, now.box)
        self._book.close(draft, now.at)


@dataclass(slots=True)
class _Stay:
    """The ball's stay somewhere: since when, until when, and whether that was told."""

    since: Micros = -1
    until: Micros = -1
    told: bool = False
    draft: Draft | None = None
    before: Micros | None = None
    inside: bool = False

    def goes_on(self, now: BallLook, inside: bool, need: Micros) -> bool:
        """Takes in one look; true once the ball has been there for `need`, gaps up to `BRIDGED` let pass."""
        before, self.before = self.before, now.at
        near = before is not None and now.at - before <= LOOKS_APART
        between = (before + now.at) // 2 if before is not None and near else now.at
        if inside:
            if self.since < 0:
                self.since, self.told = between, False
            self.until, self.inside = now.at, True
        elif self.since >= 0:
            if self.inside:
                self.until, self.inside = max(between, self.until), False
            if now.at - self.until > BRIDGED or self.until - self.since < need:
                self.since = -1
                return False
        return self.since >= 0 and self.until - self.since >= need
