"""What truly happens in a scene, computed from its geometry by the product's published definitions of events.

A thing's place is the middle of its box's lower edge. Boxes are the exact hulls of what is painted, cut at the
picture's edges; a load on the forks belongs to the forklift's box, and is a thing of its own only while it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from bench.scenes.conditions import Occluder
from bench.scenes.scene import Actor, Pose, Scene
from bench.scenes.shapes import Sprite, cover, seen_by
from core.place import Box, Point

SMALLEST = 6.0
"""Pixels a box must have each way to count as in the picture."""
HIDDEN = 0.1
"""A thing of which less than this share shows is hidden."""
HOLD_S = 0.5
REST_S = 2.0
DWELL_S = 5.0
BLOCKED_S = 5.0
WAYS = frozenset({"aisle", "dock", "exit"})
ALONE_S = 1.0
WITH_SHARE = 0.75
"""With an object is who is at most this share of the own height away from it …"""
STANDING_MPS = 0.1
"""… and no vehicle that stands."""
NEAR_PX = 30.0
FAST_MPS = 1.5
"""Faster than a person walks, now or within the second before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """One actor in one picture: its pose, and how the camera sees it."""

    actor: Actor
    visit: int
    pose: Pose
    sprite: Sprite


@dataclass(slots=True, kw_only=True)
class Stay:
    """One visit of one actor: frame numbers from 0, boxes cut at the picture's edges, shares seen, poses in metres."""

    actor: Actor
    number: int
    frames: list[int] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    poses: list[Pose] = field(default_factory=list)

    @property
    def places(self) -> list[Point]:
        """Where it stands, frame by frame."""
        return [box.foot for box in self.boxes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A true event: kind, first and last second, names of who took part with their roles, where, and details.

    `due` is the earliest second at which its definition was fulfilled (a rest is one after 2 s); None: at its start.
    An `optional` one may be told or not: the definitions leave it open.
    """

    kind: str
    start: float
    end: float
    who: tuple[tuple[str, str], ...]
    zone: str | None = None
    more: dict[str, str] = field(default_factory=dict)
    due: float | None = None
    optional: bool = False


def casts(scene: Scene) -> Iterator[list[Cast]]:
    """Frame by frame: everyone in the world, the farthest first."""
    for frame in range(scene.frames):
        at = frame / scene.fps
        present = []
        for actor in scene.actors:
            for visit, path in enumerate(actor.paths):
                pose = path.pose(at)
                if pose is not None:
                    sprite = seen_by(scene.camera, actor.figure(pose), scene.conditions.sun)
                    present.append(Cast(actor=actor, visit=visit, pose=pose, sprite=sprite))
        yield sorted(present, key=lambda cast: (-cast.pose.y, cast.actor.put_down))


def clipped(box: Box, width: int, height: int) -> Box | None:
    """The part of the box inside the picture, or None where that is hardly anything."""
    x1, y1, x2, y2 = max(0.0, box.x1), max(0.0, box.y1), min(float(width), box.x2), min(float(height), box.y2)
    return Box(x1, y1, x2, y2) if x2 - x1 >= SMALLEST and y2 - y1 >= SMALLEST else None


@dataclass(frozen=True, kw_only=True)
class Screen:
    """What one occluder hides: its distance, and its mask summed up, so that any box is looked up at once."""

    y: float
    sums: np.ndarray

    @staticmethod
    def of(scene: Scene, occluder: Occluder) -> Screen:
        """The occluder as the scene's camera sees it."""
        mask = cover(seen_by(scene.camera, occluder.figure), scene.camera.width, scene.camera.height_px)
        return Screen(y=occluder.y, sums=cv2.integral((mask > 127).astype(np.uint8)))

    def covers(self, box: Box) -> float:
        """How many pixels of the box it hides."""
        x1, y1, x2, y2 = (round(v) for v in (box.x1, box.y1, box.x2, box.y2))
        return float(self.sums[y2, x2] - self.sums[y1, x2] - self.sums[y2, x1] + self.sums[y1, x1])


class Stays:
    """Collects the visits while the scene is played."""

    def __init__(self, scene: Scene) -> None:
        self._size = scene.camera.width, scene.camera.height_px
        self._screens = [Screen.of(scene, occluder) for occluder in scene.conditions.occluders]
        self._stays: dict[tuple[str, int], Stay] = {}

    def note(self, frame: int, present: list[Cast]) -> None:
        """Takes in one picture's cast."""
        for i, cast in enumerate(present):
            if cast.actor.scenery:
                continue
            box = clipped(cast.sprite.box, *self._size)
            if box is None:
                continue
            key = (cast.actor.name, cast.visit)
            stay = self._stays.setdefault(key, Stay(actor=cast.actor, number=len(self._stays) + 1))
            hidden = max((cast.sprite.box.overlap(c.sprite.box) for c in present[i + 1 :]), default=0.0)
            stay.frames.append(frame)
            stay.boxes.append(box)
            behind = sum(s.covers(box) for s in self._screens if s.y < cast.pose.y)
            stay.seen.append(max(0.0, box.area - hidden - behind) / cast.sprite.box.area)
            stay.poses.append(cast.pose)

    def all(self) -> list[Stay]:
        """The visits in order of arrival. A visit begins and ends at a look at which an occluder does not hide it."""
        kept = [stay for stay in self._stays.values() if stay.number]
        for stay in kept if self._screens else []:
            shown = [i for i, seen in enumerate(stay.seen) if seen >= HIDDEN]
            part = slice(shown[0], shown[-1] + 1) if shown else slice(0, 0)
            stay.frames, stay.boxes = stay.frames[part], stay.boxes[part]
            stay.seen, stay.poses = stay.seen[part], stay.poses[part]
        return sorted((stay for stay in kept if stay.frames), key=lambda stay: stay.number)


def stays(scene: Scene) -> list[Stay]:
    """All visits of a scene, without painting it."""
    kept = Stays(scene)
    for frame, present in enumerate(casts(scene)):
        kept.note(frame, present)
    return kept.all()


def happenings(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """All true events in order of time."""
    found: list[Happening] = []
    for stay in visits:
        if stay.actor.put_down:
            found += _left_behind(scene, stay, visits)
            found += [replace(each, optional=True) for each in _as_a_thing(scene, stay)]
            continue
        found += _coming_and_going(scene, stay)
        found += _in_zones(scene, stay)
        found += _crossings(scene, stay)
        found += _rests(scene, stay)
    found += _near_misses(scene, visits)
    for truth in scene.truths:
        found += truth(scene, visits)
    return sorted(found, key=lambda h: (h.start, h.kind, h.who))


def side_of(box: Box, scene: Scene) -> str:
    """The side of the picture the box touches, or nothing."""
    width, height = scene.camera.width, scene.camera.height_px
    gaps = {"left": box.x1, "right": width - box.x2, "bottom": height - box.y2, "top": box.y1}
    side = min(gaps, key=lambda name: gaps[name])
    return side if gaps[side] <= 1.0 else ""


def _me(stay: Stay) -> tuple[tuple[str, str], ...]:
    return ((stay.actor.name, "subject"),)


def _coming_and_going(scene: Scene, stay: Stay) -> list[Happening]:
    first, last = stay.frames[0] / scene.fps, stay.frames[-1] / scene.fps
    out = []
    if stay.frames[0] > 0:
        side = side_of(stay.boxes[0], scene)
        out.append(Happening(kind="appeared", start=first, end=first, who=_me(stay), more={"side": side}))
    if stay.frames[-1] < scene.frames - 1:
        side = side_of(stay.boxes[-1], scene)
        out.append(Happening(kind="left", start=last, end=last, who=_me(stay), more={"side": side}))
    return out


def _held(flags: list[bool], least: int) -> list[bool]:
    """The flags without runs shorter than `least` (a change counts once it has held)."""
    state, out, i = flags[0], [], 0
    while i < len(flags):
        j = i
        while j < len(flags) and flags[j] == flags[i]:
            j += 1
        if flags[i] != state and j - i >= least:
            state = flags[i]
        out += [state] * (j - i)
        i = j
    return out


def runs_of(flags: list[bool]) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    edges = [i for i in range(len(flags)) if flags[i] and (i == 0 or not flags[i - 1])]
    ends = [i for i in range(len(flags)) if flags[i] and (i == len(flags) - 1 or not flags[i + 1])]
    return list(zip(edges, ends, strict=True))


def _in_zones(scene: Scene, stay: Stay) -> list[Happening]:
    out: list[Happening] = []
    for zone in scene.layout.areas:
        inside = _held([zone.holds(place) for place in stay.places], round(HOLD_S * scene.fps))
        for first, last in runs_of(inside):
            start, end = stay.frames[first] / scene.fps, stay.frames[last] / scene.fps
            if first > 0:
                out.append(_change("entered_zone", start, stay, zone.name))
            if last < len(inside) - 1:
                out.append(_change("left_zone", end, stay, zone.name))
            if end - start >= DWELL_S:
                due = start + DWELL_S
                out.append(
                    Happening(kind="dwelled", start=start, end=end, who=_me(stay), zone=zone.name, due=due)
                )
    return out


def _change(kind: str, at: float, stay: Stay, zone: str) -> Happening:
    return Happening(kind=kind, start=at, end=at, who=_me(stay), zone=zone, due=at + HOLD_S)


def _crossings(scene: Scene, stay: Stay) -> list[Happening]:
    out = []
    for line in scene.layout.lines:
        for i, (a, b) in enumerate(zip(stay.places, stay.places[1:], strict=False)):
            before, after = line.side(a), line.side(b)
            if before == 0 or (before > 0) == (after > 0):
                continue
            share = before / (before - after)
            spot = (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
            (sx, sy), (ex, ey) = line.start, line.end
            along = (spot[0] - sx) * (ex - sx) + (spot[1] - sy) * (ey - sy)
            if not 0 <= along <= (ex - sx) ** 2 + (ey - sy) ** 2:
                continue
            at = (stay.frames[i] + share) / scene.fps
            more = {"to": "left" if after > 0 else "right"}
            out.append(
                Happening(kind="crossed_line", start=at, end=at, who=_me(stay), zone=line.name, more=more)
            )
    return out


def rests_of(scene: Scene, stay: Stay) -> list[tuple[int, int]]:
    """Rests: the longest stretches within a circle of max(6 px, 6 % of the box's diagonal), at least 2 s; as the
    first and last index into the stay.
    """
    places = np.array(stay.places, np.float32)
    candidates, end = [], 0
    for start in range(len(places)):
        radius = max(6.0, 0.06 * stay.boxes[start].diagonal)
        end = max(end, start)
        while end + 1 < len(places) and _round(places[start : end + 2]) <= radius:
            end += 1
        if (end - start) / scene.fps >= REST_S:
            candidates.append((start, end))
    chosen: list[tuple[int, int]] = []
    for start, end in sorted(candidates, key=lambda c: c[0] - c[1]):
        if all(end < s or start > e for s, e in chosen):
            chosen.append((start, end))
    return sorted(chosen)


def _rests(scene: Scene, stay: Stay) -> list[Happening]:
    out = []
    for start, end in rests_of(scene, stay):
        begin, stop = stay.frames[start] / scene.fps, stay.frames[end] / scene.fps
        where = scene.layout.zone_at(stay.places[(start + end) // 2])
        due = begin + REST_S
        out.append(Happening(kind="stopped", start=begin, end=stop, who=_me(stay), zone=where, due=due))
        if end < len(stay.places) - 1:
            out.append(Happening(kind="started", start=stop, end=stop, who=_me(stay), zone=where))
    return out


def _round(places: np.ndarray) -> float:
    """Radius of the smallest circle around the places."""
    return float(cv2.minEnclosingCircle(places)[1])


def _as_a_thing(scene: Scene, stay: Stay) -> list[Happening]:
    """What may be told of an object that is put down and lifted: whether it comes, rests and goes is a matter of words."""
    (first, last), who = (stay.frames[0] / scene.fps, stay.frames[-1] / scene.fps), _me(stay)
    out = [
        Happening(kind="appeared", start=first, end=first, who=who),
        Happening(kind="stopped", start=first, end=last, who=who),
        Happening(kind="started", start=last, end=last, who=who),
        Happening(kind="left", start=last, end=last, who=who),
    ]
    for zone in scene.layout.zones:
        if zone.holds(stay.places[0]):
            out.append(Happening(kind="entered_zone", start=first, end=first, who=who, zone=zone.name))
            out.append(Happening(kind="dwelled", start=first, end=last, who=who, zone=zone.name))
            out.append(Happening(kind="left_zone", start=last, end=last, who=who, zone=zone.name))
    return out


def _left_behind(scene: Scene, stay: Stay, visits: list[Stay]) -> list[Happening]:
    """An object put down: it is left from the moment nobody is with it until it leaves its place, whoever passes by. On
    somebody's forks it stands where it stood until he drives off with it.
    """
    gone, last = stay.actor.gone, (scene.frames - 1) / scene.fps
    end = stay.frames[-1] / scene.fps if gone is None else min(gone, last)
    name = scene.layout.zone_at(stay.places[0])
    out = []
    start = _alone_from(scene, stay, visits)
    if start is not None:
        due = start + ALONE_S
        out.append(Happening(kind="object_left", start=start, end=end, who=_me(stay), zone=name, due=due))
    if (start is not None or stay.frames[0] == 0) and end < last:
        out.append(Happening(kind="object_removed", start=end, end=end, who=_me(stay), zone=name))
    first = stay.frames[0] / scene.fps
    for zone in scene.layout.zones:
        if zone.kind in WAYS and zone.holds(stay.places[0]) and end - first >= BLOCKED_S:
            due = first + BLOCKED_S
            out.append(
                Happening(kind="blocked", start=first, end=end, who=_me(stay), zone=zone.name, due=due)
            )
    return out


def _alone_from(scene: Scene, stay: Stay, visits: list[Stay]) -> float | None:
    """The second from which nobody who might carry it is within reach, if that holds long enough; None if never."""
    if stay.frames[0] == 0:
        return None
    near = set()
    for other in (v for v in visits if v is not stay and not v.actor.put_down):
        for frame, box, pose in zip(other.frames, other.boxes, other.poses, strict=True):
            if other.actor.vehicle and pose.speed < STANDING_MPS:
                continue
            if box.gap(stay.boxes[0]) <= WITH_SHARE * box.height:
                near.add(frame)
    alone = [frame not in near for frame in stay.frames]
    runs = [run for run in runs_of(alone) if run[1] - run[0] >= ALONE_S * scene.fps]
    return stay.frames[runs[0][0]] / scene.fps if runs else None


def _near_misses(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """A vehicle and a person at most 30 px apart, one of them fast now or within the second before."""
    out: list[Happening] = []
    for vehicle in (v for v in visits if v.actor.vehicle):
        for person in (p for p in visits if p.actor.label == "person"):
            close = sorted(_close_and_fast(scene, vehicle, person))
            groups: list[list[int]] = []
            for frame in close:
                if groups and frame - groups[-1][-1] <= scene.fps:
                    groups[-1].append(frame)
                else:
                    groups.append([frame])
            who = ((vehicle.actor.name, "vehicle"), (person.actor.name, "person"))
            for group in groups:
                start, end = group[0] / scene.fps, group[-1] / scene.fps
                spot = person.places[person.frames.index(group[0])]
                where = scene.layout.zone_at(spot)
                out.append(Happening(kind="near_miss", start=start, end=end, who=who, zone=where))
    return out


def _close_and_fast(scene: Scene, a: Stay, b: Stay) -> Iterator[int]:
    at_b = {frame: i for i, frame in enumerate(b.frames)}
    for i, frame in enumerate(a.frames):
        j = at_b.get(frame)
        if j is None or a.boxes[i].gap(b.boxes[j]) > NEAR_PX:
            continue
        poses = a.poses[max(0, i - scene.fps) : i + 1] + b.poses[max(0, j - scene.fps) : j + 1]
        if max(pose.speed for pose in poses) >= FAST_MPS:
            yield frame
