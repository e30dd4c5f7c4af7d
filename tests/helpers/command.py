"""Runs the command line as a user does: a process of its own, with only the settings given."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ran:
    """What a finished command left: its exit status and its two outputs."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Standard output as one JSON document a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Sightline:
    """The `sightline` command with one data folder."""

    def __init__(self, home: Path, **settings: str) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SIGHTLINE_")}
        given = {f"SIGHTLINE_{name.upper()}": value for name, value in settings.items()}
        self.home = home
        self.environment = {**kept, **given, "SIGHTLINE_HOME": str(home), "COLUMNS": "120"}

    def command(self, *words: object) -> list[str]:
        """The words as they are handed to the operating system."""
        return [sys.executable, "-m", "api.cli", *map(str, words)]

    def run(self, *words: object, expect: int | None = 0, timeout: float = 200) -> Ran:
        """Runs to the end; fails when the exit status is not the expected one."""
        done = subprocess.run(
            self.command(*words),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert expect is None or ran.status == expect, (
            f"exit {ran.status}, not {expect}:\n{ran.err}\n{ran.out}"
        )
        return ran

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Starts the command and leaves it running."""
        return subprocess.Popen(
            self.command(*words),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
