"""The command that finds things by words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.io import FromS, Json, StreamNames, ToS, command, emit_lines, opened, span, table

if TYPE_CHECKING:
    from api.wire import SoughtOut


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    command(app)(find)


def find(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help='What to find, as "red forklift".')],
    stream: StreamNames = None,
    from_s: FromS = None,
    to_s: ToS = None,
    json: Json = False,
) -> None:
    """Find things by words in the pictures of events, with a model that knows no fixed list of names.

    Needs the extra: pip install 'sightline[local]', and SIGHTLINE_DETECTOR=open:REPO or folder (OWLv2, Grounding DINO).
    Only the pictures of events are looked at, at most 24 a stream: such models take seconds a picture.

    Examples:
      sightline find "red forklift" --stream dock
      sightline find "pallet jack" ladder --stream dock --from 60 --to 120 --json
    """
    from api import wire
    from api.find import streams_named
    from ingest.second_look import seek

    _, house = opened()
    found: list[SoughtOut] = []
    for row in streams_named(house.ledger, stream or []):
        found += [wire.sought(each) for each in seek(row, words, house, span=span(from_s, to_s))]
    if json:
        emit_lines(found)
        return
    table(
        ("stream", "time", "what", "where", "sure", "says"),
        ((f.stream, f"{f.time_s:.1f} s", f.what, str(f.box), f"{f.score:.0%}", f.model) for f in found),
        empty="none of it was found in the pictures of events",
    )
