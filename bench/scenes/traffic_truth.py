"""What truly happens in traffic, worked out from metres, speeds and footprints: the product never sees these.

Definitions as in docs/howto/traffic.md. A thing's place is the middle of its box's lower edge, as everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from bench.scenes.scene import Scene
from bench.scenes.traffic_flow import Contact, footprint, footprints_meet
from bench.scenes.truth import Happening, Stay
from bench.scenes.vehicles import size_of

SCORED = (
    "crossed_line", "stopped", "started", "stalled", "wrong_way", "speeding", "queue", "collision", "on_road", "turned",
    "near_miss",
)  # fmt: skip
"""The kinds that this domain is about; its scenes label every one of them."""
TWO_WHEELED = frozenset({"bicycle", "motorcycle"})
DRIVEN = frozenset({"car", "van", "truck", "bus", "motorcycle"})
ON_ROAD_S, WRONG_WAY_S, SPEEDING_S, QUEUE_S, STALLED_S, REST_S = 1.0, 1.0, 0.5, 5.0, 10.0, 2.0
QUEUED = 3
BREAK_S = 0.5
NEAR_M, FAST_MPS, ENCOUNTER_S = 1.5, 2.0, 2.0
BEHIND_M = 7.0
"""Who rests with another resting vehicle this close ahead waits; it has not stalled."""
ROADS = frozenset({"road", "junction", "lane"})
FREE = frozenset({"crossing", "pavement"})
WAITING = frozenset({"waiting", "parking"})
TURN_DEG, TURNING_DEG_S = 60.0, 9.0

Truth = Callable[[Scene, list[Stay]], list[Happening]]


def truths(contacts: Sequence[Contact]) -> tuple[Truth, ...]:
    """Everything a traffic scene adds to the truth, given who hit whom."""

    def collisions(scene: Scene, visits: list[Stay]) -> list[Happening]:
        return _collisions(scene, visits, contacts)

    return wrong_ways, speedings, stalls, queues, on_roads, turns, near_misses, collisions


def _drives(stay: Stay) -> bool:
    return stay.actor.label in DRIVEN or stay.actor.label in TWO_WHEELED


def _zone_of(scene: Scene, spot: tuple[float, float], kinds: frozenset[str] = ROADS) -> str | None:
    return next((z.name for z in scene.layout.lanes_first if z.kind in kinds and z.holds(spot)), None)


def _runs(
    flags: Sequence[bool], scene: Scene, stay: Stay, least_s: float, break_s: float = BREAK_S
) -> Iterable[tuple[int, int]]:
    """First and last index of each stretch of True that lasts, short breaks bridged."""
    runs: list[list[int]] = []
    for i, on in enumerate(flags):
        if not on:
            continue
        if runs and (stay.frames[i] - stay.frames[runs[-1][1]]) / scene.fps <= break_s:
            runs[-1][1] = i
        else:
            runs.append([i, i])
    for a, b in runs:
        if (stay.frames[b] - stay.frames[a]) / scene.fps >= least_s:
            yield a, b


def _span(
    kind: str, scene: Scene, stay: Stay, run: tuple[int, int], need_s: float, zone: str | None
) -> Happening:
    start, end = stay.frames[run[0]] / scene.fps, stay.frames[run[1]] / scene.fps
    who = ((stay.actor.name, "subject"),)
    return Happening(kind=kind, start=start, end=end, who=who, zone=zone, due=start + need_s)


def _velocity(stay: Stay, i: int, scene: Scene) -> tuple[float, float]:
    """Pixels a second of the place, over about half a second."""
    half = max(1, scene.fps // 4)
    a, b = max(0, i - half), min(len(stay.frames) - 1, i + half)
    took = max(1, stay.frames[b] - stay.frames[a]) / scene.fps
    (ax, ay), (bx, by) = stay.places[a], stay.places[b]
    return (bx - ax) / took, (by - ay) / took


def wrong_ways(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """Vehicles and two-wheelers that drive against their lane's direction."""
    out = []
    for stay in filter(_drives, visits):
        places = stay.places
        for lane in scene.layout.lanes:
            zone = lane.zone()
            flags = []
            for i, place in enumerate(places):
                (vx, vy), (dx, dy) = _velocity(stay, i, scene), lane.direction
                cosine = (vx * dx + vy * dy) / max(1e-9, math.hypot(vx, vy) * math.hypot(dx, dy))
                flags.append(
                    stay.poses[i].speed > 1.0 and cosine <= math.cos(math.radians(120)) and zone.holds(place)
                )
            out += [
                _span("wrong_way", scene, stay, run, WRONG_WAY_S, lane.name)
                for run in _runs(flags, scene, stay, WRONG_WAY_S)
            ]
    return out


def speedings(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """Vehicles faster than their lane's limit."""
    out = []
    for stay in (s for s in visits if s.actor.label in DRIVEN):
        for lane in scene.layout.lanes:
            zone, limit = lane.zone(), (lane.limit_kmh or math.inf) / 3.6
            flags = [
                pose.speed > limit and zone.holds(place)
                for pose, place in zip(stay.poses, stay.places, strict=True)
            ]
            out += [
                _span("speeding", scene, stay, run, SPEEDING_S, lane.name)
                for run in _runs(flags, scene, stay, SPEEDING_S)
            ]
    return out


def _resting(scene: Scene, stay: Stay) -> list[tuple[int, int]]:
    return list(_runs([pose.speed < 0.25 for pose in stay.poses], scene, stay, REST_S))


def stalls(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """Vehicles that rest on the road for long, neither where waiting is meant nor behind another that rests."""
    out = []
    rests = [(stay, run) for stay in visits if stay.actor.label in DRIVEN for run in _resting(scene, stay)]
    for stay, (a, b) in rests:
        middle = stay.places[(a + b) // 2]
        if _zone_of(scene, middle, WAITING) or (stay.frames[b] - stay.frames[a]) / scene.fps < STALLED_S:
            continue
        zone = _zone_of(scene, middle)
        if zone is None or any(_is_behind(stay, a, other, run) for other, run in rests if other is not stay):
            continue
        out.append(_span("stalled", scene, stay, (a, b), STALLED_S, zone))
    return out


def _is_behind(stay: Stay, at: int, other: Stay, run: tuple[int, int]) -> bool:
    """Whether it came to rest right behind another that rested by then or soon after."""
    here, there = stay.poses[at], other.poses[run[0]]
    if other.frames[run[1]] < stay.frames[at] or other.frames[run[0]] > stay.frames[at] + 24:
        return False
    dx, dy = there.x - here.x, there.y - here.y
    ahead = dx * math.cos(here.facing) + dy * math.sin(here.facing)
    aside = abs(-dx * math.sin(here.facing) + dy * math.cos(here.facing))
    room = (size_of(stay.actor.attributes["build"])[0] + size_of(other.actor.attributes["build"])[0]) / 2
    return 0 < ahead <= room + BEHIND_M and aside < 1.8


def queues(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """Lanes in which three vehicles or more rest."""
    out = []
    rests = [(stay, run) for stay in filter(_drives, visits) for run in _resting(scene, stay)]
    for lane in scene.layout.lanes:
        zone = lane.zone()
        there = np.zeros(scene.frames + 1, int)
        mine = [(stay, run) for stay, run in rests if zone.holds(stay.places[(run[0] + run[1]) // 2])]
        for stay, (a, b) in mine:
            there[stay.frames[a] : stay.frames[b] + 1] += 1
        many = there >= QUEUED
        edges = np.flatnonzero(np.diff(np.concatenate([[False], many, [False]]).astype(int)))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            a, b = start / scene.fps, (end - 1) / scene.fps
            if b - a >= QUEUE_S:
                who = tuple(
                    (s.actor.name, "subject")
                    for s, run in mine
                    if s.frames[run[0]] < end and s.frames[run[1]] > start
                )
                out.append(Happening(kind="queue", start=a, end=b, who=who, zone=lane.name, due=a + QUEUE_S))
    return out


def on_roads(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """People and objects on the road, crossings left out."""
    out = []
    for stay in (s for s in visits if not _drives(s)):
        flags = [
            _zone_of(scene, place) is not None and _zone_of(scene, place, FREE) is None
            for place in stay.places
        ]
        for run in _runs(flags, scene, stay, ON_ROAD_S):
            out.append(_span("on_road", scene, stay, run, ON_ROAD_S, None))
            if stay.actor.label != "person":
                out.append(_span("object_left", scene, stay, run, 2.0, None))
    return out


def turns(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """Changes of direction by 60° or more, at the moment half of the turn is done; seen whole."""
    out = []
    for stay in (v for v in visits if _drives(v) or v.actor.label == "person"):
        heading = np.unwrap([pose.facing for pose in stay.poses] if _drives(stay) else _walked(scene, stay))
        rate = np.abs(np.gradient(heading)) * scene.fps if len(heading) > 2 else np.zeros(len(heading))
        flags = [
            r > math.radians(TURNING_DEG_S) and pose.speed > 0.8
            for r, pose in zip(rate, stay.poses, strict=True)
        ]
        for a, b in _runs(flags, scene, stay, 0.5):
            angle = math.degrees(float(heading[b] - heading[a]))
            before, after = a - round(0.7 * scene.fps), b + round(0.7 * scene.fps)
            if abs(angle) < TURN_DEG or before < 0 or after >= len(stay.frames):
                continue
            half = next(
                i for i in range(a, b + 1) if abs(heading[i] - heading[a]) >= abs(math.radians(angle)) / 2
            )
            at = stay.frames[half] / scene.fps
            come = _last_lane(scene, stay, range(a, -1, -1))
            go = _last_lane(scene, stay, range(b, len(stay.frames)))
            side = "back" if abs(angle) > 150 else "left" if angle > 0 else "right"
            more = {"side": side, "from": come or "", "to": go or ""}
            who = ((stay.actor.name, "subject"),)
            due = stay.frames[min(b, len(stay.frames) - 1)] / scene.fps
            out.append(Happening(kind="turned", start=at, end=at, who=who, more=more, due=due))
    return out


def _walked(scene: Scene, stay: Stay) -> npt.NDArray[np.float64]:
    """The way somebody on foot takes, over half a second each: he turns on the spot."""
    spots, half = np.array([(p.x, p.y) for p in stay.poses]), max(1, scene.fps // 4)
    after = np.minimum(np.arange(len(spots)) + half, len(spots) - 1)
    before = np.maximum(np.arange(len(spots)) - half, 0)
    dx, dy = (spots[after] - spots[before]).T
    return np.asarray(np.arctan2(dy, dx))


def _last_lane(scene: Scene, stay: Stay, order: Iterable[int]) -> str | None:
    lanes = [lane.zone() for lane in scene.layout.lanes]
    return next((lane.name for i in order for lane in lanes if lane.holds(stay.places[i])), None)


def _sole(stay: Stay, i: int, grow: float = 0.0) -> npt.NDArray[np.float64]:
    pose = stay.poses[i]
    length, width = (
        size_of(stay.actor.attributes["build"]) if "build" in stay.actor.attributes else (0.5, 0.5)
    )
    return footprint(pose.x, pose.y, pose.facing, length + 2 * grow, width + 2 * grow)


def near_misses(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """A vehicle and somebody on foot or on two wheels within 1.5 m, one of them fast, not going together."""
    out: list[Happening] = []
    frail = [s for s in visits if s.actor.label == "person" or s.actor.label in TWO_WHEELED]
    for vehicle in (v for v in visits if v.actor.label in DRIVEN):
        for person in frail:
            if person is vehicle or (
                vehicle.actor.label in TWO_WHEELED
                and person.actor.label in DRIVEN
                and vehicle.number > person.number
            ):
                continue
            close = list(_close(scene, vehicle, person))
            groups: list[list[int]] = []
            for frame in close:
                if groups and frame - groups[-1][-1] <= ENCOUNTER_S * scene.fps:
                    groups[-1].append(frame)
                else:
                    groups.append([frame])
            who = ((vehicle.actor.name, "vehicle"), (person.actor.name, "person"))
            out += [
                Happening(kind="near_miss", start=g[0] / scene.fps, end=g[-1] / scene.fps, who=who)
                for g in groups
            ]
    return out


def _close(scene: Scene, a: Stay, b: Stay) -> Iterable[int]:
    at_b = {frame: i for i, frame in enumerate(b.frames)}
    lately = scene.fps
    for i, frame in enumerate(a.frames):
        j = at_b.get(frame)
        if j is None or math.dist((a.poses[i].x, a.poses[i].y), (b.poses[j].x, b.poses[j].y)) > 9:
            continue
        tops = [max(p.speed for p in stay.poses[max(0, k - lately) : k + 1]) for stay, k in ((a, i), (b, j))]
        pa, pb = a.poses[i], b.poses[j]
        relative = math.hypot(
            pa.speed * math.cos(pa.facing) - pb.speed * math.cos(pb.facing),
            pa.speed * math.sin(pa.facing) - pb.speed * math.sin(pb.facing),
        )
        if max(tops) < FAST_MPS or relative < 0.5 * max(tops):
            continue
        if footprints_meet(_sole(a, i, NEAR_M / 2), _sole(b, j, NEAR_M / 2)):
            yield frame


def _collisions(scene: Scene, visits: list[Stay], contacts: Sequence[Contact]) -> list[Happening]:
    out = []
    for contact in contacts:
        frame = round(contact.at * scene.fps)
        pair = []
        for name, role in ((contact.hitter, "hitter"), (contact.struck, "struck")):
            pair += [(stay, role) for stay in visits if stay.actor.name == name and frame in stay.frames]
        if len(pair) == 2:
            who = tuple((stay.actor.name, role) for stay, role in pair)
            out.append(
                Happening(kind="collision", start=contact.at, end=contact.at, who=who, due=contact.at + 0.5)
            )
    return out
