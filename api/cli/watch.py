"""The command that watches videos and cameras."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import show
from api.cli.io import Json, command, emit, exit_status, opened, report
from core.errors import Invalid, SightlineError

if TYPE_CHECKING:
    from api.wire.stream import WatchedOut


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    command(app)(watch)


def watch(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Video files, folders of pictures, or URLs.")
    ],
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="The stream's name; default: the file's.")
    ] = None,
    zones: Annotated[
        Path | None, typer.Option("--zones", "-z", help="What is drawn on it: zones, lines, lanes.")
    ] = None,
    keyframes: Annotated[
        bool, typer.Option("--keyframes", help="Look at key pictures alone: far cheaper, and far coarser.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Play a file at the speed of life; take a URL for a camera.")
    ] = False,
    for_s: Annotated[
        float | None, typer.Option("--for", min=0.1, metavar="SECONDS", help="Watch cameras for so long.")
    ] = None,
    evidence: Annotated[
        str, typer.Option("--evidence", metavar="URL", help="The camera's larger picture, to be recorded.")
    ] = "",
    follow: Annotated[
        bool, typer.Option("--follow", help="Watch every video in a folder, and those that arrive in it.")
    ] = False,
    json: Json = False,
) -> None:
    """Watch videos and cameras, and remember what was seen.

    A run that was cut off goes on where it stopped; a video that was watched before is not watched again.
    Cameras are watched side by side until Ctrl-C, and recorded; a password in a URL is never shown again.
    With SIGHTLINE_QUEUE=redis://... the workers do it, several videos side by side, and this command follows them.

    Examples:
      sightline watch dock.mp4
      sightline watch dock.mp4 --name monday --zones dock.zones.yaml
      sightline watch cam1.mp4 cam2.mp4 --json
      sightline watch last_week.mp4 --keyframes
      sightline watch images:frames?fps=10
      sightline watch rtsp://user:password@10.0.0.7/sub --name dock --evidence rtsp://user:password@10.0.0.7/main
      sightline watch dock.mp4 --live --for 60
      sightline watch /srv/uploads --follow
    """
    from api.following import Live, begin

    if name and len(sources) > 1:
        raise Invalid(
            "one name cannot stand for several sources",
            next_step="watch them one by one, or leave --name out",
        )
    if evidence and len(sources) > 1:
        raise Invalid("one larger picture cannot be of several cameras", next_step="watch them one by one")
    settings, house = opened()
    if keyframes:
        settings = settings.model_copy(update={"keyframes": True})

    def told(seen: WatchedOut) -> None:
        if json:
            emit(seen)
        else:
            show.short_timeline(house, seen)

    if follow:
        from api.watching_folder import follow_folder

        if len(sources) > 1 or name:
            raise Invalid(
                "one folder is followed at a time, without --name", next_step="give the folder alone"
            )
        follow_folder(Path(sources[0]).expanduser(), zones=zones, house=house, settings=settings, told=told)
        return
    ways = Live(wanted=live, for_s=for_s, evidence=evidence)
    failed: SightlineError | None = None
    begun = []
    try:
        for source in sources:
            try:
                begun.append(begin(source, name=name, zones=zones, house=house, settings=settings, live=ways))
            except SightlineError as error:
                report(error)
                failed = failed or error
        for finish in begun:
            try:
                seen = finish()
            except SightlineError as error:
                report(error)
                failed = failed or error
                continue
            told(seen)
    finally:
        ways.stop.set()
    if failed is not None:
        raise typer.Exit(exit_status(failed))
