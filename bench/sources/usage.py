"""What a command costs: processor seconds of it and all its children, and the memory they had at most."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOOK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Processor seconds, and the peak memory in MB of the command and of its largest child together."""

    cpu_s: float
    peak_mb: float
    out: str


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Usage:
    """Runs the command to its end. Raises `CalledProcessError` where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        peaks: dict[int, float] = {}
        over = threading.Event()
        watching = threading.Thread(target=_watch, args=(process.pid, peaks, over))
        watching.start()
        out, _ = process.communicate()
        over.set()
        watching.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, out)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    own = peaks.pop(process.pid, 0.0)
    return Usage(cpu_s=cpu, peak_mb=own + max(peaks.values(), default=0.0), out=out)


def _watch(root: int, peaks: dict[int, float], over: threading.Event) -> None:
    while not over.wait(LOOK_S):
        for pid in (root, *children(root)):
            peak = high_water(pid)
            if peak:
                peaks[pid] = max(peaks.get(pid, 0.0), peak)


def children(pid: int) -> list[int]:
    """The processes that a process has started and not yet waited for."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    except OSError:
        return found  # it ended meanwhile
    return found


def high_water(pid: int) -> float:
    """The most memory the process has had in MB, by the kernel."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
