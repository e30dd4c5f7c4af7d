"""The command that scores the product on labelled videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli_io import Json, command, emit, note, screen, table, write_file


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "eval")(evaluate)


def evaluate(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER_OR_FILE...", help="Labelled folders, videos or truth files."),
    ],
    against: Annotated[
        Path | None,
        typer.Option("--against", help="Score this file by the one truth file given; watch nothing."),
    ] = None,
    home: Annotated[
        Path | None, typer.Option("--home", help="Keep what is watched here; default: a folder that goes.")
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--out", "-o", help="Also write the JSON to this file.")
    ] = None,
    json: Json = False,
) -> None:
    """Score what is seen and answered on videos whose truth is known.

    Beside NAME.mp4, truth is NAME.gt.txt (MOT tracks), NAME.truth.json or .csv (events), NAME.coco.json (boxes); a
    .jsonl file holds multiple-choice questions. NAME.zones.yaml is used where there is one. docs/howto/evaluate.md
    shows the forms and says where each metric comes from.

    Examples:
      sightline eval labelled/
      sightline eval dock.mp4 questions.jsonl --json --out score.json
      sightline eval truth.gt.txt --against tracks.txt
    """
    import json as text

    from api import evaluating
    from core.errors import Invalid

    if against is not None:
        if len(paths) != 1:
            raise Invalid("--against takes one truth file", next_step="sightline eval TRUTH --against FILE")
        report = evaluating.against(paths[0], against)
    else:
        report = evaluating.evaluate(paths, home=home)
    figures = report.figures()
    if target is not None:
        write_file(target, text.dumps(figures, indent=1, ensure_ascii=False) + "\n", "score")
        note(f"written to {target}")
    if json:
        emit(figures)
        return
    for title, titles, rows in report.tables():
        screen().print(f"\n{title}", style="bold")
        table(titles, rows, empty="nothing was labelled")
