"""Cameras that go and come, before a real RTSP server: killed, frozen, cut off by a line that swallows everything, come
back with another size, with a clock that jumps, with another password.

Each fault happens to a camera of its own that is watched and recorded meanwhile. Its pictures say which they are, so
that the recording tells whether any outside the outage was lost or came twice.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from api.wiring.house import build
from bench.faults.numbered import COUNT, recorded_numbers, write_numbered
from bench.faults.part import Part
from bench.rtsp import CameraServer, Line
from core.camera import Camera, CameraState
from core.clock import SECOND, Span
from core.media import Stream
from core.memory import Coverage, CoverageState, Event, Query, Want
from core.settings import read_settings
from core.work import Cancelled
from ingest.camera.live import watch_live
from ingest.camera.register import register_camera

MOST_S = 5.0
"""Within so many seconds a stall has to be seen, and pictures to be there again."""

KINDS = ("killed", "frozen", "black hole", "other size", "clock jumps", "refused")
ROUNDS = 50
AT_ONCE = 4
FPS = 10.0
LOGIN = "viewer:hunter2"
STEADY_S = 3.0
PATIENCE_S = 60.0
AROUND = SECOND // 2
"""By so much the edges of an outage as we time it may differ from the stream's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one fault came to: seconds until it was seen, and until pictures were there again (None: it did not have to
    be, or was not); pictures lost outside every outage that was told, and pictures that came twice; what else was wrong.
    """

    kind: str
    seen_s: float | None
    back_s: float | None
    lost: int
    doubled: int
    problem: str = ""
    more: int = 0
    """Outages that were told beside the one that was made."""

    @property
    def is_good(self) -> bool:
        """Whether it keeps to every bound."""
        times = [s for s in (self.seen_s, self.back_s) if s is not None]
        is_whole = not (self.problem or self.lost or self.doubled or self.more)
        return is_whole and all(s <= MOST_S for s in times)


class Trial:
    """One watched camera with a server and a line of its own."""

    def __init__(self, kind: str, folder: Path, units: dict[str, Path], hold_s: float) -> None:
        self.kind, self._hold_s, self._units = kind, hold_s, units
        self._settings = read_settings(home=folder, detector="motion:", record_segment_s=2.0)
        self._server = CameraServer({"cam": units["usual"]}, fps=FPS, login=LOGIN)
        self._stop = threading.Event()

    def run(self) -> Outcome:
        """Watches, has the fault happen, and looks what came of it."""
        with ExitStack() as stack:
            self._server.start()
            stack.callback(self._server.kill)
            self._line = Line(self._server.port)
            stack.callback(self._line.close)
            self._house = build(self._settings)
            url = self._server.url("cam", port=self._line.port)
            self._stream = register_camera(url, name="cam", house=self._house, settings=self._settings)
            thread = threading.Thread(target=self._watch)
            thread.start()
            try:
                self._until(
                    lambda row: row.state is CameraState.LIVE and (row.last_at or 0) > STEADY_S * SECOND
                )
                began = self._now()
                seen_s, back_s = getattr(self, f"_{self.kind.replace(' ', '_')}")()
                over = self._now()
                self._until(lambda row: (row.last_at or 0) > self._at(over) + STEADY_S * SECOND)
            finally:
                self._stop.set()
                thread.join()
            return self._judged(Span(self._at(began), self._at(over) + 1), seen_s, back_s)

    # -- the faults: each returns when it was seen, and when pictures were there again -------------------------------

    def _killed(self) -> tuple[float | None, float | None]:
        self._server.kill()
        seen = self._seen()
        time.sleep(self._hold_s)
        self._server.start()
        return seen, self._back()

    def _frozen(self) -> tuple[float | None, float | None]:
        self._server.freeze()
        seen = self._seen()
        time.sleep(self._hold_s)
        self._server.thaw()
        return seen, self._back()

    def _black_hole(self) -> tuple[float | None, float | None]:
        self._line.black = True
        seen = self._seen()
        time.sleep(self._hold_s)
        self._line.black = False
        return seen, self._back()

    def _other_size(self) -> tuple[float | None, float | None]:
        self._server.kill()
        self._server.paths["cam"] = self._units["larger"]
        seen = self._seen()
        self._server.start()
        return seen, self._back()

    def _clock_jumps(self) -> tuple[float | None, float | None]:
        self._line.shift(3600.0)
        time.sleep(2.0)
        self._line.shift(-7000.0)
        return None, None

    def _refused(self) -> tuple[float | None, float | None]:
        self._server.kill()
        self._server.login = "viewer:changed"
        self._server.start()
        began = time.monotonic()
        self._until(lambda row: row.state is not CameraState.LIVE and "401" in row.problem)
        seen = time.monotonic() - began
        time.sleep(self._hold_s)
        self._server.kill()
        self._server.login = LOGIN
        self._server.start()
        return seen, self._back()

    # -- what is looked at --------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        def told(_done: float, _message: str) -> None:
            if self._stop.is_set():
                raise Cancelled

        try:
            watch_live(self._stream, self._house, self._settings, progress=told)
        except Cancelled:
            return

    def _row(self) -> Camera:
        return self._house.ledger.get(Camera, self._stream.id) or Camera(id=self._stream.id)

    def _until(self, wanted: Callable[[Camera], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not wanted(self._row()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.kind}: the camera stays {self._row()}")
            time.sleep(0.03)

    def _seen(self) -> float:
        began = time.monotonic()
        self._until(lambda row: row.state is not CameraState.LIVE)
        return time.monotonic() - began

    def _back(self) -> float:
        began = time.monotonic()
        self._until(lambda row: row.state is CameraState.LIVE)
        return time.monotonic() - began

    def _now(self) -> datetime:
        return self._house.clock.now()

    def _at(self, moment: datetime) -> int:
        row = self._house.ledger.get(Stream, self._stream.id)
        assert row is not None
        assert row.started_at is not None
        return (moment - row.started_at) // timedelta(microseconds=1)

    def _judged(self, outage: Span, seen_s: float | None, back_s: float | None) -> Outcome:
        shown = list(recorded_numbers(self._stream.id, self._house, self._settings))
        away = [event.span.widen(AROUND) for event in self._events("stream_down")]
        lost = doubled = 0
        for (before, one), (after, other) in pairwise(shown):
            step = (other - one) % COUNT
            if step == 0 or after <= before:
                doubled += 1
            elif step != 1 and not any(gap.overlaps(Span(before, after)) for gap in away):
                lost += step - 1
        made = [gap for gap in away if gap.overlaps(outage)]
        return Outcome(
            kind=self.kind,
            seen_s=seen_s,
            back_s=back_s,
            lost=lost,
            doubled=doubled,
            problem=self._problem(shown, len(made)),
            more=len(away) - (0 if self.kind == "clock jumps" else 1),
        )

    def _problem(self, shown: list[tuple[int, int]], told: int) -> str:
        """What is wrong with what was written down, if anything."""
        down, up = (self._events(kind) for kind in ("stream_down", "stream_up"))
        if self.kind != "clock jumps" and not told:
            return "the outage is not told"
        if len(down) != len(up) or any(e.open or not e.attributes.get("reason") for e in down):
            return "the outage is not told whole"
        away = [c for c in self._coverage() if c.state is CoverageState.DOWN]
        if bool(away) != bool(down):
            return "the outage is not in the account of what was looked at"
        if not shown or shown[-1][0] - shown[0][0] < STEADY_S * SECOND:
            return "nothing was recorded"
        return "a password was written" if self._leaks() else ""

    def _events(self, kind: str) -> tuple[Event, ...]:
        return self._house.store.find(Query(want=Want.EVENTS, kinds=(kind,))).events

    def _coverage(self) -> tuple[Coverage, ...]:
        return self._house.store.find(Query(want=Want.COVERAGE)).coverage

    def _leaks(self) -> bool:
        row = self._row()
        told = [row.problem, *(str(event.attributes) for event in self._events("stream_down"))]
        return any("hunter2" in words for words in told)


def trial(kind: str, units: dict[str, Path], hold_s: float) -> Outcome:
    """One fault in a data folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="camera-fault-"))
    try:
        return Trial(kind, folder, units, hold_s).run()
    except TimeoutError as error:
        return Outcome(kind=kind, seen_s=None, back_s=None, lost=0, doubled=0, problem=str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pictures(folder: Path) -> dict[str, Path]:
    """What the cameras show."""
    return {"usual": write_numbered(folder, (320, 240)), "larger": write_numbered(folder, (480, 360))}


def run(kinds: list[str], *, at_once: int = AT_ONCE) -> list[Outcome]:
    """The faults, a few at once; how long each is held differs."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        units = pictures(Path(folder))
        return list(pool.map(lambda n: trial(kinds[n], units, 5.0 + n % 4), range(len(kinds))))


def measure(*, short: bool) -> Part:
    """One fault of each kind, or fifty."""
    count = len(KINDS) if short else ROUNDS
    outcomes = run(
        [KINDS[n % len(KINDS)] for n in range(count)], at_once=min(AT_ONCE, 2 * (os.cpu_count() or 1))
    )
    rows = []
    for kind in KINDS:
        mine = [o for o in outcomes if o.kind == kind]
        rows.append(
            [
                kind,
                str(len(mine)),
                _longest([o.seen_s for o in mine]),
                _longest([o.back_s for o in mine]),
                str(sum(o.lost for o in mine)),
                str(sum(o.doubled for o in mine)),
                str(sum(not o.is_good for o in mine)),
            ]
        )
    bad = [o for o in outcomes if not o.is_good]
    return Part(
        title="camera faults before gst-rtsp-server",
        columns=[
            "fault",
            "times",
            "seen within s",
            "back within s",
            "lost",
            "doubled",
            "not as it should be",
        ],
        rows=rows,
        figures={
            "faults": len(outcomes),
            "seen_s": max((o.seen_s for o in outcomes if o.seen_s is not None), default=None),
            "back_s": max((o.back_s for o in outcomes if o.back_s is not None), default=None),
            "lost": sum(o.lost for o in outcomes),
            "doubled": sum(o.doubled for o in outcomes),
        },
        missed=[
            f"{o.kind}: seen {o.seen_s}, back {o.back_s}, lost {o.lost}, doubled {o.doubled}, more {o.more} {o.problem}"
            for o in bad
        ],
    )


def _longest(times: list[float | None]) -> str:
    known = [s for s in times if s is not None]
    return f"{max(known):.1f}" if known else "–"
