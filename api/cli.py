"""The `sightline` command. Every import that costs time stands inside the command that needs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import (
    cli_changes,
    cli_draw,
    cli_eval,
    cli_examples,
    cli_find,
    cli_forget,
    cli_identity,
    cli_inspect,
    cli_keys,
    cli_memory,
    cli_read,
    cli_rules,
    cli_serve,
    cli_show,
    cli_tune,
    cli_usage,
    cli_worker,
)
from api.cli_io import (
    FromS,
    Json,
    StreamNames,
    ToS,
    command,
    emit,
    exit_status,
    group,
    logging_to_stderr,
    note,
    opened,
    out,
    report,
    screen,
    span,
    write_file,
)
from core.errors import Invalid, Refused, SightlineError

if TYPE_CHECKING:
    from api.wire_answer import AnswerOut
    from api.wire_stream import WatchedOut
    from core.answers import Answer

ABOUT = """Watches video, writes down what it saw, and answers with citations that can be played.

\b
Begin so:
  sightline watch dock.mp4
  sightline ask "How many people appear?"
  sightline serve
Then:
  sightline events --stream dock --kind stopped
  sightline rules compile "alert when a person enters zone dock for more than 5 seconds"
  sightline report --stream dock --out dock.html
  sightline doctor

Settings come from the environment (SIGHTLINE_HOME, SIGHTLINE_MODELS, SIGHTLINE_VLM, ...) or from sightline.toml;
`sightline doctor` lists them. With --json, standard output holds JSON and nothing else.
Exit status: 0 done, 2 the request was wrong, 3 something needed was unavailable, 1 anything else.
"""

app = group(ABOUT)


@app.callback()
def _every_command(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True)
    ] = False,
) -> None:
    if version:
        from importlib.metadata import version as version_of

        out(version_of("sightline"))
        raise typer.Exit


_every_command.__doc__ = ABOUT


@command(app)
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
            cli_show.short_timeline(house, seen)

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


@command(app)
def ask(
    question: Annotated[str, typer.Argument(help="The question, in plain words.")],
    stream: StreamNames = None,
    choice: Annotated[
        list[str] | None, typer.Option("--choice", "-c", help="An answer to pick from; give at least two.")
    ] = None,
    from_s: FromS = None,
    to_s: ToS = None,
    json: Json = False,
) -> None:
    """Ask a question about what was watched; the answer cites the seconds that prove it.

    Examples:
      sightline ask "How many people appear?"
      sightline ask "When was there a near miss?" --stream dock
      sightline ask "What colour is the first car?" --choice red --choice white
    """
    from agent.answer import answer
    from api import wire_answer
    from api.find import streams_named
    from api.wiring import language_model
    from core.answers import Question

    settings, house = opened()
    names = tuple(row.name for row in streams_named(house.ledger, stream or ())) if stream else ()
    try:
        asked = Question(text=question, streams=names, choices=tuple(choice or ()), span=span(from_s, to_s))
    except ValueError as error:
        raise Invalid(str(error), next_step="`sightline ask --help` shows examples") from error
    found = answer(
        asked,
        store=house.store,
        ledger=house.ledger,
        llm=language_model(settings),
        vlm=house.deep or house.vlm,
        frames=house.frames,
    )
    _tell(wire_answer.answer(found), json=json, choices=choice or [])


def _tell(found: AnswerOut, *, json: bool, choices: list[str]) -> None:
    """Prints an answer: its text, what kind it is, and where each claim can be checked."""
    if json:
        emit(found)
        return
    from rich.text import Text

    from api.wire import span_text

    paper = screen()
    paper.print(Text(found.text))
    if found.choice is not None:
        guessed = " (a guess)" if found.guess else ""
        paper.print(Text(f"choice: {choices[found.choice]}{guessed}", style="bold"))
    paper.print(Text(f"{found.status}, {found.confidence:.0%} sure", style="dim"))
    for number, cited in enumerate(found.citations, 1):
        where = f"{cited.stream} {span_text(cited.start_s, cited.end_s)}"
        paper.print(Text(f"  [{number}] {where}", style="cyan"))


@command(app)
def summarize(stream: StreamNames = None, from_s: FromS = None, to_s: ToS = None, json: Json = False) -> None:
    """Sum up what was seen, every sentence cited.

    Examples:
      sightline summarize
      sightline summarize --stream dock --from 60 --to 120
    """
    from agent.summarize import summarize as sum_up
    from api import wire_answer
    from api.find import streams_named
    from api.wiring import language_model

    settings, house = opened()
    streams = streams_named(house.ledger, stream or ())
    found: Answer = sum_up(streams, span(from_s, to_s), store=house.store, llm=language_model(settings))
    _tell(wire_answer.answer(found), json=json, choices=[])


@command(app, "report")
def write_report(
    target: Annotated[Path, typer.Option("--out", "-o", help="The file to write: .html or .md.")],
    stream: StreamNames = None,
    from_s: FromS = None,
    to_s: ToS = None,
    title: Annotated[str, typer.Option(help="The report's title.")] = "",
    json: Json = False,
) -> None:
    """Write a report with snapshots and a timeline into one file.

    Examples:
      sightline report --out report.html
      sightline report --stream dock --from 0 --to 90 --out dock.md
    """
    from agent.report import write_report as write
    from api.find import streams_named

    form = target.suffix.lower()
    if form == ".pdf":
        raise Refused(
            "reports cannot be written as PDF yet",
            next_step="use --out FILE.html and print it from a browser",
        )
    if form not in (".html", ".md"):
        raise Invalid(
            f"a report cannot be written as {form or 'a file without an ending'}",
            next_step="use --out FILE.html or FILE.md",
        )
    _, house = opened()
    streams = streams_named(house.ledger, stream or ())
    written = write(
        streams,
        span(from_s, to_s),
        store=house.store,
        ledger=house.ledger,
        frames=house.frames,
        title=title or "What was seen in " + (", ".join(row.name for row in streams[:3]) or "nothing"),
    )
    write_file(target, written.html if form == ".html" else written.markdown, "report")
    if json:
        emit({"file": str(target), "streams": [row.name for row in streams]})
    else:
        note(f"written to {target}")


cli_show.add_to(app)
cli_identity.add_to(app)
cli_changes.add_to(app)
cli_forget.add_to(app)
cli_read.add_to(app)
cli_find.add_to(app)
cli_inspect.add_to(app)
cli_memory.add_to(app)
cli_eval.add_to(app)
cli_examples.add_to(app)
cli_tune.add_to(app)
cli_usage.add_to(app)
cli_draw.add_to(app)
cli_rules.add_to(app)
cli_keys.add_to(app)
cli_serve.add_to(app)
cli_worker.add_to(app)


def main() -> None:
    """The entry point: errors become two lines and an exit status, never a traceback."""
    try:
        with logging_to_stderr():
            app()
    except SightlineError as error:
        report(error)
        sys.exit(exit_status(error))
    except KeyboardInterrupt:
        note("stopped; what was written stays")
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left: nothing to tell anyone
        sys.exit(1)


if __name__ == "__main__":
    main()
