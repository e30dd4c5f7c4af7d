"""The commands that score: the product on labelled videos, and a model on published benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.cli.io import Json, aside, command, emit, group, note, opened, screen, table, write_file


class _ByDefault(TyperGroup):
    """Takes what names no command for the arguments of `videos`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the command's name in front where it is missing."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["videos", *args]
        return super().parse_args(ctx, args)


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    score = group(
        "Score what is seen and answered: `sightline eval PATH...` is `sightline eval videos PATH...`."
    )
    command(score, "videos")(evaluate)
    command(score, "vlm")(evaluate_vlm)
    app.add_typer(score, name="eval", cls=_ByDefault)


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
    shows the forms and says where each metric comes from. The word `videos` may be left out.

    Examples:
      sightline eval videos labelled/
      sightline eval videos dock.mp4 questions.jsonl --json --out score.json
      sightline eval videos truth.gt.txt --against tracks.txt
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


def evaluate_vlm(
    questions: Annotated[Path, typer.Argument(metavar="FILE", help="The benchmark's file of questions.")],
    benchmark: Annotated[
        str, typer.Option("--benchmark", "-b", help="Which one it is, where its fields do not tell.")
    ] = "",
    media: Annotated[
        Path | None, typer.Option("--media", help="Folder of its pictures or videos; default: the file's.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Ask SIGHTLINE_VLM_DEEP.")] = False,
    frames: Annotated[int, typer.Option("--frames", min=1, max=256, help="Frames of each video.")] = 8,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Only the first so many questions.")] = 0,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="Of each reply.")] = 256,
    target: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File of the answers; one that is there already is gone on with."),
    ] = None,
    json: Json = False,
) -> None:
    """Put a published benchmark's questions to the vision-language model.

    Reads Video-MME, LongVideoBench, EgoSchema, MMMU, MathVista, ChartQA and DocVQA in the files in which they are
    published; docs/howto/evaluate-vlm.md says which. Accuracy is right answers / all questions; DocVQA counts ANLS.

    Examples:
      sightline eval vlm test_human.json --media png/ --out chartqa.answers.jsonl
      sightline eval vlm lvb_val.json --frames 16 --limit 100 --json
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from api.evaluating_vlm import run
    from core.errors import Invalid

    settings, house = opened()
    model = house.deep if deep else house.vlm
    if model is None or not model.sees:
        raise Invalid(
            "no vision-language model is set", next_step="set SIGHTLINE_VLM (for --deep: SIGHTLINE_VLM_DEEP)"
        )
    columns = (TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=aside()) as bar:
        line = bar.add_task("", total=None)
        name, found = run(
            questions,
            model,
            settings,
            benchmark=benchmark,
            media=media,
            frames=frames,
            limit=limit,
            max_tokens=max_tokens,
            target=target,
            progress=lambda done, total: bar.update(line, completed=done, total=total),
        )
    if target is not None:
        note(f"answers in {target}")
    if json:
        rows = [
            {
                "name": s.name,
                "accuracy": s.accuracy,
                "right": s.right,
                "asked": s.asked,
                "unusable": s.unusable,
            }
            for s in found
        ]
        emit({"benchmark": name, "model": model.name, "frames": frames, "shares": rows})
        return
    table(
        (name, "accuracy", "right", "asked", "unusable"),
        ((s.name, f"{s.accuracy:.3f}", f"{s.right:g}", str(s.asked), str(s.unusable)) for s in found),
        empty="it holds no question with an answer",
    )
