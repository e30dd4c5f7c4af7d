"""The commands for what is set up once: streams, keys, webhooks."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.io import Json, command, emit, emit_lines, group, note, opened, out, table

streams = group("Streams: what was watched, and forgetting it.")
keys = group("Keys to the API: only their SHA-256 is stored, so a key is shown once.")
webhooks = group("Receivers of incidents: each notice is signed, and tried again until it is received.")


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(streams, name="streams")
    app.add_typer(keys, name="keys")
    app.add_typer(webhooks, name="webhooks")


@command(streams, "list")
def list_streams(json: Json = False) -> None:
    """List the streams.

    Examples:
      sightline streams list
      sightline streams list --json
    """
    from api.wire import stream as wire_stream
    from core.clock import clock_text, micros
    from core.media import Stream

    _, house = opened()
    found = [wire_stream.stream(row) for row in house.ledger.find(Stream)]
    if json:
        emit_lines(found)
        return
    table(
        ("name", "state", "length", "picture", "source", "problem"),
        (
            (
                s.name,
                s.state,
                clock_text(micros(s.duration_s)),
                f"{s.width}×{s.height} {s.codec}",
                s.source,
                s.problem,
            )
            for s in found
        ),
        empty="no stream yet: sightline watch FILE",
    )


@command(streams, "forget")
def forget_stream(
    name: Annotated[str, typer.Argument(metavar="STREAM", help="The stream's name or id.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Forget a stream and all that came from it: media, memory, alerts.

    Examples:
      sightline streams forget dock
      sightline streams forget dock --yes --json
    """
    from api.find import stream_named
    from api.wiring.hands import executor
    from jobs.forget import forget

    settings, house = opened()
    stream = stream_named(house.ledger, name)
    if not yes and not typer.confirm(f"Forget {stream.name!r} and all that was learned from it?", err=True):
        note("nothing was forgotten")
        return
    hands = executor(house, settings)
    try:
        counts = forget(stream, house, settings, hands)
    finally:
        hands.close()
    if json:
        emit({"id": stream.id, "removed": counts})
    else:
        out(
            f"forgot {stream.name}: "
            + ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        )


@command(keys, "create")
def create(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    role: Annotated[str, typer.Option("--role", "-r", help="viewer, operator or admin.")] = "admin",
    json: Json = False,
) -> None:
    """Make a key and print it, once.

    Examples:
      sightline keys create me
      sightline keys create wallboard --role viewer
    """
    from api.keys import create_key
    from api.wire import work as wire_work

    _, house = opened()
    row, text = create_key(house.ledger, house.clock, name=name, role=role)
    if json:
        emit(wire_work.NewKeyOut(key=text, **wire_work.key(row).model_dump()))
    else:
        out(text)
        note(f"this is the only time the key is shown; its name is {row.name!r}, its role {row.role}")


@command(keys, "list")
def list_all(json: Json = False) -> None:
    """List the keys, without their text.

    Example:
      sightline keys list
    """
    from api.keys import list_keys
    from api.wire import work as wire_work

    _, house = opened()
    found = [wire_work.key(row) for row in list_keys(house.ledger)]
    if json:
        emit_lines(found)
        return
    table(
        ("id", "name", "role", "made"),
        ((k.id, k.name, k.role, f"{k.created_at:%Y-%m-%d %H:%M}" if k.created_at else "") for k in found),
        empty="no key yet: sightline keys create NAME",
    )


@command(keys, "remove")
def remove(name: Annotated[str, typer.Argument(metavar="KEY", help="The key's name or id.")]) -> None:
    """Remove a key; whoever is logged in with it is logged out.

    Example:
      sightline keys remove wallboard
    """
    from api.keys import remove_key

    _, house = opened()
    row = remove_key(house.ledger, name)
    note(f"removed {row.name!r}")


@command(webhooks, "add")
def add_webhook(
    url: Annotated[str, typer.Argument(help="Where to send: http:// or https://.")],
    rule: Annotated[
        list[str] | None, typer.Option("--rule", "-r", help="Only incidents of these rules.")
    ] = None,
    json: Json = False,
) -> None:
    """Add a receiver and print its signing secret, once (Standard Webhooks).

    Examples:
      sightline webhooks add https://example.org/hooks/sightline
      sightline webhooks add http://127.0.0.1:9000/ --rule blocked-aisle
    """
    from api.hooks import new_webhook
    from api.wire import work as wire_work

    _, house = opened()
    row = house.ledger.put(new_webhook(url, rule or (), house), new=True)
    if json:
        emit(wire_work.new_webhook(row))
    else:
        out(row.secret)
        note(f"this is the only time the secret is shown; the webhook is {row.id}")


@command(webhooks, "list")
def list_webhooks(json: Json = False) -> None:
    """List the receivers, without their secrets.

    Example:
      sightline webhooks list
    """
    from api.wire import work as wire_work
    from core.watch import Webhook

    _, house = opened()
    found = [wire_work.webhook(row) for row in house.ledger.find(Webhook)]
    if json:
        emit_lines(found)
        return
    table(
        ("id", "url", "rules", "state"),
        (
            (w.id, w.url, ", ".join(w.rules) or "all", w.problem or ("on" if w.enabled else "off"))
            for w in found
        ),
        empty="no receiver yet: sightline webhooks add URL",
    )


@command(webhooks, "remove")
def remove_webhook(id: Annotated[str, typer.Argument(metavar="ID", help="The webhook's id.")]) -> None:
    """Remove a receiver.

    Example:
      sightline webhooks remove wh_0123456789abcdef0123
    """
    from core.errors import NotFound
    from core.watch import Webhook

    _, house = opened()
    if not house.ledger.remove(Webhook, id):
        raise NotFound(
            f"there is no webhook {id!r}", next_step="`sightline webhooks list` shows those there are"
        )
    note(f"removed {id}")
