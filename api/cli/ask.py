"""The commands that answer, sum up and report what was seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.io import (
    FromS,
    Json,
    StreamNames,
    ToS,
    command,
    emit,
    note,
    opened,
    screen,
    span,
    write_file,
)
from core.errors import Invalid, Refused

if TYPE_CHECKING:
    from api.wire.answer import AnswerOut
    from core.answers import Answer


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for each in (ask, summarize):
        command(app)(each)
    command(app, "report")(write_report)


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
    from api.find import streams_named
    from api.wire import answer as wire_answer
    from api.wiring.language import language_model
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


def summarize(stream: StreamNames = None, from_s: FromS = None, to_s: ToS = None, json: Json = False) -> None:
    """Sum up what was seen, every sentence cited.

    Examples:
      sightline summarize
      sightline summarize --stream dock --from 60 --to 120
    """
    from agent.summarize import summarize as sum_up
    from api.find import streams_named
    from api.wire import answer as wire_answer
    from api.wiring.language import language_model

    settings, house = opened()
    streams = streams_named(house.ledger, stream or ())
    found: Answer = sum_up(streams, span(from_s, to_s), store=house.store, llm=language_model(settings))
    _tell(wire_answer.answer(found), json=json, choices=[])


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
