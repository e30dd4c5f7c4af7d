"""`python -m bench again [--seeds 1-20] [--folder DIR]`: rounds through the whole product; of the pairs of visits that are
of one and the same, how many are known to be (recall), and how many of those said to be are (precision).
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from api.apart import apart
from bench.again.cost import cost
from bench.again.rounds import rounds
from bench.scenes.render import render_scene
from bench.seeing.exact import ExactDetector, Noise
from bench.seeing.scenes import seeds_of
from core.clock import seconds
from core.ids import EntityId
from core.media import Stream
from core.memory import Entity, Observation
from core.place import Box
from core.ports import Memory
from core.sight import Track
from graph.identity import identity
from graph.ledger import MemoryLedger
from graph.plain.store import MemoryStore
from graph.resolve import DEFAULT, Policy, resolve

OVERLAP = 0.4
"""Overlap (IoU) with a true box from which on a point of a track is of whoever is in it."""
MOSTLY = 0.6
"""Share of an entity's points that have to be of one, for it to be that one's visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Everything that was seen of one seed's rounds, and of whom each visit truly is (None: of nobody, or of several)."""

    streams: tuple[Stream, ...]
    observations: tuple[Observation, ...]
    who: dict[EntityId, str | None]
    ms: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Pairs of visits: truly of one, said to be of one, and of the latter those truly so."""

    true: int = 0
    said: int = 0
    right: int = 0

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(true=self.true + other.true, said=self.said + other.said, right=self.right + other.right)

    @property
    def precision(self) -> float:
        """Share of what was said that is so."""
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        """Share of what is so that was said."""
        return self.right / self.true if self.true else 1.0


def watched(seed: int, folder: Path, *, eyes: str = "detector") -> Shift:
    """Renders (unless it lies there) and watches the rounds of a seed."""
    videos = []
    for number, each in enumerate(rounds(seed)):
        name = f"rounds_{seed}_{number}"
        if not (folder / f"{name}.mp4").is_file():
            render_scene(each.scene, folder, name, began=each.began)
        videos.append(folder / f"{name}.mp4")
    streams, observations, who = [], [], dict[EntityId, str | None]()
    with apart() as here:
        for video in videos:
            looking = here if eyes == "detector" else replace(
                here, house=replace(here.house, detector=lambda v=video: ExactDetector(v, Noise()))
            )  # fmt: skip
            stream = looking.watch(video)
            streams.append(stream)
            observations += here.house.store.observations([stream.id])
            who |= _who(here.entities(stream), here.tracks(stream), video)
    return Shift(streams=tuple(streams), observations=tuple(observations), who=who)


def _who(entities: Iterable[Entity], tracks: Iterable[Track], video: Path) -> dict[EntityId, str | None]:
    truth = json.loads(video.with_suffix(".truth.json").read_text())
    names = {visit["track"]: actor["id"] for actor in truth["entities"] for visit in actor["visits"]}
    boxes: dict[int, list[tuple[str, Box]]] = {}
    with video.with_suffix(".gt.txt").open(newline="") as lines:
        for frame, number, x, y, w, h, *_ in csv.reader(lines):
            box = Box(float(x), float(y), float(x) + float(w), float(y) + float(h))
            boxes.setdefault(int(frame) - 1, []).append((names[int(number)], box))
    followed = {track.id: track for track in tracks}
    out: dict[EntityId, str | None] = {}
    for entity in entities:
        votes: Counter[str | None] = Counter()
        for point in (p for t in entity.tracks if t in followed for p in followed[t].points):
            here = boxes.get(round(seconds(point.at) * truth["fps"]), [])
            best = max(here, key=lambda b: b[1].iou(point.box), default=None)
            votes[best[0] if best and best[1].iou(point.box) >= OVERLAP else None] += 1
        name, count = votes.most_common(1)[0] if votes else (None, 1)
        out[entity.id] = name if count >= MOSTLY * max(1, votes.total()) else None
    return out


def resolved(shift: Shift, policy: Policy = DEFAULT) -> tuple[Memory, list[float]]:
    """The shift written and resolved anew, chunk by chunk, and how many milliseconds each chunk's resolving took."""
    store, ledger = MemoryStore(), MemoryLedger()
    for stream in shift.streams:
        ledger.put(stream)
    last = {o.chunk.stream_id: o.chunk.id for o in shift.observations}
    took = []
    for observation in shift.observations:
        store.write(observation)
        began = time.perf_counter()
        final = last[observation.chunk.stream_id] == observation.chunk.id
        resolve(observation, store=store, ledger=ledger, final=final, policy=policy)
        took.append(1000 * (time.perf_counter() - began))
    return store, took


def pairs(shift: Shift, store: Memory) -> Pairs:
    """Everybody with everybody, by identity. A visit of nobody is the same as no other."""
    group = {id: frozenset(identity(store, id)) for id in shift.who}
    out = Pairs()
    for a, b in itertools.combinations(sorted(shift.who), 2):
        true = shift.who[a] is not None and shift.who[a] == shift.who[b]
        said = b in group[a]
        out += Pairs(true=true, said=said, right=true and said)
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Watches, scores and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench again", description=__doc__)
    parser.add_argument("--seeds", type=seeds_of, default=[1, 2], help="such as 1-20")
    parser.add_argument("--folder", type=Path, help="keep the rendered rounds here")
    parser.add_argument("--eyes", choices=("detector", "noise"), default="detector",
                        help="see with the detector in force, or with the truth's boxes made worse")  # fmt: skip
    parser.add_argument("--short", action="store_true", help="two seeds")
    parser.add_argument(
        "--cost", type=int, metavar="VISITS", help="measure instead what a new visit costs after so many"
    )
    chosen = parser.parse_args(arguments)
    if chosen.cost:
        median, late = cost(chosen.cost)
        print(f"a new visit after {chosen.cost} of a day on 100 streams: {median:.1f} ms, p95 {late:.1f} ms")
        return 0
    total, took = Pairs(), list[float]()
    with tempfile.TemporaryDirectory(prefix="sightline-rounds-") as scratch:
        for seed in chosen.seeds[:2] if chosen.short else chosen.seeds:
            shift = watched(seed, chosen.folder or Path(scratch), eyes=chosen.eyes)
            store, ms = resolved(shift)
            found = pairs(shift, store)
            total, took = total + found, took + ms
            print(f"rounds_{seed}: {len(shift.who)} visits, {found}")
    took.sort()
    print(f"pairs of visits that are of one: {total.true}; said to be: {total.said}; rightly: {total.right}")
    print(f"precision {total.precision:.3f}  recall {total.recall:.3f}")
    if took:
        print(
            f"resolving took {sum(took) / len(took):.1f} ms a chunk, p95 {took[int(0.95 * len(took))]:.1f} ms"
        )
    return 0
