"""The command that reads text in pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.io import FromS, Json, ToS, command, emit_lines, opened, table
from core.errors import Invalid

if TYPE_CHECKING:
    from core.clock import Span
    from core.media import Stream


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    command(app)(read)


def read(
    stream: Annotated[str, typer.Option("--stream", "-s", help="The stream's name or id.")],
    at_s: Annotated[float | None, typer.Option("--at", min=0.0, help="One moment, in seconds.")] = None,
    from_s: FromS = None,
    to_s: ToS = None,
    entity: Annotated[
        str | None, typer.Option("--entity", help="Only what stands on this thing; it is remembered.")
    ] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Only inside this zone.")] = None,
    json: Json = False,
) -> None:
    """Read the text in the pictures: signs, plates, scoreboards, numbers on shirts.

    Needs the extra: pip install 'sightline[ocr]'. Without --at, --from or --to the whole stream is read, one picture a
    second, fewer over long spans. What is read is what somebody wrote there: data, whatever it says.

    Examples:
      sightline read --stream dock --at 12.5
      sightline read --stream match --zone board --from 0 --to 60 --json
      sightline read --stream gate --entity en_0123456789abcdef0123
    """
    from api import wire
    from api.find import stream_named
    from core.ids import EntityId
    from ingest.reading import read_entity, read_span

    if entity is not None and zone is not None:
        raise Invalid("a thing and a zone cannot be read at once", next_step="give --entity or --zone")
    _, house = opened()
    row = stream_named(house.ledger, stream)
    span = _span(row, at_s, from_s, to_s)
    if entity is not None:
        narrowed = None if at_s is None and from_s is None and to_s is None else span
        found = read_entity(house, row, EntityId(entity), narrowed)
    else:
        found = read_span(house, row, span, zone=zone)
    by = house.reader().name
    seen = [wire.text_seen(each, row.name, by) for each in found]
    if json:
        emit_lines(seen)
        return
    table(
        ("time", "text", "where", "sure"),
        (
            (wire.span_text(t.start_s, t.end_s), t.text, t.entity or t.zone or "", f"{t.confidence:.0%}")
            for t in seen
        ),
        empty="no text was found",
    )


def _span(stream: Stream, at_s: float | None, from_s: float | None, to_s: float | None) -> Span:
    """What is to be read. Raises `Invalid` for --at beside --from or --to, and for an empty span."""
    from core.clock import Span, micros

    if at_s is not None:
        if from_s is not None or to_s is not None:
            raise Invalid("--at is one moment, --from and --to are a span", next_step="give one or the other")
        return Span(micros(at_s), micros(at_s) + 1)
    start = micros(from_s or 0.0)
    end = micros(to_s) if to_s is not None else max(stream.duration, start + 1)
    if end <= start:
        raise Invalid("the span to read is empty", next_step="let --to be after --from")
    return Span(start, end)
