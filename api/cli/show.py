"""The commands that show what is stored: events, tracks, captions, incidents, deliveries."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.io import (
    FromS,
    Json,
    StreamNames,
    ToS,
    command,
    emit,
    emit_lines,
    note,
    opened,
    out,
    screen,
    span,
    stream_ids,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from api.wire import EventOut
    from api.wire.stream import WatchedOut
    from api.wire.work import IncidentOut
    from core.ports import House

SHORT = 25


class Format(StrEnum):
    """How tracks are written."""

    JSON = "json"
    MOT = "mot"
    COCO = "coco"


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for each in (events, tracks, captions, incidents, deliveries):
        command(app)(each)


def events(
    stream: StreamNames = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", "-k", help="Only these kinds.")] = None,
    from_s: FromS = None,
    to_s: ToS = None,
    json: Json = False,
) -> None:
    """List what happened, in order of time.

    Examples:
      sightline events
      sightline events --stream dock --kind stopped --kind near_miss
      sightline events --from 60 --to 90 --json
    """
    from api import wire
    from api.find import names
    from core.memory import Query, Want

    _, house = opened()
    query = Query(
        want=Want.EVENTS,
        streams=stream_ids(house, stream),
        span=span(from_s, to_s),
        kinds=tuple(kind or ()),
    )
    found = wire.events(house.store.find(query).events, names(house.ledger), house.store)
    if json:
        emit_lines(found)
    else:
        print_timeline(found, empty="nothing is remembered that fits")


def print_timeline(found: Iterable[EventOut], *, empty: str) -> None:
    """Events as a table for people."""
    titles = ("stream", "time", "what", "who", "where", "sure")
    table(titles, (_row(event) for event in found), empty=empty)


def _row(event: EventOut) -> tuple[str, ...]:
    from api.wire import span_text

    return (
        event.stream,
        span_text(event.start_s, event.end_s),
        event.kind.replace("_", " "),
        ", ".join(_who(e.label, e.attributes) for e in event.entities),
        event.zone or "",
        f"{event.confidence:.0%}",
    )


def _who(label: str, attributes: dict[str, str | float]) -> str:
    if attributes.get("upper"):
        return f"{label} in {attributes['upper']}"
    return f"{attributes['colour']} {label}" if attributes.get("colour") else label


def short_timeline(house: House, seen: WatchedOut) -> None:
    """What came of watching, and the first of what was seen."""
    from rich.text import Text

    from api import wire
    from api.find import names
    from core.ids import StreamId
    from core.memory import Query, Want

    paper = screen()
    paper.print(Text(f"{seen.stream}: {seen.duration_s:.1f} s watched in {seen.seconds:.1f} s", style="bold"))
    cover = seen.coverage
    paper.print(
        Text(
            f"{seen.events} events, {seen.entities} things, {seen.chunks} chunks; looked at {cover.looked_s:.1f} s, "
            f"nothing moved for {cover.gated_s:.1f} s, could not be read {cover.failed_s:.1f} s",
            style="dim",
        )
    )
    if house.vlm.sees:
        told = ", ".join(f"{count} {status}" for status, count in sorted(seen.captions.items()))
        paper.print(
            Text(f"captions by {house.vlm.name}: {told} (sightline usage says what they cost)", style="dim")
        )
    query = Query(want=Want.EVENTS, streams=(StreamId(seen.id),), limit=SHORT)
    found = wire.events(house.store.find(query).events, names(house.ledger), house.store)
    print_timeline(found, empty="nothing was seen to happen")
    if seen.events > SHORT:
        note(f"… and {seen.events - SHORT} more: sightline events --stream {seen.stream}")


def tracks(
    stream: Annotated[str, typer.Option("--stream", "-s", help="The stream's name or id.")],
    format: Annotated[
        Format, typer.Option("--format", "-f", help="json (a line a track), mot or coco.")
    ] = Format.JSON,
    looks_only: Annotated[
        bool,
        typer.Option("--looks-only", help="mot: only frames that were looked at, none filled in between."),
    ] = False,
) -> None:
    """Write out what was followed, with boxes in pixels of the source.

    mot numbers frames as the file's decoder counts them, from 1, and gives who was lost and known again one id.

    Examples:
      sightline tracks --stream dock
      sightline tracks --stream dock --format mot > dock.txt
      sightline tracks --stream dock --format coco > dock.coco.json
    """
    from api import formats, wire
    from api.find import names, stream_named
    from core.memory import Query, Want
    from evaluate.mot import write_mot

    settings, house = opened()
    row = stream_named(house.ledger, stream)
    found = house.store.find(Query(want=Want.TRACKS, streams=(row.id,))).tracks
    match format:
        case Format.JSON:
            known = names(house.ledger)
            emit_lines(wire.track(track, known) for track in found)
        case Format.MOT:
            entities = house.store.find(Query(want=Want.ENTITIES, streams=(row.id,))).entities
            pictures = formats.moments_of(row, house.media, settings)
            for line in write_mot(formats.mot_rows(found, entities, pictures, every_frame=not looks_only)):
                out(line)
        case Format.COCO:
            emit(formats.coco(found, row, formats.moments_of(row, house.media, settings)))


def captions(stream: StreamNames = None, from_s: FromS = None, to_s: ToS = None, json: Json = False) -> None:
    """List what was said of each chunk, word for word, and by which model.

    Examples:
      sightline captions --stream dock
      sightline captions --stream dock --json
    """
    from api import wire
    from api.find import names
    from core.memory import CaptionStatus, Query, Want

    _, house = opened()
    query = Query(want=Want.CAPTIONS, streams=stream_ids(house, stream), span=span(from_s, to_s))
    known = names(house.ledger)
    found = [wire.caption(each, known) for each in house.store.find(query).captions]
    if json:
        emit_lines(found)
        return
    table(
        ("stream", "time", "what was said", "by"),
        (
            (
                c.stream,
                wire.span_text(c.start_s, c.end_s),
                c.text if c.status is CaptionStatus.OK else f"({c.status}) {c.text}",
                c.model,
            )
            for c in found
        ),
        empty="nothing has been said yet",
    )


def incidents(
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None, json: Json = False
) -> None:
    """List what rules found.

    Examples:
      sightline incidents
      sightline incidents --state provisional --json
    """
    from api.wire import work as wire_work
    from core.errors import Invalid
    from core.watch import Incident, IncidentState

    known = [each.value for each in IncidentState]
    if state is not None and state not in known:
        raise Invalid(f"there is no state {state!r}", next_step=f"give one of {', '.join(known)}")
    _, house = opened()
    rows = house.ledger.find(Incident, state=state) if state else house.ledger.find(Incident)
    found = [wire_work.incident(row) for row in rows]
    if json:
        emit_lines(found)
        return
    if not found:
        note("no rule has fired")
    for each in found:
        _record(each)


def _record(incident: IncidentOut) -> None:
    """Two lines a person can read, with the id whole so that it can be copied."""
    from rich.text import Text

    from api.wire import span_text

    when = span_text(incident.start_s, incident.end_s)
    paper = screen()
    paper.print(
        Text.assemble(
            (incident.severity, "bold yellow"),
            f"  {incident.stream} {when}  ",
            incident.message or incident.rule,
        )
    )
    paper.print(Text(f"    {incident.state}, rule {incident.rule}, {incident.id}", style="dim"))


def deliveries(json: Json = False) -> None:
    """List the notices to webhooks, and how each try went.

    Examples:
      sightline deliveries
      sightline deliveries --json
    """
    from api.wire import work as wire_work
    from core.watch import Delivery

    _, house = opened()
    found = [wire_work.delivery(row) for row in house.ledger.find(Delivery)]
    if json:
        emit_lines(found)
        return

    def last(problem: str, status: int) -> str:
        return problem or f"HTTP {status}"

    table(
        ("id", "incident", "webhook", "state", "tries", "last"),
        (
            (
                d.id,
                d.incident,
                d.webhook,
                d.state,
                str(len(d.attempts)),
                last(d.attempts[-1].problem, d.attempts[-1].status) if d.attempts else "",
            )
            for d in found
        ),
        empty="nothing was sent",
    )
