"""The kinds of job and what each does: the only place where seeing, noticing and reporting meet."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from alerts.deliver import deliver_due
from alerts.watch import catch_up, consider
from core.clock import Span, micros, seconds
from core.errors import Conflict, Invalid, NotFound, SightlineError
from core.ids import ReportId, fresh
from core.media import Stream, StreamKind, StreamState
from core.memory import Observation
from core.ports import House
from core.settings import Settings
from core.watch import Incident
from core.work import Cancelled, Progress, Report
from jobs.embedding import EMBED, bring_over
from jobs.forget import forget_alerts, sweep
from jobs.judging import Judging
from jobs.retention import RETAIN, retain
from jobs.runner import Handler, Handlers, Lost, Stopping

if TYPE_CHECKING:
    from ingest.pipeline import Watched

log = logging.getLogger(__name__)

INGEST = "ingest.stream"
CAMERA = "ingest.camera"
REPORT = "report.write"
DELIVER = "alerts.deliver"

MEDIA_TYPES = {"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8"}

Wake = Callable[[], None]
"""Tells whoever empties the outbox that something was put into it."""


class WatchStream(Protocol):
    """What watching a stream looks like from here: `ingest.pipeline.watch`."""

    def __call__(
        self,
        stream: Stream,
        house: House,
        settings: Settings,
        *,
        progress: Progress,
        on_chunk: Callable[[Stream, Observation], None],
    ) -> Watched:
        """Watches to the end, and says what came of it."""


def no_one() -> None:
    """Nobody is waiting to be woken."""


def handlers(
    house: House, settings: Settings, *, wake: Wake = no_one, watch: WatchStream | None = None
) -> Handlers:
    """Every kind of job with the house it works in. `watch` replaces the pipeline, for those who test the rest."""
    table: dict[str, Handler] = {
        INGEST: partial(_ingest, house, settings, wake, watch),
        CAMERA: partial(_camera, house, settings, wake),
        REPORT: partial(_report, house),
        DELIVER: partial(_deliver, house),
        RETAIN: partial(_retain, house, settings),
        EMBED: partial(_embed, house, settings),
    }
    return table


def _ingest(
    house: House,
    settings: Settings,
    wake: Wake,
    watch: WatchStream | None,
    args: dict[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    """Watches the stream `stream_id` (with `keyframes`, only its key pictures), asking the armed rules after every chunk;
    goes on where it was cut off.
    """
    stream = _stream(house, args)
    if args.get("keyframes"):
        settings = settings.model_copy(update={"keyframes": True})
    try:
        return _watched(house, settings, wake, watch or _pipeline(), stream, progress)
    finally:
        if house.ledger.get(Stream, stream.id) is None:
            sweep(stream, house, settings)  # forgotten meanwhile: what came of it until that was noticed


def _camera(
    house: House, settings: Settings, wake: Wake, args: dict[str, Any], progress: Progress
) -> dict[str, Any]:
    """Watches the camera `stream_id` until it is stopped, or for `for_s` seconds, asking the armed rules about what is
    seen as it is noticed.
    """
    from ingest.camera.live import watch_live  # loads decoders

    stream = _stream(house, args)
    for_s = args.get("for_s")
    try:
        return _watched(house, settings, wake, partial(watch_live, for_s=for_s), stream, progress)
    finally:
        if house.ledger.get(Stream, stream.id) is None:
            sweep(stream, house, settings)


def _watched(
    house: House, settings: Settings, wake: Wake, run: WatchStream, stream: Stream, progress: Progress
) -> dict[str, Any]:
    """What came of watching the stream; how it ended where it did not come to its end is noted on the row."""
    with Judging(stream.id, house, wake) as judging:

        def asked(seen: Stream, incidents: list[Incident]) -> None:
            if incidents:
                forget_alerts(seen, house)
                wake()
                judging.look()

        def on_chunk(seen: Stream, observation: Observation) -> None:
            asked(
                seen, consider(seen, observation, store=house.store, ledger=house.ledger, clock=house.clock)
            )

        watched = _run(run, house, settings, stream, progress, on_chunk)
        asked(
            watched.stream,
            catch_up(watched.stream, store=house.store, ledger=house.ledger, clock=house.clock),
        )
    return told(watched)


def _run(
    run: WatchStream,
    house: House,
    settings: Settings,
    stream: Stream,
    progress: Progress,
    on_chunk: Callable[[Stream, Observation], None],
) -> Watched:
    """Runs the watching; notes on the stream's row how it ended where it did not come to its end."""
    try:
        return run(stream, house, settings, progress=progress, on_chunk=on_chunk)
    except Lost:
        raise  # whoever has it now says how it ended
    except Stopping:
        _mark(house, stream, StreamState.NEW, "")
        raise
    except Cancelled:
        if stream.kind is StreamKind.LIVE:
            _mark(house, stream, StreamState.WATCHED, "")
        else:
            _mark(house, stream, StreamState.NEW, "stopped before its end; watch it again to go on")
        raise
    except SightlineError as error:
        _mark(house, stream, StreamState.FAILED, error.message)
        raise
    except Exception:
        _mark(
            house,
            stream,
            StreamState.FAILED,
            "something went wrong inside Sightline; the log has the details",
        )
        raise


def told(watched: Watched) -> dict[str, Any]:
    """What came of watching a stream, as plain data."""
    return {
        "stream_id": watched.stream.id,
        "chunks": watched.chunks,
        "events": watched.events,
        "entities": watched.entities,
        "coverage": {
            "looked_s": seconds(watched.looked),
            "gated_s": seconds(watched.gated),
            "failed_s": seconds(watched.failed),
        },
        "seconds": watched.seconds,
        "problem": watched.problem,
        "captions": watched.captions,
    }


def _pipeline() -> WatchStream:
    from ingest.pipeline import watch  # loads decoders, which a process that only delivers never needs

    return watch


def _mark(house: House, stream: Stream, state: StreamState, problem: str) -> None:
    """Notes on the stream's row how watching ended; what was stored stays, a stream that was forgotten stays so."""
    row = house.ledger.get(Stream, stream.id)
    if row is not None:
        with suppress(Conflict):  # it was forgotten or is watched anew: then that counts
            house.ledger.put(replace(row, state=state, problem=problem), replacing=row)


def _report(house: House, args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Writes a report over `streams` from `start_s` to `end_s` as `format` (html, md) into the media store."""
    from agent.report import write_report

    streams = [_stream(house, {"stream_id": id}) for id in args.get("streams", ())]
    form = args.get("format", "html")
    if form not in MEDIA_TYPES:
        raise Invalid(f"a report cannot be {form!r}", next_step=f"it can be {', '.join(MEDIA_TYPES)}")
    title = args.get("title") or "Report on " + ", ".join(stream.name for stream in streams[:3])
    progress(0.1, "writing")
    written = write_report(
        streams,
        _span(args, streams),
        store=house.store,
        ledger=house.ledger,
        frames=house.frames,
        title=title,
    )
    id = ReportId(args.get("report_id") or fresh("rp"))
    key = f"reports/{id}.{form}"
    house.media.put(key, (written.html if form == "html" else written.markdown).encode())
    row = Report(
        id=id,
        title=title,
        media_key=key,
        media_type=MEDIA_TYPES[form],
        created_at=house.clock.now(),
        streams=tuple(stream.id for stream in streams),
        span=_span(args, streams),
    )
    house.ledger.put(row)
    return {"report_id": id}


def _deliver(house: House, args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Tries once what is due in the outbox."""
    delivered = deliver_due(house.ledger, house.notifier, house.clock, limit=int(args.get("limit", 100)))
    progress(1.0, f"{delivered} delivered")
    return {"delivered": delivered}


def _embed(house: House, settings: Settings, args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Brings the memory over to the embedder that is set."""
    return dict(bring_over(house, settings, progress))


def _retain(house: House, settings: Settings, args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Forgets what is older than is kept."""
    return dict(retain(house, settings, progress=progress))


def _stream(house: House, args: dict[str, Any]) -> Stream:
    stream = house.ledger.get(Stream, str(args.get("stream_id", "")))
    if stream is None:
        raise NotFound(
            f"there is no stream {args.get('stream_id')!r}", next_step="it was forgotten, or never registered"
        )
    return stream


def _span(args: dict[str, Any], streams: list[Stream]) -> Span:
    start = micros(float(args.get("start_s") or 0))
    longest = max((stream.duration for stream in streams), default=0)
    end = micros(float(args["end_s"])) if args.get("end_s") else longest
    return Span(start, max(end, start + 1))
