"""The commands about who is who: timelines across streams, entities put together and taken apart, ways between streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.io import Json, command, emit, group, note, opened, screen, table

if TYPE_CHECKING:
    from api.wire.identity import MomentOut, VisitOut

Id = Annotated[str, typer.Argument(metavar="ENTITY", help="The entity's id.")]
ABOUT_ENTITIES = "Say who is the same thing, and who is not; and how streams lie to one another."


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app)(timeline)
    entities = group(ABOUT_ENTITIES)
    for each in (merge, split, passage):
        command(entities)(each)
    app.add_typer(entities, name="entities")


def timeline(id: Id, json: Json = False) -> None:
    """Show everything one thing took part in, across visits and streams.

    Examples:
      sightline timeline en_0123456789abcdef0123
      sightline timeline en_0123456789abcdef0123 --json
    """
    from rich.text import Text

    from api.wire import identity as wire_identity
    from core.ids import EntityId
    from core.media import Stream
    from graph.timeline import timeline as timeline_of

    _, house = opened()
    streams = house.ledger.find(Stream)
    found = wire_identity.timeline(timeline_of(house.store, streams, EntityId(id)), streams, house.store)
    if json:
        emit(found)
        return
    paper = screen()
    paper.print(
        Text(f"{found.entity.label}: {len(found.visits)} visits in {', '.join(found.streams)}", style="bold")
    )
    for link in found.links:
        paper.print(Text(f"  {link.one} is {link.other}, {link.score:.0%} by {link.source}", style="dim"))
    table(
        ("stream", "time", "what", "where", "sure"),
        (
            (e.stream, _when(e), e.kind.replace("_", " "), e.zone or "", f"{e.confidence:.0%}")
            for e in found.events
        ),
        empty="it took part in nothing",
    )


def _when(what: MomentOut | VisitOut) -> str:
    from api.wire import span_text

    if what.starts_at is None:
        return span_text(what.start_s, what.end_s)
    return f"{what.starts_at:%Y-%m-%d %H:%M:%S}"


def merge(
    id: Id,
    others: Annotated[list[str], typer.Argument(metavar="OTHER...", help="Who is the same thing.")],
    json: Json = False,
) -> None:
    """Say by hand that entities are the same thing; `split` takes it back.

    Example:
      sightline entities merge en_0123456789abcdef0123 en_abcdef0123456789abcd
    """
    from api.wire import identity as wire_identity
    from core.ids import EntityId
    from graph.identity import merge as put_together

    _, house = opened()
    found = wire_identity.identity(
        put_together(house.store, EntityId(id), [EntityId(each) for each in others])
    )
    if json:
        emit(found)
    else:
        note(f"the same thing: {', '.join(found.entities)}")


def split(
    id: Id,
    others: Annotated[
        list[str] | None, typer.Argument(metavar="[OTHER...]", help="Whom it is not; nobody: none of them.")
    ] = None,
    json: Json = False,
) -> None:
    """Say by hand that an entity is not the same thing as others; no program puts them together again, `merge` does.

    Examples:
      sightline entities split en_0123456789abcdef0123
      sightline entities split en_0123456789abcdef0123 en_abcdef0123456789abcd
    """
    from api.wire import identity as wire_identity
    from core.ids import EntityId
    from graph.identity import known_as
    from graph.identity import split as take_apart

    _, house = opened()
    before = take_apart(house.store, EntityId(id), [EntityId(each) for each in others or ()])
    found = wire_identity.split(known_as(house.store, EntityId(id)), before, id)
    if json:
        emit(found)
    else:
        note(
            f"the same thing now: {', '.join(found.entities)}; it was with {', '.join(found.was) or 'nobody'}"
        )


def passage(
    one: Annotated[str, typer.Argument(help="A stream's name or id.")],
    other: Annotated[str, typer.Argument(help="Another stream's name or id.")],
    least: Annotated[
        float, typer.Option("--least", min=0.0, help="Seconds it takes at least from one to the other.")
    ] = 0.0,
    together: Annotated[
        bool, typer.Option("--together", help="Both may show the same thing at once.")
    ] = False,
    json: Json = False,
) -> None:
    """Say how two streams lie to one another, so that who goes from one to the other is known again.

    Examples:
      sightline entities passage dock yard --least 20
      sightline entities passage dock-left dock-right --together
    """
    from api.find import names, passage_between
    from api.wire import identity as wire_identity

    _, house = opened()
    row = passage_between(house.ledger, one, other, least, together=together)
    found = wire_identity.passage(house.ledger.put(row), names(house.ledger))
    if json:
        emit(found)
    else:
        note(f"from {found.streams[0]} to {found.streams[1]}: at least {found.least_s:g} s")
