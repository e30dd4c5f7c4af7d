"""Watching one source from the command line: registered, watched here and now, with progress on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli.io import aside, note, read_file
from api.wire import stream as wire_stream
from api.wire.stream import WatchedOut
from core.errors import NotFound
from core.media import Stream
from core.place import Layout
from core.ports import House
from core.settings import Settings
from ingest.layout.read import read_layout
from ingest.register import register
from ingest.source import probe


def layout_from(zones: Path | None, source: str, settings: Settings) -> Layout | None:
    """What the zones file draws on the source, in its pixels; None where no file is given."""
    if zones is None:
        return None
    text = read_file(zones, "zones file")
    info = probe(source, decoder=settings.decoder, max_hours=settings.max_hours)
    return read_layout(text, width=info.width, height=info.height, filename=zones.name)


def watch_one(
    source: str, *, name: str | None, zones: Path | None, house: House, settings: Settings
) -> WatchedOut:
    """Watches the source to its end and says what came of it. Alerts that are due go out at the end."""
    from alerts.deliver import deliver_due

    layout = layout_from(zones, source, settings)
    stream = register(source, name=name, layout=layout, house=house, settings=settings)
    result = _with_progress(stream, house, settings)
    deliver_due(house.ledger, house.notifier, house.clock)
    return watched(house.ledger.get(Stream, stream.id), result)


def _with_progress(stream: Stream, house: House, settings: Settings) -> dict[str, Any]:
    from jobs.handlers import INGEST, handlers

    with shown_progress(stream.name) as told:
        return handlers(house, settings)[INGEST]({"stream_id": stream.id}, lambda done, _message: told(done))


@contextmanager
def shown_progress(name: str) -> Iterator[Callable[[float], None]]:
    """A bar on standard error; what is given is to be told how far the work is, from 0 to 1."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=aside(), transient=True) as bar:
        task = bar.add_task(name, total=1.0)
        yield lambda done: bar.update(task, completed=done)


def watched(stream: Stream | None, result: dict[str, Any]) -> WatchedOut:
    """What watching came to, in the shape of the contract."""
    if stream is None:
        raise NotFound("the stream was forgotten while it was watched")
    told = wire_stream.watched(stream, result)
    if told.problem:
        note(f"note: {stream.name}: {told.problem}")
    return told
