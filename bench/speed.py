"""How fast a clip is watched, beside plain decoding of the same file in the same run.

`python -m bench speed [CLIP …] [--short] [--json FILE]`. Each row holds the seconds for decoding every frame with PyAV
and doing nothing, and for `sightline watch` as a user runs it, in a fresh data folder, start-up included. Without a
clip the loading dock is rendered and taken.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import av
from rich.console import Console
from rich.table import Table

from bench.scenes import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """One clip: its length, and seconds for decoding it plainly and for watching it whole."""

    clip: str
    size: str
    duration_s: float
    decode_s: float
    watch_s: float
    events: int

    @property
    def realtime(self) -> float:
        """Seconds of video watched per second."""
        return self.duration_s / self.watch_s

    @property
    def overhead(self) -> float:
        """How many times as long as plain decoding the watch took."""
        return self.watch_s / self.decode_s


def decode(path: Path) -> tuple[float, float, str]:
    """Seconds to decode every frame, the clip's length in seconds, and its size."""
    began, last, size = time.perf_counter(), 0.0, ""
    with av.open(str(path)) as video:
        stream = video.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in video.decode(stream):
            last, size = max(last, frame.time or 0.0), f"{frame.width}×{frame.height}"
        rate = float(stream.average_rate or 25)
    return time.perf_counter() - began, last + 1 / rate, size


def watch(path: Path, zones: Path | None, home: Path) -> tuple[float, int]:
    """Seconds for the whole watch, and how many events came of it. Raises CalledProcessError when it failed."""
    command = [sys.executable, "-m", "api.cli", "watch", str(path), "--name", path.stem, "--json"]
    command += ["--zones", str(zones)] if zones else []
    environment = {**os.environ, "SIGHTLINE_HOME": str(home)}
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - began
    return seconds, int(json.loads(done.stdout.splitlines()[-1])["events"])


def measure(path: Path, zones: Path | None = None) -> Speed:
    """Decodes and watches one clip."""
    decode_s, duration_s, size = decode(path)
    with tempfile.TemporaryDirectory() as home:
        watch_s, events = watch(path, zones, Path(home))
    return Speed(
        clip=path.name, size=size, duration_s=duration_s, decode_s=decode_s, watch_s=watch_s, events=events
    )


def show(rows: list[Speed]) -> None:
    """Prints the table."""
    table = Table(
        "clip", "size", "length s", "plain decode s", "watch s", "× real time", "× plain decode", "events"
    )
    for row in rows:
        table.add_row(
            row.clip,
            row.size,
            *(
                f"{value:.1f}"
                for value in (row.duration_s, row.decode_s, row.watch_s, row.realtime, row.overhead)
            ),
            str(row.events),
        )
    Console().print(table)


def main(arguments: list[str]) -> int:
    """Measures and prints; with --json also writes the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench speed", description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--short", action="store_true", help="render 15 s of the dock, not all of it")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    chosen = parser.parse_args(arguments)
    if chosen.clips:
        rows = [measure(clip) for clip in chosen.clips]
    else:
        with tempfile.TemporaryDirectory() as folder:
            files = render("dock", 7, folder, seconds=15 if chosen.short else None)
            rows = [measure(files.video, files.zones)]
    show(rows)
    if chosen.json:
        figures = [{**asdict(row), "realtime": row.realtime, "overhead": row.overhead} for row in rows]
        chosen.json.write_text(json.dumps({"cores": os.cpu_count(), "rows": figures}, indent=1) + "\n")
    return 0
