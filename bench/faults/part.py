"""One part of a benchmark: what it measured, as a table and as figures, and which of its bounds were missed."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The table's head and rows, the figures as plain data, and what was missed, in words."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: Mapping[str, Any]
    missed: Sequence[str] = field(default=())


def show(part: Part) -> None:
    """Prints it."""
    table = Table(*part.columns, title=part.title, title_justify="left")
    for row in part.rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    for words in part.missed:
        console.print(f"missed: {words}", style="red", markup=False)


def write(parts: Mapping[str, Part], path: Path) -> None:
    """Writes the figures of all parts as JSON, with the machine they came from."""
    machine = {
        "cores": os.cpu_count(),
        "cpu": platform.processor() or platform.machine(),
        "python": platform.python_version(),
    }
    document = {
        "machine": machine,
        **{name: {**part.figures, "missed": list(part.missed)} for name, part in parts.items()},
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
