"""What reading costs and whether it is right, beside the best peers in the same run.

`python -m bench sources [--only ingest,sampled,…] [--short] [--folder DIR] [--json FILE]`. Parts: `sampled` (pictures at
given moments, by every reader that is installed; a figure counts only where each picture is the one ffmpeg shows),
`ingest` (a whole watch with seeing off beside ffmpeg), `gate` (what it costs beside decoding), `memory` (a long file and a
short one), `tiles` (what is small in 4K), `live` (how many cameras; needs gst-rtsp-server). Needs ffmpeg; `--folder` keeps the clips it makes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
from rich.console import Console

from bench.figures import Figure, show
from bench.sources import footage, large, live, readers, usage
from bench.sources.footage import Footage
from core.ports import Decoded
from ingest.decode.gate import SIDE, Gate
from ingest.decode.looking import at_once
from ingest.decode.pyav import PyavDecoder
from ingest.decode.sample import Sampler
from models.detect.sorted import SortedDetector
from models.detect.tiled import TiledDetector


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large a run is."""

    clip_s: float
    clip: tuple[int, int]
    ingest_s: float
    ingest: tuple[int, int]
    long_s: float
    rounds: int
    large_s: float
    kinds: tuple[str, ...] = tuple(footage.KINDS)


FULL = Scale(
    clip_s=60, clip=(1280, 720), ingest_s=600, ingest=(1920, 1080), long_s=10_800, rounds=3, large_s=12
)
SHORT = Scale(clip_s=12, clip=(640, 360), ingest_s=60, ingest=(960, 540), long_s=1800, rounds=1, large_s=5)
DENSE_S, SPARSE_S = 0.5, 5.0
LOOKS = "1"
"""Looks a second of a watch with seeing off."""


def sampled(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Pictures every half second and every five seconds: ours over the best peer's, and how many are wrong."""
    peers = readers.present()
    for missing in readers.absent():
        print(f"{missing} is not installed, and is no peer in this run", file=sys.stderr)
    for kind in scale.kinds:
        clip = footage.make(folder, kind, seconds=scale.clip_s, size=scale.clip)
        for name, step in (("dense", DENSE_S), ("sparse", SPARSE_S)):
            yield from _compared(clip, name, step, peers, scale.rounds)


def _compared(
    clip: Footage, name: str, step: float, peers: dict[str, readers.Reader], rounds: int
) -> Iterator[Figure]:
    asked = footage.every(clip, step)
    everyone = {"ours": readers.ours, **peers}
    errors = {who: _wrong(read, clip, asked) for who, read in everyone.items()}
    spent: dict[str, list[float]] = {who: [] for who in everyone}
    waited: dict[str, list[float]] = {who: [] for who in everyone}
    for _ in range(rounds):
        for who, read in everyone.items():
            began, started = time.process_time(), time.perf_counter()
            read(clip.path, asked)
            spent[who].append(time.process_time() - began)
            waited[who].append(time.perf_counter() - started)
    # the least of all rounds: what the machine's other work left alone
    rate = {who: len(asked) / min(times) for who, times in spent.items()}
    by_clock = {who: len(asked) / min(times) for who, times in waited.items()}
    best, quickest = (max(peers, key=rates.__getitem__) for rates in (rate, by_clock))
    yield Figure(
        name=f"{clip.kind}, {name}: pictures a processor second over the best peer's",
        value=rate["ours"] / rate[best],
        least=1.0,
        note=", ".join(f"{who} {rate[who]:.0f}" + _said(errors[who]) for who in everyone),
    )
    yield Figure(
        name=f"{clip.kind}, {name}: the same by the clock",
        value=by_clock["ours"] / by_clock[quickest],
        note=", ".join(f"{who} {pace:.0f}" for who, pace in by_clock.items()),
    )
    yield Figure(name=f"{clip.kind}, {name}: wrong pictures of {len(asked)}", value=errors["ours"], most=0)


def _said(wrong: int) -> str:
    return "" if not wrong else " (fails)" if wrong < 0 else f" ({wrong} wrong)"


def _wrong(read: readers.Reader, clip: Footage, asked: Sequence[int]) -> int:
    """How many of its pictures are others than ffmpeg's; -1 where it gives up."""
    try:
        pictures = read(clip.path, asked)
    except Exception as error:  # noqa: BLE001 - a peer that fails is told so, and the rest goes on
        print(f"{read.__name__} fails on {clip.path.name}: {type(error).__name__}: {error}", file=sys.stderr)
        return -1
    if len(pictures) != len(asked):
        return -1
    return footage.wrong(clip, asked, [footage.number_in(picture) for picture in pictures])


def ingest(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Processor seconds of a whole watch with seeing off over ffmpeg's for the same pictures."""
    short = footage.make(folder, "b_frames", seconds=20, size=scale.ingest)
    name = f"ingest_{scale.ingest[1]}p_{scale.ingest_s:g}s.mp4"
    path = footage.looped(folder, short.path, seconds=scale.ingest_s, name=name)
    peer = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path)]
    peer += ["-vf", "fps=1,scale=448:448", "-f", "null", "-"]
    spent: dict[str, list[float]] = {"ffmpeg": [], "watch": [], "watch --keyframes": []}
    for _ in range(scale.rounds):
        spent["ffmpeg"].append(usage.run(peer).cpu_s)
        spent["watch"].append(_watch(path).cpu_s)
        spent["watch --keyframes"].append(_watch(path, "--keyframes").cpu_s)
    cost = {who: statistics.median(times) for who, times in spent.items()}
    told = ", ".join(f"{who} {seconds:.1f} s" for who, seconds in cost.items())
    asked = {"watch": 1.25, "watch --keyframes": 0.20}
    for who, most in asked.items():
        yield Figure(
            name=f"{who}, seeing off, of {scale.ingest_s:g} s of {scale.ingest[1]}p30: processor time over ffmpeg's",
            value=cost[who] / cost["ffmpeg"],
            most=most,
            note=told,
        )


def _watch(path: Path, *options: str) -> usage.Usage:
    """A whole watch of the file with seeing off, in a fresh data folder."""
    with tempfile.TemporaryDirectory() as home:
        settings = {
            "SIGHTLINE_HOME": home,
            "SIGHTLINE_DETECTOR": "none:",
            "SIGHTLINE_LOOKS_PER_S": LOOKS,
            "SIGHTLINE_IDLE_LOOKS_PER_S": LOOKS,
            "SIGHTLINE_LOOK_WIDTH": "448",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGHTLINE_")}
        command = [sys.executable, "-m", "api.cli", "watch", str(path), "--json", *options]
        done = usage.run(command, {**kept, **settings})
        told = json.loads(done.out.splitlines()[-1])
        looked = told["coverage"]["looked_s"] + told["coverage"]["gated_s"]
        if not options and looked < told["duration_s"] - 0.1:
            raise ValueError(f"only {looked} of {told['duration_s']} s were looked at")
        return done


def gate(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Processor time of the gate over that of decoding the pictures it sees."""
    cv2.setNumThreads(1)
    clip = footage.make(folder, "even", seconds=20, size=scale.ingest)
    for rate, most in ((1.0, 0.05), (8.0, 0.05)):
        decoded, gated = [], []
        for _ in range(scale.rounds):
            seen, sampler = Gate(), Sampler(rate, rate, 30.0)
            began, inside = time.process_time(), 0.0
            held: list[Decoded] = []
            for shown in PyavDecoder(str(clip.path)).pictures(0, sampler):
                if sampler.due(shown.at):
                    held.append(shown)
                if len(held) < at_once(shown.size):
                    continue
                entered = time.thread_time()  # the decoder's own threads go on meanwhile
                for each in held:
                    if seen.see(each.grey(SIDE), each.at).moved:
                        seen.keep()
                held.clear()
                inside += time.thread_time() - entered
            decoded.append(time.process_time() - began - inside)
            gated.append(inside)
        yield Figure(
            name=f"the gate at {rate:g} looks a second of {scale.ingest[1]}p30: processor time over decoding's",
            value=statistics.median(gated) / statistics.median(decoded),
            most=most,
        )


def memory(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Peak memory of watching a long file over that of watching three minutes of the same."""
    short = footage.make(folder, "b_frames", seconds=20, size=(320, 180))
    peaks = {}
    for seconds in (180.0, scale.long_s):
        name = f"memory_{seconds:g}s.mp4"
        peaks[seconds] = _watch(footage.looped(folder, short.path, seconds=seconds, name=name)).peak_mb
    yield Figure(
        name=f"peak memory of a file of {scale.long_s / 3600:g} hours over one of 3 minutes",
        value=peaks[scale.long_s] / peaks[180.0],
        most=1.1,
        note=", ".join(f"{seconds:g} s: {peak:.0f} MB" for seconds, peak in peaks.items()),
    )


def tiles(folder: Path, scale: Scale) -> Iterator[Figure]:
    """How many of the true boxes of people 40 to 70 pixels tall in 4K are found."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        video, truth, rate = large.compose(Path(made), seconds=scale.large_s)
        for name, above in (("without tiles", 0), ("with tiles", 2560)):
            seen = large.see(video, truth, rate, TiledDetector(SortedDetector()), tile_above=above)
            yield Figure(
                name=f"small people and things in 4K found, {name}",
                value=seen.recall,
                least=0.6 if above else None,
                note=f"precision {seen.precision:.2f}, {seen.seconds:.1f} s of detection, {seen.true} true boxes",
            )


def cameras(folder: Path, scale: Scale) -> Iterator[Figure]:
    """How many cameras one machine holds."""
    yield from live.live(folder, short=scale.rounds == 1)


PARTS: dict[str, Callable[[Path, Scale], Iterator[Figure]]] = {
    "sampled": sampled,
    "ingest": ingest,
    "gate": gate,
    "memory": memory,
    "tiles": tiles,
    "live": cameras,
}


def main(arguments: list[str]) -> int:
    """Measures and prints; with --json also writes the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench sources", description=__doc__)
    parser.add_argument("--short", action="store_true", help="small clips, one round")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--kinds", default=",".join(footage.KINDS), help="clips of `sampled`, likewise")
    parser.add_argument("--folder", type=Path, help="keep the clips here and take those that are there")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    chosen = parser.parse_args(arguments)
    scale = replace(SHORT if chosen.short else FULL, kinds=tuple(chosen.kinds.split(",")))
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        figures: list[Figure] = []
        for part in chosen.only.split(","):
            for figure in PARTS[part](folder, scale):
                print(f"{figure.name}: {figure.value:.3g}", file=sys.stderr)
                figures.append(figure)
    versions = {"ffmpeg": footage.version(), "peers": list(readers.present())}
    Console(width=160).print(versions)
    show(figures)
    if chosen.json:
        rows = [{**asdict(figure), "met": figure.met} for figure in figures]
        told = {"cores": os.cpu_count(), "versions": versions, "figures": rows}
        chosen.json.write_text(json.dumps(told, indent=1) + "\n")
    return 0
