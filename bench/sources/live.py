"""How many cameras one machine holds: 640×360 at ten pictures a second from a real RTSP server, watched as a user would.

Two commands `sightline watch` share one memory, each with half of the cameras, gate and sampling on and detection by
motion. The cameras show the rendered loading dock, busy for a quarter of each minute and still for the rest, each at a
place of its own in that minute; a last stage shows a dock that is busy all the time, which is where it breaks. Every
camera's row tells how many looks were left out, and how far the looking is behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from bench.figures import Figure
from bench.rtsp import CameraServer, write_units
from bench.scenes import render
from bench.sources.usage import children
from core import ids
from core.camera import Camera
from core.media import Stream, StreamKind
from core.memory import Query, Want
from graph.ledger import SqliteLedger
from graph.sqlite.store import SqliteStore

SIZE, FPS = (640, 360), 10
BUSY_S, MINUTE_S = 15.0, 60.0
PROCESSES = 2
SETTLE_S = 20.0
"""Seconds after the last camera has come before anything is counted."""

SAMPLE_S = 5.0
MOST_MB = 120.0
MOST_BEHIND_S = 5.0
"""A camera whose looking is further behind than this at the end has a queue that grows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What watching so many cameras came to, over the time that was measured.

    `cpu` is in cores; `server_cpu` that of the cameras' own server, which runs on the same machine. `behind_s` is how far
    the looking was behind its camera, the worst camera, at the beginning and the end of that time.
    """

    cameras: int
    seconds: float
    busy: float
    live: int
    cpu: float
    server_cpu: float
    memory_mb: float
    looks: int
    dropped: int
    behind_s: tuple[float, float]
    outages: int
    events: int

    @property
    def share_dropped(self) -> float:
        """Which part of the looks was left out."""
        return self.dropped / max(1, self.looks)


def write_camera(folder: Path, *, busy_s: float) -> Path:
    """A minute of what a camera shows: the dock while it is busy, then nothing but its noise."""
    files = render("dock", 7, folder / "dock", seconds=MINUTE_S)
    video = folder / f"busy{busy_s:g}.mp4"
    with av.open(str(files.video)) as source, av.open(str(video), "w") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *SIZE, "yuv420p", 2 * FPS
        stream.options = {"preset": "veryfast", "bf": "0", "x264-params": "slices=1:sliced-threads=0"}
        written = 0
        last: av.VideoFrame | None = None
        for frame in source.decode(video=0):
            at = float(frame.pts * frame.time_base)
            if at * FPS < written:
                continue
            if at < busy_s or last is None:
                last = frame.reformat(*SIZE, "yuv420p")
            last.pts, last.time_base, last.pict_type = written, Fraction(1, FPS), 0
            out.mux(stream.encode(last))
            written += 1
        out.mux(stream.encode(None))
    return write_units(video, folder / f"busy{busy_s:g}.units")


def hold(units: Path, *, cameras: int, seconds: float, busy: float) -> Held:
    """Watches so many cameras for so long, and says what it took."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="live-")))
        server = CameraServer({f"cam{n}": units for n in range(cameras)}, fps=FPS)
        stack.enter_context(server)
        ledger = SqliteLedger(home / "ledger.db")
        stack.callback(ledger.close)
        names = [f"cam{n}" for n in range(cameras)]
        for name in names:
            url = server.url(name)
            ledger.put(_row(name, url))
        watchers = [
            _watch([server.url(name) for name in names[n::PROCESSES]], home) for n in range(PROCESSES)
        ]
        stack.callback(_end, watchers)
        _until_live(ledger, cameras)
        time.sleep(SETTLE_S)
        return _measured(ledger, home, server, watchers, cameras=cameras, seconds=seconds, busy=busy)


def _row(name: str, url: str) -> Stream:
    """The camera as it is registered: probing two dozen cameras one after another is not what is measured."""
    return Stream(
        id=ids.stream_id(name),
        name=name,
        source=url,
        shown_source=url,
        kind=StreamKind.LIVE,
        width=SIZE[0],
        height=SIZE[1],
        codec="h264",
        fps=float(FPS),
    )


def _watch(urls: Sequence[str], home: Path) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGHTLINE_")}
    settings = {"SIGHTLINE_HOME": str(home), "SIGHTLINE_DETECTOR": "motion:"}
    command = [sys.executable, "-m", "api.cli", "watch", *urls, "--json"]
    return subprocess.Popen(
        command, env={**kept, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _end(watchers: Sequence[subprocess.Popen[bytes]]) -> None:
    for watcher in watchers:
        watcher.send_signal(signal.SIGINT)
    for watcher in watchers:
        try:
            watcher.wait(60)
        except subprocess.TimeoutExpired:
            watcher.kill()
            watcher.wait()


def _until_live(ledger: SqliteLedger, cameras: int) -> None:
    deadline = time.monotonic() + 120
    while sum(row.last_at is not None for row in ledger.find(Camera)) < cameras:
        if time.monotonic() > deadline:
            return  # what came is measured, and the rest counts as not live
        time.sleep(0.5)


def _measured(
    ledger: SqliteLedger,
    home: Path,
    server: CameraServer,
    watchers: Sequence[subprocess.Popen[bytes]],
    *,
    cameras: int,
    seconds: float,
    busy: float,
) -> Held:
    store = SqliteStore(home / "memory.db")
    began, used = time.monotonic(), _cpu(watchers, server)
    before = _totals(ledger)
    first_behind = _behind(ledger)
    memory = 0.0
    while time.monotonic() - began < seconds:
        time.sleep(SAMPLE_S)
        memory = max(memory, sum(_pss_mb(pid) for watcher in watchers for pid in tree(watcher.pid)))
    passed, after = time.monotonic() - began, _cpu(watchers, server)
    total = _totals(ledger)
    events = len(store.find(Query(want=Want.EVENTS)).events)
    store.close()
    return Held(
        cameras=cameras,
        seconds=passed,
        busy=busy,
        live=sum(row.state.value == "live" for row in ledger.find(Camera)),
        cpu=(after[0] - used[0]) / passed,
        server_cpu=(after[1] - used[1]) / passed,
        memory_mb=memory / cameras,
        looks=total[0] - before[0],
        dropped=total[1] - before[1],
        behind_s=(first_behind, _behind(ledger)),
        outages=total[2] - before[2],
        events=events,
    )


def _totals(ledger: SqliteLedger) -> tuple[int, int, int]:
    rows = ledger.find(Camera)
    return sum(r.looks for r in rows), sum(r.dropped for r in rows), sum(r.outages for r in rows)


def _behind(ledger: SqliteLedger) -> float:
    """How far the worst camera's looking is behind what the camera shows."""
    return max((row.behind_s for row in ledger.find(Camera)), default=0.0)


def tree(pid: int) -> list[int]:
    """The process and all that came of it."""
    out, todo = [], [pid]
    while todo:
        out.append(todo.pop())
        todo += children(out[-1])
    return out


def _pss_mb(pid: int) -> float:
    """The memory that is the process's own share: what several have in common counts once between them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _cpu(watchers: Sequence[subprocess.Popen[bytes]], server: CameraServer) -> tuple[float, float]:
    """Processor seconds so far: of the watching, and of the cameras' server."""
    ours = sum(_cpu_of(pid) for watcher in watchers for pid in tree(watcher.pid))
    return ours, _cpu_of(server.pid)


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stages(folder: Path, *, short: bool) -> Iterator[Held]:
    """What is measured: so many cameras that are busy for a quarter of the time, more of them, and as many that always
    are.
    """
    full = [(24, 300.0, BUSY_S), (32, 60.0, BUSY_S), (24, 60.0, MINUTE_S)]
    for cameras, seconds, busy_s in [(6, 30.0, BUSY_S)] if short else full:
        place = folder / f"live-{busy_s:g}"
        units = place / f"busy{busy_s:g}.units"
        if not units.exists():
            place.mkdir(exist_ok=True)
            write_camera(place, busy_s=busy_s)
        yield hold(units, cameras=cameras, seconds=seconds, busy=busy_s / MINUTE_S)


def live(folder: Path, *, short: bool) -> Iterator[Figure]:
    """How many cameras are held, and what each costs; after the first stage, where it breaks."""
    for n, held in enumerate(stages(folder, short=short)):
        asked = n == 0
        name = f"{held.cameras} cameras, busy {held.busy:.0%} of the time, for {held.seconds:.0f} s"
        spent = f"{held.cpu:.2f} cores, their server {held.server_cpu:.2f}; {held.events} events"
        yield Figure(
            name=f"{name}: live to the end without an outage",
            value=held.live if not held.outages else 0,
            least=held.cameras if asked else None,
            note=spent,
        )
        yield Figure(
            name=f"{name}: looking behind the worst camera at the end (at the beginning {held.behind_s[0]:.1f} s)",
            value=held.behind_s[1],
            unit="s",
            most=MOST_BEHIND_S if asked else None,
        )
        yield Figure(
            name=f"{name}: looks left out", value=100 * held.share_dropped, unit="%", note=f"of {held.looks}"
        )
        yield Figure(
            name=f"{name}: memory a camera", value=held.memory_mb, unit="MB", most=MOST_MB if asked else None
        )
