"""The command that says what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from api.cli.io import Json, StreamNames, command, emit, note, opened, table


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    command(app)(changes)


def changes(
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="The day; default: today.")
    ] = None,
    stream: StreamNames = None,
    days: Annotated[
        int, typer.Option("--days", min=3, max=90, help="How many days before are compared.")
    ] = 14,
    tz: Annotated[str, typer.Option("--tz", help="The time zone whose day and hours count.")] = "UTC",
    json: Json = False,
) -> None:
    """Say what happened notably more or less often on a day than on the days before, per zone, kind and hour.

    Hours nobody looked at are not fewer: they are listed.

    Examples:
      sightline changes
      sightline changes --day 2026-03-02 --tz Europe/Berlin --stream dock
    """
    from api.find import streams_named
    from api.wire import changes as wire_changes
    from api.wire import span_text

    _, house = opened()
    rows = streams_named(house.ledger, stream or ())
    found = wire_changes.compared(house, rows, day.date() if day else None, days=days, tz=tz)
    if json:
        emit(found)
        return
    table(
        ("where", "what", "when", "times", "expected", "days", "chance", "see"),
        (
            (
                c.zone or "", c.kind.replace("_", " "), "all day" if c.hour is None else f"{c.hour}:00", str(c.count),
                f"{c.expected:.1f}", str(c.days), f"{c.chance:.1g}",
                ", ".join(f"{e.stream} {span_text(e.start_s, e.end_s)}" for e in c.events[:2]),
            )
            for c in found.changes
        ),
        empty=f"nothing notable on {found.day} against the days since {found.since}",
    )  # fmt: skip
    if found.unlooked_hours:
        note(
            f"nobody looked at {', '.join(f'{hour}:00' for hour in found.unlooked_hours)}: that is not fewer"
        )
