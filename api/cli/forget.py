"""The commands that forget: spans and entities, and whatever is older than is kept."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.io import FromS, Json, ToS, command, emit, note, opened, out, span
from core.errors import Invalid


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for each in (forget, retain):
        command(app)(each)


def forget(
    stream: Annotated[str | None, typer.Option("--stream", "-s", help="A stream's name or id.")] = None,
    from_s: FromS = None,
    to_s: ToS = None,
    entity: Annotated[
        list[str] | None, typer.Option("--entity", "-e", help="An entity's id; may be given more than once.")
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="All visits of the same things too, on every stream.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Forget a stream, a span of it, or entities: memory, clips, alerts and reports; for good.

    The rest of a stream's file stays; what was forgotten of it is neither shown nor learned again.

    Examples:
      sightline forget --stream dock --from 60 --to 90
      sightline forget --entity en_0123456789abcdef0123 --everywhere --yes
      sightline forget --stream dock --yes --json
    """
    from api.find import stream_named
    from api.wiring.hands import executor
    from core.ids import EntityId
    from jobs.forget import forget as forget_stream
    from jobs.forget import forget_entities, forget_span

    if bool(stream) == bool(entity):
        raise Invalid("it does not say what to forget", next_step="give --stream or --entity")
    if entity and (from_s is not None or to_s is not None):
        raise Invalid(
            "an entity is forgotten whole, not for a span",
            next_step="leave --from and --to out, or give --stream with them instead",
        )
    if stream and everywhere:
        raise Invalid(
            "--everywhere is about entities, not about a stream", next_step="leave it out, or give --entity"
        )
    settings, house = opened()
    when = span(from_s, to_s)
    what = f"{len(entity)} entities" if entity else f"{f'{when} of ' if when else ''}{stream!r}"
    if not yes and not typer.confirm(f"Forget {what} and all that was learned from it?", err=True):
        note("nothing was forgotten")
        return
    if entity:
        counts = forget_entities([EntityId(id) for id in entity], house, everywhere=everywhere)
    elif when is not None:
        counts = forget_span(stream_named(house.ledger, str(stream)), when, house)
    else:
        hands = executor(house, settings)
        try:
            counts = forget_stream(stream_named(house.ledger, str(stream)), house, settings, hands)
        finally:
            hands.close()
    _tell(counts, json=json)


def retain(
    days: Annotated[
        float | None, typer.Option("--days", min=0.0, help="Instead of SIGHTLINE_KEEP_DAYS.")
    ] = None,
    json: Json = False,
) -> None:
    """Forget now what is older than SIGHTLINE_KEEP_DAYS; `serve` does so every hour.

    Examples:
      SIGHTLINE_KEEP_DAYS=30 sightline retain
      sightline retain --days 7 --json
    """
    from jobs.retention import retain as forget_the_old

    settings, house = opened()
    counts = forget_the_old(house, settings, days=days)
    if failed := counts["failed"]:
        note(f"note: {failed} could not be forgotten now and stay until the next time")
    _tell({what: count for what, count in counts.items() if what != "failed"}, json=json, failed=failed)


def _tell(counts: dict[str, int], *, json: bool, failed: int = 0) -> None:
    if json:
        emit({"removed": counts, **({"failed": failed} if failed else {})})
    else:
        gone = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        out(f"forgot {gone}" if gone else "there was nothing to forget")
