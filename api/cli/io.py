"""What every command shares: the house when it is needed, JSON on standard output, everything else on standard error."""

from __future__ import annotations

import inspect
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from core.errors import BadReply, Invalid, Refused, SightlineError, Unavailable

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from core.clock import Span
    from core.ids import StreamId
    from core.ports import House
    from core.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")]
StreamNames = Annotated[
    list[str] | None,
    typer.Option("--stream", "-s", help="A stream's name or id; may be given more than once."),
]
FromS = Annotated[float | None, typer.Option("--from", min=0.0, help="Seconds on the stream's clock.")]
ToS = Annotated[float | None, typer.Option("--to", min=0.0, help="Seconds on the stream's clock.")]


def group(words: str) -> typer.Typer:
    """A set of commands. Plain help and no coloured tracebacks: both cost a third of a second at every start."""
    return typer.Typer(
        help=words, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
    )


Command = TypeVar("Command", bound=Callable[..., object])


def command(app: typer.Typer, name: str | None = None) -> Callable[[Command], Command]:
    """Adds the function as a command; its docstring is the help, with the lines of its examples kept as they stand."""

    def add(function: Command) -> Command:
        words = inspect.cleandoc(function.__doc__ or "").replace("\n\nExample", "\n\n\b\nExample")
        app.command(name, help=words)(function)
        return function

    return add


def exit_status(error: SightlineError) -> int:
    """2 where the request was wrong, 3 where something needed is not there, 1 for anything else."""
    if isinstance(error, Refused):
        return 2
    return 3 if isinstance(error, Unavailable) else 1


def report(error: SightlineError) -> None:
    """The cause and the way out, on standard error."""
    stage = f" (stage: {error.stage})" if error.stage else ""
    sys.stderr.write(f"error: {error.message}{stage}\n")
    step = error.next_step
    if not step and isinstance(error, BadReply):
        step = "ask again, or choose another model"
    if step:
        sys.stderr.write(f"next:  {step}\n")


def opened() -> tuple[Settings, House]:
    """The settings in force and the house they ask for."""
    from api.wiring.house import build
    from core.settings import read_settings

    settings = read_settings()
    house = build(settings)
    for each in house.reports:
        note(f"note: {each}")
    return settings, house


def note(words: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"{words}\n")


def out(words: str) -> None:
    """A line on standard output."""
    sys.stdout.write(f"{words}\n")


def emit(value: BaseModel | dict[str, Any] | list[Any]) -> None:
    """One JSON document on one line of standard output."""
    text = (
        json.dumps(value, ensure_ascii=False, default=str)
        if isinstance(value, dict | list)
        else value.model_dump_json()
    )
    out(text)


def emit_lines(values: Iterable[BaseModel]) -> None:
    """One JSON document a line."""
    for value in values:
        emit(value)


def screen() -> Console:
    """Standard output for people."""
    from rich.console import Console

    return Console(highlight=False)


def aside() -> Console:
    """Standard error for people: progress and what goes with it."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


WHOLE = frozenset({"id", "time", "stream", "severity", "state", "sure", "fires at"})
"""Columns that are kept on one line, so that their words can be copied."""


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """A table on standard output, or one line on standard error where there is nothing to show."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        shown.add_column(title, overflow="fold", no_wrap=title in WHOLE)
    count = 0
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
        count += 1
    if count:
        screen().print(shown)
    else:
        note(empty)


def read_file(path: Path, what: str) -> str:
    """A text file's content. Raises `Invalid` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise Invalid(
            f"the {what} {str(path)!r} cannot be read: {reason}", next_step="check the path"
        ) from error


def write_file(path: Path, text: str, what: str) -> None:
    """Writes a text file. Raises `Invalid` where it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Invalid(
            f"the {what} {str(path)!r} cannot be written: {error.strerror}", next_step="give another path"
        ) from error


def stream_ids(house: House, wanted: list[str] | None) -> tuple[StreamId, ...]:
    """The ids of the named streams, or none where all are meant. Raises `NotFound`."""
    from api.find import streams_named

    return tuple(row.id for row in streams_named(house.ledger, wanted)) if wanted else ()


def span(from_s: float | None, to_s: float | None) -> Span | None:
    """The span between `--from` and `--to`. Raises `Invalid`."""
    from api.wire import span_of

    try:
        return span_of(from_s, to_s)
    except ValueError as error:
        raise Invalid("--from and --to name no time", next_step="--to must be greater than --from") from error


@contextmanager
def logging_to_stderr() -> Iterator[None]:
    """Warnings of the rooms on standard error while a command runs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
