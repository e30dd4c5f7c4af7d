"""The command that teaches a local model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.io import Json, aside, command, emit, note, opened, table

if TYPE_CHECKING:
    from core.tuning import Mastery


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    command(app)(tune)


def tune(
    data: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DATA...]", help="JSONL files, or folders of pictures with NAME.txt beside each."
        ),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="A repository or folder; default: that of SIGHTLINE_VLM.")
    ] = "",
    target: Annotated[Path, typer.Option("--out", "-o", help="The adapter's folder.")] = Path("adapter"),
    examples: Annotated[
        bool, typer.Option("--examples", help="Learn from the stored examples, too (`sightline examples`).")
    ] = False,
    old: Annotated[
        list[Path] | None,
        typer.Option("--old", help="Data of what it knows already, mixed in so that it is not forgotten."),
    ] = None,
    prompt: Annotated[
        str, typer.Option("--prompt", help="What is asked about pictures whose data says nothing else.")
    ] = "",
    held_out: Annotated[
        float,
        typer.Option("--held-out", min=0.05, max=0.9, help="The share that is kept back to measure by."),
    ] = 0.2,
    rank: Annotated[int, typer.Option("--rank", min=1, max=512, help="How large the adapter is.")] = 16,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of learning.")] = 200,
    batch: Annotated[int, typer.Option("--batch", min=1, max=512, help="Lessons a step.")] = 4,
    rate: Annotated[float, typer.Option("--rate", help="How fast it learns.")] = 2e-4,
    seed: Annotated[int, typer.Option("--seed", help="Of what is held out, and of the order.")] = 0,
    json: Json = False,
) -> None:
    """Teach a local vision-language model your own captions by a LoRA adapter.

    Prints accuracy (replies word for word as wanted) and loss on what was held out, before and after. The adapter is
    used by SIGHTLINE_VLM=transformers:MODEL?adapter=FOLDER. Needs the extra `local`.

    Examples:
      sightline tune captions.jsonl --model HuggingFaceTB/SmolVLM2-500M-Video-Instruct --out adapter
      sightline tune night/ --old day.jsonl --examples --steps 400
    """
    from dataclasses import asdict

    from rich.progress import Progress

    from api import lessons as read
    from api.tuning import local_wish, tuned
    from core.errors import Invalid
    from graph.examples import Shelf

    settings, house = opened()
    words = prompt or read.PROMPT
    new = read.read_lessons(data or [], words)
    if examples:
        new += read.lessons_of(Shelf(house.ledger, house.media), words)
    if not new:
        raise Invalid("there is nothing to learn from", next_step="name data, or add --examples")
    wish = local_wish(model, settings)
    plan = {"rank": rank, "steps": steps, "batch": batch, "rate": rate, "seed": seed}
    taught, held = read.parted(new, held_out, seed)
    kept, kept_held = read.parted(read.read_lessons(old or [], words), held_out, seed)
    note(f"{len(taught)} lessons are taught, {len(held)} held out; old: {len(kept)} and {len(kept_held)}")
    with Progress(console=aside(), transient=True) as bar:
        line = bar.add_task("teaching", total=steps)

        def progress(step: int, total: int, loss: float) -> None:
            bar.update(line, completed=step, total=total, description=f"teaching, loss {loss:.3f}")

        done = tuned(wish, (taught, held, kept, kept_held), target, plan, progress)
    if json:
        emit({"adapter": str(target), **asdict(done)})
        return
    rows = [("held out", done.before, done.after)]
    if done.old_before and done.old_after:
        rows.append(("held out of the old", done.old_before, done.old_after))
    table(
        ("lessons", "", "accuracy before", "after", "loss before", "after"),
        ((str(b.lessons), name, *_figures(b, a)) for name, b, a in rows),
        empty="",
    )
    note(f"use it: SIGHTLINE_VLM='transformers:{wish}?adapter={target}'")


def _figures(before: Mastery, after: Mastery) -> tuple[str, str, str, str]:
    return f"{before.accuracy:.3f}", f"{after.accuracy:.3f}", f"{before.loss:.3f}", f"{after.loss:.3f}"
