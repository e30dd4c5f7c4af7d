"""What an hour of real video takes on the disk, without media: clips watched whole, and the memory's file weighed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

from bench.figures import Figure

MOST_MB = 10.0
_CLIPS = Path("data/clips")


def clips(folder: Path, short: bool) -> list[Path]:
    """The real clips there are, or one of each domain."""
    found = sorted(
        p for p in (folder / _CLIPS).glob("*/*") if p.suffix in (".mp4", ".avi", ".mkv", ".mov", ".webm")
    )
    found = [p for p in found if p.stem != "long_open"]  # a string of the others
    return list({p.parent: p for p in found}.values()) if short else found


def figures(videos: Sequence[Path]) -> Iterator[Figure]:
    """Watches each clip once into one memory. The file is weighed after VACUUM: what it grows by, not what it once held."""
    with tempfile.TemporaryDirectory() as home:
        seconds = sum(_watched(video, Path(home), n) for n, video in enumerate(videos))
        path = Path(home) / "memory.db"
        db = apsw.Connection(str(path))
        events = db.execute("SELECT count(*) FROM events").get
        tables = dict(
            db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 4")
        )
        empty = 4096 * db.execute("SELECT count(*) FROM sqlite_schema WHERE rootpage > 0").get
        db.execute("VACUUM")
        db.close()
        whole = path.stat().st_size
    largest = ", ".join(f"{name} {size / whole:.0%}" for name, size in tables.items())
    yield Figure(
        name="disk per hour of video, without media", value=(whole - empty) / seconds * 3600 / 1e6, unit="MB", most=MOST_MB,
        note=f"{len(videos)} clips, {seconds / 60:.1f} min, {events} events; {largest}",
    )  # fmt: skip


def _watched(video: Path, home: Path, number: int) -> float:
    """Watches one clip; how long it is, in seconds."""
    command = [sys.executable, "-m", "api.cli", "watch", str(video), "--name", f"clip {number}", "--json"]
    environment = {**os.environ, "SIGHTLINE_HOME": str(home)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1])["duration_s"])
