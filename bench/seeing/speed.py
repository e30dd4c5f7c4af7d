"""What watching one 720p stream costs: processor seconds per second of video, and how much faster than life a file goes.

`python -m bench.seeing.speed [CLIP …] [--length S]`. Without a clip the loading dock is rendered and scaled to 1280×720
at 25 pictures a second. Each row is `sightline watch` as a user runs it, in a fresh data folder, looked at 5 times a
second; its processor seconds count the parent and its decoding child, less what the program takes to start, which a
stream pays once and not every second (it is told beside them).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from rich.console import Console
from rich.table import Table

from bench.scenes import render

SIZE = (1280, 720)
RATE = 25
LOOKS = 5.0
"""Looks a second, as the figure asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What watching one clip took: seconds of video, of the clock and of all cores, and of the cores to start at all."""

    clip: str
    detector: str
    video_s: float
    wall_s: float
    cpu_s: float
    start_s: float
    looks: int

    @property
    def core(self) -> float:
        """The part of one core a live stream like this keeps busy."""
        return max(0.0, self.cpu_s - self.start_s) / self.video_s

    @property
    def realtime(self) -> float:
        """Seconds of video watched per second of the clock, start-up included."""
        return self.video_s / self.wall_s


def scaled(source: Path, target: Path, *, seconds: float) -> Path:
    """Writes the first seconds of a video as H.264 of 1280×720 at 25 pictures a second, as cameras send it."""
    with av.open(str(source)) as video, av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        written = 0
        for shown in video.decode(video=0):
            moment = shown.time or 0.0
            if moment >= seconds:
                break
            picture = shown.reformat(*SIZE, "yuv420p")
            while written <= moment * RATE:
                picture.pts, picture.time_base, picture.pict_type = written, Fraction(1, RATE), 0
                out.mux(stream.encode(picture))
                written += 1
        out.mux(stream.encode(None))
    return target


def cost(clip: Path, *, models: Path | None, seconds: float, looks: float = LOOKS) -> Cost:
    """Watches the clip once. Raises CalledProcessError when the watch failed."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SIGHTLINE_")},
        "SIGHTLINE_LOOKS_PER_S": f"{looks:g}",
        "SIGHTLINE_MODELS": str(models) if models else "",
    }
    with tempfile.TemporaryDirectory() as home:
        environment["SIGHTLINE_HOME"] = home
        command = [sys.executable, "-m", "api.cli"]
        start_s, _, told = _run([*command, "doctor", "--json"], environment)
        cpu_s, wall_s, said = _run([*command, "watch", str(clip), "--name", "speed", "--json"], environment)
    row = json.loads(said.splitlines()[-1])
    return Cost(
        clip=clip.name,
        detector="yolox_nano" if "yolox_nano@" in told else "default",
        video_s=seconds or float(row["duration_s"]),
        wall_s=wall_s,
        cpu_s=cpu_s,
        start_s=start_s,
        looks=round(looks * float(row["coverage"]["looked_s"])),
    )


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Processor seconds of a program with all its children, seconds of the clock, and what it said."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s, wall_s, done.stdout


def measure(*, models: Path | None, clips: list[Path] | None = None, length: float = 60.0) -> list[Cost]:
    """One row per clip (or for the rendered dock) and detector: the default, and YOLOX-nano where weights are given."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        videos = clips or [render("dock", 7, folder, seconds=length).video]
        for video in videos:
            large = scaled(video, Path(folder) / f"{video.stem}_720p.mp4", seconds=length)
            with av.open(str(large)) as made:
                seconds = float((made.duration or 0) / 1_000_000)
            weights = [None, models] if models else [None]
            rows += [cost(large, models=each, seconds=seconds) for each in weights]
    return rows


def show(rows: list[Cost]) -> None:
    """Prints the table."""
    table = Table(
        "clip", "detector", "video s", "wall s", "× real time", "CPU s", "of these to start", "of one core"
    )
    for row in rows:
        numbers = (row.video_s, row.wall_s, row.realtime, row.cpu_s, row.start_s)
        table.add_row(row.clip, row.detector, *(f"{value:.1f}" for value in numbers), f"{row.core:.0%}")
    Console().print(table)


def main(arguments: list[str]) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.seeing.speed", description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--models", type=Path, default=os.environ.get("SIGHTLINE_MODELS") or None)
    parser.add_argument("--length", type=float, default=60.0, help="seconds of each clip")
    chosen = parser.parse_args(arguments)
    show(measure(models=chosen.models, clips=chosen.clips, length=chosen.length))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
