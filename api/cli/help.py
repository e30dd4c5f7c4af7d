"""The help of every command as one page: `python -m api.cli.help > docs/reference/cli.md`; a test compares the two."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

WIDTH = 100

HEAD = """# The command line

Made from the commands' own help: `python -m api.cli.help > docs/reference/cli.md`.
"""


def page() -> str:
    """The page."""
    from typer.main import get_command

    from api.cli.main import app

    return "\n".join([HEAD, *_sections(get_command(app), "sightline")])


def _sections(command: Any, name: str, above: Any = None) -> Iterator[str]:
    """The command's help, then those of the commands in it."""
    context = command.context_class(
        command,
        info_name=name.rpartition(" ")[2],
        parent=above,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
    )
    lines = (line.rstrip() for line in command.get_help(context).splitlines())
    yield f"## `{name}`\n\n```text\n" + "\n".join(lines) + "\n```\n"
    for part in getattr(command, "commands", {}).values():
        yield from _sections(part, f"{name} {part.name}", context)


if __name__ == "__main__":
    sys.stdout.write(page())
