"""Damaged videos and bombs, watched as any other: each has to end in a typed error or an honest part of what there was."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from api.wiring.house import build
from bench.faults.bombs import bombs
from bench.faults.damage import damaged, healthy
from bench.faults.part import Part
from bench.sources.usage import children, high_water
from core.errors import SightlineError
from core.ports import House
from core.settings import Settings, read_settings
from ingest.pipeline import watch
from ingest.register import register

HANG_S = 240.0
"""A file that takes longer is a hang: a child may take a minute to start on a busy machine, two are started, and one that
gives no sign of life is stopped after `STALL_S`."""
STALL_S = 15.0
MEMORY_MB = 512
"""Address space the decoding child may grow by."""
IN_OPEN, IN_ACCESS, IN_NONBLOCK = 0x20, 0x01, 0o4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one file: `whole`, `part`, the kind of error, `crash` or `hang`; and what was said."""

    name: str
    ended: str
    said: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Report:
    """All outcomes, the most memory a decoding child had, and what was touched that nobody may touch."""

    outcomes: list[Outcome] = field(default_factory=list)
    child_mb: float = 0.0
    canary_opened: int = 0
    knocks: int = 0
    unwell: str = ""
    """Why the service was not well afterwards; empty where it was."""

    @property
    def failures(self) -> list[Outcome]:
        """Files that ended in neither a typed error nor an honest result."""
        return [one for one in self.outcomes if one.ended in ("crash", "hang", "dishonest")]

    @property
    def counts(self) -> Counter[str]:
        """How many files ended how."""
        return Counter(one.ended for one in self.outcomes)


SEEDS, SHORT_SEEDS = range(2000), range(60)
RESIDENT_MB = 768
"""What a child may have in memory: what it may grow by, and its libraries."""


def measure(*, short: bool) -> Part:
    """2,000 damaged files (60 with `short`) and all bombs."""
    return told(run(SHORT_SEEDS if short else SEEDS, with_bombs=True))


def told(report: Report) -> Part:
    """The report as a part of the benchmark."""
    slowest = max((one.seconds for one in report.outcomes), default=0.0)
    figures = {
        "files": len(report.outcomes),
        "ended": dict(report.counts),
        "child_mb": round(report.child_mb),
        "slowest_s": round(slowest, 1),
        "canary_opened": report.canary_opened,
        "knocks": report.knocks,
        "unwell": report.unwell,
    }
    missed = [f"{one.name}: {one.ended}: {one.said}" for one in report.failures]
    missed += [f"a child had {report.child_mb:.0f} MB"] if report.child_mb > RESIDENT_MB else []
    missed += [f"the canary was opened {report.canary_opened} times"] if report.canary_opened else []
    missed += [f"{report.knocks} connections to an inner host"] if report.knocks else []
    missed += [f"the service afterwards: {report.unwell}"] if report.unwell else []
    return Part(
        title="damaged videos and bombs",
        columns=("", "reached"),
        rows=[(name, str(value)) for name, value in figures.items()],
        figures=figures,
        missed=missed,
    )


def run(seeds: Sequence[int], *, with_bombs: bool, workers: int = 2) -> Report:
    """Watches the damaged file of each seed, and the bombs, in a house of its own."""
    report = Report()
    with tempfile.TemporaryDirectory() as scratch, _listening() as (host, knocks):
        folder = Path(scratch)
        (folder / "files").mkdir()
        sound = healthy(folder)
        canary = folder / "canary.mp4"
        canary.write_bytes(sound["index_first.mp4"])
        settings = read_settings(
            home=folder / "home", detector="none:", stall_s=STALL_S, decode_memory_mb=MEMORY_MB, looks_per_s=2
        )
        house = build(settings)
        with (
            _watched(canary) as opened,
            _children_measured() as largest,
            ThreadPoolExecutor(workers) as hands,
        ):

            def one(named: tuple[str, bytes]) -> Outcome:
                return _watch(*named, folder / "files", house, settings)

            files: list[tuple[str, bytes]] = bombs(sound, canary, host) if with_bombs else []
            report.outcomes += hands.map(one, files)
            report.outcomes += hands.map(lambda seed: one(damaged(seed, sound)), seeds)
            report.canary_opened, report.knocks, report.child_mb = opened(), knocks(), largest()
        last = _watch("healthy.mp4", sound["index_first.mp4"], folder / "files", house, settings)
        report.unwell = "" if last.ended == "whole" else f"{last.ended}: {last.said}"
    return report


def _watch(name: str, data: bytes, folder: Path, house: House, settings: Settings) -> Outcome:
    path = folder / name
    path.write_bytes(data)
    began = time.monotonic()
    try:
        ended, said = _seen(path, house, settings)
    except SightlineError as error:
        ended = type(error).__name__ if error.message and error.next_step else "dishonest"
        said = error.message
    except Exception as error:  # noqa: BLE001 - anything else is the failure this looks for
        ended, said = "crash", f"{type(error).__name__}: {error}"
    path.unlink()
    seconds = time.monotonic() - began
    return Outcome(name=name, ended="hang" if seconds > HANG_S else ended, said=said[:200], seconds=seconds)


def _seen(path: Path, house: House, settings: Settings) -> tuple[str, str]:
    """How the file was watched: its account has to add up to its length, what failed named as failed."""
    stream = register(str(path), name=path.name, house=house, settings=settings)
    watched = watch(stream, house, settings)
    account = watched.looked + watched.gated + watched.failed
    if abs(account - watched.stream.duration) > 1000:
        return "dishonest", f"{account} of {watched.stream.duration} µs are accounted for"
    return ("part", watched.problem) if watched.problem else ("whole", "")


@contextmanager
def _watched(file: Path) -> Iterator[Callable[[], int]]:
    """Counts how often the file is opened or read, by the kernel's own word (inotify)."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(IN_NONBLOCK)
    libc.inotify_add_watch(fd, str(file).encode(), IN_OPEN | IN_ACCESS)

    def count() -> int:
        try:
            return len(os.read(fd, 1 << 16)) // struct.calcsize("iIII")
        except BlockingIOError:
            return 0

    try:
        yield count
    finally:
        os.close(fd)


def _decodes(pid: int) -> bool:
    """Whether the process runs the decoding child's program: one that was only just forked is as large as this one."""
    try:
        return b"ingest.decode.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@contextmanager
def _children_measured() -> Iterator[Callable[[], float]]:
    """The most memory (MB resident) that any decoding child of this process was seen to have."""
    largest = 0.0
    over = threading.Event()

    def look() -> None:
        nonlocal largest
        while not over.wait(0.05):
            for pid in children(os.getpid()):
                if _decodes(pid):
                    largest = max(largest, high_water(pid))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield lambda: largest
    finally:
        over.set()
        looking.join()


@contextmanager
def _listening() -> Iterator[tuple[str, Callable[[], int]]]:
    """A server of this machine that counts who knocks."""
    knocks = 0
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        over = threading.Event()

        def listen() -> None:
            nonlocal knocks
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                knocks += 1
                connection.close()

        listening = threading.Thread(target=listen)
        listening.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}", lambda: knocks
        finally:
            over.set()
            listening.join()
