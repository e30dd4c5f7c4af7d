"""The `sightline` command. Every import that costs time stands inside the command that needs it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from api.cli import (
    ask,
    changes,
    draw,
    evaluate,
    examples,
    find,
    forget,
    identity,
    inspect,
    keys,
    memory,
    read,
    rules,
    serve,
    show,
    tune,
    usage,
    watch,
    worker,
)
from api.cli.io import exit_status, group, logging_to_stderr, note, out, report
from core.errors import SightlineError

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


for commands in (
    watch,
    ask,
    show,
    identity,
    changes,
    forget,
    read,
    find,
    inspect,
    memory,
    evaluate,
    examples,
    tune,
    usage,
    draw,
    rules,
    keys,
    serve,
    worker,
):
    commands.add_to(app)


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
