"""The commands for labelled pictures of one's own."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.io import Json, command, emit, emit_lines, group, note, opened, table

examples = group(
    """Labelled pictures of your own: the most alike of them are shown to the vision-language model with each ask.

SIGHTLINE_EXAMPLES says how many (default 3; 0: none). `sightline tune` learns from them, too.
"""
)


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(examples, name="examples")


@command(examples)
def add(
    what: Annotated[
        list[str], typer.Argument(metavar="WHAT...", help="A picture, VIDEO@SECONDS or STREAM@SECONDS.")
    ],
    label: Annotated[str, typer.Option("--label", "-l", help="What it shows, as one of your names.")] = "",
    text: Annotated[str, typer.Option("--text", "-t", help="What a good description says of it.")] = "",
    json: Json = False,
) -> None:
    """Keep pictures with what is to be said of them.

    Examples:
      sightline examples add jack.jpg --label "pallet jack"
      sightline examples add dock@12.5 --text "A forklift carries two pallets; its fork is raised too high."
    """
    from api.exhibits import exhibits_of
    from api.wire.example import example
    from graph.examples import Shelf

    settings, house = opened()
    shelf = Shelf(house.ledger, house.media)
    rows = [
        shelf.add(exhibit.picture, label=label, text=text, at=house.clock.now())
        for exhibit in exhibits_of(what, house, settings)
    ]
    if json:
        emit_lines(example(row) for row in rows)
    else:
        note("\n".join(f"kept {row.id}: {row.said}" for row in rows))


@command(examples, "list")
def list_all(json: Json = False) -> None:
    """List the examples.

    Examples:
      sightline examples list
      sightline examples list --json
    """
    from api.wire.example import example
    from core.example import Example

    _, house = opened()
    rows = house.ledger.find(Example)
    if json:
        emit_lines(example(row) for row in rows)
        return
    table(
        ("id", "label", "text", "added"),
        ((r.id, r.label, r.text, f"{r.added_at:%Y-%m-%d %H:%M}" if r.added_at else "") for r in rows),
        empty='none yet: sightline examples add PICTURE --label "…"',
    )


@command(examples)
def remove(
    ids: Annotated[
        list[str], typer.Argument(metavar="ID...", help="As `sightline examples list` shows them.")
    ],
    json: Json = False,
) -> None:
    """Remove examples and their pictures.

    Example:
      sightline examples remove ex_0123456789abcdef0123
    """
    from graph.examples import Shelf

    _, house = opened()
    shelf = Shelf(house.ledger, house.media)
    gone = [shelf.remove(id).id for id in ids]
    if json:
        emit({"removed": gone})
    else:
        note(f"removed {', '.join(gone)}")
