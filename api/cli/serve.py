"""The command that stays, serve; and doctor, which says how things stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.io import Json, command, emit, note, opened, out, screen
from core.errors import Unavailable

if TYPE_CHECKING:
    import socket

    from core.ports import Executor, House
    from core.settings import Settings
    from jobs.retention import Retention


BACKLOG = 2048
"""Connections that wait in line, as many as uvicorn lets wait."""


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for each in (serve, doctor):
        command(app)(each)


def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen on; the default is this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            "--port", "-p", envvar="SIGHTLINE_PORT", min=0, max=65535, help="The port; 0 takes a free one."
        ),
    ] = 8000,
) -> None:
    """Serve the page, the API and the workers on one port.

    With SIGHTLINE_QUEUE=redis://... jobs are done by `sightline worker` instead.
    The first time, an API key is made and printed, once.

    Examples:
      sightline serve
      sightline serve --port 9000
      SIGHTLINE_HOME=demo/home sightline serve
    """
    import uvicorn

    from api.app import create_app
    from api.hands import STOP_S, TakingUp, end_politely, put_away
    from api.wiring.hands import executor
    from api.wiring.language import language_model
    from jobs.outbox import OutboxLoop

    settings, house = opened()
    listening = _listen(host, port)
    outbox = OutboxLoop(house.ledger, house.notifier, house.clock)
    hands = executor(house, settings, wake=outbox.wake)
    retention = _retention(house, settings)
    app = create_app(house, settings, hands, llm=language_model(settings))
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=STOP_S, server_header=False, proxy_headers=False
    )
    taking_up: TakingUp | None = None
    end_politely()
    try:
        _first_key(house)
        _begin(hands)
        taking_up = TakingUp(hands)
        _bring_over(house, settings, hands)
        shown = f"[{host}]" if ":" in host else host
        note(f"the page and the API are at http://{shown}:{listening.getsockname()[1]}/   (Ctrl-C stops)")
        if host not in ("127.0.0.1", "::1", "localhost"):
            note(
                "note: other machines can reach it, and the line is not encrypted: put a TLS proxy before it"
            )
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        note("stopping …")
        if taking_up is not None:
            taking_up.close()
        outbox.close()
        if retention is not None:
            retention.close()
        put_away(hands)
        listening.close()


def _retention(house: House, settings: Settings) -> Retention | None:
    """Who forgets what is older than is kept, if anything is to be."""
    from datetime import timedelta

    from core.media import Stream, StreamKind
    from jobs.handlers import handlers
    from jobs.inline import InlineExecutor
    from jobs.retention import Retention

    if not settings.keep_days and not house.ledger.find(Stream, kind=StreamKind.LIVE):
        return None
    lease = timedelta(seconds=settings.lease_s)
    hands = InlineExecutor(house.ledger, handlers(house, settings), house.clock, lease=lease)
    return Retention(house, hands)


def _begin(hands: Executor) -> None:
    """Goes on with what a process that died left behind; where other processes work, says so if there is none."""
    from api.hands import take_up

    take_up(hands)
    standing = hands.standing()
    if standing.problem:
        note(f"note: {standing.problem}: jobs wait in the ledger")
    elif not standing.workers:
        note("note: jobs wait until a worker lives: sightline worker")


def _bring_over(house: House, settings: Settings, hands: Executor) -> None:
    """What has no vector of the embedder that is set gets one, while the page is up."""
    from jobs.embedding import embed_job, lacking

    if not lacking(house, settings):
        return
    try:
        note(f"embedding what {settings.embedder} has not embedded yet ({hands.submit(embed_job()).id})")
    except Unavailable as error:
        note(f"note: {error.message}")


def _listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections before anything else starts: a taken port is said at once, and who comes as soon as
    the page's place is told waits in line.
    """
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        raise Unavailable(
            f"{host}:{port} cannot be listened on: {error.strerror or error}",
            next_step="give another --port, or --port 0 for a free one",
        ) from error
    return found


def _first_key(house: House) -> None:
    """Makes and prints a key where there is none; it cannot be printed again."""
    from api.keys import create_key, list_keys

    if list_keys(house.ledger):
        note("log in with a key you have, or make one: sightline keys create NAME")
        return
    _, text = create_key(house.ledger, house.clock, name="first", role="admin")
    note("this is the API key; it is shown only now:")
    out(text)


def doctor(json: Json = False) -> None:
    """Say what is configured, what is missing, and what that costs.

    Examples:
      sightline doctor
      sightline doctor --json
    """
    from api.doctor import examine, listed
    from core.settings import read_settings

    settings = read_settings()
    findings = examine(settings)
    if json:
        emit(
            {
                "findings": [finding.as_json() for finding in findings],
                "ok": not any(f.broken for f in findings),
                "settings": listed(settings),
            }
        )
    else:
        from rich.text import Text

        paper = screen()
        for finding in findings:
            mark, style = {"ok": ("✓", "green"), "missing": ("–", "yellow"), "broken": ("✗", "red")}[
                finding.state
            ]
            paper.print(Text.assemble((f"{mark} ", style), (f"{finding.what}: ", "bold"), finding.how))
            if finding.costs:
                paper.print(Text(f"    {finding.costs}", style="dim"))
            if finding.next_step:
                paper.print(Text(f"    next: {finding.next_step}", style="cyan"))
        paper.print(Text("settings, from the environment or sightline.toml", style="bold"))
        for row in listed(settings):
            paper.print(
                Text.assemble(f"  {row['name']} = {row['value'] or '–'}", (f"   {row['means']}", "dim"))
            )
    if any(finding.broken for finding in findings):
        raise typer.Exit(3)
