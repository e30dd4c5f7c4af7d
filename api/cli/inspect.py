"""The commands that look at pictures on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.io import Json, command, emit, group, note, opened, out

if TYPE_CHECKING:
    from api.inspecting import InspectionOut

ABOUT = """Inspect pictures, moments of streams (dock@12.5) or stretches of them (dock@10-20).

Needs a vision-language model (SIGHTLINE_VLM, or SIGHTLINE_VLM_DEEP for the dearer look); text is also read by the extra
`ocr`, and what a detector knows by name is counted and pointed at without one. Exit status 0 only with a result: what
the model does not know, or says in another form, is told, with exit status 1.
"""

Places = Annotated[
    list[str],
    typer.Argument(metavar="WHAT...", help="A picture, VIDEO@SECONDS, STREAM@SECONDS or STREAM@FROM-TO."),
]
One = Annotated[str, typer.Argument(metavar="WHAT", help="A picture, VIDEO@SECONDS or STREAM@SECONDS.")]
Words = Annotated[str, typer.Option("--ask", "-a", help="What is of interest, in plain words.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    inspect = group(ABOUT)
    for each in (describe, compare, read, classify, check, count, point, summarize):
        command(inspect)(each)
    app.add_typer(inspect, name="inspect")


def describe(what: Places, ask: Words = "", json: Json = False) -> None:
    """Describe one or several pictures.

    Examples:
      sightline inspect describe photo.jpg
      sightline inspect describe dock@10-20 --ask "What do the people carry?"
    """
    _inspect("describe", what, words=ask, json=json)


def compare(before: One, after: One, ask: Words = "", json: Json = False) -> None:
    """Say what changed between two pictures or moments.

    Examples:
      sightline inspect compare before.jpg after.jpg
      sightline inspect compare dock@5 dock@80
    """
    _inspect("compare", [before, after], words=ask, json=json)


def read(what: Places, ask: Words = "", json: Json = False) -> None:
    """Read text: signs, documents, screens, handwriting.

    Examples:
      sightline inspect read delivery-note.png
      sightline inspect read gate@12.5 --json
    """
    _inspect("read", what, words=ask, json=json)


def classify(
    what: Places,
    label: Annotated[
        list[str] | None, typer.Option("--label", "-l", help="A label to choose from; give at least two.")
    ] = None,
    ask: Words = "",
    json: Json = False,
) -> None:
    """Say which of the given labels fits, or none of these.

    Examples:
      sightline inspect classify photo.jpg --label "loading dock" --label "car park"
    """
    _inspect("classify", what, words=ask, labels=label or [], json=json)


def check(
    question: Annotated[str, typer.Argument(help="A question to be answered with yes or no.")],
    what: Places,
    json: Json = False,
) -> None:
    """Answer a question with yes or no, and the reason that can be seen.

    Examples:
      sightline inspect check "Is the fire exit blocked?" hall@30
    """
    _inspect("check", what, words=question, json=json)


def count(
    things: Annotated[str, typer.Argument(help="What to count.")],
    what: One,
    json: Json = False,
) -> None:
    """Count things in a picture, with a box around each.

    Examples:
      sightline inspect count pallets dock@12
      sightline inspect count people photo.jpg --json
    """
    _inspect("count", [what], words=things, json=json)


def point(
    things: Annotated[str, typer.Argument(help="What to point at.")],
    what: One,
    json: Json = False,
) -> None:
    """Give a box around each thing that is asked for.

    Examples:
      sightline inspect point "the red forklift" dock@12 --json
    """
    _inspect("point", [what], words=things, json=json)


def summarize(what: Places, ask: Words = "", json: Json = False) -> None:
    """Sum up pictures, or a stretch of a stream part by part: remembered captions first, the rest looked at.

    Examples:
      sightline inspect summarize dock
      sightline inspect summarize dock@0-600 --ask "What was delivered?"
    """
    _inspect("summarize", what, words=ask, json=json)


def _inspect(
    name: str, what: list[str], *, words: str = "", labels: list[str] | None = None, json: bool
) -> None:
    """Does the task and prints what came of it."""
    from agent.inspection.tasks import task_named
    from api.inspecting import of_places, wire
    from core.inspection import InspectionStatus

    settings, house = opened()
    found = wire(of_places(task_named(name), what, house, settings, words=words, labels=labels or []))
    if json:
        emit(found)
    else:
        _tell(found)
    if found.status is not InspectionStatus.ANSWERED:
        raise typer.Exit(1)


def _tell(found: InspectionOut) -> None:
    """The words on standard output; on standard error who says so, and why it is no result where it is none."""
    if found.text:
        out(found.text)
    for each in found.located:
        out(f"  {each.label} {each.box} {each.confidence:.0%} ({each.source})")
    note(f"{found.status} by {found.model}" + (f": {found.problem}" if found.problem else ""))
