"""What truly happens in a warehouse beyond the common kinds: falls, crowds, queues, runs, stalls, shelves."""

from __future__ import annotations

from bench.scenes.people import FALL_S
from bench.scenes.scene import Scene
from bench.scenes.truth import BLOCKED_S, WAYS, Happening, Stay, rests_of, runs_of
from core.place import Box, Zone

LIES_S = 1.0
"""`fell`: how long somebody has to lie."""
CROWD, CROWD_S = 3, 2.0
QUEUE, QUEUE_S = 3, 5.0
STALLED_S = 10.0
RUNS_MPS, RUNS_S = 2.7, 0.8
BREAK_S = 1.0
"""Shorter breaks do not end a crowd, a queue or a run."""
EMPTY, FULL = 0.25, 0.75
"""A shelf is empty with at most this share of its goods, and full again from this share on."""


def falls(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """From the beginning of the fall until the person is up again; told once somebody has lain for a second."""
    out = []
    for stay in visits:
        down = [pose.doing in ("fall", "lie", "rise") for pose in stay.poses]
        for first, last in runs_of(down):
            start, end = stay.frames[first] / scene.fps, stay.frames[last] / scene.fps
            if end - start >= FALL_S + LIES_S:
                out.append(
                    Happening(
                        kind="fell", start=start, end=end, who=((stay.actor.name, "subject"),),
                        zone=scene.layout.zone_at(stay.places[first]), due=start + FALL_S + LIES_S,
                    )
                )  # fmt: skip
    return out


def crowds(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """Three people or more in the picture for two seconds."""
    people = [stay for stay in visits if stay.actor.label == "person"]
    return _many(scene, people, [set(stay.frames) for stay in people], "crowd", None, CROWD, CROWD_S)


def queues(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """Three people or more who stand in a zone for it, for five seconds."""
    out = []
    for zone in (z for z in scene.layout.zones if z.kind == "queue"):
        people = [stay for stay in visits if stay.actor.label == "person"]
        standing = [_standing_in(scene, stay, zone) for stay in people]
        out += _many(scene, people, standing, "queue", zone.name, QUEUE, QUEUE_S)
    return out


def _standing_in(scene: Scene, stay: Stay, zone: Zone) -> set[int]:
    frames: set[int] = set()
    for start, end in rests_of(scene, stay):
        part = range(start, end + 1)
        frames |= {stay.frames[i] for i in part if zone.holds(stay.places[i])}
    return frames


def _many(
    scene: Scene,
    people: list[Stay],
    there: list[set[int]],
    kind: str,
    zone: str | None,
    least: int,
    need: float,
) -> list[Happening]:
    count = [sum(frame in frames for frames in there) >= least for frame in range(scene.frames)]
    out = []
    for first, last in runs_of(_bridged(count, round(BREAK_S * scene.fps))):
        if (last - first) / scene.fps < need:
            continue
        span = set(range(first, last + 1))
        names = [stay.actor.name for stay, frames in zip(people, there, strict=True) if frames & span]
        who = tuple((name, "subject") for name in names)
        start = first / scene.fps
        out.append(
            Happening(kind=kind, start=start, end=last / scene.fps, who=who, zone=zone, due=start + need)
        )
    return out


def _bridged(flags: list[bool], most: int) -> list[bool]:
    """The flags with short breaks filled."""
    out = list(flags)
    for first, last in runs_of([not flag for flag in flags]):
        if first > 0 and last < len(flags) - 1 and last - first + 1 <= most:
            out[first : last + 1] = [True] * (last - first + 1)
    return out


def runs(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """A person who is faster than anybody walks."""
    out = []
    for stay in (s for s in visits if s.actor.label == "person"):
        fast = _bridged([pose.speed >= RUNS_MPS for pose in stay.poses], round(BREAK_S * scene.fps))
        for first, last in runs_of(fast):
            start, end = stay.frames[first] / scene.fps, stay.frames[last] / scene.fps
            if end - start >= RUNS_S:
                who = ((stay.actor.name, "subject"),)
                out.append(Happening(kind="running", start=start, end=end, who=who, due=start + RUNS_S))
    return out


def hindrances(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """A vehicle that rests in the aisle blocks it after five seconds, and has stalled after ten."""
    out = []
    for stay in (s for s in visits if s.actor.vehicle):
        for first, last in rests_of(scene, stay):
            start, end = stay.frames[first] / scene.fps, stay.frames[last] / scene.fps
            who = ((stay.actor.name, "subject"),)
            for zone in scene.layout.zones:
                if zone.kind not in WAYS or not zone.holds(stay.places[(first + last) // 2]):
                    continue
                for kind, need in (("blocked", BLOCKED_S), ("stalled", STALLED_S)):
                    if end - start >= need:
                        out.append(
                            Happening(
                                kind=kind, start=start, end=end, who=who, zone=zone.name, due=start + need
                            )
                        )
    return out


def shelves(scene: Scene, visits: list[Stay]) -> list[Happening]:
    """A shelf's goods, judged while nobody stands before them: gone from then on, and there again at that moment."""
    out: list[Happening] = []
    goods = [actor for actor in scene.actors if actor.label == "goods"]
    for zone, actor in zip((z for z in scene.layout.zones if z.kind == "shelf"), goods, strict=False):
        since: float | None = None
        covered = _covered(scene, visits, zone)
        for frame in (f for f in range(scene.frames) if f not in covered):
            at = frame / scene.fps
            share = actor.share(at) if actor.share is not None else 1.0
            if since is None and share <= EMPTY:
                since = at
            elif since is not None and share >= FULL:
                out.append(Happening(kind="shelf_empty", start=since, end=at, who=(), zone=zone.name))
                out.append(Happening(kind="shelf_restocked", start=at, end=at, who=(), zone=zone.name))
                since = None
        if since is not None:
            end = scene.frames / scene.fps
            out.append(Happening(kind="shelf_empty", start=since, end=end, who=(), zone=zone.name))
    return out


def _covered(scene: Scene, visits: list[Stay], zone: Zone) -> set[int]:
    """The frames in which somebody's box covers a part of the zone."""
    across, down = [x for x, _ in zone.polygon], [y for _, y in zone.polygon]
    bounds = Box(min(across), min(down), max(across), max(down))
    return {
        frame
        for stay in visits
        for frame, box in zip(stay.frames, stay.boxes, strict=True)
        if box.overlap(bounds) > 0
    }


TRUTHS = (falls, crowds, queues, runs, hindrances, shelves)
