"""The shapes of what changed on a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from pydantic import Field

from api import wire
from core.clock import seconds
from core.errors import Invalid
from core.media import Stream
from core.ports import House
from graph import changes as counting
from graph.changes import CHANCE, FACTOR, FEWEST, LEAST_DAYS, Change, Changes


class ChangeOut(wire.Out):
    """One kind of event that happened notably more or less often."""

    zone: str | None
    kind: str
    hour: int | None = Field(description="Hour of the day; null for the whole day.")
    count: int
    expected: float = Field(description="What the days before let expect in the time looked at.")
    more: bool
    days: int = Field(description="How many days before were looked at then.")
    chance: float = Field(description="Corrected for how many were compared.")
    looked_s: float = Field(description="Seconds of it that were looked at.")
    events: list[wire.EventOut] = Field(
        description="That show it: that day's, or the latest of before where fewer."
    )


class ChangesOut(wire.Out):
    """What changed on a day."""

    day: date
    since: date
    tz: str
    compared: int = Field(description="How many pairs of zone and kind, hour by hour, were compared.")
    changes: list[ChangeOut]
    unlooked_hours: list[int] = Field(description="Hours nobody looked at that day, though on a day before.")
    rule: str


RULE = (
    f"told is what at most {CHANCE:.0%} of would be chance, at least {FACTOR:g} times as many or as few, by at least {FEWEST} "
    f"events, beyond each of at least {LEAST_DAYS} days before, by the time looked at"
)


def compared(house: House, rows: Sequence[Stream], day: date | None, *, days: int, tz: str) -> ChangesOut:
    """What changed on that day (None: today). Raises `Invalid` for a time zone nobody knows, or no stream with a clock."""
    try:
        zone = ZoneInfo(tz)
    except (ValueError, OSError, KeyError) as error:
        raise Invalid(
            f"there is no time zone {tz!r}", next_step="give one such as Europe/Berlin, or UTC"
        ) from error
    if rows and all(row.started_at is None for row in rows):
        raise Invalid(
            "none of the streams has a clock: nobody knows on which day they were recorded",
            next_step="name streams whose files say when they were recorded",
        )
    asked = day or house.clock.now().astimezone(zone).date()
    return _told(counting.changes(house.store, rows, asked, days=days, zone=zone), house, rows, tz)


def _told(value: Changes, house: House, rows: Sequence[Stream], tz: str) -> ChangesOut:
    names = {row.id: row.name for row in rows}

    def told(change: Change) -> ChangeOut:
        return ChangeOut(
            zone=change.zone or None,
            kind=change.kind,
            hour=change.hour,
            count=change.count,
            expected=round(change.expected, 2),
            more=change.count > change.expected,
            days=change.days,
            chance=change.chance,
            looked_s=seconds(change.looked),
            events=wire.events(change.examples, names, house.store),
        )

    return ChangesOut(
        day=value.day,
        since=value.since,
        tz=tz,
        compared=value.compared,
        changes=[told(change) for change in value.changes],
        unlooked_hours=list(value.unlooked),
        rule=RULE,
    )
