"""The commands that draw what was seen: annotated clips and heat maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.io import FromS, ToS, command, note, opened, span

StreamName = Annotated[str, typer.Option("--stream", "-s", help="The stream's name or id.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for each in (annotate, heatmap):
        command(app)(each)


def annotate(
    stream: StreamName,
    target: Annotated[Path, typer.Option("--out", "-o", help="The MP4 file to write.")],
    from_s: FromS = None,
    to_s: ToS = None,
) -> None:
    """Write a clip with boxes, ids, labels and events drawn into it; browsers play it.

    Examples:
      sightline annotate --stream dock --out dock.annotated.mp4
      sightline annotate --stream dock --from 30 --to 45 --out near.mp4
    """
    from api.draw import annotated
    from api.find import stream_named
    from core.clock import Span

    settings, house = opened()
    row = stream_named(house.ledger, stream)
    _check(target)
    annotated(row, house, settings, span(from_s, to_s) or Span(0, max(1, row.duration)), target)
    note(f"written to {target}")


def heatmap(
    stream: StreamName,
    target: Annotated[Path, typer.Option("--out", "-o", help="The picture to write: .png or .jpg.")],
    label: Annotated[list[str] | None, typer.Option("--label", "-l", help="Only things so called.")] = None,
    from_s: FromS = None,
    to_s: ToS = None,
) -> None:
    """Draw where things stood and went over a picture of the stream.

    Examples:
      sightline heatmap --stream dock --out dock.png
      sightline heatmap --stream dock --label person --from 0 --to 60 --out people.png
    """
    from PIL import Image

    from api.draw import heat_map
    from api.find import stream_named
    from core.errors import Invalid

    _, house = opened()
    row = stream_named(house.ledger, stream)
    _check(target)
    picture = heat_map(row, house, span(from_s, to_s), label or ())
    try:
        Image.fromarray(picture).save(target)
    except ValueError as error:
        raise Invalid(f"{target.name!r} is no name of a picture", next_step="use --out FILE.png") from error
    note(f"written to {target}")


def _check(target: Path) -> None:
    from core.errors import Invalid

    if not target.resolve().parent.is_dir():
        raise Invalid(f"there is no folder {str(target.parent)!r}", next_step="make it, or give another path")
