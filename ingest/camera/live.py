"""Watches one camera for as long as somebody wants it watched: the same run as a file's, fed by a camera.

What the camera shows comes through a feed (`ingest/camera/feed.py`); here it becomes looks, outages and chunks on the stream's
own clock, whose moment 0 is the camera's first picture.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import cv2

from core import ids
from core.camera import Camera
from core.clock import SECOND, Micros, Span, seconds
from core.errors import SightlineError, SourceUnavailable
from core.media import Stream, StreamState
from core.memory import Event, Evidence
from core.ports import House
from core.settings import Settings
from core.work import Progress, quiet
from ingest.camera.connection import Patience
from ingest.camera.feed import Feed, FeedPlan
from ingest.camera.mailbox import Ended, Outage
from ingest.camera.pace import loops_of, waits
from ingest.camera.recorder import Quota, Recorder
from ingest.camera.source import LIVE_FILE
from ingest.decode.looks import Look
from ingest.forgotten import amend
from ingest.pipeline import Watched, recipe, summary
from ingest.run import OnChunk, Run

log = logging.getLogger(__name__)

TURN_S = 0.5
TOLD_S = 2.0
"""How often it is said that the work goes on, and asked whether it is still wanted."""

SHORT: Micros = 5 * SECOND
"""After an outage no longer than this whoever was there is taken to be there still."""

SOURCE = "camera"
"""What says that a camera went and came."""

SLOW = "{dropped} of {looks} looks were left out: looking was slower than the camera"


def watch_live(
    stream: Stream,
    house: House,
    settings: Settings,
    *,
    progress: Progress = quiet,
    on_chunk: OnChunk | None = None,
    for_s: float | None = None,
) -> Watched:
    """Watches the camera until `progress` raises, for so many seconds, or to the end of a file that is played.

    What was learned until then is written, whatever ends it; the next call goes on from there. Raises
    `SourceUnavailable` where a file that is played cannot be.
    """
    began = time.monotonic()
    cv2.setNumThreads(1)  # many cameras share the cores: threads within one small picture only cost
    watching = _Watching(stream, house, settings, progress, on_chunk)
    problem = watching.through(for_s)

    def ended(row: Stream) -> Stream:
        return replace(row, state=StreamState.WATCHED, problem=problem)

    done = amend(house.ledger, stream.id, ended)
    return summary(done, house.store, began)


class _Watching:
    """One camera being watched: its feed, its run, and how it stands."""

    def __init__(
        self,
        stream: Stream,
        house: House,
        settings: Settings,
        progress: Progress,
        on_chunk: OnChunk | None,
    ) -> None:
        self._house, self._settings, self._progress, self._on_chunk = house, settings, progress, on_chunk
        detector = house.detector()
        self._run = Run(stream, house, settings, recipe(detector, settings, house.wanted), detector)
        self._stream = self._run.stream
        self._begun = False
        self._down: Event | None = None
        self._told = -1e9
        self._looked: Micros = -1
        self._counted = (-1, 0, 0)
        self._known = house.ledger.get(Camera, stream.id) or Camera(id=stream.id)
        self._zero = self._moment_zero()
        quota = Quota.of(settings.record_mb, settings.record_hours)
        self._recorder = (
            Recorder(self._stream, quota, house.ledger, house.media, lambda: self._feed.now)
            if quota.size
            else None
        )
        self._evidence: Feed | None = None
        self._records = self._recorder is not None and not stream.evidence_source
        self._feed = Feed(
            self._plan(),
            zero=self._zero,
            after=self._stream.duration - 1,
            kept=self._recorder.take if self._recorder is not None else None,
            on_change=self._write_row,
        )

    def through(self, for_s: float | None) -> str:
        """Looks at what comes until it ends; returns why it ended, where nobody wanted that."""
        until = None if for_s is None else time.monotonic() + for_s
        try:
            while until is None or time.monotonic() < until:
                item = self._feed.mailbox.take(TURN_S)
                self._tell()
                if isinstance(item, Ended):
                    return self._end(item)
                if item is not None:
                    self._take(item)
        finally:
            self._close()
        return ""

    def _take(self, item: Look | Outage) -> None:
        if not self._begun:
            self._begin(item.at if isinstance(item, Look) else item.since)
        if isinstance(item, Outage):
            self._outage(item)
            return
        self._run.finish_until(item.at, self._quietly, self._chunk)
        self._run.take(item)
        self._looked = item.at
        self._run.tell(self._on_chunk)

    def _begin(self, at: Micros) -> None:
        """The first picture of this run: where nobody ever looked before, it is the stream's moment 0."""
        self._begun = True
        zero = self._feed.zero
        if self._stream.started_at is None and zero is not None:
            began = self._house.clock.now() - timedelta(seconds=time.monotonic() - zero)
            self._stream = self._run.stream = amend(
                self._house.ledger, self._stream.id, lambda row: replace(row, started_at=began)
            )
        self._run.skip_to(at)
        self._evidence = self._open_evidence(zero)

    def _outage(self, outage: Outage) -> None:
        run = self._run
        if self._down is None:
            run.tally.fill(outage.since)
            if outage.until - outage.since > SHORT:
                run.lose_sight(outage.since)
            self._down = self._event("stream_down", outage.since, outage.until, outage.reason, open=True)
            run.note(self._down, self._on_chunk)
        elif outage.until - outage.since > SHORT >= self._down.span.duration:
            run.lose_sight(outage.since)
        self._down = replace(self._down, span=Span(self._down.span.start, outage.until), open=not outage.over)
        run.own = [self._down if event.id == self._down.id else event for event in run.own]
        run.tally.down(outage.until, f"the camera was away: {outage.reason}")
        run.finish_until(outage.until, self._quietly, self._chunk)
        if outage.over:
            run.note(self._down, self._on_chunk)
            run.note(self._event("stream_up", outage.until, outage.until + 1, ""), self._on_chunk)
            self._down = None

    def _event(self, kind: str, start: Micros, end: Micros, reason: str, *, open: bool = False) -> Event:
        return Event(
            id=ids.EventId(ids.event_id(self._stream.id, kind, start)),
            stream_id=self._stream.id,
            kind=kind,
            span=Span(start, max(end, start + 1)),
            evidence=(Evidence(chunk_id=self._run.grid.id_at(start), at=start),),
            source=SOURCE,
            attributes={"reason": reason} if reason else {},
            open=open,
            noticed=max(start, min(end, self._feed.now)),
        )

    def _chunk(self, stream: Stream, observation: Any) -> None:
        if self._on_chunk is not None:
            self._on_chunk(stream, observation)

    def _end(self, item: Ended) -> str:
        """A file that was played has come to its end."""
        if not self._begun:
            raise SourceUnavailable(
                item.problem or "the source ended before it showed a picture", stage="source"
            )
        self._run.finish_all("", self._quietly, self._on_chunk)
        self._run.checkpoints.drop(self._stream.id)
        return item.problem

    def _close(self) -> None:
        """Puts everything away: what was seen of the chunk under way is written."""
        self._feed.close()
        if self._evidence is not None:
            self._evidence.close()
        if self._recorder is not None:
            self._recorder.close()
        if self._begun and self._feed.mailbox is not None:
            self._run.pause(self._run.tally.end, self._quietly, self._on_chunk)
        self._run.close()
        self._write_row()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told < TOLD_S:
            return
        self._told = now
        self._account_for_dropped()
        self._progress(
            0.0, f"{self._feed.state.value.replace('_', ' ')}, {seconds(max(0, self._feed.last)):.0f} s"
        )

    def _account_for_dropped(self) -> None:
        """Notes in the account of the chunk under way how many looks there was no time for."""
        box, run = self._feed.mailbox, self._run
        if self._counted[0] != run.memory.next_chunk:
            self._counted = (run.memory.next_chunk, box.dropped, box.looks)
        _, before, looked = self._counted
        since = max(run.tally.began, run.memory.next_chunk * run.grid.length)
        if box.dropped > before and since < run.tally.end:
            reason = SLOW.format(dropped=box.dropped - before, looks=box.looks - looked)
            run.tally.amend(Span(since, run.tally.end), reason=reason, blind=False)

    def _quietly(self, _done: float, _message: str) -> None:
        """How far a camera is cannot be said."""

    def _moment_zero(self) -> float | None:
        """The stream's moment 0 on this machine's monotonic clock; None before its first picture."""
        began = self._stream.started_at
        if began is None:
            return None
        passed = (self._house.clock.now() - began).total_seconds()
        return time.monotonic() - max(passed, seconds(self._stream.duration))

    def _plan(self) -> FeedPlan:
        s, stream = self._settings, self._stream
        scale = max(1.0, max(stream.width, stream.height) / s.look_width)
        played = stream.source.startswith(LIVE_FILE)
        return FeedPlan(
            url=stream.source,
            look={
                "width": max(1, round(stream.width / scale)),
                "height": max(1, round(stream.height / scale)),
                "scale": scale,
                "fps": stream.fps,
                "looks_per_s": s.looks_per_s,
                "idle_looks_per_s": s.idle_looks_per_s,
            },
            folder=self._spool("seen") if self._records else None,
            segment=round(s.record_segment_s * SECOND),
            memory_mb=s.decode_memory_mb,
            patience=self._patience(),
            ends=played,
            loops=loops_of(stream.source) if played else 0,
            waits=played and waits(stream.source),
        )

    def _patience(self) -> Patience:
        return Patience(stall_s=self._settings.camera_stall_s, longest_wait_s=self._settings.reconnect_s)

    def _open_evidence(self, zero: float | None) -> Feed | None:
        """The larger picture of the same camera, which is only recorded, on the same clock."""
        if not self._stream.evidence_source or self._recorder is None:
            return None
        plan = FeedPlan(
            url=self._stream.evidence_source,
            look=None,
            folder=self._spool("evidence"),
            segment=round(self._settings.record_segment_s * SECOND),
            memory_mb=self._settings.decode_memory_mb,
            patience=self._patience(),
        )
        return Feed(
            plan,
            zero=zero,
            after=self._stream.duration - 1,
            kept=self._recorder.take,
            on_change=self._write_row,
        )

    def _spool(self, what: str) -> Any:
        return self._settings.home / "spool" / self._stream.id / what

    def _write_row(self) -> None:
        """Writes down how the camera stands."""
        feed = getattr(self, "_feed", None)
        if feed is None:
            return
        now = self._house.clock.now()
        known, evidence = self._known, self._evidence
        row = replace(
            known,
            state=feed.state,
            since=self._wall(feed.connection.since, now),
            seen_at=now,
            frame_at=self._wall(feed.heard, now) if feed.heard is not None else known.frame_at,
            last_at=feed.last if feed.last >= 0 else known.last_at,
            problem=feed.connection.problem,
            outages=known.outages + feed.connection.outages,
            looks=known.looks + feed.mailbox.looks,
            dropped=known.dropped + feed.mailbox.dropped,
            behind_s=seconds(max(0, feed.last - self._looked)) if self._looked >= 0 else 0.0,
            evidence_state=None if evidence is None else evidence.state,
            evidence_problem="" if evidence is None else evidence.connection.problem,
            recording_problem=self._recording_problem(feed),
        )
        try:
            self._house.ledger.put(row)
        except SightlineError as error:
            log.warning("how %s stands could not be written down: %s", self._stream.name, error.message)

    def _recording_problem(self, feed: Feed) -> str:
        if self._recorder is None:
            return "recording is off (SIGHTLINE_RECORD_MB=0)"
        recorded = (self._evidence or feed).recorded
        return (
            self._recorder.problem if recorded else "its codec cannot be recorded as it is: set it to H.264"
        )

    @staticmethod
    def _wall(moment: float, now: datetime) -> datetime:
        return now - timedelta(seconds=time.monotonic() - moment)
